"""What can be taken away: proofs that entries are in a signed log, and the log's own tiles."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Subquery

from audit import merkle, notes, tiles, tree
from audit.models import Checkpoint, Entry, Leaf, Origin


def newest(organisation: UUID) -> Checkpoint | None:
    """The checkpoint that was signed last, under the newest origin that has signed anything.

    Origin by origin: sorting all checkpoints by the number of their origin would read them all.
    One query, unless the newest origin was opened a moment ago.
    """
    origins = Origin.objects.filter(organisation=organisation).order_by("-number")
    signed = Checkpoint.objects.select_related("origin").order_by("-size")
    if found := signed.filter(origin=Subquery(origins.values("pk")[:1])).first():
        return found
    return next((one for origin in origins if (one := signed.filter(origin=origin).first())), None)


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
    covered = Leaf.objects.filter(entry__in=[one.pk for one in entries], leaf_index__lt=size)
    places = dict(covered.values_list("entry_id", "leaf_index"))
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
