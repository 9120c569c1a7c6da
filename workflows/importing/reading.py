"""From bytes to a document: the file's own first bytes decide, its name only breaks ties."""

from __future__ import annotations

from pathlib import PurePath

from . import docx, html, txt
from .blocks import Document
from .refusals import Refused

MAX_BYTES = 20 * 1024 * 1024
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LEGACY = {".doc", ".wps", ".wpt", ".dot", ".rtf"}
_BINARY = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\x7fELF", b"MZ", b"Rar!", b"7z\xbc\xaf", b"BM")


def read_document(data: bytes, filename: str) -> Document:
    """Read a .txt, .html or .docx file.

    Raises Refused with a code of REFUSALS; size is checked before anything is parsed.
    """
    if len(data) > MAX_BYTES:
        raise Refused("too_large", size=len(data), limit=MAX_BYTES)
    if not data.strip():
        raise Refused("empty")
    suffix = PurePath(filename).suffix.lower()
    _refuse_foreign(data, suffix)
    if data.startswith(b"PK\x03\x04") or suffix == ".docx":
        if not data.startswith(b"PK"):
            raise Refused("malformed_docx")
        return docx.read(data, filename=filename)
    if suffix in (".html", ".htm", ".xhtml") or _looks_like_html(data):
        return html.read(data, filename=filename)
    if suffix not in (".txt", ".text", ".md", ""):
        raise Refused("unsupported_type", suffix=suffix[:12])
    return txt.parse(txt.decode(data), filename=filename)


def read_text(text: str) -> Document:
    """Pasted text, under the same limits as a file."""
    if not text.strip():
        raise Refused("empty")
    if len(text) > MAX_BYTES // 3:
        raise Refused("too_large", size=len(text), limit=MAX_BYTES // 3)
    return txt.parse(text)


def _refuse_foreign(data: bytes, suffix: str) -> None:
    if data.startswith(b"%PDF") or suffix == ".pdf":
        raise Refused("unsupported_pdf")
    if data.startswith(_OLE):
        protected = "EncryptedPackage".encode("utf-16-le") in data
        raise Refused("encrypted" if protected else "legacy_word")
    if suffix in _LEGACY or data.startswith(b"{\\rtf"):
        raise Refused("legacy_word")
    if data.startswith(_BINARY):
        raise Refused("binary")


def _looks_like_html(data: bytes) -> bool:
    head = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return head.startswith((b"<!doctype html", b"<html", b"<meta", b"<head", b"<body", b"<table"))
