"""What the directory's pages show."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Prefetch

from directory.models import Person, Post, Unit
from directory.queries.holdings import holders


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
