"""Taking away what was found: a list as .xlsx or .csv, or the entries' own bytes as .ndjson.

Entries are read and written batch by batch, so that a list may be larger than the memory. A list
says what was asked for, when, and what the newest checkpoint was; that it was taken is an entry.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import IO, Any
from uuid import UUID

import xlsxwriter
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from audit import proofs, reading, roots
from audit.actions import append
from audit.canonical import commit, instant
from audit.cells import escaped, fitting
from audit.errors import Refused
from audit.models import Entry, LogHead, Root
from audit.search import finding, listing
from audit.search.listing import Row, Wanted

LISTED_WHILE_WAITING = 50_000
BATCH = 500


class TooManyToList(Refused):
    """More entries than somebody should wait for."""

    sentence = gettext_lazy(
        "These are more than %(most)d entries, too many to wait for. Narrow the search, or ask "
        "the operator to run manage.py export_list."
    )


class NothingToList(Refused):
    """Nothing was found."""

    status = 404
    sentence = gettext_lazy("There is no entry in what you asked for.")


@dataclass(frozen=True)
class Listed:
    """What is taken away: the entries of a search below a leaf index, so that it stays the same."""

    organisation: UUID
    wanted: Wanted
    format: str
    size: int
    entries: int
    checkpoint: str
    at: datetime
    by: str


@transaction.atomic(durable=True)
def take_list(
    *,
    organisation: UUID,
    wanted: Wanted,
    format: str,
    actor: Root | str,
    at: datetime,
    most: int | None,
) -> Listed:
    """Record that somebody takes away what they found; `write` then makes the file.

    The entry belongs to the person, or to the organisation where the operator exports; the words
    that were typed enter it as a commitment. Raises TooManyToList, NothingToList.
    """
    root = roots.tenant(organisation) if isinstance(actor, str) else roots.relocked(actor)
    name = actor if isinstance(actor, str) else actor.subject
    named = reading.reader().name(organisation, [name])
    checkpoint = proofs.newest(organisation)
    head = LogHead.objects.filter(pk=organisation).first()
    listed = Listed(
        organisation=organisation,
        wanted=wanted,
        format=format,
        size=head.size if head else 0,
        entries=_count(organisation, wanted, most),
        checkpoint=checkpoint.cosigned if checkpoint else "",
        at=at,
        by=named[name].text if name in named else name,
    )
    facts = {
        "asked": _asked(wanted),
        "format": format,
        "entries": listed.entries,
        "size": checkpoint.size if checkpoint else None,
    }
    append(root, kind="ledger.listed", actor=actor, at=at, facts=facts)
    return listed


def _count(organisation: UUID, wanted: Wanted, most: int | None) -> int:
    total = 0
    for hits in finding.all_hits(organisation, wanted.asked, batch=10_000):
        total += len(hits)
        if most is not None and total > most:
            raise TooManyToList(most=most)
    if not total:
        raise NothingToList
    return total


def _asked(wanted: Wanted) -> dict[str, Any]:
    """What the ledger keeps of a search; words may be somebody's name, so they can be erased."""
    given = vars(wanted) | {"words": commit(wanted.words) if wanted.words else None}
    return {name: value or None for name, value in given.items()}


def write(
    listed: Listed, file: IO[bytes], *, progress: Callable[[int], None] | None = None
) -> None:
    """Write the file; `progress` hears now and then how many entries are in it."""
    WRITERS[listed.format](listed, _batches(listed, progress), file)


def _batches(listed: Listed, progress: Callable[[int], None] | None) -> Iterator[list[Entry]]:
    done = 0
    found = finding.all_hits(
        listed.organisation, listed.wanted.asked, batch=BATCH, below=listed.size
    )
    for hits in found:
        yield listing.in_order(listed.organisation, hits)
        done += len(hits)
        if progress:
            progress(done)


def _ndjson(listed: Listed, batches: Iterator[list[Entry]], file: IO[bytes]) -> None:
    """A line about the list, then each body as it was hashed."""
    about = {
        "list": {
            "asked": {key: str(value) for key, value in vars(listed.wanted).items() if value},
            "at": instant(listed.at),
            "by": listed.by,
            "entries": listed.entries,
            "checkpoint": listed.checkpoint,
        }
    }
    file.write(json.dumps(about, ensure_ascii=False).encode() + b"\n")
    for entry in chain.from_iterable(batches):
        file.write(bytes(entry.body) + b"\n")


def _csv(listed: Listed, batches: Iterator[list[Entry]], file: IO[bytes]) -> None:
    """UTF-8 with a mark by which spreadsheets know it."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text)
    for line in _lines(listed, batches):
        writer.writerow([escaped(cell) for cell in line])
    text.detach()


def _xlsx(listed: Listed, batches: Iterator[list[Entry]], file: IO[bytes]) -> None:
    book = xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_formulas": False})
    with closing(book):
        page = book.add_worksheet()
        bold, plain = book.add_format({"bold": True}), book.add_format({"text_wrap": True})
        for place, width in enumerate(WIDTHS):
            page.set_column(place, place, width)
        heading = len(_about(listed)) + 1
        for number, line in enumerate(_lines(listed, batches)):
            for place, cell in enumerate(line):
                style = bold if number == heading or (number < heading and not place) else plain
                page.write_string(number, place, fitting(escaped(cell)), style)


WRITERS = {"ndjson": _ndjson, "csv": _csv, "xlsx": _xlsx}
TYPES = {
    "ndjson": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
WIDTHS = (16, 24, 24, 50, 36, 16, 28, 20, 60, 40, 20)


def _lines(listed: Listed, batches: Iterator[list[Entry]]) -> Iterator[list[str]]:
    yield from _about(listed)
    yield []
    yield [
        _("No."),
        _("When"),
        _("What happened"),
        _("In words"),
        _("About"),
        _("Who"),
        _("In the capacity of"),
        pgettext("evidence of a sign-off", "Evidence"),
        _("Texts"),
        _("Hash"),
        _("Id"),
    ]
    for entries in batches:
        for row in listing.rows(listed.organisation, entries):
            yield _line(row)


def _about(listed: Listed) -> list[list[str]]:
    """What the list is, in the lines above it."""
    told = listing.told(listed.organisation, listed.wanted)
    return [
        [_("List of entries of the audit record")],
        [_("Asked for"), "; ".join(chip.text for chip in told) or _("The whole record")],
        [_("Entries"), str(listed.entries)],
        [_("Exported at"), timezone.localtime(listed.at).isoformat(timespec="seconds")],
        [_("Exported by"), listed.by],
        [_("Newest checkpoint"), listed.checkpoint or _("Not yet")],
    ]


def _line(row: Row) -> list[str]:
    entry = row.entry
    return [
        "" if row.index is None else str(row.index),
        timezone.localtime(entry.at).isoformat(timespec="seconds"),
        row.kind,
        row.said,
        row.subject.text,
        row.actor.text,
        row.capacity,
        row.evidence,
        "\n".join(row.texts),
        bytes(entry.entry_hash).hex(),
        str(entry.pk),
    ]


def filename(listed: Listed) -> str:
    return f"duban-{timezone.localtime(listed.at):%Y%m%d-%H%M}.{listed.format}"
