"""Signing in by passkey: what the script of the door asks for, and what it brings back."""

import logging
from typing import Any

from axes.helpers import get_client_ip_address
from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from audit.errors import Refused
from directory import actions, queries
from directory.forms.passkeys import AnswerForm
from directory.passkeys import Unreadable, read_assertion
from directory.throttling import NOBODY, Tries
from directory.views.answers import NotUnderstood, in_json, party_of

log = logging.getLogger("duban.sign_in")
BACKEND = "django.contrib.auth.backends.ModelBackend"
"""Whoever came in by passkey is looked up on the next page as anybody else is."""


class TriesUsedUp(Refused):
    """Too many tries that failed."""

    status = 429
    sentence = _("Too many tries have failed. Wait 15 minutes, or ask your administrator.")


@require_POST
@in_json
def sign_in_passkey_options(request: HttpRequest) -> dict[str, Any]:
    """What the browser is to ask its device for."""
    return {"options": actions.ask_for_sign_in(party=party_of(request), at=timezone.now())}


@sensitive_post_parameters("answer")
@require_POST
@in_json
def sign_in_passkey(request: HttpRequest) -> dict[str, Any]:
    """Let in whoever the device vouches for. Failures stand in the log of the application."""
    form = AnswerForm(request.POST)
    if not form.is_valid():
        raise Unreadable
    answer = form.cleaned_data["answer"]
    tries = Tries(request, queries.account_of(read_assertion(answer)) or NOBODY)
    if tries.are_used_up:
        raise TriesUsedUp
    try:
        person = actions.sign_in_with_passkey(
            answer=answer, party=party_of(request), at=timezone.now()
        )
    except actions.ChallengeGone:
        raise  # a page that stood open too long is no try at anything
    except Refused as refusal:
        _failed(request, tries, refusal)
    login(request, person, backend=BACKEND)
    return {"next": _next(request)}


def _failed(request: HttpRequest, tries: Tries, refusal: Refused) -> None:
    log.warning(
        "Sign-in by passkey refused: %s, account %s, address %s",
        type(refusal).__name__,
        tries.account,
        get_client_ip_address(request),
    )
    left = tries.add()
    if not left:
        raise TriesUsedUp from refusal
    more = ngettext(
        "One more try, then a pause of 15 minutes.",
        "%(n)s more tries, then a pause of 15 minutes.",
        left,
    )
    raise NotUnderstood(error=f"{refusal.message} {more % {'n': left}}") from refusal


def _next(request: HttpRequest) -> str:
    target = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure())
    return target if ours else settings.LOGIN_REDIRECT_URL
