"""Work grows with the text, not with its square: counted in calls, not in seconds."""

import sys
from types import FrameType
from typing import Any

import pytest

from tests.importing.plans import DIRECTORY, HEAD
from workflows.importing import propose, read_text

PLAN = "一、任务\n1.清淤。由市民政局负责清理（含支流。（责任单位：市教育局、各街道等）\n2.修路。\n"
NASTY = {
    "open brackets": "（" * 40,
    "nested brackets": "（" * 20 + "市教育局" + "）" * 20,
    "numbers": "1.2.3.4.5.6.",
    "joins": "及和与及和与" * 6,
    "labels": "责任单位：" * 8,
    "spaces": " " * 50,
    "marks": "，、；" * 15,
}


def calls(text: str) -> int:
    count = 0

    def profile(frame: FrameType, event: str, arg: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    document = read_text(text)
    sys.setprofile(profile)
    try:
        propose(document, DIRECTORY)
    finally:
        sys.setprofile(None)
    return count


def test_calls_grow_linearly_with_a_plan() -> None:
    small, large = calls(HEAD + PLAN * 40), calls(HEAD + PLAN * 400)
    assert large < small * 11


@pytest.mark.parametrize("scrap", NASTY.values(), ids=NASTY)
def test_calls_grow_linearly_with_nasty_text(scrap: str) -> None:
    small, large = calls("一、" + scrap * 40), calls("一、" + scrap * 400)
    assert large < max(small, 2_000) * 12
