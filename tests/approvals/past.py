"""What replaying a root's entries gives, held against the rows as they are."""

import json
from collections.abc import Sequence
from uuid import UUID

from approvals.models import Approval, Opening, WorkItem
from approvals.past import Approval as Replayed
from approvals.queries.past import as_of
from audit.models import Entry
from audit.replay import Record, record_of


def records(organisation: UUID, subject: str) -> list[Record]:
    entries = Entry.objects.filter(organisation=organisation, subject=subject)
    bodies = [json.loads(bytes(entry.body)) for entry in entries.order_by("subject_seq")]
    return [record_of(body) for body in bodies]


def compare(organisation: UUID, subject: str) -> int:
    """After its last entry everything replayed is as the rows have it; how many approvals."""
    replayed = as_of(organisation, records(organisation, subject))
    rows = Approval.objects.filter(organisation=organisation, root=subject)
    assert {one.id: (one.state, one.version) for one in replayed} == {
        str(row.pk): (row.state, str(row.version_id)) for row in rows
    }
    assert openings_told(replayed) == openings_kept(organisation, subject)
    assert turns_told(replayed) == turns_kept(organisation, subject)
    return len(replayed)


def openings_told(replayed: Sequence[Replayed]) -> dict[str, tuple[object, ...]]:
    return {
        one.id: (one.outcome, one.number, one.stage, one.round, one.due_date)
        for approval in replayed
        for one in approval.openings
    }


def openings_kept(organisation: UUID, subject: str) -> dict[str, tuple[object, ...]]:
    rows = Opening.objects.filter(organisation=organisation, approval__root=subject)
    rows = rows.exclude(outcome="skipped").select_related("stage", "round")
    return {
        str(row.pk): (
            row.outcome,
            row.number,
            row.stage.position,
            row.round.number,
            row.due_date and row.due_date.isoformat(),
        )
        for row in rows
    }


def turns_told(replayed: Sequence[Replayed]) -> dict[str, tuple[object, ...]]:
    return {
        turn.seat.id: (
            turn.state,
            turn.waits_for if turn.is_asked else None,
            turn.ballot.decision if turn.ballot and not turn.carried_from else "",
            turn.revoked is not None,
        )
        for approval in replayed
        for opening in approval.openings
        for turn in opening.turns.values()
    }


def turns_kept(organisation: UUID, subject: str) -> dict[str, tuple[object, ...]]:
    rows = WorkItem.objects.filter(organisation=organisation, approval__root=subject)
    rows = rows.select_related("sign_off__revocation")
    return {
        str(row.pk): (
            row.state,
            row.waits_for if row.state in ("open", "waiting") else None,
            row.sign_off.decision if hasattr(row, "sign_off") else "",
            hasattr(row, "sign_off") and hasattr(row.sign_off, "revocation"),
        )
        for row in rows
    }
