"""The pages on which an extension or a reopening is asked for, decided and read afterwards."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.urls import reverse

from approvals import actions as approvals
from approvals.queries import seen_digest
from directory.models import Person, Post
from tests.factories import NOW, make_holder
from tests.workflows.factories import World, accepted, decide, fresh, submitted
from tests.workflows.test_pages import signed_in
from tests.workflows.test_requests import (
    EXTENSION,
    REOPENING,
    approval,
    closed,
    decide_on,
    extend,
    item_of,
    publish_routes,
)
from workflows.models import Task

pytestmark = pytest.mark.django_db

FAR = date(2099, 12, 31)
"""Later than whatever day it is for the views."""


@pytest.fixture
def world(world: World) -> World:
    publish_routes(world)
    return world


def text(client: Client, name: str, *args: UUID) -> str:
    response = client.get(reverse(name, args=args), follow=True)
    assert response.status_code == 200
    return response.content.decode()


def ask(person: Person, task: Task, **form: Any) -> Any:
    path = reverse("extension", args=[task.pk])
    return signed_in(person).post(path, {"due_date": FAR, "reason": "Snow."} | form)


def test_a_request_goes_from_the_form_through_a_return_to_the_moved_date(world: World) -> None:
    task = accepted(world)
    handler, principal = signed_in(world.handler), signed_in(world.principal)
    assert ask(world.handler, task).status_code == 302
    assert "asks for an extension until 31 Dec 2099" in text(principal, "inbox")
    assert "Take the request back" in text(handler, "task", task.pk)

    decide(world.principal, "return", "Until May at most.")
    assert "The request for an extension came back" in text(handler, "inbox")
    form = text(handler, "extension", task.pk)
    assert "Until May at most." in form
    assert "Snow.</textarea>" in form
    assert 'value="2099-12-31"' in form
    ask(world.handler, task, due_date="2099-05-31")

    page = text(principal, "review", item_of(task, EXTENSION).pk)
    assert "31 May 2099" in page
    assert "before: 31 Dec 2099" in page
    assert "Until May at most." in page
    decide(world.principal)
    decide(world.coordinator)

    page = text(handler, "task", task.pk)
    assert fresh(task).due_date == date(2099, 5, 31)
    assert "extended once, first 30 Nov 2026" in page
    assert "The due date is 31 May 2099 now" in page


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"due_date": "2026-11-30"}, "Choose a day after the present due date, 30 Nov 2026"),
        ({"due_date": "30 of May"}, "Enter a valid date."),
        ({"reason": " "}, "This field is required."),
    ],
)
def test_what_is_wrong_with_a_request_is_said_and_nothing_is_lost(
    world: World, form: dict[str, str], sentence: str
) -> None:
    task = accepted(world)

    response = ask(world.handler, task, **form)

    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert not task.requests.exists()


def test_whoever_may_not_ask_reads_why(world: World) -> None:
    response = ask(world.coordinator, accepted(world))

    assert response.status_code == 403
    assert "Only the lead unit" in response.content.decode()


def test_a_reopening_is_asked_for_reviewed_and_done_from_the_pages(world: World) -> None:
    task = closed(world)
    path = reverse("reopening", args=[task.pk])
    coordinator = signed_in(world.coordinator)
    page = text(signed_in(world.handler), "task", task.pk)
    assert "Ask for the task to be reopened" in page

    signed_in(world.handler).post(path, {"reason": "A village is missing."})
    assert "asks for the task to be reopened" in text(coordinator, "inbox")
    page = text(coordinator, "review", item_of(task, REOPENING).pk)
    assert "A village is missing." in page
    assert "verified" in page
    assert "Version 1" in page
    decide(world.coordinator)

    assert fresh(task).state == "in_progress"
    page = text(signed_in(world.handler), "task", task.pk)
    assert "Reopening: Shen Ruochuan approved" in page


def test_the_record_and_the_printed_form_say_what_was_asked(world: World) -> None:
    task = accepted(world)
    extend(world, task)
    decide(world.principal, "return", "Say more.")
    extend(world, task, reason="The road is closed until May.")
    found = approval(task, EXTENSION).pk

    for name in ("approval", "approval_form"):
        page = text(signed_in(world.handler), name, found)
        assert "Extension: 14 Training of officials" in page
        assert "31 Dec 2026" in page
        assert "The road is closed until May." in page


def test_requests_stand_among_what_waits_for_others_and_what_was_done(world: World) -> None:
    task = accepted(world)
    extend(world, task)
    waiting = text(signed_in(world.handler), "inbox_waiting")
    assert "extension until 31 Dec 2026" in waiting
    assert "Now with Shao Yunfan" in waiting

    decide(world.principal)

    assert "extension of the due date" in text(signed_in(world.principal), "inbox_done")
    assert "extension until 31 Dec 2026" in text(signed_in(world.handler), "inbox_done")


def test_ones_own_decisions_tell_a_request_from_the_report_of_the_same_task(world: World) -> None:
    task = accepted(world)
    extend(world, task)
    submitted(world, task)
    decide(world.deputy)
    decide(world.principal)
    decide_on(task, EXTENSION, world.coordinator)
    decide_on(task, "task_completion", world.coordinator)

    page = text(signed_in(world.coordinator), "decisions")
    assert "Extension: 14 Training of officials</a>" in page
    assert ">14 Training of officials</a>" in page


def test_an_extension_is_approved_together_with_other_things(world: World) -> None:
    task = accepted(world)
    extend(world, task)
    item, client = item_of(task, EXTENSION), signed_in(world.principal)
    shown = client.get(reverse("together"), {"item": str(item.pk)}).content.decode()
    assert "Extension: 14 Training of officials" in shown
    given = {
        "item": str(item.pk),
        f"digest-{item.pk}": seen_digest(item).hex(),
        f"seen-{item.pk}": "",
        f"key-{item.pk}": str(uuid4()),
    }

    client.post(reverse("together"), given)

    assert item_of(task, EXTENSION).opening.stage.position == 2


def test_what_administrators_sent_back_can_be_asked_for_anew(world: World) -> None:
    task = accepted(world)
    extend(world, task)
    moved = approvals.propose_intervention(
        approval_id=approval(task, EXTENSION).pk,
        kind="send_back",
        reason="The route is wrong.",
        actor=world.administrator,
        at=NOW,
    )
    approvals.settle_intervention(
        intervention_id=moved.pk,
        confirm=True,
        actor=make_holder(world.second, Post.Role.ADMINISTRATOR),
        at=NOW,
    )

    page = text(signed_in(world.handler), "task", task.pk)
    assert "ended" in page
    assert "Ask for an extension" in page
    assert extend(world, task).number == 2
