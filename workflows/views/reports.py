"""Writing a report or a unit's part of it, reading versions, and what changed between two."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from approvals.forms.choosing import blame
from audit.errors import Refused
from directory.requests import PersonRequest
from workflows import files
from workflows.actions import drafts
from workflows.actions import reports as actions
from workflows.actions.drafts import DraftChanged, NoSuchFile
from workflows.forms.reports import WritingForm
from workflows.models import Assignment, Draft, Submission, Task
from workflows.queries.reports import read_reports
from workflows.queries.writing import Desk, desk
from workflows.views.asking import may, visible_task


@login_required
@require_http_methods(["GET", "POST"])
def report(request: PersonRequest, task_id: UUID) -> HttpResponse:
    """The lead unit's editor."""
    task = visible_task(request, task_id)
    facts = may(request.user, task, "report")
    return _editor(request, task, _desk(request, task, facts.lead))


@login_required
@require_http_methods(["GET", "POST"])
def contribution(request: PersonRequest, task_id: UUID, unit_id: UUID) -> HttpResponse:
    """A cooperating unit's editor."""
    task = visible_task(request, task_id)
    may(request.user, task, "contribute", unit_id)
    return _editor(request, task, _desk(request, task, unit_id))


@login_required
@require_POST
def autosave(request: PersonRequest, task_id: UUID, unit_id: UUID) -> HttpResponse:
    """Keep what is being written; answers the draft's new revision for the next time."""
    task = visible_task(request, task_id)
    part = get_object_or_404(
        Assignment, task=task, unit=unit_id, ended_at=None, role__in=("lead", "cooperating")
    )
    form = _form(_desk(request, task, part.unit_id), request)
    if not form.is_valid():
        return JsonResponse({"errors": form.errors}, status=422)
    return JsonResponse({"revision": _save(request, task, part.unit_id, form).revision})


def _editor(request: PersonRequest, task: Task, place: Desk) -> HttpResponse:
    """Every button saves the words first: none of them can lose any."""
    form = _form(place, request)
    if request.method == "GET":
        return _page(request, task, place, form)
    if not form.is_valid():
        return _page(request, task, place, form, revision=request.POST.get("revision"), status=422)
    try:
        draft = _save(request, task, place.unit.pk, form)
    except DraftChanged as refusal:
        form.add_error(None, refusal.message)
        now = _desk(request, task, place.unit.pk)
        return _page(request, task, now, form, theirs=now.draft, status=refusal.status)
    try:
        return _act(request, task, place, form, draft)
    except Refused as refusal:
        blame(form, refusal)
        now = _desk(request, task, place.unit.pk)
        return _page(request, task, now, form, status=refusal.status)


def _desk(request: PersonRequest, task: Task, unit_id: UUID | None) -> Desk:
    return desk(task, unit_id, request.user, timezone.now())


def _form(place: Desk, request: PersonRequest) -> WritingForm:
    draft = place.draft
    initial: dict[str, Any] = {"revision": place.revision}
    if draft:
        words = ("text", "percent", "answer", "without_units_reason")
        initial |= {name: getattr(draft, name) for name in words}
    return WritingForm(
        request.POST if request.method == "POST" else None,
        initial=initial,
        leads=place.leads,
        answers=place.came_back is not None,
        silent=bool(place.silent),
        choices=place.choices,
        chosen=draft.chosen if draft else (),
    )


def _save(request: PersonRequest, task: Task, unit_id: UUID, form: WritingForm) -> Draft:
    return drafts.save_draft(
        task_id=task.pk, unit_id=unit_id, actor=request.user, at=timezone.now(), **form.words()
    )


def _act(
    request: PersonRequest, task: Task, place: Desk, form: WritingForm, draft: Draft
) -> HttpResponse:
    """What the pressed button asks besides saving. Files that were chosen are always taken."""
    given: dict[str, Any] = {
        "task_id": task.pk,
        "unit_id": place.unit.pk,
        "actor": request.user,
        "at": timezone.now(),
    }
    for upload in request.FILES.getlist("files"):
        stored = files.store(task.organisation_id, upload)
        drafts.attach_file(**given, stored=stored, name=files.clean_name(upload.name))
    if removed := request.POST.get("remove"):
        drafts.remove_draft_file(**given, file_id=_file_id(removed))
    if request.POST.get("do") != "send":
        messages.success(request, _("Saved."))
        return redirect(request.path)
    revision = Draft.objects.get(pk=draft.pk).revision
    if place.leads:
        del given["unit_id"]
        reason = form.cleaned_data.get("without_units_reason", "")
        sent = actions.submit(**given, revision=revision, without_units_reason=reason)
        done = _("Version %(version)s is submitted and goes to the first signer.")
        messages.success(request, done % {"version": sent.version})
    else:
        part = actions.send_contribution(**given, revision=revision)
        done = _("Your unit's part was sent, version %(version)s.")
        messages.success(request, done % {"version": part.version})
    return redirect("task", task.pk)


def _file_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NoSuchFile from None


def _page(
    request: PersonRequest,
    task: Task,
    place: Desk,
    form: WritingForm,
    *,
    revision: str | None = None,
    theirs: Draft | None = None,
    status: int = 200,
) -> HttpResponse:
    """The editor. `revision` is the draft's that the next save is measured by."""
    context = {
        "task": task,
        "desk": place,
        "form": form,
        "revision": place.revision if revision is None else revision,
        "theirs": theirs,
        "section": "task",
    }
    return render(request, "workflows/write.html", context, status=status)


@login_required
@require_GET
def version(request: PersonRequest, task_id: UUID, number: int) -> HttpResponse:
    """One submitted version as it was sent, with what changed since the one before."""
    task = visible_task(request, task_id)
    found = get_object_or_404(
        Submission.objects.select_related("submitter"), task=task, version=number
    )
    before = Submission.objects.filter(task=task, version=number - 1).first()
    return _compared(request, task, found, before, "workflows/version.html")


@login_required
@require_GET
def difference(request: PersonRequest, task_id: UUID, older: int, newer: int) -> HttpResponse:
    """What changed between two versions, words and files."""
    task = visible_task(request, task_id)
    found = Submission.objects.filter(task=task).select_related("submitter")
    return _compared(
        request,
        task,
        get_object_or_404(found, version=newer),
        get_object_or_404(found, version=older),
        "workflows/difference.html",
    )


def _compared(
    request: PersonRequest, task: Task, new: Submission, old: Submission | None, template: str
) -> HttpResponse:
    read = read_reports([new, old] if old else [new])
    before = read[old.pk] if old else None
    context = {
        "task": task,
        "report": read[new.pk].marked(before),
        "before": before,
        "numbers": Submission.objects.filter(task=task).values_list("version", flat=True),
        "section": "task",
    }
    return render(request, template, context)
