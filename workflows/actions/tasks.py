"""A task from its making to its end. Reports are in `reports`, decisions in the approval engine."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from approvals import actions as approvals
from audit.actions import prepare
from audit.errors import Refused
from directory.models import Appointment, Person, Unit
from directory.queries import in_force
from workflows.actions.authority import Warrant, because, moved, warrant
from workflows.actions.requests import end_requests
from workflows.models import Assignment, Measure, Plan, Priority, Task
from workflows.policy import EXTENSION, MAY_BE_NAMED, REOPENING
from workflows.subjects import COMPLETION

Role = Assignment.Role


class NotOfThisUnit(Refused):
    """Somebody was named who has no post in the unit."""

    status = 422
    sentence = _("Name people who hold a post in %(unit)s.")


class UnitsDoNotFit(Refused):
    """A unit named twice, abolished, or of another organisation."""

    status = 422
    sentence = _("Name one lead unit, and every other unit once. All of them must still exist.")


class UnknownOutcome(Refused):
    """An outcome that is none of the three."""

    status = 422
    sentence = _("Choose an outcome: verified, not achieved or superseded.")


class UnknownPriority(Refused):
    """A priority that is none of the three."""

    status = 422
    sentence = _("Choose a priority: high, normal or low.")


def create_task(
    *,
    plan: Plan,
    measure: Measure,
    lead: Unit | UUID,
    cooperating: Iterable[Unit | UUID] = (),
    assessors: Iterable[Unit | UUID] = (),
    made_for: Unit | UUID | None = None,
    due_date: date | None = None,
    priority: str = Priority.NORMAL,
    measure_revision: int = 1,
    title: str = "",
    actor: Person | str,
    at: datetime,
    action: UUID,
) -> Task:
    """Make a task with its assignments and first ledger entry, within an issuing action.

    The issuing action has checked that units belong to the plan's organisation and differ, has
    locked the plan, and gives its `action` id. `title` defaults to the measure's heading.
    """
    task = Task(
        organisation_id=plan.organisation_id,
        plan=plan,
        measure=measure,
        made_for_id=_id(made_for) if made_for else None,
        title=title or measure.heading,
        due_date=due_date,
        priority=priority,
        measure_revision=measure_revision,
        created_at=at,
    )
    parts = _parts(task, _id(lead), map(_id, cooperating), map(_id, assessors), at)
    prepared = prepare(
        task,
        kind="task.created",
        actor=actor,
        at=at,
        action=action,
        facts={
            "state": {"from": None, "to": task.state},
            "plan": plan.pk,
            "measure": measure.pk,
            "made_for": task.made_for_id,
            "due_date": due_date,
            "priority": priority,
            "measure_revision": measure_revision,
            "title": task.title,
            "parts": _named(parts),
        },
    )
    task.save(force_insert=True)
    Assignment.objects.bulk_create(parts)
    prepared.entry.save(force_insert=True)
    return task


def _id(unit: Unit | UUID) -> UUID:
    return unit.pk if isinstance(unit, Unit) else unit


def _parts(
    task: Task, lead: UUID, cooperating: Iterable[UUID], assessors: Iterable[UUID], at: datetime
) -> list[Assignment]:
    roles = [(lead, Role.LEAD)]
    roles += [(unit, Role.COOPERATING) for unit in cooperating]
    roles += [(unit, Role.ASSESSOR) for unit in assessors]
    return [
        Assignment(
            organisation_id=task.organisation_id, task=task, unit_id=unit, role=role, assigned_at=at
        )
        for unit, role in roles
    ]


def _named(parts: Sequence[Assignment]) -> dict[str, list[UUID]]:
    """Units by role, as the ledger keeps them."""
    return {
        role: [part.unit_id for part in parts if part.role == role]
        for role in Role.values
        if any(part.role == role for part in parts)
    }


# A unit's part


@transaction.atomic(durable=True)
def accept(
    *,
    task_id: UUID,
    actor: Person,
    at: datetime,
    handler_id: UUID | None = None,
    deputy_id: UUID | None = None,
) -> Task:
    """签收: the lead unit takes the task on and names who handles it and which deputy is in charge.

    Raises NotAllowed, WrongState, NotOfThisUnit.
    """
    allowed = warrant("accept", task_id=task_id, actor=actor, at=at)
    part = _part_of(allowed)
    _receive(part, allowed, handler_id, deputy_id)
    state = moved(allowed.task, allowed.task.accept)
    allowed.record("task.accepted", {"state": state} | _receipt(part), "state")
    return allowed.task


@transaction.atomic(durable=True)
def receive(
    *,
    task_id: UUID,
    unit_id: UUID,
    actor: Person,
    at: datetime,
    handler_id: UUID | None = None,
    deputy_id: UUID | None = None,
) -> Task:
    """A cooperating unit's receipt; the work doesn't wait for it. A second one changes nothing.

    Raises NotAllowed, WrongState, NotOfThisUnit.
    """
    allowed = warrant("receive", task_id=task_id, actor=actor, at=at, unit_id=unit_id)
    part = _part_of(allowed)
    if part.received_at is None:
        _receive(part, allowed, handler_id, deputy_id)
        allowed.record("task.received", _receipt(part))
    return allowed.task


@transaction.atomic(durable=True)
def name_handlers(
    *,
    task_id: UUID,
    unit_id: UUID,
    handler_id: UUID | None,
    deputy_id: UUID | None,
    actor: Person,
    at: datetime,
) -> Task:
    """A unit names its handler and its deputy in charge for this very task, or nobody.

    Raises NotAllowed, WrongState, NotOfThisUnit.
    """
    allowed = warrant("name_handlers", task_id=task_id, actor=actor, at=at, unit_id=unit_id)
    part = _part_of(allowed)
    _name(part, handler_id, deputy_id, at)
    part.save(update_fields=["handler", "deputy"])
    allowed.record("task.handlers_named", _receipt(part))
    return allowed.task


@transaction.atomic(durable=True)
def decline(*, task_id: UUID, actor: Person, at: datetime, reason: str) -> Task:
    """The lead unit says why the task isn't its own; the coordinator reassigns it or insists.

    Raises NotAllowed, WrongState, ReasonMissing.
    """
    allowed = warrant("decline", task_id=task_id, actor=actor, at=at)
    why = because(reason)
    part = _part_of(allowed)
    part.declined_at = at
    part.save(update_fields=["declined_at"])
    facts = {"state": moved(allowed.task, allowed.task.decline), "unit": part.unit_id}
    allowed.record("task.declined", facts | {"reason": why}, "state")
    return allowed.task


@transaction.atomic(durable=True)
def insist(*, task_id: UUID, actor: Person, at: datetime, reason: str) -> Task:
    """The coordinator answers a decline: the task stays where it is.

    Raises NotAllowed, WrongState, ReasonMissing.
    """
    allowed = warrant("insist", task_id=task_id, actor=actor, at=at)
    why = because(reason)
    Assignment.objects.filter(task=allowed.task, ended_at=None).update(declined_at=None)
    allowed.record("task.insisted", {"reason": why})
    return allowed.task


def _part_of(allowed: Warrant) -> Assignment:
    """The part of the unit for which the actor acts."""
    parts = Assignment.objects.filter(task=allowed.task, ended_at=None).select_related("unit")
    return parts.get(unit=allowed.holding.unit)


def _receive(
    part: Assignment, allowed: Warrant, handler_id: UUID | None, deputy_id: UUID | None
) -> None:
    _name(part, handler_id, deputy_id, allowed.at)
    part.received_at, part.received_by, part.declined_at = allowed.at, allowed.actor, None
    part.save(update_fields=["handler", "deputy", "received_at", "received_by", "declined_at"])


def _name(part: Assignment, handler_id: UUID | None, deputy_id: UUID | None, at: datetime) -> None:
    named = {person for person in (handler_id, deputy_id) if person is not None}
    members = Appointment.objects.filter(
        in_force(at),
        person__in=named,
        person__is_active=True,
        post__unit=part.unit_id,
        post__role__in=MAY_BE_NAMED,
        post__abolished_at=None,
    )
    if named and set(members.values_list("person", flat=True)) != named:
        raise NotOfThisUnit(unit=part.unit.name)
    part.handler_id, part.deputy_id = handler_id, deputy_id


def _receipt(part: Assignment) -> dict[str, object]:
    return {
        "unit": part.unit_id,
        "role": part.role,
        "handler": part.handler_id,
        "deputy": part.deputy_id,
    }


# The coordinator's side


@transaction.atomic(durable=True)
def close(*, task_id: UUID, actor: Person, at: datetime, outcome: str, comment: str = "") -> Task:
    """办结: end a reviewed task with an outcome. Nobody closes what they wrote or sent.

    An extension that is still asked for ends with it.

    Raises NotAllowed, WrongState, UnknownOutcome, and ReasonMissing where it wasn't achieved.
    """
    allowed = warrant("close", task_id=task_id, actor=actor, at=at)
    if outcome not in Task.Outcome.values:
        raise UnknownOutcome
    end_requests(allowed, "task.closed", EXTENSION)
    task = allowed.task
    note = because(comment) if comment or outcome != Task.Outcome.VERIFIED else None
    facts = {"state": moved(task, task.close), "outcome": outcome, "comment": note}
    task.outcome, task.closed_at = outcome, at
    allowed.record("task.closed", facts, "state", "outcome", "closed_at")
    return task


@transaction.atomic(durable=True)
def reopen(*, task_id: UUID, actor: Person, at: datetime, reason: str) -> Task:
    """A new round of a reviewed or closed task; nothing of the old one is erased.

    Where a route says who decides on reopening, it is asked for instead (`requests`).
    Raises NotAllowed, WrongState, ReasonMissing.
    """
    allowed = warrant("reopen", task_id=task_id, actor=actor, at=at)
    task = allowed.task
    facts = {"reason": because(reason), "outcome": task.outcome or None}
    state = moved(task, task.reopen)
    task.outcome, task.closed_at = "", None
    allowed.record("task.reopened", facts | {"state": state}, "state", "outcome", "closed_at")
    return task


@transaction.atomic(durable=True)
def reassign(
    *,
    task_id: UUID,
    lead_id: UUID,
    cooperating_ids: Collection[UUID],
    assessor_ids: Collection[UUID] = (),
    reason: str,
    actor: Person,
    at: datetime,
) -> Task:
    """Give the task to other units; the lead accepts it anew. Who keeps a part keeps its receipt.

    Raises NotAllowed, WrongState, ReasonMissing, UnitsDoNotFit.
    """
    allowed = warrant("reassign", task_id=task_id, actor=actor, at=at)
    why = because(reason)
    _check_units(allowed.task, [lead_id, *cooperating_ids, *assessor_ids])
    end_requests(allowed, "task.reassigned", EXTENSION)
    parts = give(allowed.task, lead_id, cooperating_ids, assessor_ids, at=at)
    facts = {"state": moved(allowed.task, allowed.task.reassign), "parts": parts}
    allowed.record("task.reassigned", facts | {"reason": why}, "state")
    return allowed.task


def give(
    task: Task,
    lead: UUID,
    cooperating: Iterable[UUID],
    assessors: Iterable[UUID],
    *,
    at: datetime,
) -> dict[str, list[UUID]]:
    """Make these units' parts the present ones of a locked task; the parts for its entry.

    Whoever cooperates or assesses as before keeps their part, the lead has to accept it anew.
    """
    wanted = _parts(task, lead, cooperating, assessors, at)
    parts = {(part.unit_id, part.role) for part in wanted if part.role != Role.LEAD}
    current = Assignment.objects.filter(task=task, ended_at=None)
    kept = {(part.unit_id, part.role) for part in current} & parts
    ended = [part.pk for part in current if (part.unit_id, part.role) not in kept]
    Assignment.objects.filter(pk__in=ended).update(ended_at=at)
    new = [part for part in wanted if (part.unit_id, part.role) not in kept]
    Assignment.objects.bulk_create(new)
    return _named(wanted)


def _check_units(task: Task, units: Sequence[UUID]) -> None:
    there = Unit.objects.filter(pk__in=units, organisation=task.organisation_id, abolished_at=None)
    if len(set(units)) != len(units) or there.count() != len(units):
        raise UnitsDoNotFit


@transaction.atomic(durable=True)
def cancel(*, task_id: UUID, actor: Person, at: datetime, reason: str) -> Task:
    """End the task without a result; an approval under way ends with it, its items closed.

    Raises NotAllowed, WrongState, ReasonMissing.
    """
    allowed = warrant("cancel", task_id=task_id, actor=actor, at=at)
    why = because(reason)
    end_requests(allowed, "task.cancelled", EXTENSION, REOPENING)
    task = allowed.task
    ended = approvals.cancel(kind=COMPLETION, subject_id=task.pk, reason="task.cancelled", at=at)
    facts = ended | {"state": moved(task, task.cancel), "reason": why}
    allowed.record("task.cancelled", facts, "state")
    return task


@transaction.atomic(durable=True)
def set_due_date(
    *, task_id: UUID, due_date: date | None, reason: str, actor: Person, at: datetime
) -> Task:
    """Give the task another deadline, or none; an extension that is asked for ends with it.

    Raises NotAllowed, WrongState, ReasonMissing.
    """
    allowed = warrant("set_due_date", task_id=task_id, actor=actor, at=at)
    why = because(reason)
    end_requests(allowed, "task.due_date_set", EXTENSION)
    facts = {"from": allowed.task.due_date, "to": due_date}
    allowed.task.due_date = due_date
    allowed.record("task.due_date_set", {"due_date": facts, "reason": why}, "due_date")
    return allowed.task


@transaction.atomic(durable=True)
def set_priority(*, task_id: UUID, priority: str, reason: str, actor: Person, at: datetime) -> Task:
    """Say how urgent the task is. Stages of a route may ask for it from the next report on.

    Raises NotAllowed, WrongState, UnknownPriority, ReasonMissing.
    """
    allowed = warrant("set_priority", task_id=task_id, actor=actor, at=at)
    if priority not in Priority.values:
        raise UnknownPriority
    facts = {"from": allowed.task.priority, "to": priority}
    allowed.task.priority = priority
    allowed.record("task.priority_set", {"priority": facts, "reason": because(reason)}, "priority")
    return allowed.task
