"""What waits for a person: one list out of work items, tasks, receipts and drafts.

Each kind of errand is a branch of one statement, so that a page, the counts over all of it and the
place in a long list come from a single read. A branch begins at what is open (a partial index, a
state of few rows) and never at history, so that it costs the same after years of use.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Self
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import (
    Case,
    DateField,
    Exists,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    UUIDField,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce
from django.utils import timezone

from approvals.models import Round, SignOff, WorkItem
from directory.models import Person, Post
from directory.policy import WORKS
from directory.queries import Holding, holdings
from workflows import flows
from workflows.models import Addressee, Assignment, Contribution, Plan, PlanImport, Submission, Task
from workflows.policy import NOT_OVER
from workflows.queries.capacities import NAMED, Capacity, capacities, units

PAGE = 50
NEVER = "infinity"
"""What stands for a missing deadline in the order of the list."""

Role = Assignment.Role
State = Task.State


@dataclass(frozen=True)
class Errand:
    """One thing to do: `item` is its own row, `subject` the task, plan or import it is about.

    `place` is the post or unit that is asked, if any.
    """

    kind: str
    item: UUID
    subject: UUID
    place: UUID | None
    due_date: date | None


@dataclass(frozen=True)
class Counts:
    """How many errands there are in all, and by when."""

    total: int
    overdue: int
    today: int
    week: int
    later: int
    undated: int


@dataclass(frozen=True)
class Bookmark:
    """The place after an errand; stays where it is when those before it are done."""

    due: str
    item: UUID

    @classmethod
    def read(cls, text: str) -> Self | None:
        """From an address; None for anything that isn't one."""
        due, _, item = text.partition("_")
        try:
            return cls(due if due == NEVER else date.fromisoformat(due).isoformat(), UUID(item))
        except ValueError:
            return None

    @classmethod
    def after(cls, errand: Errand) -> Self:
        return cls(errand.due_date.isoformat() if errand.due_date else NEVER, errand.item)

    def __str__(self) -> str:
        return f"{self.due}_{self.item}"


@dataclass(frozen=True)
class Inbox:
    errands: list[Errand]
    counts: Counts
    after: Bookmark | None
    """Where the next page begins; None at the end."""


def inbox(
    person: Person,
    held: Sequence[Holding],
    at: datetime,
    after: Bookmark | None = None,
    kinds: Sequence[str] = (),
) -> Inbox:
    """A page of what waits for the person who holds `held`, by deadline. One query.

    `kinds` narrows it. Counts are of everything, wherever the page begins.
    """
    today = timezone.localdate(at)
    sql, params = _waiting(person, held, kinds)
    if not sql:
        return Inbox([], Counts(0, 0, 0, 0, 0, 0), None)
    place = after or Bookmark("-infinity", UUID(int=0))
    with connection.cursor() as cursor:
        cursor.execute(
            STATEMENT.format(waiting=sql),
            [*params, *_bounds(today), place.due, place.item, PAGE + 1],
        )
        rows = cursor.fetchall()
    found = [Errand(*row[6:]) for row in rows if row[6] is not None]
    page = found[:PAGE]
    more = Bookmark.after(page[-1]) if len(found) > PAGE else None
    return Inbox(page, Counts(*rows[0][:6]), more)


def inbox_count(person: Person, at: datetime, held: Sequence[Holding] | None = None) -> int:
    """How many errands wait for the person. One query, where `held` is known."""
    sql, params = _waiting(person, holdings(person, at) if held is None else held)
    if not sql:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({sql}) AS waiting", params)  # noqa: S608 ours
        total: int = cursor.fetchone()[0]
    return total


def group(due: date | None, today: date) -> str:
    """The part of the list that a deadline belongs to."""
    if due is None:
        return "undated"
    if due <= today:
        return "today" if due == today else "overdue"
    return "week" if due <= _sunday(today) else "later"


STATEMENT = """
WITH waiting (kind, item, subject, place, due) AS MATERIALIZED ({waiting}),
counted AS (
    SELECT count(*),
           count(*) FILTER (WHERE due < bound.today),
           count(*) FILTER (WHERE due = bound.today),
           count(*) FILTER (WHERE due > bound.today AND due <= bound.sunday),
           count(*) FILTER (WHERE due > bound.sunday),
           count(*) FILTER (WHERE due IS NULL)
    FROM waiting, (SELECT %s::date AS today, %s::date AS sunday) AS bound
)
SELECT * FROM counted LEFT JOIN (
    SELECT * FROM waiting
    WHERE (coalesce(due, 'infinity'), item) > (%s::date, %s::uuid)
    ORDER BY coalesce(due, 'infinity'), item
    LIMIT %s
) AS page ON true
"""


def _bounds(today: date) -> tuple[date, date]:
    return today, _sunday(today)


def _sunday(day: date) -> date:
    return day + timedelta(days=6 - day.weekday())


def _waiting(
    person: Person, held: Sequence[Holding], kinds: Sequence[str] = ()
) -> tuple[str, list[Any]]:
    """The union of all branches that can have rows for these posts; empty if there is none."""
    found = capacities(person, held)
    statements: list[str] = []
    params: list[Any] = []
    for kind, branch in BRANCHES.items():
        if kinds and kind not in kinds:
            continue
        for rows in branch(person, found):
            try:
                sql, values = _columns(kind, rows).query.sql_with_params()
            except EmptyResultSet:  # asks about posts or units of which there are none
                continue
            statements.append(sql)
            params.extend(values)
    return " UNION ALL ".join(statements), params


def _columns(kind: str, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Branches name their columns apart, because a model may have one of the same name."""
    columns: QuerySet[Any] = rows.order_by().values_list(
        Value(kind, output_field=TextField()), "pk", "to_subject", "to_place", "until"
    )
    return columns


def _rows(rows: QuerySet[Any], subject: str, place: Any, due: Any = None) -> QuerySet[Any]:
    columns: QuerySet[Any] = rows.annotate(
        to_subject=F(subject),
        to_place=Cast(Value(None), UUIDField()) if place is None else place,
        until=Cast(Value(None), DateField()) if due is None else due,
    )
    return columns


Branch = Callable[[Person, Sequence[Capacity]], Iterator[QuerySet[Any]]]


def _decide(person: Person, found: Sequence[Capacity]) -> Iterator[QuerySet[Any]]:
    """Open seats, but for those where the engine would refuse this person.

    The opening's outcome and the approval's state say nothing new of an open item; they lead to
    the partial indexes of what is open.
    """
    several = sum(len(one.posts) for one in found) > 1
    for one in found:
        seats = Q(post__in=one.posts) | (Q(person=one.name) if one.by_name else Q(pk__in=[]))
        items = WorkItem.objects.filter(
            seats,
            ~Q(origin=WorkItem.Origin.CONSULTED),
            state=WorkItem.State.OPEN,
            opening__outcome="",
            approval__state__in=("open", "with_submitter"),
        )
        items = items.annotate(barred=_barred()).exclude(barred__overlap=one.people)
        if several:
            items = items.exclude(_taken_part(one))
        if one.principal:
            items = items.exclude(_own_seat(person, found[0]))
        task = Task.objects.filter(pk=OuterRef("approval__subject_id")).values("due_date")
        due = Coalesce("opening__due_date", Subquery(task))
        yield _rows(items, "approval__subject_id", Coalesce("post", "person"), due)


def _advise(person: Person, found: Sequence[Capacity]) -> Iterator[QuerySet[Any]]:
    """Opinions that somebody who decides has asked of this person."""
    items = WorkItem.objects.filter(
        person=person,
        origin=WorkItem.Origin.CONSULTED,
        state=WorkItem.State.OPEN,
        opening__outcome="",
    )
    task = Task.objects.filter(pk=OuterRef("approval__subject_id")).values("due_date")
    due = Coalesce("opening__due_date", Subquery(task))
    yield _rows(items, "approval__subject_id", Coalesce("post", "person"), due)


def _barred() -> Subquery:
    """Who may not decide in the item's round.

    Looked up for each open item: joined, the rounds of all history would be read.
    """
    both = Func(
        "authors",
        "submitter",
        function="array_append",
        output_field=ArrayField(UUIDField()),
    )
    rounds = Round.objects.filter(pk=OuterRef("opening__round")).order_by()
    return Subquery(rounds.annotate(both=both).values("both"))


def _taken_part(one: Capacity) -> Exists:
    """One of these people filled another seat of the same opening."""
    return Exists(
        SignOff.objects.filter(
            Q(person__in=one.people) | Q(acting_for__in=one.people),
            ~Q(work_item__state=WorkItem.State.SUPERSEDED),
            work_item__opening=OuterRef("opening"),
        )
    )


def _own_seat(person: Person, own: Capacity) -> Exists:
    """A seat of their own goes first, and then nobody else's can follow."""
    return Exists(
        WorkItem.objects.filter(
            Q(post__in=own.posts) | Q(person=person),
            ~Q(origin=WorkItem.Origin.CONSULTED),
            opening=OuterRef("opening"),
            state=WorkItem.State.OPEN,
        )
    )


def _parts(found: Sequence[Capacity], **conditions: Any) -> QuerySet[Assignment]:
    """Present parts of the units in which somebody works."""
    return Assignment.objects.filter(unit__in=units(found), ended_at=None, **conditions)


def _accept(person: Person, found: Sequence[Capacity]) -> Iterator[QuerySet[Any]]:
    parts = _parts(
        found, role=Role.LEAD, received_at=None, declined_at=None, task__state=State.ASSIGNED
    )
    yield _rows(parts, "task", F("unit"), F("task__due_date"))


def _receive(person: Person, found: Sequence[Capacity]) -> Iterator[QuerySet[Any]]:
    parts = _parts(
        found,
        role__in=(Role.COOPERATING, Role.ASSESSOR),
        received_at=None,
        task__state__in=NOT_OVER,
    )
    yield _rows(parts, "task", F("unit"), F("task__due_date"))


def _mine(found: Sequence[Capacity]) -> Q:
    """Parts for which nobody was named in the unit, or the person was, or whom they act for."""
    mine = Q(handler=None, unit__in=units(found))
    for one in found:
        roles = WORKS if one.principal else WORKS | NAMED
        mine |= Q(handler=one.name, unit__in=one.units(roles))
    return mine


def _report(person: Person, found: Sequence[Capacity]) -> Iterator[QuerySet[Any]]:
    parts = Assignment.objects.filter(
        _mine(found),
        ended_at=None,
        role=Role.LEAD,
        task__organisation=person.organisation_id,
        task__state=State.IN_PROGRESS,
    )
    yield _rows(parts, "task", F("unit"), F("task__due_date"))


def _contribute(person: Person, found: Sequence[Capacity]) -> Iterator[QuerySet[Any]]:
    sent = Contribution.objects.filter(task=OuterRef("task"), unit=OuterRef("unit"))
    parts = Assignment.objects.filter(
        _mine(found),
        ~Exists(sent),
        ended_at=None,
        role=Role.COOPERATING,
        received_at__isnull=False,
        task__organisation=person.organisation_id,
        task__state=State.IN_PROGRESS,
    )
    yield _rows(parts, "task", F("unit"), F("task__due_date"))


def _close(person: Person, found: Sequence[Capacity]) -> Iterator[QuerySet[Any]]:
    """Reviewed tasks, for whoever closes them and neither wrote nor sent the report."""
    present = Assignment.objects.filter(task=OuterRef("pk"), role=Role.LEAD, ended_at=None)
    newest = Submission.objects.filter(task=OuterRef("pk")).order_by("-version")
    tasks = Task.objects.filter(organisation=person.organisation_id, state=State.REVIEWED)
    tasks = tasks.annotate(
        authors=Subquery(newest.values("authors")[:1]),
        closer=Case(
            When(Exists(present.filter(unit=OuterRef("plan__coordinator"))), "plan__overseer"),
            default="plan__coordinator",
        ),
    )
    mine = Q(pk__in=[])
    for one in found:
        offices = one.units([Post.Role.COORDINATOR])
        mine |= Q(closer__in=offices) & ~Q(authors__overlap=one.people)
    yield _rows(tasks.filter(mine), "pk", F("closer"), F("due_date"))


def _settle(person: Person, found: Sequence[Capacity]) -> Iterator[QuerySet[Any]]:
    """Tasks that the lead unit says aren't its own."""
    parts = Assignment.objects.filter(
        role=Role.LEAD,
        ended_at=None,
        declined_at__isnull=False,
        task__organisation=person.organisation_id,
        task__state=State.ASSIGNED,
        task__plan__coordinator__in=units(found, [Post.Role.COORDINATOR]),
    )
    yield _rows(parts, "task", F("task__plan__coordinator"), F("task__due_date"))


def _receive_plan(person: Person, found: Sequence[Capacity]) -> Iterator[QuerySet[Any]]:
    waiting = Addressee.objects.filter(
        unit__in=units(found),
        received_at=None,
        plan__issued_at__isnull=False,
        plan__completed_at=None,
        plan__cancelled_at=None,
    )
    yield _rows(waiting, "plan", F("unit"))


def _plans_at(node: str) -> Branch:
    """The plans at a step that their coordinator takes."""

    def branch(person: Person, found: Sequence[Capacity]) -> Iterator[QuerySet[Any]]:
        plans = Plan.objects.filter(
            coordinator__in=units(found, [Post.Role.COORDINATOR]),
            issued_at=None,
            cancelled_at=None,
            process__in=flows.waiting(node),
        )
        yield _rows(plans, "pk", F("coordinator"))

    return branch


def _check_import(person: Person, found: Sequence[Capacity]) -> Iterator[QuerySet[Any]]:
    """Imports of the units that somebody coordinates, as `PlanImport.objects.for_user` has them."""
    offices = units(found, [Post.Role.COORDINATOR])
    imports = PlanImport.objects.filter(
        organisation=person.organisation_id,
        state=PlanImport.State.OPEN,
        answers__document__coordinator__in=[str(unit) for unit in offices],
    )
    yield _rows(imports, "pk", None)


BRANCHES: dict[str, Branch] = {
    "decide": _decide,
    "advise": _advise,
    "accept": _accept,
    "receive": _receive,
    "report": _report,
    "contribute": _contribute,
    "close": _close,
    "settle": _settle,
    "receive_plan": _receive_plan,
    "draft_plan": _plans_at("draft"),
    "revise_plan": _plans_at("revise"),
    "issue_plan": _plans_at("issue"),
    "check_import": _check_import,
}
