"""A district in small: a coordinating unit, its overseer, a lead and two partners, and one task."""

import json
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import uuid4

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.db.models import Q

from approvals import actions as approvals
from approvals.models import WorkItem
from approvals.queries import seen_digest
from audit.actions import append
from audit.ids import uuid7
from audit.models import Entry
from directory.actions import OPERATOR
from directory.models import Organisation, Person, Post, Unit
from directory.queries import holdings
from tests.factories import LONG_AGO, NOW, make_holder, make_organisation, make_unit
from workflows.actions import drafts, reports, tasks
from workflows.models import Draft, Measure, Plan, Submission, Task


@dataclass(frozen=True)
class World:
    """Everybody whom a task concerns, and some whom it doesn't."""

    organisation: Organisation
    lead: Unit
    partner: Unit
    second: Unit
    office: Unit
    other_office: Unit
    handler: Person
    deputy: Person
    principal: Person
    partner_handler: Person
    partner_deputy: Person
    second_handler: Person
    coordinator: Person
    overseer: Person
    auditor: Person
    administrator: Person
    stranger: Person
    plan: Plan
    measure: Measure


def make_world() -> World:
    organisation = make_organisation()
    lead, partner, second, office, other_office, away = (make_unit(organisation) for _ in range(6))
    role = Post.Role
    coordinator = make_holder(office, role.COORDINATOR, "Shen Ruochuan")
    plan = make_plan(office, other_office, coordinator)
    return World(
        organisation=organisation,
        lead=lead,
        partner=partner,
        second=second,
        office=office,
        other_office=other_office,
        handler=make_holder(lead, role.HANDLER, "Lu Wendi"),
        deputy=make_holder(lead, role.DEPUTY, "Xu Cheng'an"),
        principal=make_holder(lead, role.PRINCIPAL, "Shao Yunfan"),
        partner_handler=make_holder(partner, role.HANDLER, "Tang Shuhe"),
        partner_deputy=make_holder(partner, role.DEPUTY, "Bai Yanzhou"),
        second_handler=make_holder(second, role.HANDLER, "Qin Yu"),
        coordinator=coordinator,
        overseer=make_holder(other_office, role.COORDINATOR, "Wei Qinglan"),
        auditor=make_holder(office, role.AUDITOR, "Fang Yanqiu"),
        administrator=make_holder(office, role.ADMINISTRATOR, "Zhu Nanxing"),
        stranger=make_holder(away, role.HANDLER, "Gu Mingyi"),
        plan=plan,
        measure=make_measure(plan),
    )


def make_plan(coordinator: Unit, overseer: Unit | None, author: Person) -> Plan:
    """An issued plan with a chain of one entry; its process doesn't matter here."""
    plan = Plan(
        organisation=coordinator.organisation,
        number=f"No. {uuid7().hex[-8:]}",
        title="Plan for unity and progress",
        coordinator=coordinator,
        overseer=overseer,
        created_by=author,
        created_at=LONG_AGO,
        issued_at=LONG_AGO,
    )
    with transaction.atomic():
        plan.save(force_insert=True)
        append(plan, kind="plan.drafted", actor=author, at=LONG_AGO, facts={})
    return plan


def make_measure(plan: Plan, position: int = 14) -> Measure:
    return Measure.objects.create(
        organisation=plan.organisation,
        plan=plan,
        position=position,
        number=str(position),
        heading="Training of officials",
        text="Hold training in four terms, with records of attendance.",
        span_start=0,
        span_end=56,
    )


def make_task(world: World, **changes: Any) -> Task:
    """A task of the world's lead unit with one partner, as issuing makes it."""
    given: dict[str, Any] = {
        "plan": world.plan,
        "measure": world.measure,
        "lead": world.lead,
        "cooperating": [world.partner],
        "due_date": date(2026, 11, 30),
        "actor": world.coordinator,
        "at": LONG_AGO,
        "action": uuid7(),
    }
    with transaction.atomic():
        return tasks.create_task(**given | changes)


def accepted(world: World, **changes: Any) -> Task:
    task = make_task(world, **changes)
    return tasks.accept(task_id=task.pk, actor=world.handler, at=NOW)


def fresh(task: Task) -> Task:
    """The task as the database has it: a protected state doesn't refresh."""
    return Task.objects.get(pk=task.pk)


def entries(task: Task) -> list[Entry]:
    found = Entry.objects.filter(organisation=task.organisation_id, subject=task.subject)
    return list(found.order_by("subject_seq"))


def newest(task: Task) -> dict[str, Any]:
    """The body of the task's newest entry, its kind and head checked against the row."""
    entry = entries(task)[-1]
    assert bytes(fresh(task).chain_head) == bytes(entry.entry_hash)
    body: dict[str, Any] = json.loads(bytes(entry.body))
    return body


def upload(name: str = "notice.pdf", content: bytes = b"%PDF-1.7\n%%EOF") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def publish_completion_route(world: World) -> None:
    """The lead unit's deputy, then the office that reviews."""
    approvals.publish_route(
        organisation=world.organisation,
        name="Completion of a task",
        subject_kind="task_completion",
        stages=[
            approvals.StageSpec(
                name="Own unit", approvers=[{"select": "post_of_lead", "role": "deputy"}]
            ),
            approvals.StageSpec(
                name="Review", approvers=[{"select": "post_of_reviewing", "role": "coordinator"}]
            ),
        ],
        actor=OPERATOR,
        at=LONG_AGO,
    )


def write(task: Task, unit: Unit, person: Person, text: str = "Four terms held.") -> Draft:
    """Save what the unit writes, over the newest revision."""
    draft = Draft.objects.filter(task=task, unit=unit).first()
    return drafts.save_draft(
        task_id=task.pk,
        unit_id=unit.pk,
        revision=draft.revision if draft else 0,
        text=text,
        percent=100,
        actor=person,
        at=NOW,
    )


def submitted(world: World, task: Task | None = None, text: str = "Four terms held.") -> Submission:
    """A report on its way: written by the lead's handler, without the silent partners."""
    task = task or accepted(world)
    draft = write(task, world.lead, world.handler, text)
    return reports.submit(
        task_id=task.pk,
        revision=draft.revision,
        without_units_reason="The partners have no part in it yet.",
        actor=world.handler,
        at=NOW,
    )


def decide(person: Person, decision: str = "approve", comment: str = "") -> approvals.Decided:
    """The person's oldest open item, as its page shows it."""
    posts = [held.post.pk for held in holdings(person, NOW)]
    item = WorkItem.objects.filter(Q(post__in=posts) | Q(person=person), state="open").earliest(
        "opened_at"
    )
    return approvals.decide(
        work_item_id=item.pk,
        actor=person,
        decision=decision,
        comment=comment,
        seen_digest=seen_digest(item),
        idempotency_key=uuid4(),
        at=NOW,
    )
