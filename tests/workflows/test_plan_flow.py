"""viewflow's traps, and how the plan process keeps out of them."""

import threading
from collections.abc import Iterator

import pytest
from django.core.checks import Error
from django.db import connections, transaction
from viewflow import this
from viewflow.workflow import flow
from viewflow.workflow.lock import no_lock
from viewflow.workflow.models import Process, Task
from viewflow.workflow.status import PROCESS, STATUS

from tests.factories import NOW, make_holder, make_organisation, make_unit
from workflows import checks, flows
from workflows.flows import PlanFlow, Step
from workflows.models import Plan

FROZEN = {
    "start",
    "draft",
    "cooperation",
    "countersign",
    "countersigned",
    "approve_issuing",
    "approved",
    "revise",
    "issue",
    "receipts",
    "in_force",
    "end",
}
"""Written into every process since the first release: add to them, never rename or drop one."""


def make_plan(node: str = "receipts") -> Plan:
    """A plan whose process waits at `node`, put there directly."""
    organisation = make_organisation()
    unit = make_unit(organisation)
    plan = Plan.objects.create(
        organisation=organisation,
        title="Safe crossings",
        coordinator=unit,
        process=flows.begin(),
        created_by=make_holder(unit, "coordinator"),
        created_at=NOW,
    )
    Task.objects.filter(process=plan.process_id, status=STATUS.NEW).update(
        flow_task=getattr(PlanFlow, node)
    )
    return plan


def step(plan: Plan) -> Step:
    return Step(plan, "worker", NOW)


def test_no_released_node_was_renamed() -> None:
    assert {node.name for node in PlanFlow.instance.nodes()} >= FROZEN


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(FROZEN))
def test_every_stored_node_name_leads_back_to_its_node(name: str) -> None:
    plan = make_plan()
    stored = f"workflows/flows.PlanFlow.{name}"
    Task.objects.filter(process=plan.process_id).update(flow_task=stored)

    node = Task.objects.filter(process=plan.process_id).values_list("flow_task", flat=True)[0]

    assert node is PlanFlow.instance.node(name, no_obsolete=True)
    assert node is not None


@pytest.mark.django_db
def test_a_plan_goes_from_step_to_step() -> None:
    plan = make_plan("issue")

    assert flows.move(step(plan), "issue") == "receipts"
    assert flows.move(step(plan), "receipts") == "in_force"
    assert flows.move(step(plan), "in_force") == "completed"
    assert Process.objects.get(pk=plan.process_id).status == PROCESS.DONE


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("outcome", "after"), [("passed", "issue"), ("returned", "revise"), ("withdrawn", "revise")]
)
def test_the_outcome_of_the_route_decides_where_the_plan_goes(outcome: str, after: str) -> None:
    plan = make_plan("approve_issuing")

    moved = step(plan)
    flows.move(moved, "approve_issuing", outcome=outcome)

    assert flows.where(plan) == after
    assert moved.facts["step"] == {"from": "approve_issuing", "to": after}


@pytest.mark.django_db
def test_a_plan_that_is_elsewhere_does_not_move() -> None:
    plan = make_plan("receipts")

    with pytest.raises(flows.PlanIsElsewhere):
        flows.move(step(plan), "issue")

    assert flows.where(plan) == "receipts"


@pytest.mark.django_db
@pytest.mark.parametrize("status", [PROCESS.DONE, PROCESS.CANCELED])
def test_what_has_ended_is_not_cancelled(status: str) -> None:
    plan = make_plan()
    Process.objects.filter(pk=plan.process_id).update(status=status)

    with pytest.raises(flows.PlanIsOver):
        flows.cancel(step(plan))

    assert Process.objects.get(pk=plan.process_id).status == status


@pytest.mark.django_db
def test_cancelling_leaves_nothing_waiting() -> None:
    plan = make_plan("receipts")

    flows.cancel(step(plan))

    assert flows.where(plan) == "cancelled"
    assert not Task.objects.filter(process=plan.process_id, status=STATUS.NEW).exists()


@pytest.mark.races
def test_eight_who_finish_a_step_at_once_move_the_plan_once(committed_db: None) -> None:
    plan = make_plan("receipts")
    start, results = threading.Barrier(8), []

    def finish() -> None:
        # Without the action's own lock: the flow's must be enough.
        try:
            with transaction.atomic():
                start.wait(20)
                results.append(flows.move(step(plan), "receipts"))
        except flows.PlanIsElsewhere:
            results.append("too late")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=finish) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(results) == ["in_force"] + ["too late"] * 7, results
    active = Task.objects.filter(process=plan.process_id, status=STATUS.NEW)
    assert [node.name for node in active.values_list("flow_task", flat=True)] == ["in_force"]


@pytest.fixture
def careless_flow() -> Iterator[type[flow.Flow]]:
    """A flow of this room that joins branches without a lock."""

    class CarelessFlow(flow.Flow):  # type: ignore[misc]
        __module__ = "workflows.careless"
        lock_impl = no_lock
        start = flow.StartHandle().Next(this.split)
        split = flow.Split().Next(this.one).Next(this.other)
        one = flow.Handle().Next(this.join)
        other = flow.Handle().Next(this.join)
        join = flow.Join().Next(this.end)
        end = flow.End()

    yield CarelessFlow
    CarelessFlow.lock_impl = flows.PlanRowLock()


def test_a_join_without_a_lock_is_an_error(careless_flow: type[flow.Flow]) -> None:
    found = checks.unsafe_joins_are_errors()

    assert [type(error) for error in found] == [Error]
    assert found[0].obj is careless_flow


def test_the_plan_process_locks_the_plan() -> None:
    assert isinstance(PlanFlow.lock_impl, flows.PlanRowLock)
    assert checks.unsafe_joins_are_errors() == []
