"""The order of the log: each committed entry gets its organisation's next leaf index, without gaps.

Entries commit in another order than their ids, so nothing here reads "after the last id": whatever
is committed and has no leaf is next. One sequencer works at a time, wherever workers run.
"""

from collections import Counter
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Max, TextField, Window
from django.db.models.functions import Cast

from audit.models import Entry, Leaf, LogHead

LOCK = 5302
"""Of the advisory locks this one is the sequencer's."""
BATCH = 5000


class Sequencer:
    """Remembers below which transaction id every entry has its leaf, so that it asks for the rest.

    It knows nothing of that when it begins: the first look goes over the whole table.
    """

    def __init__(self) -> None:
        self._settled: str | None = None

    @transaction.atomic(durable=True)
    def advance(self) -> int:
        """Give up to BATCH entries their leaves; returns how many. 0 while another one works."""
        if not alone():
            return 0
        # Asked before the entries are read: whatever ended before now is seen below.
        horizon = _oldest_running()
        found = self._pending()
        _number(found)
        if len(found) < BATCH:
            self._settled = horizon
        return len(found)

    def _pending(self) -> list[tuple[UUID, UUID]]:
        """Organisation and id of entries without a leaf, in the order they shall have.

        By id; but where two clocks disagree, an entry waits for those before it in its chain.
        """
        entries = Entry.objects.filter(leaf=None)
        if self._settled is not None:
            entries = entries.filter(xid__gte=self._settled)
        turn = Window(
            Max(Cast("id", TextField())),
            partition_by=[F("organisation"), F("subject")],
            order_by="subject_seq",
        )
        ordered = entries.annotate(turn=turn).order_by("turn", "subject_seq")
        return list(ordered.values_list("organisation", "id")[:BATCH])


def _number(entries: list[tuple[UUID, UUID]]) -> None:
    added = Counter(organisation for organisation, _entry in entries)
    heads = LogHead.objects.in_bulk(list(added))
    size = {one: heads[one].size if one in heads else 0 for one in added}
    leaves = []
    for organisation, entry in entries:
        leaves.append(
            Leaf(organisation=organisation, leaf_index=size[organisation], entry_id=entry)
        )
        size[organisation] += 1
    Leaf.objects.bulk_create(leaves)
    LogHead.objects.bulk_create(
        [LogHead(organisation=one, size=total) for one, total in size.items()],
        update_conflicts=True,
        unique_fields=["organisation"],
        update_fields=["size"],
    )


def alone() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


def _oldest_running() -> str:
    """Every transaction with a lower id than this has ended."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")
        return str(cursor.fetchone()[0])


_sequencer = Sequencer()


def advance(*, at: datetime) -> int:
    """The worker's step."""
    return _sequencer.advance()
