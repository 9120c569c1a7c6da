"""A plan in force is amended: drafted, put forward, approved, and then its tasks change at once."""

import copy
import json
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from approvals import actions as approvals
from approvals.models import Approval, WorkItem
from approvals.queries import seen_digest
from audit.models import Entry
from directory.models import Person, Post, Unit
from directory.queries import holdings
from notices.rules import News, told
from tests.factories import NOW, make_holder
from tests.workflows import amending
from tests.workflows.amending import (
    added,
    begin,
    changed,
    ended,
    measure,
    passed,
    put,
    send,
    sign,
    waits_for,
)
from tests.workflows.conftest import InForce
from tests.workflows.planning import District, decide_on, kinds, make_district, make_draft
from workflows import flows
from workflows.actions import amendments, drafts, import_review, imports, plans, reports, tasks
from workflows.actions.amendments import ItemText
from workflows.actions.authority import NotAllowed, ReasonMissing
from workflows.actions.plan_texts import TitleMissing, UnitUnknown
from workflows.models import Amendment, AmendmentItem, Assignment, MeasureRevision, Plan, Task
from workflows.parties import Parties
from workflows.queries.amendments import amendment_page, past_of
from workflows.queries.events import events

pytestmark = pytest.mark.django_db


@pytest.fixture
def district(in_force: InForce, db: None) -> District:
    return copy.deepcopy(in_force[0])


@pytest.fixture
def plan(in_force: InForce, db: None) -> Plan:
    return copy.deepcopy(in_force[1])


def body(task: Task) -> dict[str, Any]:
    entry = Entry.objects.filter(subject=task.subject).latest("subject_seq")
    found: dict[str, Any] = json.loads(bytes(entry.body))
    return found


def task_of(plan: Plan, number: int) -> Task:
    found: Task = Task.objects.filter(plan=plan, measure__position=number).earliest("pk")
    return found


def lead_of(task: Task) -> Unit:
    found: Unit = Assignment.objects.get(task=task, role="lead", ended_at=None).unit
    return found


def worker(task: Task) -> Person:
    """Who works for the task's lead unit."""
    return make_holder(lead_of(task), Post.Role.HANDLER)


def holder_of(item: WorkItem) -> Person:
    """Whoever holds the post that is asked."""
    assert item.post
    return item.post.appointments.get().person


def under_approval(district: District, task: Task) -> WorkItem:
    """A report of the task, waiting for its unit's deputy."""
    make_holder(lead_of(task), Post.Role.DEPUTY)
    approvals.publish_route(
        organisation=district.organisation,
        name="Completion",
        subject_kind="task_completion",
        stages=[approvals.StageSpec("Deputy", [{"select": "post_of_lead", "role": "deputy"}])],
        actor="operator",
        at=NOW,
    )
    handler = worker(task)
    tasks.accept(task_id=task.pk, actor=handler, at=NOW)
    written = drafts.save_draft(
        task_id=task.pk,
        unit_id=lead_of(task).pk,
        revision=0,
        text="Done.",
        percent=100,
        actor=handler,
        at=NOW,
    )
    reports.submit(
        task_id=task.pk,
        revision=written.revision,
        without_units_reason="They are silent.",
        actor=handler,
        at=NOW,
    )
    return WorkItem.objects.get(approval__subject_id=task.pk, state="open")


# What its passing does


def test_an_added_measure_becomes_a_task_of_its_unit(district: District, plan: Plan) -> None:
    amendment = passed(district, plan, added(district, due_date=date(2027, 3, 1), priority="high"))

    task = task_of(plan, 4)
    assert (task.title, task.due_date, task.priority) == ("Cameras", date(2027, 3, 1), "high")
    assert lead_of(task) == district.education
    assert task.measure.added_by == amendment
    assert body(task)["kind"] == "task.created"
    assert amendment.state == "applied"


def test_a_changed_measure_keeps_its_old_text_and_its_task_follows(
    district: District, plan: Plan
) -> None:
    one, task = measure(plan, 2), task_of(plan, 2)
    before = one.text

    text = changed(one, heading="Lights", text="Lights on.", due_date=date(2027, 1, 5))
    amendment = passed(district, plan, text)

    task = Task.objects.get(pk=task.pk)
    assert (task.title, task.due_date, task.measure_revision) == ("Lights", date(2027, 1, 5), 2)
    assert task.measure.text == "Lights on."
    (past,) = past_of(task.measure)
    assert (past.revision.text, past.revision.amendment) == (before, amendment)
    assert {one.name for one in past.differences} == {"Heading", "Text", "Due date"}
    assert body(task)["facts"]["amended"] == {
        "due_date": "2027-01-05",
        "measure_revision": 2,
        "title": "Lights",
    }


def test_a_deadline_of_the_tasks_own_stays_unless_the_measures_changes(
    district: District, plan: Plan
) -> None:
    task = tasks.set_due_date(
        task_id=task_of(plan, 2).pk,
        due_date=date(2027, 9, 9),
        reason="Ice.",
        actor=district.coordinator,
        at=NOW,
    )

    passed(district, plan, changed(measure(plan, 2), text="Lights on."))

    assert Task.objects.get(pk=task.pk).due_date == date(2027, 9, 9)


def test_an_ended_measure_cancels_its_open_tasks_and_leaves_those_that_are_over(
    district: District, plan: Plan
) -> None:
    first, second = Task.objects.filter(plan=plan, measure__position=3).order_by("pk")
    Task.objects.filter(pk=first.pk).update(measure_revision=1)
    tasks.cancel(task_id=first.pk, reason="Earlier.", actor=district.coordinator, at=NOW)

    passed(district, plan, ended(measure(plan, 3)))

    assert Task.objects.get(pk=second.pk).state == "cancelled"
    assert body(second)["facts"]["state"] == {"from": "assigned", "to": "cancelled"}
    assert Entry.objects.filter(subject=first.subject).count() == 2
    assert events(second, holdings(district.coordinator, NOW))[0].text.endswith(
        "cancelled the task: Done by the city now."
    )


def test_ending_a_measure_ends_the_approval_of_its_report(district: District, plan: Plan) -> None:
    under_approval(district, task_of(plan, 2))

    passed(district, plan, ended(measure(plan, 2)))

    approval = Approval.objects.get(subject_kind="task_completion")
    assert (approval.state, approval.openings.get().reason) == ("cancelled", "plan.amended")


def test_an_approver_of_a_task_whose_text_changed_has_to_look_again(
    district: District, plan: Plan
) -> None:
    task = task_of(plan, 2)
    item = under_approval(district, task)
    before = seen_digest(item)
    passed(district, plan, changed(measure(plan, 2), text="Lights on."))
    deputy = holder_of(item)

    with pytest.raises(approvals.ContentChanged):
        approvals.decide(
            work_item_id=item.pk,
            actor=deputy,
            decision="approve",
            seen_digest=before,
            idempotency_key=UUID(int=1),
            at=NOW,
        )

    decide_on(task.pk, deputy)
    assert Task.objects.get(pk=task.pk).state == "reviewed"


def test_a_measure_given_to_another_unit_gives_it_the_task_even_under_approval(
    district: District, plan: Plan
) -> None:
    task = task_of(plan, 2)
    under_approval(district, task)
    parties = Parties(lead=str(district.education.pk))

    passed(district, plan, changed(measure(plan, 2), parties=parties))

    assert Task.objects.get(pk=task.pk).state == "assigned"
    assert lead_of(task) == district.education
    assert Approval.objects.get(subject_kind="task_completion").state == "cancelled"


def test_members_that_come_and_go_get_and_lose_their_tasks(district: District, plan: Plan) -> None:
    stays, goes = district.streets
    members = {"各街道": [str(stays.pk), str(district.education.pk)]}

    passed(district, plan, changed(measure(plan, 3), parties=Parties(each=members)))

    states = {
        task.made_for: task.state for task in Task.objects.filter(plan=plan, measure__position=3)
    }
    assert states == {stays: "assigned", goes: "cancelled", district.education: "assigned"}


def test_one_decision_tells_all_in_entries_that_belong_together(
    district: District, plan: Plan
) -> None:
    amendment = passed(district, plan, added(district), ended(measure(plan, 1)))

    entry = Entry.objects.filter(subject=plan.subject).latest("subject_seq")
    said = json.loads(bytes(entry.body))["facts"]
    assert said["amendment"]["state"] == "applied"
    assert [(one["kind"], one["revision"]) for one in said["amended"]] == [("add", 1), ("end", 2)]
    together = Entry.objects.filter(action=entry.action).exclude(pk=entry.pk)
    assert sorted(together.values_list("kind", flat=True)) == ["task.cancelled", "task.created"]
    assert events(plan, holdings(district.coordinator, NOW))[0].note == (
        "The amendment “Supplement” is in force"
    )
    news = News(plan.organisation_id, plan.subject, entry.kind, said, NOW)
    assert "plan.amended" in [kind for kind, _people in told(news)]
    assert amendment.applied_at == NOW


# Drafting


def test_every_step_of_a_draft_is_in_the_ledger(district: District, plan: Plan) -> None:
    amendment = put(district, begin(district, plan), added(district))
    amendment = amendments.revise_amendment(
        amendment_id=amendment.pk,
        revision=amendment.revision,
        title="Second supplement",
        document_number="9",
        reason="Winter.",
        actor=district.coordinator,
        at=NOW,
    )
    item = amendment.items.get()
    amendments.drop_item(
        amendment_id=amendment.pk,
        revision=amendment.revision,
        item_id=item.pk,
        actor=district.coordinator,
        at=NOW,
    )
    amendment = Amendment.objects.get(pk=amendment.pk)
    amendments.abandon_amendment(
        amendment_id=amendment.pk,
        revision=amendment.revision,
        reason="Not wanted.",
        actor=district.coordinator,
        at=NOW,
    )

    assert [kind for kind in kinds(plan) if kind.startswith("amendment")] == [
        "amendment.drafted",
        "amendment.revised",
        "amendment.revised",
        "amendment.revised",
        "amendment.abandoned",
    ]
    text = events(plan, holdings(district.coordinator, NOW))[0].text
    assert text.endswith("abandoned the amendment “Second supplement”: Not wanted.")


def test_of_two_who_write_the_same_draft_the_second_is_told(district: District, plan: Plan) -> None:
    amendment = begin(district, plan)
    put(district, amendment, added(district))

    with pytest.raises(amendments.AmendmentChanged):
        amendments.put_item(
            amendment_id=amendment.pk,
            revision=amendment.revision,
            text=added(district),
            actor=district.colleague,
            at=NOW,
        )


@pytest.mark.parametrize("who", ["handler", "principal", "auditor", "stranger"])
def test_only_the_coordinator_amends(district: District, plan: Plan, who: str) -> None:
    with pytest.raises(NotAllowed):
        begin(district, plan, actor=getattr(district, who))


def test_a_plan_that_is_not_in_force_is_not_amended() -> None:
    district = make_district()
    with pytest.raises(plans.PlanHasMovedOn):
        begin(district, make_draft(district))


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"heading": " "}, TitleMissing),
        ({"text": " "}, amendments.TextMissing),
        ({"kind": "other"}, amendments.NoSuchMeasure),
        ({"kind": "change"}, amendments.NoSuchMeasure),
        ({"kind": "end", "measure": UUID(int=1)}, amendments.NoSuchMeasure),
        ({"parties": Parties(lead=str(UUID(int=1)))}, UnitUnknown),
    ],
)
def test_what_makes_no_sense_is_refused(
    district: District, plan: Plan, given: dict[str, Any], refusal: type[Exception]
) -> None:
    amendment = begin(district, plan)
    text = {"kind": "add", "heading": "Cameras", "text": "Cameras."} | given

    with pytest.raises(refusal):
        put(district, amendment, ItemText(**text))

    assert not AmendmentItem.objects.filter(amendment=amendment).exists()


def test_a_measure_ends_with_a_reason(district: District, plan: Plan) -> None:
    with pytest.raises(ReasonMissing):
        put(district, begin(district, plan), ended(measure(plan, 1), ""))


def test_a_measure_is_in_an_amendment_once(district: District, plan: Plan) -> None:
    amendment = put(district, begin(district, plan), ended(measure(plan, 1)))

    with pytest.raises(amendments.NoSuchMeasure):
        put(district, amendment, changed(measure(plan, 1), text="Other."))


# Approval


def test_an_amendment_that_changes_nothing_is_not_put_forward(
    district: District, plan: Plan
) -> None:
    amendment = begin(district, plan)
    with pytest.raises(amendments.AmendmentNotReady):
        send(district, amendment)

    amendment = put(district, amendment, changed(measure(plan, 1)))
    with pytest.raises(amendments.AmendmentNotReady, match="stays as it is"):
        send(district, amendment)


def test_an_amendment_that_its_ledger_entry_could_not_hold_is_divided(
    district: District, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.queries.amendments.MOST", 1)
    amendment = put(district, begin(district, plan), added(district))
    amendment = put(district, amendment, ended(measure(plan, 1)))

    with pytest.raises(amendments.AmendmentNotReady, match="divide it"):
        send(district, amendment)


def test_one_amendment_at_a_time_is_under_approval(district: District, plan: Plan) -> None:
    send(district, put(district, begin(district, plan), added(district)))
    other = put(district, begin(district, plan), added(district))

    with pytest.raises(amendments.AnotherUnderApproval):
        send(district, other)


def test_a_draft_about_a_measure_that_was_amended_meanwhile_is_looked_at_again(
    district: District, plan: Plan
) -> None:
    draft = put(district, begin(district, plan), changed(measure(plan, 1), text="Mine."))
    passed(district, plan, changed(measure(plan, 1), text="Theirs."))

    page = amendment_page(draft, district.coordinator, NOW)
    assert page.obstacles == [
        f"1 {measure(plan, 1).heading} has been amended meanwhile: look at it and save it again."
    ]
    with pytest.raises(amendments.AmendmentNotReady):
        send(district, draft)


def test_a_returned_amendment_is_a_draft_again_and_can_be_sent_anew(
    district: District, plan: Plan
) -> None:
    amendment = send(district, put(district, begin(district, plan), added(district)))
    decide_on(amendment.pk, district.principal, "return", "Too late.")
    amendment = Amendment.objects.get(pk=amendment.pk)
    assert amendment.state == "draft"
    assert not Task.objects.filter(plan=plan, measure__position=4).exists()

    sign(send(district, amendment), district.principal, district.issuer)

    assert Task.objects.filter(plan=plan, measure__position=4).exists()


def test_an_amendment_can_be_taken_back_and_is_not_changed_meanwhile(
    district: District, plan: Plan
) -> None:
    amendment = send(district, put(district, begin(district, plan), added(district)))
    assert waits_for(amendment) == [district.principal]
    with pytest.raises(amendments.AmendmentElsewhere):
        put(district, amendment, added(district))

    amendments.withdraw_amendment(amendment_id=amendment.pk, actor=district.coordinator, at=NOW)

    assert waits_for(amendment) == []
    put(district, amendment, added(district))


def test_a_plan_whose_tasks_are_over_waits_for_its_amendment(
    district: District, plan: Plan
) -> None:
    Plan.objects.filter(pk=plan.pk).update(completed_at=None)
    plan.addressees.all().delete()
    plans.advance_plans(at=NOW)
    for task in Task.objects.filter(plan=plan):
        tasks.cancel(task_id=task.pk, reason="Over.", actor=district.coordinator, at=NOW)
    amendment = send(district, put(district, begin(district, plan), added(district)))

    assert plans.advance_plans(at=NOW) == 0
    sign(amendment, district.principal, district.issuer)

    assert flows.where(plan) == "in_force"


def test_cancelling_a_plan_ends_what_would_have_amended_it(district: District, plan: Plan) -> None:
    for task in Task.objects.filter(plan=plan):
        tasks.cancel(task_id=task.pk, reason="Over.", actor=district.coordinator, at=NOW)
    amendment = send(district, put(district, begin(district, plan), added(district)))

    amending.cancel(district, plan)

    assert Amendment.objects.get(pk=amendment.pk).state == "abandoned"
    assert Approval.objects.get(subject_id=amendment.pk).state == "cancelled"


# From a document

SUPPLEMENT = """\
本高发〔2027〕3号

关于调整护航校园周边交通安全工作的补充方案

党群工作部：

一、工作任务
1.设置护学岗。护学岗延长到晚上九点。（责任单位：组织人事部；完成时限：2027年6月底前）
2.加装监控。校门口加装监控。（责任单位：高教办；完成时限：2027年6月底前）

2027年1月2日
"""


def test_a_supplement_becomes_a_draft_that_adds_and_changes(district: District, plan: Plan) -> None:
    found = imports.upload_document(
        text=SUPPLEMENT, actor=district.coordinator, at=NOW, amends=plan
    )
    found = import_review.accept_proposals(
        import_id=found.pk, revision=found.revision, actor=district.coordinator, at=NOW
    )

    amendment = amendments.draft_imported(
        import_id=found.pk, revision=found.revision, actor=district.coordinator, at=NOW
    )

    assert amendment.title == "关于调整护航校园周边交通安全工作的补充方案"
    assert amendment.document_number == "本高发〔2027〕3号"
    assert [(one.kind, one.heading) for one in amendment.items.all()] == [
        ("change", "设置护学岗"),
        ("add", "加装监控"),
    ]
    with pytest.raises(import_review.AlreadyConfirmed):
        amendments.draft_imported(
            import_id=found.pk, revision=found.revision, actor=district.coordinator, at=NOW
        )
    sign(send(district, amendment), district.principal, district.issuer)
    assert MeasureRevision.objects.get(measure=measure(plan, 1)).amendment == amendment
