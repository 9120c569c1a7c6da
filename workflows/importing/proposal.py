"""What an import proposes: plain, frozen values that survive a JSON field unchanged."""

from __future__ import annotations

import types
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache
from typing import Any, Self, Union, get_args, get_origin, get_type_hints

from .choosing import Reason
from .deadlines import Deadline
from .duties import Role
from .questions import Asker, Question
from .resolve import How
from .units import UnitKind


@dataclass(frozen=True, slots=True)
class ProposedUnit:
    """A body named in a clause: as printed, and what the directory says."""

    text: str
    role: Role
    kind: UnitKind
    start: int
    end: int
    resolved: str | None = None
    how: How | None = None
    suggestions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProposedClause:
    """A clause as printed, with its span; for a table row, its unit cells."""

    raw: str
    start: int
    end: int
    units: tuple[ProposedUnit, ...]
    deadline: str | None
    open_ended: bool


@dataclass(frozen=True, slots=True)
class ProposedMeasure:
    """A numbered item proposed as a task; `source[start:end]` is the text it came from."""

    key: str
    number: str
    path: tuple[str, ...]
    heading: str
    body: str
    start: int
    end: int
    clauses: tuple[ProposedClause, ...]
    deadline: Deadline | None
    #: Index into `units` of the proposed lead; None when only groups or assessors are named.
    lead: int | None

    @property
    def units(self) -> tuple[ProposedUnit, ...]:
        return tuple(unit for clause in self.clauses for unit in clause.units)


@dataclass(frozen=True, slots=True)
class Aside:
    """A numbered passage that is not proposed as a task, and why."""

    number: str
    heading: str
    start: int
    end: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class NotAPlan:
    """Why nothing was imported; `reason` is a key of questions.NOT_A_PLAN."""

    reason: str
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Proposal:
    """The whole proposal. Spans are offsets into `source`, the document's plain text."""

    title: str
    doc_number: str | None
    year: int | None
    issued_on: str | None
    addressees: tuple[str, ...]
    measures: tuple[ProposedMeasure, ...]
    questions: tuple[Question, ...]
    asides: tuple[Aside, ...]
    not_a_plan: NotAPlan | None
    source: str
    filename: str

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; `from_dict` gives an equal proposal back."""
        plain: dict[str, Any] = _plain(self)
        return plain

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        built: Self = _build(cls, data)
        return built

    def to_score_json(self) -> dict[str, Any]:
        """The exchange format of `import_plan --dry-run --json`."""
        return {
            "title": self.title,
            "doc_number": self.doc_number,
            "measures": [_score(measure) for measure in self.measures],
        }

    def asking(self, code: str, *, default: dict[str, Any] | None = None, **params: Any) -> Self:
        """The same proposal with one more question, about what only the caller can know."""
        asker = Asker()
        asker.ask(code, default=default, **params)
        (question,) = asker.questions()
        question = replace(question, number=len(self.questions) + 1)
        return replace(self, questions=(*self.questions, question))

    def blocking(self) -> tuple[Question, ...]:
        return tuple(q for q in self.questions if q.severity == "blocking")


def _score(measure: ProposedMeasure) -> dict[str, Any]:
    return {
        "number": measure.number,
        "path": list(measure.path),
        "heading": measure.heading,
        "clauses": [
            {
                "raw": clause.raw,
                "deadline": clause.deadline,
                "open_ended": clause.open_ended,
                "units": [
                    {"text": unit.text, "role": unit.role, "kind": unit.kind}
                    for unit in clause.units
                ],
            }
            for clause in measure.clauses
        ],
    }


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


@cache
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)


def _build(kind: Any, value: Any) -> Any:
    """Rebuild frozen dataclasses and tuples from plain JSON, led by the type hints."""
    if value is None:
        return None
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _build(next(a for a in get_args(kind) if a is not type(None)), value)
    if origin is tuple:
        return tuple(_build(get_args(kind)[0], item) for item in value)
    if is_dataclass(kind) and isinstance(kind, type):
        hints = _hints(kind)
        return kind(**{f.name: _build(hints[f.name], value[f.name]) for f in fields(kind)})
    return value
