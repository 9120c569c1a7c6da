"""A later due date and a second beginning, each asked for and approved by the people it takes."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from directory.models import Person
from tests.workflows.factories import World, accepted, fresh, make_measure, make_world
from tests.workflows.test_requests import closed, publish_routes
from workflows.models import Task

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]


@pytest.fixture
def world(committed_db: None) -> World:
    world = make_world()
    publish_routes(world)
    return world


def approve(visit: Visit, person: Person, reads: str) -> None:
    """Take up the request that waits, read what is asked, sign."""
    page = visit(person, language="en")
    page.locator(".row", has_text="asks for").get_by_role("link").click()
    expect(page.locator("main")).to_contain_text(reads)
    page.get_by_role("radio", name="Approve").check()
    page.get_by_role("button", name="Sign: approve").click()
    expect(page.get_by_text("Signed and recorded")).to_be_visible()


def on_task(visit: Visit, person: Person, task: Task) -> Page:
    return visit(person, f"/tasks/{task.pk}/", language="en")


def test_a_due_date_is_moved_and_a_closed_task_begins_again(
    world: World, visit: Visit, axe: Callable[[Page], list[str]]
) -> None:
    today: date = timezone.localdate()
    later = today + timedelta(days=40)
    task = accepted(world, due_date=today + timedelta(days=9))
    page = on_task(visit, world.handler, task)
    page.get_by_role("link", name="Ask for an extension").click()
    page.get_by_label("New due date").fill(later.isoformat())
    page.get_by_label("Reason").fill("The hall is closed for repairs.")
    page.get_by_role("button", name="Put the request forward").click()
    expect(page.get_by_text("Asked for. The due date moves")).to_be_visible()
    assert axe(page) == []

    for signer in (world.principal, world.coordinator):
        approve(visit, signer, "The hall is closed for repairs.")
    assert fresh(task).due_date == later
    expect(on_task(visit, world.handler, task).get_by_text("extended once")).to_be_visible()

    over = closed(world, measure=make_measure(world.plan, 15))
    page = on_task(visit, world.handler, over)
    page.get_by_role("link", name="Ask for the task to be reopened").click()
    page.get_by_label("Reason").fill("A village is missing.")
    page.get_by_role("button", name="Put the request forward").click()
    approve(visit, world.coordinator, "A village is missing.")
    assert fresh(over).state == "in_progress"
