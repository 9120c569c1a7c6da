"""Small worlds for tests, made by the real actions, so that every chain is whole.

Names are unique by themselves; times default to a Monday morning, `NOW`.
"""

import itertools
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from directory import actions
from directory.actions import OPERATOR
from directory.models import (
    Appointment,
    Delegation,
    Organisation,
    Passkey,
    Person,
    Post,
    Unit,
    UnitGroup,
)
from directory.passkeys import RelyingParty
from tests.authenticator import Authenticator

NOW = datetime(2026, 11, 16, 1, 30, tzinfo=UTC)
"""09:30 in Shanghai, a Monday; people were appointed long before."""
LONG_AGO = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)

_numbers = itertools.count(1)


def make_organisation(name: str | None = None) -> Organisation:
    name = name or f"Organisation {_unique()}"
    return actions.create_organisation(name=name, actor=OPERATOR, at=LONG_AGO)


def make_unit(
    organisation: Organisation,
    name: str | None = None,
    *,
    kind: str = Unit.Kind.OTHER,
    parent: Unit | None = None,
    aliases: Iterable[str] = (),
) -> Unit:
    return actions.create_unit(
        organisation=organisation,
        # With a letter, so that who searches for the name never finds a plan's random number.
        name=name or f"Unit X{_unique()}",
        kind=kind,
        parent=parent,
        aliases=aliases,
        actor=OPERATOR,
        at=LONG_AGO,
    )


def make_group(organisation: Organisation, name: str, units: Iterable[Unit]) -> UnitGroup:
    return actions.create_group(
        organisation=organisation, name=name, units=units, actor=OPERATOR, at=LONG_AGO
    )


def make_person(
    organisation: Organisation,
    name: str | None = None,
    *,
    username: str | None = None,
    language: str = "en",
    password: str | None = None,
) -> Person:
    """Without a password: `client.force_login(person)`."""
    username = username or f"person{_unique()}"
    return actions.create_person(
        organisation=organisation,
        username=username,
        name=name or username.title(),
        language=language,
        password=password,
        actor=OPERATOR,
        at=LONG_AGO,
    )


def make_post(unit: Unit, role: str, title: str | None = None) -> Post:
    title = title or f"{role} {_unique()}"
    return actions.create_post(unit=unit, role=role, title=title, actor=OPERATOR, at=LONG_AGO)


def appoint(
    post: Post,
    person: Person,
    *,
    starts_at: datetime = LONG_AGO,
    ends_at: datetime | None = None,
) -> Appointment:
    return actions.appoint(
        post=post,
        person=person,
        starts_at=starts_at,
        ends_at=ends_at,
        actor=OPERATOR,
        at=max(starts_at, LONG_AGO),
    )


def make_holder(unit: Unit, role: str, name: str | None = None) -> Person:
    """A new person in a new post of the unit."""
    person = make_person(unit.organisation, name)
    appoint(make_post(unit, role), person)
    return person


def make_administrator(organisation: Organisation) -> Person:
    """A new person with an administrator post in a unit of its own."""
    return make_holder(make_unit(organisation), Post.Role.ADMINISTRATOR)


def delegate(
    principal: Person,
    delegate: Person,
    *,
    post: Post | None = None,
    starts_at: datetime = NOW - timedelta(days=1),
    ends_at: datetime = datetime(2126, 1, 1, tzinfo=UTC),
) -> Delegation:
    return actions.delegate(
        principal=principal,
        delegate=delegate,
        post=post,
        starts_at=starts_at,
        ends_at=ends_at,
        reason="On leave",
        actor=OPERATOR,
        at=starts_at,
    )


HERE = RelyingParty("localhost", ("http://localhost",))
"""The house as the software authenticator knows it unless told otherwise."""


def make_passkey(
    person: Person,
    device: Authenticator | None = None,
    *,
    name: str = "Office computer",
    party: RelyingParty = HERE,
    at: datetime = LONG_AGO,
) -> tuple[Passkey, Authenticator]:
    """A passkey as the person's device makes it; in force at once unless the organisation asks
    for approval. Commits: with `committed_db`, or within a test's own transaction.
    """
    device = device or Authenticator(rp_id=party.id, origin=party.origins[0])
    options = actions.ask_for_passkey(person_id=person.pk, party=party, actor=person, at=at)
    passkey = actions.enrol_passkey(
        person_id=person.pk,
        answer=device.create(options),
        name=name,
        party=party,
        enrolled_from="Chromium, 192.0.2.7",
        actor=person,
        at=at,
    )
    return passkey, device


def _unique() -> int:
    return next(_numbers)
