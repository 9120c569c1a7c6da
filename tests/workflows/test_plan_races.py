"""Two who act on a plan at the same moment."""

import pytest

from approvals.models import Approval
from tests.factories import NOW, make_holder, make_unit
from tests.racing import outcomes
from tests.workflows.planning import (
    decide,
    kinds,
    make_approved,
    make_district,
    make_draft,
    make_issued,
    put_forward,
    receive_everywhere,
    revise,
)
from workflows.actions import plans
from workflows.actions.plan_texts import PlanText
from workflows.models import Addressee, Task


@pytest.mark.races
def test_of_two_who_issue_one_does(committed_db: None) -> None:
    district = make_district()
    plan = make_approved(district)

    def issue() -> None:
        plans.issue(plan_id=plan.pk, actor=district.coordinator, at=NOW)

    assert outcomes(issue, issue) == ["PlanHasMovedOn", "done"]
    assert Task.objects.filter(plan=plan).count() == 4


@pytest.mark.races
def test_eight_receipts_at_once_are_all_counted(committed_db: None) -> None:
    district = make_district()
    units = [make_unit(district.organisation) for _ in range(8)]
    handlers = [make_holder(unit, "handler") for unit in units]
    plan = revise(district, make_draft(district), PlanText(addressees=[unit.pk for unit in units]))
    put_forward(district, plan)
    decide(plan, district.principal)
    decide(plan, district.issuer)
    plans.issue(plan_id=plan.pk, actor=district.coordinator, at=NOW)

    results = outcomes(
        *(
            lambda handler=handler: plans.receive_plan(plan_id=plan.pk, actor=handler, at=NOW)
            for handler in handlers
        )
    )

    assert results == ["done"] * 8
    assert not Addressee.objects.filter(plan=plan, received_at=None).exists()
    assert plans.advance_plan(plan_id=plan.pk, at=NOW)


@pytest.mark.races
def test_a_plan_that_is_put_forward_twice_at_once_has_one_approval(committed_db: None) -> None:
    district = make_district()
    plan = make_draft(district)

    def submit() -> None:
        put_forward(district, plan)

    assert outcomes(submit, submit) == ["PlanHasMovedOn", "done"]
    assert Approval.objects.filter(subject_id=plan.pk).count() == 1


@pytest.mark.races
def test_two_workers_move_a_plan_once(committed_db: None) -> None:
    district = make_district()
    plan = make_issued(district)
    receive_everywhere(plan)

    outcomes(*[lambda: plans.advance_plan(plan_id=plan.pk, at=NOW)] * 2)

    assert kinds(plan).count("plan.in_force") == 1
