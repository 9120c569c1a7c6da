"""The same route as viewflow tasks, one a signer, with a blocking lock and a proxy process.

viewflow knows whose turn it is. Whether the signer may sign and whether the content is still what
was shown is asked, the statement is made, and the sign-off, the ledger entry and the task's state
are written, as an application on it would do it: by the ORM, with the product's own pure functions.
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
from approvals import subjects
from approvals.models import Approval, Round, SignOff, WorkItem
from approvals.statements import Head, Reviewed, statement
from audit.actions import append
from bench._world import STEPS, World
from directory.models import Appointment, Delegation, Person
from directory.queries import in_force
from workflows.models import Task
from workflows.subjects import COMPLETION

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
        person, seat = world.people[name], case.seats[name]
        shown = _reviewed(Task.objects.get(pk=case.task), _round(case), seat).digest
        began = time.perf_counter()
        task = FlowTask.objects.get(
            process=case.process, flow_task=getattr(SignersFlow, name), status="NEW"
        )
        with task.activation() as activation:
            activation.assign(person)
            activation.start(None)
            _record(person, case, seat, shown, model, said, last=name == STEPS[-1])
            activation.execute()
        times.append(time.perf_counter() - began)
    assert SignersProcess.objects.get(pk=case.process).status == "DONE"
    return times


def _record(
    person: Person,
    case: Case,
    seat: WorkItem,
    shown: bytes,
    model: SignOff,
    facts: Any,
    *,
    last: bool,
) -> None:
    root = Task.objects.select_for_update(no_key=True).get(pk=case.task)
    at, key, round_ = timezone.now(), uuid4(), _round(case)
    assert _may_sign(person, round_, seat, key, at)
    reviewed = _reviewed(root, round_, seat)
    assert reviewed.digest == shown
    SignOff.objects.create(
        organisation_id=person.organisation_id,
        approval=case.approval,
        work_item=seat,
        person=person,
        capacity=model.capacity,
        decision=model.decision,
        seen_digest=reviewed.digest,
        statement=_statement(person, seat, reviewed, root, model, at),
        idempotency_key=key,
        request_digest=model.request_digest,
        at=at,
    )
    if last:
        root.pass_review()
    changed = ("state",) if last else ()
    append(root, kind="approval.signed_off", actor=person, at=at, facts=facts, changed=changed)


def _round(case: Case) -> Round:
    found: Round = Round.objects.filter(approval=case.approval).latest("number")
    return found


def _may_sign(person: Person, round_: Round, seat: WorkItem, key: UUID, at: datetime) -> bool:
    """Policy: the request is new; the person has not signed, may act, and wrote nothing."""
    if SignOff.objects.filter(person=person, idempotency_key=key).exists():
        return False
    if SignOff.objects.filter(approval=round_.approval_id, person=person).exists():
        return False
    holders = Appointment.objects.filter(in_force(at), post=seat.post).values_list("person")
    stands_in = Delegation.objects.filter(
        delegate=person, principal__in=holders, starts_at__lte=at, ends_at__gt=at, revoked_at=None
    )
    if not (holders.filter(person=person).exists() or stands_in.exists()):
        return False
    return person.pk not in {round_.submitter_id, *round_.authors}


def _reviewed(task: Task, round_: Round, seat: WorkItem) -> Reviewed:
    """What the signer has in front of them, as the product's own sign-offs say it."""
    return Reviewed(
        subject=task.subject,
        subject_digest=subjects.get(COMPLETION).digest(task),
        document=round_.document_id,
        document_digest=bytes(round_.digest),
        round=round_.number,
        route_version=seat.approval.version_id,
        opening=seat.opening_id,
        work_item=seat.pk,
    )


def _statement(
    person: Person, seat: WorkItem, reviewed: Reviewed, task: Task, model: SignOff, at: datetime
) -> bytes:
    """The same bytes as the product's, made for this signer."""
    return statement(
        reviewed=reviewed,
        organisation=person.organisation_id,
        person={"id": person.pk, "name": person.name_commitment},
        capacity={"post": seat.post_id, "title": model.capacity},
        acting_for=None,
        decision=model.decision,
        target=None,
        meaning=f"{model.capacity}: {task.title}",
        language="en",
        comment=None,
        seen=Head(task.chain_length, bytes(task.chain_head)),
        evidence="session",
        issued_at=at,
    )
