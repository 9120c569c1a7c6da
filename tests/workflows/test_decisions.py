"""A person's own decisions: which are listed, what became of each, and in which figures."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from approvals import actions as approvals
from approvals.models import SignOff
from approvals.queries import seen_digest
from approvals.queries.mine import Wanted
from directory.models import Person
from tests.factories import NOW, delegate
from tests.workflows.factories import (
    World,
    accepted,
    decide,
    make_measure,
    publish_completion_route,
    submitted,
)
from tests.workflows.test_reviewing import publish, seat
from workflows.decision_pages import Decisions, decisions

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(world: World) -> World:
    publish_completion_route(world)
    return world


def mine(person: Person, **wanted: object) -> Decisions:
    return decisions(person, Wanted(**wanted), None)  # type: ignore[arg-type]


def fates(person: Person) -> list[str]:
    return [row.fate for row in mine(person).rows]


def test_a_decision_says_what_became_of_it_as_the_approval_goes_on(world: World) -> None:
    task = accepted(world)
    submitted(world, task)
    decide(world.deputy)
    assert fates(world.deputy) == ["now at “Review”"]

    decide(world.coordinator, "return", "Add the figures.")
    assert fates(world.deputy) == fates(world.coordinator) == ["went back to the submitter"]

    submitted(world, task, "Four terms held, 312 people.")
    decide(world.deputy)
    decide(world.coordinator)
    assert fates(world.deputy) == ["approved in the end"] * 2
    assert [row.stage for row in mine(world.deputy).rows] == ["Own unit, round 2", "Own unit"]


def test_what_was_taken_back_stays_in_the_list_and_says_so(world: World) -> None:
    publish(world)
    submitted(world)
    decide(world.deputy)
    signed = SignOff.objects.get(person=world.deputy)
    assert fates(world.deputy) == ["others are still asked at this stage"]
    approvals.revoke(
        sign_off_id=signed.pk, reason="I read the wrong version.", actor=world.deputy, at=NOW
    )
    assert fates(world.deputy) == ["you took it back"]


def test_the_list_is_narrowed_by_decision_subject_and_period(world: World) -> None:
    task = accepted(world)
    submitted(world, task)
    decide(world.deputy)
    submitted(world, accepted(world, measure=make_measure(world.plan, 15)))
    decide(world.deputy, "return", "Add the figures.")
    day = timezone.localdate(NOW)
    assert mine(world.deputy).total == 2
    assert [row.signed.decision for row in mine(world.deputy, decision="return").rows] == ["return"]
    assert mine(world.deputy, kind="plan_issue").total == 0
    assert mine(world.deputy, since=day, until=day).total == 2
    assert mine(world.deputy, until=day - timedelta(days=1)).total == 0
    figures = mine(world.deputy)
    assert dict(figures.counts) == {"approve": 1, "return": 1, "abstain": 0}
    assert figures.usual == "less than an hour"


def test_a_delegate_finds_what_they_decided_for_somebody_and_nobody_else_does(
    world: World,
) -> None:
    delegate(world.deputy, world.stranger)
    task = accepted(world)
    submitted(world, task)
    item = seat(task, world.deputy)
    approvals.decide(
        work_item_id=item.pk,
        actor=world.stranger,
        decision="approve",
        seen_digest=seen_digest(item),
        idempotency_key=uuid4(),
        at=NOW,
    )
    [row] = mine(world.stranger).rows
    assert row.signed.acting_for == world.deputy
    assert mine(world.deputy).total == 0


def test_the_page_passes_over_a_filter_that_makes_no_sense(world: World, client: Client) -> None:
    submitted(world)
    decide(world.deputy)
    client.force_login(world.deputy)
    for query in ("", "?decision=maybe", "?since=0001-01-01", "?until=x&page=99&kind=moon"):
        page = client.get(f"/decisions/{query}").content.decode()
        assert "now at “Review”" in page
    assert "No decision fits" in client.get("/decisions/?since=2030-01-01").content.decode()
