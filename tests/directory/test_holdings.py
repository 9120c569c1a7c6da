"""Who may act in which post."""

from datetime import datetime, timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from directory import actions, queries
from directory.actions import OPERATOR
from directory.models import Person, Post
from tests.factories import (
    NOW,
    appoint,
    delegate,
    make_holder,
    make_organisation,
    make_person,
    make_post,
    make_unit,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def posts(person: Person, at: datetime = NOW) -> list[tuple[Post, Person | None]]:
    return [(held.post, held.acting_for) for held in queries.holdings(person, at)]


def test_a_holder_holds_the_post_from_its_beginning_until_its_end() -> None:
    unit = make_unit(make_organisation())
    person, post = make_person(unit.organisation), make_post(unit, "handler")
    appoint(post, person, starts_at=NOW, ends_at=NOW + DAY)

    assert posts(person, NOW - DAY) == []
    assert posts(person, NOW) == [(post, None)]
    assert posts(person, NOW + DAY) == []


def test_a_delegate_acts_for_the_principal_in_the_posts_given_and_for_their_time() -> None:
    unit = make_unit(make_organisation())
    first, second = make_post(unit, "principal"), make_post(unit, "reviewer")
    principal, deputy = make_person(unit.organisation), make_person(unit.organisation)
    appoint(first, principal)
    appoint(second, principal)
    delegate(principal, deputy, post=first, ends_at=NOW + DAY)

    assert posts(deputy) == [(first, principal)]
    assert posts(deputy, NOW + DAY) == []
    assert {post for post, _ in posts(principal)} == {first, second}


def test_a_delegation_of_everything_covers_every_post() -> None:
    unit = make_unit(make_organisation())
    principal, other = make_holder(unit, "principal"), make_holder(unit, "handler")
    appoint(extra := make_post(unit, "reviewer"), principal)
    delegate(principal, other)

    assert (extra, principal) in posts(other)
    assert len(posts(other)) == 3


def test_delegations_make_no_chains() -> None:
    unit = make_unit(make_organisation())
    first, second, third = (make_holder(unit, "deputy") for _ in range(3))
    delegate(first, second)
    delegate(second, third)

    assert {acting_for for _, acting_for in posts(third)} == {None, second}


def test_nobody_acts_for_somebody_who_was_deactivated() -> None:
    unit = make_unit(make_organisation())
    principal, other = make_holder(unit, "principal"), make_holder(unit, "handler")
    delegate(principal, other)
    actions.deactivate_person(person_id=principal.pk, actor=OPERATOR, at=NOW)

    assert [acting_for for _, acting_for in posts(other)] == [None]
    assert posts(principal, NOW + DAY) == []


def test_a_vacant_post_has_no_holder() -> None:
    unit = make_unit(make_organisation())
    person = make_person(unit.organisation)
    held, vacant = make_post(unit, "handler"), make_post(unit, "deputy")
    appoint(held, person)

    assert queries.holder(held, NOW) == person
    assert queries.holder(vacant, NOW) is None
    assert queries.holders([held, vacant], NOW) == {held.pk: person}


def test_holdings_take_two_queries(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    person = make_holder(make_unit(make_organisation()), "handler")

    with django_assert_num_queries(2):
        assert queries.holdings(person, NOW)[0].capacity["unit_name"]
