"""Plain text as people read it: paragraphs, headings, what changed between versions. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Literal

# 一、完成情况 · （二）各单位分工 · 3. What was done: a short line without a full stop.
HEADING = re.compile(
    r"(?:[一二三四五六七八九十]+、|（[一二三四五六七八九十]+）|\d+\. (?=\D)).{1,40}"
)
SENTENCE_END = tuple("。；;.：:，,")
# A Chinese character is a word of its own; letters and digits hold together.
WORD = re.compile(r"[A-Za-z]+|\d+(?:[.,]\d+)*|\s+|.", re.DOTALL)
# Comparing is quadratic at worst: beyond these a paragraph counts as rewritten, and paragraphs are
# matched by their places.
MAX_WORDS = 3000
MAX_PAIRS = 200
ALIKE = 0.4


@dataclass(frozen=True)
class Run:
    """Words that were kept, taken out or put in."""

    kind: Literal["same", "del", "ins"]
    text: str


@dataclass(frozen=True)
class Passage:
    """A changed paragraph, or a stretch of paragraphs that stayed."""

    kind: Literal["same", "changed"]
    runs: tuple[Run, ...]


def paragraphs(text: str) -> list[str]:
    """The non-empty lines of a text, trimmed; an ideographic indent is no content."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def is_heading(paragraph: str) -> bool:
    return bool(HEADING.fullmatch(paragraph)) and not paragraph.endswith(SENTENCE_END)


def compare(old: str, new: str) -> list[Passage]:
    """The new text in order, as stretches that stayed and paragraphs that changed.

    A stretch has one "same" run a paragraph. Of a changed paragraph, the "same" and "ins" runs
    together are the new text, the "same" and "del" runs the old one.
    """
    before, after = paragraphs(old), paragraphs(new)
    passages: list[Passage] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            kept = tuple(Run("same", paragraph) for paragraph in after[j1:j2])
            passages.append(Passage("same", kept))
        else:
            passages += _pair(before[i1:i2], after[j1:j2])
    return passages


def _pair(before: Sequence[str], after: Sequence[str]) -> Iterator[Passage]:
    """Match rewritten paragraphs in order; what has no counterpart came or went as a whole."""
    for old, new in _counterparts(before, after):
        yield Passage("changed", tuple(_words(old, new)))


def _counterparts(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[str, str]]:
    if len(before) * len(after) > MAX_PAIRS:
        yield from zip_longest(before, after, fillvalue="")
        return
    waiting = list(after)
    for old in before:
        place = next((n for n, new in enumerate(waiting) if _alike(old, new)), None)
        if place is None:
            yield old, ""
            continue
        yield from (("", new) for new in waiting[:place])
        yield old, waiting[place]
        del waiting[: place + 1]
    yield from (("", new) for new in waiting)


def _alike(old: str, new: str) -> bool:
    matcher = SequenceMatcher(None, WORD.findall(old), WORD.findall(new), autojunk=False)
    return matcher.quick_ratio() >= ALIKE and matcher.ratio() >= ALIKE


def _words(old: str, new: str) -> Iterator[Run]:
    a, b = WORD.findall(old), WORD.findall(new)
    whole = [("replace", 0, len(a), 0, len(b))]
    if len(a) > MAX_WORDS or len(b) > MAX_WORDS:
        opcodes = whole
    else:
        matcher = SequenceMatcher(None, a, b, autojunk=False)
        opcodes = _readable(matcher.get_opcodes()) if matcher.ratio() >= ALIKE else whole
    for tag, i1, i2, j1, j2 in opcodes:
        if tag == "equal":
            yield Run("same", "".join(b[j1:j2]))
            continue
        if i1 < i2:
            yield Run("del", "".join(a[i1:i2]))
        if j1 < j2:
            yield Run("ins", "".join(b[j1:j2]))


Opcode = tuple[str, int, int, int, int]


def _readable(opcodes: Sequence[Opcode]) -> list[Opcode]:
    """Join changes that only a word or two parts: many small marks read worse than one."""
    joined: list[Opcode] = []
    for position, opcode in enumerate(opcodes):
        tag, i1, i2, j1, j2 = opcode
        between = 0 < position < len(opcodes) - 1
        if tag == "equal" and between and i2 - i1 <= 2:
            tag = "replace"
        if joined and tag != "equal" and joined[-1][0] != "equal":
            _, first_i, _, first_j, _ = joined.pop()
            i1, j1 = first_i, first_j
        joined.append((tag, i1, i2, j1, j2))
    return joined
