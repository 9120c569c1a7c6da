"""Whoever submits chooses the signers, where the route lets them: by keyboard, also on a phone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from audit.verification import verify
from tests.factories import make_holder
from tests.workflows.factories import accepted, make_world
from tests.workflows.test_choosing import publish

pytestmark = pytest.mark.browser


@pytest.mark.usefixtures("committed_db")
def test_a_handler_chooses_an_expert_and_is_told_where_one_is_missing(
    visit: Callable[..., Page], axe: Callable[[Page], list[str]]
) -> None:
    world = make_world()
    for name in ("He Jun", "Song Lan"):
        make_holder(world.office, "reviewer", name)
    publish(world)
    task = accepted(world)

    page = visit(world.handler, f"/tasks/{task.pk}/report/", language="en", phone=True)
    page.get_by_label("Report", exact=True).fill("Four terms held.")
    page.get_by_label("Why without these units").fill("They have no part in it.")
    page.get_by_role("button", name="Submit version 1").press("Enter")
    experts = page.get_by_role("group", name="Who signs at “Expert”")
    expect(experts.locator(".error")).to_contain_text("at least 1 person")
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360

    experts.get_by_role("checkbox", name="Song Lan").press("Space")
    page.get_by_role("button", name="Save the draft").press("Enter")
    expect(page.get_by_text("Saved.").first).to_be_visible()
    expect(experts.get_by_role("checkbox", name="Song Lan")).to_be_checked()
    page.get_by_role("button", name="Submit version 1").press("Enter")
    expect(page.get_by_text("Version 1 is submitted")).to_be_visible()
    expect(page.locator(".chain")).to_contain_text("Song Lan")
    assert verify(world.organisation.pk).first_bad is None
