"""A work item's page: what is to be decided, beside what changed since this reader last saw it."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from approvals.forms.deciding import DecideForm
from approvals.models import WorkItem
from approvals.pages.routes import proposed
from approvals.phrases import phrases
from approvals.queries import Review
from approvals.queries import review as review_of
from approvals.routes.specs import PUBLICATION
from directory.models import Person
from directory.requests import PersonRequest, held
from workflows import lights
from workflows.models import Amendment, Plan, Submission, TaskRequest
from workflows.models.amendments import AMENDMENT
from workflows.queries import inbox
from workflows.queries.amendments import shown
from workflows.queries.plan_page import drafted
from workflows.queries.reports import last_return, read_reports, seen_before
from workflows.queries.requests import asked
from workflows.queries.tasks import days_left
from workflows.subjects import COMPLETION
from workflows.views.asking import visible_task


@login_required
@require_GET
def review(request: PersonRequest, work_item_id: UUID) -> HttpResponse:
    """The page of the item's subject, with the decision at its end."""
    items = WorkItem.objects.for_user(request.user).select_related(
        "approval__version__route", "opening__stage", "opening__round", "post__unit", "person"
    )
    item: WorkItem = get_object_or_404(items, pk=work_item_id)
    if item.approval.subject_kind == COMPLETION:
        return _report(request, item)
    if item.approval.subject_kind == AMENDMENT:
        return _amendment(request, item)
    if item.approval.subject_kind == PUBLICATION:
        return _route(request, item)
    if item.approval.subject_kind in TaskRequest.Kind.values:
        return _request(request, item)
    return _plan(request, item)


@login_required
@require_GET
def next_decision(request: PersonRequest) -> HttpResponse:
    """On to the next decision that waits for the person; to the inbox where there is none."""
    found = inbox.inbox(request.user, held(request), timezone.now(), kinds=["decide"])
    if not found.errands:
        return redirect("inbox")
    return redirect(f"{reverse('review', args=[found.errands[0].item])}?next")


def _decision(shown: Review, person: Person) -> dict[str, Any]:
    """What the decision's part of each page needs, or the place for an opinion."""
    return {
        "form": DecideForm.for_review(shown, next=reverse("next_decision")),
        "phrases": phrases("opinion" if shown.question else "comment", person),
    }


def _report(request: PersonRequest, item: WorkItem) -> HttpResponse:
    task = visible_task(request, item.approval.subject_id)
    shown = review_of(item, request.user, timezone.now())
    new = Submission.objects.select_related("submitter").get(pk=item.opening.round.document_id)
    old = seen_before(new, request.user)
    read = read_reports([new, old] if old else [new])
    before = read[old.pk] if old else None
    left = days_left(task, timezone.now())
    context = {
        "task": task,
        "review": shown,
        **_decision(shown, request.user),
        "is_next": "next" in request.GET,
        "report": read[new.pk].marked(before),
        "before": before,
        "came_back": last_return(task, before=new),
        "left": left,
        "light": lights.light(left),
        "section": "inbox",
    }
    return render(request, "workflows/review.html", context)


def _request(request: PersonRequest, item: WorkItem) -> HttpResponse:
    """An extension or a reopening, beside what was asked for the task before."""
    task = visible_task(request, item.approval.subject_id)
    shown = review_of(item, request.user, timezone.now())
    rows = asked(task)
    now = next(one for one in rows if one.request.pk == item.opening.round.document_id)
    older = rows[rows.index(now) + 1 :]
    before = next((one for one in older if one.approval == now.approval), None)
    left = days_left(task, timezone.now())
    context = {
        "task": task,
        "review": shown,
        **_decision(shown, request.user),
        "is_next": "next" in request.GET,
        "asked": now,
        "before": before,
        "earlier": [one for one in older if one != before],
        "report": task.submissions.select_related("submitter").order_by("-version").first(),
        "left": left,
        "light": "" if left is None else lights.light(left),
        "section": "inbox",
    }
    return render(request, "workflows/review_request.html", context)


def _route(request: PersonRequest, item: WorkItem) -> HttpResponse:
    """Publishing a route: its next version beside the one in force; everybody may read routes."""
    shown = review_of(item, request.user, timezone.now())
    context = {
        "page": proposed(item.opening.round.document_id),
        "review": shown,
        **_decision(shown, request.user),
        "is_next": "next" in request.GET,
        "section": "inbox",
    }
    return render(request, "approvals/review_route.html", context)


def _plan(request: PersonRequest, item: WorkItem) -> HttpResponse:
    """Issuing a plan: its text is read on the plan's own page, in a few words here."""
    plan = get_object_or_404(
        Plan.objects.for_user(request.user, held(request)).select_related(
            "coordinator", "overseer"
        ),
        pk=item.approval.subject_id,
    )
    shown = review_of(item, request.user, timezone.now())
    context = {
        "plan": plan,
        "drafted": drafted(plan),
        "review": shown,
        **_decision(shown, request.user),
        "is_next": "next" in request.GET,
        "section": "inbox",
    }
    return render(request, "workflows/review_plan.html", context)


def _amendment(request: PersonRequest, item: WorkItem) -> HttpResponse:
    """What a plan in force would say from now on, beside what it says."""
    seen = Amendment.objects.for_user(request.user, held(request)).select_related("plan")
    found = get_object_or_404(seen, pk=item.approval.subject_id)
    shown_now = review_of(item, request.user, timezone.now())
    context = {
        "amendment": found,
        "plan": found.plan,
        "items": shown(found),
        "review": shown_now,
        **_decision(shown_now, request.user),
        "is_next": "next" in request.GET,
        "section": "inbox",
    }
    return render(request, "workflows/review_amendment.html", context)
