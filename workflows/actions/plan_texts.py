"""Revising a plan's text while it is a draft."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.errors import Refused
from directory.actions.authority import translated
from directory.models import Person, Unit
from workflows.actions.plans import PlanChanged, warrant
from workflows.models import Addressee, Measure, Plan, Priority
from workflows.parties import Parties


class NumberTaken(Refused):
    """Two plans with one document number."""

    status = 422
    sentence = _("There is a plan with the number %(number)s already.")


class UnitUnknown(Refused):
    """A unit that doesn't exist, or no longer, or in another organisation."""

    status = 422
    sentence = _("Choose units of your organisation that still exist.")


class TitleMissing(Refused):
    """A plan or a measure without a title."""

    status = 422
    sentence = _("Give a title.")


@dataclass(frozen=True)
class MeasureText:
    """A measure as revised."""

    heading: str
    due_date: date | None
    parties: Parties
    priority: str = Priority.NORMAL


@dataclass(frozen=True)
class PlanText:
    """What of a plan was revised; None leaves a field as it is."""

    title: str | None = None
    number: str | None = None
    basis: str | None = None
    budget_note: str | None = None
    overseer: UUID | None = None
    addressees: Collection[UUID] | None = None
    measures: Mapping[UUID, MeasureText] = field(default_factory=dict)


@transaction.atomic(durable=True)
def revise_plan(
    *, plan_id: UUID, revision: int, text: PlanText, actor: Person, at: datetime
) -> Plan:
    """Change a draft; `revision` is the one that was shown.

    Raises NotAllowed, PlanHasMovedOn, PlanChanged, TitleMissing, UnitUnknown, NumberTaken.
    """
    allowed = warrant("revise", plan_id=plan_id, actor=actor, at=at)
    plan = allowed.plan
    if plan.revision != revision:
        raise PlanChanged
    changed = _revise_head(plan, text)
    if text.addressees is not None:
        address(plan, text.addressees)
        changed.append("addressees")
    revised = [
        _revise_measure(plan, measure_id, measure).number
        for measure_id, measure in text.measures.items()
    ]
    plan.revision += 1
    plan.authors = sorted({*plan.authors, actor.pk})
    facts = {"revision": plan.revision, "changed": changed, "measures": revised}
    fields = {"title", "number", "basis", "budget_note", "overseer"} & set(changed)
    with translated({"plan_one_per_number": NumberTaken(number=plan.number)}):
        allowed.record("plan.revised", facts, *sorted(fields), "revision", "authors")
    return plan


def _revise_head(plan: Plan, text: PlanText) -> list[str]:
    if text.title is not None and not text.title.strip():
        raise TitleMissing
    if text.overseer is not None:
        refuse_unknown(plan, [text.overseer])
    given = {
        "title": text.title and text.title.strip(),
        "number": text.number and text.number.strip(),
        "basis": text.basis,
        "budget_note": text.budget_note,
        "overseer_id": text.overseer,
    }
    changed = []
    for name, value in given.items():
        if value is not None and value != getattr(plan, name):
            setattr(plan, name, value)
            changed.append(name.removesuffix("_id"))
    return changed


def _revise_measure(plan: Plan, measure_id: UUID, text: MeasureText) -> Measure:
    measure = Measure.objects.get(plan=plan, pk=measure_id)
    if not text.heading.strip():
        raise TitleMissing
    refuse_unknown(plan, map(UUID, text.parties.units))
    measure.heading = text.heading.strip()
    measure.due_date = text.due_date
    measure.priority = text.priority
    measure.parties = [part.to_dict() for part in text.parties.tasks()]
    measure.save(update_fields=["heading", "due_date", "priority", "parties"])
    return measure


def refuse_unknown(plan: Plan, units: Iterable[UUID]) -> None:
    """Raises UnitUnknown unless every unit exists in the plan's organisation."""
    wanted = set(units)
    known = Unit.objects.filter(
        pk__in=wanted, organisation=plan.organisation_id, abolished_at=None
    ).count()
    if known != len(wanted):
        raise UnitUnknown


def address(plan: Plan, units: Collection[UUID]) -> None:
    """Make these units the addressees of a draft. Raises UnitUnknown."""
    refuse_unknown(plan, units)
    present = set(Addressee.objects.filter(plan=plan).values_list("unit_id", flat=True))
    Addressee.objects.filter(plan=plan, unit__in=present - set(units)).delete()
    Addressee.objects.bulk_create(
        Addressee(organisation_id=plan.organisation_id, plan=plan, unit_id=unit)
        for unit in units
        if unit not in present
    )
