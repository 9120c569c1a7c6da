"""The tally against a model that tries every way the silent seats might still decide."""

from collections.abc import Hashable
from itertools import permutations, product
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.rules import Ballot, Rule, Seat, may_abstain, needed, reachable, tally, turn

Votes = dict[Hashable, str]
DECISIONS = ("approve", "return", "abstain")


def final(rule: Rule, seats: list[Seat], decided: Votes) -> str:
    """What a complete vote means, in the words of the rule: no short cuts, no order."""
    if rule.refusal == "advice":
        return "passed"
    added = {seat.id for seat in seats if seat.added}
    if any(
        decided[seat] == "return" for seat in decided if rule.refusal == "veto" or seat in added
    ):
        return "returned"
    if rule.kind == "any":
        approved = any(decided[s.id] == "approve" for s in seats if not s.added)
    elif rule.kind == "all":
        voices = [decision for decision in decided.values() if decision != "abstain"]
        approved = bool(voices) and set(voices) == {"approve"}
    else:
        weight = sum(s.weight for s in seats if not s.added and decided[s.id] == "approve")
        approved = weight >= needed(rule, seats)
    return "passed" if approved else "returned"


def allowed(rule: Rule, seats: list[Seat], decided: Votes) -> bool:
    """Whether somebody could have approved, which an abstention must not prevent."""
    if rule.kind == "quorum" or rule.refusal == "advice" or "abstain" not in decided.values():
        return True
    voters = [s for s in seats if rule.kind == "all" or not s.added]
    return any(decided[s.id] != "abstain" for s in voters)


def forced(rule: Rule, seats: list[Seat], decided: Votes) -> set[str]:
    """The results that are still possible."""
    silent = [seat.id for seat in seats if seat.id not in decided]
    endings = (
        decided | dict(zip(silent, rest, strict=True))
        for rest in product(DECISIONS, repeat=len(silent))
    )
    return {final(rule, seats, ending) for ending in endings if allowed(rule, seats, ending)}


def ballots(decided: Votes) -> list[Ballot]:
    return [Ballot(seat, decision) for seat, decision in decided.items()]


RULES = [
    Rule(kind, refusal) for kind, refusal in product(("any", "all"), ("veto", "vote", "advice"))
] + [
    Rule("quorum", refusal, number=number, percent=percent)
    for refusal in ("veto", "vote", "advice")
    for number, percent in [(1, None), (2, None), (3, None), (None, 50), (None, 67), (None, 100)]
]


def outcomes(rule: Rule, seats: list[Seat]) -> None:
    """Play every order of every vote and compare each step with what is still possible."""
    for order in permutations(range(len(seats))):
        for decisions in product(DECISIONS, repeat=len(seats)):
            decided: Votes = {}
            for seat, decision in zip(order, decisions, strict=True):
                if decision == "abstain" and not may_abstain(rule, seats, ballots(decided), seat):
                    break
                decided[seat] = decision
                result = tally(rule, seats, ballots(decided)).result
                check(rule, seats, decided, result)
                if result != "pending":
                    break


def check(rule: Rule, seats: list[Seat], decided: Votes, result: str) -> None:
    possible = forced(rule, seats, decided)
    silent = len(decided) < len(seats)
    if rule.refusal == "advice" or (silent and may_still_pass_or_wait(rule, seats, decided)):
        assert result == ("pending" if silent else "passed"), (rule, decided)
        return
    # Under a veto the approvals that arrived first win: what somebody might have refused later
    # does not count any more.
    if result == "passed":
        assert "passed" in possible
    elif result == "returned":
        assert possible == {"returned"}, (rule, decided)
    else:
        assert possible != {"returned"}, (rule, decided)


def may_still_pass_or_wait(rule: Rule, seats: list[Seat], decided: Votes) -> bool:
    """Neither enough approvals yet nor any reason to give up."""
    if forced(rule, seats, decided) == {"returned"}:
        return False
    if any(seat.added and seat.id not in decided for seat in seats):
        return True
    voters = [s for s in seats if rule.kind == "all" or not s.added]
    approved = sum(
        s.weight if rule.kind == "quorum" else 1 for s in voters if decided.get(s.id) == "approve"
    )
    enough = {"any": 1, "all": len(voters), "quorum": 0}[rule.kind] or needed(rule, seats)
    return approved < enough


@pytest.mark.parametrize("rule", RULES, ids=str)
@pytest.mark.parametrize("size", [1, 2, 3])
def test_every_order_of_ballots_gives_what_the_rule_says(rule: Rule, size: int) -> None:
    outcomes(rule, [Seat(n) for n in range(size)])


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_weights_count_in_a_quorum_alone(rule: Rule) -> None:
    outcomes(rule, [Seat(0, weight=2), Seat(1), Seat(2, weight=3)])


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_an_added_signer_gates_the_stage(rule: Rule) -> None:
    outcomes(rule, [Seat(0), Seat(1), Seat(2, weight=5, added=True)])


@pytest.mark.nightly
@pytest.mark.parametrize("rule", RULES, ids=str)
def test_every_order_of_four_ballots_gives_what_the_rule_says(rule: Rule) -> None:
    outcomes(rule, [Seat(n) for n in range(4)])


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


def test_in_a_sequential_stage_one_seat_at_a_time_may_decide() -> None:
    seats = [Seat("a"), Seat("b"), Seat("c")]
    rule = Rule("all", sequential=True)
    assert turn(rule, seats, []) == ["a"]
    assert turn(rule, seats, [Ballot("a", "approve")]) == ["b"]
    assert turn(Rule("all"), seats, [Ballot("a", "approve")]) == ["b", "c"]


def test_a_quorum_larger_than_its_electorate_cannot_be_reached() -> None:
    assert not reachable(Rule("quorum", number=3), [Seat(0), Seat(1)])
    assert reachable(Rule("quorum", number=2), [Seat(0), Seat(1)])
    assert not reachable(Rule("any"), [])
