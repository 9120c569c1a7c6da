"""What the approval engine may ask of a plan: do its units sign it, and may it be issued?"""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.urls import reverse

from approvals.choosing import by_stage
from approvals.queries import has_part
from approvals.subjects import Applied, Context, Description, Outcome, Sight
from audit import canonical
from audit.models import Root
from directory.models import Person
from directory.queries import holdings
from workflows import flows, plan_policy
from workflows.models import Plan, PlanVersion
from workflows.queries.plans import countersigning_units

COUNTERSIGN = "plan_countersign"
KIND = "plan_issue"
KINDS = {"countersign": COUNTERSIGN, "approve_issuing": KIND}
"""What is being approved at a step of the process."""


def participants(plan: Plan, submitter: UUID, *, countersigned: bool = False) -> Context:
    """Whom a route may ask about the plan.

    Its countersigning units are asked at that step only; each step has its own chosen signers.
    """
    return Context(
        lead_unit=plan.coordinator_id,
        coordinating_unit=plan.coordinator_id,
        reviewing_unit=plan.overseer_id,
        cooperating_units=tuple(countersigning_units(plan)) if countersigned else (),
        submitter=submitter,
        authors=frozenset(plan.authors),
        chosen=by_stage(plan.countersigners if countersigned else plan.chosen),
    )


class PlanIssue:
    """A frozen version of the plan is approved; when its route ends, the process moves."""

    kind = KIND
    root = Plan
    step = "approve_issuing"

    def digest(self, root: Root) -> bytes:
        """Over number, title and revision: any change of a plan's text grows the revision."""
        assert isinstance(root, Plan)  # noqa: S101 what `lock` gave
        return hashlib.sha256(canonical.encode([root.number, root.title, root.revision])).digest()

    def apply(self, root: Root, outcome: Outcome) -> Applied:
        assert isinstance(root, Plan)  # noqa: S101 what `lock` gave
        step = flows.Step(root, outcome.actor, outcome.at)
        flows.move(step, self.step, outcome=outcome.result)
        return Applied((), step.facts)

    def sight(self, user: Person, subject_id: UUID, at: datetime) -> Sight:
        """Whoever sees the plan reads who signed; what they wrote is for those concerned."""
        held = holdings(user, at)
        plan = Plan.objects.for_user(user, held).filter(pk=subject_id).first()
        if plan is None:
            return Sight.NOTHING
        mine = has_part(self.kind, plan.pk, user, {one.post.pk for one in held})
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


class PlanCountersign(PlanIssue):
    """The units that are to carry the plan out sign it, before its issuing is approved."""

    kind = COUNTERSIGN
    step = "countersign"

    def apply(self, root: Root, outcome: Outcome) -> Applied:
        """Signed by all who were asked, the same version goes on to the approval of its issuing."""
        assert isinstance(root, Plan)  # noqa: S101 what `lock` gave
        version = PlanVersion.objects.get(pk=root.document_id)
        context = participants(root, version.submitter_id)
        document = flows.Document(version.pk, bytes(version.digest), context)
        step = flows.Step(root, outcome.actor, outcome.at, document)
        flows.move(step, self.step, outcome=outcome.result)
        moved = {"step": step.facts.pop("step")}
        return Applied((), moved | ({"also": [step.facts]} if step.facts else {}))
