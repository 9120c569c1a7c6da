"""What can be taken away: proofs that entries are in a signed log, and the log's own tiles."""

from uuid import UUID

from audit import merkle, notes, tiles, tree
from audit.models import Checkpoint, Entry, Leaf, Origin


def newest(organisation: UUID) -> Checkpoint | None:
    """The checkpoint that was signed last, under the newest origin."""
    found: Checkpoint | None = (
        Checkpoint.objects.filter(organisation=organisation)
        .select_related("origin")
        .order_by("-origin__number", "-size")
        .first()
    )
    return found


def of(entry: Entry) -> notes.Proof | None:
    """The entry's proof, with its bytes in it; None until a checkpoint covers it."""
    checkpoint = newest(entry.organisation)
    leaf = Leaf.objects.filter(entry=entry).first()
    if checkpoint is None or leaf is None or leaf.leaf_index >= checkpoint.size:
        return None
    path = merkle.inclusion(leaf.leaf_index, checkpoint.size, tree.reader(entry.organisation))
    return notes.Proof(
        leaf.leaf_index, path, notes.Note.parse(checkpoint.cosigned), extra=bytes(entry.body)
    )


def strip(organisation: UUID, level: int, index: int, width: int) -> bytes | None:
    """The first `width` hashes of a tile; None if the signed log doesn't have as many."""
    checkpoint = newest(organisation)
    if checkpoint is None or tiles.width(level, index, checkpoint.size) < width:
        return None
    return tree.strip(organisation, level, index)[: width * tiles.HASH]


def origin_named(name: str) -> Origin | None:
    return Origin.objects.filter(name=name).first()
