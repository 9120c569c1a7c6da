"""How urgent a task is: given with its measure, changed by the coordinator, asked for by routes."""

import pytest
from django.test import Client
from django.urls import reverse

from approvals import actions as approvals
from approvals.models import Approval, Opening
from directory.actions import OPERATOR
from directory.models import Person
from directory.queries import holdings, working_days
from tests.factories import LONG_AGO, NOW
from tests.workflows import planning
from tests.workflows.factories import (
    World,
    accepted,
    decide,
    fresh,
    make_measure,
    make_task,
    newest,
    submitted,
)
from tests.workflows.planning import District, make_draft, put_forward, revise
from workflows.actions import plans, tasks
from workflows.actions.authority import NotAllowed, ReasonMissing, WrongState
from workflows.actions.plan_texts import MeasureText, PlanText
from workflows.actions.tasks import UnknownPriority
from workflows.models import Task
from workflows.parties import Parties
from workflows.queries import lists
from workflows.queries.events import events
from workflows.queries.plans import parts

pytestmark = pytest.mark.django_db


def set_priority(
    task: Task, person: Person, priority: str = "high", reason: str = "The winter comes."
) -> Task:
    return tasks.set_priority(
        task_id=task.pk, priority=priority, reason=reason, actor=person, at=NOW
    )


def publish_careful_route(world: World) -> None:
    """The deputy always; the principal where the task is urgent; then the office."""
    approvals.publish_route(
        organisation=world.organisation,
        name="Careful",
        subject_kind="task_completion",
        stages=[
            approvals.StageSpec("Deputy", [{"select": "post_of_lead", "role": "deputy"}]),
            approvals.StageSpec(
                "Principal",
                [{"select": "post_of_lead", "role": "principal"}],
                condition={"priorities": ["high"]},
            ),
            approvals.StageSpec("Office", [{"select": "post_of_reviewing", "role": "coordinator"}]),
        ],
        actor=OPERATOR,
        at=LONG_AGO,
    )


def sign_first_stage(world: World, task: Task) -> Approval:
    submitted(world, task)
    decide(world.deputy)
    return Approval.objects.get(subject_id=task.pk)


def test_a_stage_for_urgent_tasks_is_skipped_for_others_and_the_reason_kept(world: World) -> None:
    publish_careful_route(world)
    task = accepted(world)

    approval = sign_first_stage(world, task)

    found = Opening.objects.filter(approval=approval).order_by("number")
    assert [(one.stage.name, one.outcome, one.reason) for one in found] == [
        ("Deputy", "passed", ""),
        ("Principal", "skipped", "condition"),
        ("Office", "", ""),
    ]
    assert newest(task)["facts"]["skipped"] == [{"stage": 2, "reason": "condition"}]


def test_a_stage_for_urgent_tasks_is_asked_about_an_urgent_one(world: World) -> None:
    publish_careful_route(world)
    task = set_priority(accepted(world), world.coordinator)

    approval = sign_first_stage(world, task)

    assert Opening.objects.get(approval=approval, outcome="").stage.name == "Principal"


def test_the_coordinator_sets_a_priority_and_the_ledger_keeps_why(world: World) -> None:
    task = set_priority(make_task(world), world.coordinator)

    assert fresh(task).priority == "high"
    body = newest(task)
    assert (body["kind"], body["facts"]["priority"]) == (
        "task.priority_set",
        {"from": "normal", "to": "high"},
    )
    (event, *_) = events(task, holdings(world.coordinator, NOW))
    assert event.text == "Shen Ruochuan set the priority to high: The winter comes."


@pytest.mark.parametrize("who", ["handler", "overseer", "auditor", "stranger"])
def test_nobody_else_sets_a_priority(world: World, who: str) -> None:
    task = make_task(world)

    with pytest.raises(NotAllowed):
        set_priority(task, getattr(world, who))


@pytest.mark.parametrize(
    ("given", "refusal"),
    [({"priority": "utmost"}, UnknownPriority), ({"reason": " "}, ReasonMissing)],
)
def test_a_priority_that_makes_no_sense_is_refused(
    world: World, given: dict[str, str], refusal: type[Exception]
) -> None:
    task = make_task(world)

    with pytest.raises(refusal):
        set_priority(task, world.coordinator, **given)


def test_a_task_that_is_over_keeps_its_priority(world: World) -> None:
    task = make_task(world)
    tasks.cancel(task_id=task.pk, actor=world.coordinator, at=NOW, reason="Overtaken.")

    with pytest.raises(WrongState):
        set_priority(task, world.coordinator)


def test_tasks_are_narrowed_by_priority(world: World) -> None:
    make_task(world)
    urgent = set_priority(make_task(world, measure=make_measure(world.plan, 15)), world.coordinator)

    found = lists.tasks(
        world.coordinator,
        holdings(world.coordinator, NOW),
        {"priority": "high"},
        NOW.date(),
        working_days(world.organisation.pk),
    )

    assert list(found) == [urgent]


def test_a_task_page_shows_its_priority_and_lets_the_coordinator_change_it(world: World) -> None:
    task = make_task(world)
    client = Client()
    client.force_login(world.coordinator)
    address = reverse("task_priority", args=[task.pk])
    assert address in client.get(reverse("task", args=[task.pk])).content.decode()

    refused = client.post(address, {"priority": "utmost", "reason": "Because."})
    client.post(address, {"priority": "high", "reason": "Because."})

    assert refused.status_code == 422
    assert "priority high" in client.get(reverse("task", args=[task.pk])).content.decode()


def test_a_measure_gives_its_priority_to_its_tasks(district: District) -> None:
    plan = make_draft(district)
    measure = plan.measures.first()
    assert measure
    text = MeasureText(measure.heading, None, Parties.of(parts(measure)), "high")
    plan = put_forward(district, revise(district, plan, PlanText(measures={measure.pk: text})))
    for person in (district.principal, district.issuer):
        planning.decide(plan, person)

    plans.issue(plan_id=plan.pk, actor=district.coordinator, at=NOW)

    found = Task.objects.filter(plan=plan).values_list("measure", "priority")
    assert {priority for of, priority in found if of == measure.pk} == {"high"}
    assert {priority for of, priority in found if of != measure.pk} == {"normal"}
