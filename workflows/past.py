"""Tasks and plans as they stood after an entry of theirs, from their entries alone. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from audit.replay import Record, Said, digest, said
from workflows import replay

Facts = Mapping[str, Any]


@dataclass
class Part:
    """A unit's part in a task: `seq` gave it, the others tell of its receipt and its people."""

    unit: str
    role: str
    seq: int
    received_at: str | None = None
    received_by: str | None = None
    received: int | None = None
    handler: str | None = None
    deputy: str | None = None
    named: int | None = None
    declined: int | None = None


@dataclass(frozen=True)
class Document:
    """A report or a cooperating unit's part of it: texts and file names are commitments."""

    id: str
    version: int
    by: str
    at: str
    seq: int
    text: str | None
    evidence: Sequence[tuple[str, str]]
    """Commitment of the name, and SHA-256, of each file."""
    unit: str = ""
    percent: int = 0
    contributions: Sequence[str] = ()


@dataclass(frozen=True)
class Request:
    """What was asked for a task besides its completion."""

    id: str
    kind: str
    due_date: str | None
    by: str
    seq: int
    reason: str | None


@dataclass
class Task:
    """A task: `facts` are its columns with the entry that said each of them."""

    facts: Mapping[str, Said] = field(default_factory=dict)
    parts: dict[str, Part] = field(default_factory=dict)
    reports: list[Document] = field(default_factory=list)
    contributions: dict[str, Document] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)

    @property
    def report(self) -> Document | None:
        return self.reports[-1] if self.reports else None


def task(records: Sequence[Record]) -> Task:
    """A task after these of its entries."""
    found = Task()
    for facts in said(replay.task, records).values():
        found.facts = facts
    for record in records:
        _parts(found, record)
        _documents(found, record)
    return found


def _parts(found: Task, record: Record) -> None:
    facts = record.facts
    if "parts" in facts:
        before = found.parts
        found.parts = {}
        for role, units in facts["parts"].items():
            for unit in units:
                old = before.get(unit)
                stays = old is not None and old.role == role != "lead"
                found.parts[unit] = old if old and stays else Part(unit, role, record.seq)
        return
    part = found.parts.get(facts.get("unit", ""))
    match record.kind:
        case "task.accepted" | "task.received" if part:
            part.received_at, part.received_by = record.at, record.actor_id
            part.received, part.declined = record.seq, None
            _people(part, facts, record.seq)
        case "task.handlers_named" if part:
            _people(part, facts, record.seq)
        case "task.declined" if part:
            part.declined = record.seq
        case "task.insisted":
            for one in found.parts.values():
                one.declined = None


def _people(part: Part, facts: Facts, seq: int) -> None:
    part.handler, part.deputy, part.named = facts.get("handler"), facts.get("deputy"), seq


def _documents(found: Task, record: Record) -> None:
    facts = record.facts
    match record.kind:
        case "task.submitted":
            found.reports.append(
                Document(
                    facts["submission"],
                    facts["version"],
                    record.actor_id,
                    record.at,
                    record.seq,
                    digest(facts["text"]),
                    _files(facts),
                    percent=facts["percent"],
                    contributions=facts["contributions"],
                )
            )
        case "contribution.sent":
            found.contributions[facts["contribution"]] = Document(
                facts["contribution"],
                facts["version"],
                record.actor_id,
                record.at,
                record.seq,
                digest(facts["text"]),
                _files(facts),
                unit=facts["unit"],
            )
    if asked := facts.get("request"):
        found.requests.append(
            Request(
                asked["id"],
                asked["kind"],
                asked["due_date"],
                record.actor_id,
                record.seq,
                digest(facts["reason"]),
            )
        )


def _files(facts: Facts) -> list[tuple[str, str]]:
    return [(file["name"]["commitment"], file["sha256"]) for file in facts["evidence"]]


@dataclass
class Plan:
    """A plan: where it was, what was put forward last, which units had received it."""

    step: Said | None = None
    document: Said | None = None
    """The id of the version that was put forward, and its digest."""
    digest: str = ""
    received: dict[str, tuple[str, str, int]] = field(default_factory=dict)
    """Person, time and entry of each unit's receipt."""
    amendments: dict[str, tuple[Facts, int]] = field(default_factory=dict)


def plan(records: Iterable[Record]) -> Plan:
    """A plan after these of its entries."""
    found = Plan()
    for record in records:
        facts = record.facts
        if move := facts.get("step"):
            found.step = Said(move["to"], record.seq)
        if record.kind == "plan.approval_opened":
            document = facts["document"]
            found.document = Said(document["id"], record.seq)
            found.digest = document["digest"]
        if record.kind == "plan.received":
            found.received[facts["unit"]] = record.actor_id, record.at, record.seq
        one = facts.get("amendment")
        for told in [*([one] if one else []), *facts.get("amendments", ())]:
            found.amendments[told["id"]] = told, record.seq
    return found
