"""Asking somebody who is signed in for their password once more."""

from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_client_ip_address
from django.contrib.auth import authenticate

from directory.requests import PersonRequest


def is_password_of(request: PersonRequest, password: str) -> bool:
    """Whether it is the password of whoever is signed in.

    Wrong ones count towards the same lock as those at the door, and a right one ends the count.
    """
    username = request.user.username
    found = authenticate(request, username=username, password=password)
    if found is None or found.pk != request.user.pk:
        return False
    AxesProxyHandler.reset_attempts(ip_address=get_client_ip_address(request), username=username)
    return True


def is_locked(request: PersonRequest) -> bool:
    """Whether the tries are used up for now. The page that asks says so itself."""
    locked = getattr(request, "axes_locked_out", False)
    request.axes_locked_out = False  # type: ignore[attr-defined]
    return locked
