"""Deciding on a work item."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from approvals import decision_sql, queries, refusals, rules, stages, subjects
from approvals.actions import personal, signing
from approvals.actions.request import Request, Signature
from approvals.actions.signing import Signed
from approvals.actions.standing import Standing, claim, stand
from approvals.decision_sql import Reading, Write
from approvals.models import Approval, SignOff
from approvals.policy import EVIDENCE, PERSONAL, Claim
from approvals.rules import Ballot, Tally
from approvals.stages import Approver, Course
from approvals.statements import Head, Reviewed
from approvals.subjects import Applied, Context, Outcome, Subject
from audit.actions import prepare
from audit.canonical import commit
from audit.ids import uuid7
from audit.models import Root
from directory.actions.authority import translated
from directory.models import Person

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
    signed: bytes = b""
    """The statement, where the person's passkey signed it."""
    acting_for: UUID | None = None
    """Whose delegate decided, unless it is a repetition."""


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
    signature: Signature | None = None,
    seen: str = "",
    at: datetime,
) -> Decided:
    """Sign off one work item, and move stage, approval and subject as far as that forces them.

    `seen_digest` is what the page showed (`queries.review`), `seen` the chain's head then; `target`
    (0 the submitter, else a stage's position) belongs to a return, `signature` to the evidence
    `passkey` (`prepare_signature`). Raises WorkItem.DoesNotExist and the refusals of
    `approvals.refusals`.
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
        signature=signature,
    )
    # The same key on two subjects at once meets no common lock, but this constraint.
    once = refusals.KeyReused(did=_("you decided on something else with it."))
    with translated({"sign_off_once_per_key": once}):
        return _decide(request)


@transaction.atomic(durable=True)
def _decide(request: Request) -> Decided:
    standing = stand(
        work_item_id=request.work_item_id,
        actor=request.actor,
        key=request.key,
        seen=request.seen,
        at=request.at,
    )
    subject, root, reading = standing.subject, standing.root, standing.reading
    if reading.earlier is not None:
        if reading.earlier_request != request.digest:
            raise refusals.KeyReused(did=queries.what_you_did(reading.earlier))
        return Decided(
            reading.earlier,
            request.work_item_id,
            reading.approval,
            subject.kind,
            reading.subject_id,
            reading.outcome or "pending",
            repeated=True,
        )
    claimed = claim(reading, request.actor, request.at)
    reviewed = review(reading, root, subject)
    tally = acceptable(request, standing, reviewed)
    signed = None
    if request.evidence == PERSONAL:
        signed = personal.checked(request, standing, claimed, reviewed)
    return _record(request, standing, claimed, reviewed, tally, signed)


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


def acceptable(request: Request, standing: Standing, reviewed: Reviewed) -> Tally:
    """Where the stage would stand with this ballot. Raises what makes it invalid."""
    _check_content(standing, reviewed, request)
    return _tally(standing.reading, request)


def _check_content(standing: Standing, reviewed: Reviewed, request: Request) -> None:
    if request.seen_digest != reviewed.digest:
        known = queries.happened_since(
            standing.root,
            standing.subject,
            request.seen,
            organisation_id=request.actor.organisation_id,
        )
        raise refusals.ContentChanged(
            known or [_("Its title, text or deadline is not what it was.")]
        )
    seen_hash = standing.reading.seen_hash
    if request.seen and request.seen.hash != seen_hash and request.seen.seq > 0:
        raise refusals.ContentChanged([_("The page showed a record that is not in the ledger.")])


def _tally(reading: Reading, request: Request) -> Tally:
    """Where the stage stands with this ballot. Raises what makes the ballot invalid."""
    decision, target = request.decision, request.target
    if decision not in SignOff.Decision.values:
        raise refusals.UnknownDecision
    if decision == SignOff.Decision.RETURN:
        if not request.comment:
            raise refusals.ReasonRequired
        if target not in (rules.SUBMITTER, *reading.stage.returns_to):
            raise refusals.UnknownDecision
    if len(request.comment) > COMMENT_LIMIT:
        raise refusals.CommentTooLong(limit=COMMENT_LIMIT)
    if EVIDENCE.index(request.evidence) < EVIDENCE.index(reading.stage.evidence):
        raise refusals.StrongerProof(evidence=reading.stage.evidence)
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
    request: Request,
    standing: Standing,
    claimed: Claim,
    tally: Tally,
    action: UUID,
) -> Advance:
    """Open what comes next, or end the approval and tell the subject."""
    if tally.result == "pending":
        return Advance()
    reading = standing.reading
    if tally.result == "passed" or tally.target != rules.SUBMITTER:
        opened = stages.open_from(
            next_position(reading) if tally.result == "passed" else tally.target or 1,
            course_of(request, reading, claimed),
            number=reading.opening_number + 1,
            at=request.at,
            resumes_at=_resumption(reading, tally),
            returned=tally.result == "returned",
        )
        if opened.opening is not None:
            return Advance(opened=opened)
        state, result = Approval.State.PASSED, "passed"
    else:
        opened, state, result = stages.Opened(), Approval.State.WITH_SUBMITTER, "returned"
    outcome = Outcome(result, request.comment, request.actor, request.at, action)
    return Advance(opened, state, standing.subject.apply(standing.root, outcome))


def next_position(reading: Reading) -> int:
    """The stage after this one, or the one that had returned to it."""
    return reading.resumes_at or reading.stage.position + 1


def _resumption(reading: Reading, tally: Tally) -> int | None:
    """Where a return to an earlier stage comes back to, if this stage wants it back directly."""
    if tally.result == "returned" and reading.stage.after_return == "resume":
        return reading.stage.position
    return None


def course_of(request: Request, reading: Reading, claim: Claim) -> Course:
    approves = request.decision == SignOff.Decision.APPROVE and not claim.acting_for
    return Course(
        request.actor.organisation_id,
        reading.approval,
        reading.version,
        reading.round,
        reading.submitter,
        reading.authors,
        Context.thawed(reading.context),
        Approver(request.actor.pk, reading.item, request.evidence) if approves else None,
        reading.posts,
    )


def _record(
    request: Request,
    standing: Standing,
    claimed: Claim,
    reviewed: Reviewed,
    tally: Tally,
    signed: Signed | None,
) -> Decided:
    """Write the sign-off, whatever follows from it, and the entry."""
    subject, root, reading = standing.subject, standing.root, standing.reading
    action = uuid7()
    if signed:
        statement, comment = signed.statement, signed.comment
    else:
        comment = commit(request.comment) if request.comment else None
        title = subjects.title(subject, root)
        statement = signing.stated(
            request, reading, claimed, reviewed, comment, root, title, request.at
        )
    sign_off = signing.sign_off(request, reading, claimed, statement, comment)
    advance = _advance(request, standing, claimed, tally, action)
    closed = tally.result != "pending"
    asked = [place for place in reading.asked if place.id != reading.item and place.is_asked]
    mine = [place for place in asked if place.waits_for == reading.seat]
    facts = {
        "sign_off": signing.facts(sign_off, comment, signed),
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
        acting_for=f"person:{claimed.acting_for}" if claimed.acting_for else None,
    )
    if signed:
        personal.keep(signed, sign_off)
    decision_sql.write_decision(
        Write(
            root=root,
            changed=advance.applied.changed,
            sign_off=sign_off,
            prepared=prepared,
            opening=reading.opening,
            at=request.at,
            closing=tally.result if closed else "",
            unneeded=[one.id for one in asked if closed or (one in mine and not one.has_vote)],
            turns=[one.id for one in mine if one.has_vote and not closed],
            openings=advance.opened.openings,
            items=advance.opened.items,
            approval_state=advance.approval_state,
        )
    )
    return Decided(
        sign_off.pk,
        reading.item,
        reading.approval,
        subject.kind,
        reading.subject_id,
        tally.result,
        signed=signed.statement if signed else b"",
        acting_for=claimed.acting_for,
    )
