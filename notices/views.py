from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from directory.requests import PersonRequest
from notices import actions, daily, queries

ON_A_PAGE = 50


@login_required
@require_safe
def notices(request: PersonRequest) -> HttpResponse:
    """What the person was told, newest first."""
    page = Paginator(queries.of(request.user), ON_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "shown": queries.worded(page.object_list),
        "unread": queries.unread_count(request.user),
        "gets_daily": daily.wants(request.user, timezone.now()),
        "newest": max((one.pk for one in page.object_list), default=None),
    }
    return render(request, "notices/notices.html", context)


@login_required
@require_POST
def read(request: PersonRequest) -> HttpResponse:
    """Everything that the page showed is read."""
    try:
        up_to = UUID(request.POST.get("up_to", ""))
    except ValueError:
        return HttpResponseBadRequest()
    actions.read_all(person=request.user, up_to=up_to, at=timezone.now())
    return redirect("notices")


@login_required
@require_POST
def daily_mail(request: PersonRequest) -> HttpResponse:
    """The person wants the daily mail, or doesn't."""
    wanted = request.POST.get("wanted")
    if wanted not in ("yes", "no"):
        return HttpResponseBadRequest()
    daily.choose(person=request.user, wanted=wanted == "yes", at=timezone.now())
    return redirect("notices")
