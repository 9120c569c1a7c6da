"""The small scripts, each on a page of its own under the product's content security policy."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from django.conf import settings
from playwright.sync_api import Browser, FilePayload, Page, Request, Route

pytestmark = pytest.mark.browser

ROOT = "http://duban.test/"
POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; form-action 'self'"
Show = Callable[[str], Page]


class Server:
    """Answers the scripts' requests: the page, the modules, and whatever is sent."""

    def __init__(self) -> None:
        self.body = ""
        self.sent: list[Request] = []
        self.status = 204

    def answer(self, route: Route) -> None:
        request = route.request
        if request.url.startswith(f"{ROOT}static/"):
            path = Path(settings.BASE_DIR, request.url.removeprefix(ROOT))
            route.fulfill(path=path, content_type="text/javascript")
        elif request.method == "POST":
            self.sent.append(request)
            route.fulfill(status=self.status)
        else:
            headers = {"Content-Security-Policy": POLICY}
            route.fulfill(body=self.body, content_type="text/html; charset=utf-8", headers=headers)


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def show(browser: Browser, server: Server) -> Iterator[Show]:
    context = browser.new_context()
    context.route("**/*", server.answer)
    page = context.new_page()
    page.clock.install()

    def show(body: str) -> Page:
        words = (
            '<div hidden id="words" data-saved="Saved {time}" data-offline="Offline" '
            'data-too-big="{name} is too big"></div>'
        )
        script = '<script type="module" src="/static/js/main.js"></script>'
        server.body = f"<!doctype html><html lang=en>{body}{words}{script}"
        page.goto(ROOT)
        return page

    yield show
    context.close()


DECISION = """<form class="decide" method="post" action="/decide">
  <input type="radio" name="decision" value="approve">
  <input type="radio" name="decision" value="return">
  <textarea name="comment"></textarea><button>Sign</button></form>"""


def test_a_key_chooses_a_decision_and_submits_nothing(show: Show, server: Server) -> None:
    page = show(DECISION)
    page.keyboard.press("r")
    assert page.is_checked('[value="return"]')
    assert server.sent == []


def test_letters_in_a_comment_are_letters(show: Show) -> None:
    page = show(DECISION)
    page.locator("textarea").press_sequentially("are")
    assert page.input_value("textarea") == "are"
    assert not page.is_checked('[value="approve"]')


def test_a_second_press_sends_nothing(show: Show, server: Server) -> None:
    page = show(DECISION)
    page.evaluate(
        "document.querySelector('button').click(); document.querySelector('button').click()"
    )
    page.wait_for_timeout(200)
    assert len(server.sent) == 1


def test_j_and_k_move_over_rows(show: Show) -> None:
    row = '<li data-row><a class="row-title" href="/{0}" id="{0}">{0}</a></li>'
    page = show(f"<ul>{row.format('one')}{row.format('two')}</ul>")
    focused = "document.activeElement.id"
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate(focused) == "two"
    page.keyboard.press("k")
    assert page.evaluate(focused) == "one"


def test_n_goes_to_the_next_question_without_an_answer(show: Show) -> None:
    question = '<fieldset class="question"><input type="radio" name="{0}" id="{0}" {1}></fieldset>'
    page = show(question.format("first", "checked") + question.format("second", ""))
    page.keyboard.press("n")
    assert page.evaluate("document.activeElement.id") == "second"


def test_a_blocked_button_does_nothing(show: Show, server: Server) -> None:
    page = show('<form method="post" action="/x"><button aria-disabled="true">Save</button></form>')
    page.evaluate("document.querySelector('button').click()")
    page.wait_for_timeout(100)
    assert server.sent == []


def test_the_theme_is_kept_in_a_cookie(show: Show) -> None:
    radio = '<input type="radio" name="theme" value="{0}">'
    page = show(
        f"<fieldset data-theme-switch hidden>{radio.format('')}{radio.format('dark')}</fieldset>"
    )
    page.check('[value="dark"]')
    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert "theme=dark" in page.evaluate("document.cookie")


DRAFT = """<form method="post" action="/send"
  data-draft="/draft" data-draft-base="1" data-draft-owner="p">
  <input type="hidden" name="csrfmiddlewaretoken" value="t"><textarea name="text"></textarea>
  <output data-draft-status></output></form>"""


def test_a_draft_saves_itself_and_leaves_no_copy(show: Show, server: Server) -> None:
    page = show(DRAFT)
    page.fill("textarea", "办培训 4 期")
    with page.expect_response("**/draft"):
        page.clock.run_for(2000)
    page.wait_for_function("document.querySelector('output').textContent.startsWith('Saved')")
    body = parse_qs(server.sent[0].post_data or "")
    assert body == {"text": ["办培训 4 期"], "csrfmiddlewaretoken": ["t"]}
    assert page.evaluate("localStorage.length") == 0


def test_what_could_not_be_saved_is_back_after_a_reload(show: Show, server: Server) -> None:
    server.status = 503
    page = show(DRAFT)
    page.fill("textarea", "办培训 4 期")
    page.reload()
    assert page.input_value("textarea") == "办培训 4 期"


def test_a_copy_of_an_older_version_is_not_put_back(show: Show) -> None:
    page = show(DRAFT)
    page.fill("textarea", "旧稿")
    page = show(DRAFT.replace('data-draft-base="1"', 'data-draft-base="2"'))
    assert page.input_value("textarea") == ""


def test_offline_it_says_so_and_saves_when_the_connection_is_back(
    show: Show, server: Server
) -> None:
    page = show(DRAFT)
    page.context.set_offline(True)
    page.fill("textarea", "稿")
    page.clock.run_for(2000)
    page.wait_for_function("document.querySelector('output').textContent === 'Offline'")
    with page.expect_response("**/draft"):
        page.context.set_offline(False)
    assert len(server.sent) == 1


def test_chosen_files_are_listed_with_their_sizes(show: Show) -> None:
    page = show(
        '<form><input type="file" data-upload data-limit="10" multiple>'
        "<ul data-upload-list></ul></form>"
    )
    small: FilePayload = {"name": "表.txt", "mimeType": "text/plain", "buffer": b"1"}
    large: FilePayload = {"name": "large.txt", "mimeType": "text/plain", "buffer": b"1" * 4200}
    page.set_input_files("input", [small, large])
    assert page.locator("li").all_text_contents() == ["表.txt · 1 byte", "large.txt · 4.2 kB"]
    assert not page.evaluate("document.querySelector('input').checkValidity()")


def test_nothing_kept_by_another_person_is_put_back(show: Show) -> None:
    page = show(DRAFT)
    page.fill("textarea", "别人的稿")
    page = show(DRAFT.replace('data-draft-owner="p"', 'data-draft-owner="q"'))
    assert page.input_value("textarea") == ""
    assert json.loads(page.evaluate("Object.values(localStorage)[0]")) == [["text", "别人的稿"]]
