"""What the approval engine may ask of a route that is to be published.

The route's row is the root; the frozen proposal is the document; passing publishes it.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from approvals.actions.routes import write_version
from approvals.models import Route, RouteDraft
from approvals.routes.specs import PUBLICATION, StageSpec
from approvals.subjects import Applied, Description, Outcome, Sight
from audit import canonical
from audit.models import Root
from directory.models import Person

PASSED = "passed"


class RoutePublication:
    """A route's next version is approved, and is in force from the moment it passes."""

    kind = PUBLICATION
    root = Route

    def digest(self, root: Root) -> bytes:
        """Over the route's name and what it is for; the proposal's own digest has the stages."""
        route = _route(root)
        content = {"name": route.name, "subject_kind": route.subject_kind}
        return hashlib.sha256(canonical.encode(content)).digest()

    def apply(self, root: Root, outcome: Outcome) -> Applied:
        route = _route(root)
        draft = RouteDraft.objects.get(route=route, state=RouteDraft.State.SUBMITTED)
        facts: Mapping[str, Any] = {}
        if outcome.result == PASSED:
            proposal = draft.proposals.select_related("submitted_by").latest("number")
            stages = [StageSpec.of(one) for one in proposal.stages]
            _version, facts = write_version(
                route, stages, published_by=proposal.submitted_by, at=outcome.at
            )
            draft.state = RouteDraft.State.PUBLISHED
        else:
            draft.state = RouteDraft.State.WRITING
        draft.save(update_fields=["state"])
        return Applied((), {"draft": {"id": draft.pk, "state": draft.state}, **facts})

    def sight(self, user: Person, subject_id: UUID, at: datetime) -> Sight:
        """Routes are read by everybody whom they are made for, and so is how they came about."""
        mine = Route.objects.for_user(user).filter(pk=subject_id)
        return Sight.WORDS if mine.exists() else Sight.NOTHING

    def describe(self, ids: Iterable[UUID]) -> dict[UUID, Description]:
        found = Route.objects.filter(pk__in=set(ids))
        return {
            route.pk: Description(
                title=route.name,
                url=reverse("route", args=[route.pk]),
                detail=_("A route that is to be published"),
            )
            for route in found
        }


def _route(root: Root) -> Route:
    """The root that `lock` or `load` gave."""
    if not isinstance(root, Route):
        raise TypeError(f"{root.subject} is no route")
    return root
