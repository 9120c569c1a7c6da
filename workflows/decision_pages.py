"""What the page of a person's own decisions shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from approvals import sentences, subjects
from approvals.models import Approval, SignOff
from approvals.queries import mine
from approvals.queries.mine import Wanted
from approvals.subjects import Description
from audit import proofs
from audit.proofs import Receipt
from directory.calendar import WorkingDays
from directory.models import Person
from directory.queries import working_days

ON_A_PAGE = 50
ENDS: Mapping[str, Promise] = {
    "passed": pgettext_lazy("what became of it", "approved in the end"),
    "with_submitter": pgettext_lazy("what became of it", "went back to the submitter"),
    "withdrawn": pgettext_lazy("what became of it", "withdrawn by the submitter"),
    "cancelled": pgettext_lazy("what became of it", "cancelled"),
}


@dataclass(frozen=True)
class Decided:
    """A row: what was decided, where, for whom, and what became of it."""

    signed: SignOff
    capacity: str
    title: str
    url: str
    record: str
    stage: str
    fate: str
    took: str
    receipt: Receipt | None


@dataclass(frozen=True)
class Decisions:
    page: Page[Any]
    rows: Sequence[Decided]
    counts: Sequence[tuple[str, int]]
    total: int
    usual: str
    """How long most of them took."""


def decisions(person: Person, wanted: Wanted, number: str | None) -> Decisions:
    """A page of the person's decisions, the newest first. About a dozen queries."""
    found = mine.decisions_of(person, wanted)
    page = Paginator(found, ON_A_PAGE).get_page(number)
    days = working_days(person.organisation_id)
    signed = list(page.object_list)
    now, about = mine.stages_now(signed), _about(signed)
    told = mine.figures(found, days)
    entries = mine.entries_of(signed)
    receipts = dict(zip(entries, proofs.receipts(entries.values()), strict=True))
    labels = dict(SignOff.Decision.choices)
    return Decisions(
        page,
        [_row(one, about[_subject(one)], now, days, receipts.get(one.pk)) for one in signed],
        [(str(labels[name]), told.counts.get(name, 0)) for name in SignOff.Decision.values],
        told.total,
        sentences.lasted(*told.median, days) if told.median else "",
    )


def _subject(signed: SignOff) -> tuple[str, UUID]:
    """A task may have approvals of several kinds."""
    return signed.approval.subject_kind, signed.approval.subject_id


def _about(signed: Sequence[SignOff]) -> dict[tuple[str, UUID], Description]:
    """What each is about; one query for each kind of subject."""
    by_kind: dict[str, set[UUID]] = {}
    for one in signed:
        kind, pk = _subject(one)
        by_kind.setdefault(kind, set()).add(pk)
    return {
        (kind, pk): described
        for kind, ids in by_kind.items()
        for pk, described in subjects.get(kind).describe(ids).items()
    }


def _row(
    signed: SignOff,
    about: Description,
    now: Mapping[UUID, str],
    days: WorkingDays,
    receipt: Receipt | None,
) -> Decided:
    opening = signed.work_item.opening
    stage = opening.stage.name
    if opening.round.number > 1:
        stage = _("%(stage)s, round %(n)d") % {"stage": stage, "n": opening.round.number}
    return Decided(
        signed,
        sentences.signed_as(signed, signed.work_item.post),
        about.title,
        about.url,
        reverse("approval", args=[signed.approval_id]),
        stage,
        _fate(signed, now),
        sentences.took(signed.work_item.opened_at, signed.at, signed.at, days),
        receipt,
    )


def _fate(signed: SignOff, now: Mapping[UUID, str]) -> str:
    if hasattr(signed, "revocation"):
        return _("you took it back")
    if signed.approval.state != Approval.State.OPEN:
        return str(ENDS[signed.approval.state])
    if not signed.work_item.opening.outcome:
        return _("others are still asked at this stage")
    return _("now at “%(stage)s”") % {"stage": now.get(signed.approval_id, "")}
