"""Keeping the search: it follows the log, and reads an entry again when words of it were erased."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from audit.models import Leaf, LogHead
from audit.search.finding import BLOCK, block_tag
from audit.search.grams import folded
from audit.search.models import SearchAgain, SearchBlock, SearchCursor, Searched
from audit.search.pieces import Read, read

LOCK = 5303
"""Of the advisory locks this one is for the words in the search (migration `0007_search`)."""
BATCH = 200


def follow(*, at: datetime) -> int:
    """A step of the worker: read what was erased again, then new entries; returns how many."""
    read_before = dict(SearchCursor.objects.values_list("organisation", "next_index"))
    grown = [
        head.organisation
        for head in LogHead.objects.filter(size__gt=0)
        if head.size > read_before.get(head.organisation, 0)
    ]
    waiting = SearchAgain.objects.order_by().values_list("organisation", flat=True).distinct()
    again = sum(map(_again, waiting))
    return again + sum(map(_follow, grown))


@transaction.atomic(durable=True)
def _follow(organisation: UUID) -> int:
    """The next batch; rows and cursor move together, so each entry is read exactly once."""
    _alone()
    SearchCursor.objects.get_or_create(organisation=organisation)
    cursor = SearchCursor.objects.select_for_update().get(organisation=organisation)
    leaves = list(
        Leaf.objects.filter(organisation=organisation, leaf_index__gte=cursor.next_index)
        .select_related("entry")
        .order_by("leaf_index")[:BATCH]
    )
    _write(organisation, leaves)
    if leaves:
        cursor.next_index = leaves[-1].leaf_index + 1
        cursor.save(update_fields=["next_index"])
    return len(leaves)


@transaction.atomic(durable=True)
def _again(organisation: UUID) -> int:
    """Entries whose row was taken away with erased words, without these."""
    _alone()
    waiting = SearchAgain.objects.filter(organisation=organisation).values_list("pk", flat=True)
    entries = list(waiting[:BATCH])
    # What the cursor hasn't come to yet, because everything is being read anew, comes with it.
    cursor = SearchCursor.objects.filter(pk=organisation).first()
    leaves = Leaf.objects.filter(
        entry__in=entries, leaf_index__lt=cursor.next_index if cursor else 0
    )
    _write(organisation, list(leaves.select_related("entry")))
    SearchAgain.objects.filter(pk__in=entries).delete()
    return len(entries)


@transaction.atomic(durable=True)
def start_over(organisation: UUID) -> None:
    """Forget every row of the organisation; `follow` then makes them anew from the ledger."""
    _alone()
    for model in (Searched, SearchBlock, SearchCursor, SearchAgain):
        model.objects.filter(organisation=organisation).delete()


def _alone() -> None:
    """Wait for whoever erases or follows; whatever they committed is seen from here on."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def _write(organisation: UUID, leaves: Sequence[Leaf]) -> None:
    index = {leaf.entry_id: leaf.leaf_index for leaf in leaves}
    found = read(organisation, [leaf.entry for leaf in leaves])
    Searched.objects.bulk_create(row(one, index[one.entry.pk]) for one in found)
    _mark(organisation, leaves)


def row(one: Read, index: int) -> Searched:
    organisation = one.entry.organisation
    return Searched(
        entry=one.entry,
        organisation=organisation,
        leaf_index=index,
        at=one.entry.at,
        # Line ends stand between texts alone, so no word reaches from one into the next.
        text="\n".join(map(folded, one.text.split("\n"))),
        tags=[block_tag(organisation, index // BLOCK), *dict.fromkeys(one.tags)],
        openings=one.openings,
    )


def _mark(organisation: UUID, leaves: Iterable[Leaf]) -> None:
    """Widen the times of the blocks that the leaves are in."""
    times: dict[int, list[datetime]] = {}
    for leaf in leaves:
        times.setdefault(leaf.leaf_index // BLOCK, []).append(leaf.entry.at)
    known = {
        one.number: one
        for one in SearchBlock.objects.filter(organisation=organisation, number__in=times)
    }
    for number, moments in times.items():
        block = known.get(number) or SearchBlock(
            organisation=organisation, number=number, first_at=moments[0], last_at=moments[0]
        )
        block.first_at = min(block.first_at, *moments)
        block.last_at = max(block.last_at, *moments)
        block.save()
