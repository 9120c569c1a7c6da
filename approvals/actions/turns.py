"""Asking others beside the route: add a signer, hand a turn on, ask for an opinion.

The stage has to allow it. Nobody whom the route asks loses their seat, and nobody is given a second
one.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from approvals import queries, refusals
from approvals.actions.standing import Standing, claim, stand
from approvals.models import Opening, WorkItem
from approvals.policy import Claim
from audit.actions import append
from audit.canonical import Commitment, commit
from directory.models import Person

Origin, State = WorkItem.Origin, WorkItem.State

NOTE_LIMIT = 500
MOST_SEATS = 600
BEFORE, AFTER, PARALLEL = "before", "after", "parallel"


@transaction.atomic(durable=True)
def add_signer(
    *, work_item_id: UUID, person: Person, when: str, note: str, actor: Person, at: datetime
) -> WorkItem:
    """Ask one more person in this stage: before, after or parallel to oneself; returns their item.

    The stage then passes only when they have spoken, too, but their approval stands in for nobody
    else's. Raises the refusals of `claim` and NotAllowedHere, NotEligible, AlreadyAsked.
    """
    standing, claimed = _ready(work_item_id, actor, at, may="add_signer")
    if when not in (BEFORE, AFTER, PARALLEL):
        raise refusals.UnknownDecision
    why = words(note)
    check_recipient(_opening(standing), person, at)
    mine, position = standing.reading.seat, _next_position(standing)
    added = _made(
        standing,
        person,
        actor,
        why,
        at,
        position=position,
        origin=Origin.ADDED,
        state=State.WAITING if when == AFTER else State.OPEN,
        waits_for=mine if when == AFTER else None,
    )
    opening = WorkItem.objects.filter(opening=standing.reading.opening)
    if when == AFTER:
        # Whoever was to follow me follows the one I asked.
        opening.filter(waits_for=mine, state=State.WAITING).exclude(pk=added.pk).update(
            waits_for=position
        )
    if when == BEFORE:
        opening.filter(pk=work_item_id).update(state=State.WAITING, waits_for=position)
    _record(standing, "approval.signer_added", actor, claimed, at, [(added, why)], when=when)
    return added


@transaction.atomic(durable=True)
def transfer(
    *, work_item_id: UUID, person: Person, note: str, actor: Person, at: datetime
) -> WorkItem:
    """Hand one's turn on to somebody else, who takes the seat with its weight.

    It never goes back to anybody who had it. Raises as `add_signer`, and HadIt.
    """
    standing, claimed = _ready(work_item_id, actor, at, may="transfer")
    why = words(note)
    check_recipient(_opening(standing), person, at)
    if person.pk in queries.had(work_item_id):
        raise refusals.HadIt(name=person.name)
    before = WorkItem.objects.get(pk=work_item_id)
    successor = succeed(before, person=person, asked_by=actor, note=why, at=at)
    _record(standing, "approval.transferred", actor, claimed, at, [(successor, why)])
    return successor


@transaction.atomic(durable=True)
def consult(
    *, work_item_id: UUID, person: Person, question: str, actor: Person, at: datetime
) -> WorkItem:
    """Ask somebody for an opinion; the decision stays where it is.

    Submitter and authors may be asked, too: an opinion counts nothing. Raises as `add_signer`.
    """
    standing, claimed = _ready(work_item_id, actor, at, may="consult")
    asked = words(question)
    _check_active(actor.organisation_id, person)
    if any(place.person == person.pk and place.is_asked for place in standing.reading.asked):
        raise refusals.AlreadyAsked(name=person.name)
    item = _made(
        standing,
        person,
        actor,
        asked,
        at,
        position=_next_position(standing),
        origin=Origin.CONSULTED,
        waits_for=standing.reading.seat,
    )
    _record(standing, "approval.consulted", actor, claimed, at, [(item, asked)])
    return item


@transaction.atomic(durable=True)
def give_opinion(*, work_item_id: UUID, opinion: str, actor: Person, at: datetime) -> WorkItem:
    """Answer who asked. Raises WorkItem.DoesNotExist, NotYourItem, StageClosed, NoteRequired."""
    standing = stand(work_item_id=work_item_id, actor=actor, at=at)
    reading = standing.reading
    if not reading.is_active:
        raise refusals.DeactivatedPerson
    if reading.origin != Origin.CONSULTED or reading.named != actor.pk:
        raise refusals.NotYourItem(reason=queries.why_not_yours(work_item_id, actor, at))
    if reading.item_state != State.OPEN:
        raise refusals.StageClosed(what=queries.what_closed(work_item_id, actor))
    said = words(opinion, limit=2000)
    item = WorkItem.objects.get(pk=work_item_id)
    item.state, item.closed_at, item.opinion = State.DECIDED, at, said.digest
    item.save(update_fields=["state", "closed_at", "opinion"])
    append(
        standing.root,
        kind="approval.opinion_given",
        actor=actor,
        at=at,
        facts={"opinion": {"id": item.pk, "opinion": said}},
    )
    return item


def succeed(
    before: WorkItem,
    *,
    at: datetime,
    person: Person | None = None,
    asked_by: Person | None = None,
    note: Commitment | None = None,
) -> WorkItem:
    """The seat's next turn, for `person` or for whoever had it; what it waits for stays."""
    waits = before.state == State.WAITING
    before.state, before.closed_at = State.SUPERSEDED, at
    before.save(update_fields=["state", "closed_at"])
    successor: WorkItem = WorkItem.objects.create(
        organisation_id=before.organisation_id,
        approval_id=before.approval_id,
        opening_id=before.opening_id,
        post_id=None if person else before.post_id,
        person_id=person.pk if person else before.person_id,
        position=before.position,
        weight=before.weight,
        origin=before.origin,
        state=State.WAITING if waits else State.OPEN,
        waits_for=before.waits_for,
        succeeds=before,
        asked_by=asked_by,
        note=note.digest if note else None,
        opened_at=at,
    )
    return successor


def turn_facts(item: WorkItem, why: Commitment | None) -> dict[str, Any]:
    """What the ledger keeps of a turn that the route didn't give."""
    return {
        "id": item.pk,
        "opening": item.opening_id,
        "position": item.position,
        "post": item.post_id,
        "person": item.person_id,
        "weight": item.weight,
        "origin": str(item.origin),
        "succeeds": item.succeeds_id,
        "note": why,
    }


def _ready(work_item_id: UUID, actor: Person, at: datetime, *, may: str) -> tuple[Standing, Claim]:
    standing = stand(work_item_id=work_item_id, actor=actor, at=at)
    claimed = claim(standing.reading, actor, at)
    if may not in standing.reading.stage.may:
        raise refusals.NotAllowedHere
    return standing, claimed


def words(text: str, limit: int = NOTE_LIMIT) -> Commitment:
    """What somebody wrote to explain an act. Raises NoteRequired, CommentTooLong."""
    text = text.strip()
    if not text:
        raise refusals.NoteRequired
    if len(text) > limit:
        raise refusals.CommentTooLong(limit=limit)
    return commit(text)


def check_recipient(opening: Opening, person: Person, at: datetime) -> None:
    """A vote goes to somebody who may decide here and has no seat yet. Raises what they lack."""
    _check_active(opening.organisation_id, person)
    round_ = opening.round
    if person.pk in {round_.submitter_id, *round_.authors}:
        raise refusals.NotEligible(name=person.name)
    seats = opening.work_items.seats().select_related("sign_off")
    used = {
        one
        for item in seats
        if hasattr(item, "sign_off")
        for one in (item.sign_off.person_id, item.sign_off.acting_for_id)
    }
    if person.pk in used | set(queries.holders_of(seats, at).values()):
        raise refusals.AlreadyAsked(name=person.name)
    if len(seats) >= MOST_SEATS:
        raise refusals.NotAllowedHere


def _check_active(organisation_id: UUID, person: Person) -> None:
    if person.organisation_id != organisation_id or not person.is_active:
        raise refusals.NotEligible(name=person.name)


def _opening(standing: Standing) -> Opening:
    return Opening.objects.select_related("round").get(pk=standing.reading.opening)


def _next_position(standing: Standing) -> int:
    return max(place.position for place in standing.reading.asked) + 1


def _made(
    standing: Standing,
    person: Person,
    actor: Person,
    why: Commitment,
    at: datetime,
    **columns: Any,
) -> WorkItem:
    made: WorkItem = WorkItem.objects.create(
        **{"state": State.OPEN}
        | columns
        | {
            "organisation_id": actor.organisation_id,
            "approval_id": standing.reading.approval,
            "opening_id": standing.reading.opening,
            "person": person,
            "asked_by": actor,
            "note": why.digest,
            "opened_at": at,
        }
    )
    return made


def _record(
    standing: Standing,
    kind: str,
    actor: Person,
    claimed: Claim,
    at: datetime,
    turns: Iterable[tuple[WorkItem, Commitment | None]],
    **facts: Any,
) -> None:
    append(
        standing.root,
        kind=kind,
        actor=actor,
        at=at,
        acting_for=f"person:{claimed.acting_for}" if claimed.acting_for else None,
        facts={
            **facts,
            "work_item": standing.reading.item,
            "turns": [turn_facts(item, why) for item, why in turns],
        },
    )
