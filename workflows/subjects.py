"""What the approval engine may ask of the subjects of this room: a task's completion report."""

import hashlib
from collections.abc import Iterable
from uuid import UUID

from django.urls import reverse

from approvals.subjects import Applied, Context, Description, Outcome
from audit import canonical
from audit.models import Root
from workflows.models import Assignment, Contribution, Evidence, Submission, Task

COMPLETION = "task_completion"
PASSED = "passed"


def report_digest(
    submission: Submission,
    evidence: Iterable[Evidence],
    contributions: Iterable[Contribution],
    evidence_of_contributions: Iterable[Evidence],
) -> bytes:
    """SHA-256 over all that a report freezes.

    Words and file names stand in it as their commitments, so it can be computed again after they
    were erased.
    """
    brought: dict[UUID | None, list[Evidence]] = {}
    for one in evidence_of_contributions:
        brought.setdefault(one.contribution_id, []).append(one)
    content = {
        "task": submission.task_id,
        "version": submission.version,
        "text": submission.text,
        "percent": submission.percent,
        "answer": submission.answer,
        "without_units_reason": submission.without_units_reason,
        "evidence": _files(evidence),
        "contributions": [
            {
                "unit": one.unit_id,
                "version": one.version,
                "text": one.text,
                "evidence": _files(brought.get(one.pk, ())),
            }
            for one in sorted(contributions, key=lambda one: one.pk)
        ],
    }
    return hashlib.sha256(canonical.encode(content)).digest()


def _files(evidence: Iterable[Evidence]) -> list[dict[str, bytes]]:
    found = [{"name": bytes(one.name), "sha256": bytes(one.file.sha256)} for one in evidence]
    return sorted(found, key=lambda one: one["name"])


class TaskCompletion:
    """A submission is approved; the task waits, and moves when its route ends."""

    kind = COMPLETION

    def lock(self, subject_id: UUID) -> Root:
        return Task.objects.select_for_update(no_key=True).get(pk=subject_id)

    def digest(self, root: Root, document_id: UUID) -> bytes:
        """Over the task's title, the measure's text and all that the report froze. One query."""
        found = Submission.objects.filter(task=root.pk).values_list(
            "digest", "task__title", "task__measure__number", "task__measure__text"
        )
        report, *text = found.get(pk=document_id)
        return hashlib.sha256(canonical.encode({"report": report, "task": text})).digest()

    def context(self, root: Root, document_id: UUID) -> Context:
        task = Task.objects.select_related("plan").get(pk=root.pk)
        report = Submission.objects.get(pk=document_id)
        parts = list(Assignment.objects.filter(task=task, ended_at=None))
        lead = next(part.unit_id for part in parts if part.role == Assignment.Role.LEAD)
        coordinator, overseer = task.plan.coordinator_id, task.plan.overseer_id
        return Context(
            lead_unit=lead,
            cooperating_units=tuple(
                part.unit_id for part in parts if part.role == Assignment.Role.COOPERATING
            ),
            coordinating_unit=coordinator,
            reviewing_unit=overseer if lead == coordinator else coordinator,
            submitter=report.submitter_id,
            authors=frozenset(report.authors),
            named={
                (part.unit_id, role): person
                for part in parts
                for role, person in (("handler", part.handler_id), ("deputy", part.deputy_id))
                if person is not None
            },
        )

    def apply(self, root: Root, outcome: Outcome) -> Applied:
        assert isinstance(root, Task)  # noqa: S101 what `lock` gave
        before = root.state
        if outcome.result == PASSED:
            root.pass_review()
        else:
            root.send_back()
        return Applied(("state",), {"state": {"from": before, "to": root.state}})

    def describe(self, ids: Iterable[UUID]) -> dict[UUID, Description]:
        found = Task.objects.filter(pk__in=set(ids)).select_related("measure", "plan")
        return {
            task.pk: Description(
                title=f"{task.measure.number} {task.title}".strip(),
                url=reverse("task", args=[task.pk]),
                detail=task.plan.title,
                due_date=task.due_date,
            )
            for task in found
        }
