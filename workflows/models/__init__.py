"""Plans and their measures; tasks, who has which part in them, and what was reported.

A plan's place in its process belongs to viewflow (`Plan.process`), a task's to its FSM field, a
submission's to the approval engine. None of them is repeated in another table.
"""

from workflows.models.amendments import (
    Amendment,
    AmendmentItem,
    AmendmentVersion,
    MeasureRevision,
)
from workflows.models.files import StoredFile
from workflows.models.plans import (
    Addressee,
    Measure,
    Plan,
    PlanImport,
    PlanVersion,
    Priority,
)
from workflows.models.reports import (
    Contribution,
    Draft,
    DraftFile,
    Evidence,
    IncludedContribution,
    Submission,
)
from workflows.models.requests import TaskRequest
from workflows.models.tasks import Assignment, Task

__all__ = [
    "Addressee",
    "Amendment",
    "AmendmentItem",
    "AmendmentVersion",
    "Assignment",
    "Contribution",
    "Draft",
    "DraftFile",
    "Evidence",
    "IncludedContribution",
    "Measure",
    "MeasureRevision",
    "Plan",
    "PlanImport",
    "PlanVersion",
    "Priority",
    "StoredFile",
    "Submission",
    "Task",
    "TaskRequest",
]
