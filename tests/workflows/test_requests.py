"""Extension and reopening: asked for, decided along a route, and what the ledger says of it."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from approvals import actions as approvals
from approvals.models import Approval
from directory.actions import OPERATOR
from tests.factories import LONG_AGO, NOW
from tests.workflows.factories import (
    World,
    accepted,
    decide,
    fresh,
    newest,
    publish_completion_route,
    submitted,
)
from workflows.actions import requests, tasks
from workflows.models import Task, TaskRequest

pytestmark = pytest.mark.django_db

DUE, LATER, LATEST = date(2026, 11, 30), date(2026, 12, 31), date(2027, 1, 31)
EXTENSION, REOPENING = TaskRequest.Kind.EXTENSION, TaskRequest.Kind.REOPENING


@pytest.fixture
def world(world: World) -> World:
    publish_completion_route(world)
    publish(world, EXTENSION, [("post_of_lead", "principal"), ("post_of_reviewing", "coordinator")])
    publish(world, REOPENING, [("post_of_reviewing", "coordinator")])
    return world


def publish(world: World, kind: str, stages: Sequence[tuple[str, str]]) -> None:
    approvals.publish_route(
        organisation=world.organisation,
        name=f"Route for {kind}",
        subject_kind=kind,
        stages=[
            approvals.StageSpec(f"Stage of {role}", [{"select": select, "role": role}])
            for select, role in stages
        ],
        actor=OPERATOR,
        at=LONG_AGO,
    )


def extend(
    world: World, task: Task, due_date: date = LATER, reason: str = "Snow.", **who: Any
) -> TaskRequest:
    given = {"actor": world.handler, "at": NOW} | who
    return requests.ask_extension(task_id=task.pk, due_date=due_date, reason=reason, **given)


def reviewed(world: World) -> Task:
    task = accepted(world)
    submitted(world, task)
    decide(world.deputy)
    decide(world.coordinator)
    return fresh(task)


def closed(world: World) -> Task:
    task = reviewed(world)
    return tasks.close(task_id=task.pk, actor=world.coordinator, at=NOW, outcome="verified")


def reopen(world: World, task: Task, **who: Any) -> TaskRequest:
    given = {"actor": world.handler, "at": NOW} | who
    return requests.ask_reopening(task_id=task.pk, reason="A village is missing.", **given)


def approval(task: Task, kind: str) -> Approval:
    return Approval.objects.filter(subject_id=task.pk, subject_kind=kind).latest("opened_at")


def test_an_extension_moves_the_due_date_when_its_route_is_through(world: World) -> None:
    task = accepted(world)
    extend(world, task)
    decide(world.principal)
    assert fresh(task).due_date == DUE

    decide(world.coordinator)

    assert fresh(task).due_date == LATER
    assert approval(task, EXTENSION).state == "passed"
    body = newest(task)
    assert body["kind"] == "approval.signed_off"
    assert body["facts"]["due_date"] == {"from": "2026-11-30", "to": "2026-12-31"}


def test_a_task_is_reopened_when_the_route_for_it_is_through(world: World) -> None:
    task = closed(world)
    reopen(world, task)

    decide(world.coordinator)

    again = fresh(task)
    assert (again.state, again.outcome, again.closed_at) == ("in_progress", "", None)
    body = newest(task)
    assert body["facts"]["state"] == {"from": "closed", "to": "in_progress"}
    assert body["facts"]["outcome"] == "verified"
