"""What the approval engine may ask of an amendment to a plan in force.

The plan's row is the root; the frozen amendment is the document; passing puts it in force.
"""

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
from workflows import plan_policy
from workflows.actions.amending import Amending
from workflows.models import Amendment, Plan
from workflows.models.amendments import AMENDMENT

PASSED = "passed"


class PlanAmendment:
    """A plan has at most one amendment under approval."""

    kind = AMENDMENT
    root = Plan

    def digest(self, root: Root) -> bytes:
        """Over the plan's number and title; the frozen amendment's own digest has all the rest."""
        plan = _plan(root)
        return hashlib.sha256(canonical.encode([plan.number, plan.title])).digest()

    def apply(self, root: Root, outcome: Outcome) -> Applied:
        plan = _plan(root)
        amendment = Amendment.objects.get(plan=plan, state=Amendment.State.SUBMITTED)
        amended = []
        if outcome.result == PASSED:
            amending = Amending(plan, amendment, outcome.actor, outcome.at, outcome.action)
            amended = amending.apply()
        else:
            amendment.state = Amendment.State.DRAFT
            amendment.save(update_fields=["state"])
        return Applied((), {"amendment": amendment.told(), "amended": amended})

    def sight(self, user: Person, subject_id: UUID, at: datetime) -> Sight:
        """Whoever sees the amendment reads who signed; what they wrote is for those concerned."""
        held = holdings(user, at)
        seen = Amendment.objects.for_user(user, held).select_related("plan")
        amendment = seen.filter(pk=subject_id).first()
        if amendment is None:
            return Sight.NOTHING
        mine = has_part(self.kind, amendment.pk, user, {one.post.pk for one in held})
        reads = plan_policy.may_read_comments(held, amendment.plan.coordinator_id, mine)
        return Sight.WORDS if reads else Sight.FACTS

    def describe(self, ids: Iterable[UUID]) -> dict[UUID, Description]:
        found = Amendment.objects.filter(pk__in=set(ids)).select_related("plan")
        return {
            one.pk: Description(
                title=one.title, url=reverse("amendment", args=[one.pk]), detail=one.plan.title
            )
            for one in found
        }


def _plan(root: Root) -> Plan:
    """The root as the engine gives it."""
    if not isinstance(root, Plan):
        raise TypeError(f"{root.subject} is no plan")
    return root
