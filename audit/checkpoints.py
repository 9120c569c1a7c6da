"""Signing the log: a checkpoint whenever it has grown, and none that contradicts an earlier one.

The last checkpoint that was signed is kept in a file beside the key, which no backup of the
database brings back: a database that was restored, or whose log was made anew, doesn't go on from
there, and is not signed until an operator opens a new origin and says why.
"""

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import connection, transaction
from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext_lazy as _

from audit import merkle, notes, roots, sequencer, signing, tree
from audit.actions import append
from audit.canonical import commit
from audit.errors import Refused
from audit.memory import Memory
from audit.models import Checkpoint, LogHead, Origin
from audit.notes import BadNote
from audit.sequencer import BATCH, LOCK, alone

log = logging.getLogger("duban.ledger")

REST = timedelta(minutes=1)
"""How long a log that can't be signed is left alone: an operator has to act."""


class LogDoesNotFollow(Refused):
    """The log isn't the one that was signed last."""

    status = 409
    sentence = _(
        "The log of %(organisation)s does not go on from its last checkpoint (%(size)d entries), "
        "so it is not signed. If a backup was restored, open a new origin and say why."
    )


class Busy(Exception):
    """Another worker gives leaves or signs at this moment."""


class KeyDoesNotFit(Refused):
    """The key in the file isn't the one that the log's newest origin names."""

    status = 409
    sentence = _(
        "The key of this installation is not the one of %(origin)s, so nothing is signed with it. "
        "Put the right key back; if it is lost, run manage.py key rotate --lost."
    )


class KeyLost(Refused):
    """Logs were signed, and the key is gone."""

    status = 409
    sentence = _(
        "The key in %(place)s is gone, and nothing can be signed without it. Put it back; if it is "
        "lost, run manage.py key rotate --lost."
    )


class NothingToRollOver(Refused):
    """The log goes on from its last checkpoint."""

    status = 409
    sentence = _("The log goes on from its last checkpoint, so it needs no new origin.")


@dataclass(frozen=True)
class Signer:
    """Whoever holds the key and remembers, for each origin, what was signed last."""

    host: str
    key: Ed25519PrivateKey
    kept: Path

    @property
    def memory(self) -> Memory:
        return Memory(self.kept)

    def sign(self, origin: Origin, size: int, root: bytes) -> notes.Note:
        """The checkpoint's note, on the disk before anybody sees it. Raises KeyDoesNotFit."""
        require_key(origin, self.key)
        text = str(notes.Checkpoint(origin.name, size, root))
        note = notes.signed(text, notes.Key.parse(origin.vkey), self.key)
        self.memory.keep(origin, note)
        return note


def signer() -> Signer:
    """As this installation's settings have it; makes the key on first use. Raises KeyLost."""
    place = key_place()
    if not place.exists() and Origin.objects.exists():
        raise KeyLost(place=place)
    return Signer(settings.LOG_HOST, signing.private_key(place), memory().place)


def key_place() -> Path:
    path: Path = settings.DATA_DIR / "secrets" / "log.pem"
    return path


def fits(origin: Origin, key: Ed25519PrivateKey) -> bool:
    """Whether the origin is signed with this key."""
    return str(signing.verifier(origin.name, key)) == origin.vkey


def require_key(origin: Origin, key: Ed25519PrivateKey) -> None:
    """Raises KeyDoesNotFit."""
    if not fits(origin, key):
        raise KeyDoesNotFit(origin=origin.name)


def memory() -> Memory:
    return Memory(settings.DATA_DIR / "log")


def left(organisation: UUID) -> dict[int, notes.Checkpoint]:
    """What was signed last under each origin, by its number, as the files have it.

    Nothing where this process may not read them, or can't: then the worker can't sign either.
    """
    found = {}
    for path in (settings.DATA_DIR / "log").glob(f"{organisation}-*"):
        with suppress(OSError, BadNote):
            note = notes.Note.parse(path.read_text())
            found[int(path.name.rpartition("-")[2])] = notes.Checkpoint.parse(note.text)
    return found


class Keeper:
    """Signs the logs that have grown.

    It knows nothing when it begins: then every log is compared with what was signed last.
    """

    def __init__(self) -> None:
        self._compared: set[UUID] = set()
        self._resting: dict[UUID, datetime] = {}

    def sign_all(self, *, at: datetime) -> int:
        """Returns how many logs were signed or named; the log file says which can't be."""
        newest = Checkpoint.objects.filter(organisation=OuterRef("pk")).order_by("-at", "-size")
        heads = LogHead.objects.values_list("pk", "size", Subquery(newest.values("size")[:1]))
        grown = [one for one, size, last in heads if size != last or one not in self._compared]
        mine = signer() if grown else None
        return sum(self._sign(mine, one, at) for one in grown) if mine else 0

    def _sign(self, signer: Signer, organisation: UUID, at: datetime) -> bool:
        if self._resting.get(organisation, at) > at:
            return False
        try:
            done = sign(signer, organisation, at=at)
        except Busy:
            return False
        except (LogDoesNotFollow, KeyDoesNotFit) as refusal:
            log.critical("%s", refusal)
            self._resting[organisation] = at + REST
            return False
        self._compared.add(organisation)
        return done


def advance(*, at: datetime) -> int:
    """The worker's step: whatever was committed gets its place, and the log is signed over it.

    Leaves and signature are a transaction each: a log that can't be signed still goes on, and those
    who follow it. Returns 0 unless a whole batch was found, so that a busy log is signed in its
    usual rhythm and not once for every entry.
    """
    found = sequencer.advance(at=at)
    sign_all(at=at)
    return found if found >= BATCH else 0


_keeper = Keeper()


def sign_all(*, at: datetime) -> int:
    """Sign every log that has grown since it was signed last."""
    return _keeper.sign_all(at=at)


@transaction.atomic(durable=True)
def sign(signer: Signer, organisation: UUID, *, at: datetime) -> bool:
    """Sign the log at its present size, unless that is done. Raises Busy, LogDoesNotFollow."""
    if not alone():
        raise Busy
    size = LogHead.objects.get(pk=organisation).size
    origin = newest_origin(organisation)
    if signer.memory.is_ahead_of(organisation, origin):
        kept = signer.memory.newest(organisation)
        signed = notes.Checkpoint.parse(kept.text).size if kept else 0
        raise LogDoesNotFollow(organisation=str(organisation), size=signed)
    if origin is None:
        name, number = next_name(signer, organisation, at)
        _open(signer, organisation, name=name, number=number, actor="worker", at=at, facts={})
        return True
    signed_last = _last(signer.memory, origin)
    last = notes.Checkpoint.parse(signed_last.text) if signed_last else None
    here = Checkpoint.objects.filter(origin=origin, size=size).first()
    if last and here and (last.size, last.root) == (size, bytes(here.root_hash)):
        return False
    try:
        tree.extend(organisation, size)
        goes_on = last is None or follows(last, size, organisation)
        root = tree.asked(organisation, lambda read: merkle.root(size, read))
    except (LookupError, ValueError) as error:  # it has fewer leaves than it says
        raise LogDoesNotFollow(
            organisation=str(organisation), size=last.size if last else 0
        ) from error
    if not goes_on:
        raise LogDoesNotFollow(organisation=str(organisation), size=last.size if last else 0)
    if here:
        return False
    note = signer.sign(origin, size, root)
    Checkpoint.objects.create(
        organisation=organisation,
        origin=origin,
        size=size,
        root_hash=root,
        note=str(note),
        at=at,
    )
    return True


def newest_origin(organisation: UUID) -> Origin | None:
    return Origin.objects.filter(organisation=organisation).order_by("-number").first()


def _last(memory: Memory, origin: Origin) -> notes.Note | None:
    """What was signed last: as the file has it, or the database where the file is gone."""
    if note := memory.last(origin):
        return note
    newest = Checkpoint.objects.filter(origin=origin).order_by("-size").first()
    return notes.Note.parse(newest.note) if newest else None


def goes_on(memory: Memory, organisation: UUID) -> bool:
    """Whether the log in the database goes on from what was signed last."""
    origin = newest_origin(organisation)
    if memory.is_ahead_of(organisation, origin):
        return False
    note = origin and _last(memory, origin)
    if not note:
        return True
    size = LogHead.objects.filter(pk=organisation).values_list("size", flat=True).first() or 0
    return follows(notes.Checkpoint.parse(note.text), size, organisation)


def follows(last: notes.Checkpoint, size: int, organisation: UUID) -> bool:
    """Whether the organisation's tree of `size` leaves begins with what was signed."""
    if last.size > size:
        return False
    return tree.asked(organisation, lambda read: merkle.root(last.size, read)) == last.root


def roll_over(signer: Signer, organisation: UUID, *, reason: str, at: datetime) -> Origin:
    """Go on under a new name after the log was cut: the operator's act, once, with its reason.

    Raises NothingToRollOver.
    """
    origin = _roll_over(signer, organisation, reason=reason, at=at)
    signer.memory.begin_anew(organisation)
    return origin


@transaction.atomic(durable=True)
def _roll_over(signer: Signer, organisation: UUID, *, reason: str, at: datetime) -> Origin:
    wait_for_turn()
    if goes_on(signer.memory, organisation):
        raise NothingToRollOver
    facts = {"reason": commit(reason)}
    return open_next(signer, organisation, actor="operator", at=at, facts=facts)


def wait_for_turn() -> None:
    """Until the transaction ends nobody gives leaves or signs."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def open_next(
    signer: Signer, organisation: UUID, *, actor: str, at: datetime, facts: Mapping[str, object]
) -> Origin:
    """A new origin whose entry holds the checkpoint that is left behind."""
    origin = newest_origin(organisation)
    note = signer.memory.newest(organisation) or (origin and _last(signer.memory, origin))
    name, number = next_name(signer, organisation, at)
    told = {"left": str(note) if note else None, **facts}
    return _open(signer, organisation, name=name, number=number, actor=actor, at=at, facts=told)


def next_name(signer: Signer, organisation: UUID, at: datetime) -> tuple[str, int]:
    """The name of the next origin and its number, above all that were used."""
    origin = newest_origin(organisation)
    number = max(origin.number if origin else 0, signer.memory.highest(organisation)) + 1
    name = f"{signer.host}/log/{organisation}" + (f"/{number}" if number > 1 else "")
    if signer.memory.is_lost(organisation):
        name += f"-{at:%Y%m%d%H%M%S}"  # the number may have been used by the log that was lost
    return name, number


def _open(
    signer: Signer,
    organisation: UUID,
    *,
    name: str,
    number: int,
    actor: str,
    at: datetime,
    facts: Mapping[str, object],
) -> Origin:
    """The name, and the key that signs it, enter the ledger before anything is signed with them."""
    root = roots.tenant(organisation)
    origin = Origin.objects.create(
        organisation=organisation,
        number=number,
        name=name,
        vkey=str(signing.verifier(name, signer.key)),
        opened_at=at,
    )
    told = {"origin": origin.name, "vkey": origin.vkey, "number": number, **facts}
    append(root, kind="log.origin_opened", actor=actor, at=at, facts=told)
    return origin
