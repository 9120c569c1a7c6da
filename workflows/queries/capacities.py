"""A person's posts, sorted by whom they act for: what a query asks about somebody's work."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from directory.models import Person
from directory.policy import WORKS
from directory.queries import Holding

NAMED = frozenset({"reviewer", "coordinator"})
"""Roles that carry out no tasks, unless their unit named the person for one."""


@dataclass(frozen=True)
class Capacity:
    """What a person may do as themselves, or for one `principal`."""

    person: UUID
    principal: UUID | None
    holdings: Sequence[Holding]

    @property
    def name(self) -> UUID:
        """Who is meant where somebody is asked by name."""
        return self.principal or self.person

    @property
    def by_name(self) -> bool:
        """Whether what is asked by name may be done: not under a delegation of single posts."""
        return self.principal is None or any(
            held.delegation and held.delegation.post_id is None for held in self.holdings
        )

    @property
    def people(self) -> list[UUID]:
        """Whose own work must not be judged in this capacity."""
        return [self.person, *([self.principal] if self.principal else [])]

    @property
    def posts(self) -> set[UUID]:
        return {held.post.pk for held in self.holdings}

    def units(self, roles: Iterable[str]) -> set[UUID]:
        return {held.post.unit_id for held in self.holdings if held.role in roles}


def capacities(person: Person, held: Iterable[Holding]) -> list[Capacity]:
    """The person's own capacity first, then one for each principal."""
    found: dict[UUID | None, list[Holding]] = {None: []}
    for one in held:
        found.setdefault(one.acting_for.pk if one.acting_for else None, []).append(one)
    return [Capacity(person.pk, principal, posts) for principal, posts in found.items()]


def units(found: Iterable[Capacity], roles: Iterable[str] = WORKS) -> set[UUID]:
    """The units in which any capacity has a post of these roles."""
    return {unit for one in found for unit in one.units(roles)}
