"""A task's transitions: who may, what is refused and why, what the ledger says of it."""

from datetime import date, timedelta

import pytest
from django.db import connection

from directory import actions as directory
from directory.models import Post, Unit
from tests.factories import NOW, appoint, delegate, make_holder, make_person, make_post
from tests.workflows.factories import (
    World,
    accepted,
    entries,
    fresh,
    make_measure,
    make_plan,
    make_task,
    make_world,
    newest,
)
from workflows.actions import tasks
from workflows.actions.authority import NotAllowed, ReasonMissing, WrongState
from workflows.actions.tasks import NotOfThisUnit, UnitsDoNotFit, UnknownOutcome
from workflows.models import Assignment, Task

pytestmark = pytest.mark.django_db


def part(task: Task, unit: Unit) -> Assignment:
    return Assignment.objects.get(task=task, unit=unit, ended_at=None)


def put(task: Task, state: str, **fields: object) -> Task:
    """The task in another state, as if its way had led there."""
    Task.objects.filter(pk=task.pk).update(state=state, **fields)
    return fresh(task)


def test_a_new_task_is_assigned_and_its_first_entry_says_to_whom(world: World) -> None:
    task = make_task(world)

    body = newest(task)
    assert body["kind"] == "task.created"
    assert body["facts"]["state"] == {"from": None, "to": "assigned"}
    assert body["facts"]["parts"] == {
        "lead": [str(world.lead.pk)],
        "cooperating": [str(world.partner.pk)],
    }


@pytest.mark.parametrize("who", ["handler", "deputy", "principal"])
def test_the_lead_unit_accepts_and_its_receipt_is_kept(world: World, who: str) -> None:
    task, person = make_task(world), getattr(world, who)

    tasks.accept(
        task_id=task.pk,
        actor=person,
        at=NOW,
        handler_id=world.handler.pk,
        deputy_id=world.deputy.pk,
    )

    receipt = part(task, world.lead)
    assert fresh(task).state == "in_progress"
    assert (receipt.received_at, receipt.received_by) == (NOW, person)
    assert (receipt.handler, receipt.deputy) == (world.handler, world.deputy)
    body = newest(task)
    assert body["kind"] == "task.accepted"
    assert body["facts"]["state"] == {"from": "assigned", "to": "in_progress"}
    assert body["facts"]["handler"] == str(world.handler.pk)
    assert body["capacity"]["unit"] == str(world.lead.pk)


@pytest.mark.parametrize(
    "who", ["partner_handler", "coordinator", "overseer", "auditor", "administrator", "stranger"]
)
def test_nobody_but_the_lead_unit_accepts(world: World, who: str) -> None:
    task = make_task(world)

    with pytest.raises(NotAllowed):
        tasks.accept(task_id=task.pk, actor=getattr(world, who), at=NOW)

    assert fresh(task).state == "assigned"
    assert len(entries(task)) == 1


def test_a_person_of_another_organisation_finds_no_task(world: World) -> None:
    task = make_task(world)

    with pytest.raises(Task.DoesNotExist):
        tasks.accept(task_id=task.pk, actor=make_world().handler, at=NOW)


def test_a_deactivated_person_accepts_nothing(world: World) -> None:
    world.handler.is_active = False

    with pytest.raises(NotAllowed, match="closed"):
        tasks.accept(task_id=make_task(world).pk, actor=world.handler, at=NOW)


def test_whoever_left_the_post_accepts_nothing(world: World) -> None:
    appointment = world.handler.appointments.get()
    directory.dismiss(
        appointment_id=appointment.pk, actor=directory.OPERATOR, at=NOW - timedelta(days=1)
    )

    with pytest.raises(NotAllowed):
        tasks.accept(task_id=make_task(world).pk, actor=world.handler, at=NOW)


def test_a_delegate_accepts_for_the_handler_and_the_ledger_says_so(world: World) -> None:
    task = make_task(world)
    delegate(world.handler, world.stranger)

    tasks.accept(task_id=task.pk, actor=world.stranger, at=NOW)

    assert newest(task)["actor"] == f"person:{world.stranger.pk}"
    assert newest(task)["acting_for"] == f"person:{world.handler.pk}"


def test_an_auditor_who_also_handles_writes_as_a_handler_only(world: World) -> None:
    task = make_task(world)
    with pytest.raises(NotAllowed, match="auditor"):
        tasks.accept(task_id=task.pk, actor=world.auditor, at=NOW)
    appoint(make_post(world.lead, Post.Role.HANDLER), world.auditor)

    tasks.accept(task_id=task.pk, actor=world.auditor, at=NOW)

    assert newest(task)["capacity"]["unit"] == str(world.lead.pk)


def test_a_second_acceptance_is_refused(world: World) -> None:
    task = accepted(world)

    with pytest.raises(WrongState, match="in progress"):
        tasks.accept(task_id=task.pk, actor=world.deputy, at=NOW)

    assert len(entries(task)) == 2


def test_only_people_of_the_unit_can_be_named(world: World) -> None:
    task = make_task(world)

    with pytest.raises(NotOfThisUnit):
        tasks.accept(
            task_id=task.pk, actor=world.handler, at=NOW, deputy_id=world.partner_deputy.pk
        )

    assert fresh(task).state == "assigned"


def test_a_named_reviewer_of_the_unit_may_work_on_the_task(world: World) -> None:
    task, named = accepted(world), make_holder(world.lead, Post.Role.REVIEWER)
    with pytest.raises(NotAllowed):
        tasks.name_handlers(
            task_id=task.pk,
            unit_id=world.lead.pk,
            handler_id=None,
            deputy_id=None,
            actor=named,
            at=NOW,
        )
    tasks.name_handlers(
        task_id=task.pk,
        unit_id=world.lead.pk,
        handler_id=named.pk,
        deputy_id=world.deputy.pk,
        actor=world.principal,
        at=NOW,
    )

    tasks.name_handlers(
        task_id=task.pk,
        unit_id=world.lead.pk,
        handler_id=named.pk,
        deputy_id=None,
        actor=named,
        at=NOW,
    )

    assert part(task, world.lead).deputy is None
    assert newest(task)["kind"] == "task.handlers_named"


def test_a_cooperating_unit_receives_for_itself_and_twice_is_once(world: World) -> None:
    task = make_task(world, cooperating=[world.partner, world.second])

    for _ in range(2):
        tasks.receive(
            task_id=task.pk, unit_id=world.partner.pk, actor=world.partner_handler, at=NOW
        )

    assert part(task, world.partner).received_by == world.partner_handler
    assert part(task, world.second).received_at is None
    assert fresh(task).state == "assigned"
    assert [entry.kind for entry in entries(task)] == ["task.created", "task.received"]


def test_a_unit_receives_for_no_other_unit(world: World) -> None:
    task = make_task(world, cooperating=[world.partner, world.second])

    with pytest.raises(NotAllowed):
        tasks.receive(task_id=task.pk, unit_id=world.second.pk, actor=world.partner_handler, at=NOW)


def test_a_declined_task_stays_assigned_and_the_coordinator_insists(world: World) -> None:
    task = make_task(world)

    tasks.decline(task_id=task.pk, actor=world.principal, at=NOW, reason="Not our field.")
    assert fresh(task).state == "assigned"
    assert part(task, world.lead).declined_at == NOW
    assert set(newest(task)["facts"]["reason"]) == {"commitment"}

    tasks.insist(task_id=task.pk, actor=world.coordinator, at=NOW, reason="It is.")
    assert part(task, world.lead).declined_at is None
    assert newest(task)["kind"] == "task.insisted"


@pytest.mark.parametrize("reason", ["", "   "])
def test_what_needs_a_reason_is_refused_without_one(world: World, reason: str) -> None:
    task = make_task(world)

    with pytest.raises(ReasonMissing):
        tasks.decline(task_id=task.pk, actor=world.handler, at=NOW, reason=reason)
    with pytest.raises(ReasonMissing):
        tasks.insist(task_id=task.pk, actor=world.coordinator, at=NOW, reason=reason)
    with pytest.raises(ReasonMissing):
        tasks.cancel(task_id=task.pk, actor=world.coordinator, at=NOW, reason=reason)

    assert len(entries(task)) == 1


def test_the_coordinator_closes_a_reviewed_task(world: World) -> None:
    task = put(accepted(world), "reviewed")

    tasks.close(task_id=task.pk, actor=world.coordinator, at=NOW, outcome="verified")

    closed = fresh(task)
    assert (closed.state, closed.outcome, closed.closed_at) == ("closed", "verified", NOW)
    assert newest(task)["facts"]["outcome"] == "verified"


def test_a_task_that_was_not_achieved_is_closed_with_a_reason_only(world: World) -> None:
    task = put(accepted(world), "reviewed")

    with pytest.raises(ReasonMissing):
        tasks.close(task_id=task.pk, actor=world.coordinator, at=NOW, outcome="not_achieved")
    with pytest.raises(UnknownOutcome):
        tasks.close(task_id=task.pk, actor=world.coordinator, at=NOW, outcome="fine")

    assert fresh(task).state == "reviewed"


@pytest.mark.parametrize("state", ["assigned", "in_progress", "submitted", "cancelled"])
def test_only_a_reviewed_task_is_closed(world: World, state: str) -> None:
    task = put(make_task(world), state)

    with pytest.raises(WrongState):
        tasks.close(task_id=task.pk, actor=world.coordinator, at=NOW, outcome="verified")


@pytest.mark.parametrize("who", ["handler", "principal", "overseer", "auditor", "administrator"])
def test_nobody_but_the_coordinator_closes(world: World, who: str) -> None:
    task = put(accepted(world), "reviewed")

    with pytest.raises(NotAllowed):
        tasks.close(task_id=task.pk, actor=getattr(world, who), at=NOW, outcome="verified")


def test_where_the_coordinating_unit_leads_another_office_closes(world: World) -> None:
    task = put(make_task(world, lead=world.office), "reviewed")

    with pytest.raises(NotAllowed):
        tasks.close(task_id=task.pk, actor=world.coordinator, at=NOW, outcome="verified")
    tasks.close(task_id=task.pk, actor=world.overseer, at=NOW, outcome="verified")

    assert fresh(task).state == "closed"


def test_without_another_office_such_a_task_is_closed_by_nobody(world: World) -> None:
    plan = make_plan(world.office, None, world.coordinator)
    task = make_task(world, plan=plan, measure=make_measure(plan), lead=world.office)
    put(task, "reviewed")

    with pytest.raises(NotAllowed, match="names none"):
        tasks.close(task_id=task.pk, actor=world.coordinator, at=NOW, outcome="verified")


def test_a_closed_task_is_closed_once(world: World) -> None:
    task = put(accepted(world), "reviewed")
    tasks.close(task_id=task.pk, actor=world.coordinator, at=NOW, outcome="verified")

    with pytest.raises(WrongState, match="closed already"):
        tasks.close(task_id=task.pk, actor=world.coordinator, at=NOW, outcome="superseded")

    assert fresh(task).outcome == "verified"


def test_a_closed_task_is_reopened_with_a_reason_and_keeps_its_past(world: World) -> None:
    task = put(accepted(world), "reviewed")
    tasks.close(task_id=task.pk, actor=world.coordinator, at=NOW, outcome="verified")
    before = len(entries(task))

    tasks.reopen(task_id=task.pk, actor=world.coordinator, at=NOW, reason="New findings.")

    reopened = fresh(task)
    assert (reopened.state, reopened.outcome, reopened.closed_at) == ("in_progress", "", None)
    assert len(entries(task)) == before + 1
    assert newest(task)["facts"]["outcome"] == "verified"


def test_reassigning_ends_the_old_parts_and_keeps_the_receipt_of_who_stays(world: World) -> None:
    task = accepted(world)
    tasks.receive(task_id=task.pk, unit_id=world.partner.pk, actor=world.partner_handler, at=NOW)

    tasks.reassign(
        task_id=task.pk,
        lead_id=world.second.pk,
        cooperating_ids=[world.partner.pk, world.lead.pk],
        reason="It belongs there.",
        actor=world.coordinator,
        at=NOW,
    )

    assert fresh(task).state == "assigned"
    assert part(task, world.second).role == "lead"
    assert part(task, world.partner).received_at == NOW
    assert part(task, world.lead).received_at is None
    assert Assignment.objects.filter(task=task, ended_at=NOW).count() == 1
    with pytest.raises(NotAllowed):
        tasks.accept(task_id=task.pk, actor=world.handler, at=NOW)


def test_units_that_do_not_fit_are_refused(world: World) -> None:
    task, elsewhere = make_task(world), make_world()

    for lead, others in [
        (world.lead, [world.lead]),
        (elsewhere.lead, []),
        (world.lead, [elsewhere.partner]),
    ]:
        with pytest.raises(UnitsDoNotFit):
            tasks.reassign(
                task_id=task.pk,
                lead_id=lead.pk,
                cooperating_ids=[one.pk for one in others],
                reason="Trying.",
                actor=world.coordinator,
                at=NOW,
            )

    assert part(task, world.lead).ended_at is None


def test_the_coordinator_moves_the_deadline_with_a_reason(world: World) -> None:
    task = accepted(world)

    tasks.set_due_date(
        task_id=task.pk,
        due_date=date(2026, 12, 31),
        reason="Floods.",
        actor=world.coordinator,
        at=NOW,
    )

    assert fresh(task).due_date == date(2026, 12, 31)
    assert newest(task)["facts"]["due_date"] == {"from": "2026-11-30", "to": "2026-12-31"}


def test_visible_tasks_follow_parts_plans_and_audit(world: World) -> None:
    task = make_task(world)
    sees = [
        world.handler,
        world.partner_deputy,
        world.coordinator,
        world.overseer,
        world.auditor,
    ]
    blind = [
        world.stranger,
        world.second_handler,
        world.administrator,
        make_world().auditor,
        make_person(world.organisation),
    ]

    assert all(Task.objects.for_user(one).filter(pk=task.pk).exists() for one in sees)
    assert not any(Task.objects.for_user(one).filter(pk=task.pk).exists() for one in blind)


def test_the_tables_and_the_state_machine_agree() -> None:
    """A state that the machine knows and the constraint doesn't would fail in production."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s",
            ["task_state_known"],
        )
        definition = cursor.fetchone()[0]
    assert all(f"'{state}'" in definition for state in Task.State.values)
