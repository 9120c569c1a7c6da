"""The tally against a model that knows the rules' sentences and tries every future.

The model says when a stage has passed, in the words of docs/approvals.md, and what ends it at once.
Whether it still can pass it finds out by letting the silent seats decide in every way. All rules,
refusals, weights and added signers are compared after every ballot of every order.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from approvals.rules import Ballot, Rule, Seat, may_abstain, needed, reachable, tally

DECISIONS = ("approve", "return", "abstain")
Votes = tuple[str, ...]
"""By seat what was decided; "" is silence."""


@dataclass
class Model:
    """One stage as its rule is written."""

    rule: Rule
    seats: Sequence[Seat]
    _futures: dict[Votes, bool] = field(default_factory=dict)

    def result(self, votes: Votes) -> str:
        if self.rule.refusal == "advice":
            return "pending" if "" in votes else "passed"
        if self.ended(votes):
            return "returned"
        if self.passed(votes):
            return "passed"
        return "pending" if self.can_pass(votes) or not any(votes) else "returned"

    def ended(self, votes: Votes) -> bool:
        """One return is enough: under a veto anybody's, otherwise that of a signer added."""
        return any(
            vote == "return" and (self.rule.refusal == "veto" or seat.added)
            for seat, vote in zip(self.seats, votes, strict=True)
        )

    def passed(self, votes: Votes) -> bool:
        cast = list(zip(self.seats, votes, strict=True))
        if any(seat.added and not vote for seat, vote in cast):
            return False
        configured = [(seat, vote) for seat, vote in cast if not seat.added]
        if self.rule.kind == "any":
            return any(vote == "approve" for _, vote in configured)
        if self.rule.kind == "all":
            voices = [vote for _, vote in cast if vote != "abstain"]
            return bool(voices) and all(vote == "approve" for vote in voices)
        weight = sum(seat.weight for seat, _ in configured)
        approved = sum(seat.weight for seat, vote in configured if vote == "approve")
        if self.rule.number is not None:
            return approved >= self.rule.number
        assert self.rule.percent is not None
        return approved > 0 and approved * 100 >= self.rule.percent * weight

    def can_pass(self, votes: Votes) -> bool:
        """Whether any future passes it."""
        known = self._futures.get(votes)
        if known is None:
            known = not self.ended(votes) and (
                self.passed(votes)
                or any(
                    self.can_pass(cast(votes, place, decision))
                    for place, vote in enumerate(votes)
                    if not vote
                    for decision in DECISIONS
                )
            )
            self._futures[votes] = known
        return known

    def may_abstain(self, votes: Votes, place: int) -> bool:
        if self.rule.kind == "quorum" or self.rule.refusal == "advice":
            return True
        return self.can_pass(cast(votes, place, "abstain"))

    def target(self, votes: Votes) -> int:
        """The earliest place that a return names; the submitter where nobody named any."""
        return min((TARGETS[n] for n, vote in enumerate(votes) if vote == "return"), default=0)


TARGETS = (2, 3, 1, 0, 2, 1, 3)
"""Where each seat's return goes."""


def cast(votes: Votes, place: int, decision: str) -> Votes:
    return (*votes[:place], decision, *votes[place + 1 :])


def ballot(place: int, decision: str) -> Ballot:
    return Ballot(place, decision, TARGETS[place] if decision == "return" else None)


RULES = [
    Rule(kind, refusal) for kind, refusal in product(("any", "all"), ("veto", "vote", "advice"))
] + [
    Rule("quorum", refusal, number=number, percent=percent)
    for refusal in ("veto", "vote", "advice")
    for number, percent in [
        *((number, None) for number in (1, 2, 3, 5)),
        *((None, percent) for percent in (1, 34, 50, 67, 100)),
    ]
]
SHAPES: list[Callable[[int], list[Seat]]] = [
    lambda size: [Seat(n) for n in range(size)],
    lambda size: [Seat(n, weight=(3, 1, 2, 5, 1, 4)[n]) for n in range(size)],
    lambda size: [Seat(n, weight=2, added=n == size - 1) for n in range(size)],
    lambda size: [Seat(n, weight=(2, 1)[n % 2], added=n % 3 == 0) for n in range(size)],
]
"""Equal seats, weights, the last one added, the first and fourth added."""


def play(rule: Rule, seats: list[Seat], *, every_order: bool, in_turn: bool = False) -> int:
    """Cast ballots until the stage is over, in every way there is; returns how many were compared.

    Without `every_order` what is the same but for the order is gone through once; `in_turn` one
    seat speaks after the other.
    """
    model, compared, gone = Model(rule, seats), 0, set()
    ahead: list[tuple[Votes, tuple[Ballot, ...]]] = [(("",) * len(seats), ())]
    while ahead:
        votes, ballots = ahead.pop()
        if not every_order:
            if votes in gone:
                continue
            gone.add(votes)
        compared += 1
        tallied = tally(rule, seats, ballots)
        assert tallied.result == model.result(votes), (rule, seats, votes)
        if tallied.result == "returned":
            assert tallied.target == model.target(votes)
        if tallied.result == "pending":
            ahead += nexts(model, votes, ballots, in_turn=in_turn)
    return compared


def nexts(
    model: Model, votes: Votes, ballots: tuple[Ballot, ...], *, in_turn: bool = False
) -> Iterator[tuple[Votes, tuple[Ballot, ...]]]:
    rule, seats = model.rule, model.seats
    silent = [place for place, vote in enumerate(votes) if not vote]
    for place in silent[:1] if in_turn else silent:
        free = model.may_abstain(votes, place)
        assert may_abstain(rule, seats, ballots, place) == free, (rule, seats, votes, place)
        for decision in DECISIONS if free else DECISIONS[:2]:
            yield cast(votes, place, decision), (*ballots, ballot(place, decision))


@pytest.mark.parametrize("shape", range(len(SHAPES)))
def test_every_order_of_up_to_three_ballots_gives_what_the_rule_says(shape: int) -> None:
    for rule in RULES:
        for size in (1, 2, 3):
            play(rule, SHAPES[shape](size), every_order=True)


@pytest.mark.parametrize("shape", range(len(SHAPES)))
def test_every_vote_of_four_and_five_seats_gives_what_the_rule_says(shape: int) -> None:
    for rule in RULES:
        play(rule, SHAPES[shape](4), every_order=False)
        play(rule, SHAPES[shape](5), every_order=False, in_turn=True)


@pytest.mark.nightly
@pytest.mark.parametrize("shape", range(len(SHAPES)))
@pytest.mark.parametrize("rule", RULES, ids=str)
def test_every_order_of_up_to_six_ballots_gives_what_the_rule_says(rule: Rule, shape: int) -> None:
    for size in (4, 5, 6):
        assert play(rule, SHAPES[shape](size), every_order=True)


electorates = st.lists(
    st.tuples(st.integers(1, 50), st.booleans()), min_size=1, max_size=len(TARGETS)
)


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), electorates)
def test_any_electorate_and_any_number_give_what_the_rule_says(
    data: st.DataObject, electorate: list[tuple[int, bool]]
) -> None:
    seats = [Seat(n, weight, added) for n, (weight, added) in enumerate(electorate)]
    refusal = data.draw(st.sampled_from(["veto", "vote", "advice"]))
    kind = data.draw(st.sampled_from(["any", "all", "quorum"]))
    number, percent = None, None
    if kind == "quorum":
        number = data.draw(st.none() | st.integers(1, 160))
        percent = data.draw(st.integers(1, 100)) if number is None else None
    model = Model(Rule(kind, refusal, number, percent), seats)
    everybody = ("approve",) * len(seats)
    assert reachable(model.rule, seats) == (refusal == "advice" or model.passed(everybody))
    votes: Votes = ("",) * len(seats)
    ballots: tuple[Ballot, ...] = ()
    while True:
        result = tally(model.rule, seats, ballots).result
        assert result == model.result(votes)
        if result != "pending" or not (ways := list(nexts(model, votes, ballots))):
            break
        votes, ballots = data.draw(st.sampled_from(ways))


decisions = st.lists(st.sampled_from(DECISIONS), min_size=1, max_size=12)
weights = st.lists(st.integers(0, 9), min_size=12, max_size=12)


@given(st.sampled_from(RULES), decisions, weights, st.randoms())
def test_the_order_of_ballots_before_a_result_never_matters(
    rule: Rule, decisions: list[str], weights: list[int], chance: Random
) -> None:
    seats = [Seat(n, weight) for n, weight in enumerate(weights)]
    cast = [Ballot(n, decision) for n, decision in enumerate(decisions)]
    shuffled = cast[:]
    chance.shuffle(shuffled)
    assert tally(rule, seats, cast) == tally(rule, seats, shuffled)


@given(st.sampled_from(RULES), decisions, weights)
def test_nothing_returns_before_somebody_spoke_or_passes_without_an_approval(
    rule: Rule, decisions: list[str], weights: list[int]
) -> None:
    seats = [Seat(n, weight + 1) for n, weight in enumerate(weights)]
    assert tally(rule, seats, []).result == "pending"
    cast = [Ballot(n, decision) for n, decision in enumerate(decisions)]
    if rule.refusal != "advice" and tally(rule, seats, cast).result == "passed":
        assert "approve" in decisions


@given(st.integers(1, 100), st.lists(st.integers(1, 50), min_size=1, max_size=8))
def test_a_percentage_is_the_smallest_whole_weight_that_reaches_it(
    percent: int, weights: list[int]
) -> None:
    seats = [Seat(n, weight) for n, weight in enumerate(weights)]
    least = needed(Rule("quorum", percent=percent), seats)
    total = sum(weights)
    assert least * 100 >= percent * total > (least - 1) * 100


def test_the_earliest_stage_named_by_several_returns_wins() -> None:
    rule = Rule("quorum", "vote", number=2)
    seats = [Seat(0), Seat(1), Seat(2)]
    cast = [Ballot(0, "return", 2), Ballot(1, "return", 1)]
    assert tally(rule, seats, cast).target == 1


def test_a_quorum_lost_to_abstentions_goes_to_the_submitter() -> None:
    rule = Rule("quorum", "vote", number=2)
    tallied = tally(rule, [Seat(0), Seat(1)], [Ballot(0, "abstain")])
    assert (tallied.result, tallied.target) == ("returned", 0)


def test_the_last_who_could_approve_may_not_abstain() -> None:
    seats = [Seat(0), Seat(1)]
    for kind in ("any", "all"):
        assert may_abstain(Rule(kind), seats, [], 0)
        assert not may_abstain(Rule(kind), seats, [Ballot(0, "abstain")], 1)
        assert may_abstain(Rule(kind), seats, [Ballot(0, "approve")], 1)


def test_a_quorum_larger_than_its_electorate_cannot_be_reached() -> None:
    assert not reachable(Rule("quorum", number=3), [Seat(0), Seat(1)])
    assert reachable(Rule("quorum", number=2), [Seat(0), Seat(1)])
    assert not reachable(Rule("any"), [])
