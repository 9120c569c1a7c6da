"""The upload page and the review screen, with every refusal as a sentence."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from directory.models import Person
from tests.factories import NOW
from tests.workflows.planning import (
    TEXT,
    District,
    answer,
    answer_all,
    confirm,
    make_district,
    upload,
)
from workflows.actions import imports
from workflows.answering import Given
from workflows.models import Plan, PlanImport
from workflows.queries.imports import draft_of, proposal_of

pytestmark = pytest.mark.django_db


def signed_in(person: Person) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(person)
    return client


def send(district: District, data: bytes, name: str = "plan.txt") -> Any:
    file = SimpleUploadedFile(name, data)
    return signed_in(district.coordinator).post(reverse("plan_import"), {"file": file, "text": ""})


def test_a_document_leads_to_its_review_screen(district: District) -> None:
    response = send(district, TEXT.encode())

    found = PlanImport.objects.get(organisation=district.organisation)
    assert response.headers["Location"] == reverse("plan_review", args=[found.pk])
    screen = signed_in(district.coordinator).get(response.headers["Location"]).content.decode()
    assert "3 of 3 measures accounted for" in screen
    assert "Which unit is “卫管处”?" in screen
    assert '<mark class="q">（责任单位：卫管处）</mark>' in screen


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"", "plan.txt", "The document is empty."),
        (b"\x89PNG\r\n\x1a\n" + bytes(64), "plan.txt", "not a text document"),
        (b"%PDF-1.7\n", "scan.pdf", "PDF files and scans"),
        (b"PK\x03\x04broken", "plan.docx", "not a Word document"),
        ("你好，世界。\n".encode(), "plan.txt", "No numbered measures"),
    ],
)
def test_what_is_no_plan_is_refused_in_a_sentence(
    district: District, data: bytes, name: str, words: str
) -> None:
    response = send(district, data, name)

    assert response.status_code == 422
    assert words in response.content.decode()
    assert not PlanImport.objects.filter(organisation=district.organisation).exists()


def test_neither_file_nor_text_is_asked_for_again(district: District) -> None:
    response = signed_in(district.coordinator).post(reverse("plan_import"), {"text": " "})

    assert response.status_code == 422
    assert "Choose a file, or paste the text" in response.content.decode()


@pytest.mark.parametrize("who", ["handler", "principal", "auditor"])
def test_nobody_else_reaches_an_import(district: District, who: str) -> None:
    found = upload(district)
    client = signed_in(getattr(district, who))

    assert client.get(reverse("plan_import")).status_code == 403
    assert client.get(reverse("plan_review", args=[found.pk])).status_code == 404
    assert client.post(reverse("plan_confirm", args=[found.pk])).status_code == 404


def test_an_import_of_another_organisation_is_not_found(district: District) -> None:
    found = upload(make_district())

    client = signed_in(district.coordinator)
    assert client.get(reverse("plan_review", args=[found.pk])).status_code == 404


def test_an_answer_is_saved_by_its_own_form(district: District) -> None:
    found = upload(district)
    question = next(q for q in proposal_of(found).questions if q.code == "unknown_unit")

    signed_in(district.coordinator).post(
        reverse("plan_answer", args=[found.pk, question.id]),
        {"revision": "1", "choice": "other", "unit": str(district.office.pk), "anchor": "t2"},
    )

    found.refresh_from_db()
    assert found.revision == 2
    assert draft_of(found).measures[1].parties.lead == str(district.office.pk)


def test_an_answer_without_what_it_needs_is_refused(district: District) -> None:
    found = upload(district)
    question = next(q for q in proposal_of(found).questions if q.code == "unknown_unit")

    response = signed_in(district.coordinator).post(
        reverse("plan_answer", args=[found.pk, question.id]), {"revision": "1", "choice": "other"}
    )

    assert response.status_code == 422
    assert "fill in what it needs" in response.content.decode()


def test_an_answer_from_an_outdated_page_is_refused(district: District) -> None:
    found = upload(district)
    answer(district, found, "group", Given("each"), actor=district.colleague)
    question = next(q for q in proposal_of(found).questions if q.code == "group")

    response = signed_in(district.coordinator).post(
        reverse("plan_answer", args=[found.pk, question.id]), {"revision": "1", "choice": "drop"}
    )

    assert response.status_code == 409
    assert "Somebody else changed this import" in response.content.decode()


def test_a_measure_is_typed_over_split_and_merged(district: District) -> None:
    found = upload(district)
    client = signed_in(district.coordinator)
    key = draft_of(found).measures[1].key
    address = reverse("plan_proposal", args=[found.pk, key])
    assert client.get(address).status_code == 200

    client.post(
        address,
        {"revision": "1", "heading": "Lines", "priority": "high", "lead": str(district.party.pk)},
    )
    client.post(reverse("plan_merge", args=[found.pk, key]), {"revision": "2"})
    found.refresh_from_db()
    assert found.revision == 3
    assert len(draft_of(found).measures) == 2
    client.post(reverse("plan_unmerge", args=[found.pk, key]), {"revision": "3"})
    found.refresh_from_db()

    measure = draft_of(found).measures[1]
    assert (measure.heading, measure.parties.lead) == ("Lines", str(district.party.pk))
    assert measure.priority == "high"


def test_confirming_leads_to_the_draft(district: District) -> None:
    found = answer_all(district, upload(district))

    response = signed_in(district.coordinator).post(
        reverse("plan_confirm", args=[found.pk]), {"revision": str(found.revision)}
    )

    plan = Plan.objects.get(organisation=district.organisation)
    assert response.headers["Location"] == reverse("plan", args=[plan.pk])


def test_confirming_too_early_says_how_many_questions_are_open(district: District) -> None:
    found = upload(district)

    response = signed_in(district.coordinator).post(
        reverse("plan_confirm", args=[found.pk]), {"revision": "1"}
    )

    assert response.status_code == 422
    assert "questions are still open" in response.content.decode()


def test_a_second_confirmation_leads_to_the_plan_that_exists(district: District) -> None:
    found = answer_all(district, upload(district))
    plan = confirm(district, found, actor=district.colleague)

    response = signed_in(district.coordinator).post(
        reverse("plan_confirm", args=[found.pk]), {"revision": str(found.revision)}, follow=True
    )

    assert response.redirect_chain == [(reverse("plan", args=[plan.pk]), 302)]
    assert f"{district.colleague.name} has made a draft" in response.content.decode()


def test_the_same_document_again_is_refused_by_name(district: District) -> None:
    upload(district)

    response = signed_in(district.colleague).post(reverse("plan_import"), {"text": TEXT})

    assert response.status_code == 422
    assert district.coordinator.name in response.content.decode()


def test_a_changed_document_shows_what_differs(district: District) -> None:
    confirm(district, answer_all(district, upload(district)))
    changed = upload(district, TEXT.replace("有人值守", "两人值守"))

    screen = signed_in(district.coordinator).get(reverse("plan_review", args=[changed.pk]))

    content = screen.content.decode()
    assert "What differs from the earlier plan" in content
    assert "<ins>" in content


@pytest.mark.parametrize("name", ["plan.txt", "plan.docx"])
def test_the_demo_plan_becomes_fifteen_measures(district: District, name: str) -> None:
    data = (Path(__file__).parents[2] / "demo" / name).read_bytes()

    found = imports.upload_document(filename=name, data=data, actor=district.coordinator, at=NOW)

    assert len(draft_of(found).measures) == 15
