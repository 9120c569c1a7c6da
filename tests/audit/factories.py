"""A task without a process around it: rows and entries as issuing a plan leaves them."""

from typing import Any

from django.db import transaction

from audit.actions import append
from audit.models import Entry
from directory.models import Organisation, Person, Unit
from tests.factories import NOW, make_organisation, make_person, make_unit
from workflows.models import Measure, Plan, Task


def make_task(organisation: Organisation | None = None) -> Task:
    organisation = organisation or make_organisation()
    return _issue(make_unit(organisation), make_person(organisation))


@transaction.atomic
def _issue(unit: Unit, person: Person) -> Task:
    organisation = unit.organisation
    plan = Plan.objects.create(
        organisation=organisation,
        title="Plan",
        coordinator=unit,
        created_by=person,
        created_at=NOW,
    )
    append(plan, kind="plan.drafted", actor=person, at=NOW, facts={})
    measure = Measure.objects.create(
        organisation=organisation,
        plan=plan,
        position=1,
        number="1",
        heading="Train officials",
        text="Train officials",
        span_start=0,
        span_end=15,
    )
    task = Task.objects.create(
        organisation=organisation,
        plan=plan,
        measure=measure,
        title="Train officials",
        created_at=NOW,
    )
    append(
        task,
        kind="task.created",
        actor=person,
        at=NOW,
        facts={"state": {"from": None, "to": "assigned"}},
    )
    return task


def add(root: Any, *, kind: str = "task.noted", **facts: Any) -> Entry:
    """Another entry on the root's chain, in a transaction of its own."""
    with transaction.atomic():
        return append(root, kind=kind, actor="operator", at=NOW, facts=facts)


@transaction.atomic
def accept(task: Task) -> Entry:
    """The task's state changes, with its entry."""
    task.accept()
    return append(
        task,
        kind="task.accepted",
        actor="operator",
        at=NOW,
        facts={"state": {"from": "assigned", "to": "in_progress"}},
        changed=["state"],
    )
