"""A served site and a browser, for tests marked `browser`.

`site` is the address of the product with this test's committed data; `browser` is one Chromium for
the whole run; `visit(person, …)` gives a page that is signed in as that person, in a browser that
knows nothing yet; `look(person, …)` the same for files that only look at pages, in one window.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Self

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from django.test.testcases import LiveServerThread, _StaticFilesHandler
from django.utils import timezone
from playwright.sync_api import Browser, ConsoleMessage, Page, ViewportSize, sync_playwright

from directory.actions import choose_language
from tests.conftest import CHROMIUM

Visit = Callable[..., Page]

DESKTOP = ViewportSize(width=1366, height=900)
PHONE = ViewportSize(width=360, height=740)

# Of two lists of features that are off the last one counts, so Playwright's own stands here again.
# What is added are the two pages that every new window loads for its address bar, which nobody sees
# and which take longer than most of ours.
FEATURES_OFF = [
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxPopup",
]

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
    f"--disable-features={','.join(FEATURES_OFF)}",
]


@pytest.fixture(scope="session")
def server(django_db_setup: None) -> Iterator[str]:
    """The product served by a thread of this process, from the database that is connected then."""
    server = LiveServerThread("127.0.0.1", _StaticFilesHandler, connections_override={})
    server.daemon = True
    server.start()
    server.is_ready.wait()
    if server.error:
        raise server.error
    yield f"http://127.0.0.1:{server.port}"
    server.terminate()


@pytest.fixture
def site(server: str, committed_db: None) -> str:
    return server


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


@dataclass
class Window:
    """A browser of one visitor, with a profile of its own and one page."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(10_000)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._hear)

    @classmethod
    def open(cls, browser: Browser, site: str, language: str, *, phone: bool, dark: bool) -> Self:
        context = browser.new_context(
            base_url=site,
            locale={"zh-hans": "zh-CN", "en": "en-GB"}[language],
            timezone_id="Asia/Shanghai",
            viewport=PHONE if phone else DESKTOP,
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
        )
        return cls(context.new_page())

    def _hear(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            self.complaints.append(message.text)

    def go(self, site: str, person: Any, path: str, language: str) -> Page:
        self.page.context.clear_cookies()
        self.page.context.add_cookies(cookies(site, person, language))
        self.page.goto(path)
        return self.page

    def close(self) -> None:
        self.page.context.close()


@pytest.fixture
def visit(browser: Browser, site: str) -> Iterator[Visit]:
    """`visit(person, "/tasks/", language="en", phone=True, dark=True)`: that page, as that person.

    None is a visitor who hasn't signed in. Whatever the page's console reports as an error, a
    blocked inline style for instance, fails the test.
    """
    windows: list[Window] = []

    def visit(
        person: Any,
        path: str = "/",
        *,
        language: str = "zh-hans",
        phone: bool = False,
        dark: bool = False,
    ) -> Page:
        windows.append(Window.open(browser, site, language, phone=phone, dark=dark))
        return windows[-1].go(site, person, path, language)

    yield visit
    for window in windows:
        window.close()
    assert not [complaint for window in windows for complaint in window.complaints]


@pytest.fixture(scope="module")
def windows() -> Iterator[dict[str, Window]]:
    """The windows of this file, by language."""
    windows: dict[str, Window] = {}
    yield windows
    for window in windows.values():
        window.close()


@pytest.fixture
def look(browser: Browser, site: str, windows: dict[str, Window]) -> Iterator[Visit]:
    """Like `visit`, light and on a desktop; styles and scripts come from the browser's cache."""

    def look(person: Any, path: str, *, language: str) -> Page:
        if language not in windows:
            windows[language] = Window.open(browser, site, language, phone=False, dark=False)
        page = windows[language].page
        page.set_viewport_size(DESKTOP)
        page.emulate_media(color_scheme="light")
        return windows[language].go(site, person, path, language)

    yield look
    complaints = [complaint for window in windows.values() for complaint in window.complaints]
    for window in windows.values():
        window.complaints.clear()
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
