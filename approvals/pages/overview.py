"""Every route, and what is stuck on its way along one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from approvals import queries, sentences, subjects
from approvals.pages.interventions import Proposed, waiting
from approvals.queries import Blocked, routing, units_of
from approvals.routes import specs, wording
from directory.models import Person
from directory.policy import may_administer
from directory.queries import roles_of


@dataclass(frozen=True)
class BlockedRow:
    """A stage that nobody can move, in words: whose, why, and what helps."""

    title: str
    unit: str
    """Whose it is: the unit that leads it, or coordinates it."""
    stage: str
    why: str
    since: datetime
    asked: list[str]
    approval: UUID


@dataclass(frozen=True)
class RouteRow:
    """A route with what it is for and where its next version stands, in words."""

    route: Any
    kind: str
    draft: str
    instead: str = ""
    """The name of the route that new approvals follow instead, where this one was published."""


@dataclass(frozen=True)
class RoutesPage:
    """`blocked` is None for those who keep no directory."""

    routes: list[RouteRow]
    blocked: list[BlockedRow] | None
    interventions: list[tuple[str, Proposed]] = field(default_factory=list)
    """What waits for a second administrator, each with the title of what it is about."""
    has_route: bool = True
    """Whether anything says who approves routes here."""

    @property
    def may_write(self) -> bool:
        return self.blocked is not None


def overview(user: Person, at: datetime) -> RoutesPage:
    rows, proposed = None, []
    if may_administer(roles_of(user, at)):
        rows = blocked_rows(queries.blocked(user.organisation_id, at))
        proposed = waiting(user.organisation_id)
    drafts = routing.draft_states(user.organisation_id)
    followed = routing.followed(user.organisation_id)
    known: list[Any] = list(queries.routes(user))
    found = [
        RouteRow(
            one, wording.kind(one.subject_kind), drafts.get(one.pk, ""), _instead(one, followed)
        )
        for one in known
        if one.version_number or (one.pk in drafts and rows is not None)
    ]
    return RoutesPage(found, rows, proposed, specs.PUBLICATION in followed)


def _instead(route: Any, followed: Mapping[str, tuple[UUID, str]]) -> str:
    pk, name = followed.get(route.subject_kind, (route.pk, ""))
    return name if route.version_number and pk != route.pk else ""


def blocked_rows(blocked: list[Blocked]) -> list[BlockedRow]:
    """One query for each kind of subject among them, and one for the units."""
    ids: dict[str, list[Any]] = {}
    for one in blocked:
        ids.setdefault(one.approval.subject_kind, []).append(one.approval.subject_id)
    found = {kind: subjects.get(kind).describe(wanted) for kind, wanted in ids.items()}
    units = units_of([one.opening.round for one in blocked])
    rows = []
    for one in blocked:
        about = found[one.approval.subject_kind].get(one.approval.subject_id)
        asked = [
            sentences.capacity(item.post.unit.name, item.post.title)
            if item.post
            else str(item.person)
            for item in one.items
        ]
        rows.append(
            BlockedRow(
                about.title if about else "",
                units.get(one.opening.round_id, ""),
                one.stage.name,
                sentences.why_blocked(one.reason),
                one.opening.opened_at,
                asked,
                one.approval.pk,
            )
        )
    return rows
