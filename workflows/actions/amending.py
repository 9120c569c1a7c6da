"""An amendment takes effect: within the decision by which it passed, under the plan's lock.

Every task that it touches is locked after the plan, in the order of ids; tasks that are over stay
as they are.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Max

from approvals import actions as approvals
from audit.actions import append
from audit.canonical import commit
from directory.models import Person
from workflows.actions.requests import VERBS
from workflows.actions.tasks import create_task, give
from workflows.models import (
    Amendment,
    AmendmentItem,
    Assignment,
    Measure,
    MeasureRevision,
    Plan,
    Task,
    TaskRequest,
)
from workflows.parties import Part
from workflows.policy import EXTENSION, REOPENING
from workflows.queries.plans import OVER, parts
from workflows.subjects import COMPLETION

AMENDED = "plan.amended"
Role = Assignment.Role


@dataclass
class Amending:
    """One amendment on its way into force; `tasks` are those that it touches, locked."""

    plan: Plan
    amendment: Amendment
    actor: Person
    at: datetime
    action: UUID
    tasks: dict[UUID, list[Task]] = field(default_factory=dict)

    def apply(self) -> list[dict[str, Any]]:
        """Do all of it; what was done to each measure, for the ledger."""
        items = list(self.amendment.items.select_related("measure"))
        self._lock([one.measure_id for one in items if one.measure_id])
        done = [getattr(self, f"_{item.kind}")(item) for item in items]
        self.amendment.state, self.amendment.applied_at = Amendment.State.APPLIED, self.at
        self.amendment.save(update_fields=["state", "applied_at"])
        return done

    def _lock(self, measures: list[UUID]) -> None:
        touched = Task._default_manager.filter(measure__in=measures).exclude(state__in=OVER)
        for pk in sorted(touched.order_by().values_list("pk", flat=True)):
            task: Task = Task.locked(pk)
            if task.state not in OVER:
                self.tasks.setdefault(task.measure_id, []).append(task)

    # What an item does

    def _add(self, item: AmendmentItem) -> dict[str, Any]:
        last = Measure.objects.filter(plan=self.plan).aggregate(last=Max("position"))["last"] or 0
        measure = Measure.objects.create(
            organisation_id=self.plan.organisation_id,
            plan=self.plan,
            position=last + 1,
            number=item.number,
            heading=item.heading,
            text=item.text,
            clause=item.clause,
            span_start=0,
            span_end=0,
            due_date=item.due_date,
            priority=item.priority,
            parties=item.parties,
            added_by=self.amendment,
        )
        item.measure = measure
        item.save(update_fields=["measure"])
        for part in parts(measure):
            self._make(measure, part)
        return {"kind": item.kind, "measure": measure.pk, "revision": 1}

    def _change(self, item: AmendmentItem) -> dict[str, Any]:
        measure, before = self._keep(item)
        for name in ("heading", "text", "clause", "due_date", "priority", "parties"):
            setattr(measure, name, getattr(item, name))
        measure.revision += 1
        measure.save()
        left = {part.made_for: part for part in parts(measure)}
        for task in self.tasks.get(measure.pk, ()):
            part = left.get(str(task.made_for_id) if task.made_for_id else None)
            if part is None:
                self._cancel(task, item)
            else:
                self._amend(task, measure, before)
                self._give(task, part, item)
        made = Task._default_manager.filter(measure=measure).values_list("made_for", flat=True)
        there = {str(unit) if unit else None for unit in made}
        for part in left.values():
            if part.made_for not in there:
                self._make(measure, part)
        return self._told(item, before)

    def _end(self, item: AmendmentItem) -> dict[str, Any]:
        measure, before = self._keep(item)
        measure.ended_by = self.amendment
        measure.revision += 1
        measure.save(update_fields=["ended_by", "revision"])
        for task in self.tasks.get(measure.pk, ()):
            self._cancel(task, item)
        return self._told(item, before)

    def _keep(self, item: AmendmentItem) -> tuple[Measure, MeasureRevision]:
        """The measure, and a copy of what it says until now."""
        assert item.measure_id  # noqa: S101 the table's constraint
        measure = Measure.objects.get(pk=item.measure_id)
        kept = MeasureRevision(
            organisation_id=measure.organisation_id,
            measure=measure,
            number=measure.revision,
            amendment=self.amendment,
            heading=measure.heading,
            text=measure.text,
            due_date=measure.due_date,
            priority=measure.priority,
            parties=measure.parties,
            at=self.at,
        )
        kept.save(force_insert=True)
        return measure, kept

    def _told(self, item: AmendmentItem, before: MeasureRevision) -> dict[str, Any]:
        return {
            "kind": item.kind,
            "measure": item.measure_id,
            "revision": before.number + 1,
            "before": before.pk,
        }

    # What becomes of a task

    def _make(self, measure: Measure, part: Part) -> None:
        create_task(
            plan=self.plan,
            measure=measure,
            lead=UUID(part.lead),
            cooperating=map(UUID, part.cooperating),
            assessors=map(UUID, part.assessors),
            made_for=UUID(part.made_for) if part.made_for else None,
            due_date=measure.due_date,
            priority=measure.priority,
            measure_revision=measure.revision,
            actor=self.actor,
            at=self.at,
            action=self.action,
        )

    def _amend(self, task: Task, measure: Measure, before: MeasureRevision) -> None:
        """The measure's new text, and its deadline and priority where they changed."""
        changed: dict[str, Any] = {"measure_revision": measure.revision}
        if task.title == before.heading:
            changed["title"] = measure.heading
        if measure.due_date != before.due_date:
            changed["due_date"] = measure.due_date
        if measure.priority != before.priority:
            changed["priority"] = measure.priority
        if "due_date" in changed:
            self._end_requests(task, EXTENSION)
        for name, value in changed.items():
            setattr(task, name, value)
        self._record(task, "task.amended", {"amended": changed}, *changed)

    def _give(self, task: Task, part: Part, item: AmendmentItem) -> None:
        """To the units that the measure names now, if they aren't those that have the task.

        A report under way goes back to be written by them.
        """
        lead, cooperating = UUID(part.lead), [UUID(unit) for unit in part.cooperating]
        assessors = [UUID(unit) for unit in part.assessors]
        wanted = {(lead, Role.LEAD)} | {(unit, Role.COOPERATING) for unit in cooperating}
        wanted |= {(unit, Role.ASSESSOR) for unit in assessors}
        present = Assignment.objects.filter(task=task, ended_at=None)
        if {(one.unit_id, one.role) for one in present} == wanted:
            return
        self._end_requests(task, EXTENSION)
        before, ended = task.state, self._end_approval(task)
        if task.state == Task.State.SUBMITTED:
            task.send_back()
        elif task.state == Task.State.REVIEWED:
            task.reopen()
        task.reassign()
        facts = {
            "state": {"from": before, "to": task.state},
            "parts": give(task, lead, cooperating, assessors, at=self.at),
            "reason": commit(self._reason(item)),
            **ended,
        }
        self._record(task, "task.reassigned", facts, "state")

    def _cancel(self, task: Task, item: AmendmentItem) -> None:
        self._end_requests(task, EXTENSION, REOPENING)
        before, ended = task.state, self._end_approval(task)
        task.cancel()
        facts = {
            "state": {"from": before, "to": task.state},
            "reason": commit(self._reason(item)),
            **ended,
        }
        self._record(task, "task.cancelled", facts, "state")

    def _end_approval(self, task: Task) -> dict[str, Any]:
        return approvals.cancel(kind=COMPLETION, subject_id=task.pk, reason=AMENDED, at=self.at)

    def _end_requests(self, task: Task, *kinds: str) -> None:
        """What is still asked for the task; each has an entry of its own."""
        for kind in kinds:
            facts = approvals.cancel(kind=kind, subject_id=task.pk, reason=AMENDED, at=self.at)
            if facts:
                self._record(task, f"{VERBS[TaskRequest.Kind(kind)]}.ended", facts)

    def _reason(self, item: AmendmentItem) -> str:
        return item.reason or self.amendment.reason or self.amendment.title

    def _record(self, task: Task, kind: str, facts: dict[str, Any], *changed: str) -> None:
        append(
            task,
            kind=kind,
            actor=self.actor,
            at=self.at,
            action=self.action,
            facts={**facts, "amended_by": self.amendment.pk},
            changed=changed,
        )
