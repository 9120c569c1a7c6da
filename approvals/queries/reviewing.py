"""What a review page needs of the engine: what is signed, what follows, whether one may."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from uuid import UUID

from approvals import policy, refusals, rules, sentences, subjects
from approvals.applying import why_skipped
from approvals.models import PreparedSignature, SignOff, Stage, WorkItem
from approvals.policy import Claim
from approvals.queries.asking import revocable
from approvals.queries.meanwhile import what_closed
from approvals.queries.people import barred, claimants, why_not_yours
from approvals.queries.progress import Progress, SeatView, StageView, electorate, progress
from approvals.rules import Ballot, Tally
from approvals.statements import Head, Reviewed
from approvals.subjects import Context
from audit.models import Root
from directory.models import Person
from directory.queries import passkeys_in_force

Decision = SignOff.Decision


@dataclass(frozen=True)
class Choice:
    """A decision one may take, what follows from it now, and the sentence that is signed."""

    value: str
    then: str
    says: str


@dataclass(frozen=True)
class Target:
    """Where a return may go: 0 is the submitter, else a stage's position."""

    position: int
    then: str


@dataclass(frozen=True)
class Question:
    """What somebody who decides asks of a person, who has no vote; `is_open`: not answered yet."""

    asker: str
    text: str
    is_open: bool
    is_yours: bool


@dataclass(frozen=True)
class Review:
    """A work item in front of a person.

    `choices` is empty where they may not decide; `refusal` says why. `may` says how else they may
    use their turn (`add_signer`, `transfer`, `consult`). `sentence` is what an approval says;
    `digest` covers what is reviewed, `head` is the chain's head now. `own` is the person's decision
    on this item where they may still take it back.
    """

    item: WorkItem
    progress: Progress
    stage: StageView
    reviewed: Reviewed
    head: Head
    sentence: str
    acting_for: Person | None = None
    choices: list[Choice] = field(default_factory=list)
    refusal: str = ""
    waits: bool = False
    """Whether the person's turn is yet to come."""
    may: frozenset[str] = frozenset()
    question: Question | None = None
    own: UUID | None = None
    has_passkey: bool = False
    """Whether the person has a passkey in force, so that they can sign personally."""
    draft: str = ""
    """The comment of a signature that was prepared, and neither given nor replaced since."""

    @property
    def digest(self) -> bytes:
        return self.reviewed.digest

    @property
    def evidence(self) -> str:
        """How whoever decides has to prove to be themselves."""
        return self.item.opening.stage.evidence

    @property
    def needs_passkey(self) -> bool:
        return self.evidence == policy.PERSONAL

    @property
    def lacks_passkey(self) -> bool:
        """Whether a passkey is all that is missing."""
        return bool(self.choices) and self.needs_passkey and not self.has_passkey

    @property
    def earlier(self) -> list[tuple[str, SeatView]]:
        """What was said at the stages before this one, each with the name of its stage."""
        before = [one for one in self.progress.stages if one.position < self.stage.position]
        return [(one.name, seat) for one in before for seat in one.seats if seat.comment]

    @property
    def targets(self) -> list[Target]:
        """Where a return may go, the submitter first; none to choose from where that is all."""
        stage = self.item.opening.stage
        known = {one.position: one.name for one in self.progress.stages}
        resumes = stage.after_return == "resume"
        submitter = self.item.opening.round.submitter.name
        return [Target(0, sentences.back_to_submitter(submitter, resumes=resumes))] + [
            Target(one, sentences.back_to(known[one], one, stage.position, resumes=resumes))
            for one in sorted(stage.returns_to)
            if one in known
        ]


def review(item: WorkItem, person: Person, at: datetime) -> Review:
    """What the page shows. The caller has checked that the person may see the subject."""
    root = _root(item)
    shown = progress(item.approval, at=at, person=person)
    stage = _stage_of(item, shown)
    claim, refusal = _claim(item, stage, person, at)
    has_passkey = bool(claim) and passkeys_in_force(person, at).exists()
    principal = Person.objects.get(pk=claim.acting_for) if claim and claim.acting_for else None
    post = item.post
    says = partial(
        sentences.meaning,
        subject=subjects.title(subjects.get(item.approval.subject_kind), root),
        stage=item.opening.stage.name,
        round=item.opening.round.number,
        capacity=sentences.signs_as(post.unit.name if post else None, post.title if post else None),
        lent=principal is not None,
    )
    return Review(
        item=item,
        progress=shown,
        stage=stage,
        reviewed=reviewed(item, root),
        head=Head(root.chain_length, bytes(root.chain_head)),
        sentence=says(Decision.APPROVE),
        acting_for=principal,
        choices=list(_choices(item, shown, stage, says)) if claim and not refusal else [],
        refusal=refusal,
        waits=bool(refusal) and refusal == _turn(item, stage),
        may=frozenset(item.opening.stage.may) if claim else frozenset(),
        question=_question(item, stage, person),
        own=_own(item, person),
        has_passkey=has_passkey,
        draft=_draft(item, person) if has_passkey else "",
    )


def _draft(item: WorkItem, person: Person) -> str:
    waiting = PreparedSignature.objects.filter(work_item=item, person=person)
    return waiting.values_list("comment", flat=True).first() or ""


def _question(item: WorkItem, stage: StageView, person: Person) -> Question | None:
    if item.origin != WorkItem.Origin.CONSULTED:
        return None
    shown = next(one for one in stage.asides if one.item.pk == item.pk)
    is_yours = item.person_id == person.pk
    return Question(shown.asker, shown.note, item.state == WorkItem.State.OPEN, is_yours)


def _own(item: WorkItem, person: Person) -> UUID | None:
    if item.state != WorkItem.State.DECIDED:
        return None
    mine = revocable(SignOff.objects.filter(work_item=item, person=person))
    return mine.values_list("pk", flat=True).first()


def reviewed(item: WorkItem, root: Root) -> Reviewed:
    """What a decision on the item covers; `decide` computes it again under the lock."""
    opening = item.opening
    return Reviewed(
        subject=root.subject,
        subject_digest=subjects.get(item.approval.subject_kind).digest(root),
        document=opening.round.document_id,
        document_digest=bytes(opening.round.digest),
        round=opening.round.number,
        route_version=item.approval.version_id,
        opening=opening.pk,
        work_item=item.pk,
    )


def seen_digest(item: WorkItem) -> bytes:
    """The digest that a form for this item carries."""
    return reviewed(item, _root(item)).digest


def _root(item: WorkItem) -> Root:
    return subjects.loaded(item.approval.subject_kind, item.approval.root)


def _stage_of(item: WorkItem, shown: Progress) -> StageView:
    views = [*shown.stages, *shown.past]
    return next(view for view in views if view.opening and view.opening.pk == item.opening_id)


def _claim(
    item: WorkItem, stage: StageView, person: Person, at: datetime
) -> tuple[Claim | None, str]:
    """The right to decide, or the sentence that says why there is none: as `decide` will."""

    claims = _claims(item, person, at)
    if reason := _refusal(item, claims, person, at, stage):
        return None, reason
    verdict = policy.may_decide(
        claims,
        barred=barred(item.opening.round),
        used=_used(stage.seats),
        has_own_seat=any(
            seat.is_you and seat.item.pk != item.pk and _is_own(seat, person, at)
            for seat in stage.seats
        ),
    )
    if verdict.claim:
        return verdict.claim, ""
    refusal = refusals.OwnSeatFirst if verdict.bar == "own_seat_first" else refusals.OneSeat
    return None, str(refusal())


def _turn(item: WorkItem, stage: StageView) -> str:
    """When it will be the turn of a seat that waits for another; empty for all others."""
    if item.state != WorkItem.State.WAITING:
        return ""
    first = [seat.name for seat in stage.seats if seat.item.position == item.waits_for]
    return sentences.turn_after(first[0]) if first else ""


def why_not(item: WorkItem, person: Person, at: datetime) -> str:
    """Why the item isn't the person's to use, as far as it says so without its stage; or nothing.

    For those who would otherwise have all of `review` put together only to be refused.
    """
    return _refusal(item, _claims(item, person, at), person, at)


def _claims(item: WorkItem, person: Person, at: datetime) -> list[Claim]:
    key = (item.post_id, item.person_id)
    return [claim for claim in claimants([key], at)[key] if claim.person == person.pk]


def _refusal(
    item: WorkItem,
    claims: Sequence[Claim],
    person: Person,
    at: datetime,
    stage: StageView | None = None,
) -> str:
    """`stage`, if it is at hand, says whose turn it is now."""
    if not claims:
        return why_not_yours(item.pk, person, at)
    if item.origin == WorkItem.Origin.CONSULTED:
        return str(refusals.OnlyAnOpinion())
    if not policy.may_decide(claims, barred=barred(item.opening.round), used=()):
        return str(refusals.OwnWork())
    if item.state not in (WorkItem.State.OPEN, WorkItem.State.WAITING):
        return what_closed(item.pk, person)
    if item.state == WorkItem.State.WAITING:
        return (_turn(item, stage) if stage else "") or str(refusals.NotYourTurn())
    return ""


def _is_own(seat: SeatView, person: Person, at: datetime) -> bool:
    key = (seat.item.post_id, seat.item.person_id)
    return any(one == Claim(person.pk) for one in claimants([key], at)[key])


def _used(seats: Iterable[SeatView]) -> set[UUID]:
    rows = [seat.sign_off for seat in seats if seat.sign_off]
    return {one for row in rows for one in (row.person_id, row.acting_for_id) if one}


def _choices(
    item: WorkItem, shown: Progress, stage: StageView, says: Callable[[str], str]
) -> Iterable[Choice]:
    """The decisions that would be taken, each with what the rules make of it."""
    row: Stage = item.opening.stage
    rule, seats, ballots = electorate(row, [seat.item for seat in stage.seats])
    ahead = _ahead(item, shown)
    for decision in Decision.values:
        if decision == Decision.ABSTAIN and not rules.may_abstain(rule, seats, ballots, item.pk):
            continue
        if decision != Decision.RETURN and not rules.reachable(rule, seats):
            continue
        tally = rules.tally(rule, seats, [*ballots, Ballot(item.pk, decision, 0)])
        yield Choice(decision, _then(row, decision, tally, ahead), says(decision))


def _ahead(item: WorkItem, shown: Progress) -> str:
    """The stage to which it goes from here, empty where this is the last one."""
    opening = item.opening
    context = Context.thawed(opening.round.context)
    first = opening.resumes_at or opening.stage.position + 1
    later = Stage.objects.filter(version=shown.approval.version_id, position__gte=first)
    return next((one.name for one in later if not why_skipped(one, context)), "")


def _then(stage: Stage, decision: str, tally: Tally, ahead: str) -> str:
    """What follows from a decision that would make the tally this."""
    if stage.refusal == Stage.Refusal.ADVICE:
        return sentences.advised(tally, ahead)
    if decision == Decision.RETURN and tally.result == "returned":
        return sentences.comes_back(
            chosen=bool(stage.returns_to), resumes=stage.after_return == "resume"
        )
    return sentences.then(decision, tally, ahead)
