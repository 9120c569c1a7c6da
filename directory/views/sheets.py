"""A directory sheet on the web: template, export, and import by way of a preview.

The preview keeps nothing on the server: the page carries the rows it read, signed, and sends them
back. They come from that person and that organisation, at most an hour ago.
"""

from dataclasses import asdict
from typing import Any

from django.contrib import messages
from django.core import signing
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from audit.errors import Refused
from directory import actions, queries, sheets, wording
from directory.forms.keeping import SheetForm
from directory.requests import PersonRequest
from directory.sheets import Row, Unreadable
from directory.views.asking import administrator_only, posted

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HOUR = 60 * 60


@administrator_only
def directory_import(request: PersonRequest) -> HttpResponse:
    form = SheetForm(posted(request), request.FILES or None)
    context: dict[str, Any] = {"form": form}
    if request.method == "POST" and form.is_valid():
        try:
            context |= _preview(request, form.cleaned_data["file"])
        except Unreadable as error:
            form.add_error("file", wording.problem(error))
    status = 422 if form.errors or context.get("problems") else 200
    return render(request, "directory/import.html", context, status=status)


def _preview(request: PersonRequest, file: Any) -> dict[str, Any]:
    """What the page shows of a sheet: changes, problems by row, and the signed rows."""
    sheet = sheets.read(file.read(sheets.MAX_BYTES + 1))
    organisation_id = request.user.organisation_id
    difference = queries.preview(organisation_id, sheet.rows, timezone.now())
    problems = sorted([*sheet.problems, *difference.problems], key=lambda one: one.row)
    payload = {"rows": [asdict(row) for row in sheet.rows], "previewed": difference.fingerprint}
    return {
        "file_name": file.name,
        "changes": [(one.row, wording.change(one)) for one in difference.changes],
        "problems": [(one.row, wording.problem(one)) for one in problems],
        "rows": "" if problems else signing.dumps(payload, salt=_salt(request), compress=True),
    }


@require_POST
@administrator_only
def directory_import_apply(request: PersonRequest) -> HttpResponse:
    try:
        payload = signing.loads(request.POST.get("rows", ""), salt=_salt(request), max_age=HOUR)
        difference = actions.import_rows(
            organisation_id=request.user.organisation_id,
            rows=[_row(fields) for fields in payload["rows"]],
            previewed=payload["previewed"],
            actor=request.user,
            at=timezone.now(),
        )
    except signing.BadSignature:
        messages.error(request, _("This preview has expired. Choose the file again."))
        return redirect("directory_import")
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("directory_import")
    count = len(difference.changes)
    text = ngettext("%(n)s change was imported.", "%(n)s changes were imported.", count)
    messages.success(request, text % {"n": count})
    return redirect("directory")


@require_GET
@administrator_only
def directory_template(request: PersonRequest) -> HttpResponse:
    return _xlsx(sheets.write([], english=_english()), "directory-template.xlsx")


@require_GET
@administrator_only
def directory_export(request: PersonRequest) -> HttpResponse:
    data = queries.as_sheet(request.user.organisation_id, timezone.now(), english=_english())
    return _xlsx(data, "directory.xlsx")


def _xlsx(data: bytes, name: str) -> HttpResponse:
    return HttpResponse(
        data,
        content_type=XLSX,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _english() -> bool:
    return get_language() == "en"


def _salt(request: PersonRequest) -> str:
    return f"directory sheet of {request.user.pk} for {request.user.organisation_id}"


def _row(fields: dict[str, Any]) -> Row:
    lists = {key: tuple(value) for key, value in fields.items() if isinstance(value, list)}
    return Row(**fields | lists)
