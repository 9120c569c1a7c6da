"""A person's own decisions: which, what became of each, and how long they took."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Count, QuerySet
from django.utils import timezone

from approvals.facts import each
from approvals.models import Approval, Opening, SignOff
from audit.models import Entry
from directory.calendar import WorkingDays, start_of
from directory.models import Person

SAMPLE = 500
"""How many of the newest decisions tell how long they take."""


@dataclass(frozen=True)
class Wanted:
    """Which decisions; what is left out narrows nothing. Both days are included."""

    decision: str = ""
    kind: str = ""
    since: date | None = None
    until: date | None = None


def decisions_of(person: Person, wanted: Wanted) -> QuerySet[SignOff]:
    """What the person signed, the newest first, with all that a list says of it."""
    found = SignOff.objects.filter(person=person)
    zone = timezone.get_current_timezone()
    if wanted.decision:
        found = found.filter(decision=wanted.decision)
    if wanted.kind:
        found = found.filter(approval__subject_kind=wanted.kind)
    if wanted.since:
        found = found.filter(at__gte=start_of(wanted.since, zone))
    if wanted.until:
        found = found.filter(at__lt=start_of(wanted.until + timedelta(days=1), zone))
    related = found.select_related(
        "approval",
        "acting_for",
        "revocation",
        "work_item__opening__stage",
        "work_item__opening__round",
        "work_item__post__unit",
    )
    return related.order_by("-at", "-id")


def entries_of(signed: Iterable[SignOff]) -> dict[UUID, Entry]:
    """The ledger entry of each of one person's sign-offs, by the sign-off's id. One query."""
    wanted = {one.pk: one for one in signed}
    if not wanted:
        return {}
    some = next(iter(wanted.values()))
    found = Entry.objects.filter(
        organisation=some.organisation_id,
        actor=f"person:{some.person_id}",
        at__in={one.at for one in wanted.values()},
        kind="approval.signed_off",
    )
    told = {
        UUID(facts["sign_off"]["id"]): entry
        for entry in found
        for facts in each(json.loads(bytes(entry.body))["facts"])
        if "sign_off" in facts
    }
    return {pk: told[pk] for pk in wanted if pk in told}


def kinds_decided(person: Person) -> list[str]:
    """What kinds of subjects the person has decided on at all."""
    kinds = SignOff.objects.filter(person=person).order_by()
    return sorted(kinds.values_list("approval__subject_kind", flat=True).distinct())


def stages_now(signed: Iterable[SignOff]) -> dict[UUID, str]:
    """By approval that goes on, the stage it is at."""
    going = {one.approval_id for one in signed if one.approval.state == Approval.State.OPEN}
    now = Opening.objects.filter(approval__in=going, outcome="")
    return dict(now.values_list("approval", "stage__name"))


@dataclass(frozen=True)
class Figures:
    """How many of each decision, and the beginning and end of one that took as long as most."""

    counts: dict[str, int]
    median: tuple[datetime, datetime] | None

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def figures(found: QuerySet[SignOff], days: WorkingDays) -> Figures:
    """Over these decisions. Two queries."""
    rows = found.order_by().values_list("decision").annotate(n=Count("pk"))
    spans = list(found.values_list("work_item__opened_at", "at")[:SAMPLE])
    return Figures(dict(rows), _median(spans, days))


def _median(
    spans: Sequence[tuple[datetime, datetime]], days: WorkingDays
) -> tuple[datetime, datetime] | None:
    def length(span: tuple[datetime, datetime]) -> tuple[int, timedelta]:
        start, end = (timezone.localdate(one) for one in span)
        return days.between(start, end), span[1] - span[0]

    return sorted(spans, key=length)[len(spans) // 2] if spans else None
