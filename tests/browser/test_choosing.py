"""Whoever submits chooses the signers, where the route lets them: by keyboard, also on a phone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from audit.verification import verify
from tests.factories import make_holder
from tests.workflows import amending
from tests.workflows.factories import accepted, make_world
from tests.workflows.planning import make_district, make_draft
from tests.workflows.test_choosing import publish
from tests.workflows.test_choosing_everywhere import publish_panel
from tests.workflows.test_requests import publish_routes

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


@pytest.mark.usefixtures("committed_db")
def test_whoever_asks_for_an_extension_chooses_by_keyboard_and_loses_nothing(
    visit: Callable[..., Page], axe: Callable[[Page], list[str]]
) -> None:
    world = make_world()
    publish_routes(world)
    publish_panel(world.organisation, world.office, "task_extension")
    task = accepted(world)

    page = visit(world.handler, f"/tasks/{task.pk}/extension/", language="en", phone=True)
    page.get_by_label("New due date").fill("2099-12-31")
    page.get_by_label("Reason").fill("The hall is closed.")
    page.get_by_role("button", name="Put the request forward").press("Enter")
    experts = page.get_by_role("group", name="Who signs at “Expert”")
    expect(experts.locator(".error")).to_contain_text("at least 1 person")
    expect(page.get_by_label("Reason")).to_have_value("The hall is closed.")
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360

    experts.get_by_role("checkbox", name="Song Lan").press("Space")
    page.get_by_role("button", name="Put the request forward").press("Enter")
    expect(page.get_by_text("Asked for.")).to_be_visible()
    expect(page.locator("main")).to_contain_text("Song Lan")
    assert verify(world.organisation.pk).first_bad is None


@pytest.mark.usefixtures("committed_db")
def test_a_coordinator_chooses_countersigners_and_approvers_in_one_form(
    visit: Callable[..., Page], axe: Callable[[Page], list[str]]
) -> None:
    district = make_district()
    publish_panel(district.organisation, district.education, "plan_countersign")
    publish_panel(district.organisation, district.office, "plan_issue")
    plan = make_draft(district)

    page = visit(district.coordinator, f"/plans/{plan.pk}/", language="en", phone=True)
    groups = page.get_by_role("group", name="Who signs at “Expert”")
    groups.nth(0).get_by_role("checkbox", name="Song Lan").press("Space")
    page.get_by_role("button", name="Keep the choice for later").press("Enter")
    expect(page.get_by_text("Saved.").first).to_be_visible()
    expect(groups.nth(0).get_by_role("checkbox", name="Song Lan")).to_be_checked()
    page.get_by_role("button", name="Put forward for approval").press("Enter")
    expect(groups.nth(1).locator(".error")).to_contain_text("at least 1 person")
    expect(groups.nth(0).locator(".error")).to_have_count(0)
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360

    groups.nth(1).get_by_role("checkbox", name="He Jun").press("Space")
    page.get_by_role("button", name="Put forward for approval").press("Enter")
    expect(page.get_by_text("The plan is under approval now.")).to_be_visible()
    expect(page.locator("main")).to_contain_text("Song Lan")


@pytest.mark.usefixtures("committed_db")
def test_a_coordinator_chooses_who_signs_an_amendment(
    visit: Callable[..., Page], axe: Callable[[Page], list[str]]
) -> None:
    district = make_district()
    plan = amending.make_in_force(district)
    item = amending.changed(amending.measure(plan, 1), text="At two gates.")
    amendment = amending.put(district, amending.begin(district, plan), item)
    publish_panel(district.organisation, district.office, "plan_amendment")

    page = visit(district.coordinator, f"/amendments/{amendment.pk}/", language="en", phone=True)
    assert axe(page) == []
    page.get_by_role("checkbox", name="He Jun").press("Space")
    page.get_by_role("button", name="Put forward for approval").press("Enter")
    expect(page.get_by_text("The amendment is under approval now.")).to_be_visible()
    expect(page.locator("main")).to_contain_text("He Jun")
