"""The sign-off itself: what was said, by whom, in which capacity, on exactly what."""

import hashlib
from collections.abc import Mapping
from typing import Any

from django.utils.translation import get_language

from approvals import sentences
from approvals.actions.request import Request
from approvals.decision_sql import Reading
from approvals.models import SignOff
from approvals.policy import Claim
from approvals.statements import Head, Reviewed, statement
from audit.canonical import Commitment
from audit.ids import uuid7
from audit.models import Root
from directory.models import Person


def sign_off(
    request: Request,
    reading: Reading,
    claim: Claim,
    reviewed: Reviewed,
    comment: Commitment | None,
    root: Root,
    title: str,
) -> SignOff:
    """The row, unsaved, with its statement in canonical bytes."""
    principal = Person.objects.get(pk=claim.acting_for) if claim.acting_for else None
    said = sentences.meaning(
        request.decision,
        subject=title,
        stage=reading.stage,
        round=reading.round_number,
        capacity=capacity_text(reading),
        acting_for=principal.name if principal else "",
    )
    signed = statement(
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
        issued_at=request.at,
    )
    return SignOff(
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
        seen_digest=reviewed.digest,
        statement=signed,
        comment=comment.digest if comment else None,
        idempotency_key=request.key,
        request_digest=request.digest,
        at=request.at,
    )


def facts(row: SignOff, comment: Commitment | None) -> dict[str, Any]:
    """What the ledger keeps of it; the statement's hash stands for the whole."""
    return {
        "id": row.pk,
        "work_item": row.work_item_id,
        "decision": row.decision,
        "target": row.target,
        "statement": hashlib.sha256(row.statement).digest(),
        "comment": comment,
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
