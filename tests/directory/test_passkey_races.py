"""Passkeys when two come at the same moment."""

from typing import Any

import pytest

from audit.models import Entry
from directory import actions
from directory.models import Passkey
from tests.authenticator import Authenticator
from tests.directory.test_passkeys import ask_for_approval, enrol, entries, options_for
from tests.factories import (
    HERE,
    NOW,
    make_administrator,
    make_organisation,
    make_passkey,
    make_person,
)
from tests.racing import outcomes

pytestmark = [pytest.mark.races, pytest.mark.usefixtures("committed_db")]


def test_of_two_answers_to_one_challenge_one_counts() -> None:
    person = make_person(make_organisation())
    options = options_for(person)
    answers = [Authenticator().create(options) for _ in range(2)]

    assert outcomes(*[lambda one=one: enrol(person, one) for one in answers]) == [
        "ChallengeGone",
        "done",
    ]
    assert Passkey.objects.filter(person=person).count() == 1


def test_a_passkey_is_either_approved_or_declined() -> None:
    person = make_person(make_organisation())
    ask_for_approval(person.organisation)
    one, other = (make_administrator(person.organisation) for _ in range(2))
    passkey, _device = make_passkey(person)
    which: dict[str, Any] = {"passkey_id": passkey.pk, "at": NOW}

    found = outcomes(
        lambda: actions.approve_passkey(**which, actor=one),
        lambda: actions.decline_passkey(**which, reason="No.", actor=other),
    )

    assert found in (["ApprovedAlready", "done"], ["PasskeyRevoked", "done"])
    kinds = Entry.objects.filter(subject=person.subject, kind__startswith="passkey.")
    assert kinds.count() == 2


def test_two_revocations_are_on_record_once() -> None:
    person = make_person(make_organisation())
    passkey, _device = make_passkey(person)
    act = lambda: actions.revoke_passkey(  # noqa: E731
        passkey_id=passkey.pk, reason="", actor=person, at=NOW
    )

    assert outcomes(act, act) == ["done", "done"]
    assert len(entries(person, "passkey.revoked")) == 1


def test_of_two_sign_ins_with_one_answer_one_opens_the_door() -> None:
    person = make_person(make_organisation())
    _passkey, device = make_passkey(person)
    answer = device.get(actions.ask_for_sign_in(party=HERE, at=NOW))
    act = lambda: actions.sign_in_with_passkey(answer=answer, party=HERE, at=NOW)  # noqa: E731

    assert outcomes(act, act) == ["ChallengeGone", "done"]
    assert len(entries(person, "session.signed_in")) == 1


def test_a_passkey_revoked_while_it_signs_in_signs_in_before_or_not_at_all() -> None:
    person = make_person(make_organisation())
    passkey, device = make_passkey(person)
    answer = device.get(actions.ask_for_sign_in(party=HERE, at=NOW))

    found = outcomes(
        lambda: actions.sign_in_with_passkey(answer=answer, party=HERE, at=NOW),
        lambda: actions.revoke_passkey(passkey_id=passkey.pk, reason="", actor=person, at=NOW),
    )

    kinds = Entry.objects.filter(subject=person.subject).order_by("-subject_seq")
    newest = list(kinds.values_list("kind", flat=True)[:2])
    if found == ["done", "done"]:
        assert newest == ["passkey.revoked", "session.signed_in"]
    else:
        assert (found, newest[0]) == (["RevokedPasskey", "done"], "passkey.revoked")
