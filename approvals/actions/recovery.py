"""A stage that found nobody asks again once there is somebody."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from approvals import stages, subjects
from approvals.models import Approval, Opening, WorkItem
from approvals.queries import unanswered
from approvals.stages import Course
from audit.actions import append


@transaction.atomic(durable=True)
def ask_again(*, approval_id: UUID, at: datetime) -> int:
    """Freeze the electorate of an open stage that has no seats; returns how many it has now.

    The engine's own step, taken by the worker: an electorate with seats is never touched.
    """
    approval = Approval.objects.get(pk=approval_id)
    if not _seated(approval, at)[1]:
        return 0  # the worker asks each second: a stage that nobody fits yet isn't locked
    root = subjects.locked(approval.subject_kind, approval.root)
    opening, items = _seated(approval, at)
    if opening is None or not items:
        return 0
    WorkItem.objects.bulk_create(items)
    facts = {
        "approval": {"id": approval.pk, "state": "open", "round": opening.round.number},
        **stages.Opened(opening=opening, items=items).facts,
    }
    append(root, kind="approval.asked_again", actor="engine", at=at, facts=facts)
    return len(items)


def _seated(approval: Approval, at: datetime) -> tuple[Opening | None, list[WorkItem]]:
    """The open stage that has no seats, with those that it would have now."""
    opening = (
        Opening.objects.filter(approval=approval, outcome="", work_items=None)
        .select_related("stage", "round")
        .first()
    )
    if opening is None:
        return None, []
    return opening, stages.seat(opening, Course.of(approval, opening.round), at)


def ask_unanswered(*, at: datetime) -> int:
    """Ask again wherever nobody fitted a stage when it opened; the worker's step.

    Returns how many seats it found.
    """
    return sum(ask_again(approval_id=approval, at=at) for approval in unanswered())
