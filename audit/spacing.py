"""Spaces between sentences: English ones have one between them, Chinese ones none; and before
numbers. Pure."""

import re
from collections.abc import Iterable

AFTER_A_CHINESE_STOP = re.compile(r"(?<=[。！？；])\s+(?=\S)")


BEFORE_A_NUMBER = re.compile(r"(?<=[\u4e00-\u9fff])(?=\d)")


def in_a_row(sentences: Iterable[str]) -> str:
    """The sentences as one text; empty ones are left out."""
    return closed_up(" ".join(one for one in sentences if one))


def closed_up(text: str) -> str:
    """The text, or its HTML, without the spaces that follow a Chinese stop."""
    return AFTER_A_CHINESE_STOP.sub("", text)


def apart(text: str) -> str:
    """The text with a space before each number that follows a Chinese character."""
    return BEFORE_A_NUMBER.sub(" ", text)
