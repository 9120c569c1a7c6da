"""Growing an organisation's tree anew from its entries, beside everything that was made of it.

Every tile, every checkpoint's root and signature, every witness's line, and the file that holds
what was signed last. All roots are computed along one sequence of leaves, so every checkpoint is
consistent with every other one. Memory stays the same however long the log is.

What a row alone can't show is that a row is missing: of an old checkpoint or of a cosignature. For
the newest checkpoint the file beside the key shows it, for others whoever holds a copy.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import chain
from uuid import UUID

from audit import merkle, notes, tiles, witnesses
from audit.findings import Finding
from audit.models import Checkpoint, Entry, Leaf, Origin, Tile
from audit.notes import BadNote

Left = Mapping[int, notes.Checkpoint]
"""What was signed last under each origin of an organisation, by number, as the files have it."""
BATCH = 2000
TILES = 64
"""Tiles that are read at once, half a megabyte."""


class TreeRun:
    """One pass over one organisation's log."""

    def __init__(self, organisation: UUID, left: Left) -> None:
        """`left` was read before the database's snapshot was taken: whatever was signed by then has
        its leaves in it."""
        self.organisation = organisation
        self._left = left
        self._tree = merkle.Growing()
        self._levels: list[_Level] = []
        self._witnesses = {one.key.name: one.key for one in witnesses.configured()}

    def findings(self) -> Iterator[Finding]:
        """Whatever is wrong, in the order of the log."""
        origins = list(Origin.objects.filter(organisation=self.organisation).order_by("number"))
        yield from _origins(self.organisation, origins)
        keys = {one.pk: _key(one) for one in origins}
        last = self._left.get(origins[-1].number) if origins else None
        signed = self._checkpoints()
        due = next(signed, None)
        for leaf in self._leaves():
            self._tree.add(leaf)
            yield from self._tiles(leaf)
            while due and due.size == self._tree.size:
                yield from _checkpoint(due, self._tree.root(), keys.get(due.origin_id))
                yield from self._cosignatures(due)
                due = next(signed, None)
            if last and last.size == self._tree.size and last.root != self._tree.root():
                yield Finding("checkpoint_left", {"size": last.size})
        for beyond in chain([due] if due else [], signed):
            yield Finding("checkpoint_beyond", {"size": beyond.size, "found": self._tree.size})
        if last and last.size > self._tree.size:
            yield Finding("checkpoint_left", {"size": last.size})
        yield from self._rest()

    def _leaves(self) -> Iterator[bytes]:
        rows = Leaf.objects.filter(organisation=self.organisation).order_by("leaf_index")
        hashes = rows.values_list("entry__entry_hash", flat=True)
        return map(bytes, hashes.iterator(chunk_size=BATCH))

    def _checkpoints(self) -> Iterator[Checkpoint]:
        rows = Checkpoint.objects.filter(organisation=self.organisation)
        rows = rows.order_by("size", "origin").prefetch_related("cosignatures")
        return rows.select_related("origin").iterator(chunk_size=BATCH)

    def _cosignatures(self, row: Checkpoint) -> Iterator[Finding]:
        """Witnesses' lines hold, as far as their keys are known here."""
        for line in row.cosignatures.all():
            key = self._witnesses.get(line.witness)
            try:
                note = notes.Note.parse(row.note + line.line)
                seen = note.cosigned_at(key) if key else _told(note, line.witness)
            except BadNote:
                seen = None
            if seen is None or seen != int(line.seen_at.timestamp()):
                yield Finding("cosignature", {"size": row.size, "witness": line.witness})

    def _tiles(self, leaf: bytes) -> Iterator[Finding]:
        """The tiles that this leaf fills are those that are kept."""
        level, hash_ = 0, leaf
        while True:
            if level == len(self._levels):
                self._levels.append(_Level(self.organisation, level))
            full = self._levels[level].add(hash_)
            if full is None:
                return
            level += 1
            hash_ = self._tree.completed(level * tiles.HEIGHT)
            yield from self._levels[level - 1].compare(full, hash_)

    def _rest(self) -> Iterator[Finding]:
        """No tile is missing of what was signed, and none is there that nothing fills."""
        newest = Checkpoint.objects.filter(organisation=self.organisation).order_by("-size").first()
        for level in self._levels:
            yield from level.missing((newest.size if newest else 0) >> tiles.HEIGHT)
            yield from level.beyond()
        higher = Tile.objects.filter(
            organisation=self.organisation, level__gte=len(self._levels)
        ).first()
        if higher:
            yield Finding("tile_added", {"level": higher.level, "index": higher.tile_index})


class _Level:
    """The hashes of a level as they come, and the kept tiles of it one after the other."""

    def __init__(self, organisation: UUID, level: int) -> None:
        self.level, self._count = level, 0
        self._row: list[bytes] = []
        kept = Tile.objects.filter(organisation=organisation, level=level).order_by("tile_index")
        rows = kept.values_list("tile_index", "hashes", "root").iterator(chunk_size=TILES)
        self._kept = iter(rows)
        self._next = next(self._kept, None)
        self._absent: int | None = None

    def add(self, hash_: bytes) -> bytes | None:
        """The tile that it fills, if it fills one."""
        self._row.append(hash_)
        if len(self._row) < tiles.WIDTH:
            return None
        full, self._row = b"".join(self._row), []
        return full

    def compare(self, full: bytes, root: bytes) -> Iterator[Finding]:
        index, self._count = self._count, self._count + 1
        if self._next is None or self._next[0] != index:
            # Whether it should be there depends on how far the log was signed.
            self._absent = index if self._absent is None else self._absent
            return
        if (bytes(self._next[1]), bytes(self._next[2])) != (full, root):
            yield Finding("tile_changed", {"level": self.level, "index": index})
        self._next = next(self._kept, None)

    def missing(self, signed: int) -> Iterator[Finding]:
        """`signed` is how many full tiles of the lowest level the newest checkpoint covers."""
        kept = signed >> tiles.HEIGHT * self.level
        if self._absent is not None and self._absent < kept:
            yield Finding("tile_missing", {"level": self.level, "index": self._absent})

    def beyond(self) -> Iterator[Finding]:
        if self._next is not None:
            yield Finding("tile_added", {"level": self.level, "index": self._next[0]})


def _origins(organisation: UUID, origins: Iterable[Origin]) -> Iterator[Finding]:
    """Names and keys are those that the ledger announced."""
    announced: Mapping[str, str] = {
        facts["origin"]: facts["vkey"]
        for facts in _facts(organisation)
        if "origin" in facts and "vkey" in facts
    }
    for one in origins:
        if announced.get(one.name) != one.vkey:
            yield Finding("origin_changed", {"name": one.name})


def _facts(organisation: UUID) -> Iterator[Mapping[str, str]]:
    found = Entry.objects.filter(
        organisation=organisation,
        subject=f"organisation:{organisation}",
        kind__in=ANNOUNCING,
    )
    for body in found.values_list("body", flat=True):
        with suppress(ValueError, KeyError):  # then the chain is broken, which was said
            yield json.loads(bytes(body))["facts"]


ANNOUNCING = ("log.origin_opened",)
"""Kinds of entries that say which key signs the log under which name."""


def _checkpoint(row: Checkpoint, root: bytes, key: notes.Key | None) -> Iterator[Finding]:
    """What was signed is what the row says and what the entries give."""
    place = {"size": row.size}
    try:
        note = notes.Note.parse(row.note)
        told = notes.Checkpoint.parse(note.text)
    except BadNote:
        yield Finding("checkpoint_changed", place)
        return
    if (told.origin, told.size, told.root) != (row.origin.name, row.size, bytes(row.root_hash)):
        yield Finding("checkpoint_changed", place)
    elif key is None or note.signature_of(key) is None:
        yield Finding("checkpoint_unsigned", place)
    elif told.root != root:
        yield Finding("checkpoint_root", place)


def _told(note: notes.Note, witness: str) -> int | None:
    """When a witness that isn't asked any more says it saw the checkpoint; not checked further."""
    for name, _key_id, signature in note.signatures:
        if name == witness and len(signature) == 72:
            return int.from_bytes(signature[:8])
    return None


def _key(origin: Origin) -> notes.Key | None:
    try:
        return notes.Key.parse(origin.vkey)
    except BadNote:
        return None
