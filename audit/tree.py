"""An organisation's Merkle tree in the database: full tiles are kept, the rest follows."""

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, reduce
from operator import or_
from typing import TypeVar
from uuid import UUID

from django.db.models import Max, Q

from audit import merkle, tiles
from audit.models import Leaf, Tile

Answer = TypeVar("Answer")
Place = tuple[int, int]
"""A tile's level and index."""


def asked(
    organisation: UUID,
    ask: Callable[[merkle.Read], Answer],
    signed: tuple[int, bytes] | None = None,
) -> Answer:
    """What `ask` makes of the tree, its tiles read at once; `signed` are the size and root of a
    checkpoint, if it asks of the tree of that size.

    It is asked twice, first of a tree of empty hashes to learn where it reads: so it is pure, and
    reads the same places whatever stands there, as everything in `audit.merkle` does.
    """
    wanted: set[Place] = set()

    def note(level: int, index: int) -> bytes:
        wanted.add(tiles.place(level, index))
        return merkle.EMPTY

    ask(note)
    edge = _edge(organisation, *signed) if signed else _Edge()
    strips = _strips(organisation, wanted - edge.places)
    inner = tiles.reader(lambda level, index: strips[level, index])

    def read(level: int, index: int) -> bytes:
        at_the_edge = tiles.place(level, index) in edge.places
        return edge.read(level, index) if at_the_edge else inner(level, index)

    return ask(read)


@dataclass(frozen=True)
class _Edge:
    """Tiles that are kept in memory; what was read of them is kept, too."""

    strips: Mapping[Place, bytes] = field(default_factory=dict)

    @property
    def places(self) -> Set[Place]:
        return self.strips.keys()

    @cached_property
    def read(self) -> merkle.Read:
        return lru_cache(maxsize=256)(tiles.reader(lambda *place: self.strips[place]))


@lru_cache(maxsize=64)
def _edge(organisation: UUID, size: int, root: bytes) -> _Edge:
    """The tiles at the growing end of a signed tree: nearly every proof in it reads them.

    Kept by the signed root, so for as long as they are what was signed.
    """
    ends = {(level, size >> tiles.HEIGHT * (level + 1)) for level in range(size.bit_length())}
    return _Edge(_strips(organisation, {place for place in ends if tiles.width(*place, size)}))


def _strips(organisation: UUID, wanted: set[Place]) -> dict[Place, bytes]:
    """As many hashes of each tile as there are, in three queries however many tiles."""
    if not wanted:
        return {}
    places = reduce(or_, (Q(level=level, tile_index=index) for level, index in wanted))
    kept = Tile.objects.filter(places, organisation=organisation)
    full = {
        (level, index): bytes(hashes)
        for level, index, hashes in kept.values_list("level", "tile_index", "hashes")
    }
    rest = wanted - full.keys()
    return (
        full
        | _growing(organisation, {place for place in rest if place[0]})
        | {place: b"".join(_row(organisation, *place)) for place in rest if not place[0]}
    )


def _growing(organisation: UUID, places: set[Place]) -> dict[Place, bytes]:
    """Tiles above the lowest level that aren't full yet, out of the roots of those below."""
    if not places:
        return {}
    below = reduce(or_, (_below(level, index) for level, index in places))
    roots = Tile.objects.filter(below, organisation=organisation).order_by("tile_index")
    rows: dict[Place, list[bytes]] = {place: [] for place in places}
    for level, index, root in roots.values_list("level", "tile_index", "root"):
        rows[level + 1, index // tiles.WIDTH].append(bytes(root))
    return {place: b"".join(row) for place, row in rows.items()}


def _below(level: int, index: int) -> Q:
    first = index * tiles.WIDTH
    return Q(level=level - 1, tile_index__gte=first, tile_index__lt=first + tiles.WIDTH)


def reader(organisation: UUID) -> merkle.Read:
    """Subtrees' hashes, for whatever the log holds when they are first asked for."""
    return tiles.reader(lambda level, index: strip(organisation, level, index))


def strip(organisation: UUID, level: int, index: int) -> bytes:
    """As many hashes of a tile as there are."""
    full = Tile.objects.filter(organisation=organisation, level=level, tile_index=index)
    kept = full.values_list("hashes", flat=True).first()
    return bytes(kept) if kept is not None else b"".join(_row(organisation, level, index))


def extend(organisation: UUID, size: int) -> None:
    """Keep every tile that the first `size` leaves fill."""
    level = 0
    while ready := (size >> tiles.HEIGHT * (level + 1)):
        for index in range(_kept(organisation, level), ready):
            row = list(_row(organisation, level, index))
            Tile.objects.create(
                organisation=organisation,
                level=level,
                tile_index=index,
                hashes=b"".join(row),
                root=merkle.perfect(row),
            )
        level += 1


def _kept(organisation: UUID, level: int) -> int:
    """How many tiles of a level there are; they are made in order."""
    found = Tile.objects.filter(organisation=organisation, level=level)
    last = found.aggregate(last=Max("tile_index"))["last"]
    return 0 if last is None else last + 1


def _row(organisation: UUID, level: int, index: int) -> Iterator[bytes]:
    """The hashes that a tile is made of: those of entries, or the roots of the tiles below."""
    first = index * tiles.WIDTH
    within = range(first, first + tiles.WIDTH)
    if level == 0:
        leaves = Leaf.objects.filter(
            organisation=organisation, leaf_index__gte=within.start, leaf_index__lt=within.stop
        )
        hashes = leaves.order_by("leaf_index").values_list("entry__entry_hash", flat=True)
        yield from map(bytes, hashes)
    else:
        below = Tile.objects.filter(
            organisation=organisation,
            level=level - 1,
            tile_index__gte=within.start,
            tile_index__lt=within.stop,
        )
        yield from map(bytes, below.order_by("tile_index").values_list("root", flat=True))
