"""The record of an approval, on screen and on paper."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from approvals.models import Approval
from approvals.pages import record
from approvals.pages.paper import paper
from approvals.pages.record import RecordPage
from directory.requests import PersonRequest


@login_required
@require_GET
def approval(request: PersonRequest, approval_id: UUID) -> HttpResponse:
    """Everything that happened in an approval, in order, with the entry of each."""
    context = {"page": _read(request, approval_id)}
    return render(request, "approvals/approval.html", context)


@login_required
@require_GET
def approval_form(request: PersonRequest, approval_id: UUID) -> HttpResponse:
    """The newest round as a sheet of paper."""
    page = _read(request, approval_id)
    context = {"page": page, "paper": paper(page, timezone.now())}
    return render(request, "approvals/approval_form.html", context)


def _read(request: PersonRequest, approval_id: UUID) -> RecordPage:
    """The approval, for those who may see its subject. Raises Http404."""
    mine = Approval.objects.for_user(request.user).select_related("version__route")
    found = get_object_or_404(mine, pk=approval_id)
    page = record.record_page(found, request.user, timezone.now())
    if page is None:
        raise Http404
    return page
