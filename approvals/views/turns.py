"""Asking others beside the route, answering who asked, taking a decision back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from approvals import actions, queries, refusals
from approvals.forms.turns import AskForm, RevokeForm
from approvals.models import SignOff, WorkItem
from approvals.phrases import phrases
from approvals.queries import Review
from audit.errors import Refused
from directory.requests import PersonRequest


@dataclass(frozen=True)
class Verb:
    """A way of asking somebody: its words and the action behind it."""

    name: str
    title: Promise
    follows: Promise
    button: Promise
    done: Mapping[str, Promise]
    """What is said afterwards, by `when` where that is asked."""


VERBS = {
    "add_signer": Verb(
        "add_signer",
        title=gettext_lazy("Add a signer"),
        follows=gettext_lazy(
            "The stage passes only when they have decided, too; their approval stands in for"
            " nobody else's."
        ),
        button=gettext_lazy("Add the signer"),
        done={
            "before": gettext_lazy(
                "Recorded. %(name)s is asked now; your turn comes back once they have decided."
            ),
            "after": gettext_lazy("Recorded. %(name)s is asked once you have decided."),
            "parallel": gettext_lazy("Recorded. %(name)s is asked now, beside you."),
        },
    ),
    "transfer": Verb(
        "transfer",
        title=gettext_lazy("Hand your turn on"),
        follows=gettext_lazy(
            "They decide in your place. You can read on, but the turn doesn't come back to you."
        ),
        button=gettext_lazy("Hand it on"),
        done={"": gettext_lazy("Recorded. %(name)s decides now in your place.")},
    ),
    "consult": Verb(
        "consult",
        title=gettext_lazy("Ask for an opinion"),
        follows=gettext_lazy(
            "They can read this and answer you. You still decide, and may do so before they answer."
        ),
        button=pgettext_lazy("opinion", "Ask"),
        done={
            "": gettext_lazy("Recorded. %(name)s was asked; the answer appears beside the votes.")
        },
    ),
}


def ask(name: str) -> Callable[..., HttpResponse]:
    """The view of a way of asking: shows its form, finds people for it, or does it."""
    verb = VERBS[name]

    @login_required
    @require_http_methods(["GET", "POST"])
    def view(request: PersonRequest, work_item_id: UUID) -> HttpResponse:
        now = timezone.now()
        item = _item(request, work_item_id)
        if reason := queries.why_not(item, request.user, now):
            raise refusals.NotYourItem(reason=reason)
        if name not in item.opening.stage.may:
            raise refusals.NotAllowedHere
        review = queries.review(item, request.user, now)
        if review.refusal:
            raise refusals.NotYourItem(reason=review.refusal)
        if request.POST.get("do", "search") == "search":
            form = AskForm(initial=request.POST.dict(), verb=name, asker=request.user)
            return _ask_page(request, verb, review, form, now)
        form = AskForm(request.POST, verb=name, asker=request.user)
        if not form.is_valid():
            return _ask_page(request, verb, review, form, now, status=422)
        try:
            _perform(name, work_item_id, form.given, request, now)
        except Refused as refusal:
            form.add_error(None, refusal.message)
            return _ask_page(request, verb, review, form, now, status=refusal.status)
        said = verb.done[form.given.get("when", "")]
        messages.success(request, str(said) % {"name": form.given["person"].name})
        return redirect("inbox") if name == "transfer" else redirect("review", work_item_id)

    return view


def _perform(
    name: str, work_item_id: UUID, given: dict[str, Any], request: PersonRequest, now: datetime
) -> None:
    given |= {"work_item_id": work_item_id, "actor": request.user, "at": now}
    if name == "consult":
        actions.consult(question=given.pop("note"), **given)
    elif name == "transfer":
        actions.transfer(**given)
    else:
        actions.add_signer(**given)


def _item(request: PersonRequest, work_item_id: UUID) -> WorkItem:
    items = WorkItem.objects.for_user(request.user).select_related(
        "approval__version__route", "opening__stage", "opening__round", "post__unit", "person"
    )
    item: WorkItem = get_object_or_404(items, pk=work_item_id)
    return item


def _ask_page(
    request: PersonRequest,
    verb: Verb,
    review: Review,
    form: AskForm,
    now: datetime,
    status: int = 200,
) -> HttpResponse:
    """The form with the people who fit the words so far; nothing that was typed is lost."""
    words, chosen = form["q"].value() or "", form["person"].value() or ""
    people = queries.candidates(
        review.item, verb.name, words[:100], now, asker=request.user, chosen=chosen
    )
    context = {
        "verb": verb,
        "review": review,
        "form": form,
        "people": people,
        "chosen": chosen,
        "phrases": phrases(verb.name, request.user),
        "section": "inbox",
    }
    return render(request, "approvals/ask.html", context, status=status)


@login_required
@require_POST
def give_opinion(request: PersonRequest, work_item_id: UUID) -> HttpResponse:
    """Answer who asked for an opinion."""
    try:
        item = actions.give_opinion(
            work_item_id=work_item_id,
            opinion=request.POST.get("comment", ""),
            actor=request.user,
            at=timezone.now(),
        )
    except WorkItem.DoesNotExist:
        raise Http404 from None
    said = _("Recorded. %(name)s sees your opinion beside the votes.")
    messages.success(request, said % {"name": item.asked_by})
    return redirect("inbox")


@login_required
@require_http_methods(["GET", "POST"])
def revoke(request: PersonRequest, sign_off_id: UUID) -> HttpResponse:
    """Take one's own decision back, with a reason."""
    mine = SignOff.objects.for_user(request.user).filter(person=request.user)
    signed = get_object_or_404(mine.select_related("approval", "work_item"), pk=sign_off_id)
    form = RevokeForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "GET" and signed.pk not in queries.revocable_ids([signed.pk]):
        raise refusals.TooLate
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                again = actions.revoke(
                    sign_off_id=signed.pk,
                    reason=form.cleaned_data["reason"],
                    actor=request.user,
                    at=timezone.now(),
                )
            except Refused as refusal:
                form.add_error(None, refusal.message)
                status = refusal.status
            else:
                messages.success(request, _("Taken back and recorded. It is your turn again."))
                return redirect("review", again.pk)
    context = {
        "signed": signed,
        "form": form,
        "phrases": phrases("revoke", request.user),
        "section": "inbox",
    }
    return render(request, "approvals/revoke.html", context, status=status)
