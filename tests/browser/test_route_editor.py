"""A newcomer builds a route in the editor: with the mouse, by keyboard, and without scripts."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, Route, expect

from approvals.models import Approval, RouteDraft
from tests.approvals.routing import Office
from tests.browser.conftest import cookies
from tests.browser.hands import FIRST_TIME, Hands
from tests.factories import make_holder, make_unit

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]
WANTED = ["Deputy in charge", "Principal", "Vote of the reviewers", "Office"]


@pytest.fixture
def office(committed_db: None) -> Office:
    office = Office()
    office.approves_routes()
    for _ in range(2):
        make_holder(office.committee, "reviewer")
    make_holder(make_unit(office.organisation, "General office"), "principal")
    return office


def begin(page: Page, name: str = "Completion") -> None:
    page.get_by_role("link", name="New route").click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("What is approved along it").select_option(label="completion of a task")
    page.get_by_role("button", name="Begin the route").click()


UNDER_WAY = ".htmx-request, .htmx-swapping, .htmx-settling, .htmx-added"
"""What htmx marks from a request until its answer has settled."""


@contextmanager
def answered(page: Page) -> Iterator[None]:
    """Wait for the answer to a button that posts the form, and until it stands on the page."""
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        yield
    expect(page.locator(UNDER_WAY)).to_have_count(0)


def press(page: Page, name: str) -> None:
    """Press a button that posts the form, and wait for its answer."""
    with answered(page):
        page.get_by_role("button", name=name, exact=True).click()


def stages() -> list[str]:
    return [one["name"] for one in RouteDraft.objects.latest("id").stages]


def build(page: Page, office: Office) -> None:
    """Deputy → principal → 2 of 3 reviewers → office: five presses and two choices."""
    press(page, "Deputy in charge")
    press(page, "Principal")
    press(page, "A vote, such as 2 of 3")
    signers = page.get_by_role("group", name="Who signs", exact=True)
    signers.get_by_label("Whose").select_option(label=office.committee.name)
    press(page, "An office")
    signers.get_by_label("Whose").select_option(label="General office")
    press(page, "Done with this stage")


def test_a_newcomer_builds_a_route_with_the_mouse_in_five_minutes(
    office: Office, visit: Visit
) -> None:
    """No more than fifteen clicks and a name: half a minute for somebody who knows the page."""
    page = visit(office.writer, "/routes/", language="en")
    hands = Hands(page)
    hands.click(page.get_by_role("link", name="New route"))
    expect(page.get_by_label("Name")).to_be_focused()
    hands.type("Completion")
    hands.click(page.get_by_role("button", name="Begin the route"))
    for stage in ("Deputy in charge", "Principal", "A vote, such as 2 of 3"):
        with answered(page):
            hands.click(page.get_by_role("button", name=stage, exact=True))
    whose = page.get_by_role("group", name="Who signs", exact=True).get_by_label("Whose")
    expect(whose).to_be_focused()
    with answered(page):  # what is chosen saves itself, quicker than a person goes on
        hands.choose(whose, office.committee.name)
    with answered(page):
        hands.click(page.get_by_role("button", name="An office"))
    expect(page.locator("[data-card='4'].is-open")).to_be_visible()
    with answered(page):  # what is chosen saves itself, quicker than a person goes on
        hands.choose(whose, "General office")
    expect(page.locator(".route-picture")).to_contain_text("2 of 3 votes are needed.")
    expect(page.locator(".route-picture")).to_contain_text("General office")
    expect(page.get_by_text("(3 posts)").first).to_be_visible()
    expect(page.get_by_text("Nothing is missing.")).to_be_visible()
    expect(page.get_by_text("Say who signs.")).to_be_hidden()
    hands.click(page.get_by_role("button", name="Rehearse: who would sign"))
    expect(page.get_by_role("heading", name="Rehearsal of Completion")).to_be_visible()
    assert stages() == WANTED
    hands.click(page.get_by_role("button", name="Put the route forward"))
    expect(page.get_by_text("it is under approval now")).to_be_visible()
    print(hands.seconds)
    assert hands.clicks <= 15
    assert hands.seconds * FIRST_TIME < 5 * 60
    put_forward(office)


def test_a_newcomer_builds_a_route_by_keyboard_in_five_minutes(
    office: Office, visit: Visit
) -> None:
    """The same on the Chinese page without touching the mouse."""
    page = visit(office.writer, "/routes/", language="zh-hans")
    hands = Hands(page)
    hands.press(page.get_by_role("link", name="新建流程"))
    expect(page.get_by_label("名称")).to_be_focused()
    hands.type("办结审批")
    hands.press(page.get_by_label("名称"))
    for stage in ("add-deputy", "add-principal", "add-vote"):
        with answered(page):
            hands.press(page.locator(f"#{stage}"))
        if stage != "add-vote":
            expect(page.locator(f"#{stage}")).to_be_focused()
    whose = page.get_by_role("group", name="由谁签批", exact=True).get_by_label("哪里的人")
    expect(whose).to_be_focused()
    with answered(page):  # what is chosen saves itself, quicker than a person goes on
        hands.type(office.committee.name)
    with answered(page):
        hands.press(page.locator("#add-office"))
    expect(page.locator("[data-card='4'].is-open")).to_be_visible()
    expect(whose).to_be_focused()
    with answered(page):  # what is chosen saves itself, quicker than a person goes on
        hands.type("General")
    with answered(page):
        hands.press(page.get_by_role("button", name="这个环节改好了"))
    hands.press(page.get_by_role("button", name="提交流程审批"))
    expect(page.get_by_text("正在审批").or_(page.get_by_text("审批中")).first).to_be_visible()
    print(hands.seconds)
    assert hands.seconds * FIRST_TIME < 5 * 60
    put_forward(office)


def put_forward(office: Office) -> None:
    """What the committee is asked to approve is what was meant."""
    draft = RouteDraft.objects.latest("id")
    assert draft.state == "submitted"
    assert Approval.objects.get(subject_id=draft.route_id).state == "open"
    deputy, principal, vote, general = draft.stages
    assert [deputy["approvers"], principal["approvers"]] == [
        [{"select": "post_of_lead", "role": role}] for role in ("deputy", "principal")
    ]
    assert (vote["rule"], vote["quorum_number"]) == ("quorum", 2)
    assert vote["approvers"] == [
        {"select": "post", "unit": str(office.committee.pk), "role": "reviewer"}
    ]
    assert general["approvers"][0]["role"] == "principal"


def test_three_people_are_named_in_one_line_or_one_after_the_other(
    office: Office, visit: Visit
) -> None:
    page = visit(office.writer, "/routes/", language="en")
    begin(page)
    press(page, "A vote, such as 2 of 3")
    signers = page.get_by_role("group", name="Who signs", exact=True)
    names = signers.get_by_label("Names or accounts")
    expect(names).to_be_hidden()
    with answered(page):
        signers.get_by_label("Whose").select_option(label="A person by name")
    expect(signers.get_by_text("Say who signs.")).to_be_visible()
    with answered(page):
        names.fill(f"{office.member.username}, {office.colleague.username}")
    expect(signers.get_by_text("Say who signs.")).to_be_hidden()
    with answered(page):
        names.press("Enter")
    expect(names).to_be_focused()
    with answered(page):
        page.keyboard.type(office.writer.username)
    with answered(page):
        page.keyboard.press("Enter")
    expect(signers.get_by_role("listitem")).to_have_count(3)
    expect(page.locator(".route-picture")).to_contain_text("2 of 3 votes are needed.")
    up = signers.get_by_role("button", name=f"Move {office.colleague.name} up")
    expect(up).to_be_hidden()
    with answered(page):
        page.get_by_label("They are asked").select_option(value="yes")
    expect(up).to_be_visible()


def test_stages_are_ordered_by_keyboard_and_by_dragging(office: Office, visit: Visit) -> None:
    page = visit(office.writer, "/routes/", language="en")
    begin(page)
    press(page, "Deputy in charge")
    press(page, "Principal")
    page.get_by_role("button", name="Move Principal up").focus()
    with answered(page):
        page.keyboard.press("Enter")
    expect(page.locator("[data-card='1'] h2")).to_contain_text("Principal")
    assert stages() == ["Principal", "Deputy in charge"]
    expect(page.get_by_role("button", name="Move Principal up")).to_be_focused()
    heads = page.locator("[data-drag]")
    with answered(page):
        heads.nth(1).drag_to(heads.nth(0), target_position={"x": 20, "y": 2})
    expect(page.locator("[data-card='1'] h2")).to_contain_text("Deputy")
    assert stages() == ["Deputy in charge", "Principal"]


def test_what_is_typed_saves_itself_and_draws_itself(office: Office, visit: Visit) -> None:
    page = visit(office.writer, "/routes/", language="en")
    begin(page)
    press(page, "An empty stage")
    with answered(page):
        page.get_by_label("Name", exact=True).fill("Archive")
    expect(page.locator(".route-picture")).to_contain_text("Archive")
    assert stages() == ["Archive"]
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    page.get_by_label("Name", exact=True).fill("Archives of the office")
    expect(page.get_by_role("alert")).to_contain_text("signed out")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Archives of the office")
    assert stages() == ["Archive"]


def test_a_button_pressed_while_the_page_saves_itself_is_not_lost(
    office: Office, visit: Visit
) -> None:
    page = visit(office.writer, "/routes/", language="en")
    begin(page)
    press(page, "An empty stage")
    waiting: list[Route] = []
    page.route("**/routes/**", lambda route: waiting.append(route))
    with page.expect_request(lambda request: request.method == "POST"):
        page.get_by_label("Name", exact=True).fill("Archive")
    page.get_by_role("button", name="Principal", exact=True).click()
    page.get_by_label("Name", exact=True).focus()
    page.unroute("**/routes/**")  # what waits goes on
    expect(page.locator("[data-card='2']")).to_contain_text("Principal")
    assert stages() == ["Archive", "Principal"]


def test_whether_it_may_be_put_forward_follows_what_is_typed(office: Office, visit: Visit) -> None:
    page = visit(office.writer, "/routes/", language="en")
    begin(page)
    press(page, "Principal")
    button = page.get_by_role("button", name="Put the route forward")
    expect(button).not_to_have_attribute("aria-disabled", "true")
    press(page, "An empty stage")
    expect(button).to_have_attribute("aria-disabled", "true")


def test_the_end_of_a_long_route_leaves_its_buttons_in_sight(office: Office, visit: Visit) -> None:
    page = visit(office.writer, "/routes/", language="en")
    begin(page)
    for _ in range(7):
        press(page, "Principal")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.get_by_role("button", name="Put the route forward").click(trial=True)
    page.evaluate("scrollTo(0, 0)")
    expect(page.get_by_role("button", name="Put the route forward")).to_be_in_viewport(ratio=1)
    page.get_by_role("button", name="Rehearse").click(trial=True)


def test_what_is_folded_away_shows_once_something_of_it_is_set(
    office: Office, visit: Visit
) -> None:
    page = visit(office.writer, "/routes/", language="en")
    begin(page)
    press(page, "Principal")
    press(page, "Change Principal")
    fold = page.get_by_text("Returns, deadline, proof and conditions")
    due = page.get_by_label("Deadline in working days")
    expect(due).to_be_hidden()
    fold.click()
    late = page.get_by_role("group", name="Who is asked as well when it is overdue")
    with answered(page):
        late.get_by_role("button", name="Add").click()
    expect(late.get_by_text("Choose whose.")).to_be_visible()
    with answered(page):
        due.fill("3")
    with answered(page):
        page.get_by_label("high", exact=True).check()
    press(page, "Done with this stage")
    expect(page.locator("[data-card='1']")).to_contain_text("Only for this priority: high.")
    press(page, "Change Principal")
    expect(due).to_have_value("3")


def test_another_tab_is_told_and_overwrites_nothing(office: Office, visit: Visit) -> None:
    first = visit(office.writer, "/routes/", language="en")
    begin(first)
    other = visit(
        office.colleague, first.url.replace(first.url.split("/routes")[0], ""), language="en"
    )
    press(other, "Principal")
    press(first, "Deputy in charge")
    expect(first.get_by_role("alert")).to_contain_text("changed this draft")
    assert stages() == ["Principal"]
    press(first, "Deputy in charge")
    assert stages() == ["Principal", "Deputy in charge"]


def test_the_editor_works_without_scripts_on_a_phone(
    office: Office, browser: Browser, site: str
) -> None:
    context = browser.new_context(
        base_url=site,
        java_script_enabled=False,
        locale="en-GB",
        viewport={"width": 360, "height": 740},
    )
    context.add_cookies(cookies(site, office.writer, "en"))
    page = context.new_page()
    page.goto("/routes/")
    begin(page)
    build(page, office)
    assert stages() == WANTED
    context.close()


def test_the_open_editor_is_accessible(
    office: Office, visit: Visit, axe: Callable[[Page], list[str]]
) -> None:
    page = visit(office.writer, "/routes/", language="en")
    begin(page)
    build(page, office)
    page.get_by_role("button", name="Change Vote of the reviewers").click()
    page.get_by_text("Returns, deadline, proof and conditions").click()
    assert axe(page) == []
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert axe(page) == []
