"""What waits for a person, as one statement: each kind of errand is a branch of it.

A branch begins at what is open (a partial index, a state of few rows) and never at history, so that
it costs the same after years of use. Putting a statement together takes much longer than running
it, so it is kept: people who have posts, units and delegations alike share one, each with their own
ids in its blanks.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import EmptyResultSet
from django.db.models import (
    BooleanField,
    Case,
    DateField,
    Exists,
    Expression,
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
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce, Now

from approvals.models import Approval, Intervention, Round, SignOff, WorkItem
from directory.models import Appointment, Passkey, Person, Post
from directory.policy import WORKS
from directory.queries import Holding
from workflows import flows
from workflows.models import (
    Addressee,
    Amendment,
    Assignment,
    Contribution,
    Plan,
    PlanImport,
    Submission,
    Task,
    TaskRequest,
)
from workflows.models.amendments import AMENDMENT
from workflows.policy import NOT_OVER
from workflows.queries.capacities import NAMED, Capacity, capacities, units

COORDINATES = (Post.Role.COORDINATOR,)
ADMINISTERS = (Post.Role.ADMINISTRATOR,)

Role = Assignment.Role
State = Task.State


def waiting(
    person: Person, held: Sequence[Holding], kinds: Collection[str] = ()
) -> tuple[str, list[Any]]:
    """The statement for these posts and what stands in it; empty if nothing can wait there.

    Its columns are kind, item, subject, place and due date. `kinds` narrows it.
    """
    found = capacities(person, held)
    ids = _ids(person, found)
    sql, params = _statement(
        len(found),
        frozenset(name for name, given in ids.items() if given),
        frozenset(kinds),
    )
    return sql, [ids[one.name] if isinstance(one, Blank) else one for one in params]


Name = str | tuple[str, int]
"""What a blank is called; with a number where each capacity has one of its own."""


def _ids(person: Person, found: Sequence[Capacity]) -> dict[Name, list[UUID]]:
    """What goes into the blanks."""
    several = sum(len(one.posts) for one in found) > 1
    ids: dict[Name, Any] = {
        "person": [person.pk],
        "organisation": [person.organisation_id],
        "units": units(found),
        "offices": units(found, COORDINATES),
        "administers": [person.organisation_id] if units(found, ADMINISTERS) else [],
        "everybody": {one for capacity in found for one in capacity.people},
    }
    for n, one in enumerate(found):
        ids |= {
            ("posts", n): one.posts,
            ("name", n): [one.name],
            ("asked by name", n): [one.name] if one.by_name else [],
            ("people", n): one.people,
            ("seated elsewhere", n): one.people if several else [],
            ("units", n): one.units(WORKS if one.principal else WORKS | NAMED),
            ("offices", n): one.units(COORDINATES),
        }
    return {name: list(given) for name, given in ids.items()}


class Blank(Expression):
    """A place in a statement for an array of ids; stands among its parameters until they come."""

    output_field = ArrayField(UUIDField())

    def __init__(self, name: Name, *, empty: bool) -> None:
        super().__init__()
        self.name, self.empty = name, empty

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        if self.empty:
            raise EmptyResultSet
        return "%s::uuid[]", [self]


class Among(Func):
    """Whether the first is one of the second, an array."""

    template, arg_joiner = "%(expressions)s)", " = ANY ("
    output_field = BooleanField()


@dataclass(frozen=True)
class Form:
    """The blanks of a statement for so many capacities, and which of them will be filled."""

    capacities: int
    filled: frozenset[Name]

    def __getitem__(self, name: Name) -> Blank:
        return Blank(name, empty=name not in self.filled)


@lru_cache(maxsize=256)
def _statement(
    number: int, filled: frozenset[Name], kinds: frozenset[str]
) -> tuple[str, tuple[Any, ...]]:
    """The union of all branches that can have rows, with blanks among its parameters."""
    form = Form(number, filled)
    statements: list[str] = []
    params: list[Any] = []
    for kind, branch in BRANCHES.items():
        if kinds and kind not in kinds:
            continue
        for rows in branch(form):
            try:
                sql, values = _columns(kind, rows).query.sql_with_params()
            except EmptyResultSet:  # asks about posts or units of which there are none
                continue
            statements.append(sql)
            params.extend(values)
    return " UNION ALL ".join(statements), tuple(params)


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


Branch = Callable[[Form], Iterator[QuerySet[Any]]]


def _decide(form: Form) -> Iterator[QuerySet[Any]]:
    """Open seats, but for those where the engine would refuse this person.

    The opening's outcome and the approval's state say nothing new of an open item; they lead to
    the partial indexes of what is open.
    """
    for n in range(form.capacities):
        items = WorkItem.objects.filter(
            Among("post", form["posts", n]) | Among("person", form["asked by name", n]),
            ~Q(origin=WorkItem.Origin.CONSULTED),
            state=WorkItem.State.OPEN,
            opening__outcome="",
            approval__state__in=("open", "with_submitter"),
        )
        items = items.annotate(barred=_barred()).exclude(barred__overlap=form["people", n])
        items = items.exclude(_taken_part(form["seated elsewhere", n]))
        if n:
            items = items.exclude(_own_seat(form))
        task = Task.objects.filter(pk=OuterRef("approval__subject_id")).values("due_date")
        due = Coalesce("opening__due_date", Subquery(task))
        yield _rows(items, "approval__subject_id", Coalesce("post", "person"), due)


def _advise(form: Form) -> Iterator[QuerySet[Any]]:
    """Opinions that somebody who decides has asked of this person."""
    items = WorkItem.objects.filter(
        Among("person", form["person"]),
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


def _taken_part(people: Blank) -> Exists:
    """One of these people filled another seat of the same opening."""
    return Exists(
        SignOff.objects.filter(
            Among("person", people) | Among("acting_for", people),
            ~Q(work_item__state=WorkItem.State.SUPERSEDED),
            work_item__opening=OuterRef("opening"),
        )
    )


def _own_seat(form: Form) -> Exists:
    """A seat of their own goes first, and then nobody else's can follow."""
    return Exists(
        WorkItem.objects.filter(
            Among("post", form["posts", 0]) | Among("person", form["person"]),
            ~Q(origin=WorkItem.Origin.CONSULTED),
            opening=OuterRef("opening"),
            state=WorkItem.State.OPEN,
        )
    )


def _parts(form: Form, **conditions: Any) -> QuerySet[Assignment]:
    """Present parts of the units in which somebody works."""
    return Assignment.objects.filter(Among("unit", form["units"]), ended_at=None, **conditions)


def _accept(form: Form) -> Iterator[QuerySet[Any]]:
    parts = _parts(
        form, role=Role.LEAD, received_at=None, declined_at=None, task__state=State.ASSIGNED
    )
    yield _rows(parts, "task", F("unit"), F("task__due_date"))


def _receive(form: Form) -> Iterator[QuerySet[Any]]:
    parts = _parts(
        form,
        role__in=(Role.COOPERATING, Role.ASSESSOR),
        received_at=None,
        task__state__in=NOT_OVER,
    )
    yield _rows(parts, "task", F("unit"), F("task__due_date"))


STILL_THERE = Appointment.objects.filter(
    Q(ends_at=None) | Q(ends_at__gt=Now()),
    person=OuterRef("handler"),
    post__unit=OuterRef("unit"),
    starts_at__lte=Now(),
)
"""Posts of a part's unit that the person named for it holds."""


def _mine(form: Form) -> Q:
    """Parts for which nobody was named in the unit, or the person was, or whom they act for.

    Whoever was named and holds no post there any more leaves the part to the unit.
    """
    mine = Q(Q(handler=None) | Q(~Exists(STILL_THERE)), Among("unit", form["units"]))
    for n in range(form.capacities):
        mine |= Q(Among("handler", form["name", n]), Among("unit", form["units", n]))
    return mine


def _report(form: Form) -> Iterator[QuerySet[Any]]:
    parts = Assignment.objects.filter(
        _mine(form),
        Among("task__organisation", form["organisation"]),
        ended_at=None,
        role=Role.LEAD,
        task__state=State.IN_PROGRESS,
    )
    yield _rows(parts, "task", F("unit"), F("task__due_date"))


def _contribute(form: Form) -> Iterator[QuerySet[Any]]:
    sent = Contribution.objects.filter(task=OuterRef("task"), unit=OuterRef("unit"))
    parts = Assignment.objects.filter(
        _mine(form),
        ~Exists(sent),
        Among("task__organisation", form["organisation"]),
        ended_at=None,
        role=Role.COOPERATING,
        received_at__isnull=False,
        task__state=State.IN_PROGRESS,
    )
    yield _rows(parts, "task", F("unit"), F("task__due_date"))


def _close(form: Form) -> Iterator[QuerySet[Any]]:
    """Reviewed tasks, for whoever closes them and neither wrote nor sent the report."""
    present = Assignment.objects.filter(task=OuterRef("pk"), role=Role.LEAD, ended_at=None)
    newest = Submission.objects.filter(task=OuterRef("pk")).order_by("-version")
    tasks = Task.objects.filter(Among("organisation", form["organisation"]), state=State.REVIEWED)
    tasks = tasks.annotate(
        authors=Subquery(newest.values("authors")[:1]),
        closer=Case(
            When(Exists(present.filter(unit=OuterRef("plan__coordinator"))), "plan__overseer"),
            default="plan__coordinator",
        ),
    )
    mine = Q(pk__in=[])
    for n in range(form.capacities):
        offices, people = form["offices", n], form["people", n]
        mine |= Q(Among("closer", offices)) & ~Q(authors__overlap=people)
    yield _rows(tasks.filter(mine), "pk", F("closer"), F("due_date"))


def _settle(form: Form) -> Iterator[QuerySet[Any]]:
    """Tasks that the lead unit says aren't its own."""
    parts = Assignment.objects.filter(
        Among("task__organisation", form["organisation"]),
        Among("task__plan__coordinator", form["offices"]),
        role=Role.LEAD,
        ended_at=None,
        declined_at__isnull=False,
        task__state=State.ASSIGNED,
    )
    yield _rows(parts, "task", F("task__plan__coordinator"), F("task__due_date"))


def _receive_plan(form: Form) -> Iterator[QuerySet[Any]]:
    waiting = Addressee.objects.filter(
        Among("unit", form["units"]),
        received_at=None,
        plan__issued_at__isnull=False,
        plan__completed_at=None,
        plan__cancelled_at=None,
    )
    yield _rows(waiting, "plan", F("unit"))


def _plans_at(node: str) -> Branch:
    """The plans at a step that their coordinator takes."""

    def branch(form: Form) -> Iterator[QuerySet[Any]]:
        plans = Plan.objects.filter(
            Among("coordinator", form["offices"]),
            issued_at=None,
            cancelled_at=None,
            process__in=flows.waiting(node),
        )
        yield _rows(plans, "pk", F("coordinator"))

    return branch


def _amendments(*, came_back: bool) -> Branch:
    """Drafts of amendments that the plan's coordinators write: new, or returned to them."""

    def branch(form: Form) -> Iterator[QuerySet[Any]]:
        returned = Approval.objects.filter(
            subject_kind=AMENDMENT,
            subject_id=OuterRef("pk"),
            state=Approval.State.WITH_SUBMITTER,
        )
        drafts = Amendment.objects.filter(
            Exists(returned) if came_back else ~Exists(returned),
            Among("plan__coordinator", form["offices"]),
            state=Amendment.State.DRAFT,
            plan__completed_at=None,
            plan__cancelled_at=None,
        )
        yield _rows(drafts, "pk", F("plan__coordinator"))

    return branch


def _confirm(form: Form) -> Iterator[QuerySet[Any]]:
    """Ways on that another administrator proposed, where this person isn't concerned."""
    latest = Round.objects.filter(approval=OuterRef("approval")).order_by("-number")
    proposed = Intervention.objects.filter(
        Among("organisation", form["administers"]), state=Intervention.State.PROPOSED
    ).annotate(
        authors=Subquery(latest.values("authors")[:1]),
        submitter=Subquery(latest.values("submitter")[:1]),
    )
    concerned = Q(authors__overlap=form["everybody"])
    for one in ("proposed_by", "person", "submitter"):
        concerned |= Q(Among(Coalesce(one, "proposed_by"), form["everybody"]))
    yield _rows(proposed.exclude(concerned), "approval__subject_id", None)


def _approve_passkey(form: Form) -> Iterator[QuerySet[Any]]:
    """Passkeys that wait for an administrator who is not their owner, nor acts for them alone."""
    waiting = Passkey.objects.filter(
        ~Q(Among("person", form["person"])),
        Among("organisation", form["administers"]),
        needs_approval=True,
        approved_at=None,
        revoked_at=None,
        person__is_active=True,
    )
    yield _rows(waiting, "person", None)


def _came_back(kind: str) -> Branch:
    """Requests that were returned to whoever put them forward last."""

    def branch(form: Form) -> Iterator[QuerySet[Any]]:
        rounds = Round.objects.filter(approval=OuterRef("pk")).order_by("-number")
        approvals = Approval.objects.filter(
            Among("organisation", form["organisation"]),
            subject_kind=kind,
            state=Approval.State.WITH_SUBMITTER,
        ).annotate(asker=Subquery(rounds.values("submitter")[:1]))
        task = Task.objects.filter(pk=OuterRef("subject_id")).values("due_date")
        mine = approvals.filter(Among("asker", form["person"]))
        yield _rows(mine, "subject_id", F("asker"), Subquery(task))

    return branch


def _check_import(form: Form) -> Iterator[QuerySet[Any]]:
    """Imports of the units that somebody coordinates, as `PlanImport.objects.for_user` has them."""
    offices = Cast(form["offices"], ArrayField(TextField()))
    imports = PlanImport.objects.filter(
        Among("organisation", form["organisation"]),
        Among(KT("answers__document__coordinator"), offices),
        state=PlanImport.State.OPEN,
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
    "draft_amendment": _amendments(came_back=False),
    "revise_amendment": _amendments(came_back=True),
    "revise_extension": _came_back(TaskRequest.Kind.EXTENSION),
    "revise_reopening": _came_back(TaskRequest.Kind.REOPENING),
    "check_import": _check_import,
    "confirm": _confirm,
    "approve_passkey": _approve_passkey,
}
