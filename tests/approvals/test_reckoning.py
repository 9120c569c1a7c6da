"""The sum of a stage says what the tally says, and whose votes made it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals import rules
from approvals.reckoning import reckoned
from approvals.rules import Ballot, Rule, Seat

NAMES = {"a": "Finance", "b": "Works", "c": "Health"}
WEIGHED = [Seat("a", 2), Seat("b", 1), Seat("c", 2)]
EQUAL = [Seat("a"), Seat("b"), Seat("c")]


@pytest.mark.parametrize(
    ("rule", "seats", "ballots", "said"),
    [
        (
            Rule("quorum", percent=60),
            WEIGHED,
            [Ballot("a", "approve"), Ballot("b", "approve")],
            "3 of 5 by weight: Finance 2 + Works 1; needed ceil(60 % × 5) = 3",
        ),
        (
            Rule("quorum", "vote", number=2),
            EQUAL,
            [Ballot("a", "approve"), Ballot("b", "return", 0), Ballot("c", "approve")],
            "2 of 3: Finance + Health; needed 2; returned by Works",
        ),
        (
            Rule("quorum", "vote", number=2),
            EQUAL,
            [Ballot("a", "return", 0), Ballot("b", "return", 0)],
            "nobody of 3 approved; needed 2; returned by Finance, Works;"
            " 0 + 1 undecided can't reach 2 any more",
        ),
        (
            Rule("all"),
            EQUAL,
            [Ballot("a", "approve"), Ballot("b", "abstain"), Ballot("c", "approve")],
            "2 of 3: Finance + Health; needed 3 − 1 abstained = 2",
        ),
        (
            Rule("any"),
            EQUAL,
            [Ballot("b", "return", 0)],
            "nobody of 3 approved; needed 1; returned by Works; this return ends the stage",
        ),
        (
            Rule("any"),
            [Seat("a"), Seat("b", added=True)],
            [Ballot("a", "approve")],
            "1 of 1: Finance; needed 1; waits for Works, who were added",
        ),
        (
            Rule("all", "advice"),
            EQUAL,
            [Ballot("a", "return", 0)],
            "1 of 3 have spoken; opinions only, nothing is counted",
        ),
    ],
)
def test_the_sum_names_who_counted_and_what_was_needed(
    rule: Rule, seats: list[Seat], ballots: list[Ballot], said: str
) -> None:
    assert reckoned(rule, seats, ballots, NAMES) == said


@given(
    st.sampled_from(["any", "all", "quorum"]),
    st.sampled_from(["veto", "vote"]),
    st.lists(st.sampled_from(["approve", "return", "abstain", ""]), min_size=3, max_size=3),
)
def test_a_sum_explains_every_return(kind: str, refusal: str, decisions: list[str]) -> None:
    rule = Rule(kind, refusal, percent=60 if kind == "quorum" else None)
    ballots = [Ballot(seat.id, one) for seat, one in zip(WEIGHED, decisions, strict=True) if one]
    said = reckoned(rule, WEIGHED, ballots, NAMES)
    explained = "ends the stage" in said or "any more" in said
    assert explained == (rules.tally(rule, WEIGHED, ballots).result == "returned")
