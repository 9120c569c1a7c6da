"""Recomputing an organisation's ledger: every hash, every chain, every row that follows from it.

It shows what a database superuser changed, as long as the chain was not made anew from the change
onwards and the heads of the roots with it: that takes a checkpoint kept elsewhere.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import BinaryField, Func

from audit import canonical, replay, roots
from audit.findings import Finding
from audit.models import NO_HASH, Entry, Leaf, LogHead, Opening, Verification
from audit.replay import Record, Sha256

BATCH = 2000
COLUMNS = (
    "organisation",
    "subject",
    "subject_seq",
    "prev_hash",
    "action",
    "kind",
    "actor",
    "at",
    "entry_hash",
    "body",
)
FIELDS = ("organisation", "subject", "seq", "prev", "action", "kind", "actor", "at")
"""What a body calls the columns, up to the hash."""


@dataclass(frozen=True)
class Result:
    organisation: UUID
    entries: int
    first_bad: Finding | None


def verify(organisation: UUID) -> Result:
    """Read everything in one snapshot and stop at the first thing that is wrong."""
    with _snapshot():
        run = Run(organisation)
        first_bad = next(run.findings(), None)
    return Result(organisation, run.entries, first_bad)


def record(organisation: UUID, *, at: datetime) -> Verification:
    """Verify, and keep what was found for the audit page."""
    result = verify(organisation)
    return Verification.objects.create(
        organisation=organisation,
        at=at,
        entries=result.entries,
        first_bad=result.first_bad and result.first_bad.as_json(),
    )


@contextmanager
def _snapshot() -> Iterator[None]:
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


class Run:
    """One pass over one organisation's ledger and the tables that follow from it."""

    def __init__(self, organisation: UUID) -> None:
        self.organisation = organisation
        self.entries = 0
        self._heads = roots.heads(organisation)
        self._tables = replay.start()

    def findings(self) -> Iterator[Finding]:
        """Whatever is wrong, in the order of the chains, then of the tables."""
        yield from self._chains()
        yield from self._log()
        for table in self._tables:
            yield from table.findings(self.organisation)

    def _chains(self) -> Iterator[Finding]:
        rows = (
            Entry.objects.filter(organisation=self.organisation)
            .order_by("subject", "subject_seq")
            .values_list(*COLUMNS)
            .iterator(chunk_size=BATCH)
        )
        subject, seq, head = "", 0, NO_HASH
        while batch := list(islice(rows, BATCH)):
            for row in batch:
                if row[1] != subject:
                    yield from self._end(subject, seq, head)
                    subject, seq, head = row[1], 0, NO_HASH
                yield from self._entry(row, after=seq, head=head)
                seq, head = row[2], bytes(row[8])
            yield from self._openings(batch)
        yield from self._end(subject, seq, head)
        for unseen, (length, _head) in self._heads.items():
            if length:
                yield Finding("tail", {"subject": unseen, "seq": 1, "length": length})
            else:
                yield Finding("root_added", {"subject": unseen})

    def _entry(self, row: tuple[Any, ...], *, after: int, head: bytes) -> Iterator[Finding]:
        """One entry: in its place, as hashed, as its row says, as its tables are told."""
        self.entries += 1
        place = {"subject": row[1], "seq": row[2]}
        body = bytes(row[9])
        if row[2] != after + 1:
            yield Finding("gap", {"subject": row[1], "seq": after + 1})
        elif bytes(row[3]) != head:
            yield Finding("link", place)
        if hashlib.sha256(b"\x00" + body).digest() != bytes(row[8]):
            yield Finding("hash", place)
            return
        try:
            told = json.loads(body)
            claimed = [told[name] for name in FIELDS]
            heard = Record(
                row[1], row[2], row[5], row[6], told["acting_for"], told["at"], told["facts"]
            )
        except (ValueError, KeyError, TypeError):
            yield Finding("unreadable", place)
            return
        for name, said, value in zip(FIELDS, claimed, row, strict=False):
            if said != canonical.plain(value):
                yield Finding("column", {**place, "column": name})
        for table in self._tables:
            table.hear(heard)

    def _end(self, subject: str, seq: int, head: bytes) -> Iterator[Finding]:
        """The end of a chain, where its root remembers it to be."""
        if not subject:
            return
        length, remembered = self._heads.pop(subject, (None, b""))
        if length is None:
            yield Finding("root", {"subject": subject})
        elif seq < length:
            yield Finding("tail", {"subject": subject, "seq": seq + 1, "length": length})
        elif seq > length:
            yield Finding("beyond", {"subject": subject, "seq": length + 1, "length": length})
        elif head != remembered:
            yield Finding("head", {"subject": subject, "seq": seq})

    def _openings(self, batch: Iterable[tuple[Any, ...]]) -> Iterator[Finding]:
        """The texts that commitments stand for: there, and the same."""
        wanted = {
            digest: {"subject": row[1], "seq": row[2]}
            for row in batch
            for digest in committed(bytes(row[9]))
        }
        found = {
            bytes(digest): bytes(computed)
            for digest, computed in Opening.objects.filter(
                organisation=self.organisation, commitment__in=wanted
            ).values_list("commitment", Sha256(Joined("salt", "content")))
        }
        for digest, place in wanted.items():
            if digest not in found:
                yield Finding("opening_deleted", place)
            elif found[digest] != digest:
                yield Finding("opening_changed", place)

    def _log(self) -> Iterator[Finding]:
        """Leaves: one after the other, each of an entry of this organisation, all counted."""
        rows = (
            Leaf.objects.filter(organisation=self.organisation)
            .order_by("leaf_index")
            .values_list("leaf_index", "entry__organisation")
            .iterator(chunk_size=BATCH)
        )
        size = 0
        for index, owner in rows:
            if index != size:
                yield Finding("leaf_missing", {"index": size})
                size = index
            if owner != self.organisation:
                yield Finding("leaf_foreign", {"index": index})
            size += 1
        counted = LogHead.objects.filter(pk=self.organisation).values_list("size", flat=True)
        if (counted.first() or 0) != size:
            yield Finding("log_size", {"size": counted.first() or 0, "found": size})


class Joined(Func):
    """Bytes one after the other."""

    template = "(%(expressions)s)"
    arg_joiner = " || "
    output_field = BinaryField()


def committed(body: bytes) -> Iterator[bytes]:
    """The digests of every commitment in a body."""
    if b'{"commitment":"' not in body:
        return
    try:
        waiting: list[Any] = [json.loads(body)]
    except ValueError:
        return  # named already: the entry can't be read
    while waiting:
        match waiting.pop():
            case {"commitment": str(digest)}:
                yield bytes.fromhex(digest)
            case dict(value):
                waiting.extend(value.values())
            case list(value):
                waiting.extend(value)
