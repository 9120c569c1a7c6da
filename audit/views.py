"""The ledger for those who read all of it: search, one entry, verification."""

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from audit import queries, reading, status, verification
from audit.auditors import for_auditors, organisation_of
from audit.errors import Refused
from audit.forms import EntryFilter
from audit.models import Entry
from audit.search import listing, saving
from audit.search.listing import Wanted

VERIFIED_WHILE_WAITING = 20_000
"""Entries that are verified in about a second; more are the worker's work at night."""


class TooManyToVerify(Refused):
    """More entries than somebody should wait for."""

    sentence = _("These are too many entries to verify while you wait; it is done every night.")


@require_safe
@for_auditors
def audit(request: HttpRequest) -> HttpResponse:
    """The newest entries, or those that were asked for."""
    organisation = organisation_of(request)
    form = EntryFilter(request.GET, organisation=organisation)
    wanted = form.wanted()
    found = listing.entries(organisation, wanted, request.GET.get("before", ""))
    bundled = Wanted(first=wanted.first, last=wanted.last, subject=wanted.subject)
    context = {
        "form": form,
        "wanted": wanted,
        "found": found,
        "rows": listing.rows(organisation, found.entries, wanted.words),
        "chips": [
            {"text": chip.text, "remaining": _without(request, chip.field)}
            for chip in listing.told(organisation, wanted)
        ],
        "log": queries.log(organisation),
        "saved": saving.known(request.user, organisation),  # type: ignore[arg-type]
        "may_bundle": wanted == bundled,
        "section": "audit",
    }
    return render(request, "audit/audit.html", context)


def _without(request: HttpRequest, field: str) -> str:
    """The same search without one of its conditions."""
    rest = {
        name: value
        for name, value in request.GET.items()
        if name not in {field, "before"} and value
    }
    return f"?{urlencode(rest)}" if rest else request.path


@require_safe
@for_auditors
def verification_status(request: HttpRequest) -> HttpResponse:
    """How sure the record is now, and how to check it oneself."""
    found = status.status(organisation_of(request), at=timezone.now())
    context = {
        "status": found,
        "may_verify": found.standing.entries <= VERIFIED_WHILE_WAITING,
        "most": VERIFIED_WHILE_WAITING,
        "section": "audit",
    }
    return render(request, "audit/verification.html", context)


@require_POST
@for_auditors
def verify(request: HttpRequest) -> HttpResponse:
    """Recompute everything now. Raises TooManyToVerify."""
    organisation = organisation_of(request)
    if queries.standing(organisation).entries > VERIFIED_WHILE_WAITING:
        raise TooManyToVerify
    run = verification.record(organisation, at=timezone.now())
    if run.first_bad is None:
        messages.success(request, _("Everything was recomputed: the record is whole."))
    return redirect("audit_verification")


@require_safe
@for_auditors
def entry(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """One entry in words and in its bytes, between its neighbours."""
    one = _entry(request, entry_id)
    detail = queries.detail(one)
    [row] = queries.rows(one.organisation, [one])
    acting_for = detail.body.get("acting_for") or ""
    names = reading.reader().name(one.organisation, [acting_for]) if acting_for else {}
    context = {
        "detail": detail,
        "entry": one,
        "row": row,
        "acting_for": names.get(acting_for, acting_for),
        "section": "audit",
    }
    return render(request, "audit/entry.html", context)


@require_safe
@for_auditors
def entry_json(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """The canonical bytes as they were hashed, to be checked elsewhere."""
    one = _entry(request, entry_id)
    response = HttpResponse(bytes(one.body), content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="entry-{one.pk}.json"'
    return response


def _entry(request: HttpRequest, entry_id: UUID) -> Entry:
    mine = Entry.objects.filter(organisation=organisation_of(request)).select_related("leaf")
    return get_object_or_404(mine, pk=entry_id)
