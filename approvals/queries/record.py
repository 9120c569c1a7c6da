"""All that happened in an approval, from its first round on, with the entries that tell it."""

import json
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Prefetch

from approvals.facts import each
from approvals.models import Approval, Intervention, Opening, Round, Stage
from approvals.queries.progress import ITEMS, Seating, StageView
from audit.models import Entry
from audit.queries import read_openings


@dataclass(frozen=True)
class Kept:
    """An approval as it is kept; `views` has the seats and asides of each opening by its id."""

    approval: Approval
    rounds: list[Round]
    openings: list[Opening]
    views: Mapping[UUID, StageView]
    stages: Mapping[int, Stage]
    interventions: list[Intervention]
    ledger: "Ledger"
    texts: Mapping[bytes, str | None]
    """What administrators wrote to explain their interventions, by commitment."""
    stuck: str
    """Why nobody can decide now, as a sentence without its stop; empty where somebody can."""


def kept(approval: Approval, *, at: datetime, words: bool = True) -> Kept:
    """Read an approval whole. As many queries for five hundred seats as for one.

    The approval comes with its version. Without `words` nothing of what people wrote is read.
    """
    openings = list(
        approval.openings.select_related("stage", "round__submitter").prefetch_related(
            Prefetch("work_items", queryset=ITEMS.all())
        )
    )
    seating = Seating(approval, openings, None, at, words=words)
    interventions = list(
        Intervention.objects.filter(approval=approval)
        .select_related("person", "proposed_by", "settled_by", "work_item__post__unit")
        .order_by("proposed_at", "id")
    )
    reasons = [one.reason for one in interventions]
    views = {one.pk: seating.stage(one.stage, one, one.round) for one in openings}
    now = next((one for one in views.values() if one.status == "now"), None)
    return Kept(
        approval,
        list(approval.rounds.select_related("submitter")),
        openings,
        views,
        {stage.position: stage for stage in Stage.objects.filter(version=approval.version_id)},
        interventions,
        Ledger.of(approval),
        read_openings(approval.organisation_id, reasons) if words and reasons else {},
        seating.stuck(now) if now else "",
    )


def acts_before(entry: Entry, facts: Mapping[str, Any]) -> list[Entry]:
    """What a form shows that rests on this entry: submissions and decisions of its approval so far.

    Empty for an entry of no approval. Three queries.
    """
    approval = _approval_of(facts)
    if approval is None or approval.root != entry.subject:
        return []
    ballots = {str(pk) for pk in approval.sign_offs.values_list("pk", flat=True)}
    chain = Entry.objects.filter(
        organisation=entry.organisation,
        subject=entry.subject,
        subject_seq__lte=entry.subject_seq,
        at__gte=approval.opened_at,
    )
    return [
        one
        for one in chain.order_by("subject_seq")
        if _is_act(json.loads(bytes(one.body))["facts"], str(approval.pk), ballots)
    ]


def _approval_of(facts: Mapping[str, Any]) -> Approval | None:
    if moved := facts.get("approval"):
        return Approval.objects.filter(pk=moved["id"]).first()
    if signed := facts.get("sign_off"):
        return Approval.objects.filter(sign_offs=signed["id"]).first()
    return None


def _is_act(facts: Mapping[str, Any], approval: str, ballots: set[str]) -> bool:
    if (signed := facts.get("sign_off")) and signed["id"] in ballots:
        return True
    if (taken_back := facts.get("revocation")) and taken_back["sign_off"] in ballots:
        return True
    return any((one.get("approval") or {}).get("id") == approval for one in each(facts))


class Ledger:
    """Which entry tells which fact of one approval."""

    def __init__(self, entries: Iterable[Entry], approval: UUID) -> None:
        self._found: dict[Hashable, Entry] = {}
        for entry in entries:
            for facts in each(json.loads(bytes(entry.body))["facts"]):
                for key in _told(facts, entry, str(approval)):
                    self._found.setdefault(key, entry)

    @classmethod
    def of(cls, approval: Approval) -> "Ledger":
        """The entries of the approval's root while it lasted. One query."""
        chain = Entry.objects.filter(
            organisation=approval.organisation_id,
            subject=approval.root,
            at__gte=approval.opened_at,
        )
        if approval.ended_at:
            chain = chain.filter(at__lte=approval.ended_at)
        return cls(chain.order_by("subject_seq"), approval.pk)

    def by(self, actor: str) -> list[Entry]:
        """The entries that somebody made, in the chain's order."""
        mine = {one.subject_seq: one for one in self._found.values() if one.actor == actor}
        return [mine[seq] for seq in sorted(mine)]

    def tells(self, *fact: Any) -> Entry | None:
        """The entry of a fact: what happened, then the id of the row that it made."""
        return self._found.get(tuple(str(one) for one in fact))


def _told(facts: Mapping[str, Any], entry: Entry, approval: str) -> Iterator[tuple[str, ...]]:
    moved = facts.get("approval") or {}
    if moved.get("id") == approval:
        if "document" in facts:
            yield "round", str(moved["round"])
        yield "state", moved["state"], str(moved["round"])
    if signed := facts.get("sign_off"):
        yield "sign_off", signed["id"]
        yield "signed_at", str(entry.at)
    for one in [*facts.get("passed_over", ()), *([facts["opened"]] if "opened" in facts else [])]:
        yield ("asked" if entry.kind == "approval.asked_again" else "opened"), one["id"]
    for one in facts.get("skipped", ()):
        yield "skipped", str(one["stage"]), str(entry.at)
    if closed := facts.get("closed"):
        yield "closed", closed["id"]
    for one in facts.get("turns", ()):
        yield "turn", one["id"]
    if said := facts.get("opinion"):
        yield "opinion", said["id"]
    if taken_back := facts.get("revocation"):
        yield "revoked", taken_back["sign_off"]
    if moved := facts.get("intervention"):
        yield "intervention", moved["id"], moved["state"]
