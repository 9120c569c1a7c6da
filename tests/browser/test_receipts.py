"""A decision's receipt appears by itself on the page that confirms it, and is a file to keep."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from audit import checkpoints, notes
from tests.workflows.factories import World, accepted, make_world, submitted
from tests.workflows.test_reviewing import publish, seat

pytestmark = pytest.mark.browser

Axe = Callable[[Page], list[str]]
Speaking = Callable[[str], AbstractContextManager[None]]


@pytest.fixture
def world(file_db: None, committed_db: None) -> World:
    world = make_world()
    publish(world)
    return world


def work(speaking_as: Speaking) -> None:
    """What the worker does meanwhile."""
    with speaking_as("worker"):
        for _step in range(2):
            while checkpoints.advance(at=timezone.now()):
                pass


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_the_receipt_comes_by_itself_and_is_kept(
    world: World,
    visit: Callable[..., Page],
    axe: Axe,
    speaking_as: Speaking,
    tmp_path: Path,
    *,
    phone: bool,
) -> None:
    task = accepted(world)
    submitted(world, task)
    address = f"/work-items/{seat(task, world.deputy).pk}/"
    page = visit(world.deputy, address, language="en", phone=phone)
    page.get_by_role("radio", name="Approve").check()
    page.get_by_role("button", name="Sign: approve").click()

    said = page.locator("#messages")
    expect(said.get_by_role("link", name="Recorded, proof pending")).to_be_visible()
    assert axe(page) == []
    work(speaking_as)
    link = said.get_by_role("link", name="Download the receipt")
    expect(link).to_be_visible()
    expect(said.get_by_text("proof pending")).to_have_count(0)
    assert axe(page) == []
    with page.expect_download() as loading:
        link.click()
    kept = tmp_path / "kept"
    loading.value.save_as(kept)
    assert loading.value.suggested_filename.endswith(".tlog-proof")
    assert notes.Proof.parse(kept.read_text()).extra

    page.goto("/decisions/")
    expect(page.get_by_role("link", name="Download the receipt")).to_have_count(1)


def test_without_script_a_reload_shows_the_receipt(
    world: World, visit: Callable[..., Page], speaking_as: Speaking
) -> None:
    task = accepted(world)
    submitted(world, task)
    page = visit(world.deputy, f"/work-items/{seat(task, world.deputy).pk}/", language="en")
    page.route("**/*.js", lambda route: route.abort())
    page.reload()
    page.get_by_role("radio", name="Approve").check()
    page.get_by_role("button", name="Sign: approve").click()
    page.get_by_role("link", name="Recorded, proof pending").click()
    expect(page.get_by_role("heading", name="Receipt of what was recorded")).to_be_visible()
    expect(page.get_by_text("Recorded, proof pending")).to_be_visible()
    work(speaking_as)
    page.reload()
    expect(page.get_by_role("link", name="Download the receipt")).to_be_visible()
