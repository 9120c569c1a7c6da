"""What becomes of a stage whose time is up: others are asked too, or opinions have ended."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from approvals import queries, selectors, stages, subjects
from approvals.actions.turns import turn_facts
from approvals.models import Approval, Opening, Stage, WorkItem
from approvals.stages import Course
from audit.actions import append

Origin, State = WorkItem.Origin, WorkItem.State
TIME_IS_UP = "time_is_up"


def act_on_overdue(*, at: datetime) -> int:
    """Act on every stage past its deadline; the worker's daily step. Returns how many it moved."""
    return sum(act_on(approval_id=one, at=at) for one in queries.overdue(timezone.localdate(at)))


@transaction.atomic(durable=True)
def act_on(*, approval_id: UUID, at: datetime) -> bool:
    """Escalate the approval's overdue stage once, or pass it if it only hears opinions.

    Nobody loses a seat by it, and no decision is made up: an advisory stage is over, and says why.
    """
    approval = Approval.objects.get(pk=approval_id)
    root = subjects.locked(approval.subject_kind, approval.root)
    opening = (
        Opening.objects.filter(approval=approval, outcome="", due_date__lt=timezone.localdate(at))
        .select_related("stage", "round")
        .first()
    )
    if opening is None:
        return False
    course = Course.of(approval, opening.round)
    if opening.stage.refusal == Stage.Refusal.ADVICE:
        kind, facts = "approval.time_is_up", _end_advice(opening, course, at)
    else:
        kind, facts = "approval.escalated", _escalate(opening, course, at)
    if not facts:
        return False
    append(root, kind=kind, actor="engine", at=at, facts=facts)
    return True


def _escalate(opening: Opening, course: Course, at: datetime) -> dict[str, object]:
    items = _escalated(opening, course, at)
    WorkItem.objects.bulk_create(items)
    return {"turns": [turn_facts(item, None) for item in items]} if items else {}


def _escalated(opening: Opening, course: Course, at: datetime) -> list[WorkItem]:
    """Seats for those whom the stage asks when it is late, as far as they help.

    One that nobody could fill, or only somebody who has a seat, would hold the stage up for good.
    A stage that has asked nobody yet asks those of its own first (`ask_again`).
    """
    there = list(opening.work_items.all())
    if not there or any(item.origin == Origin.ESCALATED for item in there):
        return []
    (chairs,) = selectors.resolve([opening.stage.escalate_to], course.context, at)
    seated = queries.seated([item for item in there if item.is_seat], at)
    position = max(item.position for item in there) + 1
    items: list[WorkItem] = []
    for chair in chairs:
        item = stages.item(opening, position + len(items), chair, Origin.ESCALATED, at)
        owner = queries.holders_of([item], at).get(item.pk)
        if owner not in seated and queries.somebody_able([chair], course.barred, at):
            item.state, item.waits_for = State.OPEN, None
            items.append(item)
            seated.add(owner)
    return items


def _end_advice(opening: Opening, course: Course, at: datetime) -> dict[str, object]:
    """Close the stage and open the next.

    Where no other stage would be asked, because all that follow are skipped or carried over, the
    approval would pass by itself: the stage goes on waiting instead.
    """
    opened = stages.open_from(
        opening.resumes_at or opening.stage.position + 1,
        course,
        number=opening.number + 1,
        at=at,
    )
    if opened.opening is None:
        return {}
    waiting = opening.work_items.filter(state__in=[State.OPEN, State.WAITING])
    waiting.update(state=State.NOT_NEEDED, closed_at=at)
    opening.outcome, opening.reason = Opening.Outcome.PASSED, TIME_IS_UP
    opening.closed_at = at
    opening.save(update_fields=["outcome", "reason", "closed_at"])
    return {
        "closed": {"id": opening.pk, "outcome": opening.outcome},
        **stages.kept(opened),
    }
