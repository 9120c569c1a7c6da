"""Writing the ledger. Other rooms call `append` as the last write of each action."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from audit import canonical
from audit.canonical import Commitment, leaf_hash
from audit.ids import uuid7
from audit.models import Entry, Opening, Root, made

VERSION = 1


@dataclass(frozen=True)
class Prepared:
    """An entry and the openings of its commitments, ready to be inserted."""

    entry: Entry
    openings: list[Opening]


def prepare(
    root: Root,
    *,
    kind: str,
    actor: Root | str,
    at: datetime,
    facts: Mapping[str, Any],
    action: UUID | None = None,
    capacity: Mapping[str, Any] | None = None,
    acting_for: Root | str | None = None,
) -> Prepared:
    """Make the next entry of a locked root and advance the root's head in memory.

    `facts` may hold ids, times, hashes and Commitments (anything `canonical.plain` takes); personal
    data and long texts belong in Commitments. `actor` is a Person, or `operator`/`engine`/`worker`.
    Raises BodyTooLarge.
    """
    entry = made(
        Entry,
        organisation=root.organisation_id,  # type: ignore[attr-defined]
        subject=root.subject,
        subject_seq=root.chain_length + 1,
        action=action or uuid7(),
        kind=kind,
        actor=_name(actor),
        at=at,
        prev_hash=bytes(root.chain_head),
    )
    entry.body = canonical.body(
        {
            "v": VERSION,
            "organisation": entry.organisation,
            "subject": entry.subject,
            "seq": entry.subject_seq,
            "prev": entry.prev_hash,
            "action": entry.action,
            "kind": kind,
            "actor": entry.actor,
            "capacity": capacity,
            "acting_for": _name(acting_for) if acting_for else None,
            "at": at,
            "facts": facts,
        }
    )
    entry.entry_hash = leaf_hash(entry.body)
    root.chain_head, root.chain_length = entry.entry_hash, entry.subject_seq
    return Prepared(entry, openings(entry.organisation, canonical.commitments(facts)))


def append(root: Root, *, changed: Iterable[str] = (), **entry: Any) -> Entry:
    """Save `changed` fields of the locked root together with its new head, then the entry, last.

    Takes `prepare`'s arguments. Runs inside the action's transaction.
    """
    prepared = prepare(root, **entry)
    root.save(update_fields=[*changed, "chain_head", "chain_length"])
    if prepared.openings:
        Opening.objects.bulk_create(prepared.openings)
    prepared.entry.save(force_insert=True)
    return prepared.entry


def openings(organisation: UUID, found: Iterable[Commitment]) -> list[Opening]:
    return [
        Opening(
            organisation=organisation, commitment=one.digest, salt=one.salt, content=one.content
        )
        for one in found
    ]


def _name(actor: Root | str) -> str:
    return actor if isinstance(actor, str) else actor.subject
