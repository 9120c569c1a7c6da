"""How often somebody may try to come in without a password: as often as with one."""

from dataclasses import dataclass

from axes.conf import settings as axes_settings
from axes.handlers.proxy import AxesProxyHandler
from django.http import HttpRequest

NOBODY = "?"
"""Counts tries with passkeys that are nobody's; no account can be called that."""


@dataclass(frozen=True)
class Tries:
    """The tries at one account from where this request comes; passwords and passkeys together."""

    request: HttpRequest
    account: str

    @property
    def are_used_up(self) -> bool:
        return not AxesProxyHandler.is_allowed(self.request, {"username": self.account})

    def add(self) -> int:
        """Count one that failed; returns how many are left."""
        who = {"username": self.account}
        AxesProxyHandler.user_login_failed(sender=__name__, credentials=who, request=self.request)
        # Whoever asks answers in words of their own, not with the page of the door.
        self.request.axes_locked_out = False  # type: ignore[attr-defined]
        failures = AxesProxyHandler.get_failures(self.request, who)
        left: int = max(axes_settings.AXES_FAILURE_LIMIT - failures, 0)
        return left
