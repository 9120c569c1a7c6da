"""A plan from its draft to its completion. Each action locks the plan's row first, alone."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from approvals import actions as approvals
from approvals import choosing
from audit.actions import append
from audit.errors import Refused
from audit.ids import uuid7
from directory.models import Person
from directory.queries import Holding
from workflows import flows, plan_policy
from workflows.actions.authority import NotAllowed, because
from workflows.actions.tasks import create_task
from workflows.models import Addressee, Amendment, Measure, Plan, PlanVersion, Task
from workflows.models.amendments import AMENDMENT
from workflows.plan_subject import COUNTERSIGN, KIND, KINDS, participants
from workflows.queries.plan_standing import standing
from workflows.queries.plans import (
    OVER,
    content,
    countersigning_units,
    obstacles,
    parts,
    ready_to_advance,
)

WORKER = "worker"
ENDED = "plan.cancelled"


class PlanHasMovedOn(Refused):
    """The plan's step doesn't allow this."""

    sentence = _("%(reason)s Nothing was changed.")


class PlanChanged(Refused):
    """Somebody revised the draft since the page was shown; nothing is overwritten."""

    sentence = _(
        "Somebody changed this plan since you opened the page. What you typed is kept below: "
        "compare it with the plan as it is now and save again."
    )


class NotReady(Refused):
    """Something must be settled before the plan is put forward or issued."""

    status = 422
    sentence = _("%(count)d things must be settled first; the plan's page lists them.")


class TasksOpen(Refused):
    """An issued plan whose tasks are not over."""

    sentence = _("%(count)d tasks of this plan are not over. End them first, each with its reason.")


@dataclass(frozen=True)
class Warrant:
    """A locked plan, and in which capacity the actor may do what was asked."""

    plan: Plan
    actor: Person
    at: datetime
    holding: Holding
    step: str

    def move(
        self, document: flows.Document | None = None, *, countersigned: bool = False
    ) -> flows.Step:
        return flows.Step(self.plan, self.actor, self.at, document, countersigned)

    def record(
        self, kind: str, facts: Mapping[str, Any], *changed: str, action: UUID | None = None
    ) -> None:
        """Save the plan's changed fields and write the ledger entry: an action's last write."""
        append(
            self.plan,
            kind=kind,
            actor=self.actor,
            at=self.at,
            facts=facts,
            action=action,
            capacity=self.holding.capacity,
            acting_for=self.holding.acting_for,
            changed=changed,
        )


def warrant(
    action: str, *, plan_id: UUID, actor: Person, at: datetime, unit_id: UUID | None = None
) -> Warrant:
    """Lock the plan and ask the policy. Raises Plan.DoesNotExist, NotAllowed, PlanHasMovedOn."""
    mine = Plan.objects.filter(organisation=actor.organisation_id)
    plan = mine.select_for_update(no_key=True).get(pk=plan_id)
    facts = standing(plan, actor, at, unit_id)
    verdict = plan_policy.can(actor, action, facts)
    if not verdict or verdict.holding is None:
        refusal = PlanHasMovedOn if verdict.state else NotAllowed
        raise refusal(reason=verdict.reason)
    return Warrant(plan, actor, at, verdict.holding, facts.step)


# Approval


@transaction.atomic(durable=True)
def submit_for_issue(
    *,
    plan_id: UUID,
    revision: int,
    chosen: Sequence[str] = (),
    countersigners: Sequence[str] = (),
    actor: Person,
    at: datetime,
) -> Plan:
    """Put the plan forward: freeze its text and have it countersigned, then its issuing approved.

    Countersigning is passed over where no route for it is in force, or no other unit is concerned.
    `chosen` are those who are to sign for the issuing, `countersigners` those before, where the
    routes let choose.
    Raises NotAllowed, PlanHasMovedOn, PlanChanged, NotReady, NoRoute, ChooseSigners, NotOffered.
    """
    allowed = warrant("submit", plan_id=plan_id, actor=actor, at=at)
    plan = allowed.plan
    if plan.revision != revision:
        raise PlanChanged
    measures = list(Measure.objects.filter(plan=plan))
    if found := obstacles(plan, measures):
        raise NotReady(count=len(found))
    version = _freeze(plan, measures, actor, at)
    skipped = _why_not_countersigned(plan)
    plan.chosen, plan.countersigners = list(chosen), list(countersigners)
    choosing.refuse_unsettled(KIND, plan.pk, plan.organisation_id, participants(plan, actor.pk), at)
    context = participants(plan, actor.pk, countersigned=not skipped)
    document = flows.Document(version.pk, bytes(version.digest), context)
    step = allowed.move(document, countersigned=not skipped)
    flows.move(step, allowed.step)
    facts = {"revision": plan.revision, "digest": bytes(version.digest), **step.facts}
    if skipped:
        facts["skipped_step"] = {"step": "countersign", "reason": skipped}
    allowed.record("plan.approval_opened", facts, "chosen", "countersigners")
    return plan


@transaction.atomic(durable=True)
def choose_signers(
    *,
    plan_id: UUID,
    revision: int,
    chosen: Sequence[str],
    countersigners: Sequence[str],
    actor: Person,
    at: datetime,
) -> Plan:
    """Keep with the draft who is to sign. No record before it is put forward: no ledger entry.

    Raises NotAllowed, PlanHasMovedOn, PlanChanged.
    """
    plan = warrant("submit", plan_id=plan_id, actor=actor, at=at).plan
    if plan.revision != revision:
        raise PlanChanged
    plan.chosen, plan.countersigners = list(chosen), list(countersigners)
    plan.save(update_fields=["chosen", "countersigners"])
    return plan


def _why_not_countersigned(plan: Plan) -> str:
    """Why the step is passed over, as a code; nothing if it isn't.

    A plan to be countersigned needs the route of its issuing, too: else its last countersigner
    would be refused. Raises NoRoute.
    """
    approvals.version_in_force(plan.organisation_id, KIND)
    try:
        approvals.version_in_force(plan.organisation_id, COUNTERSIGN)
    except approvals.NoRoute:
        return "no_route"
    return "" if countersigning_units(plan) else "no_unit"


def _freeze(plan: Plan, measures: list[Measure], actor: Person, at: datetime) -> PlanVersion:
    """The version of this revision; one that was taken back unchanged is put forward again."""
    kept = PlanVersion.objects.filter(pk=plan.document_id).first()
    if kept:
        return kept
    frozen = content(plan, measures)
    version = PlanVersion(
        id=plan.document_id,
        organisation_id=plan.organisation_id,
        plan=plan,
        number=plan.revision,
        content=frozen,
        digest=hashlib.sha256(frozen).digest(),
        submitter=actor,
        at=at,
    )
    version.save(force_insert=True)
    return version


@transaction.atomic(durable=True)
def withdraw_plan(*, plan_id: UUID, actor: Person, at: datetime) -> Plan:
    """Take the plan back before anybody has decided on it.

    Raises NotAllowed, PlanHasMovedOn, AlreadyDecided.
    """
    allowed = warrant("withdraw", plan_id=plan_id, actor=actor, at=at)
    kind = KINDS[allowed.step]
    facts = approvals.withdraw(kind=kind, subject_id=plan_id, actor=actor, at=at)
    step = allowed.move()
    flows.move(step, allowed.step, outcome="withdrawn")
    allowed.record("plan.withdrawn", {**facts, **step.facts})
    return allowed.plan


# Issuing and what follows


@transaction.atomic(durable=True)
def issue(*, plan_id: UUID, actor: Person, at: datetime) -> Plan:
    """印发: make the tasks with their assignments, and ask the addressees for their receipts.

    Raises NotAllowed, PlanHasMovedOn, NotReady.
    """
    allowed = warrant("issue", plan_id=plan_id, actor=actor, at=at)
    plan = allowed.plan
    measures = list(Measure.objects.filter(plan=plan))
    if found := obstacles(plan, measures):
        raise NotReady(count=len(found))
    action = uuid7()
    plan.issued_at = at
    tasks = sum(_make_tasks(plan, measure, actor, at, action) for measure in measures)
    step = allowed.move()
    flows.move(step, "issue")
    facts = {
        "revision": plan.revision,
        "tasks": tasks,
        "addressees": Addressee.objects.filter(plan=plan).count(),
        **step.facts,
    }
    allowed.record("plan.issued", facts, "issued_at", action=action)
    return plan


def _make_tasks(plan: Plan, measure: Measure, actor: Person, at: datetime, action: UUID) -> int:
    made = parts(measure)
    for part in made:
        create_task(
            plan=plan,
            measure=measure,
            lead=UUID(part.lead),
            cooperating=map(UUID, part.cooperating),
            assessors=map(UUID, part.assessors),
            made_for=UUID(part.made_for) if part.made_for else None,
            due_date=measure.due_date,
            priority=measure.priority,
            actor=actor,
            at=at,
            action=action,
        )
    return len(made)


@transaction.atomic(durable=True)
def receive_plan(
    *, plan_id: UUID, actor: Person, at: datetime, unit_id: UUID | None = None
) -> Addressee:
    """签收: an addressee confirms that the plan has arrived. Raises NotAllowed, PlanHasMovedOn."""
    allowed = warrant("receive", plan_id=plan_id, actor=actor, at=at, unit_id=unit_id)
    addressee = Addressee.objects.get(plan=allowed.plan, unit=allowed.holding.unit)
    addressee.received_at, addressee.received_by = at, actor
    addressee.save(update_fields=["received_at", "received_by"])
    allowed.record("plan.received", {"unit": addressee.unit_id})
    return addressee


@transaction.atomic(durable=True)
def advance_plan(*, plan_id: UUID, at: datetime) -> bool:
    """Recount a plan's receipts or closed tasks under its lock, and move it on by one step.

    The worker's: task actions never lock a plan. Tells whether the plan moved.
    """
    plan = Plan.objects.select_for_update(no_key=True).get(pk=plan_id)
    step, before = flows.Step(plan, WORKER, at), flows.where(plan)
    changed: list[str] = []
    if before == "receipts":
        if Addressee.objects.filter(plan=plan, received_at=None).exists():
            return False
        kind = "plan.in_force"
    elif before == "in_force":
        if Task.objects.filter(plan=plan).exclude(state__in=OVER).exists():
            return False
        if Amendment.objects.filter(plan=plan, state=Amendment.State.SUBMITTED).exists():
            return False
        kind, plan.completed_at, changed = "plan.completed", at, ["completed_at"]
    else:
        return False
    flows.move(step, before)
    append(plan, kind=kind, actor=WORKER, at=at, facts=step.facts, changed=changed)
    return True


def advance_plans(*, at: datetime) -> int:
    """A step of the worker: move on every plan that is ready; how many moved."""
    return sum(advance_plan(plan_id=plan_id, at=at) for plan_id in ready_to_advance())


@transaction.atomic(durable=True)
def cancel_plan(*, plan_id: UUID, reason: str, actor: Person, at: datetime) -> Plan:
    """End a plan that won't be carried out. Its number becomes free again.

    Raises NotAllowed, PlanHasMovedOn, ReasonMissing, TasksOpen.
    """
    allowed = warrant("cancel", plan_id=plan_id, actor=actor, at=at)
    end_early(allowed, reason)
    return allowed.plan


def end_early(allowed: Warrant, reason: str, action: UUID | None = None) -> None:
    """`cancel_plan` within another action that has locked the plan and asked the policy."""
    plan, why = allowed.plan, because(reason)
    if count := Task.objects.filter(plan=plan).exclude(state__in=OVER).count():
        raise TasksOpen(count=count)
    amendments = _abandon_amendments(plan)
    subjects = [(COUNTERSIGN, plan.pk), (KIND, plan.pk)]
    subjects += [(AMENDMENT, one.pk) for one in amendments]
    ended = [
        facts
        for kind, subject in subjects
        if (facts := approvals.cancel(kind=kind, subject_id=subject, reason=ENDED, at=allowed.at))
    ]
    step = allowed.move()
    flows.cancel(step)
    plan.cancelled_at = allowed.at
    facts = {"reason": why, **step.facts}
    if ended:
        facts |= {**ended[0], "also": ended[1:]}
    if amendments:
        facts["amendments"] = [one.told() for one in amendments]
    allowed.record(ENDED, facts, "cancelled_at", action=action)


def _abandon_amendments(plan: Plan) -> list[Amendment]:
    """What was still to be amended ends with the plan."""
    unfinished = (Amendment.State.DRAFT, Amendment.State.SUBMITTED)
    found = list(Amendment.objects.filter(plan=plan, state__in=unfinished))
    for one in found:
        one.state = Amendment.State.ABANDONED
        one.save(update_fields=["state"])
    return found
