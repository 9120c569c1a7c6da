"""What every reader produces: blocks of text over one plain text, each with its offset.

Readers hand over a content tree (paragraphs and tables); `build` lays it out as plain text. A table
becomes one line a row with tabs between cells: every span points at something a person can see.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from .folding import visible

Format = Literal["txt", "html", "docx"]


@dataclass(frozen=True, slots=True)
class CellPlace:
    """Where a cell stands; a merged cell appears once, with its spans."""

    table: int
    row: int
    column: int
    row_span: int = 1
    column_span: int = 1


@dataclass(frozen=True, slots=True)
class Block:
    """One paragraph or table cell. `label` is an automatic number, already part of `text`."""

    text: str
    kind: Literal["paragraph", "cell"]
    start: int
    locator: str
    label: str | None = None
    cell: CellPlace | None = None

    @property
    def end(self) -> int:
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class Document:
    """A document as read: `text[b.start:b.end] == b.text` holds for every block."""

    filename: str
    format: Format
    text: str
    blocks: tuple[Block, ...]
    resplit: bool = False
    #: Blank cells of a text table may be merged or empty: the format can't tell.
    blank_means_merged: bool = False

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(slots=True)
class Paragraph:
    text: str
    label: str | None = None


@dataclass(slots=True)
class TableCell:
    content: list[Content] = field(default_factory=list)
    row_span: int = 1
    column_span: int = 1


@dataclass(slots=True)
class Table:
    rows: list[list[TableCell]] = field(default_factory=list)


Content = Paragraph | Table


def build(
    content: Sequence[Content], *, filename: str, format: Format, blank_means_merged: bool = False
) -> Document:
    """Lay the content tree out as plain text with blocks."""
    layout = _Layout()
    for item in flatten(content):
        if isinstance(item, Paragraph):
            layout.paragraph(item)
        else:
            layout.table(item)
    return Document(
        filename, format, "".join(layout.parts), tuple(layout.blocks), False, blank_means_merged
    )


def flatten(content: Iterable[Content]) -> Iterator[Content]:
    """Tables used for page layout (one column, or holding other tables) become their content."""
    for item in content:
        if isinstance(item, Table) and _is_layout(item):
            for row in item.rows:
                for cell in row:
                    yield from flatten(cell.content)
        else:
            yield item


def _is_layout(table: Table) -> bool:
    widest = max((len(row) for row in table.rows), default=0)
    nested = any(
        isinstance(part, Table) for row in table.rows for cell in row for part in cell.content
    )
    return widest < 2 or nested


class _Layout:
    def __init__(self) -> None:
        self.parts: list[str] = []
        self.blocks: list[Block] = []
        self.length = 0
        self.paragraphs = 0
        self.tables = 0

    def _write(self, text: str) -> int:
        start = self.length
        self.parts.append(text)
        self.length += len(text)
        return start

    def paragraph(self, item: Paragraph) -> None:
        text = visible(item.text)
        lead = len(text) - len(text.lstrip())
        body = text.strip()
        self._write(text[:lead])
        start = self._write(body)
        self._write(text[lead + len(body) :] + "\n")
        if body:
            self.paragraphs += 1
            self.blocks.append(
                Block(body, "paragraph", start, f"p{self.paragraphs}", label=item.label)
            )

    def table(self, item: Table) -> None:
        self.tables += 1
        taken: set[tuple[int, int]] = set()
        for row_index, row in enumerate(item.rows):
            column = 0
            for position, cell in enumerate(row):
                while (row_index, column) in taken:
                    column += 1
                if position:
                    self._write("\t")
                self._cell(cell, row_index, column)
                _occupy(taken, row_index, column, cell)
                column += cell.column_span
            self._write("\n")

    def _cell(self, cell: TableCell, row: int, column: int) -> None:
        lines = [visible(part.text).strip() for part in cell.content if isinstance(part, Paragraph)]
        text = "\n".join(line for line in lines if line)
        start = self._write(text)
        place = CellPlace(self.tables, row, column, cell.row_span, cell.column_span)
        locator = f"t{self.tables}r{row + 1}c{column + 1}"
        self.blocks.append(Block(text, "cell", start, locator, cell=place))


def _occupy(taken: set[tuple[int, int]], row: int, column: int, cell: TableCell) -> None:
    if cell.row_span > 1:
        taken.update(
            (row + down, column + right)
            for down in range(1, cell.row_span)
            for right in range(cell.column_span)
        )
