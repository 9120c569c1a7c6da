"""A document's text for a page: paragraphs with marked spans. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

_HEADING = re.compile(r"\s*(?:[一二三四五六七八九十]+、|[（(][一二三四五六七八九十]+[）)])")
_LONGEST_HEADING = 40


@dataclass(frozen=True, slots=True)
class Mark:
    """A span to be marked; `asks` where a question is about it."""

    start: int
    end: int
    asks: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text; `mark` is None where it is plain."""

    text: str
    mark: Mark | None = None


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A line of the document; `anchor` where a measure begins in it."""

    pieces: tuple[Piece, ...]
    anchor: str = ""
    is_heading: bool = False


def paragraphs(source: str, marks: Iterable[Mark], anchors: Mapping[int, str]) -> list[Paragraph]:
    """The document's lines without blank ones; `anchors` names lines by an offset inside them."""
    ordered = sorted(marks, key=lambda mark: mark.start)
    found = []
    start = 0
    for line in source.split("\n"):
        end = start + len(line)
        if line.strip():
            inside = [mark for mark in ordered if mark.start < end and mark.end > start]
            anchor = next((name for at, name in anchors.items() if start <= at < end), "")
            is_heading = bool(_HEADING.match(line)) and len(line.strip()) <= _LONGEST_HEADING
            pieces = tuple(_pieces(source, start, end, inside))
            found.append(Paragraph(pieces, anchor, is_heading))
        start = end + 1
    return found


def _pieces(source: str, start: int, end: int, marks: Iterable[Mark]) -> Iterator[Piece]:
    position = start
    for mark in marks:
        begin, stop = max(mark.start, position), min(mark.end, end)
        if begin > position:
            yield Piece(source[position:begin])
        if stop > begin:
            yield Piece(source[begin:stop], mark)
            position = stop
    if position < end:
        yield Piece(source[position:end])
