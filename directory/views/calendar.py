"""The table of working days."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from audit.errors import Refused
from directory import actions, queries
from directory.forms.keeping import CalendarDayForm, NothingToFillIn, SeedForm
from directory.models import CalendarDay
from directory.requests import PersonRequest
from directory.views.asking import Question, administrator_only, ask, is_administrator, posted

YEARS = range(2000, 2101)


@login_required
@require_safe
def calendar(request: PersonRequest) -> HttpResponse:
    year = _year(request)
    context = {
        "year": year,
        "days": queries.calendar_days(request.user.organisation_id, year),
        "may_keep": is_administrator(request),
    }
    return render(request, "directory/calendar.html", context)


@require_POST
@administrator_only
def calendar_seed(request: PersonRequest) -> HttpResponse:
    form = SeedForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose a year between 2000 and 2100."))
        return redirect("calendar")
    year = form.cleaned_data["year"]
    try:
        added = actions.seed_calendar(
            organisation_id=request.user.organisation_id,
            year=year,
            actor=request.user,
            at=timezone.now(),
        )
    except Refused as refusal:
        messages.warning(request, refusal.message)
    else:
        text = ngettext("%(n)s day has been added.", "%(n)s days have been added.", added)
        messages.success(request, text % {"n": added})
    return redirect(f"{reverse('calendar')}?year={year}")


@administrator_only
def calendar_day_new(request: PersonRequest) -> HttpResponse:
    question = Question(
        title=_("Set a day"),
        what=_("A day that is free, or worked, whatever the week says"),
        ask=_("Choose the date, and say why"),
        next=_("Deadlines count with it from now on"),
        button=_("Set day"),
        back=reverse("calendar"),
        done=_("The day has been set."),
    )
    form = CalendarDayForm(posted(request))
    return ask(
        request,
        question,
        form,
        lambda data: actions.set_calendar_day(
            organisation_id=request.user.organisation_id,
            actor=request.user,
            at=timezone.now(),
            **data,
        ),
    )


@administrator_only
def calendar_day_clear(request: PersonRequest, day_id: UUID) -> HttpResponse:
    day = get_object_or_404(CalendarDay.objects.for_user(request.user), pk=day_id)
    question = Question(
        title=_("Clear %(date)s") % {"date": day.date},
        what=_("This day has a rule of its own: %(name)s") % {"name": day.name or "–"},
        ask=_("Say that the week decides again"),
        next=_("It is worked from Monday to Friday and free at the weekend"),
        button=_("Clear day"),
        back=reverse("calendar"),
        done=_("The day has been cleared."),
    )
    return ask(
        request,
        question,
        NothingToFillIn(posted(request)),
        lambda data: actions.clear_calendar_day(
            day_id=day.pk, actor=request.user, at=timezone.now()
        ),
    )


def _year(request: PersonRequest) -> int:
    asked = request.GET.get("year", "")
    year = int(asked) if asked.isdecimal() and len(asked) == 4 else timezone.localdate().year
    return min(max(year, YEARS.start), YEARS.stop - 1)
