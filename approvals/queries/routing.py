"""Routes as they are written and published: drafts, versions, whom they name."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Q

from approvals import subjects
from approvals.choosing import Choice, by_stage, choices
from approvals.facts import each
from approvals.models import Route, RouteDraft, RouteVersion
from approvals.routes.specs import PUBLICATION, StageSpec
from approvals.subjects import Context, Foreseeable
from audit.models import Entry
from directory.models import Person, Post, Unit, UnitGroup
from directory.policy import may_administer
from directory.queries import Holding
from directory.queries.pages import groups


def stages_with_strangers(stages: Sequence[StageSpec], organisation_id: UUID) -> list[int]:
    """The positions of stages that name a unit or a person the organisation doesn't have."""
    units = _ids(one.get("unit") for spec in stages for one in spec.selectors)
    people = _ids(one.get("person") for spec in stages for one in spec.selectors)
    known = {""}
    for model, wanted in ((Unit, units), (Person, people)):
        if wanted:
            rows = model._default_manager.filter(organisation=organisation_id, pk__in=wanted)
            known |= {str(pk) for pk in rows.order_by().values_list("pk", flat=True)}
    return [
        position
        for position, spec in enumerate(stages, 1)
        if any(
            str(one.get(name) or "") not in known
            for one in spec.selectors
            for name in ("unit", "person")
        )
    ]


def _ids(values: Iterable[object]) -> set[UUID]:
    """Those that are ids at all; the others belong to nobody anyway."""
    found = set()
    for value in values:
        try:
            found.add(UUID(str(value)))
        except ValueError:
            continue
    return found


@dataclass(frozen=True)
class Directory:
    """Whom a route can name: the units that exist, groups of them, active people."""

    units: Sequence[Unit]
    groups: Sequence[UnitGroup]
    people: Sequence[tuple[UUID, str, str]]
    """Id, name and account."""

    def members(self, group: str) -> list[UUID]:
        known = [one for one in self.groups if str(one.pk) == group]
        return [unit.pk for one in known for unit in one.units.all()]

    def unit_called(self, name: str) -> str | None:
        """The id of the one unit of that name, or else with that other name."""
        found = [one for one in self.units if one.name == name]
        found = found or [one for one in self.units if name in one.aliases]
        return str(found[0].pk) if len(found) == 1 else None

    def account(self, name: str) -> str | None:
        """The id of the person with that account."""
        found = [pk for pk, _name, account in self.people if account == name]
        return str(found[0]) if found else None

    def find(self, words: str) -> UUID | None:
        """The one person of that account, or of that name; also as `called` writes them."""
        words = words.strip()
        exact = [
            pk for pk, name, account in self.people if words in (account, called(name, account))
        ]
        found = exact or [pk for pk, name, _account in self.people if name == words]
        return found[0] if words and len(found) == 1 else None


def called(name: str, account: str) -> str:
    return f"{name} ({account})"


def directory_of(organisation_id: UUID) -> Directory:
    """Four queries, however large the organisation."""
    people = Person.objects.filter(organisation=organisation_id, is_active=True)
    return Directory(
        list(Unit.objects.filter(organisation=organisation_id, abolished_at=None)),
        groups(organisation_id),
        list(people.order_by("pinyin", "pk").values_list("pk", "name", "username")),
    )


def names_in(stages: Iterable[StageSpec], organisation_id: UUID) -> dict[str, str]:
    """What the units, people and plans in these stages are called, by id. Three queries at most."""
    found = list(stages)
    names: dict[str, str] = {}
    for model, key in ((Unit, "unit"), (Person, "person")):
        if ids := _ids(one.get(key) for spec in found for one in spec.selectors):
            rows = model._default_manager.filter(organisation=organisation_id, pk__in=ids)
            names |= {str(pk): name for pk, name in rows.values_list("pk", "name")}
    if plans := _ids(one for spec in found for one in (spec.condition or {}).get("plans", ())):
        for subject in map(subjects.get, subjects.kinds()):
            if isinstance(subject, Foreseeable):
                titles = subject.plans(organisation_id, plans)
                names |= {str(pk): title for pk, title in titles.items()}
    return names


def is_of_tasks(route: Route) -> bool:
    """Whether what is approved along it is about a task, with its plan and its priority."""
    return isinstance(subjects.get(route.subject_kind), Foreseeable)


def plans_to_choose(route: Route) -> list[tuple[str, str]]:
    """The plans that a condition of this route may name, newest first; none for most kinds."""
    subject = subjects.get(route.subject_kind)
    if not isinstance(subject, Foreseeable):
        return []
    return [(str(pk), title) for pk, title in subject.plans(route.organisation_id).items()]


def accounts_in(stages: Iterable[StageSpec], organisation_id: UUID) -> dict[str, str]:
    """The accounts of the people in these stages, by id."""
    ids = _ids(one.get("person") for spec in stages for one in spec.selectors)
    people = Person.objects.filter(organisation=organisation_id, pk__in=ids)
    return {str(pk): account for pk, account in people.values_list("pk", "username")}


def seats_today(stages: Iterable[StageSpec], organisation_id: UUID) -> dict[tuple[str, str], int]:
    """How many posts each unit that is named has of each role that decides. One query."""
    units = _ids(one.get("unit") for spec in stages for one in spec.selectors)
    posts = Post.objects.filter(organisation=organisation_id, unit__in=units, abolished_at=None)
    counted = posts.order_by().values_list("unit", "role").annotate(n=Count("pk"))
    return {(str(unit), role): n for unit, role, n in counted}


def open_draft(route: Route) -> RouteDraft | None:
    """The draft of the route's next version, if one is being written or approved."""
    states = [RouteDraft.State.WRITING, RouteDraft.State.SUBMITTED]
    found: RouteDraft | None = (
        route.drafts.filter(state__in=states).select_related("updated_by", "route").first()
    )
    return found


def participants(draft: RouteDraft, submitter: Person, unit_id: UUID) -> Context:
    """Whom the route for publishing routes may ask; `unit_id` is where the administrator sits."""
    return Context(
        lead_unit=unit_id,
        coordinating_unit=unit_id,
        unit_kind=Unit.objects.values_list("kind", flat=True).get(pk=unit_id),
        submitter=submitter.pk,
        authors=frozenset(draft.authors),
        chosen=by_stage(draft.chosen),
    )


def signers_to_choose(
    draft: RouteDraft, writer: Person, held: Iterable[Holding], at: datetime
) -> Sequence[Choice]:
    """The stages at which an administrator chooses who signs, if they put the draft forward."""
    unit = next((one.unit.pk for one in held if may_administer([one.role])), None)
    if unit is None:
        return ()
    context = participants(draft, writer, unit)
    return choices(PUBLICATION, draft.route_id, draft.organisation_id, context, at)


def approves_routes(organisation_id: UUID) -> bool:
    """Whether a route says who approves routes."""
    found = RouteVersion.objects.filter(
        organisation=organisation_id, route__subject_kind=PUBLICATION
    )
    return found.exists()


def followed(organisation_id: UUID) -> dict[str, tuple[UUID, str]]:
    """By kind of subject, the route that new approvals follow: its id and name. One query."""
    versions = RouteVersion.objects.filter(
        organisation=organisation_id, published_at__isnull=False
    ).order_by("route__subject_kind", "-published_at", "-id")
    last = versions.distinct("route__subject_kind")
    found = last.values_list("route__subject_kind", "route_id", "route__name")
    return {kind: (route, name) for kind, route, name in found}


def followed_instead(route: Route) -> tuple[UUID, str] | None:
    """The other route that new approvals of this one's kind follow; None where it is this one."""
    found = followed(route.organisation_id).get(route.subject_kind)
    return found if found and found[0] != route.pk else None


def draft_states(organisation_id: UUID) -> dict[UUID, str]:
    """By route, what its open draft is doing, in words."""
    states = [RouteDraft.State.WRITING, RouteDraft.State.SUBMITTED]
    found = RouteDraft.objects.filter(organisation=organisation_id, state__in=states)
    return {one.route_id: one.get_state_display() for one in found.defer("stages")}


def versions_of(route: Route) -> list[Any]:
    """The route's versions, newest first, with how many approvals are on their way along each."""
    moving = Q(approvals__state__in=["open", "with_submitter"])
    found = route.versions.annotate(on_the_way=Count("approvals", filter=moving))
    return list(found.select_related("published_by").order_by("-number"))


def publication(version: RouteVersion) -> Entry | None:
    """The entry with which a version was published: the operator's, or the decision for it."""
    if version.published_at is None:
        return None
    route = version.route
    chain = Entry.objects.filter(
        organisation=route.organisation_id, subject=route.subject, at=version.published_at
    )
    for entry in chain.select_related("leaf"):
        facts = json.loads(bytes(entry.body))["facts"]
        if any((one.get("version") or {}).get("id") == str(version.pk) for one in each(facts)):
            return entry
    return None
