"""What a route's versions change, in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from approvals.models import Route, RouteDraft, RouteVersion
from approvals.queries import routing
from approvals.routes import wording
from approvals.routes.differences import Change, compare
from approvals.routes.specs import StageSpec
from directory.models import Organisation


def stages_of(version: RouteVersion) -> list[StageSpec]:
    return [StageSpec.of_row(one) for one in version.stages.order_by("position")]


@dataclass(frozen=True)
class Compared:
    """What became of a stage, in words."""

    word: str
    change: Change


def changes_of(draft: RouteDraft, version: RouteVersion) -> list[Compared]:
    stages = [StageSpec.of(one) for one in draft.stages]
    return compared(stages_of(version), stages, draft.route.organisation)


def compared(
    old: Sequence[StageSpec], new: Sequence[StageSpec], organisation: Organisation
) -> list[Compared]:
    names = routing.names_in([*old, *new], organisation.pk)
    changes = compare(old, new, wording.spoken(names))
    return [Compared(str(wording.CHANGES[one.kind]), one) for one in changes]


@dataclass(frozen=True)
class Differing:
    """Two versions of a route against each other."""

    route: Route
    kind: str
    old: RouteVersion
    new: RouteVersion
    changes: Sequence[Compared]


def differing(route: Route, old: int, new: int) -> Differing | None:
    """None if one of the versions doesn't exist."""
    found = {one.number: one for one in route.versions.filter(number__in=[old, new])}
    if old not in found or new not in found:
        return None
    changes = compared(stages_of(found[old]), stages_of(found[new]), route.organisation)
    kind = wording.kind(route.subject_kind)
    return Differing(route, kind, found[old], found[new], changes)
