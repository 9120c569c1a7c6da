"""Which entries hold the words that are asked for: newest first, from the search's own table.

A frequent word stands in hundreds of thousands of entries, of which a page shows fifty. So the log
is searched block by block from its end, each block through the same index, until the page is full:
that costs about as much for a word in every third entry as for one that stands nowhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from audit.search.grams import asked

BLOCK = 8192
"""Leaves that are searched at a time."""


@dataclass(frozen=True)
class Asked:
    """All of it must be so: words (folded) that stand in the entry, tags that it bears, its time.

    `first` is the earliest moment, `before` the one after the last.
    """

    words: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    first: datetime | None = None
    before: datetime | None = None


@dataclass(frozen=True)
class Hit:
    entry: UUID
    index: int


def block_tag(organisation: UUID, number: int) -> str:
    return f"log:{organisation}:{number}"


def hits(organisation: UUID, wanted: Asked, *, below: int | None, limit: int) -> list[Hit]:
    """The newest `limit` hits whose leaf index is less than `below`."""
    sql, given = statement(organisation, wanted, below, limit)
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        return [Hit(entry, index) for entry, index in cursor.fetchall()]


def all_hits(
    organisation: UUID, wanted: Asked, *, batch: int, below: int | None = None
) -> Iterator[list[Hit]]:
    """Every hit, newest first, in batches that are read one after the other."""
    while found := hits(organisation, wanted, below=below, limit=batch):
        yield found
        below = found[-1].index
        if len(found) < batch:
            return


def statement(
    organisation: UUID, wanted: Asked, below: int | None, limit: int
) -> tuple[str, dict[str, Any]]:
    """The query and its values. Words are compared as they are: nothing in them is a pattern."""
    within = "".join(f" AND strpos(text, %(word{n})s) > 0" for n in range(len(wanted.words)))
    given: dict[str, Any] = {f"word{n}": word for n, word in enumerate(wanted.words)}
    given |= {
        "organisation": organisation,
        "marks": [*asked(wanted.words), *wanted.tags],
        "first": wanted.first,
        "before": wanted.before,
        "below": below,
        "last_block": None if below is None else below // BLOCK,
        "limit": limit,
    }
    blocks, entries = "", ""
    if wanted.first:
        blocks += " AND last_at >= %(first)s"
        entries += " AND at >= %(first)s"
    if wanted.before:
        blocks += " AND first_at < %(before)s"
        entries += " AND at < %(before)s"
    if below is not None:
        blocks += " AND number <= %(last_block)s"
        entries += " AND leaf_index < %(below)s"
    sql = f"""
        SELECT hit.entry_id, hit.leaf_index
        FROM (
            SELECT number, 'log:' || organisation || ':' || number AS tag
            FROM audit_searchblock WHERE organisation = %(organisation)s{blocks}
            ORDER BY number DESC
        ) AS block, LATERAL (
            SELECT entry_id, leaf_index FROM audit_searched
            WHERE cjk_grams(text) || tags @> (%(marks)s::text[] || block.tag){within}{entries}
            ORDER BY leaf_index DESC LIMIT %(limit)s
        ) AS hit
        ORDER BY block.number DESC, hit.leaf_index DESC LIMIT %(limit)s
    """  # noqa: S608 - the parts stand above
    return sql, given
