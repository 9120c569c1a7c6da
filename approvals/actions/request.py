"""What somebody asked to have decided."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from django.utils.crypto import salted_hmac

from approvals.statements import Head
from audit.canonical import encode
from directory.models import Person
from directory.passkeys import Assertion


@dataclass(frozen=True)
class Signature:
    """What a passkey answered to a statement that was prepared for it."""

    prepared: UUID
    answer: Assertion


@dataclass(frozen=True)
class Request:
    work_item_id: UUID
    actor: Person
    decision: str
    comment: str
    target: int | None
    seen_digest: bytes
    key: UUID
    evidence: str
    seen: Head | None
    at: datetime
    signature: Signature | None = None

    @cached_property
    def digest(self) -> bytes:
        """Tells a repeated request from another one, without letting anybody guess the comment."""
        said = [self.work_item_id, self.decision, self.comment, self.target, self.seen_digest]
        return salted_hmac("approvals.decide", encode(said), algorithm="sha256").digest()
