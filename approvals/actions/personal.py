"""A decision that its signer's own passkey signs: what is asked under the lock, what is kept."""

import json
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.utils import translation

from approvals import models, refusals, subjects
from approvals.actions import signing
from approvals.actions.request import Request
from approvals.actions.signing import Signed
from approvals.actions.standing import Standing
from approvals.models import PreparedSignature, SignOff
from approvals.policy import Claim
from approvals.statements import Head, Reviewed, challenge
from audit.canonical import Commitment, commit
from directory.models import Passkey, Person
from directory.passkeys import Assertion, check_assertion
from directory.queries import passkeys_in_force

MINUTES = 5
"""How long a prepared statement waits for its signature."""


def checked(request: Request, standing: Standing, claimed: Claim, reviewed: Reviewed) -> Signed:
    """The statement that was prepared, if it still holds and this person's passkey signed it.

    Raises NotPrepared, PreparedTooLongAgo, NotAsPrepared, NotYourPasskey, and what
    `check_assertion` raises.
    """
    if request.signature is None:
        raise refusals.NotPrepared
    prepared = _prepared(request, request.signature.prepared)
    comment = commit(request.comment, bytes(prepared.salt)) if prepared.salt else None
    statement = bytes(prepared.statement)
    # Written once more from what is true and what is sent now: decision, comment, target, person,
    # capacity, delegation and all that was reviewed have to come out the same to the byte.
    if bool(comment) != bool(request.comment) or statement != _anew(
        request, standing, claimed, reviewed, comment, statement
    ):
        raise refusals.NotAsPrepared
    answer = request.signature.answer
    passkey = _passkey(request.actor, answer, request.at)
    check_assertion(answer, challenge=challenge(statement), key=passkey)
    return Signed(statement, comment, passkey, answer)


def _prepared(request: Request, id: UUID) -> PreparedSignature:
    found = PreparedSignature.objects.filter(
        pk=id, person=request.actor, work_item=request.work_item_id
    ).first()
    if found is None:
        raise refusals.NotPrepared
    if request.at >= found.expires_at:
        raise refusals.PreparedTooLongAgo(minutes=MINUTES)
    return found


def _anew(
    request: Request,
    standing: Standing,
    claimed: Claim,
    reviewed: Reviewed,
    comment: Commitment | None,
    statement: bytes,
) -> bytes:
    said = json.loads(statement)
    subject, root = standing.subject, standing.root
    seen = Head(said["seen"]["seq"], bytes.fromhex(said["seen"]["hash"]))
    with translation.override(said["meaning"]["language"] or None):
        return signing.stated(
            replace(request, seen=request.seen or seen),
            standing.reading,
            claimed,
            reviewed,
            comment,
            root,
            subjects.title(subject, root),
            datetime.fromisoformat(said["issued_at"]),
        )


def _passkey(person: Person, answer: Assertion, at: datetime) -> Passkey:
    """The person's passkey that answered, in force and locked.

    Whoever revokes it now either has done so already or waits until this decision is recorded.
    """
    # Revoked is revoked, even where the clock was read for this decision a moment before.
    found = passkeys_in_force(person, at).filter(
        credential_id=answer.credential_id, revoked_at=None
    )
    passkey: Passkey | None = found.select_for_update(no_key=True).first()
    if passkey is None:
        raise refusals.NotYourPasskey
    return passkey


def keep(signed: Signed, row: SignOff) -> None:
    """The answer beside the sign-off; the prepared statement is used up.

    The sign-off itself is written after it, in the same transaction.
    """
    answer = signed.answer
    models.Assertion.objects.create(
        organisation_id=row.organisation_id,
        sign_off=row,
        passkey=signed.passkey,
        authenticator_data=answer.authenticator_data,
        client_data=answer.client_data,
        signature=answer.signature,
    )
    PreparedSignature.objects.filter(person=row.person_id, work_item=row.work_item_id).delete()
    Passkey.objects.filter(pk=signed.passkey.pk).update(
        last_used_at=row.at, sign_count=answer.sign_count, backed_up=answer.backed_up
    )
