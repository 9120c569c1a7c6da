"""Every page of the product under axe, no rule switched off, and within a phone's width.

The pages and who may open them are those of the access table; each is opened in the same small
world. The test command looks at every other page in Chinese, light, on a desktop; with
DUBAN_THOROUGH, as in continuous integration, at all of them; `-m nightly` at all the rest.
"""

import os
from collections.abc import Callable, Iterator
from typing import Literal

import pytest
from django.urls import reverse
from playwright.sync_api import Page
from pytest_django import DjangoDbBlocker

from tests import databases
from tests.access.table import EXPECTED, Row
from tests.access.test_access import addresses
from tests.access.world import World, two_worlds
from tests.conftest import MakeOnce

pytestmark = pytest.mark.browser

Axe = Callable[[Page], list[str]]
Look = tuple[Literal["light", "dark"], int]

DOWNLOADS = {
    "live",
    "ready",
    "plan_source",
    "plan_bpmn",
    "evidence",
    "draft_file",
    "directory_template",
    "directory_export",
    "entry_json",
    "entry_proof",
    "log_checkpoint",
    "log_tile",
    "route_schema",
    "route_json",
    "route_bpmn",
}
"""Addresses that answer with something other than a page."""

PAGES = [row for row in EXPECTED if row.get and row.name not in DOWNLOADS]

# Who has most on the page; for all others, the first of these that may open it.
WHO = {
    "inbox": "own.handler",
    "inbox_done": "own.handler",
    "decisions": "own.deputy",
    "directory": "own.administrator",
    "unit unit.other": "own.administrator",
    "people": "own.administrator",
    "person person": "own.administrator",
    "calendar": "own.administrator",
    "review item": "own.deputy",
    "review plan item": "office.principal",
    "review amendment to sign": "office.principal",
    "amendment draft amendment": "office.coordinator",
    "amendment sent amendment": "office.coordinator",
    "plan plan": "office.coordinator",
    "review extension item": "own.principal",
    "review reopening item": "office.coordinator",
    "task submitted task": "own.handler",
    "task open task": "own.handler",
    "delegations": "own.principal",
    "passkeys": "other.handler",
    "passkey_revoke passkey": "other.handler",
    "route route": "own.administrator",
    "route route under approval": "own.administrator",
    "review route item": "office.principal",
}
SEATS = (
    "office.coordinator",
    "own.handler",
    "own.principal",
    "partner.handler",
    "own.auditor",
    "own.administrator",
)

LOOKS: list[Look] = [("light", 1366), ("dark", 1366), ("light", 360), ("dark", 360)]
THOROUGH = "DUBAN_THOROUGH" in os.environ
VARIANTS = [
    pytest.param("zh-hans", LOOKS[:1], id="zh"),
    pytest.param("zh-hans", LOOKS[1:], id="zh-dark-phone", marks=pytest.mark.nightly),
    pytest.param("en", LOOKS, id="en", marks=pytest.mark.nightly),
]


@pytest.fixture(scope="module")
def world(
    make_once: MakeOnce,
    worker_id: str,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[World]:
    made = make_once("worlds", two_worlds)
    name = f"duban_empty_axe_{worker_id}_{os.getpid()}"
    with (
        django_db_blocker.unblock(),
        databases.clone(made.database, name),
        databases.connected_to(name),
    ):
        yield made.objects[0]


def test_every_address_is_a_page_a_download_or_takes_only_what_is_sent() -> None:
    sent = {row.name for row in EXPECTED} - {row.name for row in EXPECTED if row.get}
    assert {row.name for row in PAGES} | DOWNLOADS | sent == set(addresses())


CASES = [
    pytest.param(row, *variant.values, id=f"{row}-{variant.id}", marks=variant.marks)
    for number, row in enumerate(PAGES)
    for variant in VARIANTS
    if THOROUGH or variant.marks or number % 2 == 0
]


@pytest.mark.parametrize(("row", "language", "looks"), CASES)
def test_a_page_is_accessible_and_fits_a_phone(
    world: World,
    look: Callable[..., Page],
    axe: Axe,
    row: Row,
    language: str,
    looks: list[Look],
) -> None:
    page = look(visitor(world, row), address(world, row), language=language)
    assert status(page) == 200
    assert faults(page, axe, looks) == []
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize(("language", "looks"), VARIANTS)
@pytest.mark.parametrize(("who", "path", "code"), [("own.handler", "/audit/", 403)])
def test_a_refusal_is_accessible_too(
    world: World,
    look: Callable[..., Page],
    axe: Axe,
    who: str,
    path: str,
    code: int,
    language: str,
    looks: list[Look],
) -> None:
    page = look(world.people[who], path, language=language)
    assert status(page) == code
    assert faults(page, axe, looks) == []


def faults(page: Page, axe: Axe, looks: list[Look]) -> list[str]:
    """What axe finds in any of these looks."""
    found = []
    for scheme, width in looks:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 800})
        found += [f"{scheme} {width}: {fault}" for fault in axe(page)]
    return found


def visitor(world: World, row: Row) -> object:
    if row.open_to_all:
        return None
    may = row.get or ()
    who = WHO.get(str(row)) or next((seat for seat in SEATS if seat in may), min(may))
    assert who in may
    return world.people[who]


def address(world: World, row: Row) -> str:
    args = [part if isinstance(part, int) else world[part] for part in row.at]
    return reverse(row.name, args=args) + (f"?{row.query}" if row.query else "")


def status(page: Page) -> int:
    """What the server answered for this page."""
    return int(page.evaluate("performance.getEntriesByType('navigation')[0].responseStatus"))
