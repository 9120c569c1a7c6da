"""The door of the auditor's room: who is let in, and whose ledger they read."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit import reading
from audit.errors import Refused

View = Callable[..., HttpResponseBase]


class NotAnAuditor(Refused):
    """The whole ledger is for auditors."""

    status = 403
    sentence = _(
        "The audit record is read by auditors of your organisation. What happened to a task is on "
        "its own page."
    )


def for_auditors(view: View) -> View:
    """Signed in, and allowed to read everything."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not reading.reader().may_read(request.user, timezone.now()):
            raise NotAnAuditor
        return view(request, *args, **kwargs)

    return login_required(checked)


def organisation_of(request: HttpRequest) -> UUID:
    """Whose record the signed-in person reads."""
    organisation: UUID = request.user.organisation_id  # type: ignore[union-attr]
    return organisation
