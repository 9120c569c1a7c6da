"""What the approval engine may ask of the subjects of this room: a task's completion report."""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import pgettext

from approvals.subjects import Applied, Context, Description, Foreseen, Outcome, Sight
from audit import canonical
from audit.models import Entry, Root
from directory.models import Person
from workflows.models import Assignment, Contribution, Evidence, Plan, Submission, Task
from workflows.queries.events import told

COMPLETION = "task_completion"
PASSED = "passed"


def report_digest(
    submission: Submission,
    evidence: Iterable[Evidence],
    contributions: Iterable[Contribution],
    evidence_of_contributions: Iterable[Evidence],
) -> bytes:
    """SHA-256 over the task's text and all that a report freezes.

    Words and file names stand in it as their commitments, so it can be computed again after they
    were erased.
    """
    measure = submission.task.measure
    brought: dict[UUID | None, list[Evidence]] = {}
    for one in evidence_of_contributions:
        brought.setdefault(one.contribution_id, []).append(one)
    content = {
        "task": {"id": submission.task_id, "measure": [measure.number, measure.text]},
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


def context(task: Task, report: Submission) -> Context:
    """Whom a route may ask about the report, and who is barred. Reads after the task's lock."""
    return replace(parties(task), submitter=report.submitter_id, authors=frozenset(report.authors))


def parties(task: Task) -> Context:
    """Whom a route may ask about the task's report, whoever will submit it."""
    parts = list(Assignment.objects.filter(task=task, ended_at=None).select_related("unit"))
    leading = next(part.unit for part in parts if part.role == Assignment.Role.LEAD)
    lead = leading.pk
    coordinator, overseer = task.plan.coordinator_id, task.plan.overseer_id
    return Context(
        lead_unit=lead,
        plan=task.plan_id,
        unit_kind=leading.kind,
        priority=task.priority,
        cooperating_units=tuple(
            part.unit_id for part in parts if part.role == Assignment.Role.COOPERATING
        ),
        coordinating_unit=coordinator,
        reviewing_unit=overseer if lead == coordinator else coordinator,
        named={
            (part.unit_id, role): person
            for part in parts
            for role, person in (("handler", part.handler_id), ("deputy", part.deputy_id))
            if person is not None
        },
    )


class TaskSubject:
    """What the approvals of a task have in common, whatever is asked."""

    root = Task

    def describe(self, ids: Iterable[UUID]) -> dict[UUID, Description]:
        found = Task.objects.filter(pk__in=set(ids)).select_related("measure", "plan")
        return {
            task.pk: Description(
                title=numbered(task),
                url=reverse("task", args=[task.pk]),
                detail=task.plan.title,
                due_date=task.due_date,
            )
            for task in found
        }

    def happened(self, root: Root, entries: Collection[Entry]) -> list[str]:
        return [one.text for one in told(cast("Task", root), entries)]

    def sight(self, user: Person, subject_id: UUID, at: datetime) -> Sight:
        """Whoever sees the task reads its decisions."""
        mine = Task.objects.for_user(user).filter(pk=subject_id)
        return Sight.WORDS if mine.exists() else Sight.NOTHING

    def find(self, user: Person, words: str) -> list[tuple[UUID, str]]:
        """Tasks by measure or title. Which units carry out an issued plan is read by everybody."""
        tasks = Task._default_manager.filter(organisation=user.organisation_id)
        found = tasks.filter(Q(title__icontains=words) | Q(measure__number=words))
        rows = found.order_by("plan", "measure__position", "pk").select_related("measure")
        return [(task.pk, numbered(task)) for task in rows[:20]]

    def foresee(self, user: Person, subject_id: UUID) -> Foreseen | None:
        """As if the report were submitted now by the handler who was named, if one was."""
        tasks = Task._default_manager.filter(organisation=user.organisation_id)
        task: Task | None = tasks.select_related("measure", "plan").filter(pk=subject_id).first()
        if task is None:
            return None
        found = parties(task)
        handler = found.named.get((found.lead_unit, "handler")) if found.lead_unit else None
        return Foreseen(numbered(task), replace(found, submitter=handler))

    def plans(self, organisation_id: UUID, ids: Collection[UUID] = ()) -> dict[UUID, str]:
        """Every issued plan is read by everybody, and drafts make no tasks."""
        issued = Plan._default_manager.filter(organisation=organisation_id, issued_at__isnull=False)
        found = issued.filter(pk__in=ids) if ids else issued.filter(completed_at=None)
        rows = found.filter(cancelled_at=None).order_by("-issued_at").values_list("pk", "title")
        return dict(rows)


def numbered(task: Task) -> str:
    """A task's title with the number of its measure, as far as it has one."""
    if not task.measure.number:
        return task.title
    words = {"number": task.measure.number, "title": task.title}
    return pgettext("a measure's number and title", "%(number)s %(title)s") % words


class TaskCompletion(TaskSubject):
    """A report is approved; the task waits, and moves when its route ends."""

    kind = COMPLETION

    def digest(self, root: Root) -> bytes:
        """Over the task's title and deadline, and which text of the measure it carries out.

        The report's own digest has all the rest.
        """
        task = task_of(root)
        content: dict[str, Any] = {"title": task.title, "due_date": task.due_date}
        if task.measure_revision > 1:
            content["measure_revision"] = task.measure_revision
        return hashlib.sha256(canonical.encode(content)).digest()

    def apply(self, root: Root, outcome: Outcome) -> Applied:
        task = task_of(root)
        before = task.state
        if outcome.result == PASSED:
            task.pass_review()
        else:
            task.send_back()
        return Applied(("state",), {"state": {"from": before, "to": task.state}})


def task_of(root: Root) -> Task:
    """The root that `lock` or `load` gave."""
    if not isinstance(root, Task):
        raise TypeError(f"{root.subject} is no task")
    return root
