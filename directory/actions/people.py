"""People and their accounts. Nobody is ever deleted."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.canonical import commit
from audit.errors import Refused
from directory.actions.authority import (
    Actor,
    NotYours,
    Warrant,
    administrator,
    translated,
)
from directory.actions.units import end_appointments
from directory.models import Appointment, Delegation, Organisation, Person, Unit
from directory.pinyin import sort_key


class AccountTaken(Refused):
    """An account name that somebody has."""

    sentence = _("The account name “%(username)s” is taken. Choose another one.")


class Deactivated(Refused):
    """Somebody who has left."""

    sentence = _("%(person)s’s account has been deactivated.")


class NotOneself(Refused):
    """Something one can't do to oneself."""

    status = 403
    sentence = _("You can't do this to your own account. Ask another administrator.")


class AppointedMeanwhile(Refused):
    """An appointment that came between the reading of somebody's posts and the lock."""

    sentence = _("%(person)s has just been appointed to another post. Look again, then repeat.")


@transaction.atomic(durable=True)
def create_person(
    *,
    organisation: Organisation,
    username: str,
    name: str,
    actor: Actor,
    at: datetime,
    email: str = "",
    language: str = "",
    password: str | None = None,
) -> Person:
    """Make an account; without `password` nobody can sign in to it yet.

    Raises NotAdministrator, AccountTaken.
    """
    warrant = administrator(actor, organisation.pk, at)
    return add_person(
        warrant,
        organisation.pk,
        username=username,
        name=name,
        email=email,
        language=language,
        password_hash=make_password(password),
    )


def add_person(
    warrant: Warrant,
    organisation_id: UUID,
    *,
    username: str,
    name: str,
    password_hash: str,
    email: str = "",
    language: str = "",
) -> Person:
    known_as = commit(name)
    person = Person(
        organisation_id=organisation_id,
        username=username,
        name=name,
        name_commitment=known_as.digest,
        pinyin=sort_key(name, 240),
        email=email,
        language=language,
        password=password_hash,
    )
    with translated({"directory_person_username_key": AccountTaken(username=username)}):
        person.save(force_insert=True)
    warrant.record(person, "person.created", {"name": known_as, "account": commit(username)})
    return person


@transaction.atomic(durable=True)
def change_person(*, person_id: UUID, name: str, email: str, actor: Actor, at: datetime) -> Person:
    """A name and mail address from now on; what was signed keeps the old name.

    Raises NotAdministrator.
    """
    person = lock_person(person_id)
    warrant = administrator(actor, person.organisation_id, at)
    give_name(warrant, person, name)
    return give_email(warrant, person, email)


def give_name(warrant: Warrant, person: Person, name: str) -> Person:
    """The name's part of `change_person`, the person being locked."""
    if name == person.name:
        return person
    known_as = commit(name)
    person.name, person.pinyin = name, sort_key(name, 240)
    person.name_commitment = known_as.digest
    changed = ["name", "pinyin", "name_commitment"]
    warrant.record(person, "person.renamed", {"name": known_as}, changed)
    return person


def give_email(warrant: Warrant, person: Person, email: str) -> Person:
    """The mail address's part of `change_person`, the person being locked."""
    if email != person.email:
        person.email = email
        warrant.record(person, "person.address_changed", {"email": commit(email)}, ["email"])
    return person


@transaction.atomic(durable=True)
def deactivate_person(*, person_id: UUID, actor: Actor, at: datetime) -> Person:
    """Close an account: its posts become vacant, its delegations end, its records stay.

    Raises NotAdministrator, NotOneself, Deactivated, AppointedMeanwhile.
    """
    units = lock_units_of(person_id)
    person = lock_person(person_id)
    # An appointment locks its unit, then the person: one that got in between shows only now.
    if Appointment.objects.filter(person=person).exclude(post__unit__in=units).exists():
        raise AppointedMeanwhile(person=person.name)
    warrant = administrator(actor, person.organisation_id, at)
    if isinstance(actor, Person) and actor.pk == person.pk:
        raise NotOneself
    refuse_inactive(person)
    for unit in units:
        held = Appointment.objects.filter(person=person, post__unit=unit)
        if ended := end_appointments(held, at):
            warrant.record(unit, "appointment.ended", {"person": person.pk, "appointments": ended})
    given = Delegation.objects.filter(principal=person, revoked_at=None, ends_at__gt=at)
    revoked = sorted(map(str, given.values_list("pk", flat=True)))
    given.update(revoked_at=at)
    person.is_active = False
    warrant.record(person, "person.deactivated", {"delegations": revoked}, ["is_active"])
    return person


@transaction.atomic(durable=True)
def reactivate_person(*, person_id: UUID, actor: Actor, at: datetime) -> Person:
    """Open a closed account again, without posts. Raises NotAdministrator."""
    person = lock_person(person_id)
    warrant = administrator(actor, person.organisation_id, at)
    if not person.is_active:
        person.is_active = True
        warrant.record(person, "person.reactivated", {}, ["is_active"])
    return person


@transaction.atomic(durable=True)
def set_password(*, person_id: UUID, password: str, actor: Actor, at: datetime) -> Person:
    """Give an account a password: one's own, or as administrator. Raises NotAdministrator."""
    # Hashing takes its time by design: before the row is locked.
    password_hash = make_password(password)
    person = lock_person(person_id)
    warrant = _own_or_administered(person, actor, at)
    person.password = password_hash
    warrant.record(person, "person.password_set", {}, ["password"])
    return person


@transaction.atomic(durable=True)
def choose_language(*, person_id: UUID, language: str, actor: Person, at: datetime) -> Person:
    """The language a person reads. No entry: a taste is no business of the record."""
    person = lock_person(person_id)
    if actor.pk != person.pk:
        raise NotYours
    person.language = language
    person.save(update_fields=["language"])
    return person


# Within other actions


def lock_person(person_id: UUID) -> Person:
    return Person.objects.select_for_update(no_key=True).get(pk=person_id)


def lock_units_of(person_id: UUID) -> Iterable[Unit]:
    """The units where a person has a post, locked in the order that all actions keep."""
    units = Appointment.objects.filter(person=person_id).values("post__unit")
    return list(Unit.objects.select_for_update(no_key=True).filter(pk__in=units).order_by("pk"))


def refuse_inactive(person: Person) -> None:
    if not person.is_active:
        raise Deactivated(person=person.name)


def _own_or_administered(person: Person, actor: Actor, at: datetime) -> Warrant:
    if isinstance(actor, Person) and actor.pk == person.pk:
        return Warrant(actor, at)
    return administrator(actor, person.organisation_id, at)
