"""Reading the ledger."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from audit import proofs, reading
from audit.canonical import leaf_hash
from audit.findings import Finding
from audit.models import (
    NO_HASH,
    Checkpoint,
    Cosignature,
    Entry,
    Erasure,
    LogHead,
    Opening,
    Verification,
)


class Erased(str):
    """What is read in place of a text that was erased: when, and why."""


def read_openings(
    organisation_id: UUID, digests: Iterable[bytes | memoryview | None]
) -> dict[bytes, str | None]:
    """The texts behind commitments, by digest, in one query.

    In place of one that was erased stands when and why, at the price of two more. None: not there,
    and nobody asked for that.
    """
    wanted = {bytes(digest) for digest in digests if digest is not None}
    texts: dict[bytes, str | None] = dict.fromkeys(wanted)
    found = Opening.objects.filter(organisation=organisation_id, commitment__in=wanted)
    for digest, content in found.values_list("commitment", "content"):
        texts[bytes(digest)] = bytes(content).decode()
    if missing := [digest for digest, text in texts.items() if text is None]:
        texts |= _erased(organisation_id, missing)
    return texts


def _erased(organisation: UUID, digests: Collection[bytes]) -> dict[bytes, str]:
    asked = Erasure.objects.filter(organisation=organisation, commitment__in=digests)
    rows = list(asked.values_list("commitment", "reason", "requested_at"))
    reasons = Opening.objects.filter(
        organisation=organisation, commitment__in=[reason for _digest, reason, _at in rows]
    )
    words = {
        bytes(one): bytes(text).decode()
        for one, text in reasons.values_list("commitment", "content")
    }
    return {
        bytes(digest): Erased(
            _("(erased on %(date)s: %(reason)s)")
            % {
                "date": date_format(timezone.localtime(at), "DATE_FORMAT"),
                "reason": words.get(bytes(reason), "–"),
            }
        )
        for digest, reason, at in rows
    }


@dataclass(frozen=True)
class Standing:
    """How the organisation's log stands: its entries, its leaves, what the verifier last found."""

    entries: int
    leaves: int
    verified: Verification | None
    signed: Checkpoint | None
    witnessed: Cosignature | None

    @property
    def waiting(self) -> int:
        return max(self.entries - self.leaves, 0)

    @property
    def finding(self) -> Finding | None:
        if self.verified is None or self.verified.first_bad is None:
            return None
        return Finding.from_json(self.verified.first_bad)


def standing(organisation: UUID) -> Standing:
    head = LogHead.objects.filter(pk=organisation).first()
    runs = Verification.objects.filter(organisation=organisation).order_by("-at")
    return Standing(
        entries=Entry.objects.filter(organisation=organisation).count(),
        leaves=head.size if head else 0,
        verified=runs.first(),
        signed=proofs.newest(organisation),
        witnessed=Cosignature.objects.filter(organisation=organisation)
        .order_by("-seen_at")
        .select_related("checkpoint")
        .first(),
    )


@dataclass(frozen=True)
class Log:
    """What the page of the record says of the log as a whole, without counting its entries."""

    size: int
    signed: Checkpoint | None
    finding: Finding | None


def log(organisation: UUID) -> Log:
    head = LogHead.objects.filter(pk=organisation).first()
    run = Verification.objects.filter(organisation=organisation).order_by("-at").first()
    bad = Finding.from_json(run.first_bad) if run and run.first_bad is not None else None
    return Log(head.size if head else 0, proofs.newest(organisation), bad)


@dataclass(frozen=True)
class Fact:
    """A fact of an entry as a line: where it stands in the body, and what it says."""

    name: str
    value: str
    is_text: bool = False
    """The words behind a commitment."""
    is_erased: bool = False


@dataclass(frozen=True)
class Detail:
    """One entry with its neighbours, its facts in words and what can be checked at once."""

    entry: Entry
    body: Mapping[str, Any]
    facts: list[Fact]
    before: Entry | None
    after: Entry | None
    is_hashed: bool
    is_chained: bool

    @property
    def canonical(self) -> str:
        return bytes(self.entry.body).decode(errors="replace")


def detail(entry: Entry) -> Detail:
    """Four queries: both neighbours, the leaf with the entry, the openings."""
    chain = Entry.objects.filter(organisation=entry.organisation, subject=entry.subject)
    before = chain.filter(subject_seq=entry.subject_seq - 1).first()
    try:
        body = json.loads(bytes(entry.body))
    except ValueError:  # tampered with: the page says so instead of failing
        body = {}
    return Detail(
        entry=entry,
        body=body,
        facts=_facts(entry.organisation, body.get("facts", {})),
        before=before,
        after=chain.filter(subject_seq=entry.subject_seq + 1).first(),
        is_hashed=leaf_hash(bytes(entry.body)) == bytes(entry.entry_hash),
        is_chained=bytes(entry.prev_hash) == (bytes(before.entry_hash) if before else NO_HASH),
    )


def _facts(organisation: UUID, facts: Mapping[str, Any]) -> list[Fact]:
    found = list(lines(facts))
    digests = [
        bytes.fromhex(value["commitment"]) for _name, value in found if isinstance(value, dict)
    ]
    texts = read_openings(organisation, digests)
    return [_fact(name, value, texts) for name, value in found]


def _fact(name: str, value: Any, texts: Mapping[bytes, str | None]) -> Fact:
    if not isinstance(value, dict):
        return Fact(name, str(value))
    text = texts[bytes.fromhex(value["commitment"])]
    gone = text is None or isinstance(text, Erased)
    return Fact(name, text or "", is_text=True, is_erased=gone)


def lines(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf of the facts with its path; commitments are leaves, nothing is left out."""
    match value:
        case {"commitment": str()}:
            yield path, value
        case dict():
            for key, item in value.items():
                yield from lines(item, f"{path}.{key}" if path else key)
        case list():
            for number, item in enumerate(value, 1):
                yield from lines(item, f"{path}.{number}")
        case None | "":
            return
        case _:
            yield path, value


def rows(organisation: UUID, entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """Entries with the names of what and whom they are about."""
    entries = list(entries)
    wanted = {one.subject for one in entries} | {one.actor for one in entries}
    reader = reading.reader()
    names = reader.name(organisation, wanted)
    return [
        {
            "entry": one,
            "kind": reader.kinds.get(one.kind, one.kind),
            "subject": names.get(one.subject, reading.Named(one.subject)),
            "actor": names.get(one.actor, reading.Named(one.actor)),
            "leaf": getattr(one, "leaf", None),
        }
        for one in entries
    ]
