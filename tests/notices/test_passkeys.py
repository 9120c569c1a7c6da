"""People are told of every passkey of theirs at once, even of what they did themselves."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.core import mail
from pytest_django import Settings

from audit import verification
from audit.sequencer import Sequencer
from directory import actions
from directory.models import Organisation, Passkey, Person
from notices import queries
from notices.actions import follow
from notices.mail import deliver
from notices.models import Notice
from tests.directory.test_passkeys import ask_for_approval
from tests.factories import (
    NOW,
    make_administrator,
    make_organisation,
    make_passkey,
    make_person,
)

pytestmark = pytest.mark.usefixtures("file_db", "committed_db")
Speaking = Callable[[str], AbstractContextManager[None]]


@pytest.fixture
def person() -> Person:
    person = make_person(make_organisation(), "Li Si")
    Person.objects.filter(pk=person.pk).update(email="li@example.org")
    return person


@pytest.fixture
def administrator(person: Person) -> Person:
    return make_administrator(person.organisation)


@pytest.fixture
def tell(speaking_as: Speaking, settings: Settings) -> Callable[[], None]:
    """The worker's round: leaves, notices, mail."""
    settings.NOTICES_BY_MAIL = True

    def told() -> None:
        with speaking_as("worker"):
            sequencer = Sequencer()
            while sequencer.advance():
                pass
            while follow(at=NOW):
                pass
            while deliver(at=NOW):
                pass

    return told


def kinds(person: Person) -> list[str]:
    return list(queries.of(person).values_list("kind", flat=True))


def test_who_sets_one_up_is_told_by_notice_and_mail_when_and_from_where(
    person: Person, administrator: Person, tell: Callable[[], None]
) -> None:
    make_passkey(person, name="Office computer", at=NOW)
    tell()

    [shown] = queries.worded(queries.of(person))
    assert shown.text.startswith("A passkey was set up for your account.")
    assert shown.detail == "“Office computer”, on 16 Nov 2026 09:30:00, from Chromium, 192.0.2.7."
    assert shown.url == "/account/passkeys/"
    [sent] = [one for one in mail.outbox if one.to == ["li@example.org"]]
    assert shown.detail in sent.body
    assert "because it concerns your account" in sent.body
    assert kinds(administrator) == []


def test_administrators_are_told_of_what_waits_and_its_owner_of_what_came_of_it(
    person: Person, administrator: Person, tell: Callable[[], None]
) -> None:
    ask_for_approval(person.organisation)
    passkey, _device = make_passkey(person, at=NOW)
    refused, _device = make_passkey(person, at=NOW)
    actions.approve_passkey(passkey_id=passkey.pk, actor=administrator, at=NOW)
    actions.decline_passkey(
        passkey_id=refused.pk, reason="Set up twice.", actor=administrator, at=NOW
    )
    tell()

    assert sorted(kinds(person)) == [
        "passkey.approved",
        "passkey.declined",
        "passkey.enrolled",
        "passkey.enrolled",
    ]
    assert kinds(administrator) == ["passkey.waiting", "passkey.waiting"]
    declined = Notice.objects.filter(person=person, kind="passkey.declined")
    assert "Reason: Set up twice." in queries.worded(declined)[0].detail
    waiting = queries.worded(queries.of(administrator))[0]
    assert "Li Si set up a passkey" in waiting.text
    assert waiting.url == "/directory/passkeys/"


@pytest.mark.parametrize("by_owner", [True, False])
def test_a_revocation_is_told_whoever_did_it(
    person: Person, administrator: Person, tell: Callable[[], None], by_owner: bool
) -> None:
    passkey, _device = make_passkey(person)
    actor = person if by_owner else administrator
    actions.revoke_passkey(passkey_id=passkey.pk, reason="Lost.", actor=actor, at=NOW)
    tell()

    assert "passkey.revoked" in kinds(person)


# Rows follow from entries


def test_an_honest_life_of_passkeys_agrees_with_the_record(
    person: Person, administrator: Person
) -> None:
    ask_for_approval(person.organisation)
    passkey, _device = make_passkey(person)
    other, _device = make_passkey(person)
    actions.approve_passkey(passkey_id=passkey.pk, actor=administrator, at=NOW)
    actions.rename_passkey(passkey_id=passkey.pk, name="Phone", actor=person, at=NOW)
    actions.decline_passkey(passkey_id=other.pk, reason="No.", actor=administrator, at=NOW)

    assert verification.verify(person.organisation_id).first_bad is None


@pytest.mark.parametrize(
    ("forged", "column"),
    [
        ({"public_key": b"another key"}, "public_key"),
        ({"needs_approval": False}, "needs_approval"),
        ({"revoked_at": NOW}, "revoked_at"),
        ({"origins": ["https://evil.example"]}, "origins"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_forged_passkey_is_named(person: Person, forged: dict[str, object], column: str) -> None:
    ask_for_approval(person.organisation)
    make_passkey(person)
    Passkey.objects.filter(person=person).update(**forged)

    found = verification.verify(person.organisation_id).first_bad
    assert found is not None
    assert (found.code, found.params["column"]) == ("row_changed", column)


def test_a_rule_switched_off_behind_the_records_back_is_named(person: Person) -> None:
    ask_for_approval(person.organisation)
    Organisation.objects.filter(pk=person.organisation_id).update(passkeys_need_approval=False)

    found = verification.verify(person.organisation_id).first_bad
    assert found is not None
    assert found.params["table"] == "directory.Organisation"
