"""Handing out files: to whoever may see their task, unchanged, never run by a browser."""

import logging
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from audit.queries import Erased, read_openings
from directory.requests import PersonRequest, held
from workflows.files import FileDamaged, open_verified
from workflows.models import DraftFile, Evidence, StoredFile, Task
from workflows.queries.standing import works_for

log = logging.getLogger(__name__)


@login_required
@require_GET
def evidence(request: PersonRequest, evidence_id: UUID) -> HttpResponse | FileResponse:
    """A file of a submitted report or contribution."""
    found = get_object_or_404(
        Evidence.objects.for_user(request.user).select_related(
            "file", "submission", "contribution"
        ),
        pk=evidence_id,
    )
    document = found.submission or found.contribution
    if document is None or not _sees(request, document.task_id):
        raise Http404
    names = read_openings(found.organisation_id, [found.name])
    name = names[bytes(found.name)] or "file"
    if isinstance(name, Erased):
        context = {"title": _("This file is not there any more"), "text": name}
        return render(request, "409.html", context, status=410)
    return _hand_out(request, found.file, name)


@login_required
@require_GET
def draft_file(request: PersonRequest, file_id: UUID) -> HttpResponse | FileResponse:
    """A file with a draft: only the unit that writes it sees it before it is sent."""
    found = get_object_or_404(
        DraftFile.objects.select_related("file", "draft"),
        pk=file_id,
        organisation=request.user.organisation_id,
    )
    if not works_for(request.user, found.draft.unit_id, timezone.now()) or not _sees(
        request, found.draft.task_id
    ):
        raise Http404
    return _hand_out(request, found.file, found.name)


def _sees(request: PersonRequest, task_id: UUID) -> bool:
    return Task.objects.for_user(request.user, held(request)).filter(pk=task_id).exists()


def _hand_out(request: PersonRequest, file: StoredFile, name: str) -> HttpResponse | FileResponse:
    """The bytes, if they are still the ones that were stored."""
    try:
        content = open_verified(file.organisation_id, bytes(file.sha256))
    except FileDamaged:
        log.error("The stored file %s is damaged or missing", bytes(file.sha256).hex())
        context = {
            "title": _("This file can't be handed out"),
            "text": _("Its bytes are no longer the ones that were submitted. Tell an auditor."),
        }
        return render(request, "409.html", context, status=409)
    response = FileResponse(content, as_attachment=True, filename=name)
    response["Content-Type"] = file.media_type
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "private, no-store"
    return response
