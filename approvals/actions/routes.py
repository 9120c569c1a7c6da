"""Publishing a route's next version."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from approvals import queries
from approvals.models import Route, RouteDraft, RouteVersion, Stage
from approvals.routes import specs, wording
from approvals.routes.specs import Problem, StageSpec
from audit import canonical
from audit.actions import append
from audit.errors import Refused
from directory.actions.authority import Actor, administrator
from directory.models import Organisation, Person


class InvalidRoute(Refused):
    """A route that could never work."""

    status = 422
    sentence = _("This route can't be published: %(problem)s")


class OperatorOnly(Refused):
    """What an administrator puts forward for approval instead."""

    status = 403
    sentence = _("Routes are published through their own approval. Put a draft forward.")


class UnderApproval(Refused):
    """A draft of the route is being approved: nothing overtakes it, nobody changes it."""

    sentence = _(
        "A draft of this route is under approval. Wait for the decision, or withdraw the draft."
    )


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
    """The operator publishes the next version of the route of that name, made if there is none.

    This is how an organisation gets its first routes. From now on new approvals of that kind of
    subject follow it; those on their way keep theirs. A draft that says the same is done with,
    one that was written on stays. Raises InvalidRoute, UnderApproval,
    NotAdministrator, OperatorOnly.
    """
    check(stages, organisation)
    route = locked_by_name(organisation, name, subject_kind)
    warrant = administrator(actor, organisation.pk, at)
    if isinstance(actor, Person):
        raise OperatorOnly
    if route.drafts.filter(state=RouteDraft.State.SUBMITTED).exists():
        raise UnderApproval
    done = _done_with(route, stages)
    version, facts = write_version(route, stages, published_by=None, at=at)
    append(
        route,
        kind="route.published",
        actor=actor,
        at=at,
        capacity=warrant.capacity,
        facts={**done, **facts},
    )
    return version


def _done_with(route: Route, stages: Sequence[StageSpec]) -> Mapping[str, Any]:
    """End the draft whose stages are published as they are; the facts of it for the entry."""
    draft = route.drafts.filter(state=RouteDraft.State.WRITING).first()
    if draft is None or [StageSpec.of(one) for one in draft.stages] != list(stages):
        return {}
    draft.state = RouteDraft.State.PUBLISHED
    draft.save(update_fields=["state"])
    return {"draft": {"id": draft.pk, "state": draft.state}}


def write_version(
    route: Route, stages: Sequence[StageSpec], *, published_by: Person | None, at: datetime
) -> tuple[RouteVersion, Mapping[str, Any]]:
    """Insert the locked route's next version; returns it and the facts for the caller's entry."""
    latest = route.versions.order_by("-number").values_list("number", flat=True).first()
    version = RouteVersion.objects.create(
        organisation_id=route.organisation_id,
        route=route,
        number=(latest or 0) + 1,
        published_at=at,
        published_by=published_by,
    )
    rows = [
        Stage(
            organisation_id=route.organisation_id,
            version=version,
            position=position,
            **spec.plain,
        )
        for position, spec in enumerate(stages, 1)
    ]
    Stage.objects.bulk_create(rows)
    return version, {
        "name": route.name,
        "subject_kind": route.subject_kind,
        "version": {"id": version.pk, "number": version.number},
        "stages": [
            {"id": row.pk, "position": row.position, **spec.plain}
            for row, spec in zip(rows, stages, strict=True)
        ],
    }


def locked_by_name(organisation: Organisation, name: str, subject_kind: str) -> Route:
    """The route of that name, locked alone; made if there is none."""
    made, _created = Route.objects.get_or_create(
        organisation=organisation, name=name, defaults={"subject_kind": subject_kind}
    )
    route: Route = Route.objects.select_for_update(no_key=True).get(pk=made.pk)
    if route.subject_kind != subject_kind:
        raise InvalidRoute(problem=_("its name belongs to a route for something else."))
    return route


def check(stages: Sequence[StageSpec], organisation: Organisation) -> None:
    """Raises InvalidRoute for the first thing that no electorate could repair."""
    found = [*specs.problems(stages), *problems_outside(stages, organisation)]
    if found:
        raise InvalidRoute(problem=wording.problem(found[0], stages))


def problems_outside(stages: Sequence[StageSpec], organisation: Organisation) -> list[Problem]:
    """What only others know: names without anybody behind, and the size."""
    found = [
        Problem(position, "stranger", "approvers")
        for position in queries.stages_with_strangers(stages, organisation.pk)
    ]
    if len(canonical.encode([spec.plain for spec in stages])) > specs.MOST_BYTES:
        found.append(Problem(0, "too_long"))
    return found
