"""An amendment from its draft until it is put forward; `amending` says what its passing does.

Each action locks the plan's row first, alone.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from approvals import actions as approvals
from audit.errors import Refused
from audit.ids import uuid7
from directory.actions.authority import Warrant as Unitwise
from directory.actions.authority import translated
from directory.models import Person
from workflows import drafting
from workflows.actions.authority import because
from workflows.actions.import_review import lock_open
from workflows.actions.imports import StillOpen, remember
from workflows.actions.plan_texts import TitleMissing, refuse_unknown
from workflows.actions.plans import Warrant, warrant
from workflows.models import (
    Amendment,
    AmendmentItem,
    AmendmentVersion,
    Measure,
    Plan,
    PlanImport,
    Priority,
)
from workflows.models.amendments import AMENDMENT
from workflows.parties import Parties
from workflows.queries import amendments as reading
from workflows.queries import imports

State, Kind = Amendment.State, AmendmentItem.Kind


class AmendmentElsewhere(Refused):
    """It is under approval, in force, or was abandoned."""

    sentence = _("The amendment is no draft any more, so nothing was changed. Look at it again.")


class AmendmentChanged(Refused):
    """Somebody changed the draft since the page was shown; nothing is overwritten."""

    sentence = _(
        "Somebody changed this amendment since you opened the page. What you typed is kept below: "
        "compare it with the amendment as it is now and save again."
    )


class AmendmentNotReady(Refused):
    """Something must be settled before the amendment is put forward."""

    status = 422
    sentence = _("%(reasons)s Nothing was sent.")


class AnotherUnderApproval(Refused):
    """A plan is amended by one document at a time."""

    sentence = _("Another amendment of this plan is under approval; this one waits until it ends.")


class NoSuchMeasure(Refused):
    """The measure isn't of this plan, was ended, or is in the amendment already."""

    status = 422
    sentence = _("Choose a measure of the plan that is in force and not in this amendment yet.")


class TextMissing(Refused):
    """A measure without a text."""

    status = 422
    sentence = _("Give the text of the measure.")


@dataclass(frozen=True)
class ItemText:
    """One thing that the amendment does, as typed. `measure` names what it changes or ends."""

    kind: str
    measure: UUID | None = None
    number: str = ""
    heading: str = ""
    text: str = ""
    due_date: date | None = None
    priority: str = Priority.NORMAL
    parties: Parties | None = None
    reason: str = ""


@dataclass(frozen=True)
class Opened:
    """A draft amendment under its plan's lock, and in which capacity the actor may write in it."""

    allowed: Warrant
    amendment: Amendment

    def record(self, kind: str, *changed: str) -> None:
        """Save the next revision with its entry."""
        amendment, actor = self.amendment, self.allowed.actor
        amendment.revision += 1
        amendment.authors = sorted({*amendment.authors, actor.pk})
        amendment.save(update_fields=[*changed, "revision", "authors"])
        self.allowed.record(kind, {"amendment": amendment.told()})


def _lock(amendment_id: UUID, actor: Person, at: datetime) -> tuple[Warrant, Amendment]:
    """Lock the plan, ask the policy, then read. Raises NotAllowed, PlanHasMovedOn."""
    mine = Amendment.objects.filter(organisation=actor.organisation_id)
    plan_id = mine.values_list("plan", flat=True).get(pk=amendment_id)
    allowed = warrant("amend", plan_id=plan_id, actor=actor, at=at)
    amendment: Amendment = mine.get(pk=amendment_id)
    amendment.plan = allowed.plan
    return allowed, amendment


def _open(amendment_id: UUID, revision: int, actor: Person, at: datetime) -> Opened:
    allowed, amendment = _lock(amendment_id, actor, at)
    if amendment.state != State.DRAFT:
        raise AmendmentElsewhere
    if amendment.revision != revision:
        raise AmendmentChanged
    return Opened(allowed, amendment)


# The draft


@transaction.atomic(durable=True)
def begin_amendment(
    *,
    plan_id: UUID,
    title: str,
    document_number: str = "",
    reason: str = "",
    actor: Person,
    at: datetime,
) -> Amendment:
    """An empty draft, to be filled in by hand. Raises NotAllowed, PlanHasMovedOn, TitleMissing."""
    allowed = warrant("amend", plan_id=plan_id, actor=actor, at=at)
    amendment = _make(allowed, title, document_number, reason)
    allowed.record("amendment.drafted", {"amendment": amendment.told()})
    return amendment


def _make(
    allowed: Warrant, title: str, number: str, reason: str, origin: PlanImport | None = None
) -> Amendment:
    if not title.strip():
        raise TitleMissing
    plan = allowed.plan
    last = Amendment.objects.filter(plan=plan).aggregate(last=Max("number"))["last"] or 0
    writers = {allowed.actor.pk} | ({origin.created_by_id} if origin else set())
    return Amendment.objects.create(
        organisation_id=plan.organisation_id,
        plan=plan,
        number=last + 1,
        title=title.strip()[:300],
        document_number=number.strip()[:100],
        reason=reason.strip(),
        authors=sorted(writers),
        origin=origin,
        created_by=allowed.actor,
        created_at=allowed.at,
    )


@transaction.atomic(durable=True)
def draft_imported(*, import_id: UUID, revision: int, actor: Person, at: datetime) -> Amendment:
    """Make a draft of a supplement's import: each of its measures is added, or changes the measure
    of the plan that has its heading; the coordinator says otherwise.

    Raises what `imports.confirm_import` raises but for what concerns numbers, and PlanHasMovedOn.
    """
    opened = lock_open(import_id, revision, actor, at)
    row, holding = opened.row, opened.holding
    draft = drafting.draft(opened.proposal, row.answers)
    if blockers := imports.blockers(draft, str(holding.unit.pk)):
        raise StillOpen(count=len(blockers))
    action = uuid7()
    writer = Unitwise(actor, at, holding.capacity, holding.acting_for, action)
    remember(writer, opened.proposal, row.answers)
    if row.amends_id is None:
        raise AmendmentElsewhere
    allowed = warrant("amend", plan_id=row.amends_id, actor=actor, at=at)
    amendment = _make(allowed, draft.title, draft.number, "", row)
    there = {one.heading: one for one in Measure.objects.filter(plan=allowed.plan, ended_by=None)}
    AmendmentItem.objects.bulk_create(
        _imported(amendment, position, one, there.pop(one.heading, None))
        for position, one in enumerate(draft.measures, 1)
    )
    row.state = PlanImport.State.CONFIRMED
    row.save(update_fields=["state"])
    facts = {"amendment": amendment.told(), "import": row.pk, "source": bytes(row.source.sha256)}
    allowed.record("amendment.drafted", facts, action=action)
    return amendment


def _imported(
    amendment: Amendment, position: int, one: drafting.DraftMeasure, measure: Measure | None
) -> AmendmentItem:
    return AmendmentItem(
        organisation_id=amendment.organisation_id,
        amendment=amendment,
        position=position,
        kind=Kind.CHANGE if measure else Kind.ADD,
        measure=measure,
        of_revision=measure.revision if measure else None,
        number=measure.number if measure else one.number[:20],
        heading=one.heading[:300] or one.text[:60],
        text=one.text,
        clause=one.clause,
        due_date=drafting.printed_date(one.due_date),
        priority=one.priority,
        parties=[part.to_dict() for part in one.parties.tasks()],
    )


@transaction.atomic(durable=True)
def revise_amendment(
    *,
    amendment_id: UUID,
    revision: int,
    title: str,
    document_number: str,
    reason: str,
    actor: Person,
    at: datetime,
) -> Amendment:
    """Change the draft's head; `revision` is the one that was shown.

    Raises NotAllowed, PlanHasMovedOn, AmendmentElsewhere, AmendmentChanged, TitleMissing.
    """
    opened = _open(amendment_id, revision, actor, at)
    amendment = opened.amendment
    if not title.strip():
        raise TitleMissing
    amendment.title, amendment.reason = title.strip(), reason.strip()
    amendment.document_number = document_number.strip()
    opened.record("amendment.revised", "title", "document_number", "reason")
    return amendment


@transaction.atomic(durable=True)
def put_item(
    *,
    amendment_id: UUID,
    revision: int,
    item_id: UUID | None = None,
    text: ItemText,
    actor: Person,
    at: datetime,
) -> AmendmentItem:
    """Say one thing that the amendment does; without `item_id` one more.

    Raises what `revise_amendment` raises, NoSuchMeasure, TextMissing, ReasonMissing, UnitUnknown.
    """
    opened = _open(amendment_id, revision, actor, at)
    amendment = opened.amendment
    items = AmendmentItem.objects.filter(amendment=amendment)
    if item_id is None:
        last = items.aggregate(last=Max("position"))["last"] or 0
        item = AmendmentItem(
            organisation_id=amendment.organisation_id, amendment=amendment, position=last + 1
        )
    else:
        item = items.get(pk=item_id)
    _write(item, text, amendment.plan)
    with translated({"amendment_measure_once": NoSuchMeasure()}):
        item.save()
    opened.record("amendment.revised")
    return item


def _write(item: AmendmentItem, text: ItemText, plan: Plan) -> None:
    item.kind, item.reason = text.kind, text.reason.strip()
    measure: Measure | None = None
    if text.kind in (Kind.CHANGE, Kind.END):
        in_force = Measure.objects.filter(plan=plan, ended_by=None)
        measure = in_force.filter(pk=text.measure).first() if text.measure else None
        if measure is None:
            raise NoSuchMeasure
    elif text.kind != Kind.ADD:
        raise NoSuchMeasure
    item.measure, item.of_revision = measure, measure.revision if measure else None
    if measure and text.kind == Kind.END:
        because(text.reason)
        _copy(item, measure)
        return
    if not text.heading.strip():
        raise TitleMissing
    if not text.text.strip():
        raise TextMissing
    parties = text.parties or Parties(no_task=True)
    refuse_unknown(plan, map(UUID, parties.units))
    item.number = measure.number if measure else text.number.strip()
    item.heading, item.text = text.heading.strip(), text.text.strip()
    item.clause = measure.clause if measure else item.clause
    item.due_date, item.priority = text.due_date, text.priority
    item.parties = [part.to_dict() for part in parties.tasks()]


def _copy(item: AmendmentItem, measure: Measure) -> None:
    """The measure that ends, as it is: what the item says is then only that."""
    for name in ("number", "heading", "text", "clause", "due_date", "priority", "parties"):
        setattr(item, name, getattr(measure, name))


@transaction.atomic(durable=True)
def drop_item(
    *, amendment_id: UUID, revision: int, item_id: UUID, actor: Person, at: datetime
) -> Amendment:
    """Take one thing out of the draft. Raises what `revise_amendment` raises but TitleMissing."""
    opened = _open(amendment_id, revision, actor, at)
    AmendmentItem.objects.get(amendment=opened.amendment, pk=item_id).delete()
    opened.record("amendment.revised")
    return opened.amendment


# Approval


@transaction.atomic(durable=True)
def choose_signers(
    *, amendment_id: UUID, revision: int, chosen: Sequence[str], actor: Person, at: datetime
) -> Amendment:
    """Keep with the draft who is to sign. No record before it is put forward: no ledger entry.

    Raises NotAllowed, PlanHasMovedOn, AmendmentElsewhere, AmendmentChanged.
    """
    amendment = _open(amendment_id, revision, actor, at).amendment
    amendment.chosen = list(chosen)
    amendment.save(update_fields=["chosen"])
    return amendment


@transaction.atomic(durable=True)
def submit_amendment(
    *,
    amendment_id: UUID,
    revision: int,
    chosen: Sequence[str] = (),
    actor: Person,
    at: datetime,
) -> Amendment:
    """Freeze the draft and open its approval.

    `chosen` are those who are to sign, where the route lets choose.
    Raises NotAllowed, PlanHasMovedOn, AmendmentElsewhere, AmendmentChanged, AmendmentNotReady,
    AnotherUnderApproval, NoRoute, ChooseSigners, NotOffered.
    """
    opened = _open(amendment_id, revision, actor, at)
    amendment, allowed = opened.amendment, opened.allowed
    items = list(amendment.items.select_related("measure"))
    if found := reading.obstacles(amendment, items):
        raise AmendmentNotReady(reasons=" ".join(found))
    if Amendment.objects.filter(plan=amendment.plan, state=State.SUBMITTED).exists():
        raise AnotherUnderApproval
    amendment.chosen = list(chosen)
    version = _freeze(amendment, items, actor, at)
    begun = approvals.begin(
        kind=AMENDMENT,
        root=amendment.plan,
        subject_id=amendment.pk,
        document_id=version.pk,
        digest=bytes(version.digest),
        context=reading.participants(amendment, actor.pk),
        actor=actor,
        at=at,
    )
    amendment.state = State.SUBMITTED
    amendment.save(update_fields=["state", "chosen"])
    allowed.record("amendment.submitted", {"amendment": amendment.told(), **begun.facts})
    return amendment


def _freeze(
    amendment: Amendment, items: list[AmendmentItem], actor: Person, at: datetime
) -> AmendmentVersion:
    """The version of this revision; one that was taken back unchanged is put forward again."""
    kept = AmendmentVersion.objects.filter(pk=amendment.document_id).first()
    if kept:
        return kept
    frozen = reading.content(amendment, items)
    version = AmendmentVersion(
        id=amendment.document_id,
        organisation_id=amendment.organisation_id,
        amendment=amendment,
        number=amendment.revision,
        content=frozen,
        digest=hashlib.sha256(frozen).digest(),
        submitter=actor,
        at=at,
    )
    version.save(force_insert=True)
    return version


@transaction.atomic(durable=True)
def withdraw_amendment(*, amendment_id: UUID, actor: Person, at: datetime) -> Amendment:
    """Take it back before anybody has decided on it.

    Raises NotAllowed, PlanHasMovedOn, NotUnderApproval, NotTheSubmitter, AlreadyDecided.
    """
    allowed, amendment = _lock(amendment_id, actor, at)
    if amendment.state != State.SUBMITTED:
        raise approvals.NotUnderApproval
    facts = approvals.withdraw(kind=AMENDMENT, subject_id=amendment.pk, actor=actor, at=at)
    amendment.state = State.DRAFT
    amendment.save(update_fields=["state"])
    allowed.record("amendment.withdrawn", {"amendment": amendment.told(), **facts})
    return amendment


@transaction.atomic(durable=True)
def abandon_amendment(
    *, amendment_id: UUID, revision: int, reason: str, actor: Person, at: datetime
) -> Amendment:
    """Put a draft away for good; what happened to it stays in the record.

    Raises NotAllowed, PlanHasMovedOn, AmendmentElsewhere, AmendmentChanged, ReasonMissing.
    """
    opened = _open(amendment_id, revision, actor, at)
    why, amendment = because(reason), opened.amendment
    facts = approvals.cancel(
        kind=AMENDMENT, subject_id=amendment.pk, reason="amendment.abandoned", at=at
    )
    amendment.state = State.ABANDONED
    amendment.save(update_fields=["state"])
    told = {"amendment": amendment.told(), "reason": why, **facts}
    opened.allowed.record("amendment.abandoned", told)
    return amendment
