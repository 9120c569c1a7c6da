"""How often something may be asked from one address, counted where all processes see it."""

import hashlib
import hmac
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest

from audit import clients
from audit.models import Turnstile

KEPT = timedelta(days=1)


def lets_pass(
    request: HttpRequest, what: str, *, most: int, within: timedelta, at: datetime
) -> bool:
    """Count one more from this address: whether it is among the first `most` of a while.

    Only a keyed hash of the address is kept, for two days at most.
    """
    asking = f"{what}\n{clients.neighbourhood(clients.address(request))}"
    key = hmac.new(settings.SECRET_KEY.encode(), asking.encode(), hashlib.sha256).hexdigest()
    return _counted(key, most, within, at) <= most


@transaction.atomic
def _counted(key: str, most: int, within: timedelta, at: datetime) -> int:
    Turnstile.objects.get_or_create(key=key, defaults={"began_at": at})
    turnstile = Turnstile.objects.select_for_update().get(key=key)
    if at - turnstile.began_at >= within:
        turnstile.began_at, turnstile.passed = at, 0
    turnstile.passed = min(turnstile.passed + 1, most + 1)
    turnstile.save(update_fields=["began_at", "passed"])
    return turnstile.passed


def forget(*, at: datetime) -> int:
    """A daily step of the worker: who asked yesterday is nobody's business."""
    return Turnstile.objects.filter(began_at__lt=at - KEPT).delete()[0]
