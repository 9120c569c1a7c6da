"""What the approval engine may ask of a plan: may it be issued?"""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.urls import reverse

from approvals.queries import has_part
from approvals.subjects import Applied, Description, Outcome, Sight
from audit import canonical
from audit.models import Root
from directory.models import Person
from directory.queries import holdings
from workflows import flows, plan_policy
from workflows.models import Plan

KIND = "plan_issue"


class PlanIssue:
    """A frozen version of the plan is approved; when its route ends, the process moves."""

    kind = KIND
    root = Plan

    def digest(self, root: Root) -> bytes:
        """Over number, title and revision: any change of a plan's text grows the revision."""
        assert isinstance(root, Plan)  # noqa: S101 what `lock` gave
        return hashlib.sha256(canonical.encode([root.number, root.title, root.revision])).digest()

    def apply(self, root: Root, outcome: Outcome) -> Applied:
        assert isinstance(root, Plan)  # noqa: S101 what `lock` gave
        step = flows.Step(root, outcome.actor, outcome.at)
        flows.move(step, "approve_issuing", outcome=outcome.result)
        return Applied((), step.facts)

    def sight(self, user: Person, subject_id: UUID, at: datetime) -> Sight:
        """Whoever sees the plan reads who signed; what they wrote is for those concerned."""
        held = holdings(user, at)
        plan = Plan.objects.for_user(user, held).filter(pk=subject_id).first()
        if plan is None:
            return Sight.NOTHING
        mine = has_part(KIND, plan.pk, user, {one.post.pk for one in held})
        reads = plan_policy.may_read_comments(held, plan.coordinator_id, mine)
        return Sight.WORDS if reads else Sight.FACTS

    def describe(self, ids: Iterable[UUID]) -> dict[UUID, Description]:
        found = Plan.objects.filter(pk__in=set(ids)).select_related("coordinator")
        return {
            plan.pk: Description(
                title=plan.title,
                url=reverse("plan", args=[plan.pk]),
                detail=" · ".join(filter(None, [plan.number, plan.coordinator.name])),
            )
            for plan in found
        }
