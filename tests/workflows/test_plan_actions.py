"""A plan's life: put forward, approved, issued, received, completed, cancelled."""

from uuid import UUID

import pytest

from approvals.models import Approval
from audit.models import Entry
from directory import actions as directory
from directory.actions import OPERATOR
from tests.factories import NOW
from tests.workflows.planning import (
    District,
    decide,
    kinds,
    make_district,
    make_draft,
    make_issued,
    put_forward,
    receive_everywhere,
    revise,
)
from workflows import flows
from workflows.actions import plan_texts, plans
from workflows.actions.authority import NotAllowed, ReasonMissing
from workflows.actions.plan_texts import MeasureText, PlanText
from workflows.models import Assignment, Plan, PlanVersion, Task
from workflows.parties import Parties

pytestmark = pytest.mark.django_db


# The draft


def test_a_draft_can_be_revised(district: District) -> None:
    plan = make_draft(district)
    measure = plan.measures.first()
    assert measure
    text = MeasureText("Guards at school gates", None, Parties(lead=str(district.party.pk)))

    plan = revise(
        district,
        plan,
        PlanText(title="Safe roads", overseer=district.office.pk, measures={measure.pk: text}),
    )

    measure.refresh_from_db()
    assert (plan.title, plan.revision) == ("Safe roads", 2)
    assert measure.heading == "Guards at school gates"
    assert measure.parties[0]["lead"] == str(district.party.pk)
    assert kinds(plan) == ["plan.drafted", "plan.revised"]


def test_of_two_revisions_of_the_same_text_the_second_is_refused(district: District) -> None:
    plan = make_draft(district)
    revise(district, plan, PlanText(title="First"), revision=1)

    with pytest.raises(plans.PlanChanged):
        revise(district, plan, PlanText(title="Second"), revision=1)

    assert Plan.objects.get(pk=plan.pk).title == "First"


def test_a_plan_under_approval_cannot_be_revised(district: District) -> None:
    plan = put_forward(district, make_draft(district))

    with pytest.raises(plans.PlanHasMovedOn):
        revise(district, plan, PlanText(title="Quietly changed"))


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        (PlanText(title="  "), plan_texts.TitleMissing),
        (PlanText(overseer=UUID(int=1)), plan_texts.UnitUnknown),
        (PlanText(addressees=[UUID(int=1)]), plan_texts.UnitUnknown),
    ],
)
def test_a_revision_that_makes_no_sense_is_refused(
    district: District, text: PlanText, refusal: type[Exception]
) -> None:
    plan = make_draft(district)

    with pytest.raises(refusal):
        revise(district, plan, text)

    assert kinds(plan) == ["plan.drafted"]


# Approval


def test_a_plan_put_forward_is_frozen_and_waits_for_its_first_signer(district: District) -> None:
    plan = put_forward(district, make_draft(district))

    version = PlanVersion.objects.get(plan=plan)
    entry = Entry.objects.get(subject=plan.subject, kind="plan.approval_opened")
    assert flows.where(plan) == "approve_issuing"
    assert version.pk == plan.document_id
    assert bytes(version.digest).hex() in bytes(entry.body).decode()
    assert Approval.objects.get(subject_id=plan.pk).state == "open"


def test_a_coordinating_unit_that_leads_names_another_office_first(district: District) -> None:
    plan = make_draft(district)
    measure = plan.measures.first()
    assert measure
    text = MeasureText(measure.heading, None, Parties(lead=str(district.party.pk)))
    plan = revise(district, plan, PlanText(measures={measure.pk: text}))

    with pytest.raises(plans.NotReady):
        put_forward(district, plan)

    plan = revise(district, plan, PlanText(overseer=district.office.pk))
    put_forward(district, plan)
    assert flows.where(plan) == "approve_issuing"


def test_a_plan_that_names_an_abolished_unit_is_not_put_forward(district: District) -> None:
    plan = make_draft(district)
    directory.abolish_unit(unit_id=district.education.pk, actor=OPERATOR, at=NOW)

    with pytest.raises(plans.NotReady):
        put_forward(district, plan)


@pytest.mark.parametrize("who", ["handler", "principal", "auditor", "stranger"])
def test_only_a_coordinator_puts_a_plan_forward(district: District, who: str) -> None:
    plan = make_draft(district)

    with pytest.raises(NotAllowed):
        plans.submit_for_issue(
            plan_id=plan.pk, revision=plan.revision, actor=getattr(district, who), at=NOW
        )


def test_a_returned_plan_is_revised_and_put_forward_again(district: District) -> None:
    plan = put_forward(district, make_draft(district))
    decide(plan, district.principal, "return", "Name the schools.")
    assert flows.where(plan) == "revise"

    plan = revise(district, Plan.objects.get(pk=plan.pk), PlanText(title="Twelve schools"))
    put_forward(district, plan)

    approval = Approval.objects.get(subject_id=plan.pk)
    assert (approval.state, approval.rounds.count()) == ("open", 2)
    assert PlanVersion.objects.filter(plan=plan).count() == 2


def test_nobody_who_wrote_the_plan_decides_on_it(district: District) -> None:
    plan = put_forward(district, make_draft(district))

    assert district.coordinator.pk in Approval.objects.get(subject_id=plan.pk).rounds.get().authors


def test_a_plan_is_taken_back_before_anybody_decided(district: District) -> None:
    plan = put_forward(district, make_draft(district))

    plans.withdraw_plan(plan_id=plan.pk, actor=district.coordinator, at=NOW)

    assert flows.where(plan) == "revise"
    assert Approval.objects.get(subject_id=plan.pk).state == "withdrawn"
    assert kinds(plan)[-1] == "plan.withdrawn"
    put_forward(district, Plan.objects.get(pk=plan.pk))


def test_a_plan_is_not_taken_back_after_a_decision(district: District) -> None:
    plan = put_forward(district, make_draft(district))
    decide(plan, district.principal)

    with pytest.raises(plans.PlanHasMovedOn):
        plans.withdraw_plan(plan_id=plan.pk, actor=district.coordinator, at=NOW)


def test_a_colleague_does_not_take_back_what_somebody_else_put_forward(district: District) -> None:
    plan = put_forward(district, make_draft(district))

    with pytest.raises(NotAllowed):
        plans.withdraw_plan(plan_id=plan.pk, actor=district.colleague, at=NOW)


# Issuing


def test_issuing_makes_a_task_for_each_lead(district: District) -> None:
    plan = make_issued(district)

    leads = Assignment.objects.filter(task__plan=plan, role="lead").order_by("task__measure")
    assert {part.unit for part in leads} == {
        district.personnel,
        district.office,
        *district.streets,
    }
    partner = Assignment.objects.get(task__plan=plan, role="cooperating")
    assert partner.unit == district.education
    assert set(Task.objects.filter(plan=plan).values_list("state", flat=True)) == {"assigned"}
    assert flows.where(plan) == "receipts"


def test_issuing_writes_one_entry_on_the_plan_and_one_on_each_task(district: District) -> None:
    plan = make_issued(district)

    issued = Entry.objects.get(subject=plan.subject, kind="plan.issued")
    entries = Entry.objects.filter(action=issued.action).exclude(pk=issued.pk)
    assert {entry.kind for entry in entries} == {"task.created"}
    assert entries.count() == Task.objects.filter(plan=plan).count() == 4


def test_a_plan_is_not_issued_before_it_is_approved(district: District) -> None:
    plan = put_forward(district, make_draft(district))

    with pytest.raises(plans.PlanHasMovedOn):
        plans.issue(plan_id=plan.pk, actor=district.coordinator, at=NOW)

    assert not Task.objects.filter(plan=plan).exists()


def test_an_addressee_receives_the_plan_once(district: District) -> None:
    plan = make_issued(district)

    addressee = plans.receive_plan(plan_id=plan.pk, actor=district.handler, at=NOW)

    assert (addressee.unit, addressee.received_by) == (district.personnel, district.handler)
    assert kinds(plan)[-1] == "plan.received"
    with pytest.raises(NotAllowed):
        plans.receive_plan(plan_id=plan.pk, actor=district.handler, at=NOW)


def test_nobody_receives_a_plan_for_another_unit(district: District) -> None:
    plan = make_issued(district)

    with pytest.raises(NotAllowed):
        plans.receive_plan(
            plan_id=plan.pk, actor=district.handler, at=NOW, unit_id=district.education.pk
        )


# What the worker does


def test_a_plan_is_in_force_when_every_addressee_has_received_it(district: District) -> None:
    plan = make_issued(district)
    assert plans.advance_plans(at=NOW) == 0

    receive_everywhere(plan)

    assert plans.advance_plans(at=NOW) == 1
    assert flows.where(plan) == "in_force"
    assert kinds(plan)[-1] == "plan.in_force"
    assert plans.advance_plans(at=NOW) == 0


def test_a_plan_is_completed_when_all_its_tasks_are_over(district: District) -> None:
    plan = make_issued(district)
    receive_everywhere(plan)
    plans.advance_plan(plan_id=plan.pk, at=NOW)
    assert not plans.advance_plan(plan_id=plan.pk, at=NOW)

    close_all(plan)

    assert plans.advance_plans(at=NOW) == 1
    plan = Plan.objects.get(pk=plan.pk)
    assert flows.where(plan) == "completed"
    assert plan.completed_at == NOW
    assert kinds(plan)[-1] == "plan.completed"


def close_all(plan: Plan) -> None:
    """Put the tasks past their end, as the task actions would in many steps."""
    Task.objects.filter(plan=plan).update(state="closed", outcome="verified", closed_at=NOW)


# The end


def test_a_draft_is_cancelled_and_its_number_is_free_again(district: District) -> None:
    plan = make_draft(district)

    plans.cancel_plan(plan_id=plan.pk, reason="Overtaken", actor=district.coordinator, at=NOW)

    assert flows.where(plan) == "cancelled"
    assert kinds(plan)[-1] == "plan.cancelled"
    assert make_draft(make_district()).number == plan.number


def test_cancelling_a_plan_under_approval_ends_the_approval(district: District) -> None:
    plan = put_forward(district, make_draft(district))

    plans.cancel_plan(plan_id=plan.pk, reason="Overtaken", actor=district.coordinator, at=NOW)

    assert Approval.objects.get(subject_id=plan.pk).state == "cancelled"


def test_a_plan_is_not_cancelled_without_a_reason(district: District) -> None:
    plan = make_draft(district)

    with pytest.raises(ReasonMissing):
        plans.cancel_plan(plan_id=plan.pk, reason=" ", actor=district.coordinator, at=NOW)

    assert flows.where(plan) == "draft"


def test_a_plan_with_open_tasks_is_not_cancelled(district: District) -> None:
    plan = make_issued(district)

    with pytest.raises(plans.TasksOpen):
        plans.cancel_plan(plan_id=plan.pk, reason="Overtaken", actor=district.coordinator, at=NOW)


def test_a_completed_plan_is_not_cancelled(district: District) -> None:
    plan = make_issued(district)
    receive_everywhere(plan)
    close_all(plan)
    while plans.advance_plans(at=NOW):
        pass

    with pytest.raises(plans.PlanHasMovedOn):
        plans.cancel_plan(plan_id=plan.pk, reason="Overtaken", actor=district.coordinator, at=NOW)

    assert flows.where(plan) == "completed"


def test_a_plan_of_another_organisation_does_not_exist(district: District) -> None:
    plan = make_draft(district)

    with pytest.raises(Plan.DoesNotExist):
        plans.issue(plan_id=plan.pk, actor=make_district().coordinator, at=NOW)
