"""How sure the record is just now: what was verified, signed, witnessed and exported, and when."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count

from audit import queries, reading, witnesses, witnessing
from audit.models import Checkpoint, Cosignature, Entry, Origin
from audit.queries import Standing, read_openings
from audit.witnessing import Witnessing

GOOD, ATTENTION, BAD = "good", "warn", "bad"
"""In words on the page: in order, needs attention, not in order."""

VERIFIED_WITHIN = timedelta(hours=26)
"""Every night, and two hours for a worker that is late."""
SIGNED_WITHIN = timedelta(minutes=5)
"""How long entries may wait for a signature: the worker takes a second or two."""
RECENT = 10
"""Checkpoints and exports that the page lists."""


@dataclass(frozen=True)
class Seen:
    """A witness: when it cosigned last, how many entries it had seen then."""

    name: str
    at: datetime | None
    size: int
    is_asked: bool
    """Whether the server still asks it."""


@dataclass(frozen=True)
class Name:
    """A name under which the log was signed, and why it was begun."""

    origin: Origin
    entry: Entry | None
    reason: str | None
    """None: erased."""


@dataclass(frozen=True)
class Status:
    """All of it, for one organisation at one moment."""

    at: datetime
    standing: Standing
    oldest_waiting: datetime | None
    checkpoints: Sequence[Checkpoint]
    witnesses: Sequence[Seen]
    witnessing: Witnessing
    """How far the witnesses have come that our policy asks for."""
    names: Sequence[Name]
    exports: Sequence[Mapping[str, Any]]
    signed_by_person: int
    """Sign-offs with a signature of the person's own; all others are attested by the server."""
    sign_offs: int

    @property
    def verified_age(self) -> timedelta | None:
        run = self.standing.verified
        return self.at - run.at if run else None

    @property
    def verified(self) -> str:
        if self.standing.finding:
            return BAD
        age = self.verified_age
        return GOOD if age is not None and age <= VERIFIED_WITHIN else ATTENTION

    @property
    def attested(self) -> int:
        return self.sign_offs - self.signed_by_person

    @property
    def share(self) -> int | None:
        """Percent of the sign-offs that were personally signed, rounded down."""
        return 100 * self.signed_by_person // self.sign_offs if self.sign_offs else None

    @property
    def signed_age(self) -> timedelta | None:
        signed = self.standing.signed
        return self.at - signed.at if signed else None

    @property
    def unsigned(self) -> int:
        """Entries that no checkpoint covers yet."""
        signed = self.standing.signed
        return max(self.standing.entries - (signed.size if signed else 0), 0)

    @property
    def signed(self) -> str:
        if not self.standing.signed or (
            self.oldest_waiting and self.at - self.oldest_waiting > SIGNED_WITHIN
        ):
            return BAD
        return GOOD

    @property
    def witnessed(self) -> str:
        return GOOD if self.witnessing.size and not self.witnessing.is_lacking else ATTENTION


def status(organisation: UUID, *, at: datetime) -> Status:
    """Everything the page of verification shows, in a fixed number of queries."""
    standing = queries.standing(organisation)
    personally, sign_offs = reading.reader().personally_signed(organisation)
    return Status(
        at=at,
        standing=standing,
        oldest_waiting=_oldest_unsigned(organisation, standing),
        checkpoints=_recent(organisation),
        witnesses=_witnesses(organisation),
        witnessing=witnessing.of(organisation, at=at),
        names=_names(organisation),
        exports=_exports(organisation),
        signed_by_person=personally,
        sign_offs=sign_offs,
    )


def _oldest_unsigned(organisation: UUID, standing: Standing) -> datetime | None:
    """Of the entries without a place in the log, the one that waits longest."""
    if not standing.waiting:
        return None
    without = Entry.objects.filter(organisation=organisation, leaf=None)
    times = list(without.order_by("-at").values_list("at", flat=True)[: standing.waiting])
    return min(times, default=None)


def _recent(organisation: UUID) -> list[Checkpoint]:
    found = Checkpoint.objects.filter(organisation=organisation).select_related("origin")
    counted = found.annotate(witnesses=Count("cosignatures"))
    return list(counted.order_by("-at", "-size")[:RECENT])


def _witnesses(organisation: UUID) -> list[Seen]:
    """Those that the server asks, and those that it once asked."""
    found = (
        Cosignature.objects.filter(organisation=organisation)
        .order_by("witness", "-seen_at")
        .distinct("witness")
        .values_list("witness", "seen_at", "checkpoint__size")
    )
    seen = {witness: (at, size) for witness, at, size in found}
    asked = {one.key.name for one in witnesses.configured()}
    nothing: tuple[datetime | None, int] = (None, 0)
    return [
        Seen(name, *seen.get(name, nothing), name in asked) for name in sorted(asked | seen.keys())
    ]


def _names(organisation: UUID) -> list[Name]:
    entries = {}
    reasons = {}
    chain = Entry.objects.filter(
        organisation=organisation, subject=f"organisation:{organisation}", kind__startswith="log."
    )
    for entry in chain.order_by("subject_seq"):
        facts = json.loads(bytes(entry.body))["facts"]
        if origin := facts.get("origin"):
            entries[origin] = entry
            if isinstance(why := facts.get("reason"), dict):
                reasons[origin] = bytes.fromhex(why["commitment"])
    texts = read_openings(organisation, reasons.values()) if reasons else {}
    return [
        Name(
            one,
            entries.get(one.name),
            texts[reasons[one.name]] if one.name in reasons else "",
        )
        for one in Origin.objects.filter(organisation=organisation).order_by("-number")
    ]


def _exports(organisation: UUID) -> list[dict[str, Any]]:
    found = Entry.objects.filter(organisation=organisation, kind__in=EXPORTED).select_related(
        "leaf"
    )
    return queries.rows(organisation, found.order_by("-at", "-id")[:RECENT])


EXPORTED = ("ledger.exported", "ledger.listed", "statistics.exported")
