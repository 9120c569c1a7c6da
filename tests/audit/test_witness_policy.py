"""Who has to cosign: what the organisation publishes, keeps to and says when it is lacking."""

from datetime import timedelta
from typing import Any

import pytest

from audit import verify, witnesses, witnessing
from audit.models import Checkpoint, Cosignature
from audit.notes import COSIGNATURE, BadNote, Key
from audit.witnesses import Policy, Witness
from audit.witnessing import Seen, Witnessing
from tests.factories import NOW

KEYS = [Key(f"w{number}.example", bytes([number]) * 32, COSIGNATURE) for number in (1, 2, 3)]
LOG = str(Key("log.example", bytes(32)))
TWO_OF_THREE = "\n".join(
    [
        *(f"witness w{n} {key} https://w{n}.example" for n, key in enumerate(KEYS, 1)),
        "group two-of-three 2 w1 w2 w3",
        "quorum two-of-three",
    ]
)


def seen(*sizes: int) -> list[Seen]:
    """What each witness saw last; 0: nothing."""
    return [
        Seen(key.name, Cosignature(checkpoint=Checkpoint(size=size)) if size else None)
        for key, size in zip(KEYS, sizes, strict=True)
    ]


@pytest.mark.parametrize(
    ("sizes", "covered"),
    [
        ((0, 0, 0), 0),
        ((9, 0, 0), 0),
        ((9, 5, 0), 5),
        ((9, 9, 2), 9),
        ((7, 5, 9), 7),
    ],
)
def test_a_log_is_witnessed_as_far_as_two_of_three_have_seen_it(
    sizes: tuple[int, ...], covered: int
) -> None:
    assert witnessing._covered(Policy.parse(TWO_OF_THREE), seen(*sizes)) == covered


def test_a_policy_names_whom_to_ask_and_where() -> None:
    policy = Policy.parse(TWO_OF_THREE)
    assert [(one.key, one.url) for one in policy.witnesses] == [
        (key, f"https://w{n}.example") for n, key in enumerate(KEYS, 1)
    ]
    assert not policy.is_met_by({"w1.example"})
    assert policy.is_met_by({"w1.example", "w3.example"})


def test_nobody_is_never_a_quorum() -> None:
    assert not Policy.of_all([]).is_met_by(set())
    assert not Policy.parse("quorum none").is_met_by(set())


def test_without_a_policy_every_witness_is_asked_for() -> None:
    policy = Policy.of_all([Witness(key, "https://w.example") for key in KEYS])
    assert not policy.is_met_by({"w1.example", "w2.example"})
    assert policy.is_met_by({key.name for key in KEYS})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "quorum w1",
        f"log {LOG}\nquorum none",
        f"witness w1 {KEYS[0]}\nquorum w1",
        f"witness w1 {LOG} https://w.example\nquorum w1",
        "nonsense\nquorum none",
    ],
)
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(BadNote):
        Policy.parse(text)


def test_a_bundle_carries_it_and_says_where_it_is_not_met() -> None:
    policy = Policy.parse(TWO_OF_THREE)
    met = policy.for_bundle(LOG, {"w1.example", "w2.example"})
    assert verify.policy(met).quorum == "two-of-three"
    lacking = policy.for_bundle(LOG, {"w1.example"})
    assert verify.policy(lacking).quorum == "none"
    assert "# Not met: quorum two-of-three" in lacking


def test_a_witness_that_is_late_is_missing_after_a_while_and_one_that_never_came_at_once() -> None:
    def lacks(size: int, minutes: int) -> bool:
        since = NOW - timedelta(minutes=minutes)
        return Witnessing(None, Policy.of_all([]), [], size, since, NOW).is_lacking

    assert (lacks(5, 14), lacks(5, 16), lacks(0, 1)) == (False, True, True)


def test_the_list_of_witnesses_is_what_the_policy_asks(settings: Any) -> None:
    settings.WITNESS_POLICY = TWO_OF_THREE
    assert [one.key for one in witnesses.configured()] == KEYS
