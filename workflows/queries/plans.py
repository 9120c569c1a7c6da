"""Reading plans."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from django.db.models import Exists, OuterRef

from audit import canonical
from directory.models import Unit
from workflows import flows
from workflows.models import Addressee, Amendment, Measure, Plan, Task
from workflows.parties import Part

OVER = (Task.State.CLOSED, Task.State.CANCELLED)


def content(plan: Plan, measures: Sequence[Measure]) -> bytes:
    """The canonical bytes of all that an approval of the plan is about."""
    addressees = Addressee.objects.filter(plan=plan).values_list("unit_id", flat=True)
    return canonical.encode(
        {
            "plan": plan.pk,
            "revision": plan.revision,
            "number": plan.number,
            "title": plan.title,
            "coordinator": plan.coordinator_id,
            "overseer": plan.overseer_id,
            "basis": plan.basis,
            "budget_note": plan.budget_note,
            "text": plan.text,
            "addressees": frozenset(map(str, addressees)),
            "measures": [_measure(measure) for measure in measures],
        }
    )


def _measure(measure: Measure) -> dict[str, Any]:
    return {
        "number": measure.number,
        "path": measure.path,
        "heading": measure.heading,
        "text": measure.text,
        "clause": measure.clause,
        "due_date": measure.due_date,
        "priority": measure.priority,
        "tasks": measure.parties,
    }


def parts(measure: Measure) -> list[Part]:
    """The tasks that issuing makes, or made, of a measure."""
    return [Part.from_dict(part) for part in measure.parties]


@dataclass(frozen=True)
class Obstacle:
    """Why a draft can't be put forward yet: `code` is worded in `workflows.wording`."""

    code: str
    measure: Measure | None = None
    name: str = ""


def obstacles(plan: Plan, measures: Sequence[Measure]) -> list[Obstacle]:
    """What must be settled before the plan is put forward or issued."""
    found = [] if measures else [Obstacle("no_measures")]
    named = {unit for measure in measures for unit in units_of(measure)}
    known = {
        str(pk): (name, abolished)
        for pk, name, abolished in Unit.objects.filter(
            pk__in=named, organisation=plan.organisation_id
        ).values_list("pk", "name", "abolished_at")
    }
    for measure in measures:
        for unit in units_of(measure):
            name, abolished = known.get(unit, ("", True))
            if abolished:
                found.append(Obstacle("unit_gone", measure, name))
    leads = {part.lead for measure in measures for part in parts(measure)}
    if str(plan.coordinator_id) in leads and plan.overseer_id is None:
        found.append(Obstacle("no_overseer"))
    return found


class HasParties(Protocol):
    """A measure, or what becomes of one."""

    parties: Any


def units_of(measure: HasParties) -> list[str]:
    """The ids of all units with a part, each once."""
    return list(
        dict.fromkeys(
            unit
            for part in map(Part.from_dict, measure.parties)
            for unit in (part.lead, *part.cooperating, *part.assessors)
        )
    )


def countersigning_units(plan: Plan) -> list[UUID]:
    """Whom the plan is addressed to or gives a part, but for the coordinating unit itself."""
    addressed = Addressee.objects.filter(plan=plan).values_list("unit_id", flat=True)
    working = (UUID(unit) for one in Measure.objects.filter(plan=plan) for unit in units_of(one))
    return sorted({*addressed, *working} - {plan.coordinator_id})


def ready_to_advance() -> list[UUID]:
    """Plans whose receipts are all in, or whose tasks are over for good: what the worker moves."""
    outstanding = Addressee.objects.filter(plan=OuterRef("pk"), received_at=None)
    unfinished = Task.objects.filter(plan=OuterRef("pk")).exclude(state__in=OVER)
    received = Plan.objects.filter(process__in=flows.waiting_at("receipts")).exclude(
        Exists(outstanding)
    )
    amended = Amendment.objects.filter(plan=OuterRef("pk"), state=Amendment.State.SUBMITTED)
    finished = Plan.objects.filter(process__in=flows.waiting_at("in_force")).exclude(
        Exists(unfinished) | Exists(amended)
    )
    return [*received.values_list("pk", flat=True), *finished.values_list("pk", flat=True)]
