"""Challenges: given out for one purpose, answered once, soon."""

import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.errors import Refused
from directory.models import Challenge, Person

PATIENCE = timedelta(minutes=5)


class ChallengeGone(Refused):
    """A challenge that was answered before, has expired, or was never given to this person."""

    sentence = _("This request has expired or was used before. Start again.")


def give(purpose: str, at: datetime, person: Person | None = None) -> bytes:
    """A fresh challenge, within the caller's transaction. Those that have expired are forgotten."""
    Challenge.objects.filter(expires_at__lte=at).delete()
    value = secrets.token_bytes(32)
    Challenge.objects.create(
        organisation_id=person.organisation_id if person else None,
        person=person,
        purpose=purpose,
        value=value,
        expires_at=at + PATIENCE,
    )
    return value


@transaction.atomic(durable=True)
def spend(purpose: str, value: bytes, at: datetime, person_id: UUID | None = None) -> bytes:
    """Take a challenge out of the world and return it; of two who come at once, one gets it.

    In a transaction of its own, so that a refusal afterwards doesn't bring it back. Raises
    ChallengeGone.
    """
    spent, _rows = Challenge.objects.filter(
        purpose=purpose, value=value, person=person_id, expires_at__gt=at
    ).delete()
    if not spent:
        raise ChallengeGone
    return value
