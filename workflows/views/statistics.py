"""The auditor's room: how approvals and deadlines went in a period, and what is behind a number."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from audit.auditors import for_auditors
from audit.templatetags.ui import day_long, moment_long
from directory.queries import working_days
from directory.requests import PersonRequest
from workflows import statistics_file, statistics_page
from workflows.actions.statistics import take_statistics
from workflows.forms.auditing import BehindForm, PeriodForm
from workflows.statistics_page import TABLES, TAKEN, Table, Wanted

LISTED = 100


@require_safe
@for_auditors
def statistics(request: PersonRequest) -> HttpResponse:
    """Every table for the period that was chosen."""
    form, wanted = _wanted(request, request.GET, statistics_page.SHOWN)
    context = {
        "form": form,
        "period": wanted.period,
        "tables": statistics_page.tables(wanted),
        "tab": "statistics",
        "section": "audit",
    }
    return render(request, "workflows/statistics.html", context)


@require_safe
@for_auditors
def behind(request: PersonRequest) -> HttpResponse:
    """The sign-offs behind a number, each with its entry."""
    _form, wanted = _wanted(request, request.GET, LISTED)
    found = statistics_page.behind(wanted, BehindForm(request.GET).conditions)
    context = {
        "period": wanted.period,
        "found": found,
        "query": wanted.query(),
        "tab": "statistics",
        "section": "audit",
    }
    return render(request, "workflows/behind.html", context)


@require_POST
@for_auditors
def export(request: PersonRequest) -> HttpResponse:
    """One table as a file; recorded before it is handed out."""
    make = TABLES.get(request.POST.get("table", ""))
    format = request.POST.get("format", "")
    if make is None or format not in statistics_file.TYPES:
        raise Http404
    now = timezone.now()
    _form, wanted = _wanted(request, request.POST, TAKEN)
    table = make(wanted)
    take_statistics(
        period=wanted.period,
        table=table.key,
        format=format,
        rows=len(table.rows),
        actor=request.user,
        at=now,
    )
    lines = [*_about(table, wanted, request), [], list(table.head)]
    heading = len(lines) - 1
    lines += [[cell.text for cell in row] for row in table.rows]
    file = statistics_file.written(format, lines, heading)
    answer = HttpResponse(file, content_type=statistics_file.TYPES[format])
    name = f"duban-{table.key}-{timezone.localtime(now):%Y%m%d-%H%M}.{format}"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _about(table: Table, wanted: Wanted, request: PersonRequest) -> list[list[str]]:
    """What the table is: name, period, definition, by whom and when it was taken."""
    period = wanted.period
    days = {"first": day_long(period.first), "last": day_long(period.last)}
    return [
        [table.title],
        [_("%(first)s to %(last)s") % days],
        [table.definition],
        [request.user.name, moment_long(timezone.now())],
    ]


def _wanted(request: PersonRequest, given: object, most: int) -> tuple[PeriodForm, Wanted]:
    organisation, today = request.user.organisation_id, timezone.localdate()
    form = PeriodForm(given, organisation=organisation, today=today)
    return form, Wanted(form.period, working_days(organisation), today, most)
