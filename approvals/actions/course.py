"""An approval begins, is withdrawn or cancelled: steps of the subject's own actions.

The caller has locked the root, is inside its transaction, and merges the facts that these return
into its one ledger entry.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from approvals import choosing, queries, stages
from approvals.models import Approval, Opening, Round, RouteVersion, SignOff, WorkItem
from approvals.stages import Course
from approvals.subjects import Context
from audit.errors import Refused
from audit.models import Root
from directory.models import Person


class NoRoute(Refused):
    """Nothing says who is to approve this."""

    sentence = _(
        "No route for approving this has been published yet. An administrator publishes one."
    )


class NobodyAsked(Refused):
    """A route none of whose stages applies."""

    sentence = _(
        "The route asks nobody about this, so it can't be approved. Tell an administrator."
    )


class AlreadyUnderApproval(Refused):
    """There is an open approval of it."""

    sentence = _("This is already under approval.")


class NotUnderApproval(Refused):
    """There is no open approval of it."""

    sentence = _("This is not under approval any more.")


class NotTheSubmitter(Refused):
    """Somebody else submitted it."""

    status = 403
    sentence = _("Only the person who submitted this can withdraw it.")


class AlreadyDecided(Refused):
    """Somebody has decided in this round."""

    sentence = _("%(name)s has already decided, so this can't be withdrawn any more.")


@dataclass(frozen=True)
class Begun:
    """The approval, open in its newest round, and the facts for the caller's ledger entry."""

    approval: Approval
    facts: Mapping[str, Any]


def begin(
    *,
    kind: str,
    root: Root,
    subject_id: UUID,
    document_id: UUID,
    digest: bytes,
    context: Context,
    actor: Person,
    at: datetime,
    adds_only: bool = False,
) -> Begun:
    """Open the first stage for a document version: a new approval, or the next round of one.

    `digest` is SHA-256 over the frozen document. The submitter is `actor` unless the context names
    another. `adds_only`: nothing that was read before has changed, so that a stage which returned
    it may ask for it back directly. Raises NoRoute, NobodyAsked, AlreadyUnderApproval,
    ChooseSigners, NotOffered.
    """
    organisation_id: UUID = root.organisation_id  # type: ignore[attr-defined]
    approval = queries.unfinished(kind, subject_id)
    version = approval.version_id if approval else version_in_force(organisation_id, kind).pk
    submitter = context.submitter or actor.pk
    context = replace(context, submitter=submitter)
    chosen = choosing.settled(kind, version, context, at, leniently=submitter != actor.pk)
    context = replace(context, chosen=chosen)
    position = queries.resumption(approval) if approval and adds_only else 1
    rounds, openings = _counts(approval)
    if approval is None:
        approval = Approval.objects.create(
            organisation_id=organisation_id,
            version_id=version,
            subject_kind=kind,
            subject_id=subject_id,
            root=root.subject,
            opened_at=at,
        )
    elif approval.state == Approval.State.OPEN:
        raise AlreadyUnderApproval
    else:
        approval.state = Approval.State.OPEN
        approval.save(update_fields=["state"])
    round_ = Round.objects.create(
        organisation_id=organisation_id,
        approval=approval,
        number=rounds + 1,
        document_id=document_id,
        digest=digest,
        submitter_id=submitter,
        authors=sorted(context.authors),
        context=context.frozen(),
        opened_at=at,
    )
    course = Course.of(approval, round_)
    opened = stages.open_from(position, course, number=openings + 1, at=at)
    if opened.opening is None:
        raise NobodyAsked
    facts = {
        "approval": {"id": approval.pk, "state": approval.state, "round": round_.number},
        "route_version": approval.version_id,
        "document": {"id": document_id, "digest": digest},
        **({"resumed_at": position} if position > 1 else {}),
        **({"chosen": _kept(context)} if context.chosen else {}),
        **stages.kept(opened),
    }
    return Begun(approval, facts)


def _kept(context: Context) -> list[dict[str, Any]]:
    """Whom the submitter chose, as the ledger has it."""
    return [{"stage": stage, "seats": list(ids)} for stage, ids in sorted(context.chosen.items())]


def _counts(approval: Approval | None) -> tuple[int, int]:
    """How many rounds and openings there have been; they are numbered without gaps."""
    if approval is None:
        return 0, 0
    latest = approval.openings.select_related("round").latest("number")
    return latest.round.number, latest.number


def version_in_force(organisation_id: UUID, kind: str) -> RouteVersion:
    """The version published last among the organisation's routes for that kind. Raises NoRoute."""
    version = queries.version_in_force(organisation_id, kind)
    if version is None:
        raise NoRoute
    return version


def withdraw(*, kind: str, subject_id: UUID, actor: Person, at: datetime) -> dict[str, Any]:
    """The submitter takes it back before anybody decided in this round.

    Raises NotUnderApproval, NotTheSubmitter, AlreadyDecided.
    """
    approval = queries.unfinished(kind, subject_id)
    if approval is None or approval.state != Approval.State.OPEN:
        raise NotUnderApproval
    round_ = approval.rounds.latest("number")
    if round_.submitter_id != actor.pk:
        raise NotTheSubmitter
    decided = SignOff.objects.filter(work_item__opening__round=round_).select_related("person")
    if first := decided.order_by("at", "id").first():
        raise AlreadyDecided(name=first.person.name)
    return _end(approval, round_, Approval.State.WITHDRAWN, Opening.Outcome.WITHDRAWN, "", at)


def cancel(*, kind: str, subject_id: UUID, reason: str, at: datetime) -> dict[str, Any]:
    """End the subject's approval because the subject ended; no facts where none is open.

    `reason` is a short code or name of an act, not personal data: it stays readable in the opening.
    """
    approval = queries.unfinished(kind, subject_id)
    if approval is None:
        return {}
    round_ = approval.rounds.latest("number")
    return _end(approval, round_, Approval.State.CANCELLED, Opening.Outcome.CANCELLED, reason, at)


def _end(
    approval: Approval, round_: Round, state: str, outcome: str, reason: str, at: datetime
) -> dict[str, Any]:
    """Close what is open and end the approval."""
    waiting = [WorkItem.State.OPEN, WorkItem.State.WAITING]
    approval.work_items.filter(state__in=waiting).update(
        state=WorkItem.State.NOT_NEEDED, closed_at=at
    )
    approval.openings.filter(outcome="").update(outcome=outcome, reason=reason[:200], closed_at=at)
    approval.state, approval.ended_at = state, at
    approval.save(update_fields=["state", "ended_at"])
    return {"approval": {"id": approval.pk, "state": state, "round": round_.number}}
