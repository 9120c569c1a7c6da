"""Who would sign at each stage of a route, for every unit that could lead: before it is published.

Pure: the directory goes in as it is today, findings come out. Selectors resolve as they will when
a stage opens; whom a unit names for one task, and whom a submitter chooses, nobody knows yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal
from uuid import UUID

from approvals.policy import PERSONAL
from approvals.routes.specs import DECIDING_ROLES, Selector, StageSpec

SUBMITS = "handler"
"""Whoever holds such a post of the lead unit is taken for the submitter."""

Code = Literal[
    "asks_nobody",
    "no_post",
    "vacant",
    "only_submitter",
    "out_of_reach",
    "one_person_several_seats",
    "twice_in_a_row",
    "several_duties",
    "no_passkey",
    "depends",
]
DEAD_ENDS: frozenset[Code] = frozenset(
    {"asks_nobody", "no_post", "vacant", "only_submitter", "out_of_reach"}
)
"""Findings with which nobody could bring the stage to its end; the others are worth knowing."""


@dataclass(frozen=True)
class Office:
    """A unit as selectors know it."""

    id: UUID
    name: str
    kind: str
    parent: UUID | None = None


@dataclass(frozen=True)
class Seat:
    """A post with its holder, or a person who is named. `stand_ins` could act for the holder."""

    post: UUID | None
    title: str
    person: UUID | None
    name: str
    stand_ins: frozenset[UUID] = frozenset()
    weight: int = 1

    @property
    def able(self) -> frozenset[UUID]:
        return self.stand_ins | ({self.person} if self.person else set())


@dataclass(frozen=True)
class Directory:
    """Everything that selectors look at, read once for all units."""

    units: Mapping[UUID, Office]
    seats: Mapping[tuple[UUID, str], Sequence[Seat]]
    """Posts by unit and role, also those whose role decides on nothing."""
    people: Mapping[UUID, str]
    """Active people."""
    signers: frozenset[UUID] = frozenset()
    """Those with a passkey in force."""


@dataclass(frozen=True)
class Case:
    """What a subject's context says besides the lead unit; None where it isn't known."""

    lead: UUID
    cooperating: Sequence[UUID] | None = None
    coordinating: UUID | None = None
    reviewing: UUID | None = None
    submitters: frozenset[UUID] = frozenset()
    plan: str | None = None
    named: Mapping[tuple[UUID, str], UUID] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    code: Code
    position: int
    people: Sequence[str] = ()

    @property
    def is_dead_end(self) -> bool:
        return self.code in DEAD_ENDS


@dataclass(frozen=True)
class Staged:
    """A stage for one unit: who would be asked. `skipped` where its condition doesn't hold."""

    position: int
    seats: Sequence[Seat]
    skipped: bool = False


@dataclass(frozen=True)
class Rehearsed:
    """The whole route for one unit."""

    unit: Office
    stages: Sequence[Staged]
    findings: Sequence[Finding]

    @property
    def is_dead_end(self) -> bool:
        return any(one.is_dead_end for one in self.findings)


def rehearse(
    stages: Sequence[StageSpec], cases: Iterable[Case], directory: Directory
) -> list[Rehearsed]:
    """The route for each case, in their order."""
    return [_rehearse(stages, case, directory) for case in cases]


def _rehearse(stages: Sequence[StageSpec], case: Case, directory: Directory) -> Rehearsed:
    staged = [_stage(spec, place, case, directory) for place, spec in enumerate(stages, 1)]
    submitters = case.submitters or _submitters(case, directory)
    findings = [
        finding
        for spec, one in zip(stages, staged, strict=True)
        for finding in _findings(spec, one, case, submitters, directory)
    ]
    return Rehearsed(directory.units[case.lead], staged, [*findings, *_across(stages, staged)])


def _submitters(case: Case, directory: Directory) -> frozenset[UUID]:
    seats = directory.seats.get((case.lead, SUBMITS), ())
    return frozenset(seat.person for seat in seats if seat.person)


def _stage(spec: StageSpec, position: int, case: Case, directory: Directory) -> Staged:
    if not _applies(spec, case, directory):
        return Staged(position, [], skipped=True)
    return Staged(position, _seats(spec.approvers, case, directory))


def _applies(spec: StageSpec, case: Case, directory: Directory) -> bool:
    """A condition on what isn't known yet is taken to hold."""
    condition = spec.condition or {}
    kinds = condition.get("unit_kinds")
    if kinds and directory.units[case.lead].kind not in kinds:
        return False
    plans = condition.get("plans")
    if plans and case.plan is not None and case.plan not in plans:
        return False
    only_partners = all(one["select"] == "post_of_each_cooperating" for one in spec.approvers)
    return not (only_partners and spec.approvers and case.cooperating == ())


def _seats(selectors: Sequence[Selector], case: Case, directory: Directory) -> list[Seat]:
    found: dict[tuple[UUID | None, UUID | None], Seat] = {}
    for selector in selectors:
        for seat in _selected(selector, case, directory):
            key = (seat.post, None if seat.post else seat.person)
            found.setdefault(key, replace(seat, weight=selector.get("weight", 1)))
    return list(found.values())


def _selected(selector: Selector, case: Case, directory: Directory) -> Iterator[Seat]:
    if selector["select"] == "person":
        named = UUID(str(selector["person"]))
        name = directory.people.get(named, "")
        yield Seat(None, "", named if name else None, name)
        return
    role = str(selector.get("role"))
    for unit in _units(selector, case, directory):
        if person := case.named.get((unit, role)):
            yield Seat(None, "", person, directory.people.get(person, ""))
        elif role in DECIDING_ROLES:
            yield from directory.seats.get((unit, role), ())


def _units(selector: Selector, case: Case, directory: Directory) -> Iterable[UUID]:
    match selector["select"]:
        case "post":
            found: Iterable[UUID | None] = [UUID(str(selector["unit"]))]
        case "post_of_lead":
            found = [case.lead]
        case "post_of_each_cooperating":
            found = case.cooperating or ()
        case "post_of_coordinating":
            found = [case.coordinating]
        case "post_of_reviewing":
            found = [case.reviewing]
        case "post_of_superior":
            found = [_above(case.lead, selector.get("levels", 1), directory)]
        case _:
            found = []
    return [one for one in found if one in directory.units]  # type: ignore[misc]


def _above(unit: UUID, levels: int, directory: Directory) -> UUID | None:
    above: UUID | None = unit
    for _ in range(levels):
        known = directory.units.get(above) if above else None
        above = known.parent if known else None
    return above


def _depends(asked: Iterable[Selector], case: Case) -> bool:
    """Whether only the task itself will tell all of those who are asked."""
    unknown = {"chosen_by_submitter"}
    unknown |= {"post_of_each_cooperating"} if case.cooperating is None else set()
    unknown |= {"post_of_coordinating"} if case.coordinating is None else set()
    unknown |= {"post_of_reviewing"} if case.reviewing is None else set()
    return any(one["select"] in unknown for one in asked)


def _nobody_to_choose(
    spec: StageSpec, case: Case, submitters: frozenset[UUID], directory: Directory
) -> Code | None:
    """Why the submitter could choose nobody, where nobody else is asked."""
    among = [one["from"] for one in spec.approvers if "from" in one]
    if len(among) < len(spec.approvers) or _depends(among, case):
        return None
    seats = _seats(among, case, directory)
    return _dead_end(replace(spec, rule="any"), seats, submitters)


def _findings(
    spec: StageSpec,
    staged: Staged,
    case: Case,
    submitters: frozenset[UUID],
    directory: Directory,
) -> Iterator[Finding]:
    if staged.skipped:
        return
    if _depends(spec.approvers, case):
        code = None if spec.fallback else _nobody_to_choose(spec, case, submitters, directory)
        yield Finding(code or "depends", staged.position)
        return
    if code := _dead_end(spec, staged.seats, submitters):
        others = _seats(spec.fallback, case, directory)
        if not spec.fallback or _dead_end(spec, others, submitters):
            yield Finding(code, staged.position, [seat.title for seat in staged.seats])
            return
    yield from _overlaps(staged)
    yield from _unarmed(spec, staged, directory)


def _unarmed(spec: StageSpec, staged: Staged, directory: Directory) -> Iterator[Finding]:
    """Those who couldn't sign until they set up a passkey; they can do that at any time."""
    if spec.evidence != PERSONAL:
        return
    people = {seat.person: seat.name for seat in staged.seats if seat.person}
    if without := [name for person, name in people.items() if person not in directory.signers]:
        yield Finding("no_passkey", staged.position, without)


def _dead_end(spec: StageSpec, seats: Sequence[Seat], submitters: frozenset[UUID]) -> Code | None:
    """Why the stage couldn't be passed, nor even returned, by anybody but the submitter."""
    if not seats:
        return "no_post" if spec.approvers else "asks_nobody"
    able: set[UUID] = set().union(*(seat.able for seat in seats))
    if not able:
        return "vacant"
    if not any(_free(seat, submitters) for seat in seats):
        return "only_submitter"
    if _reach(spec, seats, submitters) >= _needed(spec, seats):
        return None
    return "vacant" if any(not seat.able for seat in seats) else "out_of_reach"


def _reach(spec: StageSpec, seats: Sequence[Seat], submitters: frozenset[UUID]) -> int:
    """What approvals could come to, where each person fills one seat of the stage."""
    used: set[UUID] = set()
    reach = 0
    for seat in sorted(seats, key=lambda seat: (len(seat.able), -seat.weight)):
        if free := _free(seat, submitters) - used:
            # The holder before a stand-in, who may be needed for a seat of their own.
            used.add(seat.person if seat.person in free else min(free))
            reach += _weight(spec, seat)
    return reach


def _free(seat: Seat, submitters: frozenset[UUID]) -> frozenset[UUID]:
    """Who could decide on the seat; nobody acts for somebody whose own work it is."""
    return frozenset() if seat.person in submitters else seat.able - submitters


def _needed(spec: StageSpec, seats: Sequence[Seat]) -> int:
    if spec.refusal == "advice" or spec.rule == "any":
        return 1
    if spec.rule == "all":
        return len(seats)
    if spec.quorum_number is not None:
        return spec.quorum_number
    total = sum(_weight(spec, seat) for seat in seats)
    return max(1, -(-(spec.quorum_percent or 0) * total // 100))


def _weight(spec: StageSpec, seat: Seat) -> int:
    return seat.weight if spec.rule == "quorum" else 1


def _overlaps(staged: Staged) -> Iterator[Finding]:
    held: dict[UUID, int] = {}
    for seat in staged.seats:
        if seat.person:
            held[seat.person] = held.get(seat.person, 0) + 1
    names = {seat.person: seat.name for seat in staged.seats}
    if several := [names[person] for person, count in held.items() if count > 1]:
        yield Finding("one_person_several_seats", staged.position, several)


def _across(stages: Sequence[StageSpec], staged: Sequence[Staged]) -> Iterator[Finding]:
    """The same person at two stages: next to each other, or in another duty further on."""
    before: dict[UUID, int] = {}
    previous = 0
    for spec, one in zip(stages, staged, strict=True):
        if one.skipped or not one.seats:
            continue
        again = {seat.person: seat.name for seat in one.seats if seat.person in before}
        if again and spec.repeat_signer == "ask":
            near = [name for person, name in again.items() if before[person] == previous]
            far = [name for person, name in again.items() if before[person] != previous]
            if near:
                yield Finding("twice_in_a_row", one.position, near)
            if far:
                yield Finding("several_duties", one.position, far)
        before |= {seat.person: one.position for seat in one.seats if seat.person}
        previous = one.position


def signers(rehearsed: Rehearsed) -> list[tuple[str, ...]]:
    """Who would sign, stage by stage that is not skipped: to compare two versions."""
    return [
        tuple(sorted(seat.name or seat.title for seat in one.seats))
        for one in rehearsed.stages
        if not one.skipped
    ]
