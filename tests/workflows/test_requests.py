"""Extension and reopening: asked for, decided along a route, and what the ledger says of it."""

import copy
import json
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from approvals import actions as approvals
from approvals import subjects
from approvals.models import Approval, SignOff, WorkItem
from approvals.queries import review, seen_digest
from approvals.routes import wording
from directory.actions import OPERATOR
from directory.models import Person
from tests.factories import LONG_AGO, NOW, delegate, make_holder
from tests.workflows.factories import (
    World,
    accepted,
    decide,
    entries,
    fresh,
    make_task,
    newest,
    publish_completion_route,
    submitted,
)
from workflows.actions import requests, tasks
from workflows.actions.authority import NotAllowed, ReasonMissing, WrongState
from workflows.actions.requests import NoDeadline, NotLater
from workflows.models import Task, TaskRequest

pytestmark = pytest.mark.django_db

DUE, LATER, LATEST = date(2026, 11, 30), date(2026, 12, 31), date(2027, 1, 31)
EXTENSION, REOPENING = TaskRequest.Kind.EXTENSION, TaskRequest.Kind.REOPENING


@pytest.fixture
def unrouted(made: tuple[World, object], db: None) -> World:
    """Nobody has published a route for requests."""
    return copy.deepcopy(made[0])


@pytest.fixture
def world(world: World) -> World:
    publish_routes(world)
    return world


def publish_routes(world: World) -> None:
    """One for reports, one for extensions in two stages, one for reopening in one."""
    publish_completion_route(world)
    publish(world, EXTENSION, [("post_of_lead", "principal"), ("post_of_reviewing", "coordinator")])
    publish(world, REOPENING, [("post_of_reviewing", "coordinator")])


def publish(world: World, kind: str, stages: Sequence[tuple[str, str]]) -> None:
    approvals.publish_route(
        organisation=world.organisation,
        name=f"Route for {kind}",
        subject_kind=kind,
        stages=[
            approvals.StageSpec(f"Stage of {role}", [{"select": select, "role": role}])
            for select, role in stages
        ],
        actor=OPERATOR,
        at=LONG_AGO,
    )


def extend(
    world: World, task: Task, due_date: date = LATER, reason: str = "Snow.", **who: Any
) -> TaskRequest:
    given: dict[str, Any] = {"actor": world.handler, "at": NOW} | who
    return requests.ask_extension(task_id=task.pk, due_date=due_date, reason=reason, **given)


def reviewed(world: World, **changes: Any) -> Task:
    task = accepted(world, **changes)
    submitted(world, task)
    decide(world.deputy)
    decide(world.coordinator)
    return fresh(task)


def closed(world: World, **changes: Any) -> Task:
    task = reviewed(world, **changes)
    return tasks.close(task_id=task.pk, actor=world.coordinator, at=NOW, outcome="verified")


def reopen(world: World, task: Task, **who: Any) -> TaskRequest:
    given: dict[str, Any] = {"actor": world.handler, "at": NOW} | who
    return requests.ask_reopening(task_id=task.pk, reason="A village is missing.", **given)


def approval(task: Task, kind: str) -> Approval:
    mine = Approval.objects.filter(subject_id=task.pk, subject_kind=kind)
    newest: Approval = mine.latest("opened_at")
    return newest


def test_an_extension_moves_the_due_date_when_its_route_is_through(world: World) -> None:
    task = accepted(world)
    extend(world, task)
    decide(world.principal)
    assert fresh(task).due_date == DUE

    decide(world.coordinator)

    assert fresh(task).due_date == LATER
    assert approval(task, EXTENSION).state == "passed"
    body = newest(task)
    assert body["kind"] == "approval.signed_off"
    assert body["facts"]["due_date"] == {"from": "2026-11-30", "to": "2026-12-31"}


def test_a_task_is_reopened_when_the_route_for_it_is_through(world: World) -> None:
    task = closed(world)
    reopen(world, task)

    decide(world.coordinator)

    again = fresh(task)
    assert (again.state, again.outcome, again.closed_at) == ("in_progress", "", None)
    body = newest(task)
    assert body["facts"]["state"] == {"from": "closed", "to": "in_progress"}
    assert body["facts"]["outcome"] == "verified"


def test_a_request_freezes_what_is_asked_and_commits_to_its_reason(world: World) -> None:
    task = accepted(world)

    request = extend(world, task)

    body = newest(task)
    assert body["kind"] == "extension.requested"
    assert body["facts"]["request"] == {
        "id": str(request.pk),
        "kind": "task_extension",
        "number": 1,
        "previous_due_date": "2026-11-30",
        "due_date": "2026-12-31",
    }
    assert body["facts"]["reason"]["commitment"] == bytes(request.reason).hex()
    assert body["facts"]["document"]["digest"] == bytes(request.digest).hex()
    assert body["capacity"]["unit"] == str(world.lead.pk)


@pytest.mark.parametrize("who", ["handler", "deputy", "principal"])
def test_whoever_may_submit_for_the_lead_unit_may_ask_for_an_extension(
    world: World, who: str
) -> None:
    task = accepted(world)
    assert extend(world, task, actor=getattr(world, who)).number == 1


@pytest.mark.parametrize(
    "who", ["partner_handler", "coordinator", "overseer", "auditor", "administrator", "stranger"]
)
def test_nobody_else_asks_for_an_extension(world: World, who: str) -> None:
    task = accepted(world)

    with pytest.raises(NotAllowed):
        extend(world, task, actor=getattr(world, who))

    assert not TaskRequest.objects.filter(task=task).exists()


@pytest.mark.parametrize("day", [DUE, DUE - timedelta(days=1)])
def test_an_extension_has_to_be_later_than_the_due_date(world: World, day: date) -> None:
    with pytest.raises(NotLater, match="30 Nov 2026"):
        extend(world, accepted(world), day)


def test_an_extension_of_what_is_overdue_ends_in_days_to_come(world: World) -> None:
    task = accepted(world, due_date=NOW.date() - timedelta(days=9))

    with pytest.raises(NotLater):
        extend(world, task, NOW.date() - timedelta(days=2))


def test_a_task_without_a_due_date_has_nothing_to_extend(world: World) -> None:
    with pytest.raises(NoDeadline):
        extend(world, accepted(world, due_date=None))


def test_an_extension_needs_a_reason(world: World) -> None:
    with pytest.raises(ReasonMissing):
        extend(world, accepted(world), reason="  ")


def test_an_extension_waits_until_the_task_is_accepted(world: World) -> None:
    with pytest.raises(WrongState, match="not accepted"):
        extend(world, make_task(world))


def test_nothing_that_is_over_is_extended(world: World) -> None:
    with pytest.raises(WrongState, match="closed"):
        extend(world, closed(world))


def test_there_is_no_second_extension_while_one_is_being_decided(world: World) -> None:
    task = accepted(world)
    extend(world, task)

    with pytest.raises(WrongState, match="under approval"):
        extend(world, task, LATEST)


def test_without_a_route_for_extensions_the_coordinator_is_named(unrouted: World) -> None:
    with pytest.raises(NotAllowed, match="coordinator moves the due date"):
        extend(unrouted, accepted(unrouted))


def test_without_a_route_for_reopening_the_coordinator_reopens(unrouted: World) -> None:
    publish_completion_route(unrouted)
    task = closed(unrouted)
    with pytest.raises(NotAllowed, match="coordinator reopens"):
        reopen(unrouted, task)

    tasks.reopen(task_id=task.pk, actor=unrouted.coordinator, at=NOW, reason="Look again.")

    assert fresh(task).state == "in_progress"


def test_who_asked_decides_nothing_nor_does_their_delegate(world: World) -> None:
    task = accepted(world)
    extend(world, task, actor=world.principal)
    delegate(world.principal, world.partner_deputy)

    for person in (world.principal, world.partner_deputy):
        with pytest.raises(approvals.OwnWork):
            decide_on(task, EXTENSION, person)


def test_a_returned_request_is_put_forward_again_in_a_new_round(world: World) -> None:
    task = accepted(world)
    extend(world, task, LATEST)
    decide(world.principal, "return", "A month will do.")
    assert (fresh(task).due_date, approval(task, EXTENSION).state) == (DUE, "with_submitter")

    again = extend(world, task, LATER)

    assert (again.number, approval(task, EXTENSION).rounds.count()) == (2, 2)
    decide(world.principal)
    decide(world.coordinator)
    assert fresh(task).due_date == LATER


def test_who_asked_first_does_not_decide_when_a_colleague_asks_again(world: World) -> None:
    task, second = closed(world), make_holder(world.office, "coordinator")
    reopen(world, task, actor=world.coordinator)
    decide(second, "return", "Why?")

    reopen(world, task)

    with pytest.raises(approvals.OwnWork):
        decide(world.coordinator)


def test_the_asker_takes_the_request_back_before_anybody_decides(world: World) -> None:
    task = accepted(world)
    extend(world, task)

    requests.withdraw_extension(task_id=task.pk, actor=world.handler, at=NOW)

    assert approval(task, EXTENSION).state == "withdrawn"
    assert newest(task)["kind"] == "extension.withdrawn"
    assert extend(world, task).number == 2


def test_a_colleague_does_not_take_it_back(world: World) -> None:
    task = accepted(world)
    extend(world, task)

    with pytest.raises(NotAllowed, match="person who asked"):
        requests.withdraw_extension(task_id=task.pk, actor=world.deputy, at=NOW)


def test_nobody_takes_back_what_somebody_has_decided_on(world: World) -> None:
    task = accepted(world)
    extend(world, task)
    decide(world.principal)

    with pytest.raises(WrongState, match="decided"):
        requests.withdraw_extension(task_id=task.pk, actor=world.handler, at=NOW)


def test_a_request_that_came_back_can_be_dropped(world: World) -> None:
    task = accepted(world)
    extend(world, task)
    decide(world.principal, "return", "No.")

    requests.withdraw_extension(task_id=task.pk, actor=world.deputy, at=NOW)

    assert approval(task, EXTENSION).state == "cancelled"
    assert newest(task)["kind"] == "extension.withdrawn"


def test_what_nobody_asks_for_cannot_be_taken_back(world: World) -> None:
    with pytest.raises(WrongState):
        requests.withdraw_extension(task_id=accepted(world).pk, actor=world.handler, at=NOW)


def cancel(world: World, task: Task) -> None:
    tasks.cancel(task_id=task.pk, actor=world.coordinator, at=NOW, reason="Merged.")


def set_due_date(world: World, task: Task) -> None:
    tasks.set_due_date(
        task_id=task.pk, due_date=LATEST, actor=world.coordinator, at=NOW, reason="Plan."
    )


def reassign(world: World, task: Task) -> None:
    tasks.reassign(
        task_id=task.pk,
        lead_id=world.second.pk,
        cooperating_ids=[],
        actor=world.coordinator,
        at=NOW,
        reason="Theirs.",
    )


@pytest.mark.parametrize("act", [cancel, set_due_date, reassign])
def test_a_request_ends_with_what_it_was_about(
    world: World, act: Callable[[World, Task], None]
) -> None:
    task = accepted(world)
    extend(world, task)

    act(world, task)

    assert approval(task, EXTENSION).state == "cancelled"
    assert not WorkItem.objects.filter(approval__subject_id=task.pk, state="open").exists()
    assert "extension.ended" in [entry.kind for entry in entries(task)]


def test_a_cancelled_task_ends_report_and_extension_alike(world: World) -> None:
    task = accepted(world)
    submitted(world, task)
    extend(world, task)

    cancel(world, task)

    assert approval(task, EXTENSION).state == "cancelled"
    assert approval(task, "task_completion").state == "cancelled"


def test_an_extension_passes_while_the_report_is_under_approval(world: World) -> None:
    task = accepted(world)
    submitted(world, task)
    extend(world, task)

    decide_on(task, EXTENSION, world.principal)
    decide_on(task, EXTENSION, world.coordinator)

    assert (fresh(task).state, fresh(task).due_date) == ("submitted", LATER)


@pytest.mark.parametrize("who", ["handler", "coordinator", "second_handler"])
def test_lead_coordinator_and_assessor_ask_for_a_reopening(world: World, who: str) -> None:
    task = closed(world, assessors=[world.second])
    assert reopen(world, task, actor=getattr(world, who)).kind == REOPENING


@pytest.mark.parametrize("who", ["partner_handler", "auditor", "administrator", "stranger"])
def test_nobody_else_asks_for_a_reopening(world: World, who: str) -> None:
    with pytest.raises(NotAllowed):
        reopen(world, closed(world), actor=getattr(world, who))


def test_what_is_in_progress_is_not_reopened(world: World) -> None:
    with pytest.raises(WrongState, match="in progress"):
        reopen(world, accepted(world))


def test_where_a_route_is_in_force_nobody_reopens_alone(world: World) -> None:
    task = closed(world)

    with pytest.raises(NotAllowed, match="approval"):
        tasks.reopen(task_id=task.pk, actor=world.coordinator, at=NOW, reason="Look again.")

    assert fresh(task).state == "closed"


def test_a_coordinator_who_asks_for_the_reopening_does_not_decide_on_it(world: World) -> None:
    task = closed(world)
    reopen(world, task, actor=world.coordinator)

    with pytest.raises(approvals.OwnWork):
        decide_on(task, REOPENING, world.coordinator)


def test_a_reopening_that_is_returned_leaves_the_task_closed(world: World) -> None:
    task = closed(world)
    reopen(world, task)

    decide(world.coordinator, "return", "It is in the annex.")

    assert (fresh(task).state, fresh(task).outcome) == ("closed", "verified")
    requests.withdraw_reopening(task_id=task.pk, actor=world.handler, at=NOW)
    assert newest(task)["kind"] == "reopening.withdrawn"


def test_a_task_closed_meanwhile_is_looked_at_again_before_it_is_reopened(world: World) -> None:
    task = reviewed(world)
    reopen(world, task)
    item = item_of(task, REOPENING)
    shown = seen_digest(item)
    tasks.close(task_id=task.pk, actor=world.coordinator, at=NOW, outcome="verified")

    with pytest.raises(approvals.ContentChanged):
        decide_on(task, REOPENING, world.coordinator, shown)
    decide_on(task, REOPENING, world.coordinator)

    assert fresh(task).state == "in_progress"


def test_a_signature_names_the_extension_and_not_the_task_alone(world: World) -> None:
    task = accepted(world)
    extend(world, task)
    shown = review(item_of(task, EXTENSION), world.principal, NOW)
    assert f"I approve “Extension: {task.title}”" in shown.sentence

    decided = decide(world.principal)

    statement = SignOff.objects.get(pk=decided.sign_off_id).statement
    assert json.loads(bytes(statement))["meaning"]["text"] == shown.sentence


def item_of(task: Task, kind: str) -> WorkItem:
    """The one open seat of the request."""
    seats = WorkItem.objects.filter(approval__subject_id=task.pk, approval__subject_kind=kind)
    item: WorkItem = seats.get(state="open")
    return item


def decide_on(
    task: Task, kind: str, person: Person, shown: bytes = b"", item: WorkItem | None = None
) -> approvals.Decided:
    """Approve the request as the page showed it, or as it is now."""
    item = item or item_of(task, kind)
    return approvals.decide(
        work_item_id=item.pk,
        actor=person,
        decision="approve",
        seen_digest=shown or seen_digest(item),
        idempotency_key=uuid4(),
        at=NOW,
    )


def test_every_kind_of_subject_has_a_name_and_a_record() -> None:
    kinds = [kind for kind in subjects.kinds() if not kind.startswith("test_")]
    assert {"task_completion", "plan_issue", EXTENSION, REOPENING, "route_publication"} <= {*kinds}
    assert set(kinds) <= wording.KINDS.keys()
    assert all(isinstance(subjects.get(kind), subjects.Readable) for kind in kinds)
