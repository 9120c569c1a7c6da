"""Deciding on a seat."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from approvals import actions, refusals
from approvals.forms.deciding import DecideForm
from approvals.models import SignOff, WorkItem
from approvals.pages.deciding import decided
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
        raise refusals.NotAsShown
    asked, evidence = form.cleaned_data, "session"
    if asked["password"]:
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
            at=timezone.now(),
        )
    except WorkItem.DoesNotExist:
        raise Http404 from None
    except refusals.StrongerProof as refusal:
        if refusal.params["evidence"] == "passkey":
            raise refusals.NoPasskeys from None
        return _prove(request, form, work_item_id)
    messages.success(request, decided(done, asked["decision"]))
    return SeeOther(_next(request, asked["next"]))


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
