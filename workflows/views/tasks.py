"""A task's page, and the plain forms that move it: one page a verb, all of the same make."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from approvals.forms.choosing import blame
from audit.errors import Refused
from directory.models import Person
from directory.requests import PersonRequest
from workflows.actions import reports, tasks
from workflows.forms.tasks import (
    CloseForm,
    ConfirmForm,
    DueDateForm,
    NamingForm,
    PriorityForm,
    ReasonForm,
    ReassignForm,
)
from workflows.models import Assignment, Task
from workflows.queries.tasks import colleagues, parts_of, task_page
from workflows.views.asking import may, visible_task

Text = str | Promise


@login_required
@require_GET
def task(request: PersonRequest, task_id: UUID) -> HttpResponse:
    """What the task is, who has which part, where its report is, what happened, what to do."""
    found = visible_task(request, task_id)
    page = task_page(found, request.user, timezone.now())
    return render(request, "workflows/task.html", {"page": page, "task": found})


@dataclass(frozen=True)
class Verb:
    """One thing that can be done to a task: its words, its form, and the action behind it.

    `perform` takes the request, the task, the valid form and the unit's id, where one is named.
    `make` makes the form where it needs to know the task and who asks; `template` shows it.
    """

    action: str
    title: Text
    ask: Text
    follows: Text
    button: Text
    done: Text
    form: Callable[..., forms.Form]
    perform: Callable[[PersonRequest, Task, Any, UUID | None], object]
    grave: bool = False
    make: Callable[[Task, Person, Mapping[str, Any] | None], forms.Form] | None = None
    template: str = "workflows/verb.html"


def page_of(name: str) -> Callable[..., HttpResponse]:
    """The view of one of `VERBS`."""
    return view_of(VERBS[name])


def view_of(verb: Verb) -> Callable[..., HttpResponse]:
    """The view of a verb: shows its form, or does it and leads back to the task."""

    @login_required
    @require_http_methods(["GET", "POST"])
    def view(request: PersonRequest, task_id: UUID, unit_id: UUID | None = None) -> HttpResponse:
        found = visible_task(request, task_id)
        if request.method == "GET":
            may(request.user, found, verb.action, unit_id)
            return _form_page(request, verb, found, _form(request, verb, found, unit_id))
        form = _form(request, verb, found, unit_id, request.POST)
        if not form.is_valid():
            return _form_page(request, verb, found, form, status=422)
        try:
            verb.perform(request, found, form, unit_id)
        except Refused as refusal:
            blame(form, refusal)
            return _form_page(request, verb, found, form, status=refusal.status)
        messages.success(request, str(verb.done))
        return redirect("task", found.pk)

    return view


def _form(
    request: PersonRequest,
    verb: Verb,
    task: Task,
    unit_id: UUID | None,
    data: Mapping[str, Any] | None = None,
) -> forms.Form:
    if verb.make:
        return verb.make(task, request.user, data)
    parts = parts_of(task) if verb.form in (NamingForm, ReassignForm) else []
    if verb.form is NamingForm:
        lead = next(one for one in parts if one.role == Assignment.Role.LEAD)
        mine = next((one for one in parts if one.unit_id == unit_id), lead)
        named = {"handler": mine.handler_id, "deputy": mine.deputy_id}
        people = colleagues(mine.unit_id, timezone.now())
        return NamingForm(data, initial=named, colleagues=people)
    if verb.form is ReassignForm:
        roles = {role: [one.unit_id for one in parts if one.role == role] for role in PARTS}
        initial = {"lead": roles["lead"][0], "cooperating": roles["cooperating"]}
        return ReassignForm(data, initial=initial, organisation_id=task.organisation_id)
    if verb.form is DueDateForm:
        return DueDateForm(data, initial={"due_date": task.due_date})
    if verb.form is PriorityForm:
        return PriorityForm(data, initial={"priority": task.priority})
    return verb.form(data)


PARTS = ("lead", "cooperating")


def _form_page(
    request: PersonRequest, verb: Verb, task: Task, form: forms.Form, status: int = 200
) -> HttpResponse:
    context = {"verb": verb, "task": task, "form": form}
    return render(request, verb.template, context, status=status)


def _named(form: NamingForm) -> dict[str, UUID | None]:
    return {"handler_id": form.chosen("handler"), "deputy_id": form.chosen("deputy")}


def simply(action: Callable[..., object]) -> Callable[..., object]:
    """An action that takes what its form asks: nothing, or a reason."""

    def perform(request: PersonRequest, task: Task, form: forms.Form, _unit: UUID | None) -> object:
        return action(
            task_id=task.pk, actor=request.user, at=timezone.now(), **(form.cleaned_data or {})
        )

    return perform


def _accept(request: PersonRequest, task: Task, form: NamingForm, _unit: UUID | None) -> Task:
    return tasks.accept(task_id=task.pk, actor=request.user, at=timezone.now(), **_named(form))


def _of_unit(action: Callable[..., Task]) -> Callable[..., object]:
    def perform(request: PersonRequest, task: Task, form: NamingForm, unit: UUID | None) -> Task:
        return action(
            task_id=task.pk, unit_id=unit, actor=request.user, at=timezone.now(), **_named(form)
        )

    return perform


def _reassign(request: PersonRequest, task: Task, form: ReassignForm, _unit: UUID | None) -> Task:
    asked = form.cleaned_data
    assessors = [one.unit_id for one in parts_of(task) if one.role == Assignment.Role.ASSESSOR]
    return tasks.reassign(
        task_id=task.pk,
        lead_id=asked["lead"].pk,
        cooperating_ids=[unit.pk for unit in asked["cooperating"]],
        assessor_ids=assessors,
        reason=asked["reason"],
        actor=request.user,
        at=timezone.now(),
    )


VERBS: Mapping[str, Verb] = {
    "accept": Verb(
        "accept",
        title=pgettext_lazy("task", "Accept the task"),
        ask=_("Accept it for your unit, and name who handles it if you like"),
        follows=_("The task is in progress, and your unit can write its report"),
        button=pgettext_lazy("task", "Accept"),
        done=_("Accepted. The task is in progress now."),
        form=NamingForm,
        perform=_accept,
    ),
    "receive": Verb(
        "receive",
        title=_("Confirm receipt"),
        ask=_("Confirm that your unit knows its part, and name who handles it if you like"),
        follows=_("The lead unit sees your receipt; the work doesn't wait for it"),
        button=_("Confirm receipt"),
        done=_("Receipt confirmed."),
        form=NamingForm,
        perform=_of_unit(tasks.receive),
    ),
    "name_handlers": Verb(
        "name_handlers",
        title=_("Name who handles the task"),
        ask=_("Name the handler and the deputy in charge for this task"),
        follows=_("They are asked first; without names the unit's posts are"),
        button=pgettext_lazy("people", "Save the names"),
        done=_("Names saved."),
        form=NamingForm,
        perform=_of_unit(tasks.name_handlers),
    ),
    "decline": Verb(
        "decline",
        title=_("Decline the task"),
        ask=_("Say why the task isn't your unit's"),
        follows=_("The coordinator reassigns the task, or leaves it with you"),
        button=_("Decline with this reason"),
        done=_("Declined. The coordinator decides what happens next."),
        form=ReasonForm,
        perform=simply(tasks.decline),
    ),
    "insist": Verb(
        "insist",
        title=_("Leave the task where it is"),
        ask=_("Tell the lead unit why the task stays with it"),
        follows=_("The lead unit is asked to accept the task again"),
        button=_("Leave it there"),
        done=_("The task stays with the lead unit."),
        form=ReasonForm,
        perform=simply(tasks.insist),
    ),
    "withdraw": Verb(
        "withdraw",
        title=_("Take the report back"),
        ask=_("Take it back to change it; nobody has decided on it yet"),
        follows=_("The approval ends; you submit the next version when it is ready"),
        button=_("Take the report back"),
        done=_("The report is with you again."),
        form=ConfirmForm,
        perform=simply(reports.withdraw),
    ),
    "close": Verb(
        "close",
        title=_("Close the task"),
        ask=_("Choose the outcome you stand by"),
        follows=_("The task ends; only a reopening with a reason brings it back"),
        button=_("Close with this outcome"),
        done=_("The task is closed."),
        form=CloseForm,
        perform=simply(tasks.close),
    ),
    "reopen": Verb(
        "reopen",
        title=_("Reopen the task"),
        ask=_("Say why the task isn't finished"),
        follows=_("The lead unit works on it again; nothing of the old round is erased"),
        button=_("Reopen with this reason"),
        done=_("The task is in progress again."),
        form=ReasonForm,
        perform=simply(tasks.reopen),
    ),
    "reassign": Verb(
        "reassign",
        title=_("Give the task to other units"),
        ask=_("Choose the lead and the cooperating units"),
        follows=_("The lead unit accepts the task anew; who keeps a part keeps its receipt"),
        button=_("Reassign"),
        done=_("The task was reassigned."),
        form=ReassignForm,
        perform=_reassign,
    ),
    "set_due_date": Verb(
        "set_due_date",
        title=_("Move the due date"),
        ask=_("Choose the new date and say why"),
        follows=_("The units see the new date at once"),
        button=_("Move the due date"),
        done=_("The due date was moved."),
        form=DueDateForm,
        perform=simply(tasks.set_due_date),
    ),
    "set_priority": Verb(
        "set_priority",
        title=_("Change the priority"),
        ask=_("Say how urgent the task is, and why"),
        follows=_("Routes may ask others from the next report on; an approval under way goes on"),
        button=_("Change the priority"),
        done=_("The priority was changed."),
        form=PriorityForm,
        perform=simply(tasks.set_priority),
    ),
    "cancel": Verb(
        "cancel",
        title=_("Cancel the task"),
        ask=_("Say why the task ends without a result"),
        follows=_("It ends for good: an approval under way ends with it, nothing is erased"),
        button=_("Cancel the task for good"),
        done=_("The task was cancelled."),
        form=ReasonForm,
        perform=simply(tasks.cancel),
        grave=True,
    ),
}
