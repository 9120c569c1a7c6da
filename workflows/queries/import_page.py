"""The review screen: the source beside the proposed tasks, questions where they arise."""

from collections.abc import Mapping
from dataclasses import dataclass

from audit.templatetags.ui import day_long
from workflows import answering, drafting, marking, wording
from workflows.drafting import Draft, DraftMeasure
from workflows.importing import Proposal, Question
from workflows.marking import Mark, Paragraph
from workflows.models import Plan, PlanImport
from workflows.parties import Parties
from workflows.queries.imports import Blocker, blockers, draft_of, proposal_of, snapshot


@dataclass(frozen=True)
class Offer:
    """A choice as the page shows it."""

    value: str
    label: str
    needs: tuple[str, ...]
    chosen: bool


@dataclass(frozen=True)
class Asked:
    """A question as the page shows it; `also` are the other measures that the answer serves."""

    question: Question
    text: str
    help: str
    offers: list[Offer]
    answer: Mapping[str, object] | None
    proposed: bool
    also: list[str]

    @property
    def is_open(self) -> bool:
        return self.answer is None and self.question.severity == "blocking"

    @property
    def answered(self) -> str:
        """What was chosen, in words."""
        return next((offer.label for offer in self.offers if offer.chosen), "")


@dataclass(frozen=True)
class Tag:
    """A unit with its role in a measure."""

    role: str
    name: str


@dataclass(frozen=True)
class Card:
    """A proposed task with its questions; `index` counts from 1 and names the anchors."""

    index: int
    measure: DraftMeasure
    tags: list[Tag]
    tasks: int
    asked: list[Asked]
    hints: list[Asked]
    elsewhere: list[str]
    """Questions about it that are asked at an earlier measure, by their text."""
    can_merge: bool
    merged: list[str]

    @property
    def index_text(self) -> str:
        return str(self.index)

    @property
    def due(self) -> str:
        return day_long(drafting.printed_date(self.measure.due_date))


@dataclass(frozen=True)
class ReviewPage:
    found: PlanImport
    proposal: Proposal
    draft: Draft
    cards: list[Card]
    document: list[Asked]
    hints: list[Asked]
    blockers: list[tuple[str, str]]
    """What keeps the draft from being made: the sentence, and the anchor where it is settled."""
    source: list[Paragraph]
    units: list[tuple[str, str]]
    groups: list[tuple[str, str]]
    acceptable: int
    """How many open questions have a proposal that could be accepted."""
    earlier: Plan | None

    @property
    def accounted(self) -> int:
        keys = {key for card in self.cards for key in card.measure.keys}
        return len(keys & {measure.key for measure in self.proposal.measures})

    @property
    def ready(self) -> int:
        return sum(card.measure.ready for card in self.cards)

    @property
    def meter(self) -> list[str]:
        return ["on" if card.measure.ready else "ask" for card in self.cards]


def review_page(found: PlanImport) -> ReviewPage:
    """Everything the page shows. Two or three queries."""
    proposal, draft = proposal_of(found), draft_of(found)
    directory = snapshot(found.organisation_id)
    names = {unit.id: unit.name for unit in directory.units}
    names |= {group.id: group.name for group in directory.groups}
    screen = _Screen(found, proposal, draft, names)
    return ReviewPage(
        found=found,
        proposal=proposal,
        draft=draft,
        cards=[screen.card(index, one) for index, one in enumerate(draft.measures, 1)],
        document=[screen.asked(q) for q in proposal.blocking() if not q.measure_keys],
        hints=[
            screen.asked(q)
            for q in proposal.questions
            if not q.measure_keys and q.severity == "advice"
        ],
        blockers=[screen.blocker(one) for one in screen.blockers],
        source=screen.source(),
        units=[(unit.id, unit.name) for unit in directory.units],
        groups=[(group.id, group.name) for group in directory.groups],
        acceptable=sum(answering.proposed(question) is not None for question in draft.open),
        earlier=_earlier(found, proposal),
    )


def _earlier(found: PlanImport, proposal: Proposal) -> Plan | None:
    """The plan that has the document's number already."""
    for question in proposal.questions:
        if question.code == "duplicate_document":
            return Plan.objects.filter(
                organisation=found.organisation_id, pk=question.params["plan"]
            ).first()
    return None


class _Screen:
    def __init__(
        self, found: PlanImport, proposal: Proposal, draft: Draft, names: Mapping[str, str]
    ) -> None:
        self.found, self.proposal, self.draft, self.names = found, proposal, draft, names
        self.answers = found.answers.get("questions", {})
        self.blockers = blockers(draft, found.answers["document"]["coordinator"])
        self.numbers = {m.key: m.number.rstrip(" .．、") for m in proposal.measures}
        self._shown: set[str] = set()

    def card(self, index: int, measure: DraftMeasure) -> Card:
        new = [q for q in measure.questions if q.id not in self._shown]
        before = [q for q in measure.open if q.id in self._shown]
        self._shown.update(q.id for q in new)
        open_ids = {q.id for q in self.draft.open}
        asked = [
            self.asked(q)
            for q in new
            if q.severity == "blocking" and (q.id in open_ids or q.id in self.answers)
        ]
        merged = self.found.answers.get("merged", ())
        return Card(
            index=index,
            measure=measure,
            tags=tags(measure.parties, self.names),
            tasks=len(measure.parties.tasks()),
            asked=asked,
            hints=[self.asked(q) for q in new if q.severity == "advice"],
            elsewhere=[wording.asked(q, self.names) for q in before],
            can_merge=index > 1,
            merged=[key for key in measure.keys if key in merged and key != measure.key],
        )

    def asked(self, question: Question) -> Asked:
        answer = self.answers.get(question.id)
        chosen = answer["choice"] if answer else None
        return Asked(
            question=question,
            text=wording.asked(question, self.names),
            help=wording.help_text(question),
            offers=[
                Offer(
                    choice.value,
                    wording.offered(question, choice, self.names),
                    choice.needs,
                    choice.value == chosen,
                )
                for choice in answering.choices(question, self.proposal)
            ],
            answer=answer,
            proposed=answering.proposed(question) is not None,
            also=[self.numbers[key] for key in question.measure_keys[1:]],
        )

    def blocker(self, one: Blocker) -> tuple[str, str]:
        index = next((i for i, m in enumerate(self.draft.measures, 1) if m.key == one.key), None)
        where = f"t{index}" if index else "document"
        if one.question:
            return wording.asked(one.question, self.names), where
        return str(wording.OBSTACLES[one.code]) % {"name": ""}, where

    def source(self) -> list[Paragraph]:
        asking = {key for measure in self.draft.measures if measure.open for key in measure.keys}
        marks = [
            Mark(clause.start, clause.end, measure.key in asking)
            for measure in self.proposal.measures
            for clause in measure.clauses
        ]
        anchors = {one.start: f"s{index}" for index, one in enumerate(self.draft.measures, 1)}
        return marking.paragraphs(self.proposal.source, marks, anchors)


def tags(parties: Parties, names: Mapping[str, str]) -> list[Tag]:
    """A measure's units with their roles, groups by their printed name."""
    found = [Tag("lead", parties.lead)] if parties.lead else []
    found += [Tag("cooperating", unit) for unit in dict.fromkeys(parties.cooperating)]
    found += [Tag("assessor", unit) for unit in dict.fromkeys(parties.assessors)]
    named = [Tag(tag.role, names.get(tag.name, "?")) for tag in found]
    return named + [
        Tag("each", f"{group or names.get(members[0], '?')} ({len(members)})")
        for group, members in parties.each.items()
        if members
    ]


def cuts(found: PlanImport, key: str) -> list[tuple[int, str, bool]]:
    """Where a proposed measure could be split: offset, how it would begin, and whether it is."""
    proposal = proposal_of(found)
    measure = next((one for one in proposal.measures if one.key == key), None)
    if measure is None:
        return []
    chosen = set(found.answers.get("splits", {}).get(key, ()))
    places = drafting.places(proposal, measure)
    return [(place, text, place in chosen) for place, text in places]
