"""Before a plan's issuing is approved, the units that it concerns sign it."""

import json
from typing import Any

import pytest
from viewflow.workflow.models import Task as Active
from viewflow.workflow.status import STATUS

from approvals import actions as approvals
from approvals.actions import StageSpec
from approvals.models import Approval, Round, Route
from approvals.queries.record import kept
from audit.models import Entry
from directory.actions import OPERATOR
from notices.rules import News, told
from tests.factories import NOW, make_holder
from tests.workflows.planning import (
    District,
    decide,
    make_draft,
    publish_countersigning,
    put_forward,
    signers,
)
from workflows import flows
from workflows.actions import plans
from workflows.flows import PlanFlow
from workflows.models import Plan
from workflows.queries.plan_page import plan_page

pytestmark = pytest.mark.django_db


def facts(plan: Plan, kind: str) -> dict[str, Any]:
    """What the plan's newest entry of this kind says."""
    entry = Entry.objects.filter(subject=plan.subject, kind=kind).latest("subject_seq")
    found: dict[str, Any] = json.loads(bytes(entry.body))["facts"]
    return found


def countersigned(district: District) -> Plan:
    """A plan whose countersigning is through."""
    publish_countersigning(district)
    plan = put_forward(district, make_draft(district))
    for person in signers(plan):
        decide(plan, person)
    return plan


def test_the_units_concerned_sign_a_plan_before_its_issuing_is_approved(district: District) -> None:
    publish_countersigning(district)
    plan = put_forward(district, make_draft(district))
    first, second = signers(plan)

    decide(plan, first)
    assert flows.where(plan) == "countersign"
    decide(plan, second)

    assert flows.where(plan) == "approve_issuing"
    assert signers(plan) == [district.principal]
    rounds = Round.objects.filter(approval__subject_id=plan.pk)
    assert {(one.submitter, bytes(one.digest)) for one in rounds} == {
        (district.coordinator, bytes(plan.versions.get().digest))
    }


def test_one_entry_tells_that_one_approval_passed_and_another_began(district: District) -> None:
    plan = countersigned(district)

    said = facts(plan, "approval.signed_off")
    (began,) = said["also"]
    signed, issuing = Approval.objects.filter(subject_id=plan.pk).order_by("opened_at", "pk")
    assert said["step"] == {"from": "countersign", "to": "approve_issuing"}
    assert said["approval"] == {"id": str(signed.pk), "state": "passed", "round": 1}
    assert began["approval"] == {"id": str(issuing.pk), "state": "open", "round": 1}
    record = kept(issuing, at=NOW)
    assert record.ledger.tells("round", 1) is not None
    assert record.ledger.tells("opened", record.openings[0].pk) is not None


def test_whoever_is_asked_next_is_told_but_nobody_that_all_is_approved(district: District) -> None:
    plan = countersigned(district)
    news = News(
        plan.organisation_id,
        plan.subject,
        "approval.signed_off",
        facts(plan, "approval.signed_off"),
        NOW,
    )

    heard = [(kind, found) for kind, people in told(news) if (found := list(people))]
    assert heard == [("work.opened", [district.principal])]


def test_a_unit_that_returns_the_plan_sends_it_back_to_be_revised_and_signs_again(
    district: District,
) -> None:
    publish_countersigning(district)
    plan = put_forward(district, make_draft(district))
    first, second = signers(plan)

    decide(plan, first, "return", "We have no staff for this.")
    assert flows.where(plan) == "revise"
    plan = put_forward(district, plan)

    assert flows.where(plan) == "countersign"
    assert signers(plan) == [first, second]


def test_a_plan_returned_at_its_approval_is_countersigned_again(district: District) -> None:
    plan = countersigned(district)
    decide(plan, district.principal, "return", "Name the schools.")
    plan = put_forward(district, plan)
    assert flows.where(plan) == "countersign"

    for person in signers(plan):
        decide(plan, person)

    assert flows.where(plan) == "approve_issuing"
    issuing = Approval.objects.get(subject_id=plan.pk, subject_kind="plan_issue")
    assert (issuing.state, issuing.rounds.count()) == ("open", 2)


def test_a_plan_can_be_taken_back_while_it_is_countersigned(district: District) -> None:
    publish_countersigning(district)
    plan = put_forward(district, make_draft(district))

    plans.withdraw_plan(plan_id=plan.pk, actor=district.coordinator, at=NOW)

    assert flows.where(plan) == "revise"
    assert signers(plan) == []


def test_cancelling_a_plan_ends_both_of_its_approvals(district: District) -> None:
    plan = countersigned(district)
    decide(plan, district.principal, "return", "Name the schools.")
    put_forward(district, plan)

    plans.cancel_plan(plan_id=plan.pk, reason="Overtaken.", actor=district.coordinator, at=NOW)

    states = Approval.objects.filter(subject_id=plan.pk).values_list("subject_kind", "state")
    assert sorted(states) == [
        ("plan_countersign", "cancelled"),
        ("plan_countersign", "passed"),
        ("plan_issue", "cancelled"),
    ]
    assert len(facts(plan, "plan.cancelled")["also"]) == 1


def test_without_a_route_countersigning_is_passed_over_and_the_reason_is_kept(
    district: District,
) -> None:
    plan = put_forward(district, make_draft(district))

    assert flows.where(plan) == "approve_issuing"
    assert facts(plan, "plan.approval_opened")["skipped_step"] == {
        "step": "countersign",
        "reason": "no_route",
    }
    page = plan_page(plan, district.coordinator, NOW)
    assert page.events[0].note == "Not countersigned: no route for it is in force"
    assert [(stop.name, stop.note) for stop in page.stops][1] == ("Countersign", "passed over")


def test_a_plan_that_concerns_no_other_unit_is_not_countersigned(district: District) -> None:
    publish_countersigning(district)
    plan = make_draft(district)
    plan.addressees.all().delete()
    plan.measures.update(parties=[])

    put_forward(district, plan)

    assert facts(plan, "plan.approval_opened")["skipped_step"]["reason"] == "no_unit"


def test_each_cooperating_unit_means_the_units_that_the_plan_concerns(district: District) -> None:
    principals = {
        make_holder(unit, "principal") for unit in [district.education, *district.streets]
    }
    approvals.publish_route(
        organisation=district.organisation,
        name="Countersigning",
        subject_kind="plan_countersign",
        stages=[StageSpec("Units", [{"select": "post_of_each_cooperating", "role": "principal"}])],
        actor=OPERATOR,
        at=NOW,
    )

    plan = put_forward(district, make_draft(district))

    assert set(signers(plan)) == principals | {district.issuer}


def test_a_plan_that_needs_a_countersignature_needs_a_route_for_its_issuing_too(
    district: District,
) -> None:
    publish_countersigning(district)
    Route.objects.filter(subject_kind="plan_issue").update(subject_kind="task_completion")

    with pytest.raises(approvals.NoRoute):
        put_forward(district, make_draft(district))


def test_a_process_begun_before_there_was_countersigning_goes_on(district: District) -> None:
    """Its nodes are those of the first release: draft or revise, then at once the approval."""
    plan = put_forward(district, make_draft(district))
    Active.objects.filter(process=plan.process_id, flow_task=PlanFlow.cooperation).delete()
    publish_countersigning(district)

    for person in (district.principal, district.issuer):
        decide(plan, person)

    assert flows.where(plan) == "issue"
    waiting = Active.objects.filter(process=plan.process_id, status=STATUS.NEW)
    assert [node.name for node in waiting.values_list("flow_task", flat=True)] == ["issue"]
