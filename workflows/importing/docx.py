"""Word documents: text as printed, automatic numbers included, tables with their merges."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import docx
from docx.opc.exceptions import OpcError
from docx.oxml.ns import qn

from . import archive
from .blocks import Content, Document, Paragraph, Table, TableCell, build
from .numbering import Numbering
from .refusals import Refused

_TEXT, _TAB, _BREAK, _NO_BREAK_HYPHEN = (
    qn(tag) for tag in ("w:t", "w:tab", "w:br", "w:noBreakHyphen")
)
#: Deleted text, field codes, notes on the text and text boxes are not part of the paragraph.
_NOT_TEXT = {
    qn(tag)
    for tag in ("w:del", "w:moveFrom", "w:instrText", "w:delText", "w:pPr", "w:rPr", "w:pict")
} | {"{http://schemas.openxmlformats.org/markup-compatibility/2006}AlternateContent"}
_CONTAINERS = {qn("w:sdt"), qn("w:sdtContent"), qn("w:smartTag"), qn("w:customXml"), qn("w:ins")}
MAX_DEPTH = 30


def read(data: bytes, *, filename: str) -> Document:
    """The document as blocks. Raises Refused for unsafe or damaged archives."""
    archive.check(data)
    try:
        word = docx.Document(io.BytesIO(data))
        numbering = Numbering(_numbering_of(word), word.part.styles.element)
        content = list(_content(word.element.body, numbering, 0))
    except Refused:
        raise
    except (OpcError, KeyError, ValueError, AttributeError, SyntaxError, TypeError) as error:
        raise Refused("malformed_docx") from error
    document = build(content, filename=filename, format="docx")
    if not any(block.text for block in document.blocks):
        raise Refused("empty")
    return document


def _numbering_of(word: Any) -> Any:
    """The numbering root, or None: python-docx would otherwise make up an empty part."""
    for relation in word.part.rels.values():
        if relation.reltype.endswith("/numbering") and not relation.is_external:
            return relation.target_part.element
    return None


def _content(parent: Any, numbering: Numbering, depth: int) -> Iterator[Content]:
    if depth > MAX_DEPTH:
        raise Refused("malformed_docx")
    for node in parent:
        if node.tag == qn("w:p"):
            yield from _paragraph(node, numbering)
        elif node.tag == qn("w:tbl"):
            yield _table(node, numbering, depth + 1)
        elif node.tag in _CONTAINERS:
            yield from _content(node, numbering, depth + 1)


def _paragraph(node: Any, numbering: Numbering) -> Iterator[Paragraph]:
    label = numbering.label(node)
    lines = "".join(_text(node, 0)).split("\n")
    if not "".join(lines).strip():
        return
    for line in lines:
        if line.strip():
            yield Paragraph((label or "") + line.strip(), label)
            label = None


def _text(node: Any, depth: int) -> Iterator[str]:
    if depth > MAX_DEPTH:
        raise Refused("malformed_docx")
    for child in node:
        if child.tag == _TEXT:
            yield child.text or ""
        elif child.tag == _TAB:
            yield " "
        elif child.tag == _BREAK:
            yield "\n"
        elif child.tag == _NO_BREAK_HYPHEN:
            yield "-"
        elif child.tag not in _NOT_TEXT:
            yield from _text(child, depth + 1)


def _table(node: Any, numbering: Numbering, depth: int) -> Table:
    table = Table()
    open_merges: dict[int, TableCell] = {}
    for row in _rows(node):
        cells: list[TableCell] = []
        column = _grid_before(row)
        merges: dict[int, TableCell] = {}
        for node_cell in _cells(row):
            span, merge = _merge_of(node_cell)
            above = open_merges.get(column)
            if merge == "continue" and above is not None:
                above.row_span += 1
                merges[column] = above
            else:
                cell = TableCell(list(_content(node_cell, numbering, depth)), 1, span)
                cells.append(cell)
                if merge == "restart":
                    merges[column] = cell
            column += span
        open_merges = merges
        table.rows.append(cells)
    return table


def _rows(table: Any) -> Iterator[Any]:
    for node in table:
        if node.tag == qn("w:tr"):
            yield node
        elif node.tag in _CONTAINERS:
            yield from _rows(node)


def _cells(row: Any) -> Iterator[Any]:
    for node in row:
        if node.tag == qn("w:tc"):
            yield node
        elif node.tag in _CONTAINERS:
            yield from _cells(node)


def _grid_before(row: Any) -> int:
    node = row.find(f"{qn('w:trPr')}/{qn('w:gridBefore')}")
    return _small(node.get(qn("w:val"))) if node is not None else 0


def _merge_of(cell: Any) -> tuple[int, str | None]:
    """(columns covered, None | "restart" | "continue"); a vMerge without value continues."""
    properties = cell.find(qn("w:tcPr"))
    if properties is None:
        return 1, None
    span = properties.find(qn("w:gridSpan"))
    merge = properties.find(qn("w:vMerge"))
    state = None if merge is None else str(merge.get(qn("w:val")) or "continue")
    return (max(1, _small(span.get(qn("w:val")))) if span is not None else 1), state


def _small(value: str | None) -> int:
    return min(int(value), 200) if value and value.isdigit() and len(value) < 5 else 0
