"""AB角: everybody's own delegations."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from directory import actions, queries
from directory.calendar import end_of, start_of
from directory.forms.keeping import DelegationForm, NothingToFillIn
from directory.models import Delegation
from directory.requests import PersonRequest
from directory.views.asking import Question, ask, posted, shown_or_sent


@login_required
@require_safe
def delegations(request: PersonRequest) -> HttpResponse:
    page = queries.delegations_page(request.user, timezone.now())
    return render(request, "directory/delegations.html", {"page": page})


@login_required
@shown_or_sent
def delegation_new(request: PersonRequest) -> HttpResponse:
    at, zone = timezone.now(), timezone.get_current_timezone()
    form = DelegationForm(
        posted(request), person=request.user, at=at, initial={"first": timezone.localdate()}
    )
    question = Question(
        title=_("Let somebody act for you"),
        what=_("For days on which you can’t sign yourself"),
        ask=_("Choose a colleague, the days and the reason"),
        next=_("Both of you can act; each record says “for you”. They can’t pass it on"),
        button=_("Delegate"),
        back=reverse("delegations"),
        done=_("The delegation has been given."),
    )

    def give(data: dict[str, Any]) -> object:
        first, last = data.pop("first"), data.pop("last")
        return actions.delegate(
            principal=request.user,
            starts_at=at if first == timezone.localdate(at) else start_of(first, zone),
            ends_at=end_of(last, zone),
            actor=request.user,
            at=at,
            **data,
        )

    return ask(request, question, form, give)


@login_required
@shown_or_sent
def delegation_revoke(request: PersonRequest, delegation_id: UUID) -> HttpResponse:
    found = Delegation.objects.for_user(request.user)
    delegation = get_object_or_404(found, pk=delegation_id)
    if request.user != delegation.principal:
        raise actions.NotYours
    names = {"person": delegation.delegate}
    question = Question(
        title=_("End the delegation to %(person)s") % names,
        what=_("%(person)s acts for you") % names,
        ask=_("Say that this ends now"),
        next=_("What they signed for you stays; from now on only you act"),
        button=_("End delegation"),
        back=reverse("delegations"),
        done=_("The delegation has ended."),
    )
    return ask(
        request,
        question,
        NothingToFillIn(posted(request)),
        lambda data: actions.revoke(
            delegation_id=delegation.pk, actor=request.user, at=timezone.now()
        ),
    )
