"""What the ledger and the versions that it vouches for say of a task or a plan at a moment."""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from audit.models import Entry
from audit.queries import read_openings
from audit.replay import Record, record_of
from directory.models import Person, Unit
from workflows.models import (
    AmendmentVersion,
    Evidence,
    Measure,
    MeasureRevision,
    Plan,
    PlanVersion,
    Task,
)

Root = Task | Plan


@dataclass(frozen=True)
class Chain:
    """All entries of a task or a plan, in order: the n-th is number n."""

    entries: Sequence[Entry]

    def upto(self, seq: int) -> Sequence[Entry]:
        return self.entries[:seq]

    def seq_at(self, at: datetime) -> int:
        """How many of them there were at a moment."""
        return sum(entry.at <= at for entry in self.entries)


def chain(root: Root) -> Chain:
    found = Entry.objects.filter(organisation=root.organisation_id, subject=root.subject)
    return Chain(list(found.order_by("subject_seq")))


def records(entries: Iterable[Entry]) -> list[Record]:
    return [record_of(json.loads(bytes(entry.body))) for entry in entries]


@dataclass(frozen=True)
class Text:
    """Official words. `entry` vouches for them: the version whose hash it holds contains them."""

    heading: str
    text: str
    entry: Entry | None


def measure_text(task: Task, revision: int, at: datetime) -> Text | None:
    """What the task's measure said in a revision; None if no row has it any more. Five queries."""
    measure: Measure | MeasureRevision = task.measure
    if task.measure.revision != revision:
        kept = MeasureRevision.objects.filter(measure=task.measure_id, number=revision).first()
        if kept is None:
            return None
        measure = kept
    for entry, content in _versions(task.plan, at):
        for one in [*content.get("measures", ()), *content.get("items", ())]:
            if (one["heading"], one["text"]) == (measure.heading, measure.text):
                return Text(measure.heading, measure.text, entry)
    return Text(measure.heading, measure.text, None)


def plan_text(plan: Plan, document: str, digest: str, entry: Entry | None) -> Text | None:
    """The version of a plan that was put forward, if its bytes give the entry's digest."""
    version = PlanVersion.objects.filter(plan=plan, pk=document).first()
    if version is None or hashlib.sha256(bytes(version.content)).hexdigest() != digest:
        return None
    content = json.loads(bytes(version.content))
    return Text(content["title"], content["text"], entry)


def _versions(plan: Plan, at: datetime) -> list[tuple[Entry, Mapping[str, Any]]]:
    """The versions that were put forward by then and give the digest of their entry, newest first.

    A plan that was issued before its task existed is among them, and every amendment since.
    """
    entries = Entry.objects.filter(
        organisation=plan.organisation_id,
        subject=plan.subject,
        kind__in=["plan.approval_opened", "amendment.submitted"],
        at__lte=at,
    ).order_by("-subject_seq")
    told = {}
    for entry in entries:
        document = json.loads(bytes(entry.body))["facts"]["document"]
        told[document["id"]] = entry, document["digest"]
    found = {}
    for model in (PlanVersion, AmendmentVersion):
        for pk, content in model._default_manager.filter(pk__in=told).values_list("pk", "content"):
            found[str(pk)] = bytes(content)
    return [
        (entry, json.loads(found[pk]))
        for pk, (entry, digest) in told.items()
        if pk in found and hashlib.sha256(found[pk]).hexdigest() == digest
    ]


@dataclass(frozen=True)
class Names:
    """What people and units are called today, and the words behind commitments, by their ids."""

    people: Mapping[str, str]
    units: Mapping[str, str]
    words: Mapping[bytes, str | None]

    def person(self, pk: str | None) -> str:
        return self.people.get(pk or "", "")

    def unit(self, pk: str) -> str:
        return self.units.get(pk, pk)

    def said(self, commitment: str | None) -> str | None:
        """None: erased."""
        return self.words.get(bytes.fromhex(commitment)) if commitment else ""


def names(
    organisation_id: UUID,
    people: Iterable[str | None],
    units: Iterable[str],
    commitments: Iterable[str | None],
) -> Names:
    """Three queries."""
    found = Person.objects.filter(pk__in={one for one in people if one})
    digests = [bytes.fromhex(one) for one in commitments if one]
    return Names(
        {str(pk): name for pk, name in found.values_list("pk", "name")},
        {
            str(pk): name
            for pk, name in Unit.objects.filter(pk__in=set(units)).values_list("pk", "name")
        },
        read_openings(organisation_id, digests),
    )


def evidence(task: Task, commitments: Collection[str]) -> dict[str, UUID]:
    """The files that can still be opened, by the commitment of their name."""
    digests = [bytes.fromhex(one) for one in commitments]
    rows = Evidence.objects.filter(organisation=task.organisation_id, name__in=digests)
    return {bytes(name).hex(): pk for name, pk in rows.values_list("name", "pk")}


NEWEST = 200
RECENT = 12


def recent(organisation_id: UUID) -> list[tuple[str, str, str]]:
    """The tasks and plans that were touched last: subject, title, number. Three queries."""
    subjects = Entry.objects.filter(organisation=organisation_id).order_by("-at", "-id")
    found = dict.fromkeys(
        one
        for one in subjects.values_list("subject", flat=True)[:NEWEST]
        if one.startswith(("task:", "plan:"))
    )
    wanted = [one.partition(":")[2] for one in found]
    plans = Plan._default_manager.filter(pk__in=wanted).defer("text", "basis")
    tasks = Task._default_manager.filter(pk__in=wanted).select_related("measure", "plan")
    rows = {one.subject: (one.subject, str(one), one.number) for one in plans}
    rows |= {
        one.subject: (one.subject, f"{one.measure.number} {one}", one.plan.number) for one in tasks
    }
    return [rows[one] for one in found if one in rows][:RECENT]
