"""A route as a picture: boxes from top to bottom, in SVG. Pure.

The picture has classes and no styles, so it follows the page's theme and prints; its title and
description say the same in words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from unicodedata import east_asian_width

WIDTH, GUTTER, EDGE = 340, 44, 4
LINE, PAD, GAP = 20, 10, 30
CHARACTER = 7
"""Half the width of a Chinese character at 14 px; a Latin one takes about as much."""
LANES = 3


@dataclass(frozen=True)
class Box:
    """A stage as it is drawn: who signs, what makes it pass, what else is worth a line.

    `maybe` where a condition may skip it, `wrong` where something has to be repaired.
    """

    name: str
    who: Sequence[str] = ()
    rule: str = ""
    notes: Sequence[str] = ()
    returns_to: Sequence[int] = ()
    maybe: bool = False
    wrong: bool = False


@dataclass(frozen=True)
class _Placed:
    box: Box
    lines: Sequence[tuple[str, str]]
    """Class and text of each line."""
    top: int

    @property
    def height(self) -> int:
        return 2 * PAD + LINE * len(self.lines)

    @property
    def middle(self) -> int:
        return self.top + self.height // 2


def picture(
    boxes: Sequence[Box], *, label: str, description: str, start: str, end: str, name: str = "route"
) -> str:
    """The whole picture; `name` tells the ids of several pictures on one page apart."""
    placed = _place(boxes)
    bottom = (placed[-1].top + placed[-1].height if placed else LINE + PAD) + GAP
    height = bottom + LINE + 2 * PAD
    # The room at the left is for returns; without any the boxes stand in the middle.
    left = 0 if any(box.returns_to for box in boxes) else (GUTTER - EDGE) // 2
    parts = [
        f'<svg class="picture route-picture" viewBox="{left} 0 {WIDTH} {height}" role="img"'
        f' aria-labelledby="{name}-title {name}-text">',
        f'<title id="{name}-title">{escape(label)}</title>',
        f'<desc id="{name}-text">{escape(description)}</desc>',
        _end(start, PAD + 4),
        *_returns(placed),
        *(part for one in placed for part in _drawn(one)),
        _arrow(bottom - GAP, bottom),
        _end(end, bottom + LINE - 4),
        "</svg>",
    ]
    return "".join(parts)


def _place(boxes: Sequence[Box]) -> list[_Placed]:
    placed, top = [], LINE + PAD + GAP
    for number, box in enumerate(boxes, 1):
        lines = [("t-ink", text) for text in wrapped(f"{number} · {box.name}")]
        lines += [("", text) for who in box.who for text in wrapped(who)]
        lines += [("t-rule", text) for text in wrapped(box.rule)]
        lines += [("t-note", text) for note in box.notes for text in wrapped(note)]
        one = _Placed(box, lines, top)
        placed.append(one)
        top += one.height + GAP
    return placed


def _drawn(one: _Placed) -> Iterator[str]:
    kind = "box-wrong" if one.box.wrong else "box-maybe" if one.box.maybe else "box"
    yield _arrow(one.top - GAP, one.top)
    yield (
        f'<rect class="{kind}" x="{GUTTER}" y="{one.top}" width="{WIDTH - GUTTER - EDGE}"'
        f' height="{one.height}" rx="6"/>'
    )
    for number, (css, text) in enumerate(one.lines):
        y = one.top + PAD + LINE * number + 15
        kept = f' class="{css}"' if css else ""
        yield f'<text{kept} x="{GUTTER + PAD + 2}" y="{y}">{escape(text)}</text>'


def _returns(placed: Sequence[_Placed]) -> Iterator[str]:
    """A dashed line at the left for each return to an earlier stage, in lanes of their own."""
    lane = 0
    for one in placed:
        for target in one.box.returns_to:
            if not 1 <= target <= len(placed):
                continue
            x = GUTTER - 12 - 10 * (lane % LANES)
            lane += 1
            end = placed[target - 1].middle
            yield f'<path class="wire-back" d="M{GUTTER} {one.middle}H{x}V{end}H{GUTTER - 7}"/>'
            yield f'<path class="tip" d="M{GUTTER} {end}l-8-4.5v9z"/>'


def _arrow(start: int, end: int) -> str:
    x = (WIDTH + GUTTER) // 2
    return (
        f'<path class="wire" d="M{x} {start}V{end - 7}"/>'
        f'<path class="tip" d="M{x} {end}l-4.5-8h9z"/>'
    )


def _end(text: str, y: int) -> str:
    middle = (WIDTH + GUTTER) // 2
    place = f'x="{middle}" y="{y + 5}" text-anchor="middle"'
    return f'<text class="t-end" {place}>{escape(text)}</text>'


def wrapped(text: str) -> list[str]:
    """Lines that fit a box: broken after a space where there is one, else anywhere."""
    room = (WIDTH - GUTTER - EDGE - 2 * PAD - 4) // CHARACTER
    lines, line, used, space = [], "", 0, 0
    for character in text:
        width = 2 if east_asian_width(character) in "WF" else 1
        if used + width > room:
            cut = space or len(line)
            lines.append(line[:cut].rstrip())
            line = line[cut:]
            used, space = sum(2 if east_asian_width(c) in "WF" else 1 for c in line), 0
        line += character
        used += width
        if character == " ":
            space = len(line)
    return [*lines, line] if line.strip() else lines
