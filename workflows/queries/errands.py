"""What the rows of the inbox say: titles and circumstances for one page of errands.

At most seven queries, however many errands: seats, questions, tasks, plans, amendments, imports,
passkeys.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce

from approvals import subjects as approved
from approvals.models import Approval, Intervention, RouteProposal, WorkItem
from approvals.subjects import Description
from audit.queries import read_openings
from directory.models import Passkey
from directory.queries import Holding
from workflows.models import (
    AmendmentVersion,
    Assignment,
    Plan,
    PlanImport,
    PlanVersion,
    Submission,
    Task,
    TaskRequest,
)
from workflows.models.amendments import AMENDMENT
from workflows.plan_subject import KINDS as ISSUING
from workflows.queries.inbox import Errand
from workflows.subjects import COMPLETION

DECIDE, ADVISE, CONFIRM = "decide", "advise", "confirm"
APPROVE_PASSKEY = "approve_passkey"
OF_TASKS = (COMPLETION, *TaskRequest.Kind.values)
"""The kinds of approvals whose subject is a task."""


@dataclass(frozen=True)
class Known:
    """All that is read about a page of errands, by id."""

    seats: dict[UUID, WorkItem] = field(default_factory=dict)
    tasks: dict[UUID, Task] = field(default_factory=dict)
    plans: dict[UUID, Plan] = field(default_factory=dict)
    imports: dict[UUID, PlanImport] = field(default_factory=dict)
    questions: dict[bytes, str | None] = field(default_factory=dict)
    """What opinions were asked about, by the commitment to it."""
    others: dict[UUID, Description] = field(default_factory=dict)
    """Whatever else is approved, as it describes itself."""
    proposed: dict[UUID, Intervention] = field(default_factory=dict)
    passkeys: dict[UUID, Passkey] = field(default_factory=dict)


def known(errands: Sequence[Errand]) -> Known:
    """What the rows of these errands need."""
    seats = {one.item for one in errands if one.kind in (DECIDE, ADVISE)}
    subjects = {one.subject for one in errands}
    found = Known(seats=_by_id(_seats(seats)) if seats else {})
    imports = {one.subject for one in errands if one.kind == "check_import"}
    plans = {one.subject for one in errands if one.kind.endswith("_plan")}
    plans |= {
        seat.approval.subject_id
        for seat in found.seats.values()
        if seat.approval.subject_kind in ISSUING.values()
    }
    proposed = _proposed(one.item for one in errands if one.kind == CONFIRM)
    others = _others(found.seats.values()) | _abouts(one.approval for one in proposed.values())
    if drafted := {one.subject for one in errands if one.kind.endswith("_amendment")}:
        others |= approved.get(AMENDMENT).describe(drafted)
    asked = [seat for seat in found.seats.values() if seat.origin == WorkItem.Origin.CONSULTED]
    passkeys = _passkeys(one.item for one in errands if one.kind == APPROVE_PASSKEY)
    people = {one.person_id for one in passkeys.values()}
    tasks = subjects - plans - imports - others.keys() - people
    return Known(
        seats=found.seats,
        others=others,
        proposed=proposed,
        passkeys=passkeys,
        questions=read_openings(asked[0].organisation_id, [one.note for one in asked])
        if asked
        else {},
        tasks=_by_id(with_lead(Task.objects.filter(pk__in=tasks))) if tasks else {},
        plans=_by_id(_plans(plans)) if plans else {},
        imports=_by_id(_imports(imports)) if imports else {},
    )


def _others(seats: Iterable[WorkItem]) -> dict[UUID, Description]:
    """What is approved besides tasks and plans."""
    known = (*OF_TASKS, *ISSUING.values())
    found = (seat.approval for seat in seats)
    return _abouts(one for one in found if one.subject_kind not in known)


def _abouts(found: Iterable[Approval]) -> dict[UUID, Description]:
    """What these approvals are about. One query a kind."""
    wanted: dict[str, set[UUID]] = {}
    for one in found:
        wanted.setdefault(one.subject_kind, set()).add(one.subject_id)
    return {
        subject: described
        for kind, ids in wanted.items()
        for subject, described in approved.get(kind).describe(ids).items()
    }


def _proposed(ids: Iterable[UUID]) -> dict[UUID, Intervention]:
    """Interventions that wait for a second administrator."""
    wanted = list(ids)
    found = Intervention.objects.filter(pk__in=wanted).select_related("approval", "proposed_by")
    return _by_id(found) if wanted else {}


def _passkeys(ids: Iterable[UUID]) -> dict[UUID, Passkey]:
    """Passkeys that wait for an administrator."""
    wanted = list(ids)
    found = Passkey.objects.filter(pk__in=wanted).select_related("person")
    return _by_id(found) if wanted else {}


def _by_id(rows: Iterable[Any]) -> dict[UUID, Any]:
    return {row.pk: row for row in rows}


def _seats(ids: set[UUID]) -> QuerySet[WorkItem]:
    """With who submitted which version, and how far the stage's electorate has come."""
    document = OuterRef("opening__round__document_id")
    siblings = (
        WorkItem.objects.seats().filter(opening=OuterRef("opening")).order_by().values("opening")
    )
    decided = siblings.filter(state=WorkItem.State.DECIDED)
    found: QuerySet[WorkItem] = (
        WorkItem.objects.filter(pk__in=ids)
        .select_related("approval", "asked_by", "opening__stage", "opening__round__submitter")
        .annotate(
            version=Coalesce(
                Subquery(Submission.objects.filter(pk=document).values("version")),
                Subquery(PlanVersion.objects.filter(pk=document).values("number")),
                Subquery(AmendmentVersion.objects.filter(pk=document).values("number")),
                Subquery(RouteProposal.objects.filter(pk=document).values("number")),
                output_field=IntegerField(),
            ),
            until=Subquery(TaskRequest.objects.filter(pk=document).values("due_date")),
            asked=Subquery(siblings.annotate(n=Count("pk")).values("n")),
            decided=Subquery(decided.annotate(n=Count("pk")).values("n")),
        )
    )
    return found


def with_lead(tasks: QuerySet[Task]) -> QuerySet[Task]:
    """Tasks with measure and plan, the lead unit, and whether their report came back."""
    lead = Assignment.objects.filter(task=OuterRef("pk"), role=Assignment.Role.LEAD, ended_at=None)
    returned = Approval.objects.filter(
        organisation=OuterRef("organisation"),
        subject_kind=COMPLETION,
        subject_id=OuterRef("pk"),
        state=Approval.State.WITH_SUBMITTER,
    )
    found: QuerySet[Task] = tasks.select_related("measure", "plan").annotate(
        lead_unit=Subquery(lead.values("unit")[:1]),
        lead_name=Subquery(lead.values("unit__name")[:1]),
        returned=Exists(returned),
    )
    return found.defer("measure__text", "measure__clause", "plan__text", "plan__basis")


def _plans(ids: set[UUID]) -> QuerySet[Plan]:
    plans: QuerySet[Plan] = Plan.objects.filter(pk__in=ids).select_related("coordinator")
    return plans.defer("text", "basis", "budget_note")


def _imports(ids: set[UUID]) -> QuerySet[PlanImport]:
    """With the plan's title, as somebody corrected it or as the document has it."""
    found: QuerySet[PlanImport] = PlanImport.objects.filter(pk__in=ids).annotate(
        title=Coalesce(KT("answers__document__title"), KT("proposal__title"))
    )
    return found.only("source_name")


def acting_for(errand: Errand, held: Sequence[Holding], person: UUID) -> Holding | None:
    """The delegated post in which alone the person may see to the errand."""
    if errand.place == person:
        return None
    fitting = [
        one
        for one in held
        if errand.place in (one.post.pk, one.unit.pk, one.acting_for and one.acting_for.pk)
    ]
    if any(one.acting_for is None for one in fitting):
        return None
    return fitting[0] if fitting else None


def left(due: date | None, today: date, days: Any) -> int | None:
    """Working days until a deadline; None without one."""
    return None if due is None else days.between(today, due)
