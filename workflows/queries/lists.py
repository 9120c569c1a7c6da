"""Lists of tasks and plans that a person may see, narrowed by what they ask for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from directory.calendar import WorkingDays
from directory.models import Person, Unit
from directory.queries import Holding
from workflows.lights import DUE_SOON, light
from workflows.models import Assignment, Plan, Task
from workflows.policy import NOT_OVER
from workflows.queries.errands import with_lead

FOUND = 30
"""So many tasks, and so many plans, a search shows."""
WORDS = 6
"""So many words of a search count."""


@dataclass(frozen=True)
class Found:
    """What a search shows; `more` tells that there are more tasks than that."""

    tasks: list[Task]
    plans: list[Plan]
    more: bool


def tasks(
    person: Person,
    held: Sequence[Holding],
    asked: Mapping[str, Any],
    today: date,
    days: WorkingDays,
) -> QuerySet[Task]:
    """The person's tasks by deadline; `asked` as `workflows.forms.lists.TaskFilter` cleans it."""
    found: QuerySet[Task] = Task.objects.for_user(person, held)
    match asked.get("state") or "open":
        case "open":
            found = found.filter(state__in=NOT_OVER)
        case "all":
            pass
        case state:
            found = found.filter(state=state)
    if plan := asked.get("plan"):
        found = found.filter(plan=plan)
    if priority := asked.get("priority"):
        found = found.filter(priority=priority)
    if unit := asked.get("unit"):
        found = found.filter(Exists(_parts().filter(unit=unit)))
    if name := asked.get("light"):
        found = found.filter(_lit(name, today, days), state__in=NOT_OVER)
    found = found.filter(_task_words(asked.get("q", "")))
    return with_lead(found).order_by(F("due_date").asc(nulls_last=True), "id")


def with_lights(tasks: Iterable[Task], today: date, days: WorkingDays) -> list[Task]:
    """The tasks, each with its `light` and the working days that are `left`."""
    found = list(tasks)
    for task in found:
        task.left = None if task.due_date is None else days.between(today, task.due_date)
        task.light = light(
            task.left, started=task.state != Task.State.ASSIGNED, over=task.state not in NOT_OVER
        )
    return found


def plans_to_choose(person: Person, held: Sequence[Holding]) -> QuerySet[Plan]:
    """The plans by which the person's tasks can be narrowed."""
    plans: QuerySet[Plan] = Plan.objects.for_user(person, held)
    plans = plans.filter(issued_at__isnull=False)
    return plans.only("number", "title")


def units_to_choose(person: Person) -> QuerySet[Unit]:
    units: QuerySet[Unit] = Unit.objects.for_user(person).filter(abolished_at=None)
    return units.only("name")


def search(person: Person, held: Sequence[Holding], words: str) -> Found:
    """Tasks and plans in which every word occurs: in titles, numbers, or names of units."""
    if not words.split():
        return Found([], [], False)
    tasks = with_lead(Task.objects.for_user(person, held).filter(_task_words(words)))
    found = list(tasks.order_by("-created_at", "id")[: FOUND + 1])
    plans = Plan.objects.for_user(person, held).filter(_plan_words(words))
    return Found(
        found[:FOUND],
        list(plans.select_related("coordinator").defer("text", "basis")[:FOUND]),
        more=len(found) > FOUND,
    )


def _parts() -> QuerySet[Assignment]:
    return Assignment.objects.filter(task=OuterRef("pk"), ended_at=None)


def _lit(name: str, today: date, days: WorkingDays) -> Q:
    """The deadlines that show this light, as `workflows.lights` has it."""
    fine = days.add(today, DUE_SOON + 1)
    match name:
        case "overdue":
            return Q(due_date__lt=today)
        case "due_soon":
            return Q(due_date__gte=today, due_date__lt=fine)
        case _:
            return Q(due_date__gte=fine) | Q(due_date=None)


def _task_words(words: str) -> Q:
    found = Q()
    for word in words.split()[:WORDS]:
        found &= (
            Q(title__icontains=word)
            | Q(measure__number=word)
            | Q(plan__number__icontains=word)
            | Q(plan__title__icontains=word)
            | Q(Exists(_parts().filter(unit__name__icontains=word)))
        )
    return found


def _plan_words(words: str) -> Q:
    found = Q()
    for word in words.split()[:WORDS]:
        found &= (
            Q(title__icontains=word)
            | Q(number__icontains=word)
            | Q(coordinator__name__icontains=word)
        )
    return found
