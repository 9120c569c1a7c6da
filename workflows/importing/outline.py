"""Lines → numbered items in a tree. A stack of levels decides what encloses what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from . import labels
from .blocks import Block, Document
from .duties import Clause
from .labels import Label

_ATTACHMENT = re.compile(r"附\s?件\s?(?:\d{1,2}|[一二三四五六七八九十]{1,2})?\s?:?\s*$")
#: After an attachment's first line or the date of issue, another document begins.
_ENDS_OUTLINE = re.compile(rf"{_ATTACHMENT.pattern}|20\d\d年\d{{1,2}}月\d{{1,2}}日\s*$")
_HEADING_STOP = re.compile(r"[。,;:(!?\n\[]")
MAX_HEADING = 120


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text with the block it came from."""

    start: int
    end: int
    block: Block


@dataclass(slots=True, eq=False)
class Item:
    """A numbered passage. `end` is where its own text stops and the next label begins."""

    label: Label
    number: str
    start: int
    end: int
    scope: int
    parent: Item | None = None
    children: list[Item] = field(default_factory=list)
    clauses: list[Clause] = field(default_factory=list)

    @property
    def path(self) -> tuple[str, ...]:
        above = self.parent.path if self.parent else ()
        return (*above, self.number)

    def ancestors(self) -> Iterator[Item]:
        item = self.parent
        while item is not None:
            yield item
            item = item.parent


def lines_of(blocks: tuple[Block, ...], skip: frozenset[int] = frozenset()) -> Iterator[Line]:
    """Lines in order, without the cells of task tables (`skip` holds table numbers)."""
    for block in blocks:
        if block.cell is not None and block.cell.table in skip:
            continue
        start = block.start
        for text in block.text.split("\n"):
            body = text.strip()
            if body:
                lead = len(text) - len(text.lstrip())
                yield Line(start + lead, start + lead + len(body), block)
            start += len(text) + 1


def items_of(document: Document, folded: str, skip: frozenset[int]) -> list[Item]:
    """Every numbered item in document order, with its parent, own text and scope."""
    items: list[Item] = []
    stack: list[Item] = []
    scope, fresh = 0, False
    table_starts = _table_starts(document, skip)
    for line in lines_of(document.blocks, skip):
        label = _label_at(folded, line, stack)
        if label is None:
            fresh = fresh or _ENDS_OUTLINE.match(folded, line.start, line.end) is not None
            continue
        if fresh or _starts_over(label, stack):
            scope, fresh, stack = scope + 1, False, []
        while stack and stack[-1].label.rank >= label.rank:
            stack.pop()
        parent = stack[-1] if stack else None
        number = document.text[label.start : label.end].strip()
        item = Item(label, number, line.start, len(document.text), scope, parent)
        if parent:
            parent.children.append(item)
        items.append(item)
        stack.append(item)
    _close(items, table_starts, document, folded, skip)
    return items


def _label_at(folded: str, line: Line, stack: list[Item]) -> Label | None:
    label = labels.at(folded, line.start, line.end)
    if label is not None:
        return label
    match = labels.LEAD_IN.match(folded, line.start, line.end)
    if match is None or not any(item.label.style == "cn_paren" for item in stack):
        return None
    return Label("lead_in", 0, match.start(), match.end())


def _starts_over(label: Label, stack: list[Item]) -> bool:
    """一、 again after 二、: another document in the same file."""
    if label.value != 1 or not stack or label.style not in ("cn", "chapter", "part"):
        return False
    top = stack[0].label
    return top.style == label.style and top.value > 1


def _table_starts(document: Document, skip: frozenset[int]) -> list[int]:
    seen: set[int] = set()
    starts = []
    for block in document.blocks:
        if block.cell is not None and block.cell.table in skip and block.cell.table not in seen:
            seen.add(block.cell.table)
            starts.append(block.start)
    return starts


def _close(
    items: list[Item], tables: list[int], document: Document, folded: str, skip: frozenset[int]
) -> None:
    """An item ends where the next begins, at a task table, or at an attachment's first line."""
    stops = [item.start for item in items] + tables
    stops += [
        line.start
        for line in lines_of(document.blocks, skip)
        if _ATTACHMENT.match(folded, line.start, line.end)
    ]
    stops = sorted(set(stops))
    following = dict(zip(stops, [*stops[1:], len(document.text)], strict=False))
    for item in items:
        item.end = trimmed(folded, item.start, following[item.start])


def trimmed(folded: str, start: int, end: int) -> int:
    while end > start and folded[end - 1].isspace():
        end -= 1
    return end


def heading_of(text: str, folded: str, start: int, end: int) -> str:
    """The words up to the first stop: a short title, or the first part of a sentence."""
    while start < end and (folded[start].isspace() or folded[start] in "、.:"):
        start += 1
    limit = min(end, start + MAX_HEADING)
    match = _HEADING_STOP.search(folded, start, limit)
    return text[start : match.start() if match else limit].strip()
