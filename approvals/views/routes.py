"""Reading routes."""

from urllib.parse import quote
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from approvals.models import Route
from approvals.pages import manual
from approvals.pages.overview import overview
from approvals.pages.routes import Reading, exported, reading
from approvals.routes import exchange
from approvals.routes.changes import differing
from directory.requests import PersonRequest

FORMS = {"json": "application/json", "bpmn": "application/xml"}
"""The files that a route can be had as."""


@login_required
@require_GET
def routes(request: PersonRequest) -> HttpResponse:
    """Every route of the organisation, and what is blocked for those who can help."""
    context = overview(request.user, timezone.now())
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
    found = exported(page, form)
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
    page = differing(get_object_or_404(mine, pk=route_id), old, new)
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
    page = reading(found, number, request.user, timezone.now(), as_draft=draft)
    if page is None:
        raise Http404(_("There is no such version."))
    return page
