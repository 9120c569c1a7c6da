"""Answers with any bit turned: an assertion never holds, and nothing fails but in words."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from directory.passkeys import (
    Enrolled,
    PasskeyRefused,
    check_assertion,
    check_registration,
    read_assertion,
    registration_challenge,
)
from tests.authenticator import EDDSA, ES256, Authenticator, b64, unb64
from tests.factories import HERE

CHALLENGE = bytes(range(32))


@dataclass
class Kept:
    """What the house keeps of a device."""

    public_key: bytes
    rp_id: str = HERE.id
    origins: tuple[str, ...] = HERE.origins
    backup_eligible: bool = False


def checked(device: Authenticator, answer: Any, challenge: bytes = CHALLENGE) -> None:
    check_assertion(read_assertion(answer), challenge=challenge, key=Kept(device.public_key))


def turned(answer: Any, part: str, place: int, bit: int) -> Any:
    changed = deepcopy(answer)
    data = bytearray(unb64(changed["response"][part]))
    data[place % len(data)] ^= 1 << bit
    changed["response"][part] = b64(bytes(data))
    return changed


DEVICES = [Authenticator(algorithm=one, user_handle=b"somebody") for one in (ES256, EDDSA)]
PLACES = some.integers(0, 400), some.integers(0, 7)


@pytest.mark.parametrize("device", DEVICES, ids=["es256", "eddsa"])
def test_an_honest_assertion_holds_for_its_challenge_and_key_only(device: Authenticator) -> None:
    answer = device.get(challenge=CHALLENGE)
    checked(device, answer)
    with pytest.raises(PasskeyRefused):
        checked(device, answer, challenge=bytes(32))
    with pytest.raises(PasskeyRefused):
        checked(Authenticator(algorithm=device.algorithm), answer)


@given(
    some.sampled_from(DEVICES),
    some.sampled_from(["clientDataJSON", "authenticatorData", "signature"]),
    *PLACES,
)
def test_an_assertion_with_a_bit_turned_never_holds(
    device: Authenticator, part: str, place: int, bit: int
) -> None:
    answer = turned(device.get(challenge=CHALLENGE), part, place, bit)
    with pytest.raises(PasskeyRefused):
        checked(device, answer)


@given(
    some.sampled_from(DEVICES),
    some.sampled_from(["clientDataJSON", "attestationObject"]),
    *PLACES,
)
def test_a_registration_with_a_bit_turned_is_read_or_refused_in_words(
    device: Authenticator, part: str, place: int, bit: int
) -> None:
    answer = turned(device.create(challenge=CHALLENGE), part, place, bit)
    try:
        found = check_registration(answer, challenge=CHALLENGE, party=HERE)
    except PasskeyRefused:
        return
    assert isinstance(found, Enrolled)
    assert found.credential_id == device.credential_id


JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(max_size=30),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=9), inner),
    max_leaves=8,
)
NAMES = ["id", "rawId", "type", "clientDataJSON", "authenticatorData", "signature", "userHandle"]


@given(
    JSON, some.dictionaries(some.sampled_from(NAMES), JSON), some.sampled_from(["x", "{}", "AA"])
)
def test_no_json_whatsoever_fails_but_in_words(anything: Any, more: Any, text: str) -> None:
    shaped = {"id": text, "rawId": text, "type": "public-key", "response": more} | more
    for answer in (anything, shaped):
        for read in (read_assertion, registration_challenge):
            with pytest.raises(PasskeyRefused):
                read(answer)
