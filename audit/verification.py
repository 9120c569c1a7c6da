"""Recomputing an organisation's ledger: every hash, every chain, every row that follows from it.

It shows what a database superuser changed, as long as the chain was not made anew from the change
onwards and the heads of the roots with it: that takes a checkpoint kept elsewhere.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.db.models import BinaryField, Func, TextField
from django.db.models.functions import Cast

from audit import checkpoints, erasing, replay, roots
from audit.findings import Finding
from audit.models import NO_HASH, Entry, Leaf, LogHead, Opening, Verification
from audit.replay import Instant, Record, Sha256
from audit.tree_verification import Left, TreeRun

BATCH = 2000
COLUMNS = (
    "subject",
    "subject_seq",
    "kind",
    "actor",
    Cast("action", TextField()),
    Instant("at"),
    "prev_hash",
    "entry_hash",
    "body",
)


Progress = Callable[[int], None]


def _quiet(entries: int) -> None:
    pass


@dataclass(frozen=True)
class Result:
    organisation: UUID
    entries: int
    first_bad: Finding | None


def verify(organisation: UUID, *, full: bool = False, progress: Progress = _quiet) -> Result:
    """Read everything in one snapshot and stop at the first thing that is wrong.

    `full` grows the tree anew and checks all that was signed, too. `progress` hears now and then
    how many entries were read.
    """
    left = checkpoints.left(organisation) if full else None
    with _snapshot():
        run = Run(organisation, left, progress)
        first_bad = next(run.findings(), None)
    return Result(organisation, run.entries, first_bad)


def record(organisation: UUID, *, at: datetime) -> Verification:
    """Verify in full, and keep what was found for the audit page."""
    result = verify(organisation, full=True)
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

    def __init__(self, organisation: UUID, left: Left | None, progress: Progress) -> None:
        """With what was `left` signed, the tree is grown anew as well."""
        self.organisation = organisation
        self._left, self._progress = left, progress
        self.entries = 0
        self._heads = roots.heads(organisation)
        self._erased = erasing.erased(organisation)
        self._tables = replay.start()

    def findings(self) -> Iterator[Finding]:
        """Whatever is wrong, in the order of the chains, then of the tables."""
        yield from self._chains()
        yield from self._log()
        if self._left is not None:
            yield from TreeRun(self.organisation, self._left).findings()
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
        while batch := [Row(*row) for row in islice(rows, BATCH)]:
            self._progress(self.entries)
            commitments: dict[bytes, Row] = {}
            for row in batch:
                if row.subject != subject:
                    yield from self._end(subject, seq, head)
                    subject, seq, head = row.subject, 0, NO_HASH
                yield from self._place(row, after=seq, head=head)
                yield from self._content(row, commitments)
                seq, head = row.seq, bytes(row.hash)
            yield from self._openings(commitments)
        yield from self._end(subject, seq, head)
        for unseen, (length, _head) in self._heads.items():
            if length:
                yield Finding("tail", {"subject": unseen, "seq": 1, "length": length})
            else:
                yield Finding("root_added", {"subject": unseen})

    def _place(self, row: "Row", *, after: int, head: bytes) -> Iterator[Finding]:
        """An entry follows the one before it."""
        if row.seq != after + 1:
            yield Finding("gap", {"subject": row.subject, "seq": after + 1})
        elif bytes(row.prev) != head:
            yield Finding("link", row.place)

    def _content(self, row: "Row", commitments: dict[bytes, "Row"]) -> Iterator[Finding]:
        """An entry is as it was hashed and as its columns say; its tables are told of it."""
        self.entries += 1
        body = bytes(row.body)
        if hashlib.sha256(b"\x00" + body).digest() != bytes(row.hash):
            yield Finding("hash", row.place)
            return
        try:
            told = json.loads(body)
            for column, value in row.columns(self.organisation).items():
                if told[column] != value:
                    yield Finding("column", {**row.place, "column": column})
            acting_for, facts = told["acting_for"], told["facts"]
        except (ValueError, KeyError, TypeError):
            yield Finding("unreadable", row.place)
            return
        record = Record(row.subject, row.seq, row.kind, row.actor, acting_for, row.at, facts)
        for table in self._tables:
            table.hear(record)
        if MARK in body:
            commitments.update(dict.fromkeys(committed(facts), row))

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

    def _openings(self, commitments: "dict[bytes, Row]") -> Iterator[Finding]:
        """The texts that commitments stand for: there, and the same."""
        texts = Opening.objects.filter(
            organisation=self.organisation, commitment__in=commitments
        ).values_list("commitment", Sha256(Bytes("salt", "content")))
        computed = {bytes(digest): bytes(found) for digest, found in texts}
        for digest, row in commitments.items():
            if digest not in computed:
                if digest not in self._erased:
                    yield Finding("opening_deleted", row.place)
            elif computed[digest] != digest:
                yield Finding("opening_changed", row.place)

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


class Row(NamedTuple):
    """An entry as its table has it."""

    subject: str
    seq: int
    kind: str
    actor: str
    action: str
    at: str
    prev: memoryview
    hash: memoryview
    body: memoryview

    @property
    def place(self) -> dict[str, Any]:
        return {"subject": self.subject, "seq": self.seq}

    def columns(self, organisation: UUID) -> dict[str, Any]:
        """What the body has to say again, under its own names."""
        return {
            "organisation": str(organisation),
            "subject": self.subject,
            "seq": self.seq,
            "prev": self.prev.hex(),
            "action": self.action,
            "kind": self.kind,
            "actor": self.actor,
            "at": self.at,
        }


class Bytes(Func):
    """Bytes one after the other."""

    template = "(%(expressions)s)"
    arg_joiner = " || "
    output_field = BinaryField()


MARK = b'{"commitment":"'
"""How every commitment begins in a canonical body."""


def committed(facts: Any) -> Iterator[bytes]:
    """The digest of every commitment among an entry's facts."""
    waiting = [facts]
    while waiting:
        match waiting.pop():
            case {"commitment": str(digest)}:
                yield bytes.fromhex(digest)
            case dict(value):
                waiting.extend(value.values())
            case list(value):
                waiting.extend(value)
