"""The pages about passkeys: everybody's own, and the administrators'."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from directory import actions
from directory.browsers import in_words
from directory.models import Passkey, Person
from directory.passkeys import NoPasskeysHere, OnlyByName, OnlyThere, relying_party
from tests.authenticator import Authenticator
from tests.directory.test_passkeys import ask_for_approval
from tests.factories import (
    NOW,
    make_administrator,
    make_organisation,
    make_passkey,
    make_person,
)

PASSWORD = "correct horse 27"
WINDOWS_EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0"
)

pytestmark = pytest.mark.usefixtures("file_db")
database = pytest.mark.django_db


@pytest.fixture
def person() -> Person:
    return make_person(make_organisation(), "Li Si", password=PASSWORD)


@pytest.fixture
def administrator(person: Person) -> Person:
    return make_administrator(person.organisation)


def signed_in(person: Person) -> Client:
    client = Client(SERVER_NAME="localhost", headers={"user-agent": WINDOWS_EDGE})
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def options(client: Client, password: str = PASSWORD, name: str = "My phone") -> Any:
    sent = {"password": password, "name": name}
    return client.post(reverse("passkey_options"), sent)


def enrol(client: Client, answer: object, name: str = "My phone") -> Any:
    sent = {"answer": json.dumps(answer), "name": name}
    return client.post(reverse("passkey_enrol"), sent)


@database
def test_a_passkey_is_set_up_after_the_password_and_the_page_shows_it(person: Person) -> None:
    client = signed_in(person)
    asked = options(client).json()["options"]

    done = enrol(client, Authenticator(backup_eligible=True, backed_up=True).create(asked))

    assert done.json() == {"next": reverse("passkeys")}
    page = client.get(reverse("passkeys")).content.decode()
    assert "You can sign in with it from now on" in page
    assert "Synced: your other devices have it, too" in page
    assert "Edge, Windows, 127.0.0.1" in page
    assert "never" in page


@database
def test_without_the_right_password_no_device_is_asked(person: Person) -> None:
    client = signed_in(person)

    wrong = options(client, "wrong")
    assert (wrong.status_code, "not your password" in wrong.json()["error"]) == (422, True)
    assert options(client, "").json()["error"] == "Password: This field is required."
    assert options(client, name="").json()["error"] == "Name: This field is required."
    assert options(client, name="x" * 61).status_code == 422


@database
def test_wrong_passwords_lock_as_at_the_door(person: Person) -> None:
    client = signed_in(person)
    for _ in range(5):
        answer = options(client, "wrong")

    assert (answer.status_code, "Wait 15 minutes" in answer.json()["error"]) == (429, True)
    assert options(client).status_code == 429


@database
@pytest.mark.parametrize("sent", ["", "{", "[]", "null"])
def test_an_answer_that_is_none_gets_a_sentence(person: Person, sent: str) -> None:
    response = signed_in(person).post(reverse("passkey_enrol"), {"answer": sent, "name": "x"})
    assert response.status_code == 422
    assert response.json()["error"]
    assert not Passkey.objects.exists()


@database
def test_its_owner_renames_and_revokes_on_pages(person: Person) -> None:
    passkey, _device = make_passkey(person)
    client = signed_in(person)
    client.post(reverse("passkey_rename", args=[passkey.pk]), {"name": "Old notebook"})
    assert "Old notebook" in client.get(reverse("passkeys")).content.decode()

    answer = client.post(reverse("passkey_revoke", args=[passkey.pk]), {"reason": ""})
    assert answer["Location"] == reverse("passkeys")
    page = client.get(reverse("passkeys")).content.decode()
    assert "revoked" in page
    assert reverse("passkey_revoke", args=[passkey.pk]) not in page


@database
def test_an_administrator_sees_and_revokes_on_the_persons_page(
    person: Person, administrator: Person
) -> None:
    passkey, _device = make_passkey(person, name="Stolen notebook")
    address = reverse("passkey_revoke", args=[passkey.pk])
    client = signed_in(administrator)
    assert address in client.get(reverse("person", args=[person.pk])).content.decode()

    assert client.post(address, {"reason": ""}).status_code == 422
    answer = client.post(address, {"reason": "Stolen on the train."})
    assert answer["Location"] == reverse("person", args=[person.pk])
    assert Passkey.objects.get().revoked_by == administrator


@database
def test_a_colleague_sees_no_passkeys_of_others(person: Person) -> None:
    make_passkey(person, name="Stolen notebook")
    colleague = signed_in(make_person(person.organisation))
    page = colleague.get(reverse("person", args=[person.pk])).content.decode()
    assert "Stolen notebook" not in page


@database
def test_what_waits_stands_in_the_inbox_of_another_administrator_until_it_is_settled(
    person: Person, administrator: Person
) -> None:
    client = signed_in(administrator)
    client.post(reverse("passkey_approvals"), {"wanted": "yes"})
    passkey, _device = make_passkey(person)
    own, _device = make_passkey(administrator, name="Own key")

    inbox = client.get(reverse("inbox")).content.decode()
    assert f"Passkey “{passkey.name}”" in inbox
    assert "Li Si set it up" in inbox
    assert "Own key" not in inbox
    assert "2 new passkeys wait" in client.get(reverse("people")).content.decode()
    waiting = client.get(reverse("passkey_approvals")).content.decode()
    assert "Yours: another administrator approves it" in waiting
    assert reverse("passkey_approve", args=[own.pk]) not in waiting

    client.post(reverse("passkey_approve", args=[passkey.pk]))
    passkey.refresh_from_db()
    assert passkey.approved_by == administrator
    assert f"Passkey “{passkey.name}”" not in client.get(reverse("inbox")).content.decode()
    refused = client.post(reverse("passkey_approve", args=[own.pk]))
    assert "Ask another administrator" in refused.content.decode()


@database
def test_declining_needs_a_reason(person: Person, administrator: Person) -> None:
    ask_for_approval(person.organisation)
    passkey, _device = make_passkey(person)
    client, address = signed_in(administrator), reverse("passkey_decline", args=[passkey.pk])

    assert client.post(address, {"reason": ""}).status_code == 422
    client.post(address, {"reason": "He knows nothing of it."})
    assert "declined" in signed_in(person).get(reverse("passkeys")).content.decode()


@database
def test_a_page_of_an_unchosen_rule_says_so(administrator: Person) -> None:
    answer = signed_in(administrator).post(reverse("passkey_approvals"), {"wanted": "perhaps"})
    assert answer.status_code == 422


@database
def test_whoever_was_deactivated_no_longer_waits(person: Person, administrator: Person) -> None:
    ask_for_approval(person.organisation)
    make_passkey(person)
    actions.deactivate_person(person_id=person.pk, actor=administrator, at=NOW)

    assert "Li Si" not in signed_in(administrator).get(reverse("inbox")).content.decode()


# Addresses


@pytest.mark.parametrize(
    ("own", "shown", "domain"),
    [
        ("https://duban.example.org", "https://duban.example.org", "duban.example.org"),
        ("https://Duban.Example.org:443/", "https://duban.example.org", "duban.example.org"),
        ("https://duban.example.org:8443", "https://duban.example.org:8443", "duban.example.org"),
        ("", "http://localhost:8011", "localhost"),
        ("http://localhost:8011", "http://localhost:8011", "localhost"),
    ],
)
def test_the_house_is_known_by_its_domain(own: str, shown: str, domain: str) -> None:
    party = relying_party(own, shown)
    assert (party.id, party.origins) == (domain, (shown,))


@pytest.mark.parametrize(
    ("own", "shown", "refusal", "address"),
    [
        ("", "http://127.0.0.1:8011", OnlyByName, "http://localhost:8011"),
        ("", "http://[::1]:8011", OnlyByName, "http://localhost:8011"),
        ("", "http://192.0.2.7", NoPasskeysHere, None),
        ("https://192.0.2.7", "https://192.0.2.7", NoPasskeysHere, None),
        ("", "http://duban.example.org", NoPasskeysHere, None),
        ("http://duban.example.org", "http://duban.example.org", NoPasskeysHere, None),
        (
            "https://duban.example.org",
            "http://localhost:8011",
            OnlyThere,
            "https://duban.example.org",
        ),
        (
            "https://duban.example.org",
            "https://www.duban.example.org",
            OnlyThere,
            "https://duban.example.org",
        ),
    ],
)
def test_where_no_browser_keeps_passkeys_a_sentence_says_where_it_does(
    own: str, shown: str, refusal: type[NoPasskeysHere], address: str | None
) -> None:
    with pytest.raises(refusal) as caught:
        relying_party(own, shown)
    assert type(caught.value) is refusal
    assert caught.value.params.get("address") == address


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (WINDOWS_EDGE, "Edge, Windows, 192.0.2.7"),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0",
            "Firefox, Linux, 192.0.2.7",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15"
            " (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
            "Safari, iPhone, 192.0.2.7",
        ),
        ("something else", "192.0.2.7"),
        ("", "192.0.2.7"),
    ],
)
def test_a_browser_is_named_as_its_owner_knows_it(header: str, words: str) -> None:
    assert in_words(header, "192.0.2.7") == words
