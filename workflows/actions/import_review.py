"""The review screen of an import: questions answered, measures edited, merged and split.

Everything here is a draft of a draft, so nothing of it is in the ledger.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.errors import Refused
from directory.models import Person
from directory.queries import Holding, holdings
from workflows import drafting, plan_policy
from workflows.actions import plan_texts
from workflows.actions.authority import NotAllowed
from workflows.answering import Given, Unclear, proposed, settle
from workflows.drafting import DraftMeasure
from workflows.importing import Proposal, Question
from workflows.models import PlanImport, Priority
from workflows.parties import Parties
from workflows.queries import imports


class AnsweredMeanwhile(Refused):
    """Somebody else saved an answer since the page was shown."""

    sentence = _(
        "Somebody else changed this import since you opened the page. Your answer was not saved: "
        "look at the page as it is now and answer again."
    )


class AlreadyConfirmed(Refused):
    """Somebody has made a draft plan of it already."""

    sentence = _("%(person)s has made a draft plan of this import already.")


class AlreadyDiscarded(Refused):
    """Somebody has discarded it."""

    sentence = _("This import was discarded. Upload the document again if it is still wanted.")


class AnswerUnclear(Refused):
    """The answer doesn't fit the question."""

    status = 422
    sentence = _("Choose one of the answers, and fill in what it needs.")


def coordinating(actor: Person, at: datetime, unit_id: UUID | None) -> Holding:
    """The post in which the actor may import. Raises NotAllowed."""
    verdict = plan_policy.may_import(holdings(actor, at), unit_id)
    if not verdict or verdict.holding is None:
        raise NotAllowed(reason=verdict.reason)
    return verdict.holding


@dataclass(frozen=True)
class Open:
    """A locked import that is still being checked."""

    row: PlanImport
    proposal: Proposal
    holding: Holding

    def part(self, name: str) -> dict[str, Any]:
        part: dict[str, Any] = self.row.answers.setdefault(name, {})
        return part

    def measure(self, key: str) -> DraftMeasure:
        """Raises AnswerUnclear for a key that isn't on the page."""
        draft = drafting.draft(self.proposal, self.row.answers)
        found = next((one for one in draft.measures if one.key == key), None)
        if found is None:
            raise AnswerUnclear
        return found


@contextmanager
def editing(import_id: UUID, revision: int, actor: Person, at: datetime) -> Iterator[Open]:
    """Lock an open import at the revision that was shown; what the block does is its next one."""
    with transaction.atomic(durable=True):
        opened = lock_open(import_id, revision, actor, at)
        yield opened
        opened.row.revision += 1
        opened.row.save(update_fields=["answers", "revision"])


def lock_open(import_id: UUID, revision: int, actor: Person, at: datetime) -> Open:
    mine = PlanImport.objects.filter(organisation=actor.organisation_id)
    row = mine.select_for_update(no_key=True).get(pk=import_id)
    holding = coordinating(actor, at, UUID(row.answers["document"]["coordinator"]))
    if row.state == PlanImport.State.CONFIRMED:
        made = row.amendment if row.amends_id else row.plan
        raise AlreadyConfirmed(person=made.created_by.name)
    if row.state == PlanImport.State.DISCARDED:
        raise AlreadyDiscarded
    if row.revision != revision:
        raise AnsweredMeanwhile
    return Open(row, imports.proposal_of(row), holding)


def answer(
    *,
    import_id: UUID,
    revision: int,
    question_id: str,
    given: Given | None,
    actor: Person,
    at: datetime,
) -> PlanImport:
    """Save one answer; None takes an earlier one back.

    Raises NotAllowed, AnsweredMeanwhile, AnswerUnclear, AlreadyConfirmed, AlreadyDiscarded.
    """
    with editing(import_id, revision, actor, at) as opened:
        question = question_of(opened.proposal, question_id)
        answers = opened.part("questions")
        if given is None:
            answers.pop(question.id, None)
            return opened.row
        try:
            known = imports.known(actor.organisation_id)
            answers[question.id] = settle(question, opened.proposal, given, known)
        except Unclear as unclear:
            raise AnswerUnclear(field=unclear.field) from unclear
        return opened.row


def accept_proposals(*, import_id: UUID, revision: int, actor: Person, at: datetime) -> PlanImport:
    """Answer every open question as proposed, where there is a proposal.

    Raises NotAllowed, AnsweredMeanwhile, AlreadyConfirmed, AlreadyDiscarded.
    """
    with editing(import_id, revision, actor, at) as opened:
        known = imports.known(actor.organisation_id)
        answers = opened.part("questions")
        for question in drafting.draft(opened.proposal, opened.row.answers).open:
            given = proposed(question)
            if given is not None:
                answers[question.id] = settle(question, opened.proposal, given, known)
        return opened.row


def question_of(proposal: Proposal, question_id: str) -> Question:
    found = next((one for one in proposal.questions if one.id == question_id), None)
    if found is None:
        raise AnswerUnclear
    return found


def edit_measure(
    *,
    import_id: UUID,
    revision: int,
    key: str,
    heading: str,
    due_date: date | None,
    parties: Parties | None,
    priority: str = Priority.NORMAL,
    actor: Person,
    at: datetime,
) -> PlanImport:
    """Type over what was proposed for a measure; without `parties` the units stay as answered.

    Raises what `answer` raises, and plan_texts.TitleMissing.
    """
    if not heading.strip():
        raise plan_texts.TitleMissing
    with editing(import_id, revision, actor, at) as opened:
        measure = opened.measure(key)
        edit = opened.part("measures").setdefault(measure.key, {})
        edit["heading"] = heading.strip()[:300]
        edit["due_date"] = due_date.isoformat() if due_date else None
        edit["priority"] = priority
        if parties is not None:
            if not imports.known(actor.organisation_id).units.issuperset(parties.units):
                raise plan_texts.UnitUnknown
            edit["parties"] = {
                "lead": parties.lead,
                "cooperating": parties.cooperating,
                "assessors": parties.assessors,
                "each": parties.each,
                "no_task": parties.no_task,
            }
        return opened.row


def edit_document(
    *, import_id: UUID, revision: int, fields: Mapping[str, Any], actor: Person, at: datetime
) -> PlanImport:
    """Title, number, addressees, overseer and the due date of measures that have none.

    Raises what `answer` raises, and plan_texts.UnitUnknown.
    """
    with editing(import_id, revision, actor, at) as opened:
        named = [*fields.get("addressees", ()), *filter(None, [fields.get("overseer")])]
        if not imports.known(actor.organisation_id).units.issuperset(named):
            raise plan_texts.UnitUnknown
        allowed = {"title", "number", "addressees", "overseer", "due_date"}
        opened.part("document").update({k: v for k, v in fields.items() if k in allowed})
        return opened.row


def merge(*, import_id: UUID, revision: int, key: str, actor: Person, at: datetime) -> PlanImport:
    """Put a measure into the one before it. Raises what `answer` raises."""
    with editing(import_id, revision, actor, at) as opened:
        draft = drafting.draft(opened.proposal, opened.row.answers)
        keys = [measure.key for measure in draft.measures]
        if key not in keys[1:]:
            raise AnswerUnclear
        merged = set(opened.row.answers.get("merged", ())) | {key}
        opened.row.answers["merged"] = sorted(merged)
        return opened.row


def split(
    *,
    import_id: UUID,
    revision: int,
    key: str,
    offsets: Sequence[int],
    actor: Person,
    at: datetime,
) -> PlanImport:
    """Begin further tasks at these offsets of the source; none puts a measure together again.

    `key` is a proposed measure's. Measures that were merged into it come apart too.
    Raises what `answer` raises.
    """
    with editing(import_id, revision, actor, at) as opened:
        measure = next((one for one in opened.proposal.measures if one.key == key), None)
        if measure is None:
            raise AnswerUnclear
        possible = {place for place, _text in drafting.places(opened.proposal, measure)}
        if not possible.issuperset(offsets):
            raise AnswerUnclear
        splits = opened.part("splits")
        splits.pop(key, None)
        if offsets:
            splits[key] = sorted(set(offsets))
        return opened.row


def unmerge(*, import_id: UUID, revision: int, key: str, actor: Person, at: datetime) -> PlanImport:
    """Take a measure out of the one before it. Raises what `answer` raises."""
    with editing(import_id, revision, actor, at) as opened:
        merged = opened.row.answers.get("merged", [])
        if key not in merged:
            raise AnswerUnclear
        merged.remove(key)
        return opened.row
