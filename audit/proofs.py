"""What can be taken away: proofs that entries are in a signed log, and the log's own tiles."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from audit import merkle, notes, tiles, tree
from audit.models import Checkpoint, Entry, Leaf, Origin, plain_columns


def newest(organisation: UUID) -> Checkpoint | None:
    """The checkpoint that was signed last, under the newest origin that has signed anything.

    One query, with the witnesses' lines. In plain SQL: the ORM takes several times as long to
    write this statement as the database to run it.
    """
    with connection.cursor() as cursor:
        cursor.execute(*_newest(organisation))
        row = cursor.fetchone()
    if row is None:
        return None
    origin, checkpoint = (names for names, _columns in map(plain_columns, (Origin, Checkpoint)))
    found = Checkpoint.from_db(connection.alias, checkpoint, row[len(origin) : -1])
    found.origin = Origin.from_db(connection.alias, origin, row[: len(origin)])
    found.lines = row[-1]
    return found


def _newest(organisation: UUID) -> tuple[str, list[UUID]]:
    """Origin by origin: sorting all checkpoints by the number of theirs would read them all."""
    origin = [f"origin.{column}" for column in plain_columns(Origin)[1]]
    signed = [f"signed.{column}" for column in plain_columns(Checkpoint)[1]]
    sql = f"""
        SELECT {", ".join(origin + signed)}, ARRAY(
            SELECT line FROM audit_cosignature WHERE checkpoint_id = signed.id ORDER BY witness
        )
        FROM audit_origin AS origin CROSS JOIN LATERAL (
            SELECT * FROM audit_checkpoint
            WHERE origin_id = origin.id ORDER BY size DESC LIMIT 1
        ) AS signed
        WHERE origin.organisation = %s ORDER BY origin.number DESC LIMIT 1
    """  # noqa: S608 - the names come from the models
    return sql, [organisation]


def of(entry: Entry) -> notes.Proof | None:
    """The entry's proof, with its bytes in it; None until a checkpoint covers it."""
    [found] = of_all(entry.organisation, [entry])
    return found


def of_all(organisation: UUID, entries: Sequence[Entry]) -> list[notes.Proof | None]:
    """Proofs against one checkpoint, in the order of the entries; the tree is read once."""
    checkpoint = newest(organisation)
    if checkpoint is None:
        return [None for _entry in entries]
    size, note = checkpoint.size, notes.Note.parse(checkpoint.cosigned)
    places = {pk: index for pk, index in _places(entries) if index < size}
    paths = tree.asked(
        organisation,
        lambda read: {pk: merkle.inclusion(index, size, read) for pk, index in places.items()},
        (size, bytes(checkpoint.root_hash)),
    )
    return [
        notes.Proof(places[one.pk], paths[one.pk], note, extra=bytes(one.body))
        if one.pk in places
        else None
        for one in entries
    ]


def _places(entries: Sequence[Entry]) -> Iterator[tuple[UUID, int]]:
    """The leaf of each entry that has one; a query for those that didn't bring theirs along."""
    missing = []
    for one in entries:
        leaf = Entry.leaf.related.get_cached_value(one, default=None)
        if isinstance(leaf, Leaf):
            yield one.pk, leaf.leaf_index
        else:
            missing.append(one.pk)
    if missing:
        yield from Leaf.objects.filter(entry__in=missing).values_list("entry_id", "leaf_index")


LONGEST_WAIT = 30
"""Seconds between two questions of a page."""


@dataclass(frozen=True)
class Receipt:
    """What whoever made an entry may take away: its proof, as soon as there is one."""

    entry: Entry
    is_ready: bool
    wait: float = 0.5
    """Seconds until a page asks (again), while it isn't ready."""

    @property
    def next_wait(self) -> float:
        """Longer each time, for a page that is left open while no worker runs."""
        return min(self.wait * 2, LONGEST_WAIT)


def receipts(entries: Iterable[Entry]) -> list[Receipt]:
    """Of entries of one organisation, in their order; a few queries for however many."""
    wanted = list(entries)
    checkpoint = newest(wanted[0].organisation) if wanted else None
    if checkpoint is None:
        return [Receipt(one, is_ready=False) for one in wanted]
    leaves = Leaf.objects.filter(entry__in=wanted, leaf_index__lt=checkpoint.size)
    ready = set(leaves.values_list("entry", flat=True))
    return [Receipt(one, one.pk in ready) for one in wanted]


def strip(organisation: UUID, level: int, index: int, width: int) -> bytes | None:
    """The first `width` hashes of a tile; None if the signed log doesn't have as many."""
    checkpoint = newest(organisation)
    if checkpoint is None or tiles.width(level, index, checkpoint.size) < width:
        return None
    return tree.strip(organisation, level, index)[: width * tiles.HASH]


def origin_named(name: str) -> Origin | None:
    return Origin.objects.filter(name=name).first()
