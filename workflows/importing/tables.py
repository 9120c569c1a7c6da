"""Task tables (任务分解表): a header names the columns, merges carry down, a row is a measure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal

from . import duties
from .blocks import Block, Document
from .duties import Clause, Role
from .folding import fold, squeeze

ColumnKind = Literal["number", "unit", "office", "deadline", "text", "other"]

_NUMBER = re.compile(r"^(?:序号?|编号|项次|号|no\.?|№)$", re.IGNORECASE)
_UNIT = re.compile(
    r"(?:牵头|责任|主办|承办|主责|配合|协办|协同|协助|参与|参加|落实|实施|考核|考评|督办|监督|负责|完成|主管)"
    r".{0,6}(?:单位|部门|机构|主体|地区|区县|县区)|^(?:责任分工|部门分工|分工|牵头|配合|责任单位|单位)$"
)
_OFFICE = re.compile(r"处室|科室|股室|内设")
_PERSON = re.compile(r"责任人|领导|联系人|负责人|电话")
_DEADLINE = re.compile(r"时限|完成时间|时间(?:节点|安排|要求|进度)?$|进度|期限|节点|日期")
_TEXT = re.compile(
    r"事项|任务|项目|内容|措施|要求|举措|指标|做法|工作|目标|重点|名称|标准|类别|领域|问题|条款|要点"
)
_NOTHING = {"", "/", "\\", "-", "—", "——", "--", "无", "暂无"}


@dataclass(frozen=True, slots=True)
class Column:
    kind: ColumnKind
    header: str
    role: Role = "responsible"


@dataclass(slots=True)
class Row:
    """One task of a table."""

    table: int
    row: int
    number: str
    heading: str
    body: str
    path: tuple[str, ...]
    start: int
    end: int
    clause: Clause | None
    #: Columns whose cell is blank: merged by someone, or empty; only a person can tell.
    blank: tuple[str, ...] = ()
    #: Columns carried down where the format can't tell merged from empty.
    carried: tuple[str, ...] = ()


@dataclass(slots=True)
class _Grid:
    """Cells by place; a merged cell answers for every place it covers."""

    rows: int
    columns: int
    cells: dict[tuple[int, int], Block] = field(default_factory=dict)

    def text(self, row: int, column: int) -> str:
        block = self.cells.get((row, column))
        return block.text.strip() if block else ""


def task_rows(document: Document, folded: str) -> tuple[list[Row], frozenset[int]]:
    """Rows of every task table, and the numbers of those tables."""
    rows: list[Row] = []
    found: set[int] = set()
    cells = (block for block in document.blocks if block.cell is not None)
    for number, group in groupby(cells, key=lambda block: block.cell.table if block.cell else 0):
        grid = _grid(list(group))
        header = _header(grid)
        if header is None:
            continue
        found.add(number)
        rows += _Table(document, folded, number, grid, *header).rows()
    return rows, frozenset(found)


def _grid(blocks: Sequence[Block]) -> _Grid:
    grid = _Grid(0, 0)
    for block in blocks:
        place = block.cell
        if place is None:
            continue
        for down in range(place.row_span):
            for right in range(place.column_span):
                grid.cells.setdefault((place.row + down, place.column + right), block)
        grid.rows = max(grid.rows, place.row + 1)
        grid.columns = max(grid.columns, place.column + place.column_span)
    return grid


def _header(grid: _Grid) -> tuple[list[Column], int] | None:
    """The columns and the first row below them; two header rows are read together."""
    for row in range(min(grid.rows, 6)):
        single = [_column(grid.text(row, c)) for c in range(grid.columns)]
        if not _is_header(single):
            continue
        below = [_column(grid.text(row + 1, c)) for c in range(grid.columns)]
        both = [
            _column(_stacked(grid.text(row, c), grid.text(row + 1, c))) for c in range(grid.columns)
        ]
        split = any(
            grid.cells.get((row, c)) is grid.cells.get((row, c + 1)) is not None
            for c in range(grid.columns - 1)
        )
        if (
            split
            and _is_header(both)
            and any(column.kind in ("unit", "office") for column in below)
        ):
            return both, row + 2
        return single, row + 1
    return None


def _stacked(upper: str, lower: str) -> str:
    return upper if upper == lower else upper + lower


def _is_header(columns: Sequence[Column]) -> bool:
    kinds = {column.kind for column in columns}
    return (
        bool(kinds & {"unit", "office"})
        and "text" in kinds
        and all(len(column.header) <= 24 for column in columns)
    )


def _column(header: str) -> Column:
    words = squeeze(fold(header))
    if _NUMBER.match(words):
        return Column("number", words)
    if _PERSON.search(words) and not re.search("单位|部门", words):
        return Column("other", words)
    if _OFFICE.search(words):
        return Column("office", words, duties.role_of(words))
    if _UNIT.search(words):
        return Column("unit", words, duties.role_of(words))
    if _DEADLINE.search(words):
        return Column("deadline", words)
    return Column("text" if _TEXT.search(words) else "other", words)


class _Table:
    """Reads the rows below one header."""

    def __init__(
        self,
        document: Document,
        folded: str,
        number: int,
        grid: _Grid,
        columns: list[Column],
        first: int,
    ) -> None:
        self.document, self.folded, self.number, self.grid = document, folded, number, grid
        self.columns, self.first = columns, first
        self.texts = [i for i, column in enumerate(columns) if column.kind == "text"]
        units = [i for i, column in enumerate(columns) if column.kind == "unit"]
        # Offices inside one department matter only where no whole units are named.
        self.units = units or [i for i, c in enumerate(columns) if c.kind == "office"]
        self.numbers = [i for i, column in enumerate(columns) if column.kind == "number"]
        self.deadlines = [i for i, column in enumerate(columns) if column.kind == "deadline"]

    def rows(self) -> Iterator[Row]:
        section: tuple[str, ...] = ()
        above: dict[int, str] = {}
        for row in range(self.first, self.grid.rows):
            if self._repeats_header(row):
                continue
            title = self._section(row)
            if title is not None:
                section = (title,) if title else section
                continue
            yield self._row(row, section, above)

    def _repeats_header(self, row: int) -> bool:
        texts = [squeeze(fold(self.grid.text(row, c))) for c in range(self.grid.columns)]
        return texts == [column.header for column in self.columns]

    def _section(self, row: int) -> str | None:
        """A row with one text and no unit is a section title; a blank row is nothing."""
        texts = {self.grid.text(row, c) for c in range(self.grid.columns)} - {""}
        if not texts:
            return ""
        if len(texts) > 1 or any(self.grid.text(row, c) not in texts for c in (0,)):
            return None
        spanning = self.grid.cells.get((row, 0)) is self.grid.cells.get(
            (row, self.grid.columns - 1)
        )
        return next(iter(texts)) if spanning or not self._unit_text(row) else None

    def _unit_text(self, row: int) -> str:
        return "".join(self.grid.text(row, c) for c in self.units)

    def _row(self, row: int, section: tuple[str, ...], above: dict[int, str]) -> Row:
        carried = self._carry(row, above)
        blocks = [
            block
            for c in range(self.grid.columns)
            if (block := self.grid.cells.get((row, c))) and block.cell and block.cell.row == row
        ]
        number = " ".join(above.get(c, "") for c in self.numbers[:1]).strip()
        values = [above.get(c, "") for c in self.texts]
        body = self.grid.text(row, self.texts[-1]) or values[-1]
        heading = next((v for v in reversed(values[:-1]) if v), "") or _first_words(body)
        shown = [block for block in blocks if block.text]
        start = min((b.start for b in shown), default=0)
        return Row(
            table=self.number,
            row=row,
            number=number,
            heading=squeeze(heading),
            body=body,
            path=(*section, *(v for v in dict.fromkeys(values[:-2]) if v), number),
            start=start,
            end=max((b.end for b in shown), default=start),
            clause=self._clause(row),
            blank=tuple(self.columns[c].header for c in self.units if not self.grid.text(row, c))
            if not all(self.grid.text(row, c) for c in self.units[:1])
            else (),
            carried=carried,
        )

    def _carry(self, row: int, above: dict[int, str]) -> tuple[str, ...]:
        carried = []
        for column in (*self.numbers, *self.texts[:-1]):
            text = self.grid.text(row, column)
            if text:
                above[column] = text
            elif above.get(column):
                carried.append(self.columns[column].header)
        for column in self.texts[-1:]:
            above[column] = self.grid.text(row, column)
        return tuple(carried) if self.document.blank_means_merged else ()

    def _clause(self, row: int) -> Clause | None:
        parts = [
            duties.read_list(
                self.document.text, self.folded, block.start, block.end, self.columns[c].role
            )
            for c in dict.fromkeys(self.units)
            if (block := self.grid.cells.get((row, c))) and block.text not in _NOTHING
        ]
        deadline = next(
            (t for c in self.deadlines if (t := self.grid.text(row, c)) not in _NOTHING), None
        )
        if not parts and deadline is None:
            return None
        cells = [self.grid.cells.get((row, c)) for c in self.units]
        spans = [(b.start, b.end) for b in cells if b is not None and b.text]
        start = min((s for s, _ in spans), default=0)
        end = max((e for _, e in spans), default=start)
        return Clause(
            raw=self.document.text[start:end],
            start=start,
            end=end,
            mentions=tuple(m for part in parts for m in part.mentions),
            deadline=squeeze(deadline)
            if deadline
            else next((p.deadline for p in parts if p.deadline), None),
            open_ended=any(part.open_ended for part in parts),
        )


def _first_words(text: str) -> str:
    return re.split(r"[。，；：,;:（(\n]", text, maxsplit=1)[0][:60]
