"""The whole directory at once: for the plan importer, for sheets that change it, for export."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from directory import sheets
from directory.differences import Difference, Known, KnownPerson, KnownUnit, compare
from directory.models import Person, Post, Unit, UnitGroup
from directory.queries.holdings import holders
from directory.sheets import Row


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


def as_sheet(organisation_id: UUID, at: datetime, *, english: bool = False) -> bytes:
    """The directory as an .xlsx sheet that could be imported again."""
    rows = list(_lines(organisation_id, at, english=english))
    return sheets.write(rows, english=english)


def _lines(organisation_id: UUID, at: datetime, *, english: bool) -> Iterator[dict[str, str]]:
    units = Unit.objects.filter(organisation_id=organisation_id, abolished_at=None)
    found = list(units.select_related("parent").prefetch_related("groups", "posts"))
    held = holders([post for unit in found for post in unit.posts.all()], at)
    for unit in found:
        line = {
            "unit": unit.name,
            "kind": sheets.word(sheets.KINDS, unit.kind, english=english),
            "parent": unit.parent.name if unit.parent else "",
            "aliases": "、".join(unit.aliases),
            "groups": "、".join(group.name for group in unit.groups.all()),
        }
        for post in [post for post in unit.posts.all() if not post.abolished_at] or [None]:
            holder = held.get(post.pk) if post else None
            yield {
                **line,
                "post": post.title if post else "",
                "role": sheets.word(sheets.ROLES, post.role, english=english) if post else "",
                "name": holder.name if holder else "",
                "account": holder.username if holder else "",
                "email": holder.email if holder else "",
            }
            line = {"unit": unit.name}
