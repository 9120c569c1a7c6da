"""The page inside a bundle: what the entries say, for people."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import Any

from django.template.loader import render_to_string

from audit import queries, reading
from audit.bundles import Bundle
from audit.models import Entry
from audit.verification import committed

READABLE = 2000
"""Entries that the page lists; more are read from the file itself."""


@dataclass(frozen=True)
class File:
    """A file that an entry names; without an address it was erased, or not handed out."""

    name: str
    address: str
    is_erased: bool


@dataclass(frozen=True)
class Line:
    """An entry in words."""

    row: Mapping[str, Any]
    capacity: str
    acting_for: str
    evidence: str
    """How a sign-off was made: `passkey`, `password`, `session`; nothing for other entries."""
    texts: list[str]
    erased: int
    files: list[File]


def member(digest: str, name: str) -> str:
    """Where a file stands in the bundle: under its hash, with the ending of its name."""
    ending = PurePath(name).suffix.lower()
    plain = ending[1:].isascii() and ending[1:].isalnum() and len(ending) <= 9
    return f"files/{digest}{ending if plain else ''}"


def render(bundle: Bundle, entries: list[Entry], files: Mapping[str, str], *, at: datetime) -> str:
    """`files` are those in the bundle, by hash, with their names."""
    context = {
        "bundle": bundle,
        "at": at,
        "lines": list(_lines(bundle, entries, files)),
        "left_out": bundle.entries - len(entries),
    }
    return render_to_string("audit/bundle.html", context)


def _lines(bundle: Bundle, entries: list[Entry], files: Mapping[str, str]) -> Iterator[Line]:
    rows = queries.rows(bundle.organisation, entries)
    bodies = [json.loads(bytes(entry.body)) for entry in entries]
    wanted = {digest for body in bodies for digest in committed(body["facts"])}
    texts = queries.read_openings(bundle.organisation, wanted)
    for_whom = {body["acting_for"] for body in bodies if body["acting_for"]}
    names = reading.reader().name(bundle.organisation, for_whom)
    for row, body in zip(rows, bodies, strict=True):
        facts, post = body["facts"], body["capacity"] or {}
        named = {name for _digest, name in reading.files_in(facts) if name}
        said = [texts[digest] for digest in committed(facts) if digest not in named]
        acting_for = body["acting_for"] or ""
        yield Line(
            row=row,
            capacity=" ".join(filter(None, [post.get("unit_name"), post.get("title")])),
            acting_for=names[acting_for].text if acting_for in names else acting_for,
            evidence=_evidence(facts) if body["kind"] == "approval.signed_off" else "",
            texts=[text for text in said if text],
            erased=said.count(None),
            files=list(_files(facts, texts, files)),
        )


def _evidence(facts: Mapping[str, Any]) -> str:
    return str(facts["sign_off"].get("evidence", "session"))


def _files(
    facts: Any, texts: Mapping[bytes, str | None], files: Mapping[str, str]
) -> Iterable[File]:
    for digest, name in reading.files_in(facts):
        known = (texts[name] if name else None) or ""
        is_erased = name is not None and texts[name] is None
        here = digest in files and not is_erased
        yield File(known or digest[:16], member(digest, files[digest]) if here else "", is_erased)
