"""The pages on which two administrators move a stuck approval."""

from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from approvals.models import Approval, Intervention, WorkItem
from directory.models import Person
from tests.approvals.test_interventions import Office

pytestmark = pytest.mark.usefixtures("committed_db")


def go(user: Person, name: str, key: Any = None, **sent: Any) -> tuple[int, str]:
    """The page that somebody ends on."""
    client = Client()
    client.force_login(user)
    address = reverse(name, args=[key] if key else [])
    response = client.post(address, sent, follow=True) if sent else client.get(address)
    return response.status_code, unescape(response.content.decode())


def propose(office: Office, approval: Approval, **other: Any) -> tuple[int, str]:
    asked = {
        "kind": "reseat",
        "work_item": str(office.item("Ana").pk),
        "person": str(office.eve.pk),
        "reason": "Her post was abolished.",
    }
    return go(office.first, "intervention", approval.pk, **(asked | other))


def test_what_one_administrator_proposes_another_finds_and_confirms() -> None:
    office = Office()
    approval = office.stuck()
    address = reverse("intervention", args=[approval.pk])
    assert address in go(office.first, "routes")[1]
    status, page = propose(office, approval)
    assert status == 200
    assert "Another administrator has to confirm it" in page
    assert "Confirm and carry it out" not in page
    assert "Her post was abolished." in go(office.second, "routes")[1]
    inbox = go(office.second, "inbox")[1]
    assert "First proposes a way on for a stuck approval" in inbox
    assert address in inbox
    assert all(address not in go(one, "inbox")[1] for one in (office.first, office.eve))
    assert "Confirm and carry it out" in go(office.second, "intervention", approval.pk)[1]
    made = Intervention.objects.get(approval=approval)
    status, page = go(office.second, "intervention_settle", made.pk, answer="confirm")
    assert "Confirmed and carried out" in page
    assert "Second confirmed the intervention" in page
    assert WorkItem.objects.filter(approval=approval, person=office.eve, state="open").exists()
    assert "Her post was abolished." not in go(office.second, "routes")[1]
    assert address not in go(office.second, "inbox")[1]


def test_a_declined_intervention_moves_nothing_and_is_remembered() -> None:
    office = Office()
    approval = office.stuck()
    propose(office, approval, kind="send_back")
    made = Intervention.objects.get(approval=approval)
    _status, page = go(office.first, "intervention_settle", made.pk, answer="decline")
    assert "Nothing has moved" in page
    assert "First declined the intervention" in page
    approval.refresh_from_db()
    assert approval.state == Approval.State.OPEN


def test_whoever_proposes_it_can_not_confirm_it() -> None:
    office = Office()
    propose(office, office.stuck())
    made = Intervention.objects.get(organisation=office.organisation)
    status, page = go(office.first, "intervention_settle", made.pk, answer="confirm")
    assert status == 403
    assert "Another administrator has to confirm this." in page


@pytest.mark.parametrize(
    ("sent", "status", "said"),
    [
        ({"person": ""}, 422, "Choose one: a seat goes to a person."),
        ({"work_item": ""}, 422, "Choose one: a seat goes to a person."),
        ({"work_item": "nonsense"}, 422, "Select a valid choice"),
        ({"kind": "approve"}, 422, "Select a valid choice"),
        ({"reason": "  "}, 422, "This field is required"),
    ],
)
def test_a_refused_proposal_says_why_and_loses_nothing(
    sent: dict[str, str], status: int, said: str
) -> None:
    office = Office()
    approval = office.stuck("Ana", "Ben")
    found, page = propose(office, approval, **({"reason": "Because of this."} | sent))
    assert (found, said in page) == (status, True)
    assert "Because of this." in page or "reason" in sent
    assert not Intervention.objects.filter(approval=approval).exists()


def test_a_person_who_can_not_take_the_seat_is_refused_in_a_sentence() -> None:
    office = Office()
    approval = office.stuck("Ana", "Ben")
    status, page = propose(office, approval, person=str(office.people["Ben"].pk))
    assert status == 409
    assert "Ben is asked in this stage already." in page
    assert "Her post was abolished." in page


def test_only_administrators_come_here() -> None:
    office = Office()
    assert go(office.eve, "intervention", office.stuck().pk)[0] == 403
