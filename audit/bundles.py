"""A bundle: entries with everything that somebody needs to check them who trusts nobody.

A zip file with entries, proofs, checkpoint, keys and texts, the program that checks it and a page
to read. Entries are written as they are read, so that a bundle may be larger than the memory.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile

from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from audit import merkle, notes, proofs, queries, roots, tree, witnesses
from audit.actions import append
from audit.errors import Refused
from audit.models import Checkpoint, Entry, Opening, Root
from audit.verification import committed

BATCH = 1000
VERIFIER = Path(__file__).with_name("verify.py")
READABLE = 2000
"""Entries that the page in the bundle lists; more are read from the file itself."""


class NothingSigned(Refused):
    """There is no checkpoint yet."""

    status = 409
    sentence = _("Nothing of this log has been signed yet. Try again in a few seconds.")


class NothingToExport(Refused):
    """The scope has no entry."""

    status = 404
    sentence = _("There is no signed entry in what you chose.")


@dataclass(frozen=True)
class Scope:
    """Which entries: those of all subjects or some, of a time or of all times.

    `name` says it for people. `subjects` None means all of them.
    """

    name: str
    subjects: frozenset[str] | None = None
    actor: str = ""
    first: datetime | None = None
    before: datetime | None = None

    @property
    def is_all(self) -> bool:
        return self == Scope(self.name)

    @property
    def condition(self) -> Q:
        found = Q()
        if self.subjects is not None:
            found &= Q(subject__in=self.subjects)
        if self.actor:
            found &= Q(actor=self.actor)
        if self.first:
            found &= Q(at__gte=self.first)
        if self.before:
            found &= Q(at__lt=self.before)
        return found

    @property
    def facts(self) -> dict[str, Any]:
        """What the ledger keeps of an export."""
        return {
            "subjects": None if self.subjects is None else sorted(self.subjects),
            "actor": self.actor or None,
            "first": self.first,
            "before": self.before,
        }


@dataclass(frozen=True)
class Bundle:
    """A scope of an organisation's log up to its newest checkpoint."""

    organisation: UUID
    scope: Scope
    note: str
    policy: str
    size: int
    entries: int


@transaction.atomic(durable=True)
def export(*, organisation: UUID, scope: Scope, actor: Root | str, at: datetime) -> Bundle:
    """Record that somebody takes the scope away; `write` then makes the file.

    The entry belongs to the person, or to the organisation where the operator exports. Raises
    NothingSigned, NothingToExport.
    """
    root = roots.tenant(organisation) if isinstance(actor, str) else roots.relocked(actor)
    bundle = prepare(organisation, scope)
    facts = {"scope": scope.facts, "entries": bundle.entries, "size": bundle.size}
    append(root, kind="ledger.exported", actor=actor, at=at, facts=facts)
    return bundle


def prepare(organisation: UUID, scope: Scope) -> Bundle:
    """Count what would be in it. Raises NothingSigned, NothingToExport."""
    checkpoint = proofs.newest(organisation)
    if checkpoint is None:
        raise NothingSigned
    count = _entries(organisation, scope, checkpoint.size).count()
    if not count:
        raise NothingToExport
    return Bundle(
        organisation,
        scope,
        checkpoint.cosigned,
        _policy(checkpoint),
        checkpoint.size,
        count,
    )


def _policy(checkpoint: Checkpoint) -> str:
    """The log's key and those of its witnesses, all of whom are asked for who have cosigned."""
    known = {one.key.name: one.key for one in witnesses.configured()}
    names = sorted(
        name for name in checkpoint.cosignatures.values_list("witness", flat=True) if name in known
    )
    lines = [f"log {checkpoint.origin.vkey}"]
    lines += [f"witness w{number} {known[name]}" for number, name in enumerate(names, 1)]
    if names:
        lines.append(f"group all-of-them all {' '.join(f'w{n + 1}' for n in range(len(names)))}")
    return "\n".join([*lines, f"quorum {'all-of-them' if names else 'none'}", ""])


def write(
    bundle: Bundle, file: IO[bytes], *, at: datetime, progress: Callable[[int], None] | None = None
) -> None:
    """Write the zip file; `progress` hears now and then how many entries are in it."""
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        archive.writestr("checkpoint.txt", bundle.note)
        archive.writestr("policy.txt", bundle.policy)
        archive.writestr("manifest.json", json.dumps(_manifest(bundle, at), ensure_ascii=False))
        archive.write(VERIFIER, "verify.py")
        with archive.open("entries.ndjson", "w", force_zip64=True) as out:
            for number, entry in enumerate(_rows(bundle), 1):
                out.write(bytes(entry.body) + b"\n")
                if progress and number % BATCH == 0:
                    progress(number)
        if not bundle.scope.is_all:
            with archive.open("proofs.ndjson", "w") as out:
                for line in _proofs(bundle):
                    out.write(line)
        with archive.open("openings.ndjson", "w", force_zip64=True) as out:
            for line in _openings(bundle):
                out.write(line)
        archive.writestr("index.html", _page(bundle, at))


def _manifest(bundle: Bundle, at: datetime) -> Mapping[str, Any]:
    return {
        "v": 1,
        "scope": bundle.scope.name,
        "whole": bundle.scope.is_all,
        "entries": bundle.entries,
        "exported_at": at.isoformat(),
    }


def _entries(organisation: UUID, scope: Scope, size: int) -> Any:
    """In the log's order, as far as it is signed."""
    covered = Entry.objects.filter(organisation=organisation, leaf__leaf_index__lt=size)
    return covered.filter(scope.condition).order_by("leaf__leaf_index").select_related("leaf")


def _rows(bundle: Bundle) -> Iterator[Entry]:
    found = _entries(bundle.organisation, bundle.scope, bundle.size)
    yield from found.iterator(chunk_size=BATCH)


def _proofs(bundle: Bundle) -> Iterator[bytes]:
    """Each entry's place in the tree, in the order of the entries."""
    read = tree.reader(bundle.organisation)
    for entry in _rows(bundle):
        index = entry.leaf.leaf_index
        path = merkle.inclusion(index, bundle.size, read)
        yield _line({"index": index, "path": [notes.encoded(one) for one in path]})


def _openings(bundle: Bundle) -> Iterator[bytes]:
    """The texts behind the entries' commitments, but for those that were erased."""
    rows, written = _rows(bundle), set[bytes]()
    while batch := list(islice(rows, BATCH)):
        wanted = {
            digest
            for entry in batch
            for digest in committed(json.loads(bytes(entry.body))["facts"])
        }
        found = Opening.objects.filter(
            organisation=bundle.organisation, commitment__in=wanted - written
        )
        for one in found:
            written.add(bytes(one.commitment))
            yield _line(
                {
                    "commitment": bytes(one.commitment).hex(),
                    "salt": notes.encoded(bytes(one.salt)),
                    "content": notes.encoded(bytes(one.content)),
                }
            )


def _line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value).encode() + b"\n"


def _page(bundle: Bundle, at: datetime) -> str:
    """What is in it, for people."""
    entries = list(islice(_rows(bundle), READABLE))
    context = {
        "bundle": bundle,
        "at": at,
        "rows": queries.rows(bundle.organisation, entries),
        "left_out": bundle.entries - len(entries),
    }
    return render_to_string("audit/bundle.html", context)
