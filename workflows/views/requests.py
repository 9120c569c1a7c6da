"""Asking for another deadline or another round of a task, and taking the request back."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from directory.models import Person
from directory.requests import PersonRequest
from workflows.actions import requests
from workflows.forms.tasks import AskForm, ConfirmForm, ExtensionForm
from workflows.models import Task, TaskRequest
from workflows.queries.requests import Asked, asked, signers_to_choose
from workflows.views.tasks import Verb, simply, view_of

Kind = TaskRequest.Kind


class _Asks:
    """Makes the form of a request: one that came back is shown as it was asked, and says why."""

    def __init__(self, kind: Kind, form: type[AskForm]) -> None:
        self.kind, self.form = kind, form

    def __call__(self, task: Task, person: Person, data: Mapping[str, Any] | None) -> forms.Form:
        earlier = [one for one in asked(task) if one.request.kind == self.kind]
        back = earlier[0] if earlier and earlier[0].is_returned else None
        form = self.form(
            data,
            initial=_as_asked(back) if back else {},
            choices=signers_to_choose(task, self.kind, person, timezone.now()),
            chosen=back.chosen if back else (),
        )
        form.earlier, form.came_back = earlier, back  # type: ignore[attr-defined]
        return form


def _as_asked(back: Asked) -> dict[str, Any]:
    return {"reason": back.reason, "due_date": back.request.due_date}


def _asking(action: Callable[..., object]) -> Callable[..., object]:
    """The action with what the form says, and who is to sign."""

    def perform(request: PersonRequest, task: Task, form: AskForm, _unit: UUID | None) -> object:
        said = {**form.words, "chosen": form.chosen}
        return action(task_id=task.pk, actor=request.user, at=timezone.now(), **said)

    return perform


ask_extension = view_of(
    Verb(
        "ask_extension",
        title=_("Ask for an extension"),
        ask=_("Choose the new due date and say why the present one can't be kept"),
        follows=_("The route for extensions decides; until then the present due date stands"),
        button=_("Put the request forward"),
        done=_("Asked for. The due date moves once everybody has approved."),
        form=ExtensionForm,
        perform=_asking(requests.ask_extension),
        make=_Asks(Kind.EXTENSION, ExtensionForm),
        template="workflows/request.html",
    )
)

withdraw_extension = view_of(
    Verb(
        "withdraw_extension",
        title=_("Take back the request for an extension"),
        ask=_("Take it back if the present due date will do"),
        follows=_("The due date stays as it is; you can ask again at any time"),
        button=_("Take the request back"),
        done=_("The request was taken back."),
        form=ConfirmForm,
        perform=simply(requests.withdraw_extension),
    )
)

ask_reopening = view_of(
    Verb(
        "ask_reopening",
        title=_("Ask for the task to be reopened"),
        ask=_("Say why the task isn't finished"),
        follows=_("The route for reopening decides; until then the task stays as it is"),
        button=_("Put the request forward"),
        done=_("Asked for. The task is reopened once everybody has approved."),
        form=AskForm,
        perform=_asking(requests.ask_reopening),
        make=_Asks(Kind.REOPENING, AskForm),
        template="workflows/request.html",
    )
)

withdraw_reopening = view_of(
    Verb(
        "withdraw_reopening",
        title=_("Take back the request for reopening"),
        ask=_("Take it back if the task can stay as it is"),
        follows=_("The task stays as it is; it can be asked for again"),
        button=_("Take the request back"),
        done=_("The request was taken back."),
        form=ConfirmForm,
        perform=simply(requests.withdraw_reopening),
    )
)
