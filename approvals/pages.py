"""Facts as the pages of this room show them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from approvals import queries, route_wording, sentences, subjects
from approvals.actions import Decided
from approvals.intervention_pages import Proposed, waiting
from approvals.queries import Blocked, routing
from directory.models import Person
from directory.policy import may_administer
from directory.queries import roles_of


@dataclass(frozen=True)
class BlockedRow:
    """A stage that nobody can move, in words: whose, why, and what helps."""

    title: str
    url: str
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


@dataclass(frozen=True)
class RoutesPage:
    """`blocked` is None for those who keep no directory."""

    routes: list[RouteRow]
    blocked: list[BlockedRow] | None
    interventions: list[tuple[str, Proposed]] = field(default_factory=list)
    """What waits for a second administrator, each with the title of what it is about."""

    @property
    def may_write(self) -> bool:
        return self.blocked is not None


def decided(done: Decided, decision: str) -> str:
    """What was decided on what, and what it led to, for the page that comes next."""
    about = subjects.get(done.subject_kind).describe([done.subject_id])[done.subject_id]
    what = {
        "approve": _("You approved “{subject}”."),
        "return": _("You returned “{subject}”."),
        "abstain": _("You abstained on “{subject}”."),
    }[decision]
    follows = {
        "passed": _("Signed and recorded. The stage has passed."),
        "returned": _("Signed and recorded. It goes back."),
    }.get(done.result, _("Signed and recorded. The others are still asked."))
    link = format_html('<a href="{}">{}</a>', about.url, about.title)
    joined = pgettext("two sentences", "{first} {second}")
    return format_html(joined, first=format_html(what, subject=link), second=follows)


def routes(user: Person, at: datetime) -> RoutesPage:
    rows, proposed = None, []
    if may_administer(roles_of(user, at)):
        rows = blocked_rows(queries.blocked(user.organisation_id, at))
        proposed = waiting(user.organisation_id)
    drafts = routing.draft_states(user.organisation_id)
    known: list[Any] = list(queries.routes(user))
    found = [
        RouteRow(one, route_wording.kind(one.subject_kind), drafts.get(one.pk, ""))
        for one in known
        if one.version_number or (one.pk in drafts and rows is not None)
    ]
    return RoutesPage(found, rows, proposed)


def blocked_rows(blocked: list[Blocked]) -> list[BlockedRow]:
    """One query for each kind of subject among them."""
    ids: dict[str, list[Any]] = {}
    for one in blocked:
        ids.setdefault(one.approval.subject_kind, []).append(one.approval.subject_id)
    found = {kind: subjects.get(kind).describe(wanted) for kind, wanted in ids.items()}
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
                about.url if about else "",
                one.stage.name,
                sentences.why_blocked(one.reason),
                one.opening.opened_at,
                asked,
                one.approval.pk,
            )
        )
    return rows
