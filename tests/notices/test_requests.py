"""Who hears how a request for a task went."""

import json

import pytest

from directory.models import Person
from notices import wording
from notices.rules import News, told
from tests.factories import NOW
from tests.workflows.factories import World, accepted, decide, entries, make_world
from tests.workflows.test_requests import closed, extend, publish_routes, reopen
from workflows.actions import tasks
from workflows.models import Task

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    world = make_world()
    publish_routes(world)
    return world


def heard(task: Task, number: int = -1) -> dict[str, set[Person]]:
    """What an entry tells, the newest unless another is meant, and whom."""
    body = json.loads(bytes(entries(task)[number].body))
    found = told(News(task.organisation_id, task.subject, body["kind"], body["facts"], NOW))
    kinds = {kind: people for kind, who in found if (people := set(who))}
    assert set(kinds) <= set(wording.SENTENCES)
    return kinds


def test_whoever_decides_next_is_told_of_a_request(world: World) -> None:
    task = accepted(world)
    extend(world, task)

    assert heard(task) == {"work.opened": {world.principal}}


def test_the_asker_is_told_of_a_return(world: World) -> None:
    task = accepted(world)
    extend(world, task)
    decide(world.principal, "return", "No.")

    assert heard(task) == {"extension.returned": {world.handler}}


def test_everybody_who_works_on_the_task_is_told_of_the_new_date(world: World) -> None:
    task = accepted(world)
    extend(world, task)
    decide(world.principal)
    decide(world.coordinator)

    assert heard(task) == {
        "extension.passed": {
            world.handler,
            world.principal,
            world.partner_handler,
            world.coordinator,
        }
    }


def test_the_lead_unit_is_told_that_the_task_is_reopened(world: World) -> None:
    task = closed(world)
    reopen(world, task)
    decide(world.coordinator)

    assert heard(task) == {"task.reopened": {world.handler, world.principal, world.coordinator}}


def test_the_asker_is_told_when_the_request_ends_with_the_task(world: World) -> None:
    task = accepted(world)
    extend(world, task)
    tasks.cancel(task_id=task.pk, actor=world.coordinator, at=NOW, reason="Merged.")

    assert heard(task, -2) == {"extension.ended": {world.handler}}
