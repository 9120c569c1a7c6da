"""What the directory's pages show."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from directory.models import (
    Appointment,
    CalendarDay,
    Delegation,
    Passkey,
    Person,
    Post,
    Unit,
    UnitGroup,
)
from directory.queries.holdings import Holding, appointments, holders, holdings, in_force
from directory.queries.passkeys import passkeys_of


@dataclass(frozen=True)
class Seat:
    """A post as the pages show it: with its holder, if it has one."""

    post: Post
    holder: Person | None
    appointment: Appointment | None = None


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


def groups(organisation_id: UUID) -> list[UnitGroup]:
    """The organisation's groups with their members. Two queries."""
    members = Unit.objects.filter(abolished_at=None)
    found = UnitGroup.objects.filter(organisation_id=organisation_id)
    return list(found.prefetch_related(Prefetch("units", queryset=members)))


@dataclass(frozen=True)
class UnitPage:
    """A unit with what belongs to it. `seats` carry the appointment that runs, if one does."""

    unit: Unit
    children: list[Unit]
    groups: list[UnitGroup]
    seats: list[Seat]
    former: list[Appointment]


def unit_page(unit: Unit, at: datetime) -> UnitPage:
    """Five queries, whatever the size of the unit."""
    posts = list(unit.posts.filter(abolished_at=None).order_by("title"))
    all_of_unit = Appointment.objects.filter(post__unit=unit).select_related("person", "post")
    running = {one.post_id: one for one in all_of_unit.filter(in_force(at))}
    return UnitPage(
        unit=unit,
        children=list(unit.children.filter(abolished_at=None)),
        groups=list(unit.groups.all()),
        seats=sorted(
            (
                Seat(post, one.person if (one := running.get(post.pk)) else None, one)
                for post in posts
            ),
            key=_by_rank,
        ),
        former=list(all_of_unit.filter(ends_at__lte=at).order_by("-ends_at")[:50]),
    )


@dataclass(frozen=True)
class PersonPage:
    person: Person
    held: list[Holding]
    appointments: list[Appointment]
    given: list[Delegation]
    passkeys: list[Passkey]


def person_page(person: Person, at: datetime) -> PersonPage:
    return PersonPage(
        person=person,
        held=holdings(person, at),
        appointments=list(person.appointments.select_related("post__unit")),
        given=list(_delegations(at).filter(principal=person)),
        passkeys=passkeys_of(person),
    )


def people(organisation_id: UUID, words: str = "") -> QuerySet[Person]:
    """Everybody of the organisation, or those whose name, pinyin or account has these words."""
    found = Person.objects.filter(organisation_id=organisation_id)
    if words := words.strip():
        found = found.filter(
            Q(name__icontains=words)
            | Q(pinyin__startswith=words.lower().replace(" ", ""))
            | Q(username__istartswith=words)
        )
    return found.order_by("-is_active", "pinyin", "pk")


def posts_of(people: Iterable[Person], at: datetime) -> dict[UUID, list[Post]]:
    """The posts each of these people holds. One query."""
    held: dict[UUID, list[Post]] = {}
    for appointment in appointments(at).filter(person__in=list(people)):
        held.setdefault(appointment.person_id, []).append(appointment.post)
    return held


@dataclass(frozen=True)
class DelegationsPage:
    """One's delegations that have not ended; `may_give`: there is a post of one's own."""

    given: list[Delegation]
    received: list[Delegation]
    past: list[Delegation]
    may_give: bool


def delegations_page(person: Person, at: datetime) -> DelegationsPage:
    mine = Delegation.objects.filter(Q(principal=person) | Q(delegate=person))
    over = mine.filter(Q(ends_at__lte=at) | Q(revoked_at__isnull=False))
    return DelegationsPage(
        given=list(_delegations(at).filter(principal=person)),
        received=list(_delegations(at).filter(delegate=person)),
        past=list(over.select_related("principal", "delegate", "post__unit")[:20]),
        may_give=appointments(at).filter(person=person).exists(),
    )


def _delegations(at: datetime) -> QuerySet[Delegation]:
    """Those that run or will run."""
    return Delegation.objects.filter(ends_at__gt=at, revoked_at=None).select_related(
        "principal", "delegate", "post__unit"
    )


def calendar_days(organisation_id: UUID, year: int) -> list[CalendarDay]:
    return list(CalendarDay.objects.filter(organisation_id=organisation_id, date__year=year))
