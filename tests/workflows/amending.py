"""A plan in force in a district, and amendments of it."""

from typing import Any

from approvals import actions as approvals
from approvals.actions import StageSpec
from approvals.models import WorkItem
from directory.actions import OPERATOR
from directory.models import Person
from tests.factories import NOW
from tests.workflows import planning
from tests.workflows.planning import District
from workflows.actions import amendments, plans
from workflows.actions.amendments import ItemText
from workflows.models import Amendment, Measure, Plan
from workflows.parties import Parties
from workflows.queries.plans import parts


def publish_amending(district: District) -> None:
    """The coordinating unit's principal, then the office's."""
    approvals.publish_route(
        organisation=district.organisation,
        name="Amending",
        subject_kind="plan_amendment",
        stages=[
            StageSpec("Unit", [{"select": "post_of_coordinating", "role": "principal"}]),
            StageSpec(
                "Office", [{"select": "post", "unit": district.office.pk, "role": "principal"}]
            ),
        ],
        actor=OPERATOR,
        at=NOW,
    )


def make_in_force(district: District) -> Plan:
    """An issued plan that can be amended: measures 1, 2 and 3, the last with two tasks."""
    publish_amending(district)
    return planning.make_issued(district)


def measure(plan: Plan, number: int) -> Measure:
    return Measure.objects.get(plan=plan, position=number)


def begin(district: District, plan: Plan, **changes: Any) -> Amendment:
    given: dict[str, Any] = {
        "title": "Supplement",
        "actor": district.coordinator,
        "at": NOW,
    } | changes
    return amendments.begin_amendment(plan_id=plan.pk, **given)


def changed(one: Measure, **changes: Any) -> ItemText:
    """A change of the measure in these respects."""
    given: dict[str, Any] = {
        "heading": one.heading,
        "text": one.text,
        "due_date": one.due_date,
        "priority": one.priority,
        "parties": Parties.of(parts(one)),
    }
    return ItemText("change", one.pk, **given | changes)


def added(district: District, **changes: Any) -> ItemText:
    given: dict[str, Any] = {
        "number": "4",
        "heading": "Cameras",
        "text": "Cameras at every gate.",
        "parties": Parties(lead=str(district.education.pk)),
    }
    return ItemText("add", **given | changes)


def ended(one: Measure, reason: str = "Done by the city now.") -> ItemText:
    return ItemText("end", one.pk, reason=reason)


def put(district: District, amendment: Amendment, *items: ItemText) -> Amendment:
    for text in items:
        amendment = Amendment.objects.get(pk=amendment.pk)
        amendments.put_item(
            amendment_id=amendment.pk,
            revision=amendment.revision,
            text=text,
            actor=district.coordinator,
            at=NOW,
        )
    return Amendment.objects.get(pk=amendment.pk)


def send(district: District, amendment: Amendment) -> Amendment:
    return amendments.submit_amendment(
        amendment_id=amendment.pk,
        revision=amendment.revision,
        actor=district.coordinator,
        at=NOW,
    )


def sign(amendment: Amendment, *people: Person) -> None:
    for person in people:
        planning.decide_on(amendment.pk, person)


def passed(district: District, plan: Plan, *items: ItemText) -> Amendment:
    """An amendment that does this, approved."""
    amendment = send(district, put(district, begin(district, plan), *items))
    sign(amendment, district.principal, district.issuer)
    return Amendment.objects.get(pk=amendment.pk)


def waits_for(amendment: Amendment) -> list[Person]:
    items = WorkItem.objects.filter(approval__subject_id=amendment.pk, state="open")
    return [item.post.appointments.get().person for item in items]


def cancel(district: District, plan: Plan) -> Plan:
    return plans.cancel_plan(
        plan_id=plan.pk, reason="Overtaken.", actor=district.coordinator, at=NOW
    )
