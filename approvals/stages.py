"""Opening stages: the electorate is frozen as work items, what doesn't apply is skipped."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.utils import timezone

from approvals import queries, rules, selectors
from approvals.applying import why_skipped
from approvals.models import Approval, Opening, Round, Stage, WorkItem
from approvals.rules import Ballot, Rule, Seat
from approvals.selectors import Chair, Posted
from approvals.subjects import Context
from audit import canonical
from audit.models import made
from directory.queries import working_days

CARRIED = "carried"
"""Why a stage passed as it opened: its signers had approved at an earlier stage."""


@dataclass(frozen=True)
class Approver:
    """Somebody who is approving at this very moment, in their own right."""

    person: UUID
    item: UUID
    evidence: str


@dataclass(frozen=True)
class Course:
    """An approval in its round, as far as opening a stage needs it."""

    organisation: UUID
    approval: UUID
    version: UUID
    round: UUID
    submitter: UUID
    authors: Sequence[UUID]
    context: Context
    approver: Approver | None = None
    posts: Sequence[Posted] = ()
    """Posts that were read already, with all others of their units."""

    @property
    def barred(self) -> set[UUID]:
        """Those who may not decide, whatever posts they hold."""
        return {self.submitter, *self.authors}

    @classmethod
    def of(cls, approval: Approval, round: Round) -> "Course":
        return cls(
            approval.organisation_id,
            approval.pk,
            approval.version_id,
            round.pk,
            round.submitter_id,
            round.authors,
            Context.thawed(round.context),
        )


@dataclass(frozen=True)
class Opened:
    """Rows to insert: what is over as it opens, then an opening unless the route is through."""

    over: list[Opening] = field(default_factory=list)
    opening: Opening | None = None
    items: list[WorkItem] = field(default_factory=list)

    @property
    def openings(self) -> list[Opening]:
        return [*self.over, *([self.opening] if self.opening else [])]

    @property
    def facts(self) -> dict[str, Any]:
        """What the ledger keeps; an electorate as a digest that its rows must give again."""
        facts: dict[str, Any] = {}
        if skipped := [one for one in self.over if one.outcome == Opening.Outcome.SKIPPED]:
            facts["skipped"] = [
                {"stage": one.stage.position, "reason": one.reason} for one in skipped
            ]
        if passed := [one for one in self.over if one.outcome == Opening.Outcome.PASSED]:
            facts["passed_over"] = [self._electorate(one) for one in passed]
        if carried := [item for item in self.items if item.carried_from_id]:
            facts["carried"] = [{"id": one.pk, "from": one.carried_from_id} for one in carried]
        if self.opening:
            facts["opened"] = self._electorate(self.opening)
        return facts

    def _electorate(self, opening: Opening) -> dict[str, Any]:
        items = [item for item in self.items if item.opening_id == opening.pk]
        return {
            "id": opening.pk,
            "number": opening.number,
            "stage": opening.stage.position,
            "seats": len(items),
            "electorate": electorate_digest(items),
            "due_date": opening.due_date,
        }


def electorate_digest(items: Sequence[WorkItem]) -> bytes:
    """SHA-256 over the seats in order: id, post or person, weight, origin."""
    seats = [
        [item.position, item.id, item.post_id, item.person_id, item.weight, item.origin]
        for item in items
    ]
    return hashlib.sha256(canonical.encode(seats)).digest()


def open_from(
    position: int,
    course: Course,
    *,
    number: int,
    at: datetime,
    resumes_at: int | None = None,
    returned: bool = False,
) -> Opened:
    """Open the first stage from `position` on that applies; `number` is the next opening's.

    A stage is skipped if its condition excludes the subject, or if it asks cooperating units alone
    and there are none. It is over at once if it carries approvals over that pass it, unless
    something was `returned` to it: then it asks again, whoever approved before. Any other stage
    that finds nobody opens without seats, which is blocked: it never passes by itself. After the
    first of them has passed, the approval goes on at `resumes_at` if that is given.
    """
    over: list[Opening] = []
    items: list[WorkItem] = []
    for stage in stages_of(course.version)[position - 1 :]:
        opening = made(
            Opening,
            organisation_id=course.organisation,
            approval_id=course.approval,
            round_id=course.round,
            number=number + len(over),
            opened_at=at,
            due_date=_due(stage, course, at),
            resumes_at=resumes_at,
        )
        opening.stage = stage
        if resumes_at and stage.position >= resumes_at:
            opening.resumes_at = None
        if reason := why_skipped(stage, course.context):
            _close(opening, Opening.Outcome.SKIPPED, reason, at)
            over.append(opening)
            continue
        seats = seat(opening, course, at)
        items += seats
        carries = stage.repeat_signer == "carry" and not returned
        if carries and _carries(opening, seats, course, at):
            over.append(opening)
            continue
        return Opened(over, opening, items)
    return Opened(over, None, items)


def _close(opening: Opening, outcome: str, reason: str, at: datetime) -> None:
    opening.outcome, opening.reason, opening.closed_at = outcome, reason, at


@lru_cache(maxsize=256)
def stages_of(version_id: UUID) -> tuple[Stage, ...]:
    """A published version's stages in order: they never change, so they are read once."""
    return tuple(Stage.objects.filter(version=version_id).order_by("position"))


def _due(stage: Stage, course: Course, at: datetime) -> Any:
    if stage.due_in is None:
        return None
    return working_days(course.organisation).add(timezone.localdate(at), stage.due_in)


def seat(opening: Opening, course: Course, at: datetime) -> list[WorkItem]:
    """The electorate of an opening, unsaved; the fallback's where nobody else could act."""
    stage = opening.stage
    (chairs,) = selectors.resolve([stage.approvers], course.context, at, course.posts)
    chairs = selectors.taken(chairs, course.context.chosen.get(stage.position, ()))
    origin = WorkItem.Origin.CONFIGURED
    if stage.fallback and not queries.somebody_able(chairs, course.barred, at):
        (chairs,) = selectors.resolve([stage.fallback], course.context, at)
        origin = WorkItem.Origin.FALLBACK
    return [item(opening, position, chair, origin, at) for position, chair in enumerate(chairs, 1)]


def item(opening: Opening, position: int, chair: Chair, origin: str, at: datetime) -> WorkItem:
    """A seat of the opening as its electorate is frozen."""
    waits = opening.stage.sequential and position > 1
    return made(
        WorkItem,
        organisation_id=opening.organisation_id,
        approval_id=opening.approval_id,
        opening_id=opening.id,
        post_id=chair.post,
        person_id=chair.person,
        position=position,
        weight=chair.weight,
        origin=WorkItem.Origin.CHOSEN if chair.chosen else origin,
        state=WorkItem.State.WAITING if waits else WorkItem.State.OPEN,
        waits_for=position - 1 if waits else None,
        opened_at=at,
    )


def _carries(opening: Opening, items: list[WorkItem], course: Course, at: datetime) -> bool:
    """Carry approvals of earlier stages over to the seats of those who gave them, one for each.

    True if the stage is over with them; otherwise the seats that are left wait for their turn.
    """
    earlier = queries.approvals_before(opening, course.approver)
    ours = queries.holders_of(items, at)
    ballots = []
    for one in items:
        if (source := earlier.pop(ours.get(one.pk), None)) is not None:  # type: ignore[arg-type]
            one.carried_from_id, one.state, one.closed_at = source, WorkItem.State.DECIDED, at
            ballots.append(Ballot(one.pk, "approve"))
    stage = opening.stage
    rule = Rule(stage.rule, stage.refusal, stage.quorum_number, stage.quorum_percent)
    left = [one for one in items if not one.carried_from_id]
    seats = [Seat(one.pk, one.weight) for one in items]
    if ballots and rules.tally(rule, seats, ballots).result == "passed":
        for one in left:
            one.state, one.closed_at, one.waits_for = WorkItem.State.NOT_NEEDED, at, None
        _close(opening, Opening.Outcome.PASSED, CARRIED, at)
        return True
    if stage.sequential:
        for before, one in zip([None, *left], left, strict=False):
            one.waits_for = before.position if before else None
            one.state = WorkItem.State.WAITING if before else WorkItem.State.OPEN
    return False


def kept(opened: Opened) -> Mapping[str, Any]:
    """Insert the rows and return their facts."""
    Opening.objects.bulk_create(opened.openings)
    WorkItem.objects.bulk_create(opened.items)
    return opened.facts
