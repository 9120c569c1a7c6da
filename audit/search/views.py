"""What an auditor does with a search: keep it under a name, take away what it finds."""

import tempfile
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from audit.auditors import for_auditors, organisation_of
from audit.errors import Refused
from audit.forms import EntryFilter, ListForm, SaveForm
from audit.search import lists, saving
from audit.search.models import SavedFilter


class NameMissing(Refused):
    """A name that is none, or too long."""

    status = 422
    sentence = _("Give the search a name of at most 60 characters.")


class SearchNotUnderstood(Refused):
    """A date that is none, a kind that doesn't exist."""

    status = 422
    sentence = _("Part of this search was not understood. Go back and look at what is marked.")


class FormatUnknown(Refused):
    """Something else than the formats on the page."""

    status = 422
    sentence = _("Choose one of the formats on the page.")


@require_POST
@for_auditors
def take(request: HttpRequest) -> FileResponse:
    """What the search finds as a file; recorded before it is written."""
    form, choice = _understood(request), ListForm(request.POST)
    if not choice.is_valid():
        raise FormatUnknown
    now = timezone.now()
    listed = lists.take_list(
        organisation=organisation_of(request),
        wanted=form.wanted(),
        format=choice.cleaned_data["format"],
        actor=request.user,  # type: ignore[arg-type]
        at=now,
        most=lists.LISTED_WHILE_WAITING,
    )
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    lists.write(listed, file)
    file.seek(0)
    return FileResponse(
        file,
        as_attachment=True,
        filename=lists.filename(listed),
        content_type=lists.TYPES[listed.format],
    )


@require_POST
@for_auditors
def save(request: HttpRequest) -> HttpResponse:
    """Keep the search under a name, and show it again."""
    form, given = _understood(request), _named(request)
    asked = {name: str(value) for name, value in form.cleaned_data.items() if value}
    saving.save_search(
        organisation=organisation_of(request),
        name=given.cleaned_data["name"],
        asked=asked,
        is_shared=given.cleaned_data["is_shared"],
        actor=request.user,  # type: ignore[arg-type]
        at=timezone.now(),
    )
    messages.success(request, _("The search is saved."))
    return redirect(f"{reverse('audit')}?{urlencode(asked)}")


@require_POST
@for_auditors
def change(request: HttpRequest, search_id: UUID) -> HttpResponse:
    """Rename or delete one's own saved search."""
    who = {"search_id": search_id, "actor": request.user, "at": timezone.now()}
    try:
        if request.POST.get("delete"):
            saving.delete_search(**who)  # type: ignore[arg-type]
            messages.success(request, _("The saved search is deleted."))
        else:
            given = _named(request).cleaned_data
            saving.rename_search(**who, name=given["name"], is_shared=given["is_shared"])  # type: ignore[arg-type]
            messages.success(request, _("The search is saved."))
    except SavedFilter.DoesNotExist:
        raise Http404 from None
    return redirect("audit")


def _understood(request: HttpRequest) -> EntryFilter:
    """The search behind a button. Raises SearchNotUnderstood: nothing else is done instead."""
    form = EntryFilter(request.POST, organisation=organisation_of(request))
    if not form.is_valid():
        raise SearchNotUnderstood
    return form


def _named(request: HttpRequest) -> SaveForm:
    form = SaveForm(request.POST)
    if not form.is_valid():
        raise NameMissing
    return form
