"""HTML pages: paragraphs, numbered lists and tables with spans, read as a stream of events."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from .blocks import Content, Document, Paragraph, Table, TableCell, build
from .refusals import Refused
from .txt import decode

MAX_DEPTH = 40
MAX_SPAN = 1000
MAX_CELLS = 500_000
_SKIP = {"script", "style", "head", "noscript", "template", "svg", "nav", "select", "button"}
_BLOCK = {
    "p",
    "div",
    "br",
    "hr",
    "li",
    "ul",
    "ol",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "section",
    "article",
    "header",
    "footer",
    "main",
    "blockquote",
    "pre",
    "tr",
    "td",
    "th",
    "table",
    "tbody",
    "thead",
    "caption",
    "dl",
    "dt",
    "dd",
    "form",
    "body",
    "center",
    "figure",
}
_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?([\w-]{2,20})""", re.IGNORECASE)
_ENTITY = re.compile(r"<!ENTITY", re.IGNORECASE)


def read(data: bytes, *, filename: str) -> Document:
    """The page as blocks.

    Raises Refused: dtd for entity declarations, malformed_html for absurd nesting, empty if the
    page holds no text.
    """
    text = _decode(data)
    if _ENTITY.search(text):
        raise Refused("dtd")
    reader = _Reader()
    try:
        reader.feed(text)
        reader.close()
    except (AssertionError, ValueError, RecursionError) as error:
        raise Refused("malformed_html") from error
    document = build(reader.finish(), filename=filename, format="html")
    if not document.blocks:
        raise Refused("empty")
    return document


def _decode(data: bytes) -> str:
    declared = _CHARSET.search(data[:4096])
    if declared and declared[1].lower().startswith(b"gb"):
        try:
            return data.decode("gb18030")
        except UnicodeDecodeError:
            pass
    return decode(data)


def _span(attrs: dict[str, str | None], name: str) -> int:
    value = attrs.get(name) or "1"
    return min(max(int(value), 1), MAX_SPAN) if value.isdigit() and len(value) < 6 else 1


class _Reader(HTMLParser):
    """Builds the content tree; `places` is the stack of lists that text currently goes to."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.places: list[list[Content]] = [[]]
        self.tables: list[Table] = []
        self.counters: list[int | None] = []
        self.skipping = 0
        self.cells = 0
        self.text: list[str] = []
        self.label: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SKIP:
            self.skipping += 1
            return
        if tag in _BLOCK:
            self._flush()
        named = dict(attrs)
        if tag == "table":
            self._open_table()
        elif tag == "tr" and self.tables:
            self._close_cell()
            self.tables[-1].rows.append([])
        elif tag in ("td", "th") and self.tables:
            self._open_cell(named)
        elif tag in ("ol", "ul"):
            self.counters.append(_start(named) if tag == "ol" else None)
        elif tag == "li":
            self._item()

    def handle_endtag(self, tag: str) -> None:
        if tag in _SKIP:
            self.skipping = max(0, self.skipping - 1)
            return
        if tag in _BLOCK:
            self._flush()
        if tag in ("td", "th", "tr") and self.tables:
            self._close_cell()
        elif tag == "table" and self.tables:
            self._close_cell()
            self.tables.pop()
        elif tag in ("ol", "ul") and self.counters:
            self.counters.pop()

    def handle_data(self, data: str) -> None:
        if not self.skipping:
            self.text.append(data)

    def unknown_decl(self, data: str) -> None:
        """Marked sections (CDATA, conditional comments of Word) carry no document text."""

    def finish(self) -> list[Content]:
        self._flush()
        return self.places[0]

    def _flush(self) -> None:
        text = " ".join("".join(self.text).replace("\u3000", " ").split())
        self.text.clear()
        if text:
            label, self.label = self.label, None
            self.places[-1].append(Paragraph((label or "") + text, label))

    def _open_table(self) -> None:
        if len(self.tables) >= MAX_DEPTH:
            raise Refused("malformed_html")
        table = Table()
        self.places[-1].append(table)
        self.tables.append(table)

    def _open_cell(self, attrs: dict[str, str | None]) -> None:
        self._close_cell()
        rows = self.tables[-1].rows
        if not rows:
            rows.append([])
        cell = TableCell([], _span(attrs, "rowspan"), _span(attrs, "colspan"))
        self.cells += cell.row_span * cell.column_span
        if self.cells > MAX_CELLS:
            raise Refused("malformed_html")
        rows[-1].append(cell)
        self.places.append(cell.content)

    def _close_cell(self) -> None:
        """Cells need no end tag; a place beyond the open tables' own is the open cell."""
        if len(self.places) > len(self.tables):
            self.places.pop()

    def _item(self) -> None:
        if self.counters and (number := self.counters[-1]) is not None:
            self.label = f"{number}."
            self.counters[-1] = number + 1


def _start(attrs: dict[str, str | None]) -> int | None:
    """Only decimal lists carry their own number; lettered ones are not measures."""
    if (attrs.get("type") or "1") != "1":
        return None
    value = attrs.get("start") or "1"
    return int(value) if value.isdigit() and len(value) < 5 else 1
