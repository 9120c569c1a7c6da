"""A served site and a browser, for tests marked `browser`.

`site` is the address of the product with this test's committed data; `browser` is one Chromium for
the whole run; `visit(person, …)` gives a page that is signed in as that person.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from django.test.testcases import LiveServerThread, _StaticFilesHandler
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from directory.actions import choose_language
from tests.conftest import CHROMIUM

Visit = Callable[..., Page]

# No component of the browser may call anybody, and each run has a profile of its own.
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture
def site(committed_db: None) -> Iterator[str]:
    """The product served by a thread of this process, at the address given."""
    server = LiveServerThread("127.0.0.1", _StaticFilesHandler, connections_override={})
    server.daemon = True
    server.start()
    server.is_ready.wait()
    if server.error:
        raise server.error
    yield f"http://127.0.0.1:{server.port}"
    server.terminate()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    # Playwright runs an event loop in this thread, which Django takes for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=FLAGS, env={**os.environ, "HOME": home}
        )
        yield chromium
        chromium.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def visit(browser: Browser, site: str) -> Iterator[Visit]:
    """`visit(person, "/tasks/", language="en", phone=True, dark=True)`: that page, as that person.

    None is a visitor who hasn't signed in. Whatever the page's console reports as an error, a
    blocked inline style for instance, fails the test.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def visit(
        person: Any,
        path: str = "/",
        *,
        language: str = "zh-hans",
        phone: bool = False,
        dark: bool = False,
    ) -> Page:
        context = browser.new_context(
            base_url=site,
            locale={"zh-hans": "zh-CN", "en": "en-GB"}[language],
            timezone_id="Asia/Shanghai",
            viewport={"width": 360, "height": 740} if phone else {"width": 1366, "height": 900},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
        )
        contexts.append(context)
        context.add_cookies(cookies(site, person, language))
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda message: (
                complaints.append(message.text)
                if "Content Security Policy" in message.text
                else None
            ),
        )
        page.goto(path)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert not complaints


def cookies(site: str, person: Any, language: str) -> list[Any]:
    """The cookies of a signed-in browser. Whoever is signed in goes on in this language."""
    values = {settings.LANGUAGE_COOKIE_NAME: language}
    if person is not None:
        choose_language(person_id=person.pk, language=language, actor=person, at=timezone.now())
        client = Client()
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        values[settings.SESSION_COOKIE_NAME] = client.cookies[settings.SESSION_COOKIE_NAME].value
    return [{"name": name, "value": value, "url": site} for name, value in values.items()]


@pytest.fixture(scope="session")
def axe() -> Callable[[Page], list[str]]:
    """`assert axe(page) == []`: what axe finds wrong with the page, no rule switched off."""
    checker = Axe()

    def violations(page: Page) -> list[str]:
        found = checker.run(page).response["violations"]
        return [
            f"{page.url} {rule['id']}: {rule['help']}: {node['html'][:200]}"
            for rule in found
            for node in rule["nodes"]
        ]

    return violations
