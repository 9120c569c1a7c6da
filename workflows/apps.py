from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from audit import replay


class WorkflowsConfig(AppConfig):
    name = "workflows"
    verbose_name = _("Workflows")

    def ready(self) -> None:
        from approvals import subjects
        from workflows.replay import TABLES
        from workflows.subjects import TaskCompletion

        subjects.register(TaskCompletion())
        replay.register(*TABLES)
