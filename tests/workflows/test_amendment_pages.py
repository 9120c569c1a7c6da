"""The pages of an amendment: begun, written, compared, sent, decided on, read later."""

import copy

import pytest
from django.test import Client
from django.urls import reverse

from approvals.models import WorkItem
from directory.models import Person
from tests.workflows.amending import (
    added,
    begin,
    changed,
    measure,
    passed,
    put,
    send,
)
from tests.workflows.conftest import InForce
from tests.workflows.planning import District, decide_on
from tests.workflows.test_amendments import SUPPLEMENT
from workflows.models import Amendment, Plan, PlanImport

pytestmark = pytest.mark.django_db


@pytest.fixture
def district(in_force: InForce, db: None) -> District:
    return copy.deepcopy(in_force[0])


@pytest.fixture
def plan(in_force: InForce, db: None) -> Plan:
    return copy.deepcopy(in_force[1])


def signed_in(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def page(client: Client, name: str, *args: object) -> str:
    return client.get(reverse(name, args=args)).content.decode()


def test_a_coordinator_amends_a_plan_by_hand(district: District, plan: Plan) -> None:
    client, two = signed_in(district.coordinator), measure(plan, 2)
    assert reverse("amendment_new", args=[plan.pk]) in page(client, "plan", plan.pk)

    client.post(reverse("amendment_new", args=[plan.pk]), {"title": "Supplement"})
    found = Amendment.objects.get(plan=plan)
    new = reverse("amendment_item_new", args=[found.pk])
    form = client.get(f"{new}?kind=change&measure={two.pk}").content.decode()
    assert two.text in form
    client.post(
        new,
        {
            "revision": found.revision,
            "kind": "change",
            "measure": str(two.pk),
            "heading": two.heading,
            "text": "Lights on.",
            "priority": "high",
            "lead": two.parties[0]["lead"],
        },
    )

    shown = page(client, "amendment", found.pk)
    assert "<ins>Lights on.</ins>" in shown
    assert "<del>normal</del> → <ins>high</ins>" in shown
    found.refresh_from_db()
    sent = client.post(
        reverse("amendment_submit", args=[found.pk]), {"revision": found.revision}, follow=True
    )
    assert "The amendment is under approval now." in sent.content.decode()


def test_what_was_typed_stays_when_the_form_is_refused(district: District, plan: Plan) -> None:
    found = begin(district, plan)
    client, new = signed_in(district.coordinator), reverse("amendment_item_new", args=[found.pk])
    given = {"revision": "7", "kind": "add", "heading": "Cameras", "text": "At every gate."}

    nobody = client.post(new, given)
    outdated = client.post(new, given | {"lead": str(district.education.pk)})
    end = client.post(new, given | {"kind": "end"})

    assert (nobody.status_code, outdated.status_code, end.status_code) == (422, 409, 422)
    assert "Name the unit that leads" in nobody.content.decode()
    assert "At every gate." in outdated.content.decode()
    assert "Say why the measure ends." in end.content.decode()
    assert "Choose the measure." in end.content.decode()


def test_an_approver_reads_the_differences_and_decides(district: District, plan: Plan) -> None:
    found = put(district, begin(district, plan), changed(measure(plan, 1), text="Until nine."))
    send(district, found)
    item = WorkItem.objects.get(approval__subject_id=found.pk, state="open")
    client = signed_in(district.principal)

    assert "Supplement" in page(client, "inbox")
    shown = page(client, "review", item.pk)

    assert "<ins>Until nine.</ins>" in shown
    assert 'value="approve"' in shown


def test_everybody_reads_what_an_amendment_in_force_changed(district: District, plan: Plan) -> None:
    one = measure(plan, 1)
    before = one.text
    found = passed(district, plan, changed(one, text="Until nine."), added(district))
    client = signed_in(district.handler)

    shown = page(client, "plan", plan.pk)
    assert reverse("amendment", args=[found.pk]) in shown
    assert reverse("measure_history", args=[plan.pk, one.pk]) in shown
    assert before[:10] in page(client, "measure_history", plan.pk, one.pk)
    assert page(client, "plan_text", plan.pk).count('id="m1"') == 1


def test_a_draft_amendment_is_hidden_from_those_whom_it_does_not_concern(
    district: District, plan: Plan
) -> None:
    found = put(district, begin(district, plan, title="Secret"), added(district))
    client = signed_in(district.handler)

    assert client.get(reverse("amendment", args=[found.pk])).status_code == 404
    assert "Secret" not in page(client, "plan", plan.pk)


def test_a_document_is_brought_in_checked_and_becomes_a_draft(
    district: District, plan: Plan
) -> None:
    client = signed_in(district.coordinator)
    client.post(reverse("amendment_import", args=[plan.pk]), {"text": SUPPLEMENT})
    found = PlanImport.objects.get(amends=plan)
    client.post(reverse("plan_accept", args=[found.pk]), {"revision": found.revision})
    found.refresh_from_db()

    done = client.post(reverse("plan_confirm", args=[found.pk]), {"revision": found.revision})

    assert done.headers["Location"] == reverse("amendment", args=[found.amendment.pk])
    again = client.get(reverse("plan_review", args=[found.pk]))
    assert again.headers["Location"] == done.headers["Location"]
    refused = client.post(reverse("amendment_import", args=[plan.pk]), {"text": SUPPLEMENT})
    assert refused.status_code == 422
    assert "imported before" in refused.content.decode()


def test_an_amendment_waits_for_whoever_writes_it_and_then_for_whoever_signs(
    district: District, plan: Plan
) -> None:
    found = put(district, begin(district, plan), changed(measure(plan, 1), text="Until nine."))
    client, address = signed_in(district.coordinator), reverse("amendment", args=[found.pk])
    for place in ("/", "/?do=plans"):
        drafted = client.get(place).content.decode()
        assert address in drafted
        assert "A draft; nobody has been told of it yet" in drafted
    assert address not in page(signed_in(district.principal), "inbox")
    assert address not in page(client, "inbox_waiting")

    send(district, found)
    assert address not in page(client, "inbox")
    sent = page(client, "inbox_waiting")
    assert address in sent
    assert f"Now with {district.principal.name}" in sent

    decide_on(found.pk, district.principal, "return", "No dates.")
    assert "Came back to be revised" in page(client, "inbox")
    assert address not in page(client, "inbox_waiting")
