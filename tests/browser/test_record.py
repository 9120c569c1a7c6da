"""From a task to the record of its approval, and on to the form on paper."""

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from approvals.models import Approval
from tests.approvals.factories import World
from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser


def test_the_form_prints_on_one_page_without_the_frame(
    visit: Visit, axe: Callable[[Page], list[str]]
) -> None:
    world = World()
    world.route(["Ana", "Ben"], rule="all")
    approval: Approval = world.begin()
    world.decide("Ana", comment="Well done.")
    page = visit(world.submitter, reverse("approval", args=[approval.pk]), language="en")
    expect(page.get_by_role("heading", name="Record of approval")).to_be_visible()
    expect(page.get_by_text("Ana approved")).to_be_visible()
    assert axe(page) == []
    page.get_by_role("link", name="Form to print").click()
    expect(page.locator(".sheet")).to_contain_text("Approved: Well done.")
    assert axe(page) == []
    page.emulate_media(media="print")
    expect(page.locator(".side")).to_be_hidden()
    expect(page.get_by_role("heading", level=1)).to_be_hidden()
    printed = page.pdf(prefer_css_page_size=True)
    assert printed.count(b"/Type /Page\n") == 1
