"""Where a person stands towards a task: what the policy decides on."""

from datetime import datetime
from uuid import UUID

from approvals.models import Approval, RouteVersion, SignOff
from directory.models import Person
from directory.queries import holdings
from workflows.models import Assignment, Plan, Submission, Task, TaskRequest
from workflows.policy import MAY_BE_NAMED, Facts, Part, Pending


def standing(task: Task, person: Person, at: datetime, unit: UUID | None = None) -> Facts:
    """The facts about `person` and `task` at a time, read afresh. At most ten queries.

    `unit` narrows them to one unit's part, where the person may act for several.
    """
    plan = Plan.objects.only("coordinator", "overseer").get(pk=task.plan_id)
    newest = Submission.objects.filter(task=task).order_by("-version").first()
    return Facts(
        state=task.state,
        available={one.name for one in task.get_available_state_transitions()},
        holdings=holdings(person, at),
        parts=parts(task),
        coordinator=plan.coordinator_id,
        overseer=plan.overseer_id,
        submitter=newest.submitter_id if newest else None,
        authors=frozenset(newest.authors) if newest else frozenset(),
        decided=task.state == Task.State.SUBMITTED and newest is not None and _decided(newest),
        unit=unit,
        routed=_routed(task),
        pending=pending(task),
    )


def _routed(task: Task) -> frozenset[str]:
    """For which kinds of requests a route is in force."""
    found = RouteVersion.objects.filter(
        organisation=task.organisation_id,
        route__subject_kind__in=TaskRequest.Kind.values,
        published_at__isnull=False,
    )
    return frozenset(found.order_by().values_list("route__subject_kind", flat=True))


def pending(task: Task) -> dict[str, Pending]:
    """The task's requests that have not ended. One query where there is none."""
    unfinished = Approval.objects.filter(
        organisation=task.organisation_id,
        subject_kind__in=TaskRequest.Kind.values,
        subject_id=task.pk,
        state__in=[Approval.State.OPEN, Approval.State.WITH_SUBMITTER],
    )
    found = {}
    for one in unfinished.prefetch_related("rounds"):
        rounds = list(one.rounds.all())
        found[one.subject_kind] = Pending(
            asker=rounds[-1].submitter_id,
            askers=frozenset(round_.submitter_id for round_ in rounds),
            returned=one.state == Approval.State.WITH_SUBMITTER,
            decided=SignOff.objects.filter(work_item__opening__round=rounds[-1]).exists(),
        )
    return found


def parts(task: Task) -> list[Part]:
    """The parts that units have in the task now."""
    return [
        Part(
            unit=one.unit_id,
            role=one.role,
            named=frozenset(who for who in (one.handler_id, one.deputy_id) if who),
            received=one.received_at is not None,
            declined=one.declined_at is not None,
        )
        for one in Assignment.objects.filter(task=task, ended_at=None)
    ]


def _decided(submission: Submission) -> bool:
    return SignOff.objects.filter(
        approval__subject_kind="task_completion",
        approval__subject_id=submission.task_id,
        work_item__opening__round__document_id=submission.pk,
    ).exists()


def works_for(person: Person, unit_id: UUID, at: datetime) -> bool:
    """Whether the person holds, or stands in for, a post that writes for the unit."""
    return any(
        held.unit.pk == unit_id and held.role in MAY_BE_NAMED for held in holdings(person, at)
    )
