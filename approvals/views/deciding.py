"""Deciding on a seat."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
)
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from approvals import actions, refusals
from approvals.forms.deciding import DecideForm
from approvals.models import SignOff, WorkItem
from approvals.pages.deciding import decided, to_sign
from approvals.policy import PERSONAL
from audit.errors import Refused
from directory.passkeys import Unreadable, relying_party
from directory.passwords import is_locked, is_password_of
from directory.requests import PersonRequest


class SeeOther(HttpResponseRedirect):
    """303: the decision is made, go on by reading."""

    status_code = 303


@login_required
@require_POST
def decide(request: PersonRequest, work_item_id: UUID) -> HttpResponse:
    """Sign off a work item; a refusal becomes a page that keeps what was written."""
    form = DecideForm(request.POST)
    if not form.is_valid():
        raise Unreadable if "assertion" in form.errors else refusals.NotAsShown
    asked, evidence = form.cleaned_data, "session"
    if form.signature:
        evidence = PERSONAL
    elif asked["password"]:
        if not is_password_of(request, asked["password"]):
            locked = is_locked(request)
            return _prove(request, form, work_item_id, wrong=not locked, locked=locked)
        evidence = "password"
    try:
        done = actions.decide(
            work_item_id=work_item_id,
            actor=request.user,
            decision=asked["decision"],
            comment=asked["comment"],
            target=asked["target"],
            seen_digest=asked["seen_digest"],
            seen=asked["seen"],
            idempotency_key=asked["idempotency_key"],
            evidence=evidence,
            signature=form.signature,
            at=timezone.now(),
        )
    except WorkItem.DoesNotExist:
        raise Http404 from None
    except refusals.StrongerProof as refusal:
        if refusal.params["evidence"] == PERSONAL:
            raise refusals.PasskeyOnly from None
        return _prove(request, form, work_item_id)
    messages.success(request, decided(done, asked["decision"]))
    return SeeOther(_next(request, asked["next"]))


@login_required
@require_POST
def prepare(request: PersonRequest, work_item_id: UUID) -> HttpResponse:
    """Fix the statement that a passkey is to sign; answers what the browser asks it, as JSON.

    A refusal is a sentence in the same form: the page, and what was written on it, stay.
    """
    form = DecideForm(request.POST)
    try:
        if not form.is_valid():
            raise refusals.NotAsShown
        asked = form.cleaned_data
        prepared = actions.prepare_signature(
            work_item_id=work_item_id,
            actor=request.user,
            decision=asked["decision"],
            comment=asked["comment"],
            target=asked["target"],
            seen_digest=asked["seen_digest"],
            seen=asked["seen"],
            at=timezone.now(),
        )
        told = to_sign(prepared, relying_party(settings.ORIGIN, _shown_at(request)))
    except WorkItem.DoesNotExist:
        raise Http404 from None
    except Refused as refusal:
        said = [refusal.message, *map(str, getattr(refusal, "changes", ()))]
        return JsonResponse({"sentence": " ".join(said)}, status=refusal.status)
    return JsonResponse(told)


def _shown_at(request: HttpRequest) -> str:
    return f"{request.scheme}://{request.get_host()}"


def _prove(
    request: HttpRequest,
    form: DecideForm,
    work_item_id: UUID,
    *,
    wrong: bool = False,
    locked: bool = False,
) -> HttpResponse:
    """The decision as it was sent, once more, for the password; nothing is signed yet."""
    kept = [field for field in form if field.name != "password"]
    context = {
        "form": form,
        "kept": kept,
        "wrong": wrong,
        "locked": locked,
        "minutes": round(settings.AXES_COOLOFF_TIME * 60),
        "comment": form.cleaned_data["comment"],
        "decision": SignOff.Decision(form.cleaned_data["decision"]).label,
        "item": work_item_id,
        "section": "inbox",
    }
    status = settings.AXES_HTTP_RESPONSE_CODE if locked else 422
    return render(request, "approvals/prove.html", context, status=status)


def _next(request: HttpRequest, wanted: str) -> str:
    """Where the form wanted to go, if that is here; else the inbox."""
    if wanted and url_has_allowed_host_and_scheme(
        wanted, {request.get_host()}, require_https=request.is_secure()
    ):
        return wanted
    try:
        return reverse("inbox")
    except NoReverseMatch:
        return "/"
