"""Somebody before a work item: its root locked, the item read, the policy asked."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from approvals import decision_sql, policy, queries, refusals, subjects
from approvals.decision_sql import Reading
from approvals.models import WorkItem
from approvals.policy import Claim
from approvals.statements import Head
from approvals.subjects import Subject
from audit.models import Root
from directory.models import Person


@dataclass(frozen=True)
class Standing:
    """A work item under its root's lock, as a person finds it."""

    subject: Subject
    root: Root
    reading: Reading


def stand(
    *,
    work_item_id: UUID,
    actor: Person,
    at: datetime,
    key: UUID | None = None,
    seen: Head | None = None,
) -> Standing:
    """Lock the item's root, then read. Raises WorkItem.DoesNotExist."""
    found = decision_sql.read_decision(
        work_item_id=work_item_id,
        organisation_id=actor.organisation_id,
        person_id=actor.pk,
        key=key or uuid4(),
        seen=seen,
        at=at,
    )
    if found is None:
        raise WorkItem.DoesNotExist
    root, reading = found
    return Standing(subjects.get(reading.subject_kind), root, reading)


def claim(reading: Reading, actor: Person, at: datetime) -> Claim:
    """The right under which the person acts; the policy is asked here, under the lock."""
    if not reading.is_active:
        raise refusals.DeactivatedPerson
    claims, held = reading.own(actor.pk), set[UUID]()
    if not claims:
        # Whoever has a right of their own can't gain by another's: a claim for somebody else
        # is barred by all that bars the person.
        lent, held = decision_sql.read_rights(reading.item, actor.pk, at)
        claims = [Claim(actor.pk, acting_for=principal) for principal in lent]
    if not claims:
        raise refusals.NotYourItem(reason=queries.why_not_yours(reading.item, actor, at))
    if reading.origin == WorkItem.Origin.CONSULTED:
        raise refusals.OnlyAnOpinion
    barred = {reading.submitter, *reading.authors}
    if not policy.may_decide(claims, barred=barred, used=()):
        raise refusals.OwnWork
    if reading.item_state not in (WorkItem.State.OPEN, WorkItem.State.WAITING):
        raise refusals.StageClosed(what=queries.what_closed(reading.item, actor))
    verdict = policy.may_decide(
        claims,
        barred=barred,
        used=reading.used,
        has_own_seat=reading.has_other_seat(actor.pk, held),
    )
    if verdict.claim is None:
        raise refusals.OwnSeatFirst if verdict.bar == "own_seat_first" else refusals.OneSeat
    if reading.item_state == WorkItem.State.WAITING:
        raise refusals.NotYourTurn
    return verdict.claim
