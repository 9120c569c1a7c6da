"""What a sheet would change in the directory. Pure: rows and what is known in, changes out.

A sheet adds and changes; what it doesn't mention stays. Units come before the posts in them, posts
before the people who hold them, superiors before what lies below them.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from audit.canonical import encode
from directory.sheets import Problem, Row, gettext_noop

Place = tuple[str, str]
"""A post: the unit's name and the title."""


@dataclass(frozen=True)
class KnownUnit:
    kind: str
    parent: str = ""
    aliases: tuple[str, ...] = ()
    groups: frozenset[str] = frozenset()
    abolished: bool = False


@dataclass(frozen=True)
class KnownPerson:
    name: str
    email: str = ""
    active: bool = True


@dataclass(frozen=True)
class Known:
    """The directory by names. `foreign`: accounts of other organisations."""

    units: Mapping[str, KnownUnit] = field(default_factory=dict)
    groups: frozenset[str] = frozenset()
    posts: Mapping[Place, str] = field(default_factory=dict)
    people: Mapping[str, KnownPerson] = field(default_factory=dict)
    holders: Mapping[Place, str] = field(default_factory=dict)
    foreign: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Change:
    """One thing to do. `kind` names it (`unit.added`), `before` is what stands there now."""

    kind: str
    row: int
    name: str
    values: Mapping[str, Any]
    before: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Difference:
    changes: list[Change]
    problems: list[Problem]

    @property
    def fingerprint(self) -> str:
        """What a preview showed, in 64 characters: importing does this and nothing else."""
        return hashlib.sha256(
            encode([[one.kind, one.name, one.values, one.before] for one in self.changes])
        ).hexdigest()


def compare(rows: Iterable[Row], known: Known) -> Difference:
    """What the rows would change, in the order of doing it, and what is wrong with them."""
    comparison = _Comparison(list(rows), known)
    changes = [
        *comparison.units(),
        *comparison.groups(),
        *comparison.posts(),
        *comparison.people(),
        *comparison.appointments(),
    ]
    return Difference(changes, sorted(comparison.problems, key=lambda problem: problem.row))


class _Comparison:
    def __init__(self, rows: list[Row], known: Known) -> None:
        self.rows = rows
        self.known = known
        self.problems: list[Problem] = []
        self.wanted = self._merge()

    def units(self) -> Iterator[Change]:
        for name in self._superiors_first():
            row, wanted = self.wanted[name]
            if name not in self.known.units:
                values = {"kind": wanted.kind or "other", "parent": wanted.parent}
                yield Change("unit.added", row, name, {**values, "aliases": wanted.aliases})
            else:
                values, before = _altered(wanted, self.known.units[name])
                if values:
                    yield Change("unit.changed", row, name, values, before)

    def groups(self) -> Iterator[Change]:
        joining: dict[str, list[str]] = {}
        rows: dict[str, int] = {}
        for name, (row, wanted) in self.wanted.items():
            present = self.known.units[name].groups if name in self.known.units else frozenset()
            for group in sorted(wanted.groups - present):
                joining.setdefault(group, []).append(name)
                rows.setdefault(group, row)
        for group, units in joining.items():
            kind = "group.extended" if group in self.known.groups else "group.added"
            yield Change(kind, rows[group], group, {"units": tuple(units)})

    def posts(self) -> Iterator[Change]:
        seen: dict[Place, int] = {}
        for row in (row for row in self.rows if row.post):
            place = (row.unit, row.post)
            if place in seen:
                self._complain(
                    row.number,
                    gettext_noop("The post “%(post)s” stands in row %(other)s already."),
                    post=row.post,
                    other=seen[place],
                )
                continue
            seen[place] = row.number
            yield from self._post(row, self.known.posts.get(place))

    def _post(self, row: Row, role: str | None) -> Iterator[Change]:
        if role is None and not row.role:
            self._complain(
                row.number,
                gettext_noop("The post “%(post)s” is new, so it needs a role."),
                post=row.post,
            )
        elif role is None:
            yield Change("post.added", row.number, row.post, {"unit": row.unit, "role": row.role})
        elif row.role and row.role != role:
            self._complain(
                row.number,
                gettext_noop(
                    "The post “%(post)s” has another role. Abolish it and name a new one."
                ),
                post=row.post,
            )

    def people(self) -> Iterator[Change]:
        seen: dict[str, Row] = {}
        for row in (row for row in self.rows if row.account):
            first = seen.setdefault(row.account, row)
            if first.name != row.name:
                self._complain(
                    row.number,
                    gettext_noop("The account “%(account)s” is %(name)s in row %(other)s."),
                    account=row.account,
                    name=first.name,
                    other=first.number,
                )
            elif first is row:
                yield from self._person(row)

    def _person(self, row: Row) -> Iterator[Change]:
        person = self.known.people.get(row.account)
        if row.account in self.known.foreign:
            self._complain(
                row.number,
                gettext_noop("The account name “%(account)s” is taken. Choose another one."),
                account=row.account,
            )
        elif person is None:
            values = {"account": row.account, "email": row.email}
            yield Change("person.added", row.number, row.name, values)
        elif not person.active:
            self._complain(
                row.number,
                gettext_noop("The account “%(account)s” has been deactivated."),
                account=row.account,
            )
        else:
            if person.name != row.name:
                before = {"name": person.name}
                values = {"account": row.account}
                yield Change("person.renamed", row.number, row.name, values, before)
            if row.email and person.email != row.email:
                values = {"account": row.account, "email": row.email}
                before = {"email": person.email}
                yield Change("person.readdressed", row.number, row.name, values, before)

    def appointments(self) -> Iterator[Change]:
        for row in (row for row in self.rows if row.post and row.account):
            account = self.known.holders.get((row.unit, row.post))
            if account == row.account:
                continue
            values = {"account": row.account, "unit": row.unit, "post": row.post}
            if account is None:
                yield Change("appointment.made", row.number, row.name, values)
            else:
                before = {"name": self.known.people[account].name}
                yield Change("appointment.replaced", row.number, row.name, values, before)

    def _merge(self) -> dict[str, tuple[int, KnownUnit]]:
        """What all rows of a unit say of it together, with the first row that names it."""
        merged: dict[str, tuple[int, KnownUnit]] = {}
        for row in self.rows:
            first, unit = merged.get(row.unit, (row.number, KnownUnit(kind="")))
            for column in ("kind", "parent"):
                said, says = getattr(unit, column), getattr(row, column)
                if said and says and said != says:
                    self._complain(
                        row.number,
                        gettext_noop(
                            "“%(unit)s” is described differently in row %(other)s: “%(value)s”."
                        ),
                        unit=row.unit,
                        other=first,
                        value=said,
                    )
            merged[row.unit] = (
                first,
                KnownUnit(
                    kind=unit.kind or row.kind,
                    parent=unit.parent or row.parent,
                    aliases=tuple(dict.fromkeys((*unit.aliases, *row.aliases))),
                    groups=unit.groups | frozenset(row.groups),
                ),
            )
        self._check_units(merged)
        return merged

    def _check_units(self, merged: Mapping[str, tuple[int, KnownUnit]]) -> None:
        for name, (row, unit) in merged.items():
            known = self.known.units.get(name)
            if known and known.abolished:
                self._complain(
                    row,
                    gettext_noop("“%(unit)s” has been abolished. Give the new one another name."),
                    unit=name,
                )
            if unit.parent and unit.parent not in merged and unit.parent not in self.known.units:
                self._complain(
                    row,
                    gettext_noop("The superior unit “%(unit)s” is not in the directory."),
                    unit=unit.parent,
                )

    def _superiors_first(self) -> list[str]:
        order: dict[str, None] = {}
        for first, (row, _unit) in self.wanted.items():
            above: list[str] = []
            name = first
            while name and name not in order and name not in above:
                above.append(name)
                name = self._parent(name)
            if name in above:
                self._complain(row, gettext_noop("“%(unit)s” would lie below itself."), unit=first)
            order.update(dict.fromkeys(reversed(above)))
        return [name for name in order if name in self.wanted]

    def _parent(self, name: str) -> str:
        """The superior that a unit will have; empty at the top, and where nothing is known."""
        known = self.known.units.get(name)
        wanted = self.wanted.get(name)
        return (wanted[1].parent if wanted else "") or (known.parent if known else "")

    def _complain(self, row: int, sentence: str, **params: Any) -> None:
        self.problems.append(Problem(row, sentence, params))


def _altered(wanted: KnownUnit, known: KnownUnit) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values of a unit that differ, now and before; aliases are added to, never taken away."""
    values: dict[str, Any] = {}
    for column in ("kind", "parent"):
        value = getattr(wanted, column)
        if value and value != getattr(known, column):
            values[column] = value
    aliases = tuple(dict.fromkeys((*known.aliases, *wanted.aliases)))
    if aliases != known.aliases:
        values["aliases"] = aliases
    return values, {column: getattr(known, column) for column in values}
