"""Reading one task: its facts, who has which part, how its approval stands, what one may do."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.timezone import localdate

from approvals.queries import Progress, current
from directory.models import Appointment, Person
from directory.queries import in_force, working_days_between
from workflows import lights, policy
from workflows.models import Assignment, Contribution, Task
from workflows.policy import MAY_BE_NAMED, Facts
from workflows.queries.events import Event, events
from workflows.queries.reports import Return, Version, last_return, versions
from workflows.queries.requests import Asked, UnderWay, asked, under_way
from workflows.queries.standing import standing
from workflows.subjects import COMPLETION

ENDED = (Task.State.CLOSED, Task.State.CANCELLED)


@dataclass(frozen=True)
class UnitPart:
    """A unit's part as the task page shows it."""

    assignment: Assignment
    contribution: Contribution | None
    is_mine: bool
    may: frozenset[str]

    @property
    def waits_for_receipt(self) -> bool:
        return self.assignment.received_at is None


@dataclass(frozen=True)
class TaskPage:
    """Everything a task's page shows to one person."""

    task: Task
    reader: UUID
    facts: Facts
    may: frozenset[str]
    parts: list[UnitPart]
    versions: list[Version]
    progress: Progress | None
    events: list[Event]
    came_back: Return | None
    left: int | None
    requests: list[Asked]
    under_way: list[UnderWay]
    """Those of the requests that are being decided, or came back."""

    @property
    def light(self) -> str:
        started = self.task.state != Task.State.ASSIGNED
        return lights.light(self.left, started=started, over=self.task.state in ENDED)

    @property
    def lead(self) -> Assignment:
        return next(
            one.assignment for one in self.parts if one.assignment.role == Assignment.Role.LEAD
        )

    @property
    def cooperating(self) -> int:
        return sum(one.assignment.role == Assignment.Role.COOPERATING for one in self.parts)

    @property
    def your_item(self) -> UUID | None:
        """The open seat that waits for the reader, whose own work it isn't."""
        now = self.progress.now if self.progress else None
        mine = [seat.item.pk for seat in now.seats if seat.is_you] if now else []
        return mine[0] if mine and self.reader not in self.excluded else None

    @property
    def excluded(self) -> frozenset[UUID | None]:
        return self.facts.authors | {self.facts.submitter}

    @property
    def to_receive(self) -> bool:
        return any("receive" in one.may and one.waits_for_receipt for one in self.parts)

    @property
    def to_contribute(self) -> bool:
        return any("contribute" in one.may and not one.contribution for one in self.parts)

    @property
    def closing_unit(self) -> str:
        """The name of the office that closes the task."""
        plan = self.task.plan
        unit = plan.overseer if self.facts.closing_unit == plan.overseer_id else plan.coordinator
        return unit.name if unit else ""

    @property
    def declined(self) -> bool:
        return self.lead.declined_at is not None

    @property
    def settled(self) -> list[Asked]:
        """All other requests."""
        now = {one.asked.request.pk for one in self.under_way}
        return [one for one in self.requests if one.request.pk not in now]

    @property
    def request_to_review(self) -> bool:
        return any(one.your_item for one in self.under_way)

    @property
    def request_came_back(self) -> bool:
        """Whether the reader may put a request forward again."""
        return any(
            one.asked.is_returned and f"ask_{one.action}" in self.may for one in self.under_way
        )

    @property
    def extended(self) -> list[Asked]:
        """The extensions that were granted, newest first."""
        return [one for one in self.requests if one.is_extension and one.is_granted]

    @property
    def received(self) -> int:
        return sum(not part.waits_for_receipt for part in self.parts)


def task_page(task: Task, person: Person, at: datetime) -> TaskPage:
    """The page of a task that the person may see. About thirty queries, whatever its history."""
    facts = standing(task, person, at)
    returned = task.state == Task.State.IN_PROGRESS
    requests = asked(task)
    return TaskPage(
        task=task,
        reader=person.pk,
        facts=facts,
        may=frozenset(policy.allowed(person, facts)),
        parts=_parts(task, person, facts),
        versions=versions(task),
        progress=current(COMPLETION, task.pk, at=at, person=person),
        events=events(task, facts.holdings),
        came_back=last_return(task) if returned else None,
        left=days_left(task, at),
        requests=requests,
        under_way=under_way(requests, facts, person, at),
    )


def days_left(task: Task, at: datetime) -> int | None:
    """Working days until the deadline, negative when it is past; None without one."""
    if task.due_date is None or task.state in ENDED:
        return None
    return working_days_between(task.organisation_id, localdate(at), task.due_date)


def _parts(task: Task, person: Person, facts: Facts) -> list[UnitPart]:
    newest = {
        one.unit_id: one
        for one in Contribution.objects.filter(task=task)
        .order_by("unit_id", "-version")
        .distinct("unit_id")
    }
    mine = {held.unit.pk for held in facts.holdings}
    return [
        UnitPart(
            one,
            newest.get(one.unit_id),
            one.unit_id in mine,
            frozenset(policy.allowed(person, facts.of(one.unit_id), UNIT_ACTIONS)),
        )
        for one in parts_of(task)
    ]


UNIT_ACTIONS = ("receive", "contribute", "name_handlers")


def parts_of(task: Task) -> list[Assignment]:
    """The parts that units have now, the lead first. One query."""
    found = Assignment.objects.filter(task=task, ended_at=None).select_related(
        "unit", "handler", "deputy", "received_by"
    )
    rank = {Assignment.Role.LEAD: 0, Assignment.Role.COOPERATING: 1}
    return sorted(found, key=lambda one: (rank.get(Assignment.Role(one.role), 2), one.unit.pinyin))


def colleagues(unit_id: UUID, at: datetime) -> list[Person]:
    """Whom a unit may name for a task."""
    held = Appointment.objects.filter(
        in_force(at),
        post__unit=unit_id,
        post__role__in=MAY_BE_NAMED,
        post__abolished_at=None,
        person__is_active=True,
    )
    return list(Person.objects.filter(pk__in=held.values("person")).order_by("pinyin"))
