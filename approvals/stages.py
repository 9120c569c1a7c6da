"""Opening stages: the electorate is frozen as work items, what doesn't apply is skipped."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from approvals import queries, selectors
from approvals.models import Approval, Opening, Round, Stage, WorkItem
from approvals.selectors import Chair
from approvals.subjects import Context
from audit import canonical

NO_COOPERATING_UNIT = "no_cooperating_unit"
"""Why a stage was skipped: only cooperating units are asked, and there are none."""
FALLBACK = "fallback"
"""Nobody whom the stage names could act, so its fallback was asked."""


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
    """Rows to insert: what was skipped, then an opening unless the route is through."""

    skipped: list[Opening] = field(default_factory=list)
    opening: Opening | None = None
    items: list[WorkItem] = field(default_factory=list)

    @property
    def openings(self) -> list[Opening]:
        return [*self.skipped, *([self.opening] if self.opening else [])]

    @property
    def facts(self) -> dict[str, Any]:
        """What the ledger keeps; the electorate as a digest that its rows must give again."""
        facts: dict[str, Any] = {}
        if self.skipped:
            facts["skipped"] = [
                {"stage": one.stage.position, "reason": one.reason} for one in self.skipped
            ]
        if self.opening:
            facts["opened"] = {
                "id": self.opening.id,
                "number": self.opening.number,
                "stage": self.opening.stage.position,
                "seats": len(self.items),
                "electorate": electorate_digest(self.items),
            }
        return facts


def electorate_digest(items: Sequence[WorkItem]) -> bytes:
    """SHA-256 over the seats in order: id, post or person, weight, origin."""
    seats = [
        [item.position, item.id, item.post_id, item.person_id, item.weight, item.origin]
        for item in items
    ]
    return hashlib.sha256(canonical.encode(seats)).digest()


def open_from(position: int, course: Course, *, number: int, at: datetime) -> Opened:
    """Open the first stage from `position` on that applies; `number` is the next opening's.

    A stage that asks cooperating units alone is skipped where there are none. Any other stage that
    finds nobody opens without seats, which is blocked: it never passes by itself.
    """
    skipped: list[Opening] = []
    for stage in stages_of(course.version)[position - 1 :]:
        opening = Opening(
            organisation_id=course.organisation,
            approval_id=course.approval,
            round_id=course.round,
            stage=stage,
            number=number + len(skipped),
            opened_at=at,
        )
        if not course.context.cooperating_units and selectors.asks_cooperating_units_only(
            stage.approvers
        ):
            opening.outcome, opening.reason = Opening.Outcome.SKIPPED, NO_COOPERATING_UNIT
            opening.closed_at = at
            skipped.append(opening)
            continue
        return Opened(skipped, opening, seat(opening, course, at))
    return Opened(skipped)


@lru_cache(maxsize=256)
def stages_of(version_id: UUID) -> tuple[Stage, ...]:
    """A published version's stages in order: they never change, so they are read once."""
    return tuple(Stage.objects.filter(version=version_id).order_by("position"))


def seat(opening: Opening, course: Course, at: datetime) -> list[WorkItem]:
    """The electorate of an opening, unsaved; the fallback's where nobody else could act."""
    stage = opening.stage
    (chairs,) = selectors.resolve([stage.approvers], course.context, at)
    origin = "configured"
    if stage.fallback and not queries.somebody_able(chairs, course.barred, at):
        (chairs,) = selectors.resolve([stage.fallback], course.context, at)
        origin = opening.reason = FALLBACK
    return [_item(opening, position, chair, origin, at) for position, chair in enumerate(chairs, 1)]


def _item(opening: Opening, position: int, chair: Chair, origin: str, at: datetime) -> WorkItem:
    waits = opening.stage.sequential and position > 1
    return WorkItem(
        organisation_id=opening.organisation_id,
        approval_id=opening.approval_id,
        opening_id=opening.id,
        post_id=chair.post,
        person_id=chair.person,
        position=position,
        weight=chair.weight,
        origin=origin,
        state=WorkItem.State.WAITING if waits else WorkItem.State.OPEN,
        opened_at=at,
    )


def kept(opened: Opened) -> Mapping[str, Any]:
    """Insert the rows and return their facts."""
    Opening.objects.bulk_create(opened.openings)
    WorkItem.objects.bulk_create(opened.items)
    return opened.facts
