"""Publishing a route."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from approvals import selectors
from approvals.models import Route, RouteVersion, Stage
from audit.actions import append
from audit.errors import Refused
from directory.actions.authority import Actor, administrator
from directory.models import Organisation, Person
from directory.policy import DECIDES


class InvalidRoute(Refused):
    """A route that could never work."""

    status = 422
    sentence = _("This route can't be published: %(problem)s")


@dataclass(frozen=True)
class StageSpec:
    """A stage as it is to be published; `approvers` and `fallback` as in `approvals.selectors`."""

    name: str
    approvers: Sequence[Mapping[str, Any]]
    rule: str = Stage.Rule.ANY
    quorum_number: int | None = None
    quorum_percent: int | None = None
    refusal: str = Stage.Refusal.VETO
    sequential: bool = False
    returns_to: Sequence[int] = ()
    fallback: Sequence[Mapping[str, Any]] = field(default=())


@transaction.atomic(durable=True)
def publish_route(
    *,
    organisation: Organisation,
    name: str,
    subject_kind: str,
    stages: Sequence[StageSpec],
    actor: Actor,
    at: datetime,
) -> RouteVersion:
    """Publish the next version of the route of that name, which is made if there is none.

    From now on new approvals of that kind of subject follow it; those on their way keep theirs.
    Raises InvalidRoute, NotAdministrator.
    """
    for position, spec in enumerate(stages, 1):
        check(spec, position)
    if not stages:
        raise InvalidRoute(problem=_("it has no stage."))
    route = _locked(organisation, name, subject_kind)
    warrant = administrator(actor, organisation.pk, at)
    latest = route.versions.order_by("-number").values_list("number", flat=True).first()
    version = RouteVersion.objects.create(
        organisation=organisation,
        route=route,
        number=(latest or 0) + 1,
        published_at=at,
        published_by=actor if isinstance(actor, Person) else None,
    )
    rows = [
        Stage(organisation=organisation, version=version, position=position, **_columns(spec))
        for position, spec in enumerate(stages, 1)
    ]
    Stage.objects.bulk_create(rows)
    append(
        route,
        kind="route.published",
        actor=actor,
        at=at,
        capacity=warrant.capacity,
        facts={
            "name": name,
            "subject_kind": subject_kind,
            "version": {"id": version.pk, "number": version.number},
            "stages": [
                {"id": row.pk, "position": row.position, **_columns(spec)}
                for row, spec in zip(rows, stages, strict=True)
            ],
        },
    )
    return version


def _locked(organisation: Organisation, name: str, subject_kind: str) -> Route:
    """The route of that name, locked alone."""
    made, _created = Route.objects.get_or_create(
        organisation=organisation, name=name, defaults={"subject_kind": subject_kind}
    )
    route: Route = Route.objects.select_for_update(no_key=True).get(pk=made.pk)
    if route.subject_kind != subject_kind:
        raise InvalidRoute(problem=_("its name belongs to a route for something else."))
    return route


def _columns(spec: StageSpec) -> dict[str, Any]:
    columns = asdict(spec)
    for name in ("approvers", "fallback"):
        columns[name] = [_plain(selector) for selector in columns[name]]
    return columns | {"returns_to": list(spec.returns_to)}


def _plain(selector: Mapping[str, Any]) -> dict[str, Any]:
    return {key: str(one) if isinstance(one, UUID) else one for key, one in selector.items()}


def check(spec: StageSpec, position: int) -> None:
    """Raises InvalidRoute for what no electorate could repair."""
    numbers = (spec.quorum_number, spec.quorum_percent)
    if spec.rule not in Stage.Rule.values or spec.refusal not in Stage.Refusal.values:
        raise InvalidRoute(problem=_("a stage has an unknown rule."))
    if spec.rule == Stage.Rule.QUORUM:
        given = [number for number in numbers if number is not None]
        if len(given) != 1 or given[0] < 1 or (spec.quorum_percent or 0) > 100:
            raise InvalidRoute(problem=_("a vote needs either a number or a percentage."))
    elif numbers != (None, None):
        raise InvalidRoute(problem=_("only a vote has a number or a percentage."))
    if any(not 1 <= target < position for target in spec.returns_to):
        raise InvalidRoute(problem=_("a stage can only be returned to an earlier one."))
    if not spec.approvers:
        raise InvalidRoute(problem=_("a stage asks nobody."))
    for selector in [*spec.approvers, *spec.fallback]:
        _check_selector(selector)


def _check_selector(selector: Mapping[str, Any]) -> None:
    select, weight = selector.get("select"), selector.get("weight", 1)
    if select not in selectors.SELECTS:
        raise InvalidRoute(problem=_("a stage selects its signers in an unknown way."))
    if str(select).startswith("post") and selector.get("role") not in DECIDES:
        raise InvalidRoute(problem=_("a stage asks posts that sign nothing off."))
    needed = {"post": "unit", "person": "person"}.get(str(select))
    if needed and not selector.get(needed):
        raise InvalidRoute(problem=_("a stage doesn't say whom it asks."))
    if not isinstance(weight, int) or weight < 1:
        raise InvalidRoute(problem=_("a weight is a whole number from 1 on."))
