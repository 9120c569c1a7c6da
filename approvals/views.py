"""Deciding, and reading routes."""

from urllib.parse import quote
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from approvals import actions, exchange, manual, pages, refusals, route_changes, route_reading
from approvals.forms import DecideForm
from approvals.models import Route, SignOff, WorkItem
from approvals.route_reading import Reading
from directory.passwords import is_password_of
from directory.requests import PersonRequest

FORMS = {"json": "application/json", "bpmn": "application/xml"}
"""The files that a route can be had as."""


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
            return _prove(request, form, work_item_id, wrong=True)
        evidence = "password"
    try:
        decided = actions.decide(
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
    messages.success(request, pages.decided(decided, asked["decision"]))
    return SeeOther(_next(request, asked["next"]))


def _prove(
    request: HttpRequest, form: DecideForm, work_item_id: UUID, *, wrong: bool = False
) -> HttpResponse:
    """The decision as it was sent, once more, for the password; nothing is signed yet."""
    kept = [field for field in form if field.name != "password"]
    context = {
        "form": form,
        "kept": kept,
        "wrong": wrong,
        "decision": SignOff.Decision(form.cleaned_data["decision"]).label,
        "item": work_item_id,
        "section": "inbox",
    }
    return render(request, "approvals/prove.html", context, status=422)


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


@login_required
@require_GET
def routes(request: PersonRequest) -> HttpResponse:
    """Every route of the organisation, and what is blocked for those who can help."""
    context = pages.routes(request.user, timezone.now())
    return render(request, "approvals/routes.html", {"page": context, "section": "route"})


@login_required
@require_GET
def routes_help(request: PersonRequest) -> HttpResponse:
    """How approvals work, as docs/approvals.md has it."""
    context = {"page": manual.read(get_language() or ""), "section": "route"}
    return render(request, "approvals/routes_help.html", context)


@login_required
@require_GET
def route_file(request: PersonRequest, route_id: UUID, form: str) -> HttpResponse:
    """A version of a route as JSON, to be moved elsewhere, or as BPMN for a viewer."""
    page = _reading(request, route_id, draft="draft" in request.GET)
    found = route_reading.exported(page, form)
    answer = HttpResponse(found.content, content_type=FORMS[form])
    name = f"attachment; filename*=UTF-8''{quote(found.filename)}"
    answer["Content-Disposition"] = name
    return answer


@login_required
@require_GET
def route_schema(request: PersonRequest) -> HttpResponse:
    """The format of a route's file, as JSON Schema."""
    return HttpResponse(exchange.SCHEMA.read_bytes(), content_type="application/schema+json")


@login_required
@require_GET
def route_differences(request: PersonRequest, route_id: UUID, old: int, new: int) -> HttpResponse:
    """What one version of a route changed against another."""
    mine = Route.objects.for_user(request.user).select_related("organisation")
    page = route_changes.differing(get_object_or_404(mine, pk=route_id), old, new)
    if page is None:
        raise Http404(_("There is no such version."))
    context = {"page": page, "section": "route"}
    return render(request, "approvals/route_differences.html", context)


@login_required
@require_GET
def route(request: PersonRequest, route_id: UUID) -> HttpResponse:
    """One route: a version of it in plain sentences and as a picture."""
    context = {"page": _reading(request, route_id), "section": "route"}
    return render(request, "approvals/route.html", context)


def _reading(request: PersonRequest, route_id: UUID, *, draft: bool = False) -> Reading:
    """The version that the address asks for. Raises Http404."""
    mine = Route.objects.for_user(request.user).select_related("organisation")
    found = get_object_or_404(mine, pk=route_id)
    wanted = request.GET.get("version", "")
    number = int(wanted) if wanted.isdecimal() and len(wanted) < 6 else None
    page = route_reading.reading(found, number, request.user, timezone.now(), as_draft=draft)
    if page is None:
        raise Http404(_("There is no such version."))
    return page
