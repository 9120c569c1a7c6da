"""The tables of the page of statistics: each says what it counts, each number leads to entries."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from approvals import sentences, subjects
from approvals.models import Intervention
from approvals.queries import statistics as approvals
from approvals.queries.statistics import Period
from approvals.subjects import Description
from audit.templatetags.ui import moment_long
from directory.calendar import WorkingDays
from workflows.queries import statistics as tasks

SHOWN = 10
TAKEN = 5000
"""Rows of a table on the page, and in a file."""
NUMBER = pgettext_lazy("statistics", "Number")
DUE = pgettext_lazy("statistics", "Due")
LATE = pgettext_lazy("statistics", "Late")
OVERDUE = pgettext_lazy("statistics", "Overdue")
TIMES = pgettext_lazy("statistics", "Times")
RETURNED = pgettext_lazy("statistics", "Returned")
STAGES = pgettext_lazy("statistics", "Stages")
STILL_OPEN = pgettext_lazy("statistics", "Still open")


@dataclass(frozen=True)
class Cell:
    """What stands in a cell, where it leads, and a share in percent that is drawn beside it."""

    text: str
    url: str = ""
    bar: int | None = None
    is_number: bool = False


@dataclass(frozen=True)
class Table:
    key: str
    title: str
    definition: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    more: bool = False

    def line(self, row: Sequence[Cell]) -> list[tuple[str, Cell]]:
        return list(zip(self.head, row, strict=True))

    @property
    def lines(self) -> list[list[tuple[str, Cell]]]:
        """Rows with the heading of each cell, for narrow screens."""
        return [self.line(row) for row in self.rows]

    @property
    def columns(self) -> list[tuple[str, bool]]:
        """Headings, and whether numbers stand below."""
        first = self.rows[0] if self.rows else [Cell("")] * len(self.head)
        return [(name, cell.is_number) for name, cell in zip(self.head, first, strict=True)]


@dataclass(frozen=True)
class Wanted:
    """A period with the calendar and the day from which things are seen; `most` rows a table."""

    period: Period
    days: WorkingDays
    today: date
    most: int = SHOWN

    @cached_property
    def counted(self) -> dict[str, list[approvals.Counted]]:
        """Counts and times for several tables, out of one query."""
        return approvals.counted(self.period, self.days)

    def behind(self, number: object, **asked: object) -> Cell:
        """A number that leads to the sign-offs behind it, if there are any."""
        url = f"{reverse('audit_behind')}?{self.query(**asked)}" if number else ""
        return Cell(str(number), url, is_number=True)

    def query(self, **asked: object) -> str:
        period = self.period
        given = {"first": period.first, "last": period.last, "unit": period.unit, **asked}
        return urlencode({key: value for key, value in given.items() if value})


def tables(wanted: Wanted) -> list[Table]:
    """All of them, in the order of the page."""
    return [make(wanted) for make in TABLES.values()]


def _cut(wanted: Wanted, rows: Iterable[Sequence[Cell]]) -> tuple[list[Sequence[Cell]], bool]:
    found = list(rows)
    return found[: wanted.most], len(found) > wanted.most


def _number(value: object, bar: int | None = None) -> Cell:
    return Cell(str(value), bar=bar, is_number=True)


def _share(part: int, whole: int) -> Cell:
    percent = round(100 * part / whole) if whole else 0
    return Cell(f"{percent} %", bar=percent, is_number=True)


def _totals(wanted: Wanted) -> Table:
    found = approvals.totals(wanted.period)
    whole = found.decisions
    rows = [
        [Cell(_("Decisions")), wanted.behind(whole), _share(whole, whole)],
        [
            Cell(str(RETURNED)),
            wanted.behind(found.returned, decision="return"),
            _share(found.returned, whole),
        ],
        [
            Cell(_("Decided for somebody else, under a delegation")),
            wanted.behind(found.delegated, delegated=1),
            _share(found.delegated, whole),
        ],
        [
            Cell(_("Personally signed")),
            wanted.behind(found.personally, evidence="passkey"),
            _share(found.personally, whole),
        ],
        [
            Cell(_("Server-attested")),
            wanted.behind(found.attested, evidence="attested"),
            _share(found.attested, whole),
        ],
    ]
    return Table(
        "totals",
        _("Decisions of the period"),
        _(
            "Every approve, return and abstention whose sign-off was recorded in the period, those "
            "that were taken back later included. Opinions and carried-over approvals are no "
            "decisions. Personally signed: with a passkey; all others, and all that say nothing of "
            "it, are server-attested."
        ),
        [_("What"), str(NUMBER), _("Share of all")],
        rows,
    )


def _counted(by: str) -> Callable[[Wanted], Table]:
    def make(wanted: Wanted) -> Table:
        found = wanted.counted[by][: wanted.most + 1]
        rows, more = _cut(
            wanted,
            [
                [
                    Cell(one.name),
                    wanted.behind(one.decisions, by=by, key=one.key),
                    wanted.behind(one.returned, by=by, key=one.key, decision="return"),
                    _number(f"{one.share} %", one.share),
                    _number(one.median_days),
                    _number(one.ninetieth_days),
                    _number(one.median_hours),
                    wanted.behind(one.personally, by=by, key=one.key, evidence="passkey"),
                ]
                for one in found
            ],
        )
        return Table(
            by,
            str(TITLES[by]),
            _(
                "From when the seat was asked to the decision. Working days: how many began after "
                "the day it was asked, by the organisation's calendar as it is now; 0 is the same "
                "day. Median: half of the decisions took no longer; 90 %: nine of ten took no "
                "longer. Hours run on the clock, nights and weekends included. In a stage that "
                "asks one after another, waiting for the turn counts, too."
            ),
            [
                str(NAMED[by]),
                _("Decisions"),
                str(RETURNED),
                _("Return rate"),
                _("Median, working days"),
                _("90 %, working days"),
                _("Median, hours"),
                _("Personally signed"),
            ],
            rows,
            more,
        )

    return make


TITLES = {
    "person": gettext_lazy("How fast and how people decide"),
    "post": gettext_lazy("By post"),
    "unit": gettext_lazy("By unit of the signer"),
    "stage": gettext_lazy("By stage of a route"),
}
NAMED = {
    "person": gettext_lazy("Person"),
    "post": gettext_lazy("Post"),
    "unit": gettext_lazy("Unit"),
    "stage": gettext_lazy("Stage"),
}


def _reasons(wanted: Wanted) -> Table:
    found = approvals.reasons(wanted.period, most=wanted.most + 1)
    rows, more = _cut(wanted, [[Cell(text), _number(times)] for text, times in found])
    return Table(
        "reasons",
        _("Reasons of returns"),
        _(
            "What was written to explain a return, word for word the same. Erased texts are left "
            "out."
        ),
        [_("Reason"), str(TIMES)],
        rows,
        more,
    )


def _delegations(wanted: Wanted) -> Table:
    found = approvals.delegated(wanted.period, most=wanted.most + 1)
    rows, more = _cut(
        wanted,
        [
            [
                Cell(one["person__name"]),
                Cell(one["acting_for__name"]),
                wanted.behind(
                    one["decisions"], by="person", key=one["person"], principal=one["acting_for"]
                ),
                Cell(moment_long(one["last"])),
            ]
            for one in found
        ],
    )
    return Table(
        "delegations",
        _("Delegations that were used"),
        _(
            "Decisions that somebody took for somebody else. A delegation that nobody used isn't "
            "here."
        ),
        [_("Who decided"), _("For whom"), _("Decisions"), _("Last time")],
        rows,
        more,
    )


def _two_stages(wanted: Wanted) -> Table:
    found = approvals.at_two_stages(wanted.period, most=wanted.most + 1)
    titles = described(
        (one["approval__subject_kind"], one["approval__subject_id"]) for one in found
    )
    rows, more = _cut(
        wanted,
        [
            [
                Cell(one["person__name"]),
                Cell(
                    titles[one["approval__subject_id"]].title or str(one["approval"]),
                    reverse("approval", args=[one["approval"]]),
                ),
                _number(one["stages"]),
                _number(one["decisions"]),
                Cell(moment_long(one["last"])),
            ]
            for one in found
        ],
    )
    return Table(
        "stages",
        _("The same person at two stages"),
        _(
            "Separation of duties: people with decisions at more than one stage of the same "
            "approval, for themselves or for others. That may be in order; look at each."
        ),
        [
            _("Person"),
            _("Approval"),
            str(STAGES),
            _("Decisions"),
            _("Last time"),
        ],
        rows,
        more,
    )


def _deadlines(wanted: Wanted) -> Table:
    found = tasks.deadlines(wanted.period, wanted.today, most=wanted.most + 1)
    rows, more = _cut(
        wanted,
        [
            [
                Cell(one.name, reverse("unit", args=[one.unit])),
                _number(one.due),
                _number(one.late),
                _number(one.open),
                _number(f"{one.share} %", one.share),
            ]
            for one in found
        ],
    )
    return Table(
        "deadlines",
        _("Tasks that were late"),
        _(
            "Tasks whose due date, as it is now, lies in the period, by their present lead unit; "
            "cancelled ones left out. Late: closed after that day. Still open: not closed, and the "
            "day is past. The share is of both."
        ),
        [
            _("Lead unit"),
            str(DUE),
            str(LATE),
            str(STILL_OPEN),
            str(OVERDUE),
        ],
        rows,
        more,
    )


def _late_stages(wanted: Wanted) -> Table:
    found = approvals.late_stages(wanted.period, wanted.today, most=wanted.most + 1)
    rows, more = _cut(
        wanted,
        [
            [
                Cell(one["stage__name"]),
                _number(one["due"]),
                _number(one["late"]),
                _share(one["late"], one["due"]),
            ]
            for one in found
        ],
    )
    return Table(
        "late",
        _("Stages that were late"),
        _("Stages that had to be over by a day in the period: ended after it, or still open."),
        [
            _("Stage"),
            str(DUE),
            str(LATE),
            str(OVERDUE),
        ],
        rows,
        more,
    )


def _interventions(wanted: Wanted) -> Table:
    found = approvals.interventions(wanted.period, most=wanted.most + 1)
    rows, more = _cut(
        wanted,
        [
            [
                Cell(
                    str(Intervention.Kind(one.kind).label),
                    reverse("approval", args=[one.approval_id]),
                ),
                Cell(str(Intervention.State(one.state).label)),
                Cell(one.proposed_by.name),
                Cell(one.settled_by.name if one.settled_by else ""),
                Cell(moment_long(one.proposed_at)),
            ]
            for one in found
        ],
    )
    return Table(
        "interventions",
        _("Interventions"),
        _("Proposed in the period, whatever became of them; each leads to the approval's record."),
        [_("What"), _("State"), _("Proposed by"), _("Settled by"), _("When")],
        rows,
        more,
    )


TABLES: Mapping[str, Callable[[Wanted], Table]] = {
    "totals": _totals,
    "person": _counted("person"),
    "post": _counted("post"),
    "unit": _counted("unit"),
    "stage": _counted("stage"),
    "reasons": _reasons,
    "delegations": _delegations,
    "stages": _two_stages,
    "deadlines": _deadlines,
    "late": _late_stages,
    "interventions": _interventions,
}


def described(found: Iterable[tuple[str, UUID]]) -> dict[UUID, Description]:
    """What approvals are about, by the subject's id. A query a kind."""
    by_kind: dict[str, set[UUID]] = {}
    for kind, pk in found:
        by_kind.setdefault(kind, set()).add(pk)
    titles: dict[UUID, Description] = {}
    for kind, ids in by_kind.items():
        titles |= {pk: Description("", "") for pk in ids}
        titles |= subjects.get(kind).describe(ids)
    return titles


@dataclass(frozen=True)
class Behind:
    """The sign-offs behind a number."""

    rows: list[dict[str, Any]]
    more: bool


def behind(wanted: Wanted, conditions: Mapping[str, Any]) -> Behind:
    """Newest first, with what each is about and the entry that tells it."""
    found = approvals.behind(wanted.period, conditions, most=wanted.most)
    shown = found[: wanted.most]
    titles = described((one.approval.subject_kind, one.approval.subject_id) for one in shown)
    told = approvals.entries_of(wanted.period.organisation, shown)
    return Behind(
        [
            {
                "text": sentences.did(
                    one.decision,
                    sentences.actor_for(
                        one.person.name, one.acting_for.name if one.acting_for else ""
                    ),
                ),
                "kind": "back" if one.decision == "return" else "",
                "stage": one.work_item.opening.stage.name,
                "about": titles[one.approval.subject_id],
                "approval": one.approval_id,
                "capacity": sentences.signed_as(one, one.work_item.post),
                "at": one.at,
                "signed": _("Personally signed")
                if one.evidence == "passkey"
                else _("Server-attested"),
                "entry": told.get(one.pk),
            }
            for one in shown
        ],
        len(found) > len(shown),
    )
