"""Amendments of a plan in force: begun by hand or from a document, written, put forward."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from approvals.forms.choosing import ChoosingForm
from audit.errors import Refused
from directory.requests import PersonRequest, held
from workflows import plan_policy
from workflows.actions import amendments as actions
from workflows.actions import imports
from workflows.actions.authority import NotAllowed, refuse
from workflows.forms.amendments import AmendmentForm, ItemForm, initial_of_item, parties_of
from workflows.forms.imports import UploadForm
from workflows.forms.parties import units_of
from workflows.forms.plans import ReasonForm
from workflows.models import Amendment, AmendmentItem, Measure, Plan
from workflows.models.amendments import AMENDMENT
from workflows.queries.amendments import amendment_page, may_do, past_of, signers_to_choose
from workflows.queries.plan_standing import standing
from workflows.views.asking import revision_of
from workflows.views.choosing import DONE, problems, put_forward


def _amendable(request: PersonRequest, plan_id: UUID) -> Plan:
    """The plan, if the person may amend it now. Raises NotAllowed, WrongState."""
    found: Plan = get_object_or_404(Plan.objects.for_user(request.user, held(request)), pk=plan_id)
    facts = standing(found, request.user, timezone.now())
    verdict = plan_policy.can(request.user, "amend", facts)
    if not verdict:
        refuse(verdict)
    return found


def _visible(request: PersonRequest, amendment_id: UUID) -> Amendment:
    seen = Amendment.objects.for_user(request.user, held(request))
    found: Amendment = get_object_or_404(
        seen.select_related("plan__coordinator", "created_by", "origin"), pk=amendment_id
    )
    return found


# Beginning


@login_required
@require_http_methods(["GET", "POST"])
def amendment_new(request: PersonRequest, plan_id: UUID) -> HttpResponse:
    """An empty draft; beside it, a document can be brought in instead."""
    plan = _amendable(request, plan_id)
    form = AmendmentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.begin_amendment(
                plan_id=plan.pk, **form.cleaned_data, actor=request.user, at=timezone.now()
            )
        except Refused as refusal:
            form.add_error(None, refusal.message)
        else:
            return redirect("amendment", made.pk)
    return _new(request, plan, form, UploadForm())


@login_required
@require_POST
def amendment_import(request: PersonRequest, plan_id: UUID) -> HttpResponse:
    """Bring in the supplement's document; its questions come next."""
    plan = _amendable(request, plan_id)
    form = UploadForm(request.POST, request.FILES)
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            found = imports.upload_document(
                filename=file.name if file else "",
                data=file.read() if file else None,
                text=form.cleaned_data["text"],
                amends=plan,
                actor=request.user,
                at=timezone.now(),
            )
        except Refused as refusal:
            form.add_error(None, refusal.message)
        else:
            return redirect("plan_review", found.pk)
    return _new(request, plan, AmendmentForm(), form)


def _new(
    request: PersonRequest, plan: Plan, form: AmendmentForm, upload: UploadForm
) -> HttpResponse:
    status = 422 if form.errors or upload.errors else 200
    context = {"plan": plan, "form": form, "upload": upload}
    return render(request, "workflows/amendment_new.html", context, status=status)


# The amendment


@login_required
@require_GET
def amendment(request: PersonRequest, amendment_id: UUID) -> HttpResponse:
    return _page(request, _visible(request, amendment_id))


def _page(
    request: PersonRequest,
    found: Amendment,
    *,
    problem: str = "",
    form: ReasonForm | None = None,
    choosing: ChoosingForm | None = None,
    status: int = 200,
) -> HttpResponse:
    page = amendment_page(found, request.user, timezone.now())
    context = {
        "amendment": found,
        "plan": found.plan,
        "page": page,
        "choosing": [choosing or ChoosingForm(choices=page.choices, chosen=found.chosen)],
        "problem": problem,
        "reason": form or ReasonForm(auto_id="abandon_%s"),
    }
    return render(request, "workflows/amendment.html", context, status=status)


def _editable(request: PersonRequest, amendment_id: UUID) -> Amendment:
    """The draft, if the person may write in it now. Raises NotAllowed, AmendmentElsewhere."""
    found = _visible(request, amendment_id)
    if "edit" not in may_do(found, request.user, timezone.now()):
        if plan_policy.may_import(held(request), found.plan.coordinator_id):
            raise actions.AmendmentElsewhere
        raise NotAllowed(reason=_("Only the plan's coordinator may do this."))
    return found


@login_required
@require_http_methods(["GET", "POST"])
def amendment_edit(request: PersonRequest, amendment_id: UUID) -> HttpResponse:
    """The head of a draft."""
    found = _editable(request, amendment_id)
    head = {name: getattr(found, name) for name in ("title", "document_number", "reason")}
    form = AmendmentForm(request.POST or None, initial=head)

    def save() -> object:
        return actions.revise_amendment(
            **form.cleaned_data, revision=revision_of(request), **_whose(request, found.pk)
        )

    return _written(request, found, form, save)


@login_required
@require_http_methods(["GET", "POST"])
def amendment_item(
    request: PersonRequest, amendment_id: UUID, item_id: UUID | None = None
) -> HttpResponse:
    """One thing that the amendment does; without an item, one more."""
    found = _editable(request, amendment_id)
    item = get_object_or_404(AmendmentItem, amendment=found, pk=item_id) if item_id else None
    measures = list(Measure.objects.filter(plan=found.plan, ended_by=None))
    asked = {key: request.GET.get(key, "") for key in ("kind", "measure")}
    named = next((one for one in measures if str(one.pk) == asked["measure"]), None)
    before = item or named
    kind = asked["kind"] if asked["kind"] in AmendmentItem.Kind.values else "add"
    form = ItemForm(
        request.POST or None,
        units=units_of(request.user.organisation),
        measures=measures,
        initial=initial_of_item(kind, before),
    )

    def save() -> object:
        group = next(iter(parties_of(before).each), "") if before else ""
        return actions.put_item(
            item_id=item_id,
            text=form.item(group),
            revision=revision_of(request),
            **_whose(request, found.pk),
        )

    return _written(request, found, form, save, item=item)


def _written(
    request: PersonRequest,
    found: Amendment,
    form: forms.Form,
    save: Callable[[], object],
    item: AmendmentItem | None = None,
) -> HttpResponse:
    """Show the form, or save it at the revision that it showed."""
    problem, status = "", 422 if form.errors else 200
    if request.method == "POST" and form.is_valid():
        try:
            save()
        except Refused as refusal:
            problem, status = refusal.message, refusal.status
            found.refresh_from_db()
        else:
            messages.success(request, _("The draft has been changed."))
            return redirect("amendment", found.pk)
    context = {
        "amendment": found,
        "plan": found.plan,
        "item": item,
        "form": form,
        "problem": problem,
        "is_item": isinstance(form, ItemForm),
    }
    return render(request, "workflows/amendment_form.html", context, status=status)


# Steps


def _whose(request: PersonRequest, amendment_id: UUID) -> dict[str, Any]:
    return {"amendment_id": amendment_id, "actor": request.user, "at": timezone.now()}


def _stepped(
    request: PersonRequest, amendment_id: UUID, act: Callable[[], object], done: str
) -> HttpResponse:
    """Do it and go back to the amendment, or show it with the reason why not."""
    _visible(request, amendment_id)
    try:
        act()
    except Refused as refusal:
        found = _visible(request, amendment_id)
        return _page(request, found, problem=refusal.message, status=refusal.status)
    messages.success(request, done)
    return redirect("amendment", amendment_id)


@login_required
@require_POST
def amendment_item_drop(request: PersonRequest, amendment_id: UUID, item_id: UUID) -> HttpResponse:
    found = _visible(request, amendment_id)
    get_object_or_404(AmendmentItem, amendment=found, pk=item_id)
    whose, revision = _whose(request, amendment_id), revision_of(request)
    return _stepped(
        request,
        amendment_id,
        lambda: actions.drop_item(item_id=item_id, revision=revision, **whose),
        _("Taken out of the amendment."),
    )


@login_required
@require_POST
def amendment_submit(request: PersonRequest, amendment_id: UUID) -> HttpResponse:
    found, whose = _visible(request, amendment_id), _whose(request, amendment_id)
    form = ChoosingForm(request.POST, choices=signers_to_choose(found, request.user, whose["at"]))
    whose["revision"] = revision_of(request)
    only_keep = request.POST.get("do") == "keep"
    status = put_forward(
        {AMENDMENT: form},
        keep=lambda: actions.choose_signers(chosen=form.chosen, **whose),
        send=lambda: only_keep or actions.submit_amendment(chosen=form.chosen, **whose),
    )
    if status == DONE:
        done = _("Saved.") if only_keep else _("The amendment is under approval now.")
        messages.success(request, done)
        return redirect("amendment", amendment_id)
    found, problem = _visible(request, amendment_id), problems({AMENDMENT: form})
    return _page(request, found, problem=problem, choosing=form, status=status)


@login_required
@require_POST
def amendment_withdraw(request: PersonRequest, amendment_id: UUID) -> HttpResponse:
    whose = _whose(request, amendment_id)
    return _stepped(
        request,
        amendment_id,
        lambda: actions.withdraw_amendment(**whose),
        _("You have taken the amendment back; it can be changed."),
    )


@login_required
@require_POST
def amendment_abandon(request: PersonRequest, amendment_id: UUID) -> HttpResponse:
    found = _visible(request, amendment_id)
    form = ReasonForm(request.POST, auto_id="abandon_%s")
    if not form.is_valid():
        problem = _("Give a reason: it is kept with the record and shown to those concerned.")
        return _page(request, found, problem=problem, form=form, status=422)
    try:
        actions.abandon_amendment(
            reason=form.cleaned_data["reason"],
            revision=revision_of(request),
            **_whose(request, amendment_id),
        )
    except Refused as refusal:
        found = _visible(request, amendment_id)
        return _page(request, found, problem=refusal.message, status=refusal.status)
    messages.success(request, _("The amendment was abandoned."))
    return redirect(reverse("plan", args=[found.plan_id]))


@login_required
@require_GET
def measure_history(request: PersonRequest, plan_id: UUID, measure_id: UUID) -> HttpResponse:
    """What a measure said before each amendment."""
    plans = Plan.objects.for_user(request.user, held(request))
    plan = get_object_or_404(plans, pk=plan_id)
    measures = Measure.objects.select_related("added_by", "ended_by")
    measure = get_object_or_404(measures, plan=plan, pk=measure_id)
    context = {"plan": plan, "measure": measure, "past": past_of(measure)}
    return render(request, "workflows/measure_history.html", context)
