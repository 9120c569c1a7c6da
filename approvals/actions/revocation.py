"""Taking one's own decision back, as long as nothing followed from it."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from approvals import queries, refusals
from approvals.actions.standing import stand
from approvals.actions.turns import succeed, turn_facts, words
from approvals.models import Revocation, SignOff, WorkItem
from audit.actions import append
from directory.models import Person

State = WorkItem.State


@transaction.atomic(durable=True)
def revoke(*, sign_off_id: UUID, reason: str, actor: Person, at: datetime) -> WorkItem:
    """Take back a decision while its stage is open and nobody has acted since; the sign-off stays.

    The seat has its turn again: returns the new item. Raises SignOff.DoesNotExist, NotYourDecision,
    TooLate, NoteRequired, CommentTooLong.
    """
    found = SignOff.objects.filter(organisation=actor.organisation_id)
    sign_off = found.get(pk=sign_off_id)
    if sign_off.person_id != actor.pk:
        raise refusals.NotYourDecision
    standing = stand(work_item_id=sign_off.work_item_id, actor=actor, at=at)
    reading = standing.reading
    if not reading.is_active:
        raise refusals.DeactivatedPerson
    why = words(reason)
    if sign_off.pk not in queries.revocable_ids([sign_off.pk]):
        raise refusals.TooLate
    revocation = Revocation.objects.create(
        organisation_id=actor.organisation_id,
        sign_off=sign_off,
        person=actor,
        reason=why.digest,
        at=at,
    )
    # Whose turn this decision had brought waits again.
    opening = WorkItem.objects.filter(opening=reading.opening, waits_for=reading.seat)
    opening.filter(state=State.OPEN).exclude(origin=WorkItem.Origin.CONSULTED).update(
        state=State.WAITING
    )
    again = succeed(sign_off.work_item, at=at)
    append(
        standing.root,
        kind="approval.revoked",
        actor=actor,
        at=at,
        facts={
            "revocation": {"id": revocation.pk, "sign_off": sign_off.pk, "reason": why},
            "turns": [turn_facts(again, None)],
        },
    )
    return again
