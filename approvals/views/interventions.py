"""Moving a stuck approval: one administrator proposes, another confirms."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from approvals import actions
from approvals.forms.interventions import InterventionForm
from approvals.models import Approval, Intervention
from approvals.pages.interventions import intervention_page
from approvals.views.editor import administrator_only
from audit.errors import Refused
from directory.requests import PersonRequest


@require_http_methods(["GET", "HEAD", "POST"])
@administrator_only
def intervention(request: PersonRequest, approval_id: UUID) -> HttpResponse:
    """Why an approval doesn't move, and what an administrator may propose."""
    at = timezone.now()
    approval = get_object_or_404(Approval.objects.for_user(request.user), pk=approval_id)
    page = intervention_page(approval, request.user, at)
    form = InterventionForm(
        request.POST if request.method == "POST" else None,
        organisation_id=approval.organisation_id,
        seats=page.seats,
        at=at,
    )
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            actions.propose_intervention(
                approval_id=approval.pk, actor=request.user, at=at, **form.proposal
            )
        except Refused as refusal:
            form.add_error(None, refusal.message)
            status = refusal.status
        else:
            messages.success(request, _("Proposed. Another administrator has to confirm it."))
            return redirect("intervention", approval.pk)
    context = {"page": page, "form": form, "section": "route"}
    status = 422 if form.errors and status == 200 else status
    return render(request, "approvals/intervention.html", context, status=status)


@require_POST
@administrator_only
def intervention_settle(request: PersonRequest, intervention_id: UUID) -> HttpResponse:
    """Confirm or decline what another administrator proposed."""
    confirm = request.POST.get("answer") == "confirm"
    try:
        made = actions.settle_intervention(
            intervention_id=intervention_id,
            confirm=confirm,
            actor=request.user,
            at=timezone.now(),
        )
    except Intervention.DoesNotExist:
        raise Http404 from None
    done = (
        _("Confirmed and carried out. The record names both of you.")
        if confirm
        else _("Declined. Nothing has moved.")
    )
    messages.success(request, done)
    return redirect("intervention", made.approval_id)
