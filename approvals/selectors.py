"""Who is asked at a stage: selectors become seats.

A selector is a JSON object: `select` names its kind, `role` the posts it takes, `weight` (1) what
each counts in a quorum.

| select | also | seats |
| --- | --- | --- |
| post | unit, role | the unit's posts of that role |
| post_of_lead | role | of the lead unit |
| post_of_each_cooperating | role | of every cooperating unit |
| post_of_coordinating | role | of the coordinating unit |
| post_of_reviewing | role | of the unit that reviews |
| post_of_superior | role, levels (1) | of the unit that many levels above the lead unit |
| person | person | that person, whatever post they hold |
| chosen_by_submitter | from | those of the selector `from` whom the submitter chose |

Whom a unit named for this very subject goes before its posts of that role: their post if they hold
one of them, else they themselves.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from approvals.prepared import Statement, fetch_all
from approvals.subjects import Context
from audit.canonical import id_of_text
from directory.models import Appointment, Unit
from directory.policy import DECIDES
from directory.queries import in_force

SELECTS = (
    "post",
    "post_of_lead",
    "post_of_each_cooperating",
    "post_of_coordinating",
    "post_of_reviewing",
    "post_of_superior",
    "person",
    "chosen_by_submitter",
)


@dataclass(frozen=True)
class Chair:
    """A seat before it is numbered: on a post, or on a person."""

    post: UUID | None
    person: UUID | None
    weight: int = 1
    chosen: bool = False

    @property
    def id(self) -> UUID:
        """The post's or the person's."""
        found = self.post or self.person
        assert found is not None  # noqa: S101 a chair has one of them
        return found


@dataclass(frozen=True)
class Place:
    """Posts of one role in one unit, which a selector asked for."""

    unit: UUID
    role: str


Posted = tuple[UUID, UUID, str]
"""A post that isn't abolished, its unit and its role."""


def resolve(
    stages: Sequence[Sequence[Mapping[str, Any]]],
    context: Context,
    at: datetime,
    read: Sequence[Posted] = (),
) -> list[list[Chair]]:
    """The seats of each list of selectors, in their order and without repetition.

    Where the submitter chooses, all among whom they may: `taken` leaves those whom they chose. Two
    queries however many stages there are, and one a level for superior units; one less if all the
    units are among those whose posts were `read` under the same lock, by title and id.
    """
    above = _superiors(stages, context)
    wanted = {
        place
        for selectors in stages
        for selector in selectors
        for place in _places(selector, context, above)
    }
    posts = _posts(wanted, read)
    named = _named_posts(context, posts, at)
    return [_chairs(selectors, context, above, posts, named) for selectors in stages]


def taken(chairs: Iterable[Chair], chosen: Collection[UUID]) -> list[Chair]:
    """The chairs without those that the submitter might have chosen but did not."""
    return [one for one in chairs if not one.chosen or one.id in chosen]


def asks_cooperating_units_only(selectors: Iterable[Mapping[str, Any]]) -> bool:
    asked = [selector.get("from", selector) for selector in selectors]
    return all(one["select"] == "post_of_each_cooperating" for one in asked)


def _places(
    selector: Mapping[str, Any], context: Context, above: Mapping[int, UUID | None]
) -> list[Place]:
    units: Iterable[UUID | None]
    selector = selector.get("from", selector)
    match selector["select"]:
        case "post":
            units = [id_of_text(str(selector["unit"]))]
        case "post_of_lead":
            units = [context.lead_unit]
        case "post_of_each_cooperating":
            units = context.cooperating_units
        case "post_of_coordinating":
            units = [context.coordinating_unit]
        case "post_of_reviewing":
            units = [context.reviewing_unit]
        case "post_of_superior":
            units = [above[selector.get("levels", 1)]]
        case _:
            units = []
    return [Place(unit, selector["role"]) for unit in units if unit]


def _superiors(
    stages: Sequence[Sequence[Mapping[str, Any]]], context: Context
) -> dict[int, UUID | None]:
    """The units above the lead unit, by how many levels, as far as any selector looks."""
    asked = [one.get("from", one) for selectors in stages for one in selectors]
    levels = [one.get("levels", 1) for one in asked if one["select"] == "post_of_superior"]
    above: dict[int, UUID | None] = {0: context.lead_unit}
    for level in range(1, max(levels, default=0) + 1):
        below = above[level - 1]
        parents = Unit.objects.filter(pk__in=[below] if below else []).values_list(
            "parent", flat=True
        )
        above[level] = parents.first()
    return above


POSTS = """
SELECT id, unit_id, role FROM directory_post
WHERE unit_id = ANY(%s) AND role = ANY(%s) AND abolished_at IS NULL
ORDER BY title, id
"""


def _posts(wanted: set[Place], read: Sequence[Posted]) -> dict[Place, list[UUID]]:
    found: dict[Place, list[UUID]] = {place: [] for place in wanted}
    units = {place.unit for place in wanted}
    if not units <= {unit for _post, unit, _role in read}:
        # A few posts too many (another role of a unit asked anyway) cost less than a long OR.
        roles = list(DECIDES & {place.role for place in wanted})
        read = fetch_all(Statement("posts_asked", POSTS, [list(units), roles]))
    for post, unit, role in read:
        if role in DECIDES and (place := Place(unit, role)) in found:
            found[place].append(post)
    return found


def _named_posts(
    context: Context, posts: Mapping[Place, Sequence[UUID]], at: datetime
) -> dict[Place, Chair]:
    """Where a unit named somebody: the seat that takes the place of its posts."""
    named = {
        place: person
        for place in posts
        if (person := context.named.get((place.unit, place.role))) is not None
    }
    if not named:
        return {}
    held = Appointment.objects.filter(in_force(at), person__in=named.values()).values_list(
        "person", "post"
    )
    holds = {(person, post) for person, post in held}
    chairs = {}
    for place, person in named.items():
        own = [post for post in posts[place] if (person, post) in holds]
        chairs[place] = Chair(own[0], None) if own else Chair(None, person)
    return chairs


def _chairs(
    selectors: Iterable[Mapping[str, Any]],
    context: Context,
    above: Mapping[int, UUID | None],
    posts: Mapping[Place, Sequence[UUID]],
    named: Mapping[Place, Chair],
) -> list[Chair]:
    chairs: dict[tuple[UUID | None, UUID | None], Chair] = {}
    for selector in selectors:
        weight, chosen = selector.get("weight", 1), "from" in selector
        asked = selector.get("from", selector)
        found: list[Chair] = []
        if asked["select"] == "person":
            found = [Chair(None, UUID(str(asked["person"])))]
        for place in _places(asked, context, above):
            found += [named[place]] if place in named else [Chair(p, None) for p in posts[place]]
        for one in found:
            key = one.post, one.person
            if key not in chairs or (chairs[key].chosen and not chosen):
                chairs[key] = Chair(one.post, one.person, weight, chosen)
    return list(chairs.values())
