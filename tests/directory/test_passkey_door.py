"""Signing in by passkey, through the addresses that the door's script uses."""

import json
import logging
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.test import Client
from django.utils import timezone

from audit.models import Entry
from directory import actions
from directory.actions import OPERATOR
from directory.models import Challenge, Passkey, Person
from directory.passkeys import RelyingParty
from tests.authenticator import EDDSA, Authenticator, b64, new_key
from tests.directory.test_passkeys import ask_for_approval
from tests.factories import HERE, NOW, make_organisation, make_passkey, make_person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("file_db")]
PASSWORD = "correct horse 27"


@pytest.fixture
def client() -> Client:
    """At a name for which browsers keep passkeys."""
    return Client(SERVER_NAME="localhost", headers={"accept-language": "en"})


@pytest.fixture
def person() -> Person:
    return make_person(make_organisation(), password=PASSWORD)


@pytest.fixture
def device(person: Person) -> Authenticator:
    return make_passkey(person)[1]


def options(client: Client) -> dict[str, Any]:
    return client.post("/sign-in/passkey/options/").json()["options"]  # type: ignore[no-any-return]


def send(client: Client, answer: object, **more: str) -> Any:
    return client.post("/sign-in/passkey/", {"answer": json.dumps(answer), **more})


def sign_ins(person: Person) -> list[dict[str, Any]]:
    found = Entry.objects.filter(subject=person.subject, kind="session.signed_in")
    return [json.loads(bytes(one.body))["facts"] for one in found]


@pytest.mark.parametrize("algorithm", [-7, EDDSA])
def test_a_passkey_opens_the_door_and_the_record_says_how(
    client: Client, person: Person, algorithm: int
) -> None:
    passkey, device = make_passkey(person, Authenticator(algorithm=algorithm))
    response = send(client, device.get(options(client)), next="/tasks/")

    assert response.json() == {"next": "/tasks/"}
    assert client.get("/account/passkeys/").status_code == 200
    named = {"id": str(passkey.pk), "credential": device.credential_id.hex()}
    assert sign_ins(person) == [{"evidence": "passkey", "passkey": named}]
    passkey.refresh_from_db()
    assert passkey.last_used_at is not None
    assert passkey.sign_count == 1


def test_the_password_opens_the_door_as_before_and_the_record_says_so(
    client: Client, person: Person, device: Authenticator
) -> None:
    client.post("/sign-in/", {"username": person.username, "password": PASSWORD})
    assert sign_ins(person) == [{"evidence": "password"}]


def test_whoever_sits_there_is_asked_for_any_passkey(client: Client, device: Authenticator) -> None:
    asked = options(client)
    assert (asked["rpId"], asked["userVerification"]) == ("localhost", "required")
    assert not asked.get("allowCredentials")


def test_nobody_is_sent_to_another_site(client: Client, device: Authenticator) -> None:
    response = send(client, device.get(options(client)), next="https://evil.example/")
    assert response.json() == {"next": "/"}


def test_a_counter_that_falls_back_is_accepted_and_kept(
    client: Client, person: Person, device: Authenticator
) -> None:
    for count in (7, 3, 0):
        assert send(client, device.get(options(client), sign_count=count)).status_code == 200
        assert Passkey.objects.get().sign_count == count


def test_whether_a_key_is_synced_is_remembered_anew(client: Client, person: Person) -> None:
    passkey, device = make_passkey(person, Authenticator(backup_eligible=True))
    send(client, device.get(options(client), bs=True))

    passkey.refresh_from_db()
    assert passkey.backed_up


@pytest.mark.parametrize(
    ("bent", "sentence"),
    [
        ({"type": "webauthn.create"}, "another question"),
        ({"origin": "https://evil.example"}, "given at https://evil.example"),
        ({"cross_origin": True}, "given at"),
        ({"rp_id": "evil.example"}, "made for another site"),
        ({"up": False}, "somebody was there"),
        ({"uv": False}, "did not check that it is you"),
        ({"be": True}, "something else about this passkey"),
        ({"be": True, "bs": True}, "something else about this passkey"),
        ({"bs": True}, "can't be read"),
        ({"key": new_key(-7)}, "signature does not belong"),
        ({"signature": b"no signature"}, "signature does not belong"),
        ({"user_handle": b"nobody"}, "doesn't know this passkey"),
        ({"user_handle": bytes(16)}, "doesn't know this passkey"),
        ({"credential_id": b"unknown"}, "doesn't know this passkey"),
        ({"client_data": b"{}"}, "can't be read"),
        ({"authenticator_data": bytes(9)}, "can't be read"),
        ({"answer_type": "password"}, "can't be read"),
        ({"challenge": b"never given"}, "expired or was used before"),
    ],
    ids=lambda one: ", ".join(one) if isinstance(one, dict) else str(one),
)
def test_an_answer_that_proves_nothing_gets_a_sentence_and_changes_nothing(
    client: Client, person: Person, device: Authenticator, bent: dict[str, Any], sentence: str
) -> None:
    before = Passkey.objects.values().get()

    response = send(client, device.get(options(client), **bent))

    assert response.status_code in (403, 409, 422)
    assert sentence in response.json()["error"]
    assert "_auth_user_id" not in client.session
    assert Passkey.objects.values().get() == before
    assert sign_ins(person) == []


def test_client_data_changed_after_signing_is_found(
    client: Client, person: Person, device: Authenticator
) -> None:
    asked = options(client)
    forged = device.client_data("webauthn.get", asked, {"cross_origin": False}) + b" "
    response = send(client, device.get(asked, tampered={"clientDataJSON": b64(forged)}))

    assert "signature does not belong" in response.json()["error"]
    assert sign_ins(person) == []


@pytest.mark.parametrize("sent", [{}, {"answer": "{"}, {"answer": "[]"}, {"answer": '{"id": 1}'}])
def test_what_is_no_answer_at_all_gets_a_sentence(client: Client, sent: dict[str, str]) -> None:
    response = client.post("/sign-in/passkey/", sent)
    assert response.status_code == 422
    assert "can't be read" in response.json()["error"]


def test_an_answer_opens_the_door_once(
    client: Client, person: Person, device: Authenticator
) -> None:
    answer = device.get(options(client))
    send(client, answer)

    again = send(Client(SERVER_NAME="localhost", headers={"accept-language": "en"}), answer)

    assert (again.status_code, len(sign_ins(person))) == (409, 1)
    assert "used before" in again.json()["error"]


def test_an_answer_that_failed_spends_its_challenge(client: Client, device: Authenticator) -> None:
    asked = options(client)
    send(client, device.get(asked, uv=False))

    assert "used before" in send(client, device.get(asked)).json()["error"]


def test_a_challenge_expires_and_is_then_forgotten(
    client: Client, person: Person, device: Authenticator
) -> None:
    asked = options(client)
    later = timezone.now() + timedelta(minutes=6)
    with patch.object(timezone, "now", lambda: later):
        assert "expired" in send(client, device.get(asked)).json()["error"]
        options(client)
    assert Challenge.objects.count() == 1


def test_a_challenge_for_setting_up_is_none_for_signing_in(
    client: Client, person: Person, device: Authenticator
) -> None:
    asked = actions.ask_for_passkey(
        person_id=person.pk, party=HERE, actor=person, at=timezone.now()
    )
    assert send(client, device.get(asked)).status_code == 409


# Only whoever holds the key learns more


def test_a_revoked_passkey_says_so_to_its_holder_only(
    client: Client, person: Person, device: Authenticator
) -> None:
    passkey = Passkey.objects.get()
    actions.revoke_passkey(passkey_id=passkey.pk, reason="", actor=person, at=NOW)

    assert "has been revoked" in send(client, device.get(options(client))).json()["error"]
    forged = send(client, device.get(options(client), key=new_key(-7)))
    assert "revoked" not in forged.json()["error"]
    assert sign_ins(person) == []


def test_a_passkey_that_waits_says_so(client: Client, person: Person) -> None:
    ask_for_approval(person.organisation)
    _passkey, device = make_passkey(person)

    assert "has approved it" in send(client, device.get(options(client))).json()["error"]
    assert sign_ins(person) == []


def test_a_deactivated_person_reads_why(
    client: Client, person: Person, device: Authenticator
) -> None:
    actions.deactivate_person(person_id=person.pk, actor=OPERATOR, at=NOW)

    assert "deactivated" in send(client, device.get(options(client))).json()["error"]
    assert sign_ins(person) == []


def test_a_passkey_of_another_domain_does_not_count_here(client: Client, person: Person) -> None:
    elsewhere = RelyingParty("duban.example.org", ("https://duban.example.org",))
    _passkey, device = make_passkey(person, party=elsewhere)

    assert "another site" in send(client, device.get(options(client))).json()["error"]


# Tries


def test_tries_with_a_passkey_count_with_those_of_the_password(
    client: Client, person: Person, device: Authenticator
) -> None:
    for _ in range(2):
        client.post("/sign-in/", {"username": person.username, "password": "wrong"})
    response = send(client, device.get(options(client), uv=False))
    assert "2 more tries" in response.json()["error"]
    assert "One more try" in send(client, device.get(options(client), uv=False)).json()["error"]
    locked = send(client, device.get(options(client), uv=False))
    assert (locked.status_code, "Wait 15 minutes" in locked.json()["error"]) == (429, True)

    assert send(client, device.get(options(client))).status_code == 429
    by_password = {"username": person.username, "password": PASSWORD}
    assert client.post("/sign-in/", by_password).status_code == 429
    assert sign_ins(person) == []


def test_a_sign_in_ends_the_count(client: Client, person: Person, device: Authenticator) -> None:
    for _ in range(4):
        send(client, device.get(options(client), uv=False))
    send(client, device.get(options(client)))

    again = send(client, device.get(options(client), uv=False))
    assert "4 more tries" in again.json()["error"]


def test_unknown_passkeys_are_counted_by_where_they_come_from(
    client: Client, person: Person, device: Authenticator
) -> None:
    for _ in range(5):
        response = send(client, device.get(options(client), credential_id=b"unknown"))
    assert response.status_code == 429
    assert send(client, device.get(options(client))).status_code == 200


def test_a_page_that_stood_open_too_long_is_no_try(client: Client, device: Authenticator) -> None:
    for _ in range(6):
        response = send(client, device.get(options(client), challenge=b"old"))
    assert response.status_code == 409


def test_failures_stand_in_the_log_and_not_on_the_record(
    client: Client, person: Person, device: Authenticator, caplog: pytest.LogCaptureFixture
) -> None:
    length = person.chain_length
    with caplog.at_level(logging.WARNING, logger="duban.sign_in"):
        send(client, device.get(options(client), uv=False))

    [said] = [one.getMessage() for one in caplog.records if one.name == "duban.sign_in"]
    assert said == (
        f"Sign-in by passkey refused: NotVerified, account {person.username}, address 127.0.0.1"
    )
    person.refresh_from_db()
    assert person.chain_length == Entry.objects.filter(subject=person.subject).count()
    assert length <= person.chain_length


# The address


def test_an_address_of_digits_says_where_to_go(person: Person) -> None:
    digits = Client(headers={"accept-language": "en", "host": "127.0.0.1:8011"})
    page = digits.get("/sign-in/").content.decode()
    assert "only digits" in page
    assert 'href="http://localhost:8011/sign-in/"' in page
    assert digits.post("/sign-in/passkey/options/").status_code == 422
