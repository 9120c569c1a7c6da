"""A document becomes a draft plan: uploaded, its questions answered, confirmed or discarded.

Until it is confirmed an import is a draft of drafts: only its coming and going are in the ledger.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from audit.actions import append, prepare
from audit.canonical import commit
from audit.errors import Refused
from audit.ids import uuid7
from audit.models import Root
from directory.actions.authority import Warrant, translated
from directory.actions.units import alter_unit, lock_unit
from directory.models import Organisation, Person
from directory.queries import Holding
from workflows import drafting, files, flows
from workflows.actions import plan_texts, plans
from workflows.actions.import_review import Open, coordinating, lock_open, question_of
from workflows.drafting import Draft, DraftMeasure
from workflows.importing import Proposal, sandbox
from workflows.importing import Refused as Unreadable
from workflows.models import Measure, Plan, PlanImport, StoredFile
from workflows.queries import imports
from workflows.wording import NOT_A_PLAN, REFUSALS

MEDIA_TYPES = {
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".html": "text/html",
    ".htm": "text/html",
}


class DocumentRefused(Refused):
    """The document can't be read."""

    status = 422
    sentence = _("%(reason)s")


class NotAPlan(Refused):
    """The document was read, but there is no task in it."""

    status = 422
    sentence = _("%(reason)s Nothing was imported.")


class AlreadyImported(Refused):
    """The very same file again."""

    sentence = _("This very document was imported before by %(person)s. Nothing was imported.")


class StillOpen(Refused):
    """Questions are open."""

    status = 422
    sentence = _("%(count)d questions are still open. Answer them first.")


class EarlierPlanMoved(Refused):
    """The plan that was to be replaced is not a draft any more."""

    sentence = _(
        "The earlier plan with this number is not a draft any more, so it can't be replaced. "
        "Give this one another number."
    )


# Coming in


def upload_document(
    *,
    filename: str = "",
    data: bytes | None = None,
    text: str = "",
    actor: Person,
    at: datetime,
    unit_id: UUID | None = None,
    amends: Plan | None = None,
) -> PlanImport:
    """Read a file, or pasted `text`, and put the proposal on the review screen.

    `unit_id` says for which unit, where the actor coordinates several; `amends` is the plan to
    which the document is a supplement. The document is read in a process of its own, before
    anything is locked. Raises NotAllowed, DocumentRefused, NotAPlan, AlreadyImported.
    """
    holding = coordinating(actor, at, amends.coordinator_id if amends else unit_id)
    proposal = _read(filename, data, text, actor.organisation_id)
    content = data if data is not None else text.encode()
    stored = files.keep(actor.organisation_id, content, _media_type(filename))
    return _take_in(proposal, stored, files.clean_name(filename), holding, actor, at, amends)


def _read(filename: str, data: bytes | None, text: str, organisation_id: UUID) -> Proposal:
    directory = imports.snapshot(organisation_id)
    try:
        if data is None:
            proposal = sandbox.propose_text(text, directory)
        else:
            proposal = sandbox.propose_file(data, filename, directory)
    except Unreadable as refusal:
        raise DocumentRefused(reason=str(REFUSALS[refusal.code]) % refusal.params) from refusal
    if proposal.not_a_plan:
        why = proposal.not_a_plan
        raise NotAPlan(reason=str(NOT_A_PLAN[why.reason]) % why.params)
    return proposal


@transaction.atomic(durable=True)
def _take_in(
    proposal: Proposal,
    stored: files.Stored,
    name: str,
    holding: Holding,
    actor: Person,
    at: datetime,
    amends: Plan | None,
) -> PlanImport:
    # The organisation's lock lets one of two uploads of the same bytes see the other.
    Organisation.objects.select_for_update(no_key=True).get(pk=actor.organisation_id)
    person = Person.objects.select_for_update(no_key=True).get(pk=actor.pk)
    if earlier := imports.imported_before(person, stored.sha256):
        raise AlreadyImported(person=earlier.created_by.name)
    source, _made = StoredFile.objects.get_or_create(
        organisation_id=actor.organisation_id,
        sha256=stored.sha256,
        defaults={"size": stored.size, "media_type": stored.media_type, "stored_at": at},
    )
    document = {"coordinator": str(holding.unit.pk)}
    if amends is None:
        proposal = imports.with_duplicate(proposal, actor.organisation_id)
    elif amends.overseer_id:
        document["overseer"] = str(amends.overseer_id)
    found = PlanImport.objects.create(
        organisation_id=actor.organisation_id,
        source=source,
        source_name=name,
        proposal=proposal.to_dict(),
        answers={"document": document},
        amends=amends,
        created_by=actor,
        created_at=at,
    )
    facts = {
        "import": found.pk,
        "source": stored.sha256,
        "name": commit(name),
        "measures": len(proposal.measures),
    }
    _record(person, "import.uploaded", facts, holding, actor, at)
    return found


def _media_type(filename: str) -> str:
    return next((kind for end, kind in MEDIA_TYPES.items() if filename.endswith(end)), "text/plain")


# Going out


@transaction.atomic(durable=True)
def confirm_import(*, import_id: UUID, revision: int, actor: Person, at: datetime) -> Plan:
    """Make the draft plan with its measures and addressees; one of two who confirm wins.

    Answers about unknown units become aliases in the directory. Raises NotAllowed, StillOpen,
    AnsweredMeanwhile, AlreadyConfirmed, AlreadyDiscarded, EarlierPlanMoved, plan_texts.NumberTaken,
    plan_texts.UnitUnknown.
    """
    opened = lock_open(import_id, revision, actor, at)
    row, holding = opened.row, opened.holding
    draft = drafting.draft(opened.proposal, row.answers)
    if blockers := imports.blockers(draft, str(holding.unit.pk)):
        raise StillOpen(count=len(blockers))
    action = uuid7()
    warrant = Warrant(actor, at, holding.capacity, holding.acting_for, action)
    remember(warrant, opened.proposal, row.answers)
    number = _settle_number(opened, draft, actor, at, action)
    plan = _make_plan(opened, draft, number, actor, at)
    row.state, row.plan = PlanImport.State.CONFIRMED, plan
    facts = {
        "import": row.pk,
        "source": bytes(row.source.sha256),
        "number": plan.number,
        "title": plan.title,
        "revision": plan.revision,
        "measures": len(draft.measures),
        "step": {"from": None, "to": "draft"},
    }
    prepared = prepare(
        plan,
        kind="plan.drafted",
        actor=actor,
        at=at,
        facts=facts,
        action=action,
        capacity=holding.capacity,
        acting_for=holding.acting_for,
    )
    with translated({"plan_one_per_number": plan_texts.NumberTaken(number=plan.number)}):
        plan.save(force_insert=True)
    Measure.objects.bulk_create(
        _measure(plan, position, one) for position, one in enumerate(draft.measures, 1)
    )
    plan_texts.address(plan, [UUID(unit) for unit in draft.addressees])
    row.save(update_fields=["state", "plan"])
    prepared.entry.save(force_insert=True)
    return plan


def remember(warrant: Warrant, proposal: Proposal, answers: dict[str, Any]) -> None:
    """Printed names become aliases of the units they were answered with."""
    found = imports.aliases(proposal, answers)
    for unit_id in sorted(found):
        unit = lock_unit(unit_id)
        alter_unit(warrant, unit, aliases=[*unit.aliases, *found[unit_id]])


def _settle_number(opened: Open, draft: Draft, actor: Person, at: datetime, action: UUID) -> str:
    """The plan's number; the earlier draft that has it is cancelled where that was answered."""
    settled = opened.part("questions").get("duplicate_document", {})
    if settled.get("replace"):
        earlier = question_of(opened.proposal, "duplicate_document").params["plan"]
        allowed = plans.warrant("cancel", plan_id=UUID(earlier), actor=actor, at=at)
        if allowed.step not in imports.REPLACEABLE:
            raise EarlierPlanMoved
        plans.end_early(allowed, gettext("Replaced by a new import of the document."), action)
    number: str = settled.get("number", draft.number)
    return number.strip()[:100]


def _make_plan(opened: Open, draft: Draft, number: str, actor: Person, at: datetime) -> Plan:
    return Plan(
        organisation_id=actor.organisation_id,
        number=number,
        title=draft.title.strip()[:300],
        coordinator=opened.holding.unit,
        overseer_id=UUID(draft.overseer) if draft.overseer else None,
        authors=sorted({actor.pk, opened.row.created_by_id}),
        text=opened.proposal.source,
        source=opened.row.source,
        source_name=opened.row.source_name,
        process=flows.begin(),
        created_by=actor,
        created_at=at,
    )


def _measure(plan: Plan, position: int, one: DraftMeasure) -> Measure:
    return Measure(
        organisation_id=plan.organisation_id,
        plan=plan,
        position=position,
        number=one.number[:20],
        path=[part[:60] for part in one.path],
        heading=one.heading[:300] or one.text[:60],
        text=one.text,
        clause=one.clause,
        span_start=one.start,
        span_end=one.end,
        due_date=drafting.printed_date(one.due_date),
        priority=one.priority,
        parties=[part.to_dict() for part in one.parties.tasks()],
    )


@transaction.atomic(durable=True)
def discard_import(*, import_id: UUID, revision: int, actor: Person, at: datetime) -> PlanImport:
    """Put an import away without making a plan; its document may be uploaded again.

    Raises NotAllowed, AnsweredMeanwhile, AlreadyConfirmed, AlreadyDiscarded.
    """
    opened = lock_open(import_id, revision, actor, at)
    person = Person.objects.select_for_update(no_key=True).get(pk=actor.pk)
    opened.row.state = PlanImport.State.DISCARDED
    opened.row.save(update_fields=["state"])
    _record(person, "import.discarded", {"import": import_id}, opened.holding, actor, at)
    return opened.row


def _record(
    root: Root, kind: str, facts: Mapping[str, Any], holding: Holding, actor: Person, at: datetime
) -> None:
    append(
        root,
        kind=kind,
        actor=actor,
        at=at,
        facts=facts,
        capacity=holding.capacity,
        acting_for=holding.acting_for,
    )
