"""Reading plans for pages: the list, one plan with its tasks, units and receipts, its text."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from approvals.choosing import Choice, choices
from approvals.queries import Progress, current, has_part
from audit.models import Entry
from audit.templatetags.ui import day, moment
from directory.models import Person, Unit
from directory.queries import working_days
from workflows import flows, lights, marking, plan_policy, wording
from workflows.marking import Mark, Paragraph
from workflows.models import Addressee, Amendment, Assignment, Measure, Plan, Task
from workflows.parties import Parties
from workflows.plan_chart import Chart, drawn
from workflows.plan_policy import Facts
from workflows.plan_subject import COUNTERSIGN, KIND, KINDS, participants
from workflows.queries.amendments import amendments_of
from workflows.queries.events import Event, events
from workflows.queries.import_page import Tag, tags
from workflows.queries.plan_standing import standing
from workflows.queries.plans import OVER, obstacles, parts

ORDER = ("draft", "countersign", "approve_issuing", "issue", "receipts", "in_force", "completed")
"""The steps of the picture. A plan to be revised stands at its draft again."""
WORST = ("overdue", "due_soon", "not_started", "on_track", "done")
"""Lights, the worst first."""
STATES = {
    "countersign": "submitted",
    "approve_issuing": "submitted",
    "issue": "reviewed",
    "receipts": "assigned",
    "in_force": "in_progress",
    "completed": "closed",
    "cancelled": "cancelled",
    "revise": "returned",
}
"""The mark that a step borrows from the states of tasks."""


@dataclass(frozen=True)
class Stop:
    """A step of the process as the picture shows it."""

    name: str
    note: str
    status: str
    lines: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class TaskRow:
    """A task in the plan's table."""

    task: Task
    lead: str
    others: list[str]
    light: str
    left: int | None
    url: str


@dataclass(frozen=True)
class Group:
    """The tasks of one measure: `alone` where it has one, else a task for each of `members`."""

    measure: Measure
    members: list[TaskRow]
    alone: TaskRow | None = None

    @property
    def over(self) -> int:
        return sum(row.task.state in OVER for row in self.members)

    @property
    def light(self) -> str:
        """The worst of them."""
        return min((row.light for row in self.members), key=WORST.index)


@dataclass(frozen=True)
class Cell:
    """A unit's part in one measure."""

    light: str
    is_lead: bool
    url: str
    unit: str
    role: str


@dataclass(frozen=True)
class MatrixRow:
    number: str
    title: str
    url: str
    cells: list[Cell | None]


@dataclass(frozen=True)
class Drafted:
    """A measure of a plan that isn't issued yet."""

    measure: Measure
    tags: list[Tag]
    tasks: int


@dataclass(frozen=True)
class Listed:
    """A plan in the list."""

    plan: Plan
    step: str
    state: str
    word: str
    tasks: int
    over: int
    late: int


@dataclass(frozen=True)
class PlanPage:
    plan: Plan
    facts: Facts
    may: set[str]
    state: str
    word: str
    stops: list[Stop]
    chart: Chart
    drafted: list[Drafted]
    rows: list[TaskRow]
    figures: list[tuple[str, int]]
    units: list[str]
    matrix: list[MatrixRow]
    addressees: list[Addressee]
    obstacles: list[str]
    approvals: list[tuple[str, str, Progress]]
    """Of the plan's approvals the newest of each kind, with the kind and what it is called."""
    amendments: list[Amendment]
    amended: list[Measure]
    """The measures that an amendment added, changed or ended."""
    events: list[Event]
    total: int
    """How many tasks the plan has; `rows` are those that the person may see."""
    over: int
    choices: Mapping[str, Sequence[Choice]] = field(default_factory=dict)
    """By step, the stages at which the reader chooses who signs, if they put the plan forward."""

    @property
    def has_steps(self) -> bool:
        """Whether the person may do anything besides calling all of it off."""
        return bool(self.may - {"cancel", "amend"})

    @property
    def received(self) -> int:
        return sum(one.received_at is not None for one in self.addressees)

    @property
    def waiting(self) -> list[str]:
        return [one.unit.name for one in self.addressees if one.received_at is None]

    @property
    def grouped(self) -> list[Group]:
        """The rows, those of a group's members under their measure."""
        found: list[Group] = []
        for row in self.rows:
            if row.task.made_for_id is None:
                found.append(Group(row.task.measure, [], row))
            elif found and found[-1].members and found[-1].measure == row.task.measure:
                found[-1].members.append(row)
            else:
                found.append(Group(row.task.measure, [row]))
        return found

    @property
    def late(self) -> list[TaskRow]:
        return [row for row in self.rows if row.light == "overdue"]

    @property
    def last_due(self) -> date | None:
        return max((r.task.due_date for r in self.rows if r.task.due_date), default=None)


def listed(plans: Sequence[Plan]) -> list[Listed]:
    """A page of plans with their step and how many tasks are over or late. Three queries."""
    steps = flows.places([plan.process_id for plan in plans])
    counts = {
        plan: (every, over, late)
        for plan, every, over, late in Task.objects.filter(plan__in=plans)
        .order_by()
        .values("plan")
        .annotate(
            every=Count("pk"),
            over=Count("pk", filter=Q(state__in=OVER)),
            late=Count("pk", filter=~Q(state__in=OVER) & Q(due_date__lt=localdate())),
        )
        .values_list("plan", "every", "over", "late")
    }
    return [
        Listed(plan, step, mark(step), str(wording.STEPS[step]), *counts.get(plan.pk, (0, 0, 0)))
        for plan in plans
        for step in [steps[plan.process_id]]
    ]


def mark(step: str) -> str:
    return STATES.get(step, "draft")


def plan_page(plan: Plan, person: Person, at: datetime) -> PlanPage:
    """Everything a plan's page shows to one person. About thirty queries, however many tasks."""
    facts = standing(plan, person, at)
    measures = list(plan.measures.all())
    addressees = list(
        plan.addressees.select_related("unit", "received_by").order_by("unit__pinyin")
    )
    rows, assignments = _rows(plan, Task.objects.for_user(person, facts.holdings), localdate(at))
    units, matrix = _matrix(measures, rows, assignments)
    total = Task.objects.filter(plan=plan).count()
    over = Task.objects.filter(plan=plan, state__in=OVER).count()
    may = plan_policy.allowed(person, facts)
    drafting = facts.step in ("draft", "revise")
    return PlanPage(
        plan=plan,
        facts=facts,
        may=may,
        state=mark(facts.step),
        word=str(wording.STEPS[facts.step]),
        stops=_stops(plan, facts.step, addressees, f"{over}/{total}"),
        chart=drawn(facts.step),
        drafted=[] if plan.issued_at else drafted(plan),
        rows=rows,
        figures=_figures(rows),
        units=units,
        matrix=matrix,
        addressees=addressees,
        obstacles=_obstacles(plan, measures) if drafting else [],
        approvals=_approvals(plan, person, at),
        amendments=amendments_of(plan, person, facts.holdings) if plan.issued_at else [],
        amended=[one for one in measures if one.revision > 1 or one.added_by_id],
        events=events(
            plan,
            facts.holdings,
            comments=_comments(plan, person, facts),
            amendments=Amendment.objects.for_user(person, facts.holdings)
            .filter(plan=plan)
            .values_list("pk", flat=True),
        ),
        total=total,
        over=over,
        choices=signers_to_choose(plan, person, at) if "submit" in may else {},
    )


def signers_to_choose(plan: Plan, person: Person, at: datetime) -> dict[str, Sequence[Choice]]:
    """By what is approved, the stages at which this person chooses who signs.

    Only what asks for a choice if they put the plan forward.
    """
    asked = {KIND: participants(plan, person.pk)}
    countersigned = participants(plan, person.pk, countersigned=True)
    if countersigned.cooperating_units:
        asked = {COUNTERSIGN: countersigned} | asked
    offers = {
        kind: choices(kind, plan.pk, plan.organisation_id, context, at)
        for kind, context in asked.items()
    }
    return {kind: found for kind, found in offers.items() if found}


def _comments(plan: Plan, person: Person, facts: Facts) -> bool:
    """Whether the person reads what the approvers wrote."""
    posts = {held.post.pk for held in facts.holdings}
    mine = any(has_part(kind, plan.pk, person, posts) for kind in KINDS.values())
    return plan_policy.may_read_comments(facts.holdings, plan.coordinator_id, mine)


def _approvals(plan: Plan, person: Person, at: datetime) -> list[tuple[str, str, Progress]]:
    names = {COUNTERSIGN: _("Countersigning"), KIND: _("Approval of issuing")}
    return [
        (kind, name, found)
        for kind, name in names.items()
        if (found := current(kind, plan.pk, at=at, person=person))
    ]


def drafted(plan: Plan) -> list[Drafted]:
    """The measures with the units that are to carry them out. Two queries."""
    measures = list(plan.measures.all())
    names = _names(plan, measures)
    return [_drafted(measure, names) for measure in measures]


def _drafted(measure: Measure, names: dict[str, str]) -> Drafted:
    made = parts(measure)
    return Drafted(measure, tags(Parties.of(made), names), len(made))


def _names(plan: Plan, measures: Iterable[Measure]) -> dict[str, str]:
    wanted = {
        unit
        for measure in measures
        for part in parts(measure)
        for unit in (part.lead, *part.cooperating, *part.assessors)
    }
    units = Unit.objects.filter(organisation=plan.organisation_id, pk__in=wanted)
    return {str(pk): name for pk, name in units.values_list("pk", "name")}


def _obstacles(plan: Plan, measures: Sequence[Measure]) -> list[str]:
    found = []
    for one in obstacles(plan, measures):
        sentence = str(wording.OBSTACLES[one.code]) % {"name": one.name}
        found.append(f"{one.measure.number} {sentence}" if one.measure else sentence)
    return found


def _rows(
    plan: Plan, seen: QuerySet[Task], today: date
) -> tuple[list[TaskRow], dict[UUID, list[Assignment]]]:
    """The plan's tasks among those `seen`, and who has which part in each."""
    calendar = working_days(plan.organisation_id)
    tasks = list(seen.filter(plan=plan).select_related("measure"))
    parts_by_task: dict[UUID, list[Assignment]] = {}
    found = Assignment.objects.filter(task__in=tasks, ended_at=None).select_related("unit")
    for one in found:
        parts_by_task.setdefault(one.task_id, []).append(one)
    rows = []
    for task in tasks:
        mine = parts_by_task.get(task.pk, [])
        left = calendar.between(today, task.due_date) if task.due_date else None
        over = task.state in OVER
        rows.append(
            TaskRow(
                task=task,
                lead=next((one.unit.name for one in mine if one.role == "lead"), ""),
                others=[one.unit.name for one in mine if one.role == "cooperating"],
                light=lights.light(left, started=task.state != "assigned", over=over),
                left=None if over else left,
                url=reverse("task", args=[task.pk]),
            )
        )
    return rows, parts_by_task


def _figures(rows: Iterable[TaskRow]) -> list[tuple[str, int]]:
    order = ("done", "on_track", "due_soon", "overdue", "not_started")
    counts = dict.fromkeys(order, 0)
    for row in rows:
        counts[row.light] += 1
    return list(counts.items())


def _matrix(
    measures: Sequence[Measure],
    rows: Sequence[TaskRow],
    assignments: dict[UUID, list[Assignment]],
) -> tuple[list[str], list[MatrixRow]]:
    """Units across, measures down; a unit with several tasks of a measure shows the worst light."""
    by_measure: dict[UUID, list[TaskRow]] = {}
    for row in rows:
        by_measure.setdefault(row.task.measure_id, []).append(row)
    units = {one.unit_id: one.unit for mine in assignments.values() for one in mine}
    ordered = sorted(units.values(), key=lambda unit: (unit.pinyin, str(unit.pk)))
    matrix = []
    for measure in measures:
        cells: dict[UUID, Cell] = {}
        for row in by_measure.get(measure.pk, []):
            for one in assignments.get(row.task.pk, []):
                cell = _cell(row, one)
                before = cells.get(one.unit_id)
                if before is None or WORST.index(cell.light) < WORST.index(before.light):
                    cells[one.unit_id] = cell
        if cells:
            url = by_measure[measure.pk][0].url
            in_order = [cells.get(unit.pk) for unit in ordered]
            matrix.append(MatrixRow(measure.number, measure.heading, url, in_order))
    return [unit.name for unit in ordered], matrix


def _cell(row: TaskRow, part: Assignment) -> Cell:
    return Cell(row.light, part.role == "lead", row.url, part.unit.name, part.get_role_display())


def _passed(plan: Plan) -> dict[str, datetime]:
    """When each step was last left, as the ledger has it. A revision counts as the draft."""
    chain = Entry.objects.filter(
        organisation=plan.organisation_id, subject=plan.subject, kind__in=LEAVES
    )
    passed = {}
    for body, at in chain.order_by("subject_seq").values_list("body", "at"):
        if step := json.loads(bytes(body))["facts"].get("step"):
            passed["draft" if step["from"] == "revise" else step["from"]] = at
    return passed


LEAVES = (
    "plan.approval_opened",
    "approval.signed_off",
    "plan.issued",
    "plan.in_force",
    "plan.completed",
)
"""The entries by which a plan goes on."""


def _stops(plan: Plan, step: str, addressees: Sequence[Addressee], ended: str) -> list[Stop]:
    """The picture: what is done with its day, where the plan is, what comes."""
    passed = _passed(plan)
    here = {"revise": "draft", "cancelled": ""}.get(step, step)
    reached = ORDER.index(here) if here else -1
    received = sum(one.received_at is not None for one in addressees)
    counts = {
        "receipts": f"{received}/{len(addressees)}" if plan.issued_at else "",
        "in_force": ended if plan.issued_at else "",
        "completed": moment(plan.completed_at) if plan.completed_at else "",
    }
    stops = []
    for index, node in enumerate(ORDER):
        done = index < reached or step == "completed"
        note = counts.get(node, "")
        if not note and done and node in passed:
            note = day(passed[node])
        elif done and node == "countersign":
            note = pgettext("step", "passed over")
        status = "done" if done else "now" if index == reached else "ahead"
        lines = [note] if note else []
        if node == "draft" and step == "revise":
            lines.append(_("came back to be revised"))
        stops.append(Stop(str(flows.NAMES[node]), note, status, lines))
    return stops


def text_of(plan: Plan) -> list[Paragraph]:
    """The plan's source text with its measures' clauses marked; anchors `m1`, `m2` …"""
    marks, anchors = [], {}
    for measure in plan.measures.filter(added_by=None):
        anchors[measure.span_start] = f"m{measure.position}"
        for clause in measure.clause.split("\n"):
            place = plan.text.find(clause, measure.span_start, measure.span_end) if clause else -1
            if place >= 0:
                marks.append(Mark(place, place + len(clause)))
    return marking.paragraphs(plan.text, marks, anchors)
