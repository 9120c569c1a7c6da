"""Whose passkeys count, and which wait for a second person."""

from datetime import datetime

from django.db.models import Q, QuerySet

from directory.models import Passkey, Person


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
