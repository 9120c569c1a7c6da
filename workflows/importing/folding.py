"""One spelling for matching. Folding keeps every offset: the printed text stays the source."""

from __future__ import annotations

import re

_FOLD: dict[int, int] = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_FOLD |= {ord(c): ord(" ") for c in "\t\r\x0b\x0c\xa0\u3000"}
_FOLD |= {code: ord(" ") for code in range(0x2002, 0x200B)}
_FOLD |= {ord(a): ord(b) for a, b in zip("﹒﹙﹚﹐﹔﹕∶︰", ".(),;:::", strict=True)}
_FOLD |= {ord(c): ord("[") for c in "〔【〖"} | {ord(c): ord("]") for c in "〕】〗"}

_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\xad\x00-\x08\x0e-\x1f\x7f]")
_SPACES = re.compile(r"\s+")


def fold(text: str) -> str:
    """The same length as `text`; full-width forms and bracket variants become ASCII."""
    return text.translate(_FOLD)


def visible(text: str) -> str:
    """Text without characters nobody sees, with one kind of line end."""
    return _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def squeeze(text: str) -> str:
    """Text without any white space: names broken over lines become whole again."""
    return _SPACES.sub("", text)
