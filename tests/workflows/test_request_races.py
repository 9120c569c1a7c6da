"""Requests under real commits: two at once end as one after the other, and all is replayed."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.db import connection

from approvals import actions as approvals
from approvals.queries import seen_digest
from audit.errors import Refused
from audit.verification import verify
from tests.factories import NOW
from tests.workflows.factories import (
    World,
    accepted,
    decide,
    entries,
    fresh,
    make_measure,
    make_world,
)
from tests.workflows.test_races import AT_ONCE, at_once, refusals
from tests.workflows.test_requests import (
    DUE,
    EXTENSION,
    LATER,
    REOPENING,
    approval,
    closed,
    decide_on,
    extend,
    item_of,
    publish_routes,
    reopen,
)
from workflows.actions import requests, tasks
from workflows.models import Task, TaskRequest

pytestmark = pytest.mark.races


@pytest.fixture
def world(committed_db: None) -> World:
    world = make_world()
    publish_routes(world)
    return world


def kinds(task: Task) -> list[str]:
    return [entry.kind for entry in entries(task)]


def test_an_extension_asked_for_by_many_clicks_is_one_request(world: World) -> None:
    task = accepted(world)

    results = at_once(lambda _: extend(world, task))

    assert len(refusals(results)) == AT_ONCE - 1
    assert TaskRequest.objects.filter(task=task).count() == 1
    assert kinds(task).count("extension.requested") == 1


def test_a_reopening_asked_for_by_many_clicks_is_one_request(world: World) -> None:
    task = closed(world)

    results = at_once(lambda _: reopen(world, task))

    assert len(refusals(results)) == AT_ONCE - 1
    assert kinds(task).count("reopening.requested") == 1


def test_a_request_is_taken_back_or_decided_never_both(world: World) -> None:
    task = accepted(world)
    extend(world, task)
    item = item_of(task, EXTENSION)
    shown = seen_digest(item)

    def either(number: int) -> object:
        if number:
            return requests.withdraw_extension(task_id=task.pk, actor=world.handler, at=NOW)
        return decide_on(task, EXTENSION, world.principal, shown, item)

    results = at_once(either, times=2)

    assert len(refusals(results)) == 1
    state = approval(task, EXTENSION).state
    assert state == ("withdrawn" if isinstance(results[0], Refused) else "open")


@pytest.mark.parametrize("act", ["cancel", "set_due_date"])
def test_the_last_signature_and_what_ends_the_request_leave_one_of_both_orders(
    world: World, act: str
) -> None:
    task = accepted(world)
    extend(world, task)
    decide(world.principal)
    item = item_of(task, EXTENSION)
    shown = seen_digest(item)
    more = {"due_date": None} if act == "set_due_date" else {}

    def either(number: int) -> object:
        if number:
            do = getattr(tasks, act)
            return do(task_id=task.pk, actor=world.coordinator, at=NOW, reason="Over.", **more)
        return decide_on(task, EXTENSION, world.coordinator, shown, item)

    signed, ended = at_once(either, times=2)

    assert not isinstance(ended, Refused)
    if isinstance(signed, Refused):
        assert "extension.ended" in kinds(task)
        assert approval(task, EXTENSION).state == "cancelled"
    else:
        assert "extension.ended" not in kinds(task)
        assert approval(task, EXTENSION).state == "passed"
    assert fresh(task).due_date == (None if more else DUE if isinstance(signed, Refused) else LATER)


def test_a_task_is_reopened_once_by_two_last_signatures(world: World) -> None:
    task = closed(world)
    reopen(world, task)
    item = item_of(task, REOPENING)
    shown = seen_digest(item)

    results = at_once(lambda _: decide_on(task, REOPENING, world.coordinator, shown, item), times=2)

    assert len(refusals(results)) == 1
    assert isinstance(refusals(results)[0], approvals.StageClosed)
    assert fresh(task).state == "in_progress"


def test_the_ledger_replays_requests_and_what_came_of_them(
    world: World, speaking_as: Callable[[str], AbstractContextManager[None]]
) -> None:
    task = accepted(world)
    extend(world, task)
    decide(world.principal, "return", "Say more.")
    request = extend(world, task, reason="The road is closed until May.")
    decide(world.principal)
    decide(world.coordinator)
    again = closed(world, measure=make_measure(world.plan, 15))
    reopen(world, again)
    decide(world.coordinator)
    assert verify(world.organisation.pk).first_bad is None

    table = "workflows_taskrequest"
    with speaking_as("owner"), connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {table}_insert_only")
        cursor.execute(
            f"UPDATE {table} SET due_date = '2027-06-30' WHERE id = %s",  # noqa: S608 ours
            [request.pk],
        )
        cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_insert_only")

    assert str(request.pk) in str(verify(world.organisation.pk).first_bad)
