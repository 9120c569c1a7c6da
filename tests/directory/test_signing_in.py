"""The door: who gets in, who doesn't, and what they read."""

import pytest
from django.conf import settings
from django.test import Client

from audit.models import Entry
from directory import actions
from directory.actions import OPERATOR
from directory.models import Person
from tests.factories import NOW, make_organisation, make_person

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse 27"


@pytest.fixture
def person() -> Person:
    return make_person(make_organisation(), password=PASSWORD)


def sign_in(client: Client, person: Person, password: str = PASSWORD, **extra: str):  # type: ignore[no-untyped-def]
    return client.post("/sign-in/", {"username": person.username, "password": password, **extra})


def test_the_right_password_opens_the_door_and_is_on_record(client: Client, person: Person) -> None:
    response = sign_in(client, person, next="/directory/")

    assert (response.status_code, response["Location"]) == (302, "/directory/")
    entry = Entry.objects.get(subject=person.subject, kind="session.signed_in")
    assert entry.actor == person.subject


def test_nobody_is_sent_to_another_site(client: Client, person: Person) -> None:
    assert sign_in(client, person, next="https://evil.example/")["Location"] == "/"


def test_a_wrong_password_says_how_many_tries_are_left(client: Client, person: Person) -> None:
    response = sign_in(client, person, "wrong")

    assert response.status_code == 422
    assert response.context["tries_left"] == 4
    assert not Entry.objects.filter(subject=person.subject, kind="session.signed_in").exists()


def test_after_five_tries_even_the_right_password_waits(client: Client, person: Person) -> None:
    for _ in range(5):
        response = sign_in(client, person, "wrong")

    assert response.status_code == 429
    assert sign_in(client, person).status_code == 429


def test_a_deactivated_person_who_knows_the_password_reads_why(
    client: Client, person: Person
) -> None:
    actions.deactivate_person(person_id=person.pk, actor=OPERATOR, at=NOW)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"

    assert "deactivated" in sign_in(client, person).content.decode()
    assert "deactivated" not in sign_in(client, person, "wrong").content.decode()


def test_deactivation_ends_a_running_session_with_a_sentence(
    client: Client, person: Person
) -> None:
    client.force_login(person)
    actions.deactivate_person(person_id=person.pk, actor=OPERATOR, at=NOW)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"

    response = client.get("/account/password/", follow=True)
    assert response.redirect_chain[0][0].startswith("/sign-in/")
    assert "deactivated" in response.content.decode()


def test_signing_out_shows_the_door_again(client: Client, person: Person) -> None:
    client.force_login(person)

    assert client.post("/sign-out/")["Location"] == "/sign-in/"
    assert client.get("/account/password/").status_code == 302


def test_a_new_password_counts_from_now_on_and_ends_other_sessions(
    client: Client, person: Person
) -> None:
    client.force_login(person)
    other = Client()
    other.force_login(person)
    new = "another horse 83"
    response = client.post(
        "/account/password/",
        {"old_password": PASSWORD, "new_password1": new, "new_password2": new},
    )

    assert response["Location"] == "/account/password/changed/"
    assert client.get("/account/password/changed/").status_code == 200
    assert other.get("/account/password/").status_code == 302
    assert sign_in(Client(), person, new).status_code == 302
    assert Entry.objects.filter(subject=person.subject, kind="person.password_set").count() == 1


@pytest.mark.parametrize("new", ["short", "123456789012", "password1234"])
def test_a_weak_password_is_refused_with_a_reason(client: Client, person: Person, new: str) -> None:
    client.force_login(person)
    response = client.post(
        "/account/password/",
        {"old_password": PASSWORD, "new_password1": new, "new_password2": new},
    )

    assert response.context["form"].errors
    person.refresh_from_db()
    assert person.check_password(PASSWORD)


def test_the_chosen_language_stays_with_the_person(client: Client, person: Person) -> None:
    client.force_login(person)
    response = client.post("/language/", {"language": "zh-hans", "next": "/account/password/"})

    assert response["Location"] == "/account/password/"
    person.refresh_from_db()
    assert person.language == "zh-hans"
    other = Client()
    other.force_login(person)
    assert other.get("/account/password/")["Content-Language"] == "zh-hans"


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_whoever_chose_no_language_reads_what_their_browser_asks_for(
    client: Client, language: str
) -> None:
    client.force_login(make_person(make_organisation(), language=""))
    response = client.get("/account/password/", headers={"accept-language": language})

    assert response["Content-Language"] == language


def test_a_visitor_chooses_a_language_by_cookie_and_never_another_site(client: Client) -> None:
    response = client.post("/language/", {"language": "en", "next": "https://evil.example/"})

    assert response["Location"] == "/"
    assert client.get("/sign-in/")["Content-Language"] == "en"


def test_an_unknown_language_changes_nothing(client: Client, person: Person) -> None:
    client.force_login(person)
    client.post("/language/", {"language": "tlh"})
    person.refresh_from_db()

    assert person.language == "en"
