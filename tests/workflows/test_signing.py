"""A stage that asks for a passkey, and a passkey where none is asked for, on the pages."""

import json
from hashlib import sha256
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from approvals.models import SignOff
from approvals.queries import seen_digest
from audit.templatetags.ui import short_code
from tests.factories import make_passkey
from tests.workflows.factories import World, accepted, make_measure, submitted
from tests.workflows.test_reviewing import decide, page_of, publish, seat, signed_in
from workflows.models import Task

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(world: World) -> World:
    publish(world)
    return world


@pytest.fixture
def task(world: World) -> Task:
    task = accepted(world)
    submitted(world, task)
    return task


@pytest.fixture
def sealed(world: World) -> Task:
    """A task whose first stage asks for a passkey."""
    publish(world, evidence="passkey")
    task = accepted(world, measure=make_measure(world.plan, 16))
    submitted(world, task)
    return task


def test_whoever_has_no_passkey_is_told_where_to_get_one_and_may_ask_others(
    world: World, sealed: Task
) -> None:
    client, item = signed_in(world.deputy), seat(sealed, world.deputy)
    page = page_of(client, item)
    assert "you have none that counts yet" in page
    assert "Hand your turn on" in page
    assert 'name="decision"' not in page
    answer = decide(client, item, comment="The figures agree.")
    assert answer.status_code == 403
    assert "signed with a passkey only" in answer.content.decode()
    assert "The figures agree." in answer.content.decode()
    assert not SignOff.objects.filter(work_item=item).exists()


def test_a_passkey_is_offered_where_there_is_one_and_asked_for_where_the_stage_says(
    world: World, task: Task, sealed: Task
) -> None:
    client = signed_in(world.deputy)
    open_to_all, for_keys = seat(task, world.deputy), seat(sealed, world.deputy)
    assert "data-prepare" not in page_of(client, open_to_all)
    make_passkey(world.deputy, at=timezone.now())
    page = page_of(client, open_to_all)
    assert "Sign personally: approve" in page
    assert "Sign: approve" in page
    page = page_of(client, for_keys)
    assert "Sign personally: approve" in page
    assert "Sign: approve" not in page


def test_a_passkey_signs_through_the_form_and_the_record_says_so(
    world: World, sealed: Task
) -> None:
    _, device = make_passkey(world.deputy, at=timezone.now())
    client, item = signed_in(world.deputy), seat(sealed, world.deputy)
    shown = client.get(reverse("review", args=[item.pk])).context["form"].initial
    sent = {name: str(shown[name]) for name in ("seen_digest", "seen", "idempotency_key")}
    sent |= {"decision": "approve", "comment": "The figures agree."}
    answer = client.post(
        reverse("prepare_signature", args=[item.pk]), sent, headers={"host": "localhost"}
    )
    told = answer.json()
    assert "I approve" in told["sentence"]
    assert told["options"]["userVerification"] == "required"
    answered = json.dumps(device.get(told["options"]))
    signed = sent | {"prepared": told["prepared"], "assertion": answered}
    done = client.post(reverse("decide", args=[item.pk]), signed)
    assert done.status_code == 303
    row = SignOff.objects.get(work_item=item)
    assert row.evidence == "passkey"
    page = client.get(reverse("approval", args=[row.approval_id])).content.decode()
    assert "personally signed" in page
    code = short_code(sha256(bytes(row.statement)).digest())
    assert code == told["code"]
    for name, argument in (("approval", row.approval_id), ("approval_form", row.approval_id)):
        page = client.get(reverse(name, args=[argument])).content.decode()
        assert "personally signed" in page
        assert code in page
    assert "personally signed" in client.get(reverse("decisions")).content.decode()


def test_a_refusal_before_signing_is_a_sentence_and_no_page(world: World, sealed: Task) -> None:
    make_passkey(world.deputy, at=timezone.now())
    client, item = signed_in(world.deputy), seat(sealed, world.deputy)
    sent = {"decision": "approve", "seen_digest": seen_digest(item).hex()}
    sent |= {"idempotency_key": str(uuid4())}
    address = reverse("prepare_signature", args=[item.pk])
    for host, changed, status, said in (
        ("localhost", {"seen_digest": "00" * 32}, 409, "has changed since"),
        ("localhost", {"decision": "return"}, 422, "Say why you return it"),
        ("127.0.0.1", {}, 422, "Open Duban at http://localhost"),
    ):
        answer = client.post(address, sent | changed, headers={"host": host})
        assert answer.status_code == status
        assert said in answer.json()["sentence"]
    answer = client.post(address, sent | {"decision": ""}, headers={"host": "localhost"})
    assert answer.status_code == 422
    assert "incomplete" in answer.json()["sentence"]


@pytest.mark.parametrize("assertion", ["{", "[]", "[" * 2000, '{"id": 1}', "x" * 6001, "null"])
def test_an_answer_that_is_none_signs_nothing(world: World, sealed: Task, assertion: str) -> None:
    client, item = signed_in(world.deputy), seat(sealed, world.deputy)
    answer = decide(client, item, prepared=str(uuid4()), assertion=assertion, comment="Kept.")
    assert answer.status_code == 422
    assert "can&#x27;t be read" in answer.content.decode()
    assert "Kept." in answer.content.decode()


def test_what_needs_a_passkey_is_not_approved_with_others(world: World, sealed: Task) -> None:
    make_passkey(world.deputy, at=timezone.now())
    item = seat(sealed, world.deputy)
    page = signed_in(world.deputy).get(reverse("together"), {"item": [str(item.pk)]})
    assert "It asks for your passkey: sign it on its own page." in page.content.decode()
    assert page.context["ready"] == []
