from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from audit import replay


class ApprovalsConfig(AppConfig):
    name = "approvals"
    verbose_name = _("Approvals")

    def ready(self) -> None:
        from approvals import subjects
        from approvals.replay import TABLES
        from approvals.routes.publication import RoutePublication

        subjects.register(RoutePublication())
        replay.register(*TABLES)
