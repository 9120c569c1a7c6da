"""Checking for people without an account: a proof that they bring, or the code on a form.

Nothing is said beyond what the proof or the entry behind the code says itself.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db.models import BinaryField
from django.db.models.functions import Substr
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from audit import canonical, codes, merkle, notes, proofs, reading, tree, witnesses
from audit.codes import Code
from audit.models import Checkpoint, Entry, Origin
from audit.notes import BadNote

MOST_ACTS = 60
"""Entries that are shown with a form; the newest ones, should there be more."""


@dataclass(frozen=True)
class Said:
    """What one entry says in clear."""

    kind: str = ""
    at: datetime | None = None
    facts: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Answer:
    """What a proof shows: `problem` is wrong with it, or else it holds for the entry in it.

    `size` is how many entries were signed, `index` the entry's place; `newer` how many the log has
    by now, `at` when this checkpoint was signed, if we still know it. `is_left_behind`: signed
    under an earlier name of the log, which does not go on from there since a backup was restored.
    `cosigned` are the witnesses whose keys we know, with the time at which they saw it.
    """

    problem: str = ""
    origin: str = ""
    size: int = 0
    root: str = ""
    index: int = 0
    hash: bytes = b""
    body: str = ""
    at: datetime | None = None
    newer: int = 0
    is_left_behind: bool = False
    cosigned: list[tuple[str, datetime]] = field(default_factory=list)
    said: Said = field(default_factory=Said)

    @property
    def holds(self) -> bool:
        return not self.problem


def check(text: str) -> Answer:
    """A proof as text: its signature, its path, its bytes, one after the other."""
    try:
        proof = notes.Proof.parse(text.replace("\r\n", "\n"))
    except BadNote:
        return Answer(_("This is no proof: it should be a .tlog-proof file."))
    return judge(proof)


def judge(proof: notes.Proof) -> Answer:
    """Whether a proof holds against the keys of the logs that are kept here."""
    try:
        told = notes.Checkpoint.parse(proof.checkpoint.text)
    except BadNote:
        return Answer(_("This is no proof: it should be a .tlog-proof file."))
    origin = proofs.origin_named(told.origin)
    if origin is None:
        return Answer(_("It comes from a log that is not kept here: %s.") % told.origin[:200])
    if proof.checkpoint.signature_of(notes.Key.parse(origin.vkey)) is None:
        return Answer(_("Its checkpoint was not signed by this log."))
    if not proof.extra:
        return Answer(_("The entry itself is missing from the file."))
    leaf = canonical.leaf_hash(proof.extra)
    if not merkle.included(leaf, proof.index, told.size, proof.path, told.root):
        return Answer(_("The entry in the file is not the one that was signed."))
    newest = proofs.newest(origin.organisation)
    if newest and not _continues(told, newest) and newest.origin.name == told.origin:
        return Answer(
            _(
                "This log signed the checkpoint in the file, and is another one today: it was "
                "changed afterwards. Keep the file and show it to the auditors."
            )
        )
    return _held(proof, told, origin, newest)


def _held(
    proof: notes.Proof, told: notes.Checkpoint, origin: Origin, newest: Checkpoint | None
) -> Answer:
    signed = Checkpoint.objects.filter(origin=origin, size=told.size).first()
    body = proof.extra.decode(errors="replace")
    return Answer(
        origin=told.origin,
        size=told.size,
        root=notes.encoded(told.root),
        index=proof.index,
        hash=canonical.leaf_hash(proof.extra),
        body=body,
        at=signed.at if signed else None,
        newer=newest.size if newest else told.size,
        is_left_behind=newest is not None and not _continues(told, newest),
        cosigned=_cosigned(proof.checkpoint),
        said=said(_read(proof.extra)),
    )


def _continues(told: notes.Checkpoint, newest: Checkpoint) -> bool:
    """Whether today's log begins with the tree that was signed then."""
    if told.size == newest.size:
        return told.root == bytes(newest.root_hash)
    if told.size > newest.size:
        return False
    root = tree.asked(newest.organisation, lambda read: merkle.root(told.size, read))
    return root == told.root


def _cosigned(note: notes.Note) -> list[tuple[str, datetime]]:
    seen = [(one.key.name, note.cosigned_at(one.key)) for one in witnesses.configured()]
    return [(name, datetime.fromtimestamp(at, UTC)) for name, at in seen if at is not None]


# The code on a form.


@dataclass(frozen=True)
class Act:
    """An entry that a form shows: its place if the log has it already, and what it says."""

    entry: Entry
    answer: Answer | None
    said: Said


@dataclass(frozen=True)
class Form:
    """What stands behind a code. A whole hash opens no facts: the log hands it to everybody."""

    entry: Entry
    answer: Answer | None
    """None: recorded, the proof follows within seconds."""
    acts: list[Act] | None


def form(code: Code) -> Form | None:
    """None if no entry has this code. All entries shown are checked against one checkpoint."""
    entry = _found(code)
    if entry is None:
        return None
    if not code.secret:
        [proof] = proofs.of_all(entry.organisation, [entry])
        return Form(entry, judge(proof) if proof else None, None)
    before = reading.reader().acts(entry, _read(bytes(entry.body)))
    entries = [*(one for one in before if one.pk != entry.pk), entry][-MOST_ACTS:]
    found = zip(entries, proofs.of_all(entry.organisation, entries), strict=True)
    acts = [
        Act(one, judge(proof) if proof else None, said(_read(bytes(one.body))))
        for one, proof in found
    ]
    return Form(entry, acts[-1].answer, acts)


def _found(code: Code) -> Entry | None:
    short = Substr("entry_hash", 1, codes.SHORT, output_field=BinaryField())
    alike = Entry.objects.alias(short=short).filter(short=code.hash[: codes.SHORT])
    return next((one for one in alike.order_by() if code.fits(bytes(one.body))), None)


def said(body: Mapping[str, Any]) -> Said:
    """An entry's body in words."""
    reader = reading.reader()
    kind, at = str(body.get("kind", "")), body.get("at")
    try:
        facts = reader.clear(body)
        when = parse_datetime(at) if isinstance(at, str) else None
    except (ValueError, TypeError, KeyError):
        facts, when = [], None  # signed by us, so ours; but perhaps of a version to come
    return Said(str(reader.kinds.get(kind, kind)), when, facts)


def _read(body: bytes) -> Mapping[str, Any]:
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}
