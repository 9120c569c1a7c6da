from django.apps import AppConfig
from django.contrib.staticfiles.apps import StaticFilesConfig


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        from config import checks  # noqa: F401 -- registers the system checks


class OurStaticFiles(StaticFilesConfig):
    """Static files without viewflow's: 49 MB for pages that we don't show."""

    ignore_patterns = [*StaticFilesConfig.ignore_patterns, "viewflow"]
