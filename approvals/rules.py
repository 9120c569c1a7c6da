"""When a stage passes: the tally of one opening's ballots. Pure.

The rules are those of docs/approvals.md. A tally looks at the frozen electorate and the ballots and
at nothing else, so that anyone can work out again why a stage passed.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Literal, NamedTuple

Result = Literal["pending", "passed", "returned"]
SUBMITTER = 0
"""The target of a return that goes to the submitter; the others are positions of stages."""


class Rule(NamedTuple):
    """How a stage decides. A quorum has either a `number` or a `percent`."""

    kind: str
    refusal: str = "veto"
    number: int | None = None
    percent: int | None = None
    sequential: bool = False


class Seat(NamedTuple):
    """One seat of the electorate; an added one gates the stage but weighs nothing in a quorum."""

    id: Hashable
    weight: int = 1
    added: bool = False


class Ballot(NamedTuple):
    """What was decided on a seat: `approve`, `return` (with its target) or `abstain`."""

    seat: Hashable
    decision: str
    target: int | None = None


class Tally(NamedTuple):
    """Where an opening stands. Counts are by weight in a quorum, by seats otherwise.

    `needed` is what approvals have to reach, `target` where a returned stage sends the subject.
    """

    result: Result
    approved: int
    pending: int
    needed: int
    target: int | None = None


def is_added(origin: str, kind: str) -> bool:
    """Whether a seat gates its stage without a weight of its own.

    Somebody who was asked because the stage is overdue may be the one whom `any` waits for; in the
    other kinds they join in like an added signer.
    """
    return origin == "added" or (origin == "escalated" and kind != "any")


def needed(rule: Rule, seats: Sequence[Seat]) -> int:
    """What a quorum of these seats takes: `ceil(percent × Σweight / 100)`, never 0."""
    if rule.number is not None:
        return rule.number
    weight = sum(seat.weight for seat in seats if not seat.added)
    return max(1, -(-(rule.percent or 0) * weight // 100))


def tally(rule: Rule, seats: Sequence[Seat], ballots: Sequence[Ballot]) -> Tally:
    """The result that the ballots force, or `pending` as long as they leave it open."""
    count = _count(rule, seats, ballots)
    if _returned(rule, seats, ballots, count):
        targets = [ballot.target or SUBMITTER for ballot in ballots if ballot.decision == "return"]
        return Tally("returned", *count, target=min(targets, default=SUBMITTER))
    if _passed(rule, seats, ballots, count):
        return Tally("passed", *count)
    return Tally("pending", *count)


def may_abstain(
    rule: Rule, seats: Sequence[Seat], ballots: Sequence[Ballot], seat: Hashable
) -> bool:
    """False under `any` and `all` if nobody who has approved or still might would be left."""
    if rule.kind == "quorum" or rule.refusal == "advice":
        return True
    others = [one for one in voters(rule, seats) if one.id != seat]
    decided = {ballot.seat: ballot.decision for ballot in ballots}
    return any(decided.get(one.id, "approve") == "approve" for one in others)


def reachable(rule: Rule, seats: Sequence[Seat]) -> bool:
    """Whether the electorate could pass the stage at all, if everybody approved."""
    approving = [Ballot(seat.id, "approve") for seat in seats]
    return bool(seats) and tally(rule, seats, approving).result == "passed"


def ends_it(rule: Rule, seats: Sequence[Seat], ballots: Sequence[Ballot]) -> bool:
    """Whether a single return among the ballots ends the stage, however the others vote."""
    returns = {ballot.seat for ballot in ballots if ballot.decision == "return"}
    gated = {seat.id for seat in seats if seat.added}
    single = rule.refusal == "veto" or rule.kind == "all" or bool(returns & gated)
    return rule.refusal != "advice" and bool(returns) and single


def voters(rule: Rule, seats: Sequence[Seat]) -> list[Seat]:
    """Those whose approval counts: an added signer never stands in for a configured one."""
    return [seat for seat in seats if rule.kind == "all" or not seat.added]


def _count(rule: Rule, seats: Sequence[Seat], ballots: Sequence[Ballot]) -> tuple[int, int, int]:
    """Approved, pending and needed."""
    decided = {ballot.seat: ballot.decision for ballot in ballots}
    counted = voters(rule, seats)
    weigh = {seat.id: seat.weight if rule.kind == "quorum" else 1 for seat in counted}
    approved = sum(weigh[seat.id] for seat in counted if decided.get(seat.id) == "approve")
    pending = sum(weigh[seat.id] for seat in counted if seat.id not in decided)
    if rule.kind == "quorum":
        return approved, pending, needed(rule, seats)
    if rule.kind == "any":
        return approved, pending, 1
    abstained = sum(decided.get(seat.id) == "abstain" for seat in counted)
    return approved, pending, max(1, len(counted) - abstained)


def _returned(
    rule: Rule, seats: Sequence[Seat], ballots: Sequence[Ballot], count: tuple[int, int, int]
) -> bool:
    if rule.refusal == "advice":
        return False
    if ends_it(rule, seats, ballots):
        return True
    approved, pending, required = count
    return bool(ballots) and approved + pending < required


def _passed(
    rule: Rule, seats: Sequence[Seat], ballots: Sequence[Ballot], count: tuple[int, int, int]
) -> bool:
    spoken = {ballot.seat for ballot in ballots}
    if rule.refusal == "advice":
        return bool(seats) and all(seat.id in spoken for seat in seats)
    approved, _, required = count
    gate_open = all(seat.id in spoken for seat in seats if seat.added)
    return gate_open and approved >= required
