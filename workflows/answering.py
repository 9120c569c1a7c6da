"""How each question of an import may be answered. Pure; the words are in `workflows.wording`.

A choice is a short string (`unit:<id>`, `each`, `accept` …), and some need one thing more: a unit,
several units, a group, a date, a year or a document number.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from workflows.importing import Proposal, Question

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to answer: `value` is sent, `needs` names the fields that must come with it."""

    value: str
    needs: tuple[str, ...] = ()
    about: str = ""
    """The unit's id or printed name that the choice speaks of."""

    @property
    def verb(self) -> str:
        return self.value.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Known:
    """What an answer may name: units, and groups with their members today."""

    units: frozenset[str]
    groups: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Given:
    """What a person chose and filled in."""

    choice: str = ""
    unit: str = ""
    units: tuple[str, ...] = ()
    group: str = ""
    lead: str = ""
    date: str = ""
    year: str = ""
    number: str = ""


class Unclear(ValueError):
    """The answer doesn't fit the question; `field` says where."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def choices(question: Question, proposal: Proposal) -> list[Choice]:
    """The ways to answer, in the order in which they are offered."""
    params = question.params
    match question.code:
        case "unknown_unit" | "ambiguous_alias":
            suggested = [Choice(f"unit:{one}", about=one) for one in params["suggestions"]]
            return [*suggested, Choice("other", ("unit",)), Choice("drop")]
        case "inferred_prefix":
            inferred = Choice(f"unit:{params['unit']}", about=params["unit"])
            return [inferred, Choice("other", ("unit",)), Choice("drop")]
        case "group":
            which = () if params["group"] else ("group",)
            return [Choice("each", which), Choice("joint", (*which, "lead")), Choice("drop")]
        case "open_ended":
            return [Choice("nobody"), Choice("add", ("units",))]
        case "no_clause":
            return [Choice("lead", ("unit", "units")), Choice("no_task")]
        case "several_clauses":
            return [Choice("one"), Choice("each")]
        case "no_lead_among_several":
            measure = next(m for m in proposal.measures if m.key in question.measure_keys)
            return [
                Choice(f"lead:{index}", about=unit.text)
                for index, unit in enumerate(measure.units)
                if unit.kind == "unit" and unit.role != "assessor"
            ]
        case "body_names_other_unit":
            which = () if params["unit"] else ("unit",)
            roles = [Choice(f"as:{role}", which) for role in ("cooperating", "lead", "assessor")]
            return [Choice("no"), *roles]
        case "assessor_only":
            return [Choice("lead", ("unit",))]
        case "soft_deadline" | "missing_deadline" | "body_deadline":
            return [Choice("date", ("date",)), Choice("open")]
        case "missing_year":
            year = params["year"]
            known = [Choice(f"year:{year}", about=str(year))] if year else []
            return [*known, Choice("other_year", ("year",))]
        case "duplicate_document":
            replacing = [Choice("replace")] if params["replaceable"] else []
            return [*replacing, Choice("number", ("number",))]
    return [Choice("accept")]


def proposed(question: Question) -> Given | None:
    """The answer that accepts what the importer proposes; None where only a person can say."""
    default = question.default
    if default is None:
        return None
    match question.code:
        case "inferred_prefix":
            return Given(f"unit:{default['unit']}")
        case "group":
            return Given("each")
        case "open_ended":
            return Given("nobody")
        case "several_clauses":
            return Given("one")
        case "no_lead_among_several":
            return Given(f"lead:{default['lead']}")
        case "body_names_other_unit":
            return Given("no")
        case "missing_year":
            return Given(f"year:{default['year']}")
        case "soft_deadline":
            date = default["date"]
            return Given("date", date=date) if date else Given("open")
    return Given("accept")


def settle(question: Question, proposal: Proposal, given: Given, known: Known) -> Answer:
    """The answer as it is kept. Raises Unclear."""
    offered = {choice.value: choice for choice in choices(question, proposal)}
    choice = offered.get(given.choice)
    if choice is None:
        raise Unclear("choice")
    settled = _SETTLERS.get(question.code, _accept)(question, choice, given, known)
    return {"choice": choice.value, **settled}


def _unit(value: str, known: Known, field: str = "unit") -> str:
    if value not in known.units:
        raise Unclear(field)
    return value


def _units(values: tuple[str, ...], known: Known) -> list[str]:
    return [_unit(value, known, "units") for value in values]


def _accept(question: Question, choice: Choice, given: Given, known: Known) -> Answer:
    return {"accept": True}


def _which_unit(question: Question, choice: Choice, given: Given, known: Known) -> Answer:
    if choice.verb == "drop":
        return {"drop": True}
    return {"unit": _unit(choice.about or given.unit, known)}


def _group(question: Question, choice: Choice, given: Given, known: Known) -> Answer:
    if choice.verb == "drop":
        return {"drop": True}
    group = question.params["group"] or given.group
    if not known.groups.get(group):
        raise Unclear("group")
    lead = _unit(given.lead, known, "lead") if choice.verb == "joint" and given.lead else None
    members = list(known.groups[group])
    return {"group": group, "mode": choice.verb, "units": members, "lead": lead}


def _open_ended(question: Question, choice: Choice, given: Given, known: Known) -> Answer:
    if choice.verb == "nobody":
        return {"add": []}
    if not given.units:
        raise Unclear("units")
    return {"add": _units(given.units, known)}


def _no_clause(question: Question, choice: Choice, given: Given, known: Known) -> Answer:
    if choice.verb == "no_task":
        return {"no_task": True}
    return {"lead": _unit(given.unit, known), "cooperating": _units(given.units, known)}


def _several(question: Question, choice: Choice, given: Given, known: Known) -> Answer:
    return {"tasks": 1 if choice.verb == "one" else "each"}


def _which_lead(question: Question, choice: Choice, given: Given, known: Known) -> Answer:
    return {"lead": int(choice.value.partition(":")[2])}


def _body(question: Question, choice: Choice, given: Given, known: Known) -> Answer:
    if choice.verb == "no":
        return {"add": False}
    unit = _unit(question.params["unit"] or given.unit, known)
    return {"add": choice.value.partition(":")[2], "unit": unit}


def _assessor(question: Question, choice: Choice, given: Given, known: Known) -> Answer:
    return {"lead": _unit(given.unit, known)}


def _deadline(question: Question, choice: Choice, given: Given, known: Known) -> Answer:
    if choice.verb == "open":
        return {"date": None}
    try:
        return {"date": date.fromisoformat(given.date).isoformat()}
    except ValueError:
        raise Unclear("date") from None


def _year(question: Question, choice: Choice, given: Given, known: Known) -> Answer:
    text = choice.about or given.year
    if not (text.isascii() and text.isdigit() and 2000 <= int(text) <= 2100):
        raise Unclear("year")
    return {"year": int(text)}


def _duplicate(question: Question, choice: Choice, given: Given, known: Known) -> Answer:
    if choice.verb == "replace":
        return {"replace": True}
    number = given.number.strip()
    if not number or len(number) > 100 or number == question.params["doc_number"]:
        raise Unclear("number")
    return {"number": number}


_SETTLERS: dict[str, Callable[[Question, Choice, Given, Known], Answer]] = {
    "unknown_unit": _which_unit,
    "ambiguous_alias": _which_unit,
    "inferred_prefix": _which_unit,
    "group": _group,
    "open_ended": _open_ended,
    "no_clause": _no_clause,
    "several_clauses": _several,
    "no_lead_among_several": _which_lead,
    "body_names_other_unit": _body,
    "assessor_only": _assessor,
    "soft_deadline": _deadline,
    "missing_deadline": _deadline,
    "body_deadline": _deadline,
    "missing_year": _year,
    "duplicate_document": _duplicate,
}
