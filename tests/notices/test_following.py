"""Who is told what, once, whatever the worker goes through."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.urls import reverse

from approvals import actions as approvals
from approvals.actions import StageSpec
from audit.models import Entry, Verification
from audit.sequencer import Sequencer
from directory.models import Person
from notices import actions, queries
from notices.models import Cursor, Notice
from tests.approvals.factories import World as Approving
from tests.factories import NOW, delegate, make_holder, make_person
from tests.workflows.factories import (
    World,
    decide,
    make_task,
    make_world,
    publish_completion_route,
    submitted,
)
from workflows.actions import tasks

pytestmark = pytest.mark.usefixtures("file_db", "committed_db")
Speaking = Callable[[str], AbstractContextManager[None]]


@pytest.fixture
def world() -> World:
    world = make_world()
    publish_completion_route(world)
    return world


def kinds(person: Person) -> set[str]:
    return set(Notice.objects.filter(person=person).values_list("kind", flat=True))


def follow(speaking_as: Speaking) -> None:
    with speaking_as("worker"):
        sequencer = Sequencer()
        while sequencer.advance():  # what earlier tests have committed comes first
            pass
        while actions.follow(at=NOW):
            pass


def test_a_new_task_is_told_to_the_units_that_work_on_it(
    world: World, speaking_as: Speaking
) -> None:
    make_task(world)
    follow(speaking_as)
    assert "task.created" in kinds(world.handler) & kinds(world.principal)
    assert "task.created" in kinds(world.partner_handler)
    assert kinds(world.stranger) == kinds(world.auditor) == set()


def test_who_acted_is_not_told_of_it(world: World, speaking_as: Speaking) -> None:
    task = make_task(world)
    tasks.decline(task_id=task.pk, actor=world.handler, at=NOW, reason="Not ours.")
    follow(speaking_as)
    assert "task.declined" in kinds(world.coordinator)
    assert "task.declined" not in kinds(world.handler)


def test_a_decision_is_asked_of_the_holders_of_the_posts(
    world: World, speaking_as: Speaking
) -> None:
    delegate(world.deputy, world.stranger)
    submitted(world)
    follow(speaking_as)
    assert "work.opened" in kinds(world.deputy)
    assert kinds(world.stranger) == {"work.lent"}
    assert "work.opened" not in kinds(world.coordinator)


def test_a_return_is_told_to_the_submitter(world: World, speaking_as: Speaking) -> None:
    submitted(world)
    decide(world.deputy, "return", "Add the lists.")
    follow(speaking_as)
    assert "approval.returned" in kinds(world.handler)


def test_a_report_that_passed_is_told_to_submitter_and_coordinator(
    world: World, speaking_as: Speaking
) -> None:
    submitted(world)
    decide(world.deputy)
    follow(speaking_as)
    decide(world.coordinator)
    follow(speaking_as)
    assert "approval.passed" in kinds(world.handler)


def test_nothing_is_told_twice_when_the_cursor_was_lost(
    world: World, speaking_as: Speaking
) -> None:
    make_task(world)
    follow(speaking_as)
    before = Notice.objects.filter(organisation=world.organisation).count()
    Cursor.objects.filter(organisation=world.organisation).update(next_index=0)
    follow(speaking_as)
    assert Notice.objects.filter(organisation=world.organisation).count() == before > 0


def test_a_failure_in_a_batch_loses_nothing(
    world: World, speaking_as: Speaking, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_task(world)

    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("the power went")

    with monkeypatch.context() as patched:
        patched.setattr(Cursor, "save", fail)
        with pytest.raises(RuntimeError):
            follow(speaking_as)
    assert kinds(world.handler) == set()
    follow(speaking_as)
    assert "task.created" in kinds(world.handler)


def test_an_entry_that_was_tampered_with_keeps_nobody_from_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    broken = Entry(organisation=uuid4(), subject="task:1", kind="task.created", body=b'{"facts')
    actions._tell_of(broken, "leaf:0", NOW)
    assert str(broken.pk) in caplog.text


def test_whoever_is_asked_beside_the_route_is_told_and_so_is_the_one_who_asked(
    speaking_as: Speaking,
) -> None:
    world = Approving()
    world.route(["Ana"], may=["add_signer", "consult"])
    world.begin()
    ana, eve, fay = (world.people["Ana"], *(make_person(world.organisation) for _ in range(2)))
    beside: dict[str, Any] = {"work_item_id": world.item("Ana").pk, "actor": ana, "at": NOW}
    approvals.add_signer(person=eve, when="parallel", note="She knows.", **beside)
    asked = approvals.consult(person=fay, question="Which quarter?", **beside)
    approvals.give_opinion(work_item_id=asked.pk, opinion="The third.", actor=fay, at=NOW)
    follow(speaking_as)
    assert kinds(eve) == {"work.opened"}
    assert kinds(fay) == set()  # answered before anybody could tell
    assert "approval.opinion" in kinds(ana)


def test_whoever_is_consulted_is_told(speaking_as: Speaking) -> None:
    world = Approving()
    world.route(["Ana"], may=["consult"])
    world.begin()
    fay = make_person(world.organisation)
    approvals.consult(
        work_item_id=world.item("Ana").pk,
        person=fay,
        question="Which quarter?",
        actor=world.people["Ana"],
        at=NOW,
    )
    follow(speaking_as)
    assert kinds(fay) == {"work.advise"}


def test_the_deadline_of_a_stage_is_told_once_when_near_and_once_when_over() -> None:
    world = Approving()
    world.publish(StageSpec("Review", [world.seat("Ana"), world.seat("Ben")], rule="all", due_in=5))
    approval = world.begin()
    world.decide("Ben")
    opening = approval.openings.get()
    for days in (0, 4, 4, 9, 9):
        actions.remind(at=NOW + timedelta(days=days))
    assert kinds(world.people["Ana"]) == {"work.due_soon", "work.overdue"}
    assert Notice.objects.filter(person=world.people["Ana"]).count() == 2
    assert kinds(world.people["Ben"]) == set()
    assert opening.outcome == ""


def test_a_broken_ledger_is_told_to_auditors_and_administrators_once_a_night(
    world: World, speaking_as: Speaking
) -> None:
    administrator = make_holder(world.lead, "administrator", "Ada")
    first_bad = {"code": "tile_missing", "level": 0, "index": 0}

    def found(bad: dict[str, object] | None, at: datetime) -> None:
        Verification.objects.create(
            organisation=world.organisation.pk, at=at, entries=1, first_bad=bad
        )
        with speaking_as("worker"):
            for _round in range(2):
                actions.warn(at=at)

    def told(person: Person) -> list[str]:
        mine = Notice.objects.filter(person=person, kind__startswith="ledger.")
        return list(mine.order_by("at").values_list("kind", flat=True))

    found(None, NOW)
    assert told(world.auditor) == told(administrator) == []
    found(first_bad, NOW + timedelta(days=1))
    found(first_bad, NOW + timedelta(days=2))
    found(None, NOW + timedelta(days=3))
    assert told(world.auditor) == ["ledger.broken"] * 2
    assert told(administrator) == ["ledger.broken_here"] * 2
    assert told(world.handler) == []
    [shown, *_] = queries.worded(queries.of(world.auditor).filter(kind="ledger.broken"))
    assert shown.url == reverse("audit_verification")
    assert world.organisation.name in shown.text
    [shown, *_] = queries.worded(queries.of(administrator).filter(kind="ledger.broken_here"))
    assert shown.url == ""
