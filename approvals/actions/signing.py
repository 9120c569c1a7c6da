"""The sign-off itself: what was said, by whom, in which capacity, on exactly what."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import get_language

from approvals import sentences
from approvals.actions.request import Request
from approvals.decision_sql import Reading
from approvals.models import SignOff
from approvals.policy import Claim
from approvals.statements import Head, Reviewed, challenge, statement
from audit.canonical import Commitment
from audit.ids import uuid7
from audit.models import Root, made
from directory.models import Passkey, Person
from directory.passkeys import Assertion


@dataclass(frozen=True)
class Signed:
    """A statement that its signer's passkey has signed, and the answer that proves it."""

    statement: bytes
    comment: Commitment | None
    passkey: Passkey
    answer: Assertion


def stated(
    request: Request,
    reading: Reading,
    claim: Claim,
    reviewed: Reviewed,
    comment: Commitment | None,
    root: Root,
    title: str,
    issued_at: datetime,
) -> bytes:
    """What the decision says, in canonical bytes, in the language that is spoken now."""
    principal = Person.objects.get(pk=claim.acting_for) if claim.acting_for else None
    said = sentences.meaning(
        request.decision,
        subject=title,
        stage=reading.stage.name,
        round=reading.round_number,
        capacity=sentences.signs_as(reading.unit_name, reading.title),
        lent=principal is not None,
    )
    return statement(
        reviewed=reviewed,
        organisation=request.actor.organisation_id,
        person=_person(request.actor),
        capacity=capacity(reading),
        acting_for=_person(principal) if principal else None,
        decision=request.decision,
        target=request.target,
        meaning=said,
        language=get_language() or "",
        comment=comment,
        seen=request.seen or Head(root.chain_length, bytes(root.chain_head)),
        evidence=request.evidence,
        issued_at=issued_at,
    )


def sign_off(
    request: Request, reading: Reading, claim: Claim, statement: bytes, comment: Commitment | None
) -> SignOff:
    """The row, unsaved."""
    return made(
        SignOff,
        id=uuid7(),
        organisation_id=request.actor.organisation_id,
        approval_id=reading.approval,
        work_item_id=reading.item,
        person_id=request.actor.pk,
        acting_for_id=claim.acting_for,
        capacity=capacity_text(reading),
        decision=request.decision,
        target=request.target,
        evidence=request.evidence,
        seen_digest=request.seen_digest,
        statement=statement,
        comment=comment.digest if comment else None,
        idempotency_key=request.key,
        request_digest=request.digest,
        at=request.at,
    )


def facts(row: SignOff, comment: Commitment | None, signed: Signed | None = None) -> dict[str, Any]:
    """What the ledger keeps of it; the statement's hash stands for the whole."""
    personal = {"passkey": _answered(signed.answer)} if signed else {}
    return personal | {
        "id": row.pk,
        "work_item": row.work_item_id,
        "decision": row.decision,
        "target": row.target,
        "statement": challenge(bytes(row.statement)),
        "comment": comment,
        "evidence": row.evidence,
    }


def _answered(answer: Assertion) -> dict[str, Any]:
    return {
        "credential": answer.credential_id,
        "authenticator_data": answer.authenticator_data,
        "client_data": answer.client_data,
        "signature": answer.signature,
    }


def capacity(reading: Reading) -> Mapping[str, Any] | None:
    """Post and unit as they are called now; None for somebody who was asked by name."""
    if reading.post is None:
        return None
    return {
        "post": reading.post,
        "title": reading.title,
        "unit": reading.unit,
        "unit_name": reading.unit_name,
    }


def capacity_text(reading: Reading) -> str:
    return sentences.capacity(reading.unit_name, reading.title)


def _person(person: Person) -> dict[str, Any]:
    return {"id": person.pk, "name": person.name_commitment}
