"""A plan in force is amended: written by the coordinator, decided on by phone, read by a unit."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from approvals.models import WorkItem
from tests.workflows.amending import make_in_force, measure, sign
from tests.workflows.planning import District, make_district
from workflows.models import Amendment, Plan, Task

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]
Axe = Callable[[Page], list[str]]


@pytest.fixture
def district(committed_db: None) -> District:
    return make_district()


@pytest.fixture
def plan(district: District) -> Plan:
    return make_in_force(district)


def test_a_plan_is_amended_from_the_first_word_to_the_new_task(
    district: District, plan: Plan, visit: Visit, axe: Axe
) -> None:
    page = visit(district.coordinator, f"/plans/{plan.pk}/", language="en")
    page.get_by_role("link", name="Amend the plan").press("Enter")
    assert axe(page) == []
    page.get_by_label("Title").fill("Winter supplement")
    page.get_by_role("button", name="Begin an empty draft").press("Enter")

    page.get_by_role("link", name="Add a measure").press("Enter")
    page.get_by_label("Number of a new measure").fill("4")
    page.get_by_role("textbox", name="Heading").fill("Cameras")
    page.get_by_role("textbox", name="Text").fill("Cameras at every gate.")
    page.get_by_label("Lead unit").select_option(district.education.name)
    assert axe(page) == []
    page.get_by_role("button", name="Save").press("Enter")

    ended = measure(plan, 2)
    listed = page.get_by_role("combobox", name="A measure of the plan")
    listed.select_option(f"{ended.number} {ended.heading}")
    page.get_by_role("button", name="End it").press("Enter")
    expect(page.get_by_role("radio", name="ends a measure")).to_be_checked()
    page.get_by_label("Reason").fill("The city does it now.")
    page.get_by_role("button", name="Save").press("Enter")
    expect(page.get_by_text("Reason: The city does it now.")).to_be_visible()
    assert axe(page) == []
    page.get_by_role("button", name="Put forward for approval").press("Enter")
    expect(page.get_by_text("The amendment is under approval now.")).to_be_visible()

    amendment = Amendment.objects.get(plan=plan)
    item = WorkItem.objects.get(approval__subject_id=amendment.pk, state="open")
    signer = visit(district.principal, f"/work-items/{item.pk}/", language="en", phone=True)
    expect(signer.get_by_text("Cameras at every gate.")).to_be_visible()
    assert axe(signer) == []
    assert signer.evaluate("document.documentElement.scrollWidth") <= 360
    signer.get_by_role("radio", name="Approve").press("Space")
    signer.get_by_role("button", name="Sign: approve").press("Enter")
    expect(signer.get_by_text("Signed and recorded.")).to_be_visible()
    sign(amendment, district.issuer)

    unit = visit(district.handler, f"/plans/{plan.pk}/", language="en", phone=True)
    expect(unit.get_by_role("link", name="Winter supplement")).to_be_visible()
    assert axe(unit) == []
    assert unit.evaluate("document.documentElement.scrollWidth") <= 360
    states = Task.objects.filter(plan=plan, measure__position__in=[2, 4])
    assert list(states.values_list("state", flat=True)) == ["cancelled", "assigned"]
