"""Deciding on a work item."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from approvals import decision_sql, policy, queries, refusals, rules, stages, subjects
from approvals.actions import signing
from approvals.actions.request import Request
from approvals.decision_sql import Reading, Write
from approvals.models import Approval, SignOff, WorkItem
from approvals.policy import Claim
from approvals.rules import Ballot, Tally
from approvals.stages import Course
from approvals.statements import Head, Reviewed
from approvals.subjects import Applied, Context, Outcome, Subject
from audit.actions import prepare
from audit.canonical import commit
from audit.ids import uuid7
from audit.models import Root
from directory.actions.authority import translated
from directory.models import Person

EVIDENCE = ("session", "password", "passkey")
"""How a person proved to be themselves, from weak to strong."""
COMMENT_LIMIT = 2000


@dataclass(frozen=True)
class Decided:
    """The sign-off that exists now; `repeated` if an earlier request of the same key made it.

    `result` is what became of the stage: pending, passed or returned.
    """

    sign_off_id: UUID
    work_item_id: UUID
    approval_id: UUID
    subject_kind: str
    subject_id: UUID
    result: str
    repeated: bool = False


def decide(
    *,
    work_item_id: UUID,
    actor: Person,
    decision: str,
    comment: str = "",
    target: int | None = None,
    seen_digest: bytes,
    idempotency_key: UUID,
    evidence: str = "session",
    seen: str = "",
    at: datetime,
) -> Decided:
    """Sign off one work item, and move stage, approval and subject as far as that forces them.

    `seen_digest` is what the page showed (`queries.review`), `seen` the chain's head then; `target`
    (0 the submitter, else a stage's position) belongs to a return. Raises WorkItem.DoesNotExist and
    the refusals of `approvals.refusals`.
    """
    request = Request(
        work_item_id=work_item_id,
        actor=actor,
        decision=decision,
        comment=comment.strip(),
        target=(target or rules.SUBMITTER) if decision == SignOff.Decision.RETURN else None,
        seen_digest=seen_digest,
        key=idempotency_key,
        evidence=evidence,
        seen=Head.parse(seen),
        at=at,
    )
    # The same key on two subjects at once meets no common lock, but this constraint.
    with translated({"sign_off_once_per_key": refusals.KeyReused()}):
        return _decide(request)


@transaction.atomic(durable=True)
def _decide(request: Request) -> Decided:
    found = decision_sql.find_subject(request.work_item_id, request.actor.organisation_id)
    if found is None:
        raise WorkItem.DoesNotExist
    kind, subject_id, _root = found
    subject = subjects.get(kind)
    root = subject.lock(subject_id)
    reading = decision_sql.read_decision(
        work_item_id=request.work_item_id,
        person_id=request.actor.pk,
        key=request.key,
        seen=request.seen,
        at=request.at,
    )
    if reading.earlier is not None:
        if reading.earlier_request != request.digest:
            raise refusals.KeyReused
        return Decided(
            reading.earlier,
            request.work_item_id,
            reading.approval,
            kind,
            subject_id,
            reading.outcome or "pending",
            repeated=True,
        )
    claim = _claim(reading, request)
    reviewed = review(reading, root, subject)
    _check_content(reading, reviewed, request)
    tally = _tally(reading, request)
    return _record(request, reading, claim, reviewed, tally, subject, root, subject_id)


def review(reading: Reading, root: Root, subject: Subject) -> Reviewed:
    """Exactly what the decision is about, as it stands under the lock."""
    return Reviewed(
        subject=root.subject,
        subject_digest=subject.digest(root),
        document=reading.document,
        document_digest=reading.document_digest,
        round=reading.round_number,
        route_version=reading.version,
        opening=reading.opening,
        work_item=reading.item,
    )


def _claim(reading: Reading, request: Request) -> Claim:
    """The right under which the person decides; the policy is asked here, under the lock."""
    if not reading.is_active:
        raise refusals.DeactivatedPerson
    claims = reading.claims(request.actor.pk)
    if not claims:
        raise refusals.NotYourItem(
            reason=queries.why_not_yours(reading.item, request.actor, request.at)
        )
    barred = {reading.submitter, *reading.authors}
    if not policy.may_decide(claims, barred=barred, used=()):
        raise refusals.OwnWork
    if reading.item_state in (WorkItem.State.DECIDED, WorkItem.State.NOT_NEEDED):
        raise refusals.StageClosed(what=queries.what_closed(reading.item))
    verdict = policy.may_decide(
        claims,
        barred=barred,
        used=reading.used,
        has_own_seat=reading.has_other_seat(request.actor.pk),
    )
    if verdict.claim is None:
        raise refusals.OwnSeatFirst if verdict.bar == "own_seat_first" else refusals.OneSeat
    if reading.item_state == WorkItem.State.WAITING:
        raise refusals.NotYourTurn
    return verdict.claim


def _check_content(reading: Reading, reviewed: Reviewed, request: Request) -> None:
    if request.seen_digest != reviewed.digest:
        raise refusals.ContentChanged([_("Its title, text or deadline is not what it was.")])
    if request.seen and request.seen.hash != reading.seen_hash and request.seen.seq > 0:
        raise refusals.ContentChanged([_("The page showed a record that is not in the ledger.")])


def _tally(reading: Reading, request: Request) -> Tally:
    """Where the stage stands with this ballot. Raises what makes the ballot invalid."""
    decision, target = request.decision, request.target
    if decision not in SignOff.Decision.values:
        raise refusals.UnknownDecision
    if decision == SignOff.Decision.RETURN:
        if not request.comment:
            raise refusals.ReasonRequired
        if target not in (rules.SUBMITTER, *reading.returns_to):
            raise refusals.UnknownDecision
    if len(request.comment) > COMMENT_LIMIT:
        raise refusals.CommentTooLong(limit=COMMENT_LIMIT)
    if EVIDENCE.index(request.evidence) < EVIDENCE.index(reading.evidence):
        raise refusals.StrongerProof
    rule, seats, ballots = reading.tallied
    if decision == SignOff.Decision.ABSTAIN and not rules.may_abstain(
        rule, seats, ballots, reading.item
    ):
        raise refusals.LeavesNobody
    if decision != SignOff.Decision.RETURN and not rules.reachable(rule, seats):
        raise refusals.OutOfReach
    return rules.tally(rule, seats, [*ballots, Ballot(reading.item, decision, target)])


@dataclass(frozen=True)
class Advance:
    """What the tally makes of stage, approval and subject."""

    opened: stages.Opened = field(default_factory=stages.Opened)
    approval_state: str = ""
    applied: Applied = field(default_factory=Applied)


def _advance(
    request: Request, reading: Reading, tally: Tally, subject: Subject, root: Root, action: UUID
) -> Advance:
    """Open what comes next, or end the approval and tell the subject."""
    if tally.result == "pending":
        return Advance()
    if tally.result == "passed" or tally.target != rules.SUBMITTER:
        opened = stages.open_from(
            reading.position + 1 if tally.result == "passed" else tally.target or 1,
            _course(request, reading),
            number=reading.opening_number + 1,
            at=request.at,
        )
        if opened.opening is not None:
            return Advance(opened=opened)
        state = Approval.State.PASSED
    else:
        opened, state = stages.Opened(), Approval.State.WITH_SUBMITTER
    outcome = Outcome(tally.result, request.comment, request.actor, request.at, action)
    return Advance(opened, state, subject.apply(root, outcome))


def _course(request: Request, reading: Reading) -> Course:
    return Course(
        request.actor.organisation_id,
        reading.approval,
        reading.version,
        reading.round,
        reading.submitter,
        reading.authors,
        Context.thawed(reading.context),
    )


def _record(
    request: Request,
    reading: Reading,
    claim: Claim,
    reviewed: Reviewed,
    tally: Tally,
    subject: Subject,
    root: Root,
    subject_id: UUID,
) -> Decided:
    """Write the sign-off, whatever follows from it, and the entry."""
    action = uuid7()
    comment = commit(request.comment) if request.comment else None
    sign_off = signing.sign_off(request, reading, claim, reviewed, comment, root)
    advance = _advance(request, reading, tally, subject, root, action)
    closed = tally.result != "pending"
    waiting = [place for place in reading.places if place.id != reading.item and not place.decision]
    turn = None
    if reading.sequential and not closed:
        turn = next((place.id for place in waiting if place.state == WorkItem.State.WAITING), None)
    facts = {
        "sign_off": signing.facts(sign_off, comment),
        "approval": {
            "id": reading.approval,
            "state": advance.approval_state or reading.approval_state,
            "round": reading.round_number,
        },
        **({"closed": {"id": reading.opening, "outcome": tally.result}} if closed else {}),
        **advance.opened.facts,
        **advance.applied.facts,
    }
    prepared = prepare(
        root,
        kind="approval.signed_off",
        actor=request.actor,
        at=request.at,
        facts=facts,
        action=action,
        capacity=signing.capacity(reading),
        acting_for=f"person:{claim.acting_for}" if claim.acting_for else None,
    )
    decision_sql.write_decision(
        Write(
            root=root,
            changed=advance.applied.changed,
            sign_off=sign_off,
            prepared=prepared,
            opening=reading.opening,
            at=request.at,
            closing=tally.result if closed else "",
            unneeded=[place.id for place in waiting] if closed else (),
            next_item=turn,
            openings=advance.opened.openings,
            items=advance.opened.items,
            approval_state=advance.approval_state,
        )
    )
    return Decided(
        sign_off.pk, reading.item, reading.approval, subject.kind, subject_id, tally.result
    )
