"""The page of a receipt: the proof, or that it is on its way, which asks again by itself."""

from dataclasses import replace
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from audit import proofs, queries, reading
from audit.models import Entry
from audit.proofs import LONGEST_WAIT


@require_safe
@login_required
def receipt(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """What was recorded and its receipt; for htmx the receipt alone."""
    entry = _own(request, entry_id)
    [found] = proofs.receipts([entry])
    if request.headers.get("HX-Request"):
        found = replace(found, wait=_wait(request.GET.get("wait", ""), found.wait))
        return render(request, "includes/receipt.html", {"receipt": found})
    [row] = queries.rows(entry.organisation, [entry])
    context = {"entry": entry, "row": row, "receipt": found, "section": "inbox"}
    return render(request, "audit/receipt.html", context)


def _own(request: HttpRequest, entry_id: UUID) -> Entry:
    """The entry, for auditors and for whoever made it."""
    mine = Entry.objects.filter(organisation=request.user.organisation_id)  # type: ignore[union-attr]
    if not reading.reader().may_read(request.user, timezone.now()):
        mine = mine.filter(actor=request.user.subject)  # type: ignore[union-attr]
    return get_object_or_404(mine.select_related("leaf"), pk=entry_id)


def _wait(text: str, least: float) -> float:
    """How long the page says that it waited, if that makes sense."""
    try:
        waited = float(text)
    except ValueError:
        return least
    return waited if least <= waited <= LONGEST_WAIT else least
