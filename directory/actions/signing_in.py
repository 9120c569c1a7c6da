"""Coming in: by password, or by a passkey."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from directory import passkeys, queries
from directory.actions import challenges
from directory.actions.authority import Warrant
from directory.actions.people import lock_person, refuse_inactive
from directory.models import Challenge, Passkey, Person
from directory.passkeys import Assertion, PasskeyRefused, RelyingParty, WrongSite


class UnknownPasskey(PasskeyRefused):
    """A credential that nobody has set up, or not this person."""

    status = 403
    sentence = _(
        "Duban doesn't know this passkey. Sign in with your password, then set the passkey up."
    )


class RevokedPasskey(PasskeyRefused):
    """A passkey that its owner or an administrator has ended."""

    status = 403
    sentence = _("This passkey has been revoked. Sign in with your password.")


class AwaitedPasskey(PasskeyRefused):
    """A passkey that no second person has approved yet."""

    status = 403
    sentence = _(
        "This passkey counts once an administrator has approved it. Until then, sign in with "
        "your password."
    )


@transaction.atomic(durable=True)
def record_sign_in(*, person: Person, at: datetime, evidence: str = "password") -> None:
    """Somebody has proved to be this person. Raises Deactivated."""
    locked = lock_person(person.pk)
    refuse_inactive(locked)
    Warrant(locked, at).record(locked, "session.signed_in", {"evidence": evidence})


@transaction.atomic(durable=True)
def ask_for_sign_in(*, party: RelyingParty, at: datetime) -> dict[str, Any]:
    """What a browser is to ask its device for, whoever sits there; as JSON can hold it."""
    challenge = challenges.give(Challenge.Purpose.SIGN_IN, at)
    return passkeys.request_options(party, challenge)


def sign_in_with_passkey(*, answer: object, party: RelyingParty, at: datetime) -> Person:
    """Whoever the device vouches for, with the sign-in on their record.

    Whether the account is closed, and the passkey revoked or still waiting, only who holds its key
    learns. Raises ChallengeGone, UnknownPasskey, AwaitedPasskey, RevokedPasskey, Deactivated and
    whatever `passkeys.check_assertion` raises; the challenge is spent in any case.
    """
    assertion = passkeys.read_assertion(answer)
    challenge = challenges.spend(Challenge.Purpose.SIGN_IN, assertion.challenge, at)
    passkey = queries.passkey_of(assertion.user_handle, assertion.credential_id)
    if passkey is None:
        raise UnknownPasskey
    if passkey.rp_id != party.id:
        raise WrongSite(site=party.id)
    passkeys.check_assertion(assertion, challenge=challenge, key=passkey)
    return _come_in(passkey, assertion, at)


@transaction.atomic(durable=True)
def _come_in(seen: Passkey, assertion: Assertion, at: datetime) -> Person:
    person = lock_person(seen.person_id)
    refuse_inactive(person)
    passkey = Passkey.objects.get(pk=seen.pk)
    if passkey.revoked_at is not None:
        raise RevokedPasskey
    if passkey.needs_approval and passkey.approved_at is None:
        raise AwaitedPasskey
    use_passkey(passkey, assertion, at)
    facts = {
        "evidence": "passkey",
        "passkey": {"id": passkey.pk, "credential": bytes(passkey.credential_id)},
    }
    Warrant(person, at).record(person, "session.signed_in", facts)
    return person


def use_passkey(passkey: Passkey, assertion: Assertion, at: datetime) -> None:
    """Remember when it was used and what it said of itself, its person being locked.

    The counter may stand still or fall back: a synced key has none to speak of.
    """
    passkey.last_used_at = at
    passkey.sign_count = assertion.sign_count
    passkey.backed_up = assertion.backed_up
    passkey.save(update_fields=["last_used_at", "sign_count", "backed_up"])
