"""Taking away from the ledger: a bundle, or one entry's proof."""

from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from audit import bundle_files, bundles, proofs, reading
from audit.auditors import for_auditors
from audit.bundles import Scope
from audit.errors import Refused
from audit.forms import EntryFilter
from audit.models import Entry
from audit.search.listing import Wanted

EXPORTED_WHILE_WAITING = 50_000
"""Entries that are written in some seconds; more are exported by the command."""


class TooManyToExport(Refused):
    """More entries than somebody should wait for."""

    sentence = gettext_lazy(
        "These are %(count)d entries, too many to wait for. Choose a shorter time, or ask the "
        "operator to run manage.py export_bundle."
    )


class NoProofYet(Refused):
    """No checkpoint covers the entry."""

    status = 404
    sentence = gettext_lazy("It is recorded; its proof follows in a few seconds.")


@require_POST
@for_auditors
def export(request: HttpRequest) -> StreamingHttpResponse:
    """A bundle of what the filter of subject and time chose, recorded before it is written.

    It is sent as it is made, so the browser shows at once that it comes.
    """
    organisation: UUID = request.user.organisation_id  # type: ignore[union-attr]
    scope = scope_of(organisation, EntryFilter(request.POST, organisation=organisation).wanted())
    if (found := bundles.prepare(organisation, scope)).entries > EXPORTED_WHILE_WAITING:
        raise TooManyToExport(count=found.entries)
    now = timezone.now()
    made = bundles.export(
        organisation=organisation,
        scope=scope,
        actor=request.user,  # type: ignore[arg-type]
        at=now,
    )
    response = StreamingHttpResponse(
        bundle_files.pieces(made, at=now), content_type="application/zip"
    )
    name = f"duban-{timezone.localtime(now):%Y%m%d-%H%M}.zip"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_safe
@login_required
def proof(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """An entry's proof, for auditors and for whoever made the entry. Raises NoProofYet."""
    mine = Entry.objects.filter(organisation=request.user.organisation_id)  # type: ignore[union-attr]
    if not reading.reader().may_read(request.user, timezone.now()):
        mine = mine.filter(actor=request.user.subject)  # type: ignore[union-attr]
    found = proofs.of(get_object_or_404(mine.select_related("leaf"), pk=entry_id))
    if found is None:
        raise NoProofYet
    response = HttpResponse(str(found), content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{entry_id}.tlog-proof"'
    return response


def scope_of(organisation: UUID, wanted: Wanted) -> Scope:
    """What subject and dates of the filter choose; other filters would tear holes into chains."""
    reader = reading.reader()
    if wanted.subject:
        named = reader.name(organisation, [wanted.subject])
        name = named[wanted.subject].text if wanted.subject in named else wanted.subject
        subjects = frozenset(reader.together(organisation, wanted.subject))
    else:
        name, subjects = _("The whole record"), None
    until = wanted.last + timedelta(days=1) if wanted.last else None
    return Scope(
        name,
        subjects,
        first=_midnight(wanted.first) if wanted.first else None,
        before=_midnight(until) if until else None,
    )


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
