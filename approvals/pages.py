"""Facts as the pages of this room show them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from approvals import queries, sentences, subjects
from approvals.actions import Decided
from approvals.models import Route, RouteVersion, Stage
from approvals.queries import Blocked
from approvals.queries.progress import unit_names
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


@dataclass(frozen=True)
class RouteRow:
    """A route with what it is for, in words."""

    route: Any
    kind: str


@dataclass(frozen=True)
class RoutesPage:
    """`blocked` is None for those who keep no directory."""

    routes: list[RouteRow]
    blocked: list[BlockedRow] | None


@dataclass(frozen=True)
class StageRow:
    """A stage in plain sentences; `name`, `lines` and `status` draw it in the chain."""

    position: int
    name: str
    lines: list[str]
    rule: str
    notes: list[str]
    status: str = "ahead"


@dataclass(frozen=True)
class RoutePage:
    route: Route
    kind: str
    version: RouteVersion
    versions: list[RouteVersion]
    stages: list[StageRow]

    @property
    def is_in_force(self) -> bool:
        return self.version == self.versions[0]


def _kind(route: Route) -> str:
    """What a route is for, in words."""
    known = {"task_completion": _("completion of a task"), "plan_issue": _("issuing a plan")}
    return known.get(route.subject_kind, route.subject_kind)


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
    rows = None
    if may_administer(roles_of(user, at)):
        rows = blocked_rows(queries.blocked(user.organisation_id, at))
    found = queries.routes(user)
    return RoutesPage([RouteRow(one, _kind(one)) for one in found], rows)


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
            )
        )
    return rows


def route(found: Route, number: int | None) -> RoutePage | None:
    """A version of the route, the newest if no number is given; None if it doesn't exist."""
    version = queries.version_of(found, number)
    if version is None:
        return None
    stages = list(version.stages.all())
    units = unit_names(stages)
    return RoutePage(
        found,
        _kind(found),
        version,
        list(found.versions.order_by("-number")),
        [_stage(stage, units) for stage in stages],
    )


def _stage(stage: Stage, units: Any) -> StageRow:
    notes = []
    if stage.sequential:
        notes.append(_("They are asked one after the other."))
    if stage.returns_to:
        places = sentences.listed([str(position) for position in stage.returns_to])
        notes.append(
            _("A return goes to the submitter, or to stage %(stages)s.") % {"stages": places}
        )
    else:
        notes.append(_("A return goes to the submitter."))
    if stage.fallback:
        names = sentences.listed([sentences.selector(one, units) for one in stage.fallback])
        notes.append(_("If none of them can act: %(names)s.") % {"names": names})
    lines = [sentences.selector(one, units) for one in stage.approvers]
    return StageRow(stage.position, stage.name, lines, sentences.rule(stage), notes)
