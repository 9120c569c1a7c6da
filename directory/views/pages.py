"""The directory to read: open to everybody of the organisation."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from directory import queries
from directory.models import Person, Unit
from directory.requests import PersonRequest
from directory.views.asking import is_administrator

PEOPLE_A_PAGE = 50


@login_required
@require_safe
def directory(request: PersonRequest) -> HttpResponse:
    context = {
        "organisation": request.user.organisation,
        "tree": queries.tree(request.user.organisation_id, timezone.now()),
        "groups": queries.groups(request.user.organisation_id),
        "may_keep": is_administrator(request),
    }
    return render(request, "directory/directory.html", context)


@login_required
@require_safe
def unit(request: PersonRequest, unit_id: UUID) -> HttpResponse:
    found = get_object_or_404(Unit.objects.for_user(request.user), pk=unit_id)
    page = queries.unit_page(found, timezone.now())
    return render(
        request, "directory/unit.html", {"page": page, "may_keep": is_administrator(request)}
    )


@login_required
@require_safe
def people(request: PersonRequest) -> HttpResponse:
    words = request.GET.get("q", "")[:60]
    found = queries.people(request.user.organisation_id, words)
    page = Paginator(found, PEOPLE_A_PAGE).get_page(request.GET.get("page"))
    held = queries.posts_of(page.object_list, timezone.now())
    may_keep = is_administrator(request)
    context = {
        "page": page,
        "rows": [(person, held.get(person.pk, [])) for person in page],
        "words": words,
        "may_keep": may_keep,
        "awaiting": may_keep and queries.passkeys_awaiting(request.user.organisation_id).count(),
    }
    return render(request, "directory/people.html", context)


@login_required
@require_safe
def person(request: PersonRequest, person_id: UUID) -> HttpResponse:
    found = get_object_or_404(Person.objects.for_user(request.user), pk=person_id)
    may_keep = is_administrator(request)
    context = {
        "page": queries.person_page(found, timezone.now()),
        "may_keep": may_keep,
        "shows_account": may_keep or found == request.user,
    }
    return render(request, "directory/person.html", context)
