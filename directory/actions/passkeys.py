"""Passkeys: set up, approved by a second person, renamed, revoked.

Asking for one is a matter of the page: it has the password entered again first. The challenge that
it then gets is answered once, within five minutes, whatever comes of the answer.
"""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.canonical import commit
from audit.errors import Refused
from directory import passkeys
from directory.actions import challenges
from directory.actions.authority import (
    Actor,
    NotAdministrator,
    NotYours,
    Warrant,
    administrator,
    translated,
)
from directory.actions.people import NotOneself, lock_person, refuse_inactive
from directory.actions.units import lock_organisation
from directory.models import Challenge, Organisation, Passkey, Person
from directory.passkeys import RelyingParty

MOST = 20
"""Passkeys that one person may have at a time."""


class PasskeyTaken(Refused):
    """A credential that is known already."""

    sentence = _("This passkey has been set up before. Nothing was changed.")


class TooManyPasskeys(Refused):
    """More than anybody needs."""

    sentence = _("You have %(most)s passkeys already. Revoke one that you no longer use first.")


class PasskeyRevoked(Refused):
    """A passkey that no longer counts."""

    sentence = _("The passkey “%(name)s” has been revoked, so it no longer counts.")


class ApprovedAlready(Refused):
    """An enrolment that another administrator approved first."""

    sentence = _("The passkey “%(name)s” has been approved meanwhile. You can still revoke it.")


class NothingToApprove(Refused):
    """A passkey that was set up without anybody's approval being asked for."""

    sentence = _("The passkey “%(name)s” needs no approval.")


class ReasonMissing(Refused):
    """Taking somebody else's passkey away without saying why."""

    status = 422
    sentence = _("Say why. The reason stands on the record, and %(person)s reads it.")


# Setting one up


@transaction.atomic(durable=True)
def ask_for_passkey(
    *, person_id: UUID, party: RelyingParty, actor: Person, at: datetime
) -> dict[str, Any]:
    """What the person's browser is to ask its device for, as JSON can hold it.

    Raises NotYours, Deactivated, TooManyPasskeys.
    """
    person = _themselves(person_id, actor)
    known = list(Passkey.objects.filter(person=person, revoked_at=None))
    if len(known) >= MOST:
        raise TooManyPasskeys(most=MOST)
    challenge = challenges.give(Challenge.Purpose.ENROL, at, person)
    return passkeys.creation_options(party, person, challenge, known)


def enrol_passkey(
    *,
    person_id: UUID,
    answer: object,
    name: str,
    party: RelyingParty,
    enrolled_from: str,
    actor: Person,
    at: datetime,
) -> Passkey:
    """Keep the credential that the person's device has made. Where the organisation asks for it,
    an administrator has to approve it before it counts.

    Raises NotYours, Deactivated, ChallengeGone, PasskeyTaken, TooManyPasskeys, and whatever
    `passkeys.check_registration` raises; the challenge is spent in any case.
    """
    said = passkeys.registration_challenge(answer)
    challenge = challenges.spend(Challenge.Purpose.ENROL, said, at, person_id)
    found = passkeys.check_registration(answer, challenge=challenge, party=party)
    with transaction.atomic(durable=True):
        return _enrol(_themselves(person_id, actor), found, name, party, enrolled_from, at)


def _enrol(
    person: Person,
    found: passkeys.Enrolled,
    name: str,
    party: RelyingParty,
    enrolled_from: str,
    at: datetime,
) -> Passkey:
    if Passkey.objects.filter(person=person, revoked_at=None).count() >= MOST:
        raise TooManyPasskeys(most=MOST)
    known_as, place = commit(name), commit(enrolled_from)
    organisation = Organisation.objects.get(pk=person.organisation_id)
    passkey = Passkey(
        organisation=organisation,
        person=person,
        name=name,
        name_commitment=known_as.digest,
        rp_id=party.id,
        origins=list(party.origins),
        needs_approval=organisation.passkeys_need_approval,
        enrolled_from=enrolled_from,
        enrolled_at=at,
        **asdict(found),
    )
    with translated({"passkey_one_per_credential": PasskeyTaken()}):
        passkey.save(force_insert=True)
    facts = {
        "id": passkey.pk,
        "credential": found.credential_id,
        "public_key": found.public_key,
        "algorithm": found.algorithm,
        "aaguid": found.aaguid,
        "backup_eligible": found.backup_eligible,
        "backed_up": found.backed_up,
        "rp_id": party.id,
        "origins": party.origins,
        "name": known_as,
        "needs_approval": passkey.needs_approval,
    }
    warrant = Warrant(person, at)
    warrant.record(person, "passkey.enrolled", {"passkey": facts, "place": place})
    return passkey


# The second person


@transaction.atomic(durable=True)
def approve_passkey(*, passkey_id: UUID, actor: Person, at: datetime) -> Passkey:
    """Let a passkey count from now on; a second time is the first one's.

    Raises NotAdministrator, NotOneself, NothingToApprove, PasskeyRevoked, Deactivated.
    """
    person, passkey = _lock(passkey_id)
    warrant = _second_person(person, actor, at)
    refuse_inactive(person)
    _refuse_revoked(passkey)
    if not passkey.needs_approval:
        raise NothingToApprove(name=passkey.name)
    if passkey.approved_at is None:
        passkey.approved_at, passkey.approved_by = at, actor
        passkey.save(update_fields=["approved_at", "approved_by"])
        warrant.record(person, "passkey.approved", {"passkey": _named(passkey), "reason": None})
    return passkey


@transaction.atomic(durable=True)
def decline_passkey(*, passkey_id: UUID, reason: str, actor: Person, at: datetime) -> Passkey:
    """Refuse a passkey that waits: it never counts. Raises NotAdministrator, NotOneself,
    NothingToApprove, ApprovedAlready, PasskeyRevoked, ReasonMissing.
    """
    person, passkey = _lock(passkey_id)
    warrant = _second_person(person, actor, at)
    _refuse_revoked(passkey)
    if not passkey.needs_approval:
        raise NothingToApprove(name=passkey.name)
    if passkey.approved_at is not None:
        raise ApprovedAlready(name=passkey.name)
    if not reason.strip():
        raise ReasonMissing(person=person.name)
    return _end(warrant, person, passkey, reason, declined=True)


@transaction.atomic(durable=True)
def ask_for_approval_of_passkeys(
    *, organisation_id: UUID, wanted: bool, actor: Actor, at: datetime
) -> Organisation:
    """Whether passkeys set up from now on wait for a second person. Those that exist stay as they
    are: the ones that count count, the ones that wait wait. Raises NotAdministrator.
    """
    organisation = lock_organisation(organisation_id)
    warrant = administrator(actor, organisation.pk, at)
    if organisation.passkeys_need_approval != wanted:
        organisation.passkeys_need_approval = wanted
        facts = {"passkeys_need_approval": wanted}
        warrant.record(organisation, "organisation.passkeys_set", facts, ["passkeys_need_approval"])
    return organisation


# Afterwards


@transaction.atomic(durable=True)
def rename_passkey(*, passkey_id: UUID, name: str, actor: Person, at: datetime) -> Passkey:
    """Its owner calls it something else. Raises NotYours, PasskeyRevoked."""
    person, passkey = _lock(passkey_id)
    if actor.pk != person.pk:
        raise NotYours
    _refuse_revoked(passkey)
    if name != passkey.name:
        known_as = commit(name)
        passkey.name, passkey.name_commitment = name, known_as.digest
        passkey.save(update_fields=["name", "name_commitment"])
        facts = {"passkey": _named(passkey) | {"name": known_as}}
        Warrant(actor, at).record(person, "passkey.renamed", facts)
    return passkey


@transaction.atomic(durable=True)
def revoke_passkey(*, passkey_id: UUID, reason: str, actor: Actor, at: datetime) -> Passkey:
    """End a passkey for good: its owner, or an administrator who says why. What it signed stays; a
    second time is the first one's. Raises NotYours, ReasonMissing.
    """
    person, passkey = _lock(passkey_id)
    warrant = _owner_or_administrator(person, actor, at)
    if passkey.revoked_at is not None:
        return passkey
    if not reason.strip() and not _is(actor, person):
        raise ReasonMissing(person=person.name)
    return _end(warrant, person, passkey, reason, declined=False)


def _end(
    warrant: Warrant, person: Person, passkey: Passkey, reason: str, *, declined: bool
) -> Passkey:
    passkey.revoked_at = warrant.at
    passkey.revoked_by = warrant.actor if isinstance(warrant.actor, Person) else None
    passkey.save(update_fields=["revoked_at", "revoked_by"])
    facts = {
        "passkey": _named(passkey),
        "reason": commit(reason.strip()) if reason.strip() else None,
        "declined": declined,
    }
    warrant.record(person, "passkey.revoked", facts)
    return passkey


# Whose it is


def _themselves(person_id: UUID, actor: Person) -> Person:
    if actor.pk != person_id:
        raise NotYours
    person = lock_person(person_id)
    refuse_inactive(person)
    return person


def _lock(passkey_id: UUID) -> tuple[Person, Passkey]:
    """The passkey as it is once its person is locked."""
    person = lock_person(Passkey.objects.values_list("person_id", flat=True).get(pk=passkey_id))
    return person, Passkey.objects.get(pk=passkey_id)


def _is(actor: Actor, person: Person) -> bool:
    return isinstance(actor, Person) and actor.pk == person.pk


def _second_person(person: Person, actor: Person, at: datetime) -> Warrant:
    """An administrator's warrant who is not, and doesn't act for, the person themselves."""
    warrant = administrator(actor, person.organisation_id, at)
    if _is(actor, person) or warrant.acting_for == person:
        raise NotOneself
    return warrant


def _owner_or_administrator(person: Person, actor: Actor, at: datetime) -> Warrant:
    if _is(actor, person):
        return Warrant(actor, at)
    try:
        return administrator(actor, person.organisation_id, at)
    except NotAdministrator:
        raise NotYours from None


def _refuse_revoked(passkey: Passkey) -> None:
    if passkey.revoked_at is not None:
        raise PasskeyRevoked(name=passkey.name)


def _named(passkey: Passkey) -> dict[str, Any]:
    return {"id": passkey.pk, "credential": bytes(passkey.credential_id)}
