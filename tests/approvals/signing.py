"""Signing personally in tests: a decision prepared, answered by a device in software, committed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from approvals import actions, queries
from approvals.actions import Decided, Prepared, Signature
from approvals.models import WorkItem
from directory.models import Person
from directory.passkeys import read_assertion
from tests.approvals.factories import World
from tests.authenticator import Authenticator
from tests.factories import NOW, make_passkey

SOON = NOW + timedelta(minutes=5)


def keyed(world: World, *names: str) -> dict[str, Authenticator]:
    """A passkey for each of these people."""
    return {name: make_passkey(world.people[name])[1] for name in names}


@dataclass(frozen=True)
class Act:
    """One decision on its way: everything that is sent, so that a test can bend any of it."""

    item: WorkItem
    person: Person
    decision: str = "approve"
    comment: str = "Seen and agreed."
    target: int | None = None
    digest: bytes = b""
    seen: str = ""
    key: UUID = field(default_factory=uuid4)
    at: datetime = SOON

    @classmethod
    def of(cls, world: World, name: str, **more: Any) -> "Act":
        item = world.item(name)
        digest = queries.seen_digest(item)
        return cls(item, more.pop("by", None) or world.people[name], digest=digest, **more)

    def bent(self, **more: Any) -> "Act":
        return replace(self, **more)

    @property
    def _sent(self) -> dict[str, Any]:
        return {
            "work_item_id": self.item.pk,
            "actor": self.person,
            "decision": self.decision,
            "comment": self.comment,
            "target": self.target,
            "seen_digest": self.digest,
            "seen": self.seen,
        }

    def prepare(self) -> Prepared:
        return actions.prepare_signature(**self._sent, at=self.at)

    def commit(self, prepared: Prepared, answer: Mapping[str, Any], **more: Any) -> Decided:
        return actions.decide(
            **self._sent,
            idempotency_key=self.key,
            evidence="passkey",
            signature=Signature(prepared.id, read_assertion(dict(answer))),
            **{"at": self.at + timedelta(seconds=20)} | more,
        )

    def sign(self, device: Authenticator) -> Decided:
        prepared = self.prepare()
        return self.commit(prepared, device.get(challenge=prepared.challenge))
