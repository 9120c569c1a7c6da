"""docs/approvals.md as a page: the few forms of text that it uses, and its pictures."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from django.conf import settings
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

DOCS = Path(settings.BASE_DIR) / "docs"
PICTURE = re.compile(r"!\[[^]]*\]\((pictures/[\w.-]+\.svg)\)")
BOLD = re.compile(r"\*\*(.+?)\*\*|\*(.+?)\*")
NOTHING = SafeString("")


@dataclass(frozen=True)
class Block:
    """A piece of the text; a table has its heads and rows, everything else its `text`."""

    kind: Literal["title", "head", "text", "quote", "table", "picture"]
    text: SafeString = NOTHING
    heads: list[SafeString] = field(default_factory=list)
    rows: list[list[SafeString]] = field(default_factory=list)


def read(language: str) -> list[Block]:
    """The manual in the reader's language; the link to the other language is left out."""
    name = "approvals.zh-CN.md" if language.startswith("zh") else "approvals.md"
    parts = (DOCS / name).read_text(encoding="utf-8").split("\n\n")
    return [block for part in parts for block in _blocks(part.strip())]


def _blocks(part: str) -> Iterator[Block]:
    if part.startswith("|"):
        heads, _rule, *rows = [_cells(line) for line in part.splitlines()]
        yield Block("table", heads=heads, rows=rows)
    elif pictures := PICTURE.findall(part):
        for name in pictures:
            drawn = (DOCS / name).read_text(encoding="utf-8")
            yield Block("picture", mark_safe(drawn))  # noqa: S308 - a file of ours
    elif part.startswith("["):
        return
    else:
        marks = {"# ": "title", "## ": "head", "> ": "quote"}
        mark = next((one for one in marks if part.startswith(one)), "")
        kind: Literal["title", "head", "text", "quote"] = marks.get(mark, "text")  # type: ignore[assignment]
        yield Block(kind, _words(part.removeprefix(mark)))


def _cells(line: str) -> list[SafeString]:
    return [_words(cell.strip()) for cell in line.strip("|").split("|")]


def _words(text: str) -> SafeString:
    """Escaped, with what is bold or set off. Lines of Chinese join without a space."""
    joined = re.sub(r"(?<=[^\x00-\x7f])\n(?=[^\x00-\x7f])", "", text).replace("\n", " ")
    safe = str(conditional_escape(joined))
    made = BOLD.sub(
        lambda found: f"<b>{found[1]}</b>" if found[1] else f"<em>{found[2]}</em>", safe
    )
    return mark_safe(made)  # noqa: S308 - escaped above
