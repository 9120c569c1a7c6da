"""An amendment and what else happens at the same moment: one order or the other, no deadlock."""

from collections.abc import Callable
from functools import partial
from uuid import uuid4

import pytest

from approvals import actions as approvals
from approvals.models import WorkItem
from approvals.queries import seen_digest
from audit.verification import verify
from tests.factories import NOW, make_holder
from tests.racing import outcomes
from tests.workflows.amending import (
    added,
    begin,
    changed,
    ended,
    make_in_force,
    measure,
    put,
    send,
    sign,
)
from tests.workflows.planning import District, make_district
from workflows.actions import amendments, plans, tasks
from workflows.models import Amendment, Plan, Task
from workflows.parties import Parties

pytestmark = pytest.mark.races


@pytest.fixture
def district(committed_db: None) -> District:
    return make_district()


def last_decision(district: District, amendment: Amendment) -> Callable[[], object]:
    """The decision with which the amendment passes."""
    sign(amendment, district.principal)
    item = WorkItem.objects.get(approval__subject_id=amendment.pk, state="open")
    return partial(
        approvals.decide,
        work_item_id=item.pk,
        actor=district.issuer,
        decision="approve",
        seen_digest=seen_digest(item),
        idempotency_key=uuid4(),
        at=NOW,
    )


def task_of(plan: Plan, number: int) -> Task:
    found: Task = Task.objects.filter(plan=plan, measure__position=number).earliest("pk")
    return found


def test_an_amendment_and_the_work_on_its_tasks_go_in_either_order(district: District) -> None:
    plan = make_in_force(district)
    amendment = send(
        district,
        put(
            district,
            begin(district, plan),
            added(district),
            ended(measure(plan, 1)),
            changed(measure(plan, 2), parties=Parties(lead=str(district.education.pk))),
        ),
    )
    worker = make_holder(district.office, "handler")
    first, second = task_of(plan, 1), task_of(plan, 2)

    results = outcomes(
        last_decision(district, amendment),
        partial(tasks.accept, task_id=first.pk, actor=district.handler, at=NOW),
        partial(tasks.accept, task_id=second.pk, actor=worker, at=NOW),
        partial(
            tasks.set_due_date,
            task_id=first.pk,
            due_date=None,
            reason="Open.",
            actor=district.coordinator,
            at=NOW,
        ),
    )

    assert results.count("done") >= 1
    assert set(results) <= {"done", "WrongState", "NotAllowed"}, results
    assert Amendment.objects.get(pk=amendment.pk).state == "applied"
    assert Task.objects.get(pk=first.pk).state == "cancelled"
    assert Task.objects.get(pk=second.pk).state == "assigned"
    assert str(verify(plan.organisation_id).first_bad or "") == ""


def test_of_two_amendments_sent_at_once_one_waits(district: District) -> None:
    plan = make_in_force(district)
    drafts = [put(district, begin(district, plan), added(district)) for _ in range(2)]

    results = outcomes(*(partial(send, district, one) for one in drafts))

    assert results == ["AnotherUnderApproval", "done"]


def test_an_amendment_that_is_taken_back_as_it_is_decided_is_one_or_the_other(
    district: District,
) -> None:
    plan = make_in_force(district)
    amendment = send(district, put(district, begin(district, plan), added(district)))
    item = WorkItem.objects.get(approval__subject_id=amendment.pk, state="open")

    results = outcomes(
        partial(
            approvals.decide,
            work_item_id=item.pk,
            actor=district.principal,
            decision="approve",
            seen_digest=seen_digest(item),
            idempotency_key=uuid4(),
            at=NOW,
        ),
        partial(
            amendments.withdraw_amendment,
            amendment_id=amendment.pk,
            actor=district.coordinator,
            at=NOW,
        ),
        partial(plans.advance_plan, plan_id=plan.pk, at=NOW),
    )

    assert results in (["AlreadyDecided", "done", "done"], ["StageClosed", "done", "done"])
    assert str(verify(plan.organisation_id).first_bad or "") == ""
