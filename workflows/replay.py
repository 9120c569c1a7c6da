"""How tasks and what was reported on them follow from ledger entries."""

from collections.abc import Iterator

from django.db.models import Q
from django.db.models.functions import Coalesce

from audit.replay import Instant, Record, Table, Values, columns, digest, joined

Told = Iterator[tuple[str, Values]]


def task(record: Record) -> Told:
    """`facts.state` of an entry on a task: created, and every transition since."""
    if not record.subject.startswith("task:"):
        return
    facts = record.facts
    if change := facts.get("state"):
        again = {"outcome": "", "closed_at": None} if change["to"] == "in_progress" else {}
        yield record.subject_id, {"state": change["to"]} | again
    if isinstance(moved := facts.get("due_date"), dict):
        yield record.subject_id, {"due_date": moved["to"]}
    match record.kind:
        case "task.created":
            yield (
                record.subject_id,
                {"outcome": ""} | {name: facts[name] for name in MADE if name in facts},
            )
        case "task.amended":
            yield record.subject_id, facts["amended"]
        case "task.priority_set":
            yield record.subject_id, {"priority": facts["priority"]["to"]}
        case "task.closed":
            yield record.subject_id, {"outcome": facts["outcome"], "closed_at": record.at}


MADE = ("plan", "measure", "made_for", "title", "due_date", "priority", "measure_revision")
"""What a task is made with; all of it but the first three may be amended."""


def receipt(record: Record) -> Told:
    if record.kind in {"task.accepted", "task.received"} and (unit := record.facts.get("unit")):
        yield f"{record.subject_id}:{unit}:{record.actor_id}:{record.at}", {}


def plan_receipt(record: Record) -> Told:
    if record.kind == "plan.received":
        unit = record.facts["unit"]
        yield f"{record.subject_id}:{unit}:{record.actor_id}:{record.at}", {}


def contribution(record: Record) -> Told:
    if record.kind == "contribution.sent":
        facts = record.facts
        yield (
            facts["contribution"],
            {
                "task": record.subject_id,
                "unit": facts["unit"],
                "version": facts["version"],
                "text": digest(facts["text"]),
                "at": record.at,
            },
        )


def submission(record: Record) -> Told:
    if record.kind == "task.submitted":
        facts = record.facts
        yield (
            facts["submission"],
            {
                "task": record.subject_id,
                "submitter": record.actor_id,
                "version": facts["version"],
                "percent": facts["percent"],
                "digest": facts["digest"],
                "text": digest(facts["text"]),
                "answer": digest(facts["answer"]),
                "without_units_reason": digest(facts["without_units_reason"]),
                "at": record.at,
            },
        )


def request(record: Record) -> Told:
    """What was asked for a task: a later due date, or to work on it again."""
    if asked := record.facts.get("request"):
        yield (
            asked["id"],
            {name: asked[name] for name in REQUEST}
            | {
                "task": record.subject_id,
                "asked_by": record.actor_id,
                "reason": digest(record.facts["reason"]),
                "digest": record.facts["document"]["digest"],
                "at": record.at,
            },
        )


REQUEST = ("kind", "number", "previous_due_date", "due_date")


def included(record: Record) -> Told:
    if record.kind == "task.submitted":
        for one in record.facts["contributions"]:
            yield f"{record.facts['submission']}:{one}", {}


def evidence(record: Record) -> Told:
    """The commitment of its name is unlike any other, so it names the file."""
    if record.kind in {"task.submitted", "contribution.sent"}:
        document = record.facts.get("submission") or record.facts["contribution"]
        for file in record.facts["evidence"]:
            key = digest(file["name"])
            if key:
                yield key, {"document": document, "sha256": file["sha256"]}


TABLES = [
    Table(
        "workflows.task",
        task,
        columns("state", "outcome", "closed_at", *MADE),
    ),
    Table(
        "workflows.assignment",
        receipt,
        key=joined("task", "unit", "received_by", Instant("received_at")),
        where=Q(received_at__isnull=False),
    ),
    Table(
        "workflows.addressee",
        plan_receipt,
        key=joined("plan", "unit", "received_by", Instant("received_at")),
        where=Q(received_at__isnull=False),
    ),
    Table("workflows.contribution", contribution, columns("task", "unit", "version", "text", "at")),
    Table(
        "workflows.submission",
        submission,
        columns(
            "task",
            "submitter",
            "version",
            "percent",
            "digest",
            "text",
            "answer",
            "without_units_reason",
            "at",
        ),
    ),
    Table(
        "workflows.taskrequest",
        request,
        columns(*REQUEST, "task", "asked_by", "reason", "digest", "at"),
    ),
    Table("workflows.includedcontribution", included, key=joined("submission", "contribution")),
    Table(
        "workflows.evidence",
        evidence,
        {"document": Coalesce("submission", "contribution"), "sha256": "file__sha256"},
        key="name",
    ),
]
