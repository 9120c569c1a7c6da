"""A rehearsal as its page shows it: what would go wrong, who would sign, what changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from approvals import subjects
from approvals.actions.routes import problems_outside
from approvals.models import Route, RouteDraft
from approvals.queries import routing
from approvals.queries.rehearsing import whole_directory
from approvals.routes import rehearsal, wording
from approvals.routes.changes import stages_of
from approvals.routes.rehearsal import Case, Directory, Finding, Rehearsed, Seat
from approvals.routes.specs import StageSpec, problems
from directory.models import Person

MOST_ROWS = 100
FOUND_AT_MOST = 20

WORDS: Mapping[str, Promise] = {
    "asks_nobody": gettext_lazy("say who signs"),
    "no_post": gettext_lazy("there is no such post"),
    "vacant": gettext_lazy("too few of those who are asked are there: a post is vacant"),
    "only_submitter": gettext_lazy("only the submitter is left"),
    "out_of_reach": gettext_lazy("fewer people are asked than approvals are needed"),
    "one_person_several_seats": gettext_lazy(
        "%(people)s is asked in several posts and counts once"
    ),
    "twice_in_a_row": gettext_lazy("%(people)s signs twice in a row"),
    "several_duties": gettext_lazy("%(people)s signs again in another duty"),
    "no_passkey": gettext_lazy("%(people)s has no passkey in force, and this stage asks for one"),
}
NAMING_UNITS = ("plan_countersign", "plan_amendment")
"""Only the subject itself tells which units cooperate."""
SUBMITTING = {
    "plan_countersign": "coordinator",
    "plan_amendment": "coordinator",
    "plan_issue": "coordinator",
    "route_publication": "administrator",
}
"""Who puts subjects of a kind forward, where it isn't the unit's handler."""
WORKING = ("handler", "deputy", "principal")


@dataclass(frozen=True)
class Row:
    """The route for one unit: names stage by stage, and what was found."""

    unit: str
    signers: Sequence[tuple[str, str]]
    """The stage's name, and who would sign."""
    dead_ends: Sequence[str]
    notes: Sequence[str]


@dataclass(frozen=True)
class Changed:
    """A unit for which other people would sign than along the version in force."""

    unit: str
    before: str
    after: str


@dataclass(frozen=True)
class DryRun:
    """The route for one subject that exists."""

    title: str
    row: Row


@dataclass(frozen=True)
class Choice:
    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True)
class RehearsalPage:
    route: Route
    kind: str
    is_draft: bool
    stages: Sequence[StageSpec]
    units: int
    dead_ends: int
    noted: int
    rows: Sequence[Row]
    """Units for which something was found; all of them where that was asked for."""
    more: int
    depends: Sequence[str]
    """Stages of which only the subject itself tells who is asked."""
    changed: Sequence[Changed]
    compares: bool
    offices: Sequence[Choice]
    reviewers: Sequence[Choice]
    words: str
    found: Sequence[tuple[UUID, str]]
    dry_run: DryRun | None
    may_dry_run: bool
    writing: RouteDraft | None
    """The draft, while it may still be changed."""
    may_submit: bool

    @property
    def depends_text(self) -> str:
        return _("Only the task itself tells who is asked at: %(stages)s.") % {
            "stages": pgettext("between names", ", ").join(self.depends)
        }


@dataclass(frozen=True)
class Asked:
    """What the page's form asks: which offices to assume, whether all units, which subject."""

    coordinating: str = ""
    reviewing: str = ""
    all_units: bool = False
    words: str = ""
    subject: str = ""


def rehearsal_page(route: Route, user: Person, asked: Asked, at: datetime) -> RehearsalPage | None:
    """The draft rehearsed, or else the version in force; None where there is neither."""
    draft, newest = routing.open_draft(route), route.versions.order_by("-number").first()
    if draft is None and newest is None:
        return None
    old = stages_of(newest) if newest else []
    stages = [StageSpec.of(one) for one in draft.stages] if draft else old
    directory = whole_directory(route.organisation_id, at)
    offices = _with_role(directory, "coordinator")
    reviewing = _chosen(asked.reviewing, directory)
    coordinating = _chosen(asked.coordinating, directory) or (offices[0] if offices else None)
    cases = _cases(route.subject_kind, directory, coordinating, reviewing)
    rehearsed = rehearsal.rehearse(stages, cases, directory)
    rows = [_row(one, stages) for one in rehearsed]
    worth = [row for row in rows if asked.all_units or row.dead_ends or row.notes]
    worth.sort(key=lambda row: not row.dead_ends)
    before = rehearsal.rehearse(old, cases, directory) if draft and newest else []
    subject = subjects.get(route.subject_kind)
    can_foresee = isinstance(subject, subjects.Foreseeable)
    writing = draft if draft and draft.state == RouteDraft.State.WRITING else None
    return RehearsalPage(
        route=route,
        kind=wording.kind(route.subject_kind),
        is_draft=draft is not None,
        stages=stages,
        units=len(rows),
        dead_ends=sum(bool(row.dead_ends) for row in rows),
        noted=sum(bool(row.notes) for row in rows),
        rows=worth[:MOST_ROWS],
        more=max(0, len(worth) - MOST_ROWS),
        depends=_depending(rehearsed, stages),
        changed=_changed(before, rehearsed),
        compares=bool(before),
        offices=_choices(_all(directory), coordinating, directory),
        reviewers=_choices(_all(directory), reviewing, directory),
        words=asked.words,
        found=subject.find(user, asked.words)[:FOUND_AT_MOST]
        if isinstance(subject, subjects.Foreseeable) and asked.words
        else [],
        dry_run=_dry_run(subject, user, asked.subject, stages, directory)
        if isinstance(subject, subjects.Foreseeable)
        else None,
        may_dry_run=can_foresee,
        writing=writing,
        may_submit=writing is not None and _may_submit(route, stages),
    )


def _may_submit(route: Route, stages: Sequence[StageSpec]) -> bool:
    wrong = [*problems(stages), *problems_outside(stages, route.organisation)]
    return not wrong and routing.approves_routes(route.organisation_id)


def _cases(
    kind: str, directory: Directory, coordinating: UUID | None, reviewing: UUID | None
) -> list[Case]:
    """Every unit that could put such a subject forward, by name."""
    role = SUBMITTING.get(kind)
    if role is None:
        leading = {unit for working in WORKING for unit in _with_role(directory, working)}
        return [
            Case(
                unit,
                None,
                coordinating,
                (reviewing if unit == coordinating else coordinating) or coordinating,
            )
            for unit in _by_name(leading, directory)
        ]
    return [
        Case(
            unit,
            None if kind in NAMING_UNITS else (),
            unit,
            submitters=frozenset(
                seat.person for seat in directory.seats[unit, role] if seat.person
            ),
        )
        for unit in _by_name(_with_role(directory, role), directory)
    ]


def _with_role(directory: Directory, role: str) -> list[UUID]:
    return [unit for unit, had in directory.seats if had == role and unit in directory.units]


def _by_name(units: Sequence[UUID] | set[UUID], directory: Directory) -> list[UUID]:
    order = {unit: place for place, unit in enumerate(directory.units)}
    return sorted(units, key=lambda unit: order[unit])


def _all(directory: Directory) -> list[UUID]:
    return list(directory.units)


def _chosen(value: str, directory: Directory) -> UUID | None:
    return next((unit for unit in directory.units if str(unit) == value), None)


def _choices(units: Sequence[UUID], chosen: UUID | None, directory: Directory) -> list[Choice]:
    return [Choice(str(one), directory.units[one].name, one == chosen) for one in units]


def _row(one: Rehearsed, stages: Sequence[StageSpec]) -> Row:
    told = [finding for finding in one.findings if finding.code != "depends"]
    depends = {finding.position for finding in one.findings if finding.code == "depends"}
    between = pgettext("between names", ", ")
    return Row(
        one.unit.name,
        [
            (
                f"{staged.position} · {stages[staged.position - 1].name}",
                _("skipped")
                if staged.skipped
                else between.join(map(_seat, staged.seats))
                or (_("as the task says") if staged.position in depends else "–"),
            )
            for staged in one.stages
        ],
        [_say(finding, stages) for finding in told if finding.is_dead_end],
        [_say(finding, stages) for finding in told if not finding.is_dead_end],
    )


def _seat(seat: Seat) -> str:
    if seat.person:
        return seat.name
    return _("%(post)s (vacant)") % {"post": seat.title or _("an unknown person")}


def _say(finding: Finding, stages: Sequence[StageSpec]) -> str:
    people = pgettext("between names", ", ").join(finding.people)
    return pgettext("a stage and what is wrong with it", "%(stage)s: %(problem)s") % {
        "stage": wording.stage_name(finding.position, stages[finding.position - 1].name),
        "problem": str(WORDS[finding.code]) % {"people": people},
    }


def _depending(rehearsed: Sequence[Rehearsed], stages: Sequence[StageSpec]) -> list[str]:
    places = {
        finding.position
        for one in rehearsed[:1]
        for finding in one.findings
        if finding.code == "depends"
    }
    return [wording.stage_name(one, stages[one - 1].name) for one in sorted(places)]


def _changed(before: Sequence[Rehearsed], after: Sequence[Rehearsed]) -> list[Changed]:
    arrow, between = " → ", pgettext("between names", ", ")
    changed = []
    for old, new in zip(before, after, strict=False):
        was, becomes = rehearsal.signers(old), rehearsal.signers(new)
        if was != becomes:
            said = [arrow.join(between.join(one) or "–" for one in way) for way in (was, becomes)]
            changed.append(Changed(new.unit.name, said[0], said[1]))
    return changed


def _dry_run(
    subject: subjects.Foreseeable,
    user: Person,
    wanted: str,
    stages: Sequence[StageSpec],
    directory: Directory,
) -> DryRun | None:
    try:
        foreseen = subject.foresee(user, UUID(wanted))
    except ValueError:
        return None
    context = foreseen.context if foreseen else None
    if foreseen is None or context is None or context.lead_unit is None:
        return None
    if context.lead_unit not in directory.units:
        return None
    case = Case(
        context.lead_unit,
        context.cooperating_units,
        context.coordinating_unit,
        context.reviewing_unit,
        frozenset(filter(None, [context.submitter, *context.authors])),
        str(context.plan) if context.plan else None,
        context.named,
    )
    [rehearsed] = rehearsal.rehearse(stages, [case], directory)
    return DryRun(foreseen.title, _row(rehearsed, stages))
