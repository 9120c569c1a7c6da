"""Where a plan is: its macro process, run by viewflow. Only this module moves it.

The process has few steps and no parallel paths; whoever signs is led by the approval engine, to
which a RouteNode hands a whole route. An action takes a step with `begin` or `move`, inside its
transaction and with the plan's row locked.

Node names are written into every process: once released, one may be added, none renamed.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from viewflow import this
from viewflow.fsm import TransitionNotAllowed
from viewflow.workflow import flow
from viewflow.workflow.activation import Activation
from viewflow.workflow.context import Context, context
from viewflow.workflow.models import Process, Task
from viewflow.workflow.nodes.handle import HandleActivation
from viewflow.workflow.status import PROCESS, STATUS

from approvals import actions as approvals
from approvals.subjects import Context as Participants
from audit.errors import Refused
from directory.models import Person
from workflows.models import Plan
from workflows.plan_policy import CANCELLED, COMPLETED

PASSED = "passed"
NAMES = {
    "draft": pgettext_lazy("step", "Draft"),
    "countersign": pgettext_lazy("step", "Countersign"),
    "approve_issuing": pgettext_lazy("step", "Approval"),
    "revise": pgettext_lazy("step", "Revise"),
    "issue": pgettext_lazy("step", "Issue"),
    "receipts": pgettext_lazy("step", "Receipts"),
    "in_force": pgettext_lazy("step", "In force"),
    "completed": pgettext_lazy("step", "Completed"),
}
"""What pictures of the process call its steps."""


class PlanIsElsewhere(Refused):
    """The plan is at another step now."""

    sentence = _("The plan is at another step now, so nothing was changed. Look at it again.")


class PlanIsOver(Refused):
    """A completed or cancelled plan stays as it is."""

    sentence = _("The plan is completed or cancelled; it stays as it is.")


@dataclass(frozen=True)
class Document:
    """The frozen text that an approval is about, and who takes part in it."""

    id: UUID
    digest: bytes
    participants: Participants


@dataclass
class Step:
    """What an action hands to the process for one move; the move adds to the entry's `facts`.

    `document` is needed where the move opens an approval. `countersigned`: what is put forward goes
    to the countersigning units first.
    """

    plan: Plan
    actor: Person | str
    at: datetime
    document: Document | None = None
    countersigned: bool = False
    facts: dict[str, Any] = field(default_factory=dict)


class PlanRowLock:
    """Locks the plan's row, blocking: the row that every action of the plan locks first.

    viewflow's default locks nothing, and its database lock takes the process's row and gives up
    after a few tries; either would break the order of locks.
    """

    @contextmanager
    def __call__(self, flow_class: type, process_pk: int) -> Iterator[None]:
        with transaction.atomic():
            list(
                Plan.objects.select_for_update(no_key=True)
                .filter(process=process_pk)
                .values_list("pk")
            )
            yield


class RouteActivation(HandleActivation):
    @Activation.status.super()
    def activate(self) -> None:
        """Open an approval of the document that is put forward. Raises NoRoute."""
        step: Step = context.step
        if step.document is None or isinstance(step.actor, str):
            raise ValueError("a route begins with a document that a person puts forward")
        begun = approvals.begin(
            kind=self.flow_task.kind,
            root=step.plan,
            subject_id=step.plan.pk,
            document_id=step.document.id,
            digest=step.document.digest,
            context=step.document.participants,
            actor=step.actor,
            at=step.at,
        )
        step.facts |= begun.facts


class RouteNode(flow.Handle):
    """Hands the plan to a route of the approval engine, and waits for the route's outcome.

    The engine reports it as `outcome`, in the transaction of the deciding sign-off.
    """

    activation_class = RouteActivation

    def __init__(self, kind: str) -> None:
        super().__init__(func=_keep_outcome)
        self.kind = kind


def _keep_outcome(activation: Activation, *, outcome: str) -> None:
    activation.task.data = {"outcome": outcome}


def _outcome(activation: Activation) -> dict[str, Any]:
    outcome: dict[str, Any] = activation.task.data
    return outcome


def _passed(activation: Activation) -> bool:
    return bool(activation.task.data["outcome"] == PASSED)


class PlanFlow(flow.Flow):
    """Plan

    From draft over countersigning, approval and receipts to completion.
    """

    lock_impl = PlanRowLock()

    start = flow.StartHandle().Annotation(pgettext_lazy("step", "Begin")).Next(this.draft)
    draft = flow.Handle().Annotation(NAMES["draft"]).Next(this.cooperation)
    cooperation = (
        flow.If(lambda _activation: context.step.countersigned)
        .Annotation(pgettext_lazy("step", "Countersign?"))
        .Then(this.countersign)
        .Else(this.approve_issuing)
    )
    countersign = (
        RouteNode("plan_countersign")
        .Annotation(NAMES["countersign"])
        .Next(this.countersigned, task_data=_outcome)
    )
    countersigned = (
        flow.If(_passed)
        .Annotation(pgettext_lazy("step", "Signed?"))
        .Then(this.approve_issuing)
        .Else(this.revise)
    )
    approve_issuing = (
        RouteNode("plan_issue")
        .Annotation(NAMES["approve_issuing"])
        .Next(this.approved, task_data=_outcome)
    )
    approved = (
        flow.If(_passed)
        .Annotation(pgettext_lazy("step", "Approved?"))
        .Then(this.issue)
        .Else(this.revise)
    )
    revise = flow.Handle().Annotation(NAMES["revise"]).Next(this.cooperation)
    issue = flow.Handle().Annotation(NAMES["issue"]).Next(this.receipts)
    receipts = flow.Handle().Annotation(NAMES["receipts"]).Next(this.in_force)
    in_force = flow.Handle().Annotation(NAMES["in_force"]).Next(this.end)
    end = flow.End().Annotation(NAMES["completed"])

    def cancel(self, process: Process) -> None:
        """viewflow's, which would also cancel what has ended. Raises PlanIsOver."""
        with self.lock(process.pk):
            process.refresh_from_db()
            if process.status != PROCESS.NEW:
                raise PlanIsOver
            super().cancel(process)


def begin() -> Process:
    """A new process, waiting at `draft`. The plan that will point to it isn't known yet."""
    return PlanFlow.start.run()


def move(step: Step, node: str, **outcome: str) -> str:
    """Finish the plan's active `node`, and what follows by itself; returns where the plan is then.

    Raises PlanIsElsewhere if the plan isn't at `node`.
    """
    before = Task.objects.filter(
        process=step.plan.process_id, flow_task=getattr(PlanFlow, node), status=STATUS.NEW
    ).first()
    if before is None:
        raise PlanIsElsewhere
    with Context(step=step):
        try:
            before.flow_task.run(before, **outcome)
        except TransitionNotAllowed as error:
            raise PlanIsElsewhere from error
    after = where(step.plan)
    step.facts["step"] = {"from": node, "to": after}
    return after


def cancel(step: Step) -> None:
    """End the process early. Raises PlanIsOver."""
    before = where(step.plan)
    PlanFlow.instance.cancel(Process.objects.get(pk=step.plan.process_id))
    step.facts["step"] = {"from": before, "to": CANCELLED}


def where(plan: Plan) -> str:
    """The name of the plan's active node, or `completed` or `cancelled`."""
    return places([plan.process_id])[plan.process_id]


def places(processes: Iterable[int | None]) -> dict[int | None, str]:
    """Where each process is, in two queries."""
    ends = {PROCESS.DONE: COMPLETED, PROCESS.CANCELED: CANCELLED}
    rows = Process.objects.filter(pk__in=list(processes)).values_list("pk", "status")
    found: dict[int | None, str] = {pk: ends.get(status, "") for pk, status in rows}
    active = Task.objects.filter(process__in=[pk for pk in found if not found[pk]])
    for process, node in active.filter(status=STATUS.NEW).values_list("process", "flow_task"):
        found[process] = node.name
    return found


def waiting_at(*nodes: str) -> list[int]:
    """The processes that wait at one of these nodes."""
    return list(waiting(*nodes))


def waiting(*nodes: str) -> QuerySet[Any]:
    """The same, to stand inside another query."""
    tasks: QuerySet[Any] = Task.objects.filter(
        status=STATUS.NEW, flow_task__in=[getattr(PlanFlow, node) for node in nodes]
    )
    return tasks.values_list("process", flat=True)
