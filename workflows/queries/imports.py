"""Reading what is on the review screen."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from directory import queries as directory
from directory.models import Person
from workflows import drafting, flows
from workflows.answering import Known
from workflows.drafting import Draft
from workflows.importing import DirectorySnapshot, Proposal, Question
from workflows.models import Amendment, Plan, PlanImport

REPLACEABLE = ("draft", "revise")
"""The steps of an earlier plan at which a new import of its number may replace it."""


@dataclass(frozen=True)
class Blocker:
    """What keeps a draft from being made: a question, or a `code` worded in `workflows.wording`."""

    code: str
    key: str = ""
    """The measure at which it arises; empty for the document."""
    question: Question | None = None


def snapshot(organisation_id: UUID) -> DirectorySnapshot:
    """The directory as the importer sees it."""
    return DirectorySnapshot.from_dict(directory.snapshot(organisation_id))


def known(organisation_id: UUID) -> Known:
    """The units and groups that an answer may name."""
    found = snapshot(organisation_id)
    units = frozenset(unit.id for unit in found.units)
    return Known(
        units,
        {group.id: tuple(m for m in group.members if m in units) for group in found.groups},
    )


def proposal_of(found: PlanImport) -> Proposal:
    return Proposal.from_dict(found.proposal)


def draft_of(found: PlanImport) -> Draft:
    return drafting.draft(proposal_of(found), found.answers)


def blockers(draft: Draft, coordinator: str) -> list[Blocker]:
    """What must be settled before the draft is made, in the order of the page.

    `coordinator` is the id of the unit that will coordinate the plan.
    """
    found = [Blocker(q.code, "", q) for q in draft.open if not q.measure_keys]
    if not draft.title.strip():
        found.append(Blocker("no_title"))
    if not draft.measures:
        found.append(Blocker("no_measures"))
    if coordinator in draft.leading and not draft.overseer:
        found.append(Blocker("no_overseer"))
    asked: set[str] = set()
    for measure in draft.measures:
        for question in measure.open:
            if question.id not in asked:
                asked.add(question.id)
                found.append(Blocker(question.code, measure.key, question))
        if measure.lacks_lead:
            found.append(Blocker("no_lead", measure.key))
    return found


def imported_before(person: Person, sha256: bytes) -> PlanImport | None:
    """An import of the very same bytes that was not discarded, nor its plan cancelled."""
    found: PlanImport | None = (
        PlanImport.objects.filter(
            organisation=person.organisation_id, source__sha256=sha256, plan__cancelled_at=None
        )
        .exclude(state=PlanImport.State.DISCARDED)
        .exclude(amendment__state=Amendment.State.ABANDONED)
        .order_by("created_at")
        .first()
    )
    return found


def with_duplicate(proposal: Proposal, organisation_id: UUID) -> Proposal:
    """The proposal, asking what to do if a plan has its document number already."""
    earlier = (
        Plan.objects.filter(
            organisation=organisation_id, number=proposal.doc_number, cancelled_at=None
        ).first()
        if proposal.doc_number
        else None
    )
    if earlier is None:
        return proposal
    question = Question(
        id="duplicate_document",
        number=0,
        code="duplicate_document",
        severity="blocking",
        measure_keys=(),
        params={
            "doc_number": proposal.doc_number,
            "plan": str(earlier.pk),
            "title": earlier.title,
            "replaceable": flows.where(earlier) in REPLACEABLE,
        },
    )
    return replace(proposal, questions=(question, *proposal.questions))


def aliases(proposal: Proposal, answers: dict[str, Any]) -> dict[UUID, list[str]]:
    """Printed names that were answered with a unit: by unit, what may become its aliases."""
    found: dict[UUID, list[str]] = {}
    for question in proposal.questions:
        answer = answers.get("questions", {}).get(question.id)
        if question.code == "unknown_unit" and answer and answer.get("unit"):
            found.setdefault(UUID(answer["unit"]), []).append(question.params["text"])
    return found
