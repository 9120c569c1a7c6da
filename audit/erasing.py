"""Erasing texts: somebody asks, the worker's database role does it, every proof goes on holding.

An entry keeps the commitment; what opens it is deleted. Both the request and the deed are entries
on the chain of the person whose text it was.

Rooms above keep copies of texts: files on the disk, indexes, names in a directory. They register
what forgets them; it runs in the transaction that deletes the opening, so that a crash leaves the
opening, and the next round does all of it again.
"""

import json
import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from audit import reading, roots
from audit.actions import append, prepare
from audit.canonical import commit
from audit.models import Entry, Erasure, Opening, Root

log = logging.getLogger("duban.ledger")

ASKED, ERASED = "personal_data.erasure_requested", "personal_data.erased"
BATCH = 100

Forget = Callable[[UUID, frozenset[bytes]], None]
"""Forget the copies of an organisation's texts with these commitments; may be asked again."""

_forgetting: list[Forget] = []


def register(forget: Forget) -> None:
    _forgetting.append(forget)


def request(
    root: Root,
    organisation: UUID,
    digests: Collection[bytes],
    *,
    reason: str,
    actor: Root | str,
    at: datetime,
    **entry: Any,
) -> None:
    """Enqueue the erasing of texts that a locked root's chain is to tell of.

    Runs inside the action's transaction; who may ask is the action's business.
    """
    why = commit(reason)
    rows = [
        Erasure(
            organisation=organisation,
            subject=root.subject,
            commitment=digest,
            reason=why.digest,
            requested_at=at,
        )
        for digest in sorted(digests)
    ]
    Erasure.objects.bulk_create(rows)
    # Named as plain text: a commitment in these facts would want an opening of its own.
    facts = {"erase": [row.commitment for row in rows], "reason": why}
    append(root, kind=ASKED, actor=actor, at=at, facts=facts, **entry)


def erase_all(*, at: datetime) -> int:
    """The worker's step: erase what was asked for and is still there."""
    kept = Opening.objects.filter(
        organisation=OuterRef("organisation"), commitment=OuterRef("commitment")
    )
    waiting = Erasure.objects.filter(Exists(kept)).values_list("organisation", "subject")
    found = sorted(set(waiting[:BATCH]))
    return sum(erase(organisation, subject, at=at) for organisation, subject in found)


@transaction.atomic(durable=True)
def erase(organisation: UUID, subject: str, *, at: datetime) -> int:
    """Erase everything that was asked for on one subject's chain; returns how many texts."""
    root = roots.of_subject(subject)
    asked = Erasure.objects.filter(organisation=organisation, subject=subject)
    wanted = [bytes(one) for one in asked.values_list("commitment", flat=True)]
    kept = Opening.objects.filter(organisation=organisation, commitment__in=wanted)
    digests = frozenset(bytes(one) for one in kept.values_list("commitment", flat=True))
    if not digests:
        return 0  # another worker was quicker
    for forget in _forgetting:
        forget(organisation, digests)
    # Whatever they changed of the root's own row is not overwritten by this one's.
    made = prepare(root, kind=ERASED, actor="worker", at=at, facts={"erased": sorted(digests)})
    root.save(update_fields=["chain_head", "chain_length"])
    made.entry.save(force_insert=True)
    kept.delete()
    log.info("%d texts of %s were erased", len(digests), subject)
    return len(digests)


def erased(organisation: UUID) -> set[bytes]:
    """The commitments of which entries say that their texts were erased."""
    bodies = Entry.objects.filter(organisation=organisation, kind=ERASED).values_list(
        "body", flat=True
    )
    return {
        bytes.fromhex(one) for body in bodies for one in json.loads(bytes(body))["facts"]["erased"]
    }


# What there is to erase.


@dataclass(frozen=True)
class Text:
    """A text behind a commitment, and where the ledger has it."""

    digest: bytes
    text: str
    entry: Entry
    name: str
    """Its place among the entry's facts."""

    @property
    def kind(self) -> str:
        return str(reading.reader().kinds.get(self.entry.kind, self.entry.kind))

    @property
    def key(self) -> str:
        return self.digest.hex()


def texts_of(subject: str, organisation: UUID, *, limit: int) -> list[Text]:
    """The texts that a person wrote about their work, and those about them, newest first.

    What an administrator wrote about other people, units and routes is not theirs.
    """
    work = Q(subject__startswith="task:") | Q(subject__startswith="plan:")
    theirs = Q(subject=subject) | Q(work, actor=subject)
    entries = Entry.objects.filter(theirs, organisation=organisation).order_by("-at", "-id")
    places = list(_places(entries[: limit * 5]))
    digests = {digest for digest, _entry, _name in places}
    kept = Opening.objects.filter(organisation=organisation, commitment__in=digests)
    words = {
        bytes(digest): content for digest, content in kept.values_list("commitment", "content")
    }
    found = [
        Text(digest, bytes(words[digest]).decode(errors="replace"), entry, name)
        for digest, entry, name in places
        if digest in words
    ]
    return found[:limit]


def _places(entries: Iterable[Entry]) -> Iterator[tuple[bytes, Entry, str]]:
    for entry in entries:
        waiting = [("", json.loads(bytes(entry.body))["facts"])]
        while waiting:
            name, value = waiting.pop(0)
            match value:
                case {"commitment": str(digest)} if len(value) == 1:
                    yield bytes.fromhex(digest), entry, name
                case dict():
                    waiting += [(f"{name}.{key}".strip("."), one) for key, one in value.items()]
                case list():
                    waiting += [(f"{name}.{place}", one) for place, one in enumerate(value, 1)]
