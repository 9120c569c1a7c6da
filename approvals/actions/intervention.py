"""Moving an approval that is stuck: proposed by one administrator, confirmed by another.

No intervention decides anything. A seat is given to somebody who can decide, or the approval ends
and the subject goes back to whoever submitted it, to begin anew on the route in force by then.
"""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from approvals import refusals, subjects
from approvals.actions.turns import check_recipient, succeed, turn_facts, words
from approvals.models import Approval, Intervention, Opening, WorkItem
from approvals.subjects import Outcome
from audit.canonical import Commitment
from audit.ids import uuid7
from audit.models import Root
from audit.queries import read_openings
from directory.actions.authority import Warrant, administrator
from directory.models import Person

Kind, State = Intervention.Kind, Intervention.State
INTERVENED = "intervention"


@transaction.atomic(durable=True)
def propose_intervention(
    *,
    approval_id: UUID,
    kind: str,
    reason: str,
    work_item_id: UUID | None = None,
    person: Person | None = None,
    actor: Person,
    at: datetime,
) -> Intervention:
    """Propose to give a seat that can't decide to `person`, or to send the subject back.

    Nothing moves before another administrator confirms it. Raises Approval.DoesNotExist,
    NotAdministrator, OwnWork, NotStuck, InterventionPending, and what `add_signer` says of people.
    """
    approval, root = _locked(approval_id, actor)
    warrant = administrator(actor, approval.organisation_id, at)
    _check_uninvolved(approval, _acting(actor, warrant))
    why = words(reason)
    if approval.state != Approval.State.OPEN:
        raise refusals.NotStuck
    if Intervention.objects.filter(approval=approval, state=State.PROPOSED).exists():
        raise refusals.InterventionPending
    item = _stuck_seat(approval, work_item_id, person, at) if kind == Kind.RESEAT else None
    if kind not in Kind.values:
        raise refusals.UnknownDecision
    made: Intervention = Intervention.objects.create(
        organisation_id=approval.organisation_id,
        approval=approval,
        kind=kind,
        work_item=item,
        person=person if item else None,
        reason=why.digest,
        proposed_by=actor,
        proposed_at=at,
    )
    facts = _facts(made, why)
    warrant.record(root, "approval.intervention_proposed", facts)
    return made


@transaction.atomic(durable=True)
def settle_intervention(
    *, intervention_id: UUID, confirm: bool, actor: Person, at: datetime
) -> Intervention:
    """A second administrator confirms what the first proposed, or declines it.

    The first may decline it, too. Whoever is an administrator for somebody else counts as both.
    Raises Intervention.DoesNotExist, NotAdministrator,
    SecondPerson, OwnWork, NotStuck, and what `add_signer` says of people.
    """
    found = Intervention.objects.filter(organisation=actor.organisation_id)
    approval, root = _locked(found.get(pk=intervention_id).approval_id, actor)
    made: Intervention = found.select_related("person", "proposed_by").get(pk=intervention_id)
    warrant = administrator(actor, approval.organisation_id, at)
    if made.state != State.PROPOSED:
        raise refusals.AlreadySettled
    if confirm:
        people = _acting(actor, warrant)
        if people & {made.proposed_by_id, made.person_id}:
            raise refusals.SecondPerson
        _check_uninvolved(approval, people)
        if approval.state != Approval.State.OPEN:
            raise refusals.NotStuck
    made.state = State.CONFIRMED if confirm else State.DECLINED
    made.settled_by, made.settled_at = actor, at
    made.save(update_fields=["state", "settled_by", "settled_at"])
    facts = _facts(made, None)
    changed: tuple[str, ...] = ()
    if confirm and made.kind == Kind.RESEAT:
        item = _stuck_seat(approval, made.work_item_id, made.person, at)
        successor = succeed(item, person=made.person, asked_by=made.proposed_by, at=at)
        facts |= {"turns": [turn_facts(successor, None)]}
    elif confirm:
        ended, changed = _sent_back(approval, root, made, actor, at)
        facts |= ended
    warrant.record(root, f"approval.intervention_{made.state}", facts, changed)
    return made


def _locked(approval_id: UUID, actor: Person) -> tuple[Approval, Root]:
    """The approval, read after its root is locked."""
    mine = Approval.objects.filter(organisation=actor.organisation_id)
    found = mine.get(pk=approval_id)
    root = subjects.locked(found.subject_kind, found.root)
    return mine.get(pk=approval_id), root


def _acting(actor: Person, warrant: Warrant) -> set[UUID]:
    """Who intervenes: the actor, and whomever they are an administrator for."""
    return {actor.pk} | ({warrant.acting_for.pk} if warrant.acting_for else set())


def _check_uninvolved(approval: Approval, people: set[UUID]) -> None:
    """Nobody moves an approval of their own work, nor does anybody for them."""
    latest = approval.rounds.latest("number")
    if people & {latest.submitter_id, *latest.authors}:
        raise refusals.OwnWork


def _stuck_seat(
    approval: Approval, work_item_id: UUID | None, person: Person | None, at: datetime
) -> WorkItem:
    """An undecided seat of the open stage, for somebody who may take it."""
    seats = WorkItem.objects.seats().filter(
        approval=approval,
        opening__outcome="",
        state__in=[WorkItem.State.OPEN, WorkItem.State.WAITING],
    )
    item: WorkItem | None = seats.select_related("opening__round").filter(pk=work_item_id).first()
    if item is None or person is None:
        raise refusals.NotStuck
    check_recipient(item.opening, person, at)
    return item


def _sent_back(
    approval: Approval, root: Root, made: Intervention, actor: Person, at: datetime
) -> tuple[dict[str, object], tuple[str, ...]]:
    """End the approval undecided; the subject returns to whoever submitted it."""
    waiting = [WorkItem.State.OPEN, WorkItem.State.WAITING]
    approval.work_items.filter(state__in=waiting).update(
        state=WorkItem.State.NOT_NEEDED, closed_at=at
    )
    approval.openings.filter(outcome="").update(
        outcome=Opening.Outcome.CANCELLED, reason=INTERVENED, closed_at=at
    )
    approval.state, approval.ended_at = Approval.State.CANCELLED, at
    approval.save(update_fields=["state", "ended_at"])
    subject = subjects.get(approval.subject_kind)
    said = read_openings(approval.organisation_id, [made.reason])[bytes(made.reason)] or ""
    applied = subject.apply(root, Outcome("returned", said, actor, at, uuid7()))
    number = approval.rounds.latest("number").number
    facts = {
        "approval": {"id": approval.pk, "state": str(approval.state), "round": number},
        **applied.facts,
    }
    return facts, applied.changed


def _facts(made: Intervention, why: Commitment | None) -> dict[str, object]:
    return {
        "intervention": {
            "id": made.pk,
            "kind": str(made.kind),
            "state": str(made.state),
            "approval": made.approval_id,
            "work_item": made.work_item_id,
            "person": made.person_id,
            "proposed_by": made.proposed_by_id,
            "reason": why,
        }
    }
