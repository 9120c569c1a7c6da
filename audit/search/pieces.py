"""What an entry is found by: the words of its facts, those behind its commitments, and its tags.

The same words are shown where an entry is found, read anew: what was erased is not there any more,
whatever an index might say.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from audit import reading
from audit.models import Entry, Opening
from audit.queries import lines
from audit.reading import Said

LONGEST = 500_000
"""Characters of one entry that are searched: a plan of a thousand pages."""
_CODE = re.compile(
    r"[0-9a-f]{32,}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|\d{4}-\d\d-\d\dT[\d:.]+Z"
)
"""Ids, hashes and moments: nobody looks for them by two of their letters."""


@dataclass(frozen=True)
class Read:
    """An entry with its words and tags."""

    entry: Entry
    body: Mapping[str, Any]
    said: list[Said] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)

    @property
    def openings(self) -> list[bytes]:
        """The commitments whose words are among the entry's."""
        return sorted({one.opening for one in self.said if one.opening and one.text})

    @property
    def text(self) -> str:
        return "\n".join(dict.fromkeys(one.text for one in self.said if one.text))[:LONGEST]


def read(organisation: UUID, entries: Sequence[Entry]) -> list[Read]:
    """Entries with everything that was said in them; a fixed number of queries for all together."""
    bodies = {entry.pk: _body(entry) for entry in entries}
    known = reading.reader().searched(organisation, entries, bodies)
    found = []
    for entry in entries:
        body, house = bodies[entry.pk], known[entry.pk]
        said = [*house.said, *_capacity(body), *_facts(body.get("facts") or {})]
        found.append(Read(entry, body, said, [*_tags(entry, body), *house.tags]))
    _open(organisation, found)
    return found


def _body(entry: Entry) -> dict[str, Any]:
    try:
        body = json.loads(bytes(entry.body))
    except ValueError:  # tampered with: the verifier names it, the search goes on
        return {}
    return body if isinstance(body, dict) else {}


def _tags(entry: Entry, body: Mapping[str, Any]) -> Iterator[str]:
    """By what an entry is filtered; each is longer than a gram, so that none is taken for one."""
    yield f"kind:{entry.kind}"
    yield f"about:{entry.subject}"
    for actor in {entry.actor, body.get("acting_for") or entry.actor}:
        yield f"by:{actor}"
    if unit := (body.get("capacity") or {}).get("unit"):
        yield f"unit:{unit}"
    elif entry.subject.startswith("unit:"):
        yield entry.subject


def _capacity(body: Mapping[str, Any]) -> Iterator[Said]:
    capacity = body.get("capacity") or {}
    named = [capacity.get("unit_name") or "", capacity.get("title") or ""]
    yield Said("capacity", " ".join(filter(None, named)))


def _facts(facts: Mapping[str, Any]) -> Iterator[Said]:
    for place, value in lines(facts):
        if isinstance(value, dict):
            yield Said(place, opening=bytes.fromhex(value["commitment"]))
        elif isinstance(value, str) and not _CODE.fullmatch(value):
            yield Said(place, value)
        elif isinstance(value, int) and not isinstance(value, bool):
            yield Said(place, str(value))


def _open(organisation: UUID, found: Iterable[Read]) -> None:
    """Fill in the words behind commitments; what was erased stays without any."""
    wanted = {one.opening for read in found for one in read.said if one.opening}
    rows = Opening.objects.filter(organisation=organisation, commitment__in=wanted)
    words = {
        bytes(digest): bytes(content).decode(errors="replace")
        for digest, content in rows.values_list("commitment", "content")
    }
    for read in found:
        read.said[:] = [
            one.saying(words.get(one.opening, "")) if one.opening else one for one in read.said
        ]


def known_at(names: Sequence[tuple[datetime, bytes]], at: datetime) -> bytes | None:
    """Of names with the moments from which they held, in order, the one at a moment."""
    held = [name for since, name in names if since <= at]
    return held[-1] if held else names[0][1] if names else None
