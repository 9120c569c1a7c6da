"""Plain text: encodings, lines, and tables written with tabs."""

from __future__ import annotations

import codecs
import re

from .blocks import Content, Document, Paragraph, Table, TableCell, build
from .refusals import Refused

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f\ufffe\uffff]")


def decode(data: bytes) -> str:
    """Text from bytes: byte order marks first, then UTF-8, UTF-16 without a mark, GB18030."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _checked(_try(data, encoding))
    for encoding in ("utf-8", *_unmarked_utf16(data), "gb18030"):
        text = _try(data, encoding)
        if text is not None:
            return _checked(text)
    if data.count(0):
        raise Refused("binary")
    raise Refused("encoding")


def _try(data: bytes, encoding: str) -> str | None:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return None
    return None if "\x00" in text and encoding.startswith("utf-16") else text


def _unmarked_utf16(data: bytes) -> tuple[str, ...]:
    """Chinese UTF-16 has ASCII only at line ends and digits, whose other byte is zero."""
    if len(data) % 2 or not data.count(0):
        return ()
    odd, even = data[1::2].count(0), data[::2].count(0)
    return ("utf-16-le",) if odd > even else ("utf-16-be",)


def _checked(text: str | None) -> str:
    if text is None:
        raise Refused("encoding")
    if len(_CONTROL.findall(text)) > max(2, len(text) // 200):
        raise Refused("binary")
    if not text.strip():
        raise Refused("empty")
    return text


def parse(text: str, *, filename: str = "") -> Document:
    """Lines become paragraphs; neighbouring lines with two or more tabs become a table."""
    content: list[Content] = []
    table: Table | None = None
    width = 0
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        goes_on = table is not None and line.count("\t") == width
        if line.strip() and (goes_on or line.strip("\t ").count("\t") + _leading(line) >= 2):
            if table is None:
                table = Table()
                width = line.count("\t")
                content.append(table)
            table.rows.append([TableCell([Paragraph(cell)]) for cell in line.split("\t")])
        else:
            table = None
            content.append(Paragraph(line))
    return build(content, filename=filename, format="txt", blank_means_merged=True)


def _leading(line: str) -> int:
    """Tabs before the first text: blank cells, if a cell separator follows as well."""
    text = line.lstrip("\t")
    return len(line) - len(text) if "\t" in text else 0
