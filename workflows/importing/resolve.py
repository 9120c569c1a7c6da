"""Printed names → directory entries: exact, alias, completed prefix; anything else is a suggestion.

Nothing is guessed: similarity only orders the suggestions a person chooses from.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from .folding import fold, squeeze

How = Literal["exact", "alias", "prefix"]

MAX_SUGGESTIONS = 3
MIN_SIMILARITY = 0.2
_PREFIX = re.compile(
    r"^(?:国家|中央|自治区|自治州|[省市区县州旗](?:委|政府)?(?!局|厅|部|办|公安|教育))"
)


@dataclass(frozen=True, slots=True)
class DirectoryUnit:
    """A unit as the directory knows it. `level` is its own level's prefix, such as 市 or 区."""

    id: str
    name: str
    aliases: tuple[str, ...] = ()
    level: str = ""


@dataclass(frozen=True, slots=True)
class DirectoryGroup:
    """A named group, such as 各街道, with its members on the day the snapshot was taken."""

    id: str
    name: str
    aliases: tuple[str, ...] = ()
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DirectorySnapshot:
    """What the importer may know of the directory. `prefixes` may precede any unit: 区, 高新区."""

    units: tuple[DirectoryUnit, ...] = ()
    groups: tuple[DirectoryGroup, ...] = ()
    prefixes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> DirectorySnapshot:
        return cls(
            tuple(
                DirectoryUnit(u["id"], u["name"], tuple(u["aliases"]), u["level"])
                for u in data["units"]
            ),
            tuple(
                DirectoryGroup(g["id"], g["name"], tuple(g["aliases"]), tuple(g["members"]))
                for g in data["groups"]
            ),
            tuple(data["prefixes"]),
        )


@dataclass(frozen=True, slots=True)
class Resolution:
    """`resolved` only for a single certain answer; `ambiguous` when an alias fits several."""

    resolved: str | None = None
    how: How | None = None
    suggestions: tuple[str, ...] = ()
    ambiguous: bool = False


class Resolver:
    """Looks names up; results are cached, so a name costs its search once."""

    def __init__(self, directory: DirectorySnapshot) -> None:
        self._units = _Index(directory.units)
        self._groups = _Index(directory.groups)
        levels = {unit.level for unit in directory.units if unit.level}
        self._prefixes = tuple(sorted({*directory.prefixes, *levels}, key=len, reverse=True))
        self._names = {unit.id: unit.name for unit in directory.units}
        self._cache: dict[tuple[str, str, str], Resolution] = {}

    def unit(self, text: str, before: str = "") -> Resolution:
        """Resolve a unit; `before` is the name printed before it, whose level carries along."""
        name = spelling(text)
        carried = _prefix_of(spelling(before))
        key = ("unit", name, carried)
        if key not in self._cache:
            self._cache[key] = self._units.find(name, self._completions(name, carried))
        return self._cache[key]

    def group(self, text: str) -> Resolution:
        """Resolve a group by name or alias only."""
        name = spelling(text)
        key = ("group", name, "")
        if key not in self._cache:
            self._cache[key] = self._groups.find(name, ())
        return self._cache[key]

    def named_in(self, text: str) -> tuple[str, ...]:
        """Units whose full name or alias occurs in a short stretch of text."""
        return self._units.contained(spelling(text))

    def name_of(self, unit: str) -> str:
        return self._names[unit]

    def _completions(self, name: str, carried: str) -> Iterable[str]:
        for prefix in dict.fromkeys((carried, carried[:1], *self._prefixes)):
            if not prefix:
                continue
            yield prefix + name
            if name.startswith(prefix) and len(name) > len(prefix) + 1:
                rest = name[len(prefix) :]
                yield rest
                # 云岭市教育局 → 市教育局: the same level, written shorter.
                yield from (p + rest for p in self._prefixes if prefix.endswith(p))


class _Index:
    def __init__(self, entries: Sequence[DirectoryUnit | DirectoryGroup]) -> None:
        self._names: dict[str, set[str]] = defaultdict(set)
        self._aliases: dict[str, set[str]] = defaultdict(set)
        for entry in entries:
            self._names[spelling(entry.name)].add(entry.id)
            for alias in entry.aliases:
                self._aliases[spelling(alias)].add(entry.id)
        self._grams = [
            (known, _grams(known), ids)
            for known, ids in [*self._names.items(), *self._aliases.items()]
        ]

    def find(self, name: str, completions: Iterable[str]) -> Resolution:
        for how, table in (("exact", self._names), ("alias", self._aliases)):
            if ids := table.get(name):
                return _certain(ids, "exact" if how == "exact" else "alias")
        completed: set[str] = set()
        for candidate in completions:
            completed |= self._names.get(candidate, set()) | self._aliases.get(candidate, set())
        if completed:
            return _certain(completed, "prefix")
        return Resolution(suggestions=self._similar(name))

    def contained(self, text: str) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for table in (self._names, self._aliases):
            for known, ids in table.items():
                if len(known) >= 3 and len(ids) == 1 and known in text:
                    found[next(iter(ids))] = None
        return tuple(found)

    def _similar(self, name: str) -> tuple[str, ...]:
        grams = _grams(name)
        scores: dict[str, float] = {}
        for known, known_grams, ids in self._grams:
            score = _similarity(name, grams, known, known_grams)
            for entry in ids:
                scores[entry] = max(score, scores.get(entry, 0.0))
        ranked = sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))
        return tuple(entry for entry, score in ranked if score >= MIN_SIMILARITY)[:MAX_SUGGESTIONS]


def spelling(name: str) -> str:
    """One spelling for comparison: folded, without white space."""
    return squeeze(fold(name))


def _certain(ids: set[str], how: How) -> Resolution:
    if len(ids) == 1:
        return Resolution(next(iter(ids)), how)
    return Resolution(suggestions=tuple(sorted(ids)), ambiguous=True)


def _prefix_of(name: str) -> str:
    match = _PREFIX.match(name)
    return match[0] if match else ""


def _grams(text: str) -> set[str]:
    return {text[i : i + 2] for i in range(len(text) - 1)} or {text}


def _similarity(a: str, grams_a: set[str], b: str, grams_b: set[str]) -> float:
    """Shared pairs of characters; an abbreviation keeps its characters in order."""
    dice = 2 * len(grams_a & grams_b) / (len(grams_a) + len(grams_b))
    short, long = sorted((a, b), key=len)
    if len(short) >= 3 and _in_order(short, long):
        return max(dice, 0.5 + 0.5 * len(short) / len(long))
    return dice


def _in_order(short: str, long: str) -> bool:
    rest = iter(long)
    return all(char in rest for char in short)
