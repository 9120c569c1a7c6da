"""Setting a passkey up, and what becomes of it: what is kept, refused, and on record."""

import json
from datetime import timedelta
from typing import Any

import cbor2
import pytest

from audit.models import Entry
from audit.queries import read_openings
from directory import actions, passkeys
from directory.actions import OPERATOR
from directory.models import Organisation, Passkey, Person
from directory.queries import passkeys_awaiting, passkeys_in_force
from tests.authenticator import EDDSA, ES256, Authenticator, unb64
from tests.factories import (
    HERE,
    LONG_AGO,
    NOW,
    make_administrator,
    make_organisation,
    make_passkey,
    make_person,
)
from tests.factories import delegate as stand_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("file_db")]
P384 = cbor2.dumps({1: 2, 3: -35, -1: 2, -2: bytes(48), -3: bytes(48)})
NOT_ON_THE_CURVE = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: bytes(32), -3: bytes(32)})
WITH_MORE = cbor2.dumps({1: 1, 3: -8, -1: 6, -2: bytes(32), 4: "more"})


@pytest.fixture
def person() -> Person:
    return make_person(make_organisation(), "Li Si")


@pytest.fixture
def administrator(person: Person) -> Person:
    return make_administrator(person.organisation)


@pytest.fixture
def awaited(person: Person, administrator: Person) -> Passkey:
    """A passkey that a second person has to approve."""
    ask_for_approval(person.organisation)
    return make_passkey(person)[0]


def ask_for_approval(organisation: Organisation, wanted: bool = True) -> None:
    actions.ask_for_approval_of_passkeys(
        organisation_id=organisation.pk, wanted=wanted, actor=OPERATOR, at=LONG_AGO
    )


def options_for(person: Person) -> dict[str, Any]:
    return actions.ask_for_passkey(person_id=person.pk, party=HERE, actor=person, at=NOW)


def enrol(person: Person, answer: object, **given: Any) -> Passkey:
    return actions.enrol_passkey(
        **{
            "person_id": person.pk,
            "answer": answer,
            "name": "Office computer",
            "party": HERE,
            "enrolled_from": "Firefox, Windows, 192.0.2.7",
            "actor": person,
            "at": NOW,
            **given,
        }
    )


def entries(person: Person, kind: str) -> list[dict[str, Any]]:
    found = Entry.objects.filter(subject=person.subject, kind=kind).order_by("subject_seq")
    return [json.loads(bytes(one.body)) for one in found]


def opened(person: Person, commitment: dict[str, str]) -> str | None:
    digest = bytes.fromhex(commitment["commitment"])
    return read_openings(person.organisation_id, [digest])[digest]


# Setting one up


@pytest.mark.parametrize("algorithm", [ES256, EDDSA])
def test_a_passkey_counts_from_the_moment_it_is_set_up(person: Person, algorithm: int) -> None:
    passkey, device = make_passkey(person, Authenticator(algorithm=algorithm), at=NOW)

    assert list(passkeys_in_force(person, NOW)) == [passkey]
    assert list(passkeys_in_force(person, NOW - timedelta(seconds=1))) == []
    kept = Passkey.objects.get()
    assert bytes(kept.public_key) == device.public_key
    assert bytes(kept.credential_id) == device.credential_id
    assert (kept.algorithm, kept.rp_id, kept.origins) == (algorithm, HERE.id, [*HERE.origins])


def test_the_record_keeps_all_that_a_verifier_needs_and_no_name(person: Person) -> None:
    device = Authenticator(backup_eligible=True, backed_up=True, aaguid=bytes(range(16)))
    passkey = enrol(person, device.create(options_for(person)))

    [entry] = entries(person, "passkey.enrolled")
    facts = entry["facts"]["passkey"]
    assert opened(person, facts.pop("name")) == "Office computer"
    assert opened(person, entry["facts"]["place"]) == "Firefox, Windows, 192.0.2.7"
    assert facts == {
        "id": str(passkey.pk),
        "credential": device.credential_id.hex(),
        "public_key": device.public_key.hex(),
        "algorithm": ES256,
        "aaguid": "00010203-0405-0607-0809-0a0b0c0d0e0f",
        "backup_eligible": True,
        "backed_up": True,
        "rp_id": "localhost",
        "origins": ["http://localhost"],
        "needs_approval": False,
    }
    assert entry["actor"] == person.subject


def test_the_device_is_asked_for_a_verified_key_that_it_finds_itself(person: Person) -> None:
    _passkey, known = make_passkey(person)
    options = options_for(person)

    assert options["authenticatorSelection"] == {
        "residentKey": "preferred",
        "requireResidentKey": False,
        "userVerification": "required",
    }
    assert options["attestation"] == "none"
    assert {one["alg"] for one in options["pubKeyCredParams"]} == {ES256, EDDSA}
    [excluded] = options["excludeCredentials"]
    assert unb64(excluded["id"]) == known.credential_id
    assert person.name.encode() not in unb64(options["user"]["id"])


@pytest.mark.parametrize(
    ("bent", "refusal"),
    [
        ({"type": "webauthn.get"}, passkeys.OtherQuestion),
        ({"origin": "https://evil.example"}, passkeys.WrongOrigin),
        ({"origin": "http://localhost:8000"}, passkeys.WrongOrigin),
        ({"cross_origin": True}, passkeys.WrongOrigin),
        ({"rp_id": "evil.example"}, passkeys.WrongSite),
        ({"up": False}, passkeys.NobodyThere),
        ({"uv": False}, passkeys.NotVerified),
        ({"bs": True}, passkeys.Unreadable),
        ({"cose": P384}, passkeys.UnusableKey),
        ({"cose": NOT_ON_THE_CURVE}, passkeys.UnusableKey),
        ({"cose": WITH_MORE}, passkeys.UnusableKey),
        ({"attestation_object": b"\xff"}, passkeys.Unreadable),
        ({"attestation_object": cbor2.dumps({"fmt": "none"})}, passkeys.Unreadable),
        ({"fmt": "packed"}, passkeys.Unreadable),
        ({"authenticator_data": bytes(36)}, passkeys.Unreadable),
        ({"credential_id": b"another"}, passkeys.Unreadable),
        ({"answer_type": "password"}, passkeys.Unreadable),
        ({"client_data": b"[" * 5000}, passkeys.Unreadable),
        ({"challenge": b"another challenge"}, actions.ChallengeGone),
    ],
    ids=str,
)
def test_an_answer_that_proves_nothing_is_refused_and_changes_nothing(
    person: Person, bent: dict[str, Any], refusal: type[Exception]
) -> None:
    device, options = Authenticator(), options_for(person)

    with pytest.raises(refusal):
        enrol(person, device.create(options, **bent))

    assert not Passkey.objects.exists()
    assert not entries(person, "passkey.enrolled")


@pytest.mark.parametrize("answer", [None, 1, "x", [], {}, {"id": "x", "rawId": "x"}])
def test_what_is_no_answer_at_all_is_refused_in_words(person: Person, answer: object) -> None:
    with pytest.raises(passkeys.Unreadable, match="can't be read"):
        enrol(person, answer)


def test_a_challenge_is_answered_once_even_if_the_answer_was_wrong(person: Person) -> None:
    device, options = Authenticator(), options_for(person)
    with pytest.raises(passkeys.NotVerified):
        enrol(person, device.create(options, uv=False))

    with pytest.raises(actions.ChallengeGone):
        enrol(person, device.create(options))


def test_a_challenge_lives_five_minutes(person: Person) -> None:
    device, options = Authenticator(), options_for(person)

    with pytest.raises(actions.ChallengeGone):
        enrol(person, device.create(options), at=NOW + timedelta(minutes=5))
    enrol(person, device.create(options), at=NOW + timedelta(minutes=4, seconds=59))


def test_nobody_answers_a_challenge_of_somebody_else(person: Person) -> None:
    other = make_person(person.organisation)
    answer = Authenticator().create(options_for(person))

    with pytest.raises(actions.ChallengeGone):
        enrol(other, answer)
    with pytest.raises(actions.NotYours):
        enrol(person, answer, actor=other)


def test_a_known_credential_is_not_set_up_again(person: Person) -> None:
    _passkey, device = make_passkey(person)
    other = make_person(person.organisation)

    with pytest.raises(actions.PasskeyTaken):
        enrol(other, device.create(options_for(other)))


def test_twenty_passkeys_are_enough(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("directory.actions.passkeys.MOST", 1)
    passkey, _device = make_passkey(person)

    with pytest.raises(actions.TooManyPasskeys):
        options_for(person)
    actions.revoke_passkey(passkey_id=passkey.pk, reason="", actor=person, at=NOW)
    options_for(person)


def test_a_closed_account_has_no_passkeys_in_force_and_gets_none(person: Person) -> None:
    make_passkey(person)
    options = options_for(person)
    actions.deactivate_person(person_id=person.pk, actor=OPERATOR, at=NOW)

    with pytest.raises(actions.Deactivated):
        enrol(person, Authenticator().create(options))
    person.refresh_from_db()
    assert not passkeys_in_force(person, NOW).exists()


# The second person


def test_where_approval_is_asked_for_a_passkey_waits_for_it(
    awaited: Passkey, person: Person, administrator: Person
) -> None:
    assert not passkeys_in_force(person, NOW).exists()
    assert list(passkeys_awaiting(person.organisation_id)) == [awaited]

    actions.approve_passkey(passkey_id=awaited.pk, actor=administrator, at=NOW)

    assert list(passkeys_in_force(person, NOW)) == [awaited]
    assert not passkeys_in_force(person, NOW - timedelta(seconds=1)).exists()
    [entry] = entries(person, "passkey.approved")
    assert entry["actor"] == administrator.subject
    assert entry["facts"]["passkey"]["id"] == str(awaited.pk)


def test_approving_twice_is_on_record_once(awaited: Passkey, administrator: Person) -> None:
    second = make_administrator(administrator.organisation)
    for actor in (administrator, second):
        actions.approve_passkey(passkey_id=awaited.pk, actor=actor, at=NOW)

    assert Entry.objects.filter(kind="passkey.approved").count() == 1
    assert Passkey.objects.get().approved_by == administrator


def test_nobody_approves_their_own_passkey_nor_a_plain_colleague(administrator: Person) -> None:
    ask_for_approval(administrator.organisation)
    own, _device = make_passkey(administrator)
    colleague = make_person(administrator.organisation)

    with pytest.raises(actions.NotOneself):
        actions.approve_passkey(passkey_id=own.pk, actor=administrator, at=NOW)
    with pytest.raises(actions.NotAdministrator):
        actions.approve_passkey(passkey_id=own.pk, actor=colleague, at=NOW)
    stand_in(administrator, colleague)
    with pytest.raises(actions.NotOneself):
        actions.approve_passkey(passkey_id=own.pk, actor=colleague, at=NOW)
    other = make_administrator(make_organisation())
    with pytest.raises(actions.NotAdministrator):
        actions.approve_passkey(passkey_id=own.pk, actor=other, at=NOW)


def test_a_declined_passkey_never_counts(
    awaited: Passkey, person: Person, administrator: Person
) -> None:
    with pytest.raises(actions.ReasonMissing):
        actions.decline_passkey(passkey_id=awaited.pk, reason=" ", actor=administrator, at=NOW)
    actions.decline_passkey(passkey_id=awaited.pk, reason="Not hers.", actor=administrator, at=NOW)

    [entry] = entries(person, "passkey.revoked")
    assert entry["facts"]["declined"] is True
    assert opened(person, entry["facts"]["reason"]) == "Not hers."
    assert not passkeys_awaiting(person.organisation_id)
    with pytest.raises(actions.PasskeyRevoked):
        actions.approve_passkey(passkey_id=awaited.pk, actor=administrator, at=NOW)


def test_what_is_approved_is_not_declined_any_more(awaited: Passkey, administrator: Person) -> None:
    actions.approve_passkey(passkey_id=awaited.pk, actor=administrator, at=NOW)

    with pytest.raises(actions.ApprovedAlready):
        actions.decline_passkey(passkey_id=awaited.pk, reason="No", actor=administrator, at=NOW)


def test_the_rule_counts_for_what_comes_after_it(person: Person, administrator: Person) -> None:
    before, _device = make_passkey(person)
    ask_for_approval(person.organisation)
    ask_for_approval(person.organisation)
    waiting, _device = make_passkey(person)
    ask_for_approval(person.organisation, wanted=False)

    assert list(passkeys_in_force(person, NOW)) == [before]
    with pytest.raises(actions.NothingToApprove):
        actions.approve_passkey(passkey_id=before.pk, actor=administrator, at=NOW)
    rules = Entry.objects.filter(
        subject=person.organisation.subject, kind="organisation.passkeys_set"
    )
    said = [json.loads(bytes(one.body))["facts"] for one in rules.order_by("subject_seq")]
    assert said == [{"passkeys_need_approval": True}, {"passkeys_need_approval": False}]
    assert list(passkeys_awaiting(person.organisation_id)) == [waiting]


def test_only_an_administrator_sets_the_rule(person: Person) -> None:
    with pytest.raises(actions.NotAdministrator):
        actions.ask_for_approval_of_passkeys(
            organisation_id=person.organisation_id, wanted=True, actor=person, at=NOW
        )


# Afterwards


def test_its_owner_renames_a_passkey(person: Person, administrator: Person) -> None:
    passkey, _device = make_passkey(person)
    for _time in range(2):
        actions.rename_passkey(passkey_id=passkey.pk, name="My phone", actor=person, at=NOW)

    [entry] = entries(person, "passkey.renamed")
    assert opened(person, entry["facts"]["passkey"]["name"]) == "My phone"
    assert Passkey.objects.get().name == "My phone"
    with pytest.raises(actions.NotYours):
        actions.rename_passkey(passkey_id=passkey.pk, name="x", actor=administrator, at=NOW)


def test_its_owner_revokes_a_passkey_without_a_reason(person: Person) -> None:
    passkey, _device = make_passkey(person)
    for _time in range(2):
        actions.revoke_passkey(passkey_id=passkey.pk, reason="", actor=person, at=NOW)

    [entry] = entries(person, "passkey.revoked")
    assert (entry["facts"]["reason"], entry["facts"]["declined"]) == (None, False)
    assert not passkeys_in_force(person, NOW).exists()
    assert passkeys_in_force(person, NOW - timedelta(seconds=1)).exists()
    with pytest.raises(actions.PasskeyRevoked):
        actions.rename_passkey(passkey_id=passkey.pk, name="x", actor=person, at=NOW)


def test_an_administrator_revokes_with_a_reason_and_a_colleague_does_not(
    person: Person, administrator: Person
) -> None:
    passkey, _device = make_passkey(person)
    whose: dict[str, Any] = {"passkey_id": passkey.pk, "at": NOW}

    with pytest.raises(actions.ReasonMissing):
        actions.revoke_passkey(**whose, reason="", actor=administrator)
    with pytest.raises(actions.NotYours):
        actions.revoke_passkey(**whose, reason="x", actor=make_person(person.organisation))
    actions.revoke_passkey(**whose, reason="The notebook was stolen.", actor=administrator)

    [entry] = entries(person, "passkey.revoked")
    assert opened(person, entry["facts"]["reason"]) == "The notebook was stolen."
    assert (entry["actor"], Passkey.objects.get().revoked_by) == (
        administrator.subject,
        administrator,
    )
