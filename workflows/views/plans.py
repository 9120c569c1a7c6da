"""Plans: the list, one plan, its text, its draft, and the steps of its process."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from approvals.choosing import Choice
from approvals.forms.choosing import ChoosingForm
from audit.errors import Refused
from directory.requests import PersonRequest, held
from workflows import files, flows, plan_policy
from workflows.actions import plan_texts
from workflows.actions import plans as actions
from workflows.actions.authority import refuse
from workflows.actions.plan_texts import MeasureText, PlanText
from workflows.forms.parties import MeasureForm, initial_of, units_of
from workflows.forms.plans import PlanForm, ReasonForm
from workflows.models import Measure, Plan
from workflows.parties import Parties
from workflows.plan_chart import bpmn
from workflows.plan_subject import COUNTERSIGN, KIND
from workflows.queries.plan_page import listed, plan_page, signers_to_choose, text_of
from workflows.queries.plan_standing import standing
from workflows.queries.plans import parts
from workflows.views.asking import revision_of
from workflows.views.choosing import DONE, problems, put_forward

PAGE = 25


@login_required
@require_GET
def plans(request: PersonRequest) -> HttpResponse:
    found = Plan.objects.for_user(request.user, held(request)).select_related("coordinator")
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "listed": listed(list(page.object_list)),
        "may_import": bool(plan_policy.may_import(held(request))),
    }
    return render(request, "workflows/plans.html", context)


def _visible(request: PersonRequest, plan_id: UUID) -> Plan:
    mine = Plan.objects.for_user(request.user, held(request))
    found: Plan = get_object_or_404(
        mine.select_related("coordinator", "overseer", "created_by"), pk=plan_id
    )
    return found


@login_required
@require_GET
def plan(request: PersonRequest, plan_id: UUID) -> HttpResponse:
    return _plan(request, _visible(request, plan_id))


def _plan(
    request: PersonRequest,
    found: Plan,
    *,
    problem: str = "",
    form: ReasonForm | None = None,
    choosing: Mapping[str, ChoosingForm] | None = None,
    status: int = 200,
) -> HttpResponse:
    page = plan_page(found, request.user, timezone.now())
    context = {
        "plan": found,
        "page": page,
        "problem": problem,
        "choosing": (choosing or _choosing(found, page.choices)).values(),
        "reason": form or ReasonForm(auto_id="cancel_%s"),
    }
    return render(request, "workflows/plan.html", context, status=status)


@login_required
@require_GET
def plan_text(request: PersonRequest, plan_id: UUID) -> HttpResponse:
    """The document's own text, with the clauses that became tasks marked."""
    found = _visible(request, plan_id)
    measures = found.measures.filter(added_by=None)
    context = {"plan": found, "paragraphs": text_of(found), "measures": measures}
    return render(request, "workflows/plan_text.html", context)


@login_required
@require_GET
def plan_source(request: PersonRequest, plan_id: UUID) -> FileResponse:
    """The document as it was uploaded, always as a download."""
    found = _visible(request, plan_id)
    if found.source is None:
        raise Http404
    return FileResponse(
        files.open_verified(found.organisation_id, bytes(found.source.sha256)),
        as_attachment=True,
        filename=found.source_name or "plan.txt",
        content_type="application/octet-stream",
    )


@login_required
@require_GET
def plan_bpmn(request: PersonRequest, plan_id: UUID) -> HttpResponse:
    """The plan's process with its present step, for any BPMN viewer."""
    step = flows.where(_visible(request, plan_id))
    answer = HttpResponse(bpmn(step), content_type="application/xml")
    answer["Content-Disposition"] = f'attachment; filename="plan-{plan_id}.bpmn"'
    return answer


# The draft


def _revisable(request: PersonRequest, plan_id: UUID) -> Plan:
    """The plan, if the person may revise it now. Raises NotAllowed, WrongState."""
    found = _visible(request, plan_id)
    facts = standing(found, request.user, timezone.now())
    verdict = plan_policy.can(request.user, "revise", facts)
    if not verdict:
        refuse(verdict)
    return found


@login_required
@require_http_methods(["GET", "POST"])
def plan_edit(request: PersonRequest, plan_id: UUID) -> HttpResponse:
    """The head of a draft."""
    found = _revisable(request, plan_id)
    form = PlanForm(
        request.POST or None,
        units=units_of(request.user.organisation),
        initial={
            "title": found.title,
            "number": found.number,
            "overseer": str(found.overseer_id or ""),
            "basis": found.basis,
            "budget_note": found.budget_note,
            "addressees": [str(one.unit_id) for one in found.addressees.all()],
        },
    )
    return _revised(request, found, form, "workflows/plan_edit.html", {}, _plan_text)


def _plan_text(data: dict[str, Any]) -> PlanText:
    return PlanText(
        title=data["title"],
        number=data["number"],
        overseer=UUID(data["overseer"]) if data["overseer"] else None,
        basis=data["basis"],
        budget_note=data["budget_note"],
        addressees=[UUID(unit) for unit in data["addressees"]],
    )


@login_required
@require_http_methods(["GET", "POST"])
def measure_edit(request: PersonRequest, plan_id: UUID, measure_id: UUID) -> HttpResponse:
    """One measure of a draft."""
    found = _revisable(request, plan_id)
    measure = get_object_or_404(Measure, plan=found, pk=measure_id)
    before = Parties.of(parts(measure))
    due = measure.due_date
    form = MeasureForm(
        request.POST or None,
        units=units_of(request.user.organisation),
        initial=initial_of(
            measure.heading, due.isoformat() if due else None, before, measure.priority
        ),
    )

    def text(data: dict[str, Any]) -> PlanText:
        parties = form.parties(next(iter(before.each), ""))
        return PlanText(measures={measure.pk: _measure_text(data, parties)})

    return _revised(request, found, form, "workflows/measure_edit.html", {"measure": measure}, text)


def _measure_text(data: dict[str, Any], parties: Parties) -> MeasureText:
    due: date | None = data["due_date"]
    return MeasureText(data["heading"], due, parties, data["priority"])


def _revised(
    request: PersonRequest,
    found: Plan,
    form: PlanForm | MeasureForm,
    template: str,
    context: dict[str, Any],
    text: Callable[[dict[str, Any]], PlanText],
) -> HttpResponse:
    """Show the form, or save it at the revision that it showed."""
    problem, status = "", 422 if form.errors else 200
    if request.method == "POST" and form.is_valid():
        try:
            plan_texts.revise_plan(
                plan_id=found.pk,
                revision=revision_of(request),
                text=text(form.cleaned_data),
                actor=request.user,
                at=timezone.now(),
            )
        except Refused as refusal:
            problem, status = refusal.message, refusal.status
        else:
            messages.success(request, _("The draft has been changed."))
            return redirect("plan", found.pk)
    context = {**context, "plan": found, "form": form, "problem": problem}
    return render(request, template, context, status=status)


# Steps


def _stepped(
    request: PersonRequest, plan_id: UUID, act: Callable[[], object], done: str
) -> HttpResponse:
    """Do it and go back to the plan, or show the plan with the reason why not."""
    found = _visible(request, plan_id)
    try:
        act()
    except Refused as refusal:
        found = _visible(request, plan_id)
        return _plan(request, found, problem=refusal.message, status=refusal.status)
    messages.success(request, done)
    return redirect("plan", plan_id)


def _whose(request: PersonRequest, plan_id: UUID) -> dict[str, Any]:
    return {"plan_id": plan_id, "actor": request.user, "at": timezone.now()}


@login_required
@require_POST
def plan_submit(request: PersonRequest, plan_id: UUID) -> HttpResponse:
    found, whose = _visible(request, plan_id), _whose(request, plan_id)
    forms = _choosing(found, signers_to_choose(found, request.user, whose["at"]), request.POST)
    whose["revision"] = revision_of(request)
    only_keep = request.POST.get("do") == "keep"

    def chosen() -> dict[str, Any]:
        return {"chosen": forms[KIND].chosen, "countersigners": forms[COUNTERSIGN].chosen}

    status = put_forward(
        forms,
        keep=lambda: actions.choose_signers(**chosen(), **whose),
        send=lambda: only_keep or actions.submit_for_issue(**chosen(), **whose),
    )
    if status == DONE:
        done = _("Saved.") if only_keep else _("The plan is under approval now.")
        messages.success(request, done)
        return redirect("plan", plan_id)
    found, problem = _visible(request, plan_id), problems(forms)
    return _plan(request, found, problem=problem, choosing=forms, status=status)


def _choosing(
    found: Plan, choices: Mapping[str, Sequence[Choice]], data: Any = None
) -> dict[str, ChoosingForm]:
    """The forms of both approvals, the first one first."""
    both = bool(choices.get(COUNTERSIGN))
    return {
        COUNTERSIGN: ChoosingForm(
            data,
            prefix="countersign",
            choices=choices.get(COUNTERSIGN, ()),
            chosen=found.countersigners,
            heading=_("Countersigning"),
        ),
        KIND: ChoosingForm(
            data,
            choices=choices.get(KIND, ()),
            chosen=found.chosen,
            heading=_("Approval of issuing") if both else "",
        ),
    }


@login_required
@require_POST
def plan_withdraw(request: PersonRequest, plan_id: UUID) -> HttpResponse:
    whose = _whose(request, plan_id)
    return _stepped(
        request,
        plan_id,
        lambda: actions.withdraw_plan(**whose),
        _("You have taken the plan back; it can be revised."),
    )


@login_required
@require_POST
def plan_issue(request: PersonRequest, plan_id: UUID) -> HttpResponse:
    whose = _whose(request, plan_id)
    return _stepped(
        request,
        plan_id,
        lambda: actions.issue(**whose),
        _("The plan is issued: units have their tasks, addressees are asked for receipts."),
    )


@login_required
@require_POST
def plan_receive(request: PersonRequest, plan_id: UUID) -> HttpResponse:
    whose = _whose(request, plan_id)
    return _stepped(
        request,
        plan_id,
        lambda: actions.receive_plan(**whose),
        _("Your unit has received the plan."),
    )


@login_required
@require_POST
def plan_cancel(request: PersonRequest, plan_id: UUID) -> HttpResponse:
    form = ReasonForm(request.POST, auto_id="cancel_%s")
    found = _visible(request, plan_id)
    if not form.is_valid():
        problem = _("Give a reason: it is kept with the record and shown to those concerned.")
        return _plan(request, found, problem=problem, form=form, status=422)
    whose = _whose(request, plan_id)
    return _stepped(
        request,
        plan_id,
        lambda: actions.cancel_plan(reason=form.cleaned_data["reason"], **whose),
        _("The plan is cancelled."),
    )
