"""What a proposal becomes once its questions are answered: the measures and tasks of a draft. Pure.

The answers of an import are one JSON object, and everything in it is optional:

- `questions`: by question id, what was answered (`workflows.answering` says which forms there are)
- `measures`: by measure key, what was typed over the proposal: `heading`, `due_date`, `priority`,
  `parties`
- `merged`: measures that go into the one before them
- `splits`: by measure key, the offsets at which a further task begins
- `document`: title, number, addressees, due date for all, the office that oversees
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import Any

from workflows.importing import Proposal, ProposedMeasure, ProposedUnit, Question
from workflows.importing.deadlines import read
from workflows.importing.resolve import spelling
from workflows.parties import Parties

Answers = Mapping[str, Any]

ABOUT_PARTIES = frozenset(
    {
        "unknown_unit",
        "ambiguous_alias",
        "inferred_prefix",
        "group",
        "open_ended",
        "no_clause",
        "no_lead_among_several",
        "body_names_other_unit",
        "assessor_only",
    }
)
"""Questions that don't arise any more where somebody named the units by hand."""
ABOUT_DEADLINE = frozenset({"soft_deadline", "missing_deadline", "missing_year", "body_deadline"})
NORMAL = "normal"
"""The priority of a measure that nobody gave another one."""
_STOPS = " .．﹒、。"
_SKIPPED = " \t\n\r\u3000。；;"


@dataclass(frozen=True, slots=True)
class DraftMeasure:
    """A measure as it stands now. `keys` are the proposed measures that it accounts for."""

    key: str
    number: str
    path: tuple[str, ...]
    heading: str
    text: str
    clause: str
    start: int
    end: int
    due_date: str | None
    priority: str
    parties: Parties
    keys: tuple[str, ...]
    questions: tuple[Question, ...] = ()
    open: tuple[Question, ...] = ()

    @property
    def lacks_lead(self) -> bool:
        """Nobody does it, and no open question asks who."""
        return self.parties.lacks_lead and not any(q.code in ABOUT_PARTIES for q in self.open)

    @property
    def ready(self) -> bool:
        return not self.open and not self.lacks_lead


@dataclass(frozen=True, slots=True)
class Draft:
    """The whole draft; `open` are the blocking questions that nobody has answered yet."""

    title: str
    number: str
    measures: tuple[DraftMeasure, ...]
    open: tuple[Question, ...]
    addressees: tuple[str, ...]
    overseer: str | None
    due_date: str | None

    @property
    def leading(self) -> frozenset[str]:
        """The units that lead at least one task."""
        return frozenset(part.lead for measure in self.measures for part in measure.parties.tasks())

    @property
    def units(self) -> tuple[str, ...]:
        """Every unit with a part, in the order of the measures."""
        return tuple(dict.fromkeys(u for m in self.measures for u in m.parties.units))


def draft(proposal: Proposal, answers: Answers) -> Draft:
    """The proposal with the answers so far applied; what is still open stays listed."""
    document = answers.get("document", {})
    drafted: list[DraftMeasure] = []
    for proposed in proposal.measures:
        for piece in _pieces(proposal, proposed, answers):
            if piece.key in answers.get("merged", ()) and drafted:
                drafted[-1] = _joined(proposal, drafted[-1], piece)
            else:
                drafted.append(piece)
    edited = [_edited(measure, proposal.questions, answers) for measure in drafted]
    moot = _moot(proposal.questions, edited, answers)
    answered = answers.get("questions", {}).keys() | moot
    still = tuple(q for q in proposal.blocking() if q.id not in answered)
    measures = tuple(
        replace(measure, open=tuple(q for q in measure.questions if q in still))
        for measure in edited
    )
    parts = tuple(dict.fromkeys(unit for m in measures for unit in m.parties.units))
    return Draft(
        title=document.get("title", proposal.title),
        number=document.get("number", proposal.doc_number or ""),
        measures=measures,
        open=still,
        addressees=tuple(document.get("addressees", parts)),
        overseer=document.get("overseer"),
        due_date=document.get("due_date"),
    )


def _pieces(proposal: Proposal, measure: ProposedMeasure, answers: Answers) -> list[DraftMeasure]:
    """The measure, or its parts where it was split."""
    offsets = _cuts(proposal, measure, answers)
    bounds = [measure.start, *offsets, measure.end]
    number = measure.number.rstrip(_STOPS)
    pieces = []
    for index, (start, end) in enumerate(pairwise(bounds)):
        clauses = [c for c in measure.clauses if start <= c.start < end or not offsets]
        source = clauses or list(measure.clauses)
        text = proposal.source[start:end].strip()
        pieces.append(
            DraftMeasure(
                key=measure.key if not index else f"{measure.key}#{index + 1}",
                number=f"{number}-{index + 1}" if offsets else number,
                path=measure.path,
                heading=measure.heading if not index else first_sentence(text),
                text=text,
                clause="\n".join(clause.raw for clause in source),
                start=start,
                end=end,
                due_date=_due_date(proposal, measure, answers),
                priority=NORMAL,
                parties=_parties(
                    proposal, measure, [u for clause in source for u in clause.units], answers
                ),
                keys=(measure.key,),
            )
        )
    return pieces


def _cuts(proposal: Proposal, measure: ProposedMeasure, answers: Answers) -> list[int]:
    """Where further tasks begin: by hand, or behind each clause."""
    cuts = set(answers.get("splits", {}).get(measure.key, ()))
    given = _given(proposal, measure.key, answers, "several_clauses")
    if given and given.get("tasks") == "each":
        for clause in measure.clauses[:-1]:
            start = clause.end
            while start < measure.end and proposal.source[start] in _SKIPPED:
                start += 1
            cuts.add(start)
    return sorted(cut for cut in cuts if measure.start < cut < measure.end)


def _given(proposal: Proposal, key: str, answers: Answers, code: str) -> Mapping[str, Any] | None:
    """The answer to the measure's question of this kind; the default where there is none."""
    for question in proposal.questions:
        if question.code == code and key in question.measure_keys:
            answer = answers.get("questions", {}).get(question.id, question.default)
            return answer if answer is not None else None
    return None


def _parties(
    proposal: Proposal, measure: ProposedMeasure, units: Sequence[ProposedUnit], answers: Answers
) -> Parties:
    questions = [q for q in proposal.questions if measure.key in q.measure_keys]
    given = {q.id: answers.get("questions", {}).get(q.id) for q in questions}
    by_name = {
        spelling(q.params["text"]): given[q.id]
        for q in questions
        if q.code in {"unknown_unit", "ambiguous_alias", "inferred_prefix", "group"}
    }
    parties = Parties()
    lead = _lead(measure, units, questions, given)
    for unit in units:
        _add(parties, unit, by_name.get(spelling(unit.text)), leads=unit is lead)
    for question in questions:
        _add_answer(parties, question, given[question.id])
    return parties


def _lead(
    measure: ProposedMeasure,
    units: Sequence[ProposedUnit],
    questions: Iterable[Question],
    given: Mapping[str, Any],
) -> ProposedUnit | None:
    """The unit answered as lead, else the one proposed, else the first printed in this part."""
    index = measure.lead
    for question in questions:
        if question.code == "no_lead_among_several" and given[question.id]:
            index = given[question.id]["lead"]
    if index is not None and measure.units[index] in units:
        return measure.units[index]
    return next((u for u in units if u.kind == "unit" and u.role != "assessor"), None)


def _add(
    parties: Parties, unit: ProposedUnit, answer: Mapping[str, Any] | None, *, leads: bool
) -> None:
    if answer and answer.get("drop"):
        return
    if unit.kind == "group":
        if answer is None:
            return
        members = list(answer["units"])
        if unit.role == "assessor":
            parties.assessors += members
        elif answer["mode"] == "each":
            parties.each.setdefault(unit.text, []).extend(members)
        else:
            parties.cooperating += members
            parties.lead = parties.lead or answer.get("lead")
        return
    found = answer["unit"] if answer and answer.get("unit") else unit.resolved
    if found is None:
        return
    if unit.role == "assessor":
        parties.assessors.append(found)
    elif leads:
        if parties.lead:
            parties.cooperating.append(parties.lead)
        parties.lead = found
    else:
        parties.cooperating.append(found)


def _add_answer(parties: Parties, question: Question, answer: Mapping[str, Any] | None) -> None:
    """What was answered about units that no clause names."""
    if answer is None:
        return
    match question.code:
        case "open_ended":
            parties.cooperating += answer["add"]
        case "assessor_only":
            parties.lead = answer["lead"]
        case "no_clause" if answer.get("no_task"):
            parties.no_task = True
        case "no_clause":
            parties.lead = answer["lead"]
            parties.cooperating += answer["cooperating"]
        case "body_names_other_unit" if answer["add"] == "assessor":
            parties.assessors.append(answer["unit"])
        case "body_names_other_unit" if answer["add"] == "lead":
            if parties.lead:
                parties.cooperating.append(parties.lead)
            parties.lead = answer["unit"]
        case "body_names_other_unit" if answer["add"]:
            parties.cooperating.append(answer["unit"])


def _due_date(proposal: Proposal, measure: ProposedMeasure, answers: Answers) -> str | None:
    """As answered, as printed, or the date given for all."""
    for code in ("soft_deadline", "body_deadline", "missing_deadline"):
        answer = _given(proposal, measure.key, answers, code)
        if answer is not None and "date" in answer:
            return answer["date"] or None
    found = measure.deadline.date if measure.deadline else None
    year = _given(proposal, measure.key, answers, "missing_year")
    if measure.deadline and year and year.get("year"):
        found = read(measure.deadline.text, year["year"]).date
    return found or answers.get("document", {}).get("due_date")


def _joined(proposal: Proposal, first: DraftMeasure, other: DraftMeasure) -> DraftMeasure:
    first.parties.join(other.parties)
    return replace(
        first,
        text=proposal.source[first.start : other.end].strip(),
        clause="\n".join(filter(None, [first.clause, other.clause])),
        end=other.end,
        due_date=first.due_date or other.due_date,
        keys=tuple(dict.fromkeys([*first.keys, *other.keys])),
    )


def _edited(measure: DraftMeasure, questions: Sequence[Question], answers: Answers) -> DraftMeasure:
    """What was typed over the proposal goes before everything; the measure gets its questions."""
    edit = answers.get("measures", {}).get(measure.key, {})
    mine = tuple(q for q in questions if not set(q.measure_keys).isdisjoint(measure.keys))
    parties = Parties.from_dict(edit["parties"]) if "parties" in edit else measure.parties
    return replace(
        measure,
        heading=edit.get("heading", measure.heading),
        due_date=edit.get("due_date", measure.due_date),
        priority=edit.get("priority", measure.priority),
        parties=parties,
        questions=mine,
    )


def _moot(
    questions: Iterable[Question], measures: Sequence[DraftMeasure], answers: Answers
) -> set[str]:
    """Questions whose every measure was settled by hand."""
    edits = answers.get("measures", {})
    by_hand = {
        field: {key for m in measures if field in edits.get(m.key, {}) for key in m.keys}
        for field in ("parties", "due_date")
    }
    return {
        question.id
        for question in questions
        for codes, field in ((ABOUT_PARTIES, "parties"), (ABOUT_DEADLINE, "due_date"))
        if question.code in codes
        and question.measure_keys
        and by_hand[field].issuperset(question.measure_keys)
    }


def first_sentence(text: str, limit: int = 60) -> str:
    """What heads a part that has no heading of its own."""
    line = text.strip().split("\n", 1)[0]
    for stop in "。；;:：":
        line = line.split(stop, 1)[0]
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def places(proposal: Proposal, measure: ProposedMeasure) -> list[tuple[int, str]]:
    """Where a measure could be split: the start of each sentence but the first and its clauses'."""
    return [
        (place, text)
        for place, text in _sentences(proposal.source, measure.start, measure.end)
        if not any(clause.start <= place < clause.end for clause in measure.clauses)
    ]


def _sentences(source: str, start: int, end: int) -> list[tuple[int, str]]:
    found = []
    position = start
    while position < end:
        stops = [p for p in (source.find(stop, position, end) for stop in "。；\n") if p != -1]
        following = (min(stops) + 1) if stops else end
        while following < end and source[following] in _SKIPPED:
            following += 1
        if following < end:
            found.append((following, first_sentence(source[following:end], 40)))
        position = following
    return found


def printed_date(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None
