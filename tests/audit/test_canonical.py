"""Canonical bytes: one value, one body, whatever it was made of."""

import json
import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from audit import canonical

INTEGERS = st.integers(-(2**53) + 1, 2**53 - 1)
LEAVES = st.none() | st.booleans() | INTEGERS | st.text()
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


def composed(value: Any) -> Any:
    match value:
        case str():
            return unicodedata.normalize("NFC", value)
        case list():
            return [composed(item) for item in value]
        case dict():
            return {composed(key): composed(item) for key, item in value.items()}
    return value


@given(VALUES)
def test_bytes_read_back_as_the_value_in_nfc(value: Any) -> None:
    assert json.loads(canonical.encode(value)) == composed(value)


@given(VALUES)
def test_reading_and_writing_again_gives_the_same_bytes(value: Any) -> None:
    data = canonical.encode(value)
    assert canonical.encode(json.loads(data)) == data


@given(VALUES)
def test_the_bytes_are_those_of_rfc_8785(value: Any) -> None:
    assert canonical.encode(value) == rfc8785.dumps(canonical.plain(value))


@given(st.dictionaries(st.text(), INTEGERS))
def test_the_order_of_keys_does_not_matter(value: dict[str, int]) -> None:
    backwards = dict(reversed(value.items()))
    if len({unicodedata.normalize("NFC", key) for key in value}) == len(value):
        assert canonical.encode(value) == canonical.encode(backwards)


@given(st.text())
def test_composed_and_decomposed_text_are_the_same(text: str) -> None:
    forms = {canonical.encode(unicodedata.normalize(form, text)) for form in ("NFC", "NFD")}
    assert len(forms) == 1


@given(st.integers(-(10**15), 5 * 10**15), st.integers(-14 * 60, 14 * 60))
def test_an_instant_is_the_same_from_every_time_zone(microseconds: int, minutes: int) -> None:
    here = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    there = here.astimezone(timezone(timedelta(minutes=minutes)))
    assert canonical.instant(there) == canonical.instant(here)
    assert datetime.fromisoformat(canonical.instant(here)) == here


@given(st.binary(), st.binary())
def test_leaf_hashes_differ_when_bodies_do(one: bytes, other: bytes) -> None:
    assert (canonical.leaf_hash(one) == canonical.leaf_hash(other)) == (one == other)


def test_the_hash_of_an_empty_leaf_is_that_of_rfc_6962() -> None:
    assert canonical.leaf_hash(b"").hex() == (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    )


def test_what_json_lacks_becomes_text() -> None:
    promised = canonical.commit("text")
    assert canonical.plain(
        {
            "id": UUID(int=1),
            "day": date(2026, 11, 16),
            "hash": b"\xab",
            "ids": {UUID(int=2), UUID(int=1)},
            "text": promised,
        }
    ) == {
        "id": "00000000-0000-0000-0000-000000000001",
        "day": "2026-11-16",
        "hash": "ab",
        "ids": [
            "00000000-0000-0000-0000-000000000001",
            "00000000-0000-0000-0000-000000000002",
        ],
        "text": {"commitment": promised.digest.hex()},
    }


@pytest.mark.parametrize("value", [1.5, float("nan"), object(), 2**53])
def test_what_has_no_one_form_is_refused(value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        canonical.encode({"value": value})


def test_an_instant_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        canonical.encode(datetime(2026, 11, 16))  # noqa: DTZ001


def test_two_keys_that_become_one_are_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        canonical.encode({"é": 1, "e\u0301": 2})


def test_every_commitment_is_found_wherever_it_stands() -> None:
    one, two, three = (canonical.commit(str(number)) for number in range(3))
    facts = {"a": one, "b": [{"c": two}], "d": (three,), "e": "none"}
    assert canonical.commitments(facts) == [one, two, three]


def test_a_commitment_opens_with_its_salt_alone() -> None:
    promised = canonical.commit("e\u0301")
    assert promised.content == "é".encode()
    assert len(promised.salt) == 32
    assert canonical.Commitment(bytes(32), promised.content).digest != promised.digest
