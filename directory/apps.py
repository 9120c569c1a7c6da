from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from audit import replay


class DirectoryConfig(AppConfig):
    name = "directory"
    verbose_name = _("Directory")

    def ready(self) -> None:
        from audit import erasing
        from directory.actions.erasure import forget
        from directory.replay import TABLES

        replay.register(*TABLES)
        erasing.register(forget)
