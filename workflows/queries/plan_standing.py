"""Where a person stands towards a plan: what the policy decides on."""

from datetime import datetime
from uuid import UUID

from approvals.models import Approval, Round, SignOff
from directory.models import Person
from directory.queries import holdings
from workflows import flows
from workflows.models import Addressee, Plan
from workflows.plan_policy import Facts
from workflows.plan_subject import KINDS


def standing(plan: Plan, person: Person, at: datetime, unit: UUID | None = None) -> Facts:
    """The facts about `person` and `plan` at a time, read afresh. At most eight queries."""
    step = flows.where(plan)
    under_review = _round(plan, KINDS[step]) if step in KINDS else None
    return Facts(
        step=step,
        holdings=holdings(person, at),
        coordinator=plan.coordinator_id,
        waiting=set(
            Addressee.objects.filter(plan=plan, received_at=None).values_list("unit_id", flat=True)
        ),
        submitter=under_review.submitter_id if under_review else None,
        decided=under_review is not None
        and SignOff.objects.filter(work_item__opening__round=under_review).exists(),
        unit=unit,
    )


def _round(plan: Plan, kind: str) -> Round | None:
    """The round in which the plan is being decided on."""
    found: Round | None = (
        Round.objects.filter(
            approval__subject_kind=kind,
            approval__subject_id=plan.pk,
            approval__state=Approval.State.OPEN,
        )
        .order_by("-number")
        .first()
    )
    return found
