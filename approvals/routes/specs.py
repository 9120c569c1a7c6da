"""A route as data: its stages before they are published, and what is wrong with them. Pure.

A draft, an exported file and a published version have the same fields; `Stage` in the models says
what each means. In the database units and people stand in them by id.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any
from uuid import UUID

from audit import canonical

Selector = Mapping[str, Any]
Plain = dict[str, Any]

PUBLICATION = "route_publication"
"""The kind of subject that a route itself is, when it is to be published."""
SELECTS: Mapping[str, Sequence[str]] = {
    "post": ("unit", "role"),
    "post_of_lead": ("role",),
    "post_of_each_cooperating": ("role",),
    "post_of_coordinating": ("role",),
    "post_of_reviewing": ("role",),
    "post_of_superior": ("role",),
    "person": ("person",),
    "chosen_by_submitter": ("from",),
}
"""The ways of selecting signers, and what each has to say besides."""
OPTIONAL = ("weight", "levels")
DECIDING_ROLES = ("deputy", "principal", "reviewer", "coordinator")
RULES = ("any", "all", "quorum")
REFUSALS = ("veto", "vote", "advice")
CHOICES: Mapping[str, Sequence[str]] = {
    "rule": RULES,
    "refusal": REFUSALS,
    "after_return": ("restart", "resume"),
    "repeat_signer": ("ask", "carry"),
    "evidence": ("session", "password", "passkey"),
}
MAY = ("add_signer", "transfer", "consult")
CONDITIONS: Mapping[str, Sequence[str]] = {
    "plans": (),
    "unit_kinds": ("party", "government", "supervision", "street", "branch", "other"),
    "priorities": ("high", "normal", "low"),
}
"""What a condition may ask, and the values it may name where they are fixed."""
LONGEST_NAME = 60
MOST_STAGES = 30
MOST_SELECTORS = 60
MOST_DAYS = 250
MOST_LEVELS = 9
MOST_BYTES = 10_000
"""All stages have to fit one ledger entry, beside the decision that published them."""


@dataclass(frozen=True)
class StageSpec:
    """A stage as it is to be published; lists of selectors as in `approvals.selectors`."""

    name: str
    approvers: Sequence[Selector]
    rule: str = "any"
    quorum_number: int | None = None
    quorum_percent: int | None = None
    refusal: str = "veto"
    sequential: bool = False
    returns_to: Sequence[int] = ()
    after_return: str = "restart"
    repeat_signer: str = "ask"
    due_in: int | None = None
    escalate_to: Sequence[Selector] = field(default=())
    fallback: Sequence[Selector] = field(default=())
    evidence: str = "session"
    may: Sequence[str] = ()
    condition: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> StageSpec:
        """From the fields that `plain` wrote; missing ones have their usual value."""
        return cls(**({"name": "", "approvers": []} | {k: kept[k] for k in FIELDS if k in kept}))

    @classmethod
    def of_row(cls, row: Any) -> StageSpec:
        """From a published stage."""
        return cls(**{name: getattr(row, name) for name in FIELDS})

    @property
    def plain(self) -> Plain:
        """As JSON: every field, ids as text."""
        return {name: _plain(value) for name, value in asdict(self).items()}

    @property
    def selectors(self) -> Iterator[Selector]:
        """All of them, and those among whom a submitter chooses."""
        for one in (*self.approvers, *self.fallback, *self.escalate_to):
            yield one
            if "from" in one:
                yield one["from"]


FIELDS = tuple(one.name for one in fields(StageSpec))


def digest(name: str, subject_kind: str, stages: Sequence[Plain]) -> bytes:
    """SHA-256 over all of a route that is put forward for publication."""
    content = {"name": name, "subject_kind": subject_kind, "stages": stages}
    return hashlib.sha256(canonical.encode(content)).digest()


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value


@dataclass(frozen=True)
class Problem:
    """What keeps a route from being published. `position` is its stage, 0 the route as a whole.

    `approvals.routes.wording.problem` says `code` in a sentence; `field` is where to repair it.
    """

    position: int
    code: str
    field: str = ""


def problems(stages: Sequence[StageSpec]) -> list[Problem]:
    """Everything that no electorate could repair, in the order of the stages."""
    found = [one for place, spec in enumerate(stages, 1) for one in _of_stage(spec, place, stages)]
    return [*_of_route(stages), *found]


def _of_route(stages: Sequence[StageSpec]) -> Iterator[Problem]:
    if not stages:
        yield Problem(0, "no_stage")
        return
    if len(stages) > MOST_STAGES:
        yield Problem(0, "too_many_stages")
    if all(spec.refusal == "advice" for spec in stages):
        yield Problem(0, "nobody_decides")
    if all(spec.condition for spec in stages):
        yield Problem(0, "all_conditional")


def _of_stage(spec: StageSpec, position: int, stages: Sequence[StageSpec]) -> Iterator[Problem]:
    if not spec.name.strip() or len(spec.name) > LONGEST_NAME:
        yield Problem(position, "no_name", "name")
    for name, known in CHOICES.items():
        if getattr(spec, name) not in known:
            yield Problem(position, f"unknown_{name}", name)
    if set(spec.may) - set(MAY):
        yield Problem(position, "unknown_may", "may")
    codes = [*_of_vote(spec), *_of_time(spec, last=position == len(stages))]
    yield from (Problem(position, code, field) for code, field in codes)
    if any(not _is_count(one, position - 1) for one in spec.returns_to):
        yield Problem(position, "returns_forward", "returns_to")
    if spec.condition is not None and not _is_condition(spec.condition):
        yield Problem(position, "unknown_condition", "condition")
    yield from _of_selectors(spec, position)


def _of_vote(spec: StageSpec) -> Iterator[tuple[str, str]]:
    numbers = (spec.quorum_number, spec.quorum_percent)
    given = [number for number in numbers if number is not None]
    if spec.rule == "quorum":
        if len(given) != 1 or not _is_count(given[0], 100 if spec.quorum_percent else 10_000):
            yield "no_quorum", "quorum"
    elif given:
        yield "quorum_without_vote", "quorum"


def _of_time(spec: StageSpec, *, last: bool) -> Iterator[tuple[str, str]]:
    if spec.due_in is not None and not _is_count(spec.due_in, MOST_DAYS):
        yield "due_in", "due_in"
    if spec.escalate_to and spec.due_in is None:
        yield "escalates_never", "due_in"
    # When its time is up, an advisory stage passes: the last one would end the approval by itself.
    if last and spec.refusal == "advice" and spec.due_in is not None:
        yield "passes_by_itself", "refusal"


def _of_selectors(spec: StageSpec, position: int) -> Iterator[Problem]:
    if not spec.approvers:
        yield Problem(position, "asks_nobody", "approvers")
    for name in ("approvers", "fallback", "escalate_to"):
        found = getattr(spec, name)
        if len(found) > MOST_SELECTORS:
            yield Problem(position, "too_many_selectors", name)
        for one in found:
            if code := selector_problem(one):
                yield Problem(position, code, name)
            elif "from" in one and name != "approvers":
                yield Problem(position, "chosen_elsewhere", name)


def selector_problem(one: Selector) -> str:
    """What is wrong with a selector; nothing if it is well formed."""
    select = str(one.get("select"))
    if select not in SELECTS:
        return "unknown_select"
    if set(one) - {"select", *SELECTS[select], *OPTIONAL}:
        return "unknown_select"
    if "role" in SELECTS[select] and one.get("role") not in DECIDING_ROLES:
        return "role_without_say"
    if any(not one.get(name) for name in SELECTS[select]):
        return "selects_nobody"
    if not _is_count(one.get("weight", 1), 1000):
        return "weight"
    if not _is_count(one.get("levels", 1), MOST_LEVELS):
        return "levels"
    if "from" not in one:
        return ""
    return "unknown_select" if "from" in one["from"] else selector_problem(one["from"])


def _is_count(value: Any, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most


def _is_condition(condition: Any) -> bool:
    if not isinstance(condition, Mapping) or not condition:
        return False
    for name, values in condition.items():
        known = CONDITIONS.get(name)
        if known is None or not isinstance(values, list) or not values:
            return False
        if any(not isinstance(one, str) or (known and one not in known) for one in values):
            return False
    return True


def moved(stages: Sequence[Plain], place: int, to: int) -> list[Plain]:
    """The stages with the one at `place` (from 1) put at `to`; returns keep naming their stages.

    A return that would lead forward is dropped.
    """
    order = list(range(1, len(stages) + 1))
    order.insert(to - 1, order.pop(place - 1))
    return _renumbered(stages, order)


def without(stages: Sequence[Plain], place: int) -> list[Plain]:
    """The stages without the one at `place`, nor returns to it."""
    return _renumbered(stages, [n for n in range(1, len(stages) + 1) if n != place])


def _renumbered(stages: Sequence[Plain], order: Sequence[int]) -> list[Plain]:
    new = {old: position for position, old in enumerate(order, 1)}
    return [
        stages[old - 1]
        | {
            "returns_to": sorted(
                new[target]
                for target in stages[old - 1].get("returns_to", [])
                if target in new and new[target] < position
            )
        }
        for position, old in enumerate(order, 1)
    ]
