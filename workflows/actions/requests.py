"""Asking for another deadline or another round, and taking the request back.

What follows from the decisions stands in `workflows.request_subjects`.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _

from approvals import actions as approvals
from approvals.choosing import by_stage
from audit.errors import Refused
from audit.templatetags.ui import day_long
from directory.models import Person
from workflows.actions.authority import Warrant, because, warrant
from workflows.models import Task, TaskRequest
from workflows.request_subjects import participants, request_digest

Kind = TaskRequest.Kind

VERBS = {Kind.EXTENSION: "extension", Kind.REOPENING: "reopening"}
"""How entries on requests begin, by kind."""


class NoDeadline(Refused):
    """An extension of a task that has no due date."""

    sentence = _("The task has no due date, so there is nothing to extend.")


class NotLater(Refused):
    """A new due date that is no extension."""

    status = 422
    sentence = _("Choose a day after the present due date, %(due)s, that is still to come.")


@transaction.atomic(durable=True)
def ask_extension(
    *,
    task_id: UUID,
    due_date: date,
    reason: str,
    chosen: Sequence[str] = (),
    actor: Person,
    at: datetime,
) -> TaskRequest:
    """延期: the lead unit asks for a later due date, or asks again once the request came back.

    `chosen` are those who are to sign, where the route lets choose.
    Raises NotAllowed, WrongState, ReasonMissing, NoDeadline, NotLater, ChooseSigners, NotOffered.
    """
    allowed = warrant("ask_extension", task_id=task_id, actor=actor, at=at)
    present = allowed.task.due_date
    if present is None:
        raise NoDeadline
    if due_date <= max(present, localdate(at)):
        raise NotLater(due=day_long(present))
    return _put_forward(allowed, Kind.EXTENSION, reason, chosen, present, due_date)


@transaction.atomic(durable=True)
def ask_reopening(
    *, task_id: UUID, reason: str, chosen: Sequence[str] = (), actor: Person, at: datetime
) -> TaskRequest:
    """重启: somebody asks for a reviewed or closed task to be worked on again.

    `chosen` as for an extension.
    Raises NotAllowed, WrongState, ReasonMissing, ChooseSigners, NotOffered.
    """
    allowed = warrant("ask_reopening", task_id=task_id, actor=actor, at=at)
    return _put_forward(allowed, Kind.REOPENING, reason, chosen)


def _put_forward(
    allowed: Warrant,
    kind: Kind,
    reason: str,
    chosen: Sequence[str],
    previous: date | None = None,
    due_date: date | None = None,
) -> TaskRequest:
    """Freeze the request and open its approval, or its next round."""
    why, task = because(reason), allowed.task
    request = TaskRequest(
        organisation_id=task.organisation_id,
        task=task,
        kind=kind,
        number=TaskRequest.objects.filter(task=task, kind=kind).count() + 1,
        previous_due_date=previous,
        due_date=due_date,
        reason=why.digest,
        asked_by=allowed.actor,
        at=allowed.at,
    )
    request.digest = request_digest(request)
    request.save(force_insert=True)
    asking = participants(task, allowed.actor.pk, allowed.facts.pending.get(kind))
    begun = approvals.begin(
        kind=kind,
        root=task,
        subject_id=task.pk,
        document_id=request.pk,
        digest=request.digest,
        context=replace(asking, chosen=by_stage(chosen)),
        actor=allowed.actor,
        at=allowed.at,
    )
    asked = {
        "id": request.pk,
        "kind": kind,
        "number": request.number,
        "previous_due_date": previous,
        "due_date": due_date,
    }
    facts = {**begun.facts, "request": asked, "reason": why}
    allowed.record(f"{VERBS[kind]}.requested", facts)
    return request


@transaction.atomic(durable=True)
def withdraw_extension(*, task_id: UUID, actor: Person, at: datetime) -> Task:
    """Whoever asked takes the request back before anybody decided, or drops one that came back.

    Raises NotAllowed, WrongState.
    """
    allowed = warrant("withdraw_extension", task_id=task_id, actor=actor, at=at)
    return _take_back(allowed, Kind.EXTENSION)


@transaction.atomic(durable=True)
def withdraw_reopening(*, task_id: UUID, actor: Person, at: datetime) -> Task:
    """As `withdraw_extension`. Raises NotAllowed, WrongState."""
    allowed = warrant("withdraw_reopening", task_id=task_id, actor=actor, at=at)
    return _take_back(allowed, Kind.REOPENING)


def _take_back(allowed: Warrant, kind: Kind) -> Task:
    task, event = allowed.task, f"{VERBS[kind]}.withdrawn"
    if allowed.facts.pending[kind].returned:
        facts = approvals.cancel(kind=kind, subject_id=task.pk, reason=event, at=allowed.at)
    else:
        facts = approvals.withdraw(
            kind=kind, subject_id=task.pk, actor=allowed.actor, at=allowed.at
        )
    allowed.record(event, facts)
    return task


def end_requests(allowed: Warrant, reason: str, *kinds: str) -> None:
    """End what is still asked for the task, within the action that leaves no room for it.

    Each has an entry of its own, before the action's. `reason` is the action's kind of entry.
    """
    for kind in set(kinds) & allowed.facts.pending.keys():
        facts = approvals.cancel(
            kind=kind, subject_id=allowed.task.pk, reason=reason, at=allowed.at
        )
        allowed.record(f"{VERBS[Kind(kind)]}.ended", facts)
