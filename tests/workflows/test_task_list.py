"""The list of tasks and the search: who sees which, and what narrows them."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from directory.models import Person
from directory.queries import holdings, working_days
from tests.factories import NOW
from tests.workflows.factories import (
    World,
    accepted,
    make_measure,
    make_plan,
    make_task,
    make_world,
    publish_completion_route,
    submitted,
)
from workflows.lights import light
from workflows.models import Plan, Task
from workflows.queries import lists

pytestmark = pytest.mark.django_db

TODAY = timezone.localdate(NOW)
CANARY = "Kingfisher"


def seen(person: Person, **asked: Any) -> list[Task]:
    days = working_days(person.organisation_id)
    return list(lists.tasks(person, holdings(person, NOW), asked, TODAY, days))


def found(person: Person, words: str) -> lists.Found:
    return lists.search(person, holdings(person, NOW), words)


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        ("handler", True),
        ("principal", True),
        ("partner_handler", True),
        ("coordinator", True),
        ("overseer", True),
        ("auditor", True),
        ("second_handler", False),
        ("stranger", False),
        ("administrator", False),
    ],
)
def test_a_task_is_listed_for_whom_it_concerns(world: World, who: str, sees: bool) -> None:
    task = make_task(world)
    person = getattr(world, who)

    assert seen(person) == ([task] if sees else [])
    assert found(person, "Training").tasks == ([task] if sees else [])


def test_whoever_is_asked_to_decide_sees_the_task(world: World) -> None:
    publish_completion_route(world)
    submission = submitted(world)

    assert seen(world.deputy) == [submission.task]


def test_another_organisation_sees_nothing_and_no_word_of_it(world: World, client: Client) -> None:
    make_task(world, title=CANARY)
    Plan.objects.filter(pk=world.plan.pk).update(title=CANARY)
    other = make_world()
    for person in (other.handler, other.coordinator, other.auditor, other.administrator):
        client.force_login(person)
        for address in ("/", "/waiting/", "/done/", "/tasks/?state=all", "/search/?q=king"):
            assert CANARY not in client.get(address).content.decode()

    client.force_login(world.handler)
    assert CANARY in client.get("/search/?q=king").content.decode()


def test_closed_tasks_are_listed_when_asked_for(world: World) -> None:
    task = make_task(world)
    Task.objects.filter(pk=task.pk).update(
        state="closed", outcome="verified", closed_at=timezone.now()
    )

    assert seen(world.handler) == []
    assert seen(world.handler, state="all") == seen(world.handler, state="closed") == [task]
    assert seen(world.handler, state="assigned") == []


def test_plan_unit_and_words_narrow_the_list(world: World) -> None:
    other = make_plan(world.office, world.other_office, world.coordinator)
    first = make_task(world)
    second = make_task(
        world,
        plan=other,
        measure=make_measure(other, 3),
        title="Crossings",
        cooperating=[world.second],
    )

    assert set(seen(world.coordinator)) == {first, second}
    assert seen(world.coordinator, plan=other) == [second]
    assert seen(world.coordinator, unit=world.partner) == [first]
    assert seen(world.coordinator, q="cross") == [second]
    assert seen(world.coordinator, q=f"{world.second.name} cross") == [second]
    assert seen(world.coordinator, q=f"{world.partner.name} cross") == []
    assert seen(world.coordinator, q=world.plan.number) == [first]


@pytest.mark.parametrize("sign", ["%", "_", "\\", "'"])
def test_signs_of_a_pattern_are_only_signs(world: World, sign: str) -> None:
    make_task(world)

    assert seen(world.handler, q=sign) == []
    assert found(world.handler, sign).tasks == []


def test_each_task_is_listed_under_its_light(world: World) -> None:
    days = working_days(world.organisation.pk)
    for offset in range(-7, 15):
        make_task(
            world,
            measure=make_measure(world.plan, 40 + offset),
            due_date=TODAY + timedelta(days=offset),
        )
    make_task(world, measure=make_measure(world.plan, 60), due_date=None)

    listed: list[Task] = []
    for name in ("overdue", "due_soon", "on_track"):
        part = seen(world.handler, light=name)
        assert {lit(task.due_date, days) for task in part} == {name}
        listed += part
    assert len(listed) == len(set(listed)) == 23


def lit(due: date | None, days: Any) -> str:
    return light(None if due is None else days.between(TODAY, due))


def test_the_nearest_deadline_is_listed_first(world: World) -> None:
    late = make_task(world, due_date=None)
    soon = make_task(world, measure=make_measure(world.plan, 20), due_date=date(2026, 11, 17))
    then = make_task(world, measure=make_measure(world.plan, 21), due_date=date(2026, 12, 1))

    assert seen(world.handler) == [soon, then, late]


def test_a_plan_is_found_by_its_number_once_it_is_issued(world: World) -> None:
    assert found(world.handler, world.plan.number).plans == [world.plan]

    Plan.objects.filter(pk=world.plan.pk).update(issued_at=None)
    assert found(world.handler, world.plan.number).plans == []
    assert found(world.coordinator, world.plan.number).plans == [world.plan]


def test_no_words_find_nothing(world: World) -> None:
    make_task(world)

    assert found(world.handler, "  ") == lists.Found([], [], False)


def test_a_search_shows_a_bounded_number_and_says_that_there_are_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "FOUND", 2)
    for position in range(20, 23):
        make_task(world, measure=make_measure(world.plan, position))

    result = found(world.handler, "Training")
    assert (len(result.tasks), result.more) == (2, True)


@pytest.mark.parametrize(
    "query",
    [
        "?state=nonsense",
        "?plan=nonsense",
        "?plan=00000000-0000-0000-0000-000000000000",
        "?unit=%00",
        "?light=green",
        "?page=nonsense",
        "?page=999",
        "?q=%00",
        "?q=" + "x" * 5000,
        "?state=all&light=overdue&q=a+b+c+d+e+f+g+h",
    ],
)
def test_an_address_that_makes_no_sense_still_gives_a_page(
    world: World, client: Client, query: str
) -> None:
    make_task(world)
    client.force_login(world.handler)

    assert client.get(f"/tasks/{query}").status_code == 200
    assert client.get(f"/search/{query}").status_code == 200
    assert client.get(f"/{query}").status_code == 200


def test_the_plan_of_another_organisation_narrows_to_nothing_known(
    world: World, client: Client
) -> None:
    task = accepted(world)
    client.force_login(world.handler)

    html = client.get(f"/tasks/?plan={make_world().plan.pk}").content.decode()

    assert f"/tasks/{task.pk}/" in html
