from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from audit import reading, replay


class WorkflowsConfig(AppConfig):
    name = "workflows"
    verbose_name = _("Workflows")

    def ready(self) -> None:
        from approvals import subjects
        from audit import erasing
        from workflows import checks  # noqa: F401 -- registers the system check
        from workflows.amendment_subject import PlanAmendment
        from workflows.auditing import HouseReader
        from workflows.forgetting import forget
        from workflows.plan_replay import PLAN_TABLES
        from workflows.plan_subject import PlanCountersign, PlanIssue
        from workflows.replay import TABLES
        from workflows.request_subjects import TaskExtension, TaskReopening
        from workflows.subjects import TaskCompletion

        subjects.register(TaskCompletion())
        subjects.register(PlanCountersign())
        subjects.register(PlanIssue())
        subjects.register(PlanAmendment())
        subjects.register(TaskExtension())
        subjects.register(TaskReopening())
        reading.register(HouseReader())
        replay.register(*TABLES, *PLAN_TABLES)
        erasing.register(forget)
