"""What a version of a route changes against another, stage by stage. Pure.

A stage is the same one if it has the same name, or else asks the same signers, or else stands
between the same neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from approvals.routes.specs import StageSpec

Kind = Literal["added", "removed", "changed", "moved", "same"]


@dataclass(frozen=True)
class Aspect:
    """One thing a stage says, before and after; one of them is empty where it came or went."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Change:
    """What became of a stage. Positions count from 1, 0 where there is none."""

    kind: Kind
    name: str
    position: int
    was: int
    aspects: Sequence[Aspect] = ()


Spoken = Callable[[Sequence[StageSpec], int], Mapping[str, str]]
"""What the stage at a position says, by the label of each thing it says."""


def compare(old: Sequence[StageSpec], new: Sequence[StageSpec], spoken: Spoken) -> list[Change]:
    """The new version's stages in order, then those that are gone."""
    pairs = _pairs(old, new)
    came = [pairs[position] for position in sorted(pairs)]
    in_order = set(_longest_rising(came))
    changes = []
    for position, stage in enumerate(new, 1):
        was = pairs.get(position, 0)
        if not was:
            said = [Aspect(label, "", text) for label, text in spoken(new, position).items()]
            changes.append(Change("added", stage.name, position, 0, [a for a in said if a.after]))
            continue
        aspects = _aspects(spoken(old, was), spoken(new, position))
        kind: Kind = "changed" if aspects else "same" if was in in_order else "moved"
        changes.append(Change(kind, stage.name, position, was, aspects))
    gone = sorted(set(range(1, len(old) + 1)) - set(pairs.values()))
    return [*changes, *(Change("removed", old[was - 1].name, 0, was) for was in gone)]


def _aspects(before: Mapping[str, str], after: Mapping[str, str]) -> list[Aspect]:
    labels = [*after, *(label for label in before if label not in after)]
    return [
        Aspect(label, before.get(label, ""), after.get(label, ""))
        for label in labels
        if before.get(label, "") != after.get(label, "")
    ]


def _pairs(old: Sequence[StageSpec], new: Sequence[StageSpec]) -> dict[int, int]:
    """By position in the new version, that in the old one."""
    pairs: dict[int, int] = {}
    for key in (_by_name, _by_signers):
        free: dict[object, list[int]] = {}
        for was, stage in enumerate(old, 1):
            if was not in pairs.values():
                free.setdefault(key(stage), []).append(was)
        for position, stage in enumerate(new, 1):
            if position not in pairs and free.get(key(stage)):
                pairs[position] = free[key(stage)].pop(0)
    for position in range(1, len(new) + 1):
        was = pairs.get(position - 1, 0) + 1
        following = pairs.get(position + 1, len(old) + 1)
        if position in pairs or was in pairs.values():
            continue
        if was <= len(old) and was == following - 1:
            pairs[position] = was
    return pairs


def _by_name(stage: StageSpec) -> object:
    return stage.name.strip().casefold()


def _by_signers(stage: StageSpec) -> object:
    return repr(stage.plain["approvers"])


def _longest_rising(numbers: Sequence[int]) -> list[int]:
    """The longest part of these numbers that rises: what kept its order."""
    best: list[list[int]] = []
    for place, number in enumerate(numbers):
        before = [one for one in best[:place] if one[-1] < number]
        best.append([*max(before, key=len, default=[]), number])
    return max(best, key=len, default=[])
