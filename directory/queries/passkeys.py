"""Whose passkeys count, and which wait for a second person."""

from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from directory.models import Passkey, Person
from directory.passkeys import Assertion


def passkeys_in_force(person: Person, at: datetime) -> QuerySet[Passkey]:
    """The passkeys that speak for the person at a time: set up, approved if need be, not revoked.

    Newest first; none for somebody whose account is closed.
    """
    if not person.is_active:
        return Passkey.objects.none()
    return Passkey.objects.filter(counts_at(at), person=person).order_by("-enrolled_at")


def counts_at(at: datetime) -> Q:
    """The condition that a passkey is in force at a time."""
    return (
        Q(enrolled_at__lte=at)
        & (Q(needs_approval=False) | Q(approved_at__lte=at))
        & (Q(revoked_at=None) | Q(revoked_at__gt=at))
    )


def passkey_of(user_handle: bytes, credential_id: bytes) -> Passkey | None:
    """The passkey that an authenticator names, in force or not; another person's is none."""
    try:
        person = UUID(bytes=user_handle)
    except ValueError:
        return None
    found = Passkey.objects.filter(person=person, credential_id=credential_id)
    return found.select_related("person").first()


def account_of(assertion: Assertion) -> str:
    """The account of whoever an assertion says it comes from, whether that is true or not; ""."""
    found = passkey_of(assertion.user_handle, assertion.credential_id)
    return found.person.username if found else ""


def passkeys_awaiting(organisation_id: UUID) -> QuerySet[Passkey]:
    """Passkeys of the organisation that a second person has still to approve, oldest first."""
    return (
        Passkey.objects.filter(
            organisation=organisation_id,
            needs_approval=True,
            approved_at=None,
            revoked_at=None,
            person__is_active=True,
        )
        .select_related("person")
        .order_by("enrolled_at")
    )


def passkeys_of(person: Person) -> list[Passkey]:
    """All passkeys that the person ever had: those that count or wait first, then the ended."""
    found = Passkey.objects.filter(person=person).select_related("approved_by", "revoked_by")
    return sorted(found.order_by("-enrolled_at"), key=lambda one: one.revoked_at is not None)
