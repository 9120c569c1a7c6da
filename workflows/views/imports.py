"""Bringing in a document: upload, review screen, confirm."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from audit.errors import Refused
from directory.requests import PersonRequest, held
from workflows import plan_policy
from workflows.actions import amendments, import_review, imports
from workflows.actions.authority import NotAllowed
from workflows.forms.imports import AnswerForm, DocumentForm, UploadForm
from workflows.forms.parties import MeasureForm, initial_of, units_of
from workflows.models import PlanImport
from workflows.queries.import_page import cuts, review_page
from workflows.queries.imports import draft_of
from workflows.views.asking import revision_of


@login_required
@require_http_methods(["GET", "POST"])
def plan_import(request: PersonRequest) -> HttpResponse:
    """Upload or paste; below it, what is still being checked."""
    verdict = plan_policy.may_import(held(request))
    if not verdict:
        raise NotAllowed(reason=verdict.reason)
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            found = _upload(request, form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, refusal.message)
        else:
            return redirect("plan_review", found.pk)
    waiting = PlanImport.objects.for_user(request.user, held(request)).filter(
        state=PlanImport.State.OPEN
    )
    context = {"form": form, "waiting": waiting.select_related("created_by")}
    status = 422 if form.errors else 200
    return render(request, "workflows/import_upload.html", context, status=status)


def _upload(request: PersonRequest, data: dict[str, Any]) -> PlanImport:
    file = data["file"]
    return imports.upload_document(
        filename=file.name if file else "",
        data=file.read() if file else None,
        text=data["text"],
        actor=request.user,
        at=timezone.now(),
    )


@login_required
@require_GET
def plan_review(request: PersonRequest, import_id: UUID) -> HttpResponse:
    found = _visible(request, import_id)
    if found.state == PlanImport.State.CONFIRMED:
        return _made(found)
    return _review(request, found)


def _visible(request: PersonRequest, import_id: UUID) -> PlanImport:
    found: PlanImport = get_object_or_404(
        PlanImport.objects.for_user(request.user, held(request)), pk=import_id
    )
    return found


def _review(
    request: PersonRequest,
    found: PlanImport,
    *,
    problem: str = "",
    document: DocumentForm | None = None,
    status: int = 200,
) -> HttpResponse:
    page = review_page(found)
    form = document or DocumentForm(
        units=page.units,
        initial={
            "title": page.draft.title,
            "number": page.draft.number,
            "due_date": page.draft.due_date,
            "overseer": page.draft.overseer,
            "addressees": page.draft.addressees,
        },
    )
    context = {"page": page, "found": found, "form": form, "problem": problem}
    return render(request, "workflows/import_review.html", context, status=status)


Act = Callable[[int], object]


def _acted(request: PersonRequest, import_id: UUID, act: Act, anchor: str = "") -> HttpResponse:
    """Do it at the revision that the form showed; back to the screen, with a refusal if any."""
    _visible(request, import_id)
    try:
        act(revision_of(request))
    except Refused as refusal:
        found = _visible(request, import_id)
        return _review(request, found, problem=refusal.message, status=refusal.status)
    address = reverse("plan_review", args=[import_id])
    return redirect(f"{address}#{anchor}" if anchor else address)


def _anchor(request: PersonRequest) -> str:
    given = request.POST.get("anchor", "")
    return given if given.isalnum() and len(given) < 12 else ""


def _whose(request: PersonRequest, import_id: UUID) -> dict[str, Any]:
    return {"import_id": import_id, "actor": request.user, "at": timezone.now()}


@login_required
@require_POST
def plan_answer(request: PersonRequest, import_id: UUID, question_id: str) -> HttpResponse:
    """Save one answer, or take it back."""
    given = (
        None
        if "take_back" in request.POST
        else AnswerForm(request.POST).given(request.POST.getlist("units"))
    )
    whose = _whose(request, import_id)
    return _acted(
        request,
        import_id,
        lambda revision: import_review.answer(
            revision=revision, question_id=question_id, given=given, **whose
        ),
        _anchor(request),
    )


@login_required
@require_POST
def plan_accept(request: PersonRequest, import_id: UUID) -> HttpResponse:
    """Accept all that is proposed."""
    whose = _whose(request, import_id)
    return _acted(
        request,
        import_id,
        lambda revision: import_review.accept_proposals(revision=revision, **whose),
    )


@login_required
@require_POST
def plan_document(request: PersonRequest, import_id: UUID) -> HttpResponse:
    """Title, number, addressees and the rest of the head."""
    found = _visible(request, import_id)
    form = DocumentForm(request.POST, units=units_of(request.user.organisation))
    if not form.is_valid():
        return _review(request, found, document=form, status=422)
    whose = _whose(request, import_id)
    return _acted(
        request,
        import_id,
        lambda revision: import_review.edit_document(
            revision=revision, fields=form.fields_given(), **whose
        ),
    )


@login_required
@require_http_methods(["GET", "POST"])
def plan_proposal(request: PersonRequest, import_id: UUID, key: str) -> HttpResponse:
    """Edit one proposed measure, split it, or merge it with the one before."""
    found = _visible(request, import_id)
    draft = draft_of(found)
    index = next((i for i, one in enumerate(draft.measures, 1) if one.key == key), None)
    if index is None or found.state != PlanImport.State.OPEN:
        raise Http404
    measure = draft.measures[index - 1]
    form = MeasureForm(
        request.POST or None,
        units=units_of(request.user.organisation),
        initial=initial_of(measure.heading, measure.due_date, measure.parties, measure.priority),
    )
    problem = ""
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            import_review.edit_measure(
                revision=revision_of(request),
                key=key,
                heading=form.cleaned_data["heading"],
                due_date=form.cleaned_data["due_date"],
                priority=form.cleaned_data["priority"],
                parties=form.parties(next(iter(measure.parties.each), "")),
                **_whose(request, import_id),
            )
        except Refused as refusal:
            problem, status = refusal.message, refusal.status
        else:
            return redirect(f"{reverse('plan_review', args=[import_id])}#t{index}")
    context = {
        "found": found,
        "measure": measure,
        "index": index,
        "form": form,
        "problem": problem,
        "origin": key.partition("#")[0],
        "cuts": cuts(found, key.partition("#")[0]),
    }
    status = 422 if form.errors else status
    return render(request, "workflows/import_measure.html", context, status=status)


@login_required
@require_POST
def plan_split(request: PersonRequest, import_id: UUID, key: str) -> HttpResponse:
    offsets = [int(one) for one in request.POST.getlist("at") if one.isascii() and one.isdigit()]
    whose = _whose(request, import_id)
    return _acted(
        request,
        import_id,
        lambda revision: import_review.split(revision=revision, key=key, offsets=offsets, **whose),
        _anchor(request),
    )


@login_required
@require_POST
def plan_merge(request: PersonRequest, import_id: UUID, key: str) -> HttpResponse:
    whose = _whose(request, import_id)
    return _acted(
        request,
        import_id,
        lambda revision: import_review.merge(revision=revision, key=key, **whose),
        _anchor(request),
    )


@login_required
@require_POST
def plan_unmerge(request: PersonRequest, import_id: UUID, key: str) -> HttpResponse:
    whose = _whose(request, import_id)
    return _acted(
        request,
        import_id,
        lambda revision: import_review.unmerge(revision=revision, key=key, **whose),
        _anchor(request),
    )


@login_required
@require_POST
def plan_confirm(request: PersonRequest, import_id: UUID) -> HttpResponse:
    """Make the draft plan."""
    found = _visible(request, import_id)
    try:
        confirm = amendments.draft_imported if found.amends_id else imports.confirm_import
        made = confirm(revision=revision_of(request), **_whose(request, import_id))
    except import_review.AlreadyConfirmed as refusal:
        found.refresh_from_db()
        messages.warning(request, refusal.message)
        return _made(found)
    except Refused as refusal:
        return _review(request, found, problem=refusal.message, status=refusal.status)
    messages.success(request, _("The draft is stored. Nobody has been told yet."))
    return redirect("amendment" if found.amends_id else "plan", made.pk)


def _made(found: PlanImport) -> HttpResponse:
    """To what a confirmed import became."""
    if found.amends_id:
        return redirect("amendment", found.amendment.pk)
    return redirect("plan", found.plan_id)


@login_required
@require_POST
def plan_discard(request: PersonRequest, import_id: UUID) -> HttpResponse:
    """Put the import away."""
    found = _visible(request, import_id)
    try:
        imports.discard_import(revision=revision_of(request), **_whose(request, import_id))
    except Refused as refusal:
        return _review(request, found, problem=refusal.message, status=refusal.status)
    messages.success(request, _("The import was discarded. The document may be uploaded again."))
    return redirect("plan_import")
