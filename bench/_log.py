"""An organisation with a log of a million entries: written in bulk, signed by the product.

All entries stand in the organisation's own chain, so that the verifier finds nothing wrong.
"""

import hashlib
import io
import json
import os
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

from django.utils import timezone

from audit import canonical, checkpoints
from audit.ids import uuid7
from audit.models import Entry
from bench.inbox import owner
from directory import actions as directory
from directory.actions import OPERATOR
from directory.models import Organisation
from tests import databases

ENTRIES = int(os.environ.get("DUBAN_BENCH_ENTRIES", "1000000"))
AT_ONCE = 20_000
BEGAN = datetime(2026, 1, 5, 1, tzinfo=UTC)
GUARDS = ("audit_entry", "audit_leaf", "audit_loghead", "directory_organisation")


def make(database: str) -> UUID:
    """The organisation's id; its log has ENTRIES entries, all under one checkpoint."""
    organisation = directory.create_organisation(
        name=f"Bench {uuid4()}", actor=OPERATOR, at=timezone.now()
    )
    with databases.speaking_as("worker"):
        for _step in range(2):  # names the log, which is an entry itself
            checkpoints.advance(at=timezone.now())
    organisation.refresh_from_db()
    _fill(database, organisation)
    with databases.speaking_as("worker"):
        checkpoints.advance(at=timezone.now())
    return organisation.pk


def _fill(database: str, organisation: Organisation) -> None:
    begun = Entry.objects.filter(organisation=organisation.pk).count()
    head = bytes(organisation.chain_head)
    with owner(database) as link, link.cursor() as cursor:
        for table in GUARDS:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for first in range(begun, ENTRIES, AT_ONCE):
            numbers = range(first, min(first + AT_ONCE, ENTRIES))
            entries, leaves = io.StringIO(), io.StringIO()
            for number, row in zip(numbers, _rows(organisation, numbers, head), strict=True):
                entries.write(row.line)
                leaves.write(f"{row.key}\t{organisation.pk}\t{number}\n")
                head = row.hash
            for table, columns, rows in (
                ("audit_entry", COLUMNS, entries),
                ("audit_leaf", "entry_id, organisation, leaf_index", leaves),
            ):
                rows.seek(0)
                cursor.copy_expert(f"COPY {table} ({columns}) FROM STDIN", rows)
        cursor.execute(
            "UPDATE audit_loghead SET size = %s WHERE organisation = %s",
            [ENTRIES, str(organisation.pk)],
        )
        cursor.execute(
            "UPDATE directory_organisation SET chain_head = %s, chain_length = %s WHERE id = %s",
            [head, ENTRIES, str(organisation.pk)],
        )
        for table in GUARDS:
            cursor.execute(
                "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal",
                [table],
            )
            for (name,) in cursor.fetchall():
                cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")
        cursor.execute("VACUUM ANALYZE")  # what autovacuum does in its own time


COLUMNS = (
    "id, organisation, subject, subject_seq, action, kind, actor, at, xid, body, prev_hash,"
    " entry_hash"
)


class Row(NamedTuple):
    """An entry's id, its line for COPY, and its hash."""

    key: UUID
    line: str
    hash: bytes


def _rows(organisation: Organisation, numbers: range, head: bytes) -> Iterator[Row]:
    """Entries as long as a sign-off's, one following the other."""
    chance = random.Random(numbers.start)
    for number in numbers:
        key, action = uuid7(), UUID(int=chance.getrandbits(128), version=4)
        at = BEGAN + timedelta(seconds=number)
        body = _body(organisation, number + 1, head, action, at, chance)
        hash_ = hashlib.sha256(b"\x00" + body).digest()
        line = (
            f"{key}\t{organisation.pk}\t{organisation.subject}\t{number + 1}\t{action}"
            f"\torganisation.noted\toperator\t{at.isoformat()}\t3\t\\\\x{body.hex()}"
            f"\t\\\\x{head.hex()}\t\\\\x{hash_.hex()}\n"
        )
        yield Row(key, line, hash_)
        head = hash_


def _body(
    organisation: Organisation,
    seq: int,
    head: bytes,
    action: UUID,
    at: datetime,
    chance: random.Random,
) -> bytes:
    fields = {
        "acting_for": None,
        "action": str(action),
        "actor": "operator",
        "at": canonical.instant(at),
        "capacity": {"title": "主要负责人", "unit_name": "统战部"},
        "facts": {
            "noted": {
                "decision": "approve",
                "id": str(UUID(int=chance.getrandbits(128))),
                "statement": chance.randbytes(32).hex(),
                "work_item": str(UUID(int=chance.getrandbits(128))),
            }
        },
        "kind": "organisation.noted",
        "organisation": str(organisation.pk),
        "prev": head.hex(),
        "seq": seq,
        "subject": organisation.subject,
        "v": 1,
    }
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
