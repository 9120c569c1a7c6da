"""Preparing a decision for its signer's passkey. Nothing of it is decided yet."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import transaction

from approvals import refusals, rules, subjects
from approvals.actions import signing
from approvals.actions.decision import acceptable, review
from approvals.actions.personal import MINUTES
from approvals.actions.request import Request
from approvals.actions.standing import claim, stand
from approvals.models import PreparedSignature, SignOff
from approvals.policy import PERSONAL
from approvals.statements import Head, challenge
from audit.canonical import commit
from directory.models import Passkey, Person
from directory.queries import passkeys_in_force

KEPT = timedelta(days=1)
"""How long a comment that was never signed waits for whoever comes back to the page."""


@dataclass(frozen=True)
class Prepared:
    """A statement that waits for one of these passkeys until `expires_at`.

    `challenge` is its SHA-256, which is what the authenticator signs.
    """

    id: UUID
    statement: bytes
    passkeys: list[Passkey]
    expires_at: datetime

    @property
    def challenge(self) -> bytes:
        return challenge(self.statement)


@transaction.atomic(durable=True)
def prepare_signature(
    *,
    work_item_id: UUID,
    actor: Person,
    decision: str,
    comment: str = "",
    target: int | None = None,
    seen_digest: bytes,
    seen: str = "",
    at: datetime,
) -> Prepared:
    """Fix the statement of a decision, to the byte, for one signature within five minutes.

    Takes what `decide` takes and refuses what it would refuse, NoPasskey besides. What was prepared
    before for this person and item can't be signed any more.
    """
    request = Request(
        work_item_id=work_item_id,
        actor=actor,
        decision=decision,
        comment=comment.strip(),
        target=(target or rules.SUBMITTER) if decision == SignOff.Decision.RETURN else None,
        seen_digest=seen_digest,
        key=uuid4(),
        evidence=PERSONAL,
        seen=Head.parse(seen),
        at=at,
    )
    standing = stand(work_item_id=work_item_id, actor=actor, seen=request.seen, at=at)
    claimed = claim(standing.reading, actor, at)
    reviewed = review(standing.reading, standing.root, standing.subject)
    acceptable(request, standing, reviewed)
    if not (passkeys := list(passkeys_in_force(actor, at))):
        raise refusals.NoPasskey
    said = commit(request.comment) if request.comment else None
    title = subjects.title(standing.subject, standing.root)
    statement = signing.stated(
        request, standing.reading, claimed, reviewed, said, standing.root, title, at
    )
    return Prepared(
        _wait(request, statement, said.salt if said else None).pk,
        statement,
        passkeys,
        at + timedelta(minutes=MINUTES),
    )


def forget(*, at: datetime) -> int:
    """The worker's daily step: what nobody signed goes a day after it expired, the comment too."""
    old = PreparedSignature.objects.filter(expires_at__lt=at - KEPT)
    gone, _each = old.delete()
    return gone


def _wait(request: Request, statement: bytes, salt: bytes | None) -> PreparedSignature:
    """One for each person and item; the root's lock keeps two from being made at once."""
    PreparedSignature.objects.filter(person=request.actor, work_item=request.work_item_id).delete()
    made: PreparedSignature = PreparedSignature.objects.create(
        organisation_id=request.actor.organisation_id,
        person=request.actor,
        work_item_id=request.work_item_id,
        statement=statement,
        salt=salt,
        comment=request.comment,
        expires_at=request.at + timedelta(minutes=MINUTES),
    )
    return made
