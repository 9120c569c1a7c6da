"""Reading amendments: what each would change, what stands in the way, what a measure once said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from approvals.choosing import Choice, by_stage, choices
from approvals.queries import Progress, current
from approvals.subjects import Context
from audit import canonical
from audit.templatetags.ui import day_long
from directory.models import Person, Unit
from directory.queries import Holding
from workflows import plan_policy
from workflows.models import (
    Amendment,
    AmendmentItem,
    Measure,
    MeasureRevision,
    Plan,
    Priority,
)
from workflows.models.amendments import AMENDMENT
from workflows.parties import Part, Parties
from workflows.queries.import_page import Tag, tags
from workflows.queries.plan_standing import standing
from workflows.queries.plans import units_of

Kind = AmendmentItem.Kind
MOST = 80
"""Things an amendment does: the one ledger entry that puts it in force names each of them."""


def content(amendment: Amendment, items: Sequence[AmendmentItem]) -> bytes:
    """The canonical bytes of all that an approval of the amendment is about."""
    return canonical.encode(
        {
            "plan": amendment.plan_id,
            "amendment": amendment.pk,
            "revision": amendment.revision,
            "title": amendment.title,
            "document_number": amendment.document_number,
            "reason": amendment.reason,
            "items": [_item(item) for item in items],
        }
    )


def _item(item: AmendmentItem) -> dict[str, Any]:
    return {
        "kind": item.kind,
        "measure": item.measure_id,
        "of_revision": item.of_revision,
        "number": item.number,
        "heading": item.heading,
        "text": item.text,
        "clause": item.clause,
        "due_date": item.due_date,
        "priority": item.priority,
        "tasks": item.parties,
        "reason": item.reason,
    }


def units_concerned(amendment: Amendment) -> list[UUID]:
    """The units of all its measures, as they are and as they will be, but for the coordinator."""
    found: set[UUID] = set()
    for item in amendment.items.select_related("measure"):
        if item.kind != Kind.END:
            found |= {UUID(unit) for unit in units_of(item)}
        if item.measure:
            found |= {UUID(unit) for unit in units_of(item.measure)}
    return sorted(found - {amendment.plan.coordinator_id})


def obstacles(amendment: Amendment, items: Sequence[AmendmentItem]) -> list[str]:
    """Sentences: what must be settled before the amendment is put forward."""
    found = [] if items else [_("The amendment changes nothing yet: say what it does.")]
    if len(items) > MOST:
        found.append(
            _("An amendment does at most %(most)d things: divide it into several.") % {"most": MOST}
        )
    named = {unit for item in items if item.kind != Kind.END for unit in units_of(item)}
    there = Unit.objects.filter(pk__in=named, abolished_at=None).values_list("pk", flat=True)
    gone = named - {str(pk) for pk in there}
    for item in items:
        where = f"{item.number} {item.heading}".strip()
        if item.kind != Kind.END and gone.intersection(units_of(item)):
            found.append(_("%(item)s names a unit that doesn't exist any more.") % {"item": where})
        if item.measure and item.measure.ended_by_id:
            found.append(_("%(item)s has been ended meanwhile: take it out.") % {"item": where})
        elif item.measure and item.measure.revision != item.of_revision:
            found.append(
                _("%(item)s has been amended meanwhile: look at it and save it again.")
                % {"item": where}
            )
        if item.kind == Kind.CHANGE and item.measure and not changes(item):
            found.append(_("%(item)s stays as it is: change it, or take it out.") % {"item": where})
    leads = {part["lead"] for item in items if item.kind != Kind.END for part in item.parties}
    if str(amendment.plan.coordinator_id) in leads and amendment.plan.overseer_id is None:
        found.append(
            _("Your own unit would lead a task, but the plan names no other office to review it.")
        )
    return found


Text = AmendmentItem | Measure | MeasureRevision


def changes(item: AmendmentItem) -> list[str]:
    """The fields that the item changes in its measure as it stands."""
    measure = item.measure
    if measure is None:
        return []
    names = ("heading", "text", "due_date", "priority", "parties")
    return [name for name in names if getattr(item, name) != getattr(measure, name)]


@dataclass(frozen=True)
class Difference:
    """A field before and after, in words; `long` where words are to be compared one by one."""

    name: str
    before: str
    after: str
    long: bool = False


@dataclass(frozen=True)
class Shown:
    """An item as a page shows it; `before` is the text of a measure that it ends."""

    item: AmendmentItem
    tags: list[Tag]
    differences: list[Difference]
    measure: Measure | None
    before: str = ""

    @property
    def is_new(self) -> bool:
        return self.item.kind == Kind.ADD

    @property
    def is_end(self) -> bool:
        return self.item.kind == Kind.END


def shown(amendment: Amendment) -> list[Shown]:
    """The items with their differences: against the measures, or what these were until then."""
    items = list(amendment.items.select_related("measure"))
    kept = MeasureRevision.objects.filter(amendment=amendment)
    before: dict[UUID | None, MeasureRevision] = {one.measure_id: one for one in kept}
    every: list[Text] = [*items, *kept, *(item.measure for item in items if item.measure)]
    names = _names(amendment.organisation_id, every)
    return [_shown(item, before.get(item.measure_id) or item.measure, names) for item in items]


def _shown(item: AmendmentItem, before: Text | None, names: Mapping[str, str]) -> Shown:
    found = [Part.from_dict(part) for part in item.parties]
    differences = _differences(before, item, names) if before and item.kind == Kind.CHANGE else []
    text = before.text if before and item.kind == Kind.END else ""
    return Shown(item, tags(Parties.of(found), names), differences, item.measure, text)


def _differences(old: Text, new: Text, names: Mapping[str, str]) -> list[Difference]:
    pairs = [
        Difference(_("Heading"), old.heading, new.heading),
        Difference(_("Text"), old.text, new.text, long=True),
        Difference(_("Due date"), _day(old.due_date), _day(new.due_date)),
        Difference(_("Priority"), _urgency(old.priority), _urgency(new.priority)),
        Difference(_("Units"), _units(old, names), _units(new, names)),
    ]
    return [pair for pair in pairs if pair.before != pair.after]


def _day(value: date | None) -> str:
    return day_long(value) if value else _("No due date")


def _urgency(priority: str) -> str:
    return str(Priority(priority).label)


def _units(text: Text, names: Mapping[str, str]) -> str:
    found = tags(Parties.of([Part.from_dict(part) for part in text.parties]), names)
    roles = {
        "lead": pgettext("assignment", "lead"),
        "assessor": pgettext("assignment", "assessor"),
        "each": _("a task each"),
    }
    said = [f"{roles[tag.role]} {tag.name}" if tag.role in roles else tag.name for tag in found]
    return pgettext("between names", ", ").join(said) or _("no task, only text")


def _names(organisation_id: UUID, texts: Sequence[Text]) -> dict[str, str]:
    wanted = {unit for text in texts for unit in units_of(text)}
    units = Unit.objects.filter(organisation=organisation_id, pk__in=wanted)
    return {str(pk): name for pk, name in units.values_list("pk", "name")}


def participants(amendment: Amendment, submitter: UUID) -> Context:
    """Whom a route may ask about it: its units are those of the measures before and after."""
    plan = amendment.plan
    return Context(
        lead_unit=plan.coordinator_id,
        coordinating_unit=plan.coordinator_id,
        reviewing_unit=plan.overseer_id,
        cooperating_units=tuple(units_concerned(amendment)),
        submitter=submitter,
        authors=frozenset(amendment.authors),
        plan=plan.pk,
        chosen=by_stage(amendment.chosen),
    )


@dataclass(frozen=True)
class AmendmentPage:
    amendment: Amendment
    may: frozenset[str]
    items: list[Shown]
    obstacles: list[str]
    choosable: list[Measure]
    """The measures that a draft may still change or end."""
    progress: Progress | None
    choices: Sequence[Choice] = ()
    """The stages at which the reader chooses who signs, if they put it forward."""


def may_do(amendment: Amendment, person: Person, at: datetime) -> frozenset[str]:
    """What the person may do with it now: edit, submit, abandon; or withdraw."""
    if not plan_policy.can(person, "amend", standing(amendment.plan, person, at)):
        return frozenset()
    match amendment.state:
        case Amendment.State.DRAFT:
            return frozenset({"edit", "submit", "abandon"})
        case Amendment.State.SUBMITTED:
            return frozenset({"withdraw"})
    return frozenset()


def amendment_page(amendment: Amendment, person: Person, at: datetime) -> AmendmentPage:
    """Everything that an amendment's page shows to one person."""
    may = may_do(amendment, person, at)
    items = list(amendment.items.select_related("measure"))
    return AmendmentPage(
        amendment,
        may,
        shown(amendment),
        obstacles(amendment, items) if "submit" in may else [],
        _choosable(amendment, items) if "edit" in may else [],
        current(AMENDMENT, amendment.pk, at=at, person=person),
        signers_to_choose(amendment, person, at) if "submit" in may else (),
    )


def signers_to_choose(amendment: Amendment, person: Person, at: datetime) -> Sequence[Choice]:
    """The stages at which this person chooses who signs, if they put the amendment forward."""
    context = participants(amendment, person.pk)
    return choices(AMENDMENT, amendment.pk, amendment.organisation_id, context, at)


def _choosable(amendment: Amendment, items: Sequence[AmendmentItem]) -> list[Measure]:
    there = {item.measure_id for item in items}
    in_force = Measure.objects.filter(plan=amendment.plan_id, ended_by=None)
    return [one for one in in_force if one.pk not in there]


def amendments_of(plan: Plan, person: Person, held: Sequence[Holding]) -> list[Amendment]:
    """The plan's amendments that the person may see, the newest first."""
    seen = Amendment.objects.for_user(person, held).filter(plan=plan)
    return list(seen.exclude(state=Amendment.State.ABANDONED).order_by("-number"))


@dataclass(frozen=True)
class Past:
    """What a measure said until an amendment changed or ended it."""

    revision: MeasureRevision
    tags: list[Tag]
    differences: list[Difference]
    """Against what it said next; none where it was ended."""


def past_of(measure: Measure) -> list[Past]:
    """The measure's earlier texts, the newest first."""
    kept = list(measure.revisions.select_related("amendment").order_by("-number"))
    later: list[Text] = [measure, *kept]
    names = _names(measure.organisation_id, later)
    return [
        Past(
            one,
            tags(Parties.of([Part.from_dict(part) for part in one.parties]), names),
            _differences(one, following, names),
        )
        for one, following in zip(kept, later, strict=False)
    ]
