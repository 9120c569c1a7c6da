"""Reading the directory: who holds what, who stands in for whom, which days are worked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from directory.calendar import WorkingDays
from directory.differences import Difference, Known, KnownPerson, KnownUnit, compare
from directory.models import (
    Appointment,
    CalendarDay,
    Delegation,
    Person,
    Post,
    Unit,
    UnitGroup,
)
from directory.sheets import Row


@dataclass(frozen=True)
class Holding:
    """A post that a person may act in: their own, or by `delegation` that of `acting_for`."""

    post: Post
    acting_for: Person | None = None
    delegation: Delegation | None = None

    @property
    def unit(self) -> Unit:
        return self.post.unit

    @property
    def role(self) -> str:
        return self.post.role

    @property
    def capacity(self) -> dict[str, Any]:
        """How a ledger entry names the post."""
        return {
            "post": self.post.pk,
            "title": self.post.title,
            "unit": self.post.unit_id,
            "unit_name": self.post.unit.name,
        }


def in_force(at: datetime, prefix: str = "") -> Q:
    """The condition that an appointment's or a delegation's period holds `at`."""
    return Q(**{f"{prefix}starts_at__lte": at}) & (
        Q(**{f"{prefix}ends_at__isnull": True}) | Q(**{f"{prefix}ends_at__gt": at})
    )


def holdings(person: Person, at: datetime) -> list[Holding]:
    """The posts a person may act in at a time, own ones first; delegations make no chains.

    Two queries, three where something was delegated.
    """
    if not person.is_active:
        return []
    own = _appointments(at).filter(person=person)
    given = delegations_to(person, at)
    lent: dict[UUID, list[Post]] = {one.principal_id: [] for one in given}
    for appointment in _appointments(at).filter(person__in=lent) if lent else ():
        lent[appointment.person_id].append(appointment.post)
    return [Holding(appointment.post) for appointment in own] + [
        Holding(post, acting_for=one.principal, delegation=one)
        for one in given
        for post in lent[one.principal_id]
        if one.post_id in (None, post.pk)
    ]


def roles_of(person: Person, at: datetime) -> frozenset[str]:
    """The roles among a person's holdings: what `policy` asks for."""
    return frozenset(holding.role for holding in holdings(person, at))


def units_of(person: Person, at: datetime) -> list[Unit]:
    """The units in which a person may act, each once."""
    return list({holding.unit.pk: holding.unit for holding in holdings(person, at)}.values())


def holder(post: Post, at: datetime) -> Person | None:
    return holders([post], at).get(post.pk)


def holders(posts: Iterable[Post | UUID], at: datetime) -> dict[UUID, Person]:
    """The active holder of each post by the post's id; a vacant post is missing. One query."""
    wanted = [post.pk if isinstance(post, Post) else post for post in posts]
    found = _appointments(at).filter(post__in=wanted)
    return {appointment.post_id: appointment.person for appointment in found}


def delegations_to(person: Person, at: datetime) -> list[Delegation]:
    """The delegations under which a person may act for somebody who is still active."""
    return list(
        Delegation.objects.filter(in_force(at), delegate=person, principal__is_active=True)
        .exclude(revoked_at__lte=at)
        .select_related("principal", "post")
    )


def _appointments(at: datetime) -> QuerySet[Appointment]:
    return (
        Appointment.objects.filter(
            in_force(at), post__abolished_at__isnull=True, person__is_active=True
        )
        .select_related("post__unit", "person")
        .order_by("post__unit__pinyin", "post__title")
    )


# Working days


def working_days(organisation_id: UUID) -> WorkingDays:
    """The organisation's calendar. One query; keep it for the length of a request."""
    days = CalendarDay.objects.filter(organisation_id=organisation_id)
    return WorkingDays(dict(days.values_list("date", "is_working")))


def working_days_between(organisation_id: UUID, first: date, last: date) -> int:
    """Working days after `first` up to and with `last`; negative when `last` is past."""
    return working_days(organisation_id).between(first, last)


# The whole directory


def snapshot(organisation_id: UUID) -> dict[str, Any]:
    """Units and groups as the importer's `DirectorySnapshot.from_dict` takes them."""
    units = Unit.objects.filter(organisation_id=organisation_id, abolished_at=None)
    groups = UnitGroup.objects.filter(organisation_id=organisation_id).prefetch_related("members")
    return {
        "units": [
            {"id": str(unit.pk), "name": unit.name, "aliases": unit.aliases, "level": ""}
            for unit in units
        ],
        "groups": [
            {
                "id": str(group.pk),
                "name": group.name,
                "aliases": group.aliases,
                "members": [str(member.unit_id) for member in group.members.all()],
            }
            for group in groups
        ],
        "prefixes": [],
    }


@dataclass(frozen=True)
class Seat:
    """A post as the pages show it: with its holder, if it has one."""

    post: Post
    holder: Person | None


@dataclass(frozen=True)
class Branch:
    """A unit of the tree with its depth (0 at the top) and its seats."""

    unit: Unit
    depth: int
    seats: list[Seat]


def tree(organisation_id: UUID, at: datetime) -> list[Branch]:
    """The units that exist, each below its parent, siblings by pinyin. Three queries."""
    posts = Post.objects.filter(abolished_at=None).order_by("title")
    units = Unit.objects.filter(organisation_id=organisation_id, abolished_at=None)
    found = list(units.prefetch_related(Prefetch("posts", queryset=posts)))
    held = holders([post for unit in found for post in unit.posts.all()], at)
    known = {unit.pk for unit in found}
    below: dict[UUID | None, list[Unit]] = {}
    for unit in found:
        below.setdefault(unit.parent_id if unit.parent_id in known else None, []).append(unit)
    return list(_walk(below, None, 0, held))


def _walk(
    below: dict[UUID | None, list[Unit]], parent: UUID | None, depth: int, held: dict[UUID, Person]
) -> Iterable[Branch]:
    for unit in below.get(parent, ()):
        seats = [Seat(post, held.get(post.pk)) for post in unit.posts.all()]
        yield Branch(unit, depth, sorted(seats, key=_by_rank))
        yield from _walk(below, unit.pk, depth + 1, held)


RANKS = {role: rank for rank, role in enumerate(reversed(Post.Role.values[:3]))}


def _by_rank(seat: Seat) -> tuple[int, str]:
    """Principal, deputy, handler, then the posts that review or look after others."""
    return RANKS.get(seat.post.role, len(RANKS)), seat.post.title


def preview(organisation_id: UUID, rows: Sequence[Row], at: datetime) -> Difference:
    """What importing a sheet's rows would change now, and what is wrong with them."""
    return compare(rows, _known(organisation_id, [row.account for row in rows], at))


def _known(organisation_id: UUID, accounts: Iterable[str], at: datetime) -> Known:
    """The directory as a sheet is compared with; `accounts` are those that the sheet names."""
    units = list(Unit.objects.filter(organisation_id=organisation_id).prefetch_related("groups"))
    names = {unit.pk: unit.name for unit in units}
    posts = list(Post.objects.filter(organisation_id=organisation_id, abolished_at=None))
    places = {post.pk: (names[post.unit_id], post.title) for post in posts}
    people = Person.objects.filter(organisation_id=organisation_id)
    foreign = Person.objects.filter(username__in=set(accounts)).exclude(
        organisation_id=organisation_id
    )
    return Known(
        units={
            unit.name: KnownUnit(
                kind=unit.kind,
                parent=names.get(unit.parent_id, ""),
                aliases=tuple(unit.aliases),
                groups=frozenset(group.name for group in unit.groups.all()),
                abolished=unit.abolished_at is not None,
            )
            for unit in units
        },
        groups=frozenset(
            UnitGroup.objects.filter(organisation_id=organisation_id).values_list("name", flat=True)
        ),
        posts={places[post.pk]: post.role for post in posts},
        people={
            one.username: KnownPerson(one.name, one.email, active=one.is_active) for one in people
        },
        holders={
            places[post_id]: person.username for post_id, person in holders(places, at).items()
        },
        foreign=frozenset(foreign.values_list("username", flat=True)),
    )
