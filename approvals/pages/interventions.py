"""Interventions in a stuck approval: what may be proposed, and what waits for a second person."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from approvals import queries, sentences, subjects
from approvals.models import Approval, Intervention, WorkItem
from approvals.pages import record
from audit.queries import read_openings
from directory.models import Person

Kind, State = Intervention.Kind, Intervention.State


@dataclass(frozen=True)
class Proposed:
    """An intervention in words; `text` says what is to happen, `reason` why."""

    made: Intervention
    text: str
    reason: str
    settled: str = ""


@dataclass(frozen=True)
class InterventionPage:
    """An approval as an administrator sees it who may not read the subject itself."""

    approval: Approval
    title: str
    unit: str
    stage: str
    why: str
    seats: list[tuple[str, str]]
    pending: Proposed | None
    past: list[Proposed]
    may_confirm: bool

    @property
    def is_open(self) -> bool:
        return self.approval.state == Approval.State.OPEN


def intervention_page(approval: Approval, user: Person, at: datetime) -> InterventionPage:
    about = subjects.get(approval.subject_kind).describe([approval.subject_id])
    described = about.get(approval.subject_id)
    opening = approval.openings.filter(outcome="").select_related("stage").first()
    last = approval.rounds.latest("number")
    stuck = queries.blocked(approval.organisation_id, at, approval)
    made = _proposed(Intervention.objects.filter(approval=approval).order_by("-proposed_at", "-id"))
    pending = next((one for one in made if one.made.state == State.PROPOSED), None)
    barred = (pending.made.proposed_by_id, pending.made.person_id) if pending else ()
    return InterventionPage(
        approval,
        described.title if described else "",
        queries.units_of([last]).get(last.pk, ""),
        opening.stage.name if opening else "",
        sentences.why_blocked(stuck[0].reason) if stuck else "",
        _seats(approval),
        pending,
        [one for one in made if one is not pending],
        pending is not None and user.pk not in barred,
    )


def waiting(organisation_id: UUID) -> list[tuple[str, Proposed]]:
    """What waits for a second administrator, with the title of what it is about."""
    open_ones = Intervention.objects.filter(organisation=organisation_id, state=State.PROPOSED)
    made = _proposed(open_ones.select_related("approval").order_by("proposed_at"))
    ids: dict[str, list[UUID]] = {}
    for one in made:
        ids.setdefault(one.made.approval.subject_kind, []).append(one.made.approval.subject_id)
    titles = {
        subject: described.title
        for kind, wanted in ids.items()
        for subject, described in subjects.get(kind).describe(wanted).items()
    }
    return [(titles.get(one.made.approval.subject_id, ""), one) for one in made]


def _seats(approval: Approval) -> list[tuple[str, str]]:
    """The undecided seats of the open stage."""
    items = WorkItem.objects.seats().filter(
        approval=approval, opening__outcome="", state__in=["open", "waiting"]
    )
    return [(str(one.pk), _seat(one)) for one in items.select_related("post__unit", "person")]


def _seat(item: WorkItem) -> str:
    if item.post is None:
        return str(item.person)
    return sentences.capacity(item.post.unit.name, item.post.title)


def _proposed(found: Any) -> list[Proposed]:
    made = list(
        found.select_related(
            "approval",
            "person",
            "proposed_by",
            "settled_by",
            "work_item__post__unit",
            "work_item__person",
        )
    )
    if not made:
        return []
    texts = read_openings(made[0].organisation_id, [one.reason for one in made])
    return [
        Proposed(
            one,
            record.intervention(one),
            texts[bytes(one.reason)] or sentences.erased(),
            record.settled(one) if one.settled_by else "",
        )
        for one in made
    ]
