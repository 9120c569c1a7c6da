"""Plans in the browser's eyes: who sees what, what a form does, what a refusal says."""

import pytest
from django.test import Client
from django.urls import reverse

from directory.models import Person
from tests.factories import NOW, make_holder
from tests.workflows.planning import (
    District,
    decide,
    make_approved,
    make_district,
    make_draft,
    make_issued,
    put_forward,
)
from workflows import flows
from workflows.actions import plans
from workflows.models import Plan, Task

pytestmark = pytest.mark.django_db


def signed_in(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def page(person: Person, name: str, *args: object) -> str:
    response = signed_in(person).get(reverse(name, args=args), headers={"accept-language": "en"})
    assert response.status_code == 200
    return response.content.decode()


def status(person: Person, name: str, *args: object) -> int:
    return signed_in(person).get(reverse(name, args=args)).status_code


@pytest.mark.parametrize("who", ["coordinator", "auditor"])
def test_a_draft_is_seen_by_its_coordinators_and_by_auditors(district: District, who: str) -> None:
    plan = make_draft(district)

    assert plan.title in page(getattr(district, who), "plans")
    assert "设置护学岗" in page(getattr(district, who), "plan", plan.pk)


def test_nobody_else_hears_of_a_draft(district: District) -> None:
    plan = make_draft(district)

    assert plan.title not in page(district.handler, "plans")
    for name in ("plan", "plan_text", "plan_source"):
        assert status(district.handler, name, plan.pk) == 404


def test_whoever_is_asked_to_sign_sees_the_draft(district: District) -> None:
    plan = make_draft(district)
    assert status(district.principal, "plan", plan.pk) == 404

    put_forward(district, plan)

    assert status(district.principal, "plan", plan.pk) == 200


def test_an_issued_plan_is_seen_by_everybody_and_by_no_other_organisation(
    district: District,
) -> None:
    plan = make_issued(district)

    assert "Receive the plan" in page(district.handler, "plan", plan.pk)
    assert status(make_district().coordinator, "plan", plan.pk) == 404


@pytest.fixture
def commented(district: District) -> Plan:
    """An issued plan whose approver wrote something down."""
    plan = put_forward(district, make_draft(district))
    decide(plan, district.principal, comment="Mind the budget.")
    decide(plan, district.issuer)
    return plans.issue(plan_id=plan.pk, actor=district.coordinator, at=NOW)


@pytest.mark.parametrize("who", ["coordinator", "colleague", "principal", "issuer", "auditor"])
def test_what_approvers_wrote_is_read_by_those_with_a_part_and_by_auditors(
    district: District, commented: Plan, who: str
) -> None:
    assert "Mind the budget." in page(getattr(district, who), "plan", commented.pk)


def test_what_approvers_wrote_is_read_by_administrators(
    district: District, commented: Plan
) -> None:
    administrator = make_holder(district.office, "administrator")

    assert "Mind the budget." in page(administrator, "plan", commented.pk)


def test_everybody_else_reads_who_approved_but_not_what_they_wrote(
    district: District, commented: Plan
) -> None:
    shown = page(district.handler, "plan", commented.pk)

    assert f"{district.principal.name} approved" in shown
    assert "Mind the budget." not in shown


def test_a_draft_that_came_back_tells_its_coordinators_why(district: District) -> None:
    plan = put_forward(district, make_draft(district))
    decide(plan, district.principal, "return", comment="Name a lead.")

    assert "Name a lead." in page(district.colleague, "plan", plan.pk)


def test_only_who_reads_the_ledger_is_led_to_its_entries(
    district: District, commented: Plan
) -> None:
    assert "/audit/" in page(district.auditor, "plan", commented.pk)
    assert "/audit/" not in page(district.coordinator, "plan", commented.pk)


def test_a_handler_sees_the_tasks_of_their_own_unit(district: District) -> None:
    plan = make_issued(district)
    task = Task.objects.get(plan=plan, measure__position=1)

    mine = page(district.handler, "plan", plan.pk)

    assert str(task.pk) in mine
    for other in Task.objects.filter(plan=plan).exclude(pk=task.pk):
        assert str(other.pk) not in mine


def test_the_text_page_marks_the_clauses(district: District) -> None:
    plan = make_draft(district)

    text = page(district.coordinator, "plan_text", plan.pk)

    assert '<p id="m1">' in text
    assert "<mark>（责任单位：组织人事部、高教办；完成时限：2026年12月底前）</mark>" in text


def test_the_source_is_handed_out_as_a_download(district: District) -> None:
    plan = make_draft(district)

    response = signed_in(district.coordinator).get(reverse("plan_source", args=[plan.pk]))

    assert response.headers["Content-Disposition"].startswith("attachment")
    assert plan.title.encode() in b"".join(response)


def test_the_buttons_lead_from_draft_to_issued(district: District) -> None:
    plan = make_draft(district)
    client = signed_in(district.coordinator)

    client.post(reverse("plan_submit", args=[plan.pk]), {"revision": plan.revision})
    assert flows.where(plan) == "approve_issuing"
    decide(plan, district.principal)
    decide(plan, district.issuer)
    assert "Issue the plan" in page(district.coordinator, "plan", plan.pk)
    response = client.post(reverse("plan_issue", args=[plan.pk]), follow=True)

    assert response.status_code == 200
    assert flows.where(plan) == "receipts"


def test_a_double_click_on_issue_is_answered_with_a_sentence(district: District) -> None:
    plan = make_approved(district)
    client = signed_in(district.coordinator)
    client.post(reverse("plan_issue", args=[plan.pk]))

    again = client.post(reverse("plan_issue", args=[plan.pk]))

    assert again.status_code == 409
    assert "has been issued already" in again.content.decode()


def test_a_handler_is_told_why_they_may_not_issue(district: District) -> None:
    plan = make_issued(district)

    response = signed_in(district.handler).post(reverse("plan_issue", args=[plan.pk]))

    assert response.status_code == 403
    assert "Only the plan&#x27;s coordinator may do this." in response.content.decode()


def test_a_measure_of_a_draft_is_edited_in_a_form(district: District) -> None:
    plan = make_draft(district)
    measure = plan.measures.first()
    assert measure
    address = reverse("measure_edit", args=[plan.pk, measure.pk])
    client = signed_in(district.coordinator)
    assert client.get(address).status_code == 200

    client.post(
        address,
        {
            "revision": plan.revision,
            "heading": "Guards",
            "priority": "high",
            "due_date": "2026-12-01",
            "lead": str(district.education.pk),
            "cooperating": [str(district.personnel.pk)],
        },
    )

    measure.refresh_from_db()
    assert (measure.heading, str(measure.due_date)) == ("Guards", "2026-12-01")
    assert measure.priority == "high"
    assert measure.parties[0]["lead"] == str(district.education.pk)


def test_a_measure_without_a_lead_is_not_saved(district: District) -> None:
    plan = make_draft(district)
    measure = plan.measures.first()
    assert measure

    response = signed_in(district.coordinator).post(
        reverse("measure_edit", args=[plan.pk, measure.pk]),
        {"revision": plan.revision, "heading": "Guards", "priority": "normal"},
    )

    assert response.status_code == 422
    assert "Name the unit that leads" in response.content.decode()


def test_an_outdated_form_is_refused_and_what_was_typed_stays(district: District) -> None:
    plan = make_draft(district)
    client = signed_in(district.coordinator)
    form = {"revision": plan.revision, "title": "First", "addressees": []}
    assert client.post(reverse("plan_edit", args=[plan.pk]), form).status_code == 302

    second = client.post(reverse("plan_edit", args=[plan.pk]), form | {"title": "Second"})

    assert second.status_code == 409
    assert "Second" in second.content.decode()
    assert Plan.objects.get(pk=plan.pk).title == "First"


def test_a_plan_page_needs_no_more_queries_for_more_tasks(
    district: District, django_assert_max_num_queries: pytest.FixtureRequest
) -> None:
    plan = make_issued(district)
    client = signed_in(district.coordinator)

    with django_assert_max_num_queries(45):  # type: ignore[operator]
        client.get(reverse("plan", args=[plan.pk]))
