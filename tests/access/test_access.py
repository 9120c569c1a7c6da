"""Every address, asked for by everybody: of the own unit, another unit, another organisation.

The test command sends a third of the people to each address, others to each, and all who are few
enough to be named there; with DUBAN_THOROUGH, as in continuous integration, everybody goes.
"""

import os
from collections.abc import Collection, Iterator

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from tests.access.table import (
    APPROVER,
    CONCERNED,
    COORDINATOR,
    DRAFTING,
    EVERYONE,
    EXPECTED,
    Row,
    everyone_of,
)
from tests.access.visitors import Visitors

rows = pytest.mark.parametrize("row", EXPECTED, ids=str)
named = pytest.mark.parametrize("row", [row for row in EXPECTED if row.at], ids=str)
"""The addresses that name something: all others show each person their own organisation."""
FROM_OUTSIDE = everyone_of("own") | COORDINATOR
THOROUGH = "DUBAN_THOROUGH" in os.environ
FEW = 6


def addresses(of: URLResolver | None = None) -> Iterator[str]:
    """The name of every address that the URL configuration knows."""
    for one in (of or get_resolver()).url_patterns:
        if isinstance(one, URLPattern):
            yield one.name or str(one.pattern)
        else:
            yield from addresses(one)


def test_every_address_stands_in_the_table() -> None:
    assert {row.name for row in EXPECTED} == set(addresses())


def visiting(row: Row, people: Collection[str], method: str = "") -> list[str]:
    """Who goes there: everybody, or those whose turn it is and the few who may."""
    named = getattr(row, method, None) or ()
    turn = EXPECTED.index(row)
    return [
        who
        for place, who in enumerate(sorted(people))
        if THOROUGH or (place + turn) % 3 == 0 or (who in named and len(named) <= FEW)
    ]


def expected(row: Row, method: str, who: str) -> str:
    if who in getattr(row, method):
        return "not understood" if row.wants_device else "may"
    return "refused" if who in row.sees else "not found"


def expected_outside(row: Row, method: str, who: str) -> str:
    return "refused" if row.by_role and who not in getattr(row, method) else "not found"


def hidden_from(visitors: Visitors, who: str) -> set[str]:
    """The marks that this person of the organisation may meet nowhere."""
    own = visitors.here.marks
    hidden = {*own.all, *visitors.there.marks.all} - {own.everyone}
    if who in CONCERNED:
        hidden.remove(own.concerned)
    if who in DRAFTING | APPROVER:
        hidden.remove(own.drafting)
    return hidden


@rows
def test_everybody_of_the_organisation_finds_what_the_table_says(
    visitors: Visitors, row: Row
) -> None:
    found, wanted, leaks = {}, {}, []
    for method in row.methods:
        for who in visiting(row, EVERYONE, method):
            answer = visitors.go(visitors.here.people[who], method, row)
            found[who, method] = answer.outcome
            wanted[who, method] = expected(row, method, who)
            text = answer.text
            leaks += [(who, mark) for mark in hidden_from(visitors, who) if mark in text]
    assert found == wanted
    assert not leaks


@pytest.mark.parametrize(
    "row", [row for row in EXPECTED if row.at and not row.open_to_all], ids=str
)
def test_nobody_of_another_organisation_finds_anything(visitors: Visitors, row: Row) -> None:
    found, wanted, leaks = {}, {}, []
    for method in row.methods:
        for who in visiting(row, FROM_OUTSIDE):
            answer = visitors.go(visitors.there.people[who], method, row)
            found[who, method] = answer.outcome
            wanted[who, method] = expected_outside(row, method, who)
            leaks += [(who, mark) for mark in visitors.here.marks.all if mark in answer.text]
    assert found == wanted
    assert not leaks


@named
def test_what_does_not_exist_is_not_found(visitors: Visitors, row: Row) -> None:
    for method in row.methods:
        somebody = visitors.here.people[min(getattr(row, method) or row.sees)]
        assert visitors.go(somebody, method, row, unknown=True).outcome == "not found"


@rows
def test_somebody_unknown_signs_in_first(visitors: Visitors, row: Row) -> None:
    wanted = {"may", "not understood"} if row.open_to_all else {"signs in first"}
    for method in row.methods:
        answer = visitors.go(None, method, row)
        assert answer.outcome in wanted
        told = {visitors.here.marks.everyone} if row.tells_units else set()
        assert not [mark for mark in {*visitors.here.marks.all} - told if mark in answer.text]


@rows
def test_no_address_takes_another_method(visitors: Visitors, row: Row) -> None:
    somebody = None if row.open_to_all else visitors.here.people["own.administrator"]
    for method in {"get", "post", "delete"} - {*row.methods}:
        assert visitors.go(somebody, method, row).outcome == "no such method"
