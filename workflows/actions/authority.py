"""What every action on a task does first: lock its row alone, read, ask the policy again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from django_fsm import TransitionNotAllowed

from audit.actions import append
from audit.canonical import Commitment, commit
from audit.errors import Refused
from directory.models import Person
from directory.queries import Holding
from workflows import policy
from workflows.models import Task
from workflows.policy import Facts, Verdict
from workflows.queries.standing import standing


class NotAllowed(Refused):
    """The person has no right to do this."""

    status = 403
    sentence = _("%(reason)s")


class WrongState(Refused):
    """The task has moved on, or has not come so far."""

    sentence = _("%(reason)s Nothing was changed.")


class ReasonMissing(Refused):
    """Something that needs a reason came without one."""

    status = 422
    sentence = _("Give a reason: it is kept with the record and shown to those concerned.")


@dataclass(frozen=True)
class Warrant:
    """A locked task, and in which capacity the actor may do what was asked."""

    task: Task
    facts: Facts
    actor: Person
    at: datetime
    holding: Holding

    def record(self, kind: str, facts: dict[str, Any], *changed: str) -> None:
        """Save the task's changed fields and write the ledger entry: an action's last write."""
        append(
            self.task,
            kind=kind,
            actor=self.actor,
            at=self.at,
            facts=facts,
            capacity=self.holding.capacity,
            acting_for=self.holding.acting_for,
            changed=changed,
        )


def warrant(
    action: str, *, task_id: UUID, actor: Person, at: datetime, unit_id: UUID | None = None
) -> Warrant:
    """Lock the task and ask the policy. Raises Task.DoesNotExist, NotAllowed, WrongState."""
    mine = Task.objects.filter(organisation=actor.organisation_id)
    task = mine.select_for_update(no_key=True).get(pk=task_id)
    facts = standing(task, actor, at, unit_id)
    verdict = policy.can(actor, action, facts)
    if not verdict or verdict.holding is None:
        refuse(verdict)
    return Warrant(task, facts, actor, at, verdict.holding)


def refuse(verdict: Verdict) -> NoReturn:
    """Say no as the verdict does. Raises NotAllowed, or WrongState where only time is wrong."""
    refusal = WrongState if verdict.state else NotAllowed
    raise refusal(reason=verdict.reason)


def moved(task: Task, transition: Callable[[], None]) -> dict[str, str]:
    """Make a transition in memory; what the ledger says of it."""
    before = task.state
    try:
        transition()
    except TransitionNotAllowed as error:
        raise WrongState(reason=policy.ELSEWHERE[before]) from error
    return {"from": before, "to": task.state}


def because(reason: str) -> Commitment:
    """A reason that must be there, for the ledger. Raises ReasonMissing."""
    if not reason.strip():
        raise ReasonMissing
    return commit(reason.strip())
