"""The same route as viewflow tasks, one a signer, with a blocking lock and a proxy process.

viewflow knows whose turn it is. Whether the signer may sign is asked, and the sign-off, the ledger
entry and the task's state are written, as an application on it would do it: by the ORM, with the
same bytes as the product's.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.apps import AppConfig, apps
from django.utils import timezone
from viewflow import this
from viewflow.workflow import flow, lock
from viewflow.workflow.models import Process
from viewflow.workflow.models import Task as FlowTask

import bench
from approvals.models import Approval, Round, SignOff, WorkItem
from audit.actions import append
from bench._world import STEPS, World
from directory.models import Appointment, Delegation, Person
from directory.queries import in_force
from workflows.models import Task

# viewflow stores the app of a flow beside its name.
apps.app_configs["bench"] = config = AppConfig("bench", bench)
config.apps = apps
config.import_models()


class SignersProcess(Process):  # type: ignore[misc]
    class Meta:
        proxy = True
        app_label = "bench"


def two_done(activation: object, active: object) -> bool:
    return active.count() <= 1  # type: ignore[attr-defined,no-any-return]


def signer(following: object) -> flow.View:
    return flow.View(lambda request: None).Next(following)


class SignersFlow(flow.Flow):  # type: ignore[misc]
    process_class = SignersProcess
    lock_impl = lock.SelectForUpdateLock(nowait=False)

    start = flow.StartHandle().Next(this.A)
    A = signer(this.countersign)
    countersign = flow.Split().Always(this.B1).Always(this.B2).Always(this.B3)
    B1 = signer(this.countersigned)
    B2 = signer(this.countersigned)
    B3 = signer(this.countersigned)
    countersigned = flow.Join().Next(this.vote)
    vote = flow.Split().Always(this.C1).Always(this.C2).Always(this.C3)
    C1 = signer(this.voted)
    C2 = signer(this.voted)
    C3 = signer(this.voted)
    voted = flow.Join(continue_on_condition=two_done).Next(this.D)
    D = signer(this.end)
    end = flow.End()


@dataclass
class Case:
    """A process at its first signer, with the task it is about and a seat for each sign-off."""

    process: int
    task: UUID
    approval: Approval
    seats: dict[str, WorkItem]


def start(world: World) -> Case:
    process: SignersProcess = SignersFlow.start.run()
    task, approval = world.submitted(timezone.now())
    opening = approval.openings.get()
    seats = {"A": opening.work_items.get()}
    for position, name in enumerate(STEPS[1:], 2):
        seats[name] = WorkItem.objects.create(
            organisation=world.organisation,
            approval=approval,
            opening=opening,
            post=world.posts[name],
            position=position,
            state="open",
            opened_at=opening.opened_at,
        )
    return Case(int(process.pk), task.pk, approval, seats)


def run(world: World, case: Case, signed: Sequence[SignOff], facts: Sequence[Any]) -> list[float]:
    """Seconds of each signer's turn: find the task, lock its process, take it, record, complete.

    `signed` and `facts` are what the product wrote for the same steps.
    """
    times = []
    for name, model, said in zip(STEPS, signed, facts, strict=True):
        began = time.perf_counter()
        task = FlowTask.objects.get(
            process=case.process, flow_task=getattr(SignersFlow, name), status="NEW"
        )
        with task.activation() as activation:
            activation.assign(world.people[name])
            activation.start(None)
            _record(world.people[name], case, case.seats[name], model, said, last=name == STEPS[-1])
            activation.execute()
        times.append(time.perf_counter() - began)
    assert SignersProcess.objects.get(pk=case.process).status == "DONE"
    return times


def _record(
    person: Person, case: Case, seat: WorkItem, model: SignOff, facts: Any, *, last: bool
) -> None:
    root = Task.objects.select_for_update(no_key=True).get(pk=case.task)
    at, key = timezone.now(), uuid4()
    assert _may_sign(person, case, seat, key, at)
    SignOff.objects.create(
        organisation_id=person.organisation_id,
        approval=case.approval,
        work_item=seat,
        person=person,
        capacity=model.capacity,
        decision=model.decision,
        seen_digest=model.seen_digest,
        statement=model.statement,
        idempotency_key=key,
        request_digest=model.request_digest,
        at=at,
    )
    if last:
        root.pass_review()
    changed = ("state",) if last else ()
    append(root, kind="approval.signed_off", actor=person, at=at, facts=facts, changed=changed)


def _may_sign(person: Person, case: Case, seat: WorkItem, key: UUID, at: datetime) -> bool:
    """Policy: the request is new, the person holds the post or stands in, and wrote none of it."""
    if SignOff.objects.filter(person=person, idempotency_key=key).exists():
        return False
    holders = Appointment.objects.filter(in_force(at), post=seat.post).values_list("person")
    stands_in = Delegation.objects.filter(
        delegate=person, principal__in=holders, starts_at__lte=at, ends_at__gt=at, revoked_at=None
    )
    if not (holders.filter(person=person).exists() or stands_in.exists()):
        return False
    round_ = Round.objects.filter(approval=case.approval).latest("number")
    return person.pk not in {round_.submitter_id, *round_.authors}
