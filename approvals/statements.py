"""What a sign-off says, in the bytes that are kept. Pure.

The digest covers exactly what was reviewed. For a given work item only the subject's own part of it
can change while a page is open: document, round, route version and opening are fixed with it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from audit import canonical

VERSION = 1


@dataclass(frozen=True)
class Reviewed:
    """What is in front of the person who decides."""

    subject: str
    subject_digest: bytes
    document: UUID
    document_digest: bytes
    round: int
    route_version: UUID
    opening: UUID
    work_item: UUID

    @property
    def facts(self) -> dict[str, Any]:
        return {
            "subject": self.subject,
            "subject_digest": self.subject_digest,
            "document": self.document,
            "document_digest": self.document_digest,
            "round": self.round,
            "route_version": self.route_version,
            "opening": self.opening,
            "work_item": self.work_item,
        }

    @cached_property
    def digest(self) -> bytes:
        return hashlib.sha256(canonical.encode(self.facts)).digest()


@dataclass(frozen=True)
class Head:
    """A place in the root's chain: where it stood when the page was shown."""

    seq: int
    hash: bytes

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash.hex()}"

    @classmethod
    def parse(cls, text: str) -> "Head | None":
        """What `str` wrote; None if it is nothing of the kind."""
        seq, _, digest = text.partition(":")
        try:
            return cls(int(seq), bytes.fromhex(digest)) if len(digest) == 64 else None
        except ValueError:
            return None


def challenge(statement: bytes) -> bytes:
    """Its SHA-256. Where a passkey signs, the authenticator is asked to sign exactly this."""
    return hashlib.sha256(statement).digest()


def statement(
    *,
    reviewed: Reviewed,
    organisation: UUID,
    person: Mapping[str, Any],
    capacity: Mapping[str, Any] | None,
    acting_for: Mapping[str, Any] | None,
    decision: str,
    target: int | None,
    meaning: str,
    language: str,
    comment: canonical.Commitment | None,
    seen: Head,
    evidence: str,
    issued_at: datetime,
) -> bytes:
    """The canonical JSON of one sign-off. People and the comment stand in it as commitments."""
    return canonical.encode(
        {
            "v": VERSION,
            "kind": "sign_off",
            "organisation": organisation,
            "person": person,
            "capacity": capacity,
            "acting_for": acting_for,
            "decision": decision,
            "target": target,
            "meaning": {"text": meaning, "language": language},
            "comment": comment,
            "reviewed": reviewed.facts,
            "digest": reviewed.digest,
            "seen": {"seq": seen.seq, "hash": seen.hash},
            "evidence": evidence,
            "issued_at": issued_at,
        }
    )
