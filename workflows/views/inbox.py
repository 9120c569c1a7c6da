"""The inbox in its three tabs, the list of tasks, and the search."""

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from approvals.queries import mine
from directory.queries import working_days
from directory.requests import PersonRequest, held
from workflows import decision_pages, inbox_pages
from workflows.forms.lists import DecisionFilter, SearchForm, TaskFilter
from workflows.queries import lists

TASKS_ON_A_PAGE = 50


@login_required
@require_safe
def inbox(request: PersonRequest) -> HttpResponse:
    """What waits for the person, by deadline."""
    page = inbox_pages.for_me(
        request.user,
        held(request),
        timezone.now(),
        request.GET.get("do", ""),
        request.GET.get("after", ""),
    )
    if not page.choice:
        request.waiting = page.counts.total
    context = {"page": page, "held": held(request), "tab": "inbox", "section": "inbox"}
    return render(request, "workflows/inbox.html", context)


@login_required
@require_safe
def inbox_waiting(request: PersonRequest) -> HttpResponse:
    """What the person put forward, and who has it."""
    page = inbox_pages.waiting(request.user, timezone.now(), request.GET.get("after", ""))
    context = {"page": page, "tab": "waiting", "section": "inbox"}
    return render(request, "workflows/inbox_past.html", context)


@login_required
@require_safe
def inbox_done(request: PersonRequest) -> HttpResponse:
    """What the person signed, received and sent."""
    page = inbox_pages.done(request.user, request.GET.get("after", ""))
    context = {"page": page, "tab": "done", "section": "inbox"}
    return render(request, "workflows/inbox_past.html", context)


@login_required
@require_safe
def decisions(request: PersonRequest) -> HttpResponse:
    """What the person decided, and what became of it."""
    form = DecisionFilter(request.GET, kinds=mine.kinds_decided(request.user))
    page = decision_pages.decisions(request.user, form.wanted, request.GET.get("page"))
    context = {"form": form, "page": page, "tab": "decisions", "section": "inbox"}
    context["narrowed"] = form.wanted != mine.Wanted()
    return render(request, "workflows/decisions.html", context)


@login_required
@require_safe
def tasks(request: PersonRequest) -> HttpResponse:
    """The tasks that the person may see."""
    form = TaskFilter(request.GET, person=request.user, held=held(request))
    today, days = timezone.localdate(), working_days(request.user.organisation_id)
    found = lists.tasks(request.user, held(request), form.asked, today, days)
    page = Paginator(found, TASKS_ON_A_PAGE).get_page(request.GET.get("page"))
    page.object_list = lists.with_lights(page.object_list, today, days)
    context = {"form": form, "page": page, "narrowed": any(form.asked.values())}
    return render(request, "workflows/tasks.html", context)


@login_required
@require_safe
def search(request: PersonRequest) -> HttpResponse:
    """Tasks and plans in which the words occur."""
    form = SearchForm(request.GET)
    words = form.cleaned_data["q"] if form.is_valid() else ""
    found = lists.search(request.user, held(request), words)
    days = working_days(request.user.organisation_id)
    context = {
        "form": form,
        "found": found,
        "tasks": lists.with_lights(found.tasks, timezone.localdate(), days),
        "search_words": words,
        "printed_at": timezone.now(),
    }
    return render(request, "workflows/search.html", context)
