"""The file of a bundle: a zip with entries, proofs, checkpoint, keys, statements, texts and files,
the program that checks it, and a page to read.

Entries are read once, in batches, and go into the file as they come; whatever else follows from
them waits on the disk meanwhile. So a bundle may be larger than the memory, and somebody who waits
for it in a browser sees it grow.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import islice
from pathlib import Path
from stat import S_IFREG
from tempfile import SpooledTemporaryFile
from typing import IO, Any, cast
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from django.utils import timezone
from django.utils.translation import get_language, override

from audit import bundle_page, merkle, notes, reading, tree
from audit.bundles import Bundle
from audit.models import Entry, Opening
from audit.verification import committed

BATCH = 1000
VERIFIER = Path(__file__).with_name("verify.py")
CHUNK = 1 << 16
IN_MEMORY = 1 << 20
"""Bytes of each kind of line that wait in memory; more wait on the disk."""
SIDES = ("proofs", "statements", "keys", "keys-proofs", "openings")
Progress = Callable[[int], None]


def write(
    bundle: Bundle, file: IO[bytes], *, at: datetime, progress: Progress | None = None
) -> None:
    """Write the zip file; `progress` hears after each batch how many entries are in it."""
    for piece in pieces(bundle, at=at, progress=progress):
        file.write(piece)


def pieces(bundle: Bundle, *, at: datetime, progress: Progress | None = None) -> Iterator[bytes]:
    """The zip file, piece by piece; the page in it speaks the language of whoever asks now."""
    return _pieces(bundle, at, get_language(), progress)


def _pieces(
    bundle: Bundle, at: datetime, language: str | None, progress: Progress | None
) -> Iterator[bytes]:
    out = _Outlet()
    with ExitStack() as stack:
        archive = stack.enter_context(ZipFile(cast(IO[bytes], out), "w", ZIP_DEFLATED))
        sides = {name: stack.enter_context(_spool()) for name in SIDES}
        manifest = json.dumps(_manifest(bundle, at), ensure_ascii=False)
        archive.writestr(_member("checkpoint.txt", at), bundle.note)
        archive.writestr(_member("policy.txt", at), bundle.policy)
        archive.writestr(_member("manifest.json", at), manifest)
        archive.writestr(_member("verify.py", at), VERIFIER.read_bytes())
        gathering = _Gathering(bundle, sides)
        with archive.open(_member("entries.ndjson", at), "w", force_zip64=True) as lines:
            for number, batch in gathering.batches():
                lines.write(batch)
                yield out.taken()
                if progress:
                    progress(number)
        gathering.add_keys()
        for name, side in sides.items():
            if side.tell():
                yield from _copied(archive, _member(f"{name}.ndjson", at), side, out)
        kept = gathering.files.kept if bundle.with_files else {}
        yield from _files(archive, bundle, kept, at, out)
        with override(language):
            page = bundle_page.render(bundle, gathering.first, kept, at=at)
        archive.writestr(_member("index.html", at), page)
        yield out.taken()
    yield out.taken()


def _spool() -> SpooledTemporaryFile[bytes]:
    return SpooledTemporaryFile(max_size=IN_MEMORY)


class _Outlet:
    """Where the zip is written to, and taken from at once."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing waits here."""

    def taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def _member(name: str, at: datetime) -> ZipInfo:
    """One that any program may read, with the time of the export in local time, as zip has it."""
    made = ZipInfo(name, timezone.localtime(at).timetuple()[:6])
    made.compress_type, made.external_attr = ZIP_DEFLATED, (S_IFREG | 0o644) << 16
    return made


def _copied(archive: ZipFile, name: ZipInfo, source: IO[bytes], out: _Outlet) -> Iterator[bytes]:
    source.seek(0)
    with archive.open(name, "w", force_zip64=True) as target:
        while chunk := source.read(CHUNK):
            target.write(chunk)
            yield out.taken()


def _manifest(bundle: Bundle, at: datetime) -> Mapping[str, Any]:
    return {
        "v": 2,
        "scope": bundle.scope.name,
        "whole": bundle.scope.is_all,
        "unbroken": bundle.unbroken,
        "entries": bundle.entries,
        "files": bundle.with_files,
        "exported_at": at.isoformat(),
    }


@dataclass
class _Files:
    """Which files the entries name, by SHA-256, and under which name each is handed out."""

    kept: dict[str, str] = field(default_factory=dict)
    _erased: set[str] = field(default_factory=set)

    def note(self, facts: Any, texts: Mapping[bytes, bytes]) -> None:
        """A file whose name was erased is not handed out, unless it still has another name."""
        for digest, name in reading.files_in(facts):
            if name is None:
                if digest not in self._erased:
                    self.kept.setdefault(digest, "")
            elif name in texts:
                self.kept[digest] = texts[name].decode(errors="replace")
            elif not self.kept.get(digest):
                self.kept.pop(digest, None)
                self._erased.add(digest)


class _Gathering:
    """One pass over the entries; the lines that follow from them gather beside."""

    def __init__(self, bundle: Bundle, sides: Mapping[str, IO[bytes]]) -> None:
        self.bundle, self.sides = bundle, sides
        self.files = _Files()
        self.first: list[Entry] = []
        """Those that the page lists."""
        self._signers: set[str] = set()
        self._read = lru_cache(maxsize=4096)(tree.reader(bundle.organisation))

    def batches(self) -> Iterator[tuple[int, bytes]]:
        rows, number = self.bundle.rows().iterator(chunk_size=BATCH), 0
        while batch := list(islice(rows, BATCH)):
            number += len(batch)
            self.first += batch[: bundle_page.READABLE - len(self.first)]
            facts = [json.loads(bytes(entry.body))["facts"] for entry in batch]
            texts = self._openings(facts)
            for one in facts:
                self.files.note(one, texts)
            self._statements(batch, facts)
            if not self.bundle.scope.is_all:
                self.sides["proofs"].writelines(map(self._proof, batch))
            yield number, b"".join(bytes(entry.body) + b"\n" for entry in batch)

    def _proof(self, entry: Entry) -> bytes:
        """The entry's place in the tree."""
        index = entry.leaf.leaf_index
        path = merkle.inclusion(index, self.bundle.size, self._read)
        return _line({"index": index, "path": [notes.encoded(one) for one in path]})

    def _openings(self, facts: Iterable[Any]) -> dict[bytes, bytes]:
        """The texts behind the commitments, but for those that were erased."""
        wanted = {digest for one in facts for digest in committed(one)}
        texts = {}
        for opening in Opening.objects.filter(
            organisation=self.bundle.organisation, commitment__in=wanted
        ):
            digest, content = bytes(opening.commitment), bytes(opening.content)
            texts[digest] = content
            line = {
                "commitment": digest.hex(),
                "salt": notes.encoded(bytes(opening.salt)),
                "content": notes.encoded(content),
            }
            self.sides["openings"].write(_line(line))
        return texts

    def _statements(self, batch: Iterable[Entry], facts: Iterable[Any]) -> None:
        """What was signed with passkeys. Of other sign-offs the server's word is all there is."""
        signed = {}
        for entry, told in zip(batch, facts, strict=True):
            if entry.kind == "approval.signed_off" and "passkey" in told["sign_off"]:
                signed[told["sign_off"]["id"]] = told
                self._signers.add(entry.actor)
        if signed:
            found = reading.reader().statements(self.bundle.organisation, signed)
            for key in signed:
                if key in found:
                    self.sides["statements"].write(found[key] + b"\n")

    def add_keys(self) -> None:
        """Everything that the log says of the signers' passkeys, where it isn't there anyway."""
        if self.bundle.scope.is_all:
            return
        told = Entry.objects.filter(
            organisation=self.bundle.organisation,
            subject__in=self._signers,
            kind__startswith="passkey.",
            leaf__leaf_index__lt=self.bundle.size,
        )
        for entry in told.order_by("leaf__leaf_index").select_related("leaf").iterator(BATCH):
            self.sides["keys"].write(bytes(entry.body) + b"\n")
            self.sides["keys-proofs"].write(self._proof(entry))


def _files(
    archive: ZipFile, bundle: Bundle, kept: dict[str, str], at: datetime, out: _Outlet
) -> Iterator[bytes]:
    """The files, under their hashes; one that the store no longer has is dropped from `kept`."""
    for digest, name in list(kept.items()):
        content = reading.reader().file(bundle.organisation, bytes.fromhex(digest))
        if content is None:
            del kept[digest]
            continue
        with content:
            member = _member(bundle_page.member(digest, name), at)
            yield from _copied(archive, member, content, out)


def _line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value).encode() + b"\n"
