"""A turn by keyboard: others are asked, one answers, one takes over, one takes back."""

from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from approvals.models import SignOff
from tests.workflows.factories import World, accepted, make_world, submitted
from tests.workflows.test_reviewing import publish, seat
from workflows.models import Task

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]
Axe = Callable[[Page], list[str]]


@pytest.fixture
def world(committed_db: None) -> World:
    world = make_world()
    publish(world)
    return world


def review(visit: Visit, task: Task, person: object, **look: object) -> Page:
    return visit(person, f"/work-items/{seat(task, person).pk}/", language="en", **look)  # type: ignore[arg-type]


def ask(page: Page, how: str, words: str, name: str, note: str) -> None:
    """Open the form below the report, find somebody by typing, choose, say why, send: no mouse."""
    page.get_by_text("Somebody else should see this").focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name=how).focus()
    page.keyboard.press("Enter")
    found = page.get_by_role("searchbox", name="Find somebody")
    found.focus()
    page.keyboard.type(words)
    chosen = page.get_by_role("radio", name=name)
    expect(chosen).to_be_visible()
    chosen.focus()
    page.keyboard.press("Space")
    page.get_by_role("textbox", name="Why").or_(
        page.get_by_role("textbox", name="Your question")
    ).focus()
    page.keyboard.type(note)


def test_a_turn_is_shared_answered_handed_on_and_taken_back(
    world: World, visit: Visit, axe: Axe
) -> None:
    task = accepted(world)
    submitted(world, task)

    page = review(visit, task, world.deputy)
    ask(page, "Add a signer", world.partner.name, "Bai Yanzhou", "Your part is in it.")
    page.get_by_role("radio", name="beside me").check()
    assert axe(page) == []
    page.get_by_role("button", name="Add the signer").press("Enter")
    expect(page.get_by_text("Bai Yanzhou is asked now, beside you.")).to_be_visible()

    ask(page, "Ask for an opinion", "Gu", "Gu Mingyi", "Which quarter is this?")
    page.get_by_role("button", name="Ask", exact=True).press("Enter")
    expect(page.get_by_text("Gu Mingyi was asked")).to_be_visible()

    adviser = review(visit, task, world.stranger, phone=True)
    expect(adviser.get_by_text("“Which quarter is this?”").first).to_be_visible()
    adviser.get_by_label("Put in a phrase").select_option("No objection.")
    expect(adviser.get_by_label("Your opinion")).to_have_value("No objection.")
    assert axe(adviser) == []
    assert adviser.evaluate("document.documentElement.scrollWidth") <= 360
    adviser.get_by_role("button", name="Give the opinion").press("Enter")
    expect(adviser.get_by_text("sees your opinion beside the votes")).to_be_visible()

    page.reload()
    expect(page.get_by_text("“No objection.”")).to_be_visible()
    assert axe(page) == []

    second = review(visit, task, world.partner_deputy, phone=True, dark=True)
    ask(second, "Hand your turn on", "Tang", "Tang Shuhe", "You wrote our part.")
    assert axe(second) == []
    assert second.evaluate("document.documentElement.scrollWidth") <= 360
    second.get_by_role("button", name="Hand it on").press("Enter")
    expect(second.get_by_text("Tang Shuhe decides now in your place.")).to_be_visible()

    page.get_by_role("radio", name="Approve").press("Space")
    page.get_by_role("button", name="Sign: approve").press("Enter")
    expect(page.get_by_text("Signed and recorded.")).to_be_visible()
    page.goto("/done/")
    page.get_by_role("link", name="Take back").press("Enter")
    assert axe(page) == []
    page.get_by_label("Reason").fill("I read the wrong version.")
    page.get_by_role("button", name="Take the decision back").press("Enter")
    expect(page.get_by_text("It is your turn again.")).to_be_visible()
    assert axe(page) == []
    assert SignOff.objects.get(person=world.deputy).revocation.at <= timezone.now()
