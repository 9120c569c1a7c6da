"""An address that leads nowhere, in a real browser."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_an_unknown_address_says_so_accessibly_and_within_the_content_policy(
    visit: Callable[..., Page], axe: Callable[[Page], list[str]], language: str
) -> None:
    page = visit(None, "/nothing-here/", language=language, phone=True)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert axe(page) == []
