"""A new key for the logs: each goes on under a new name, and the record says so.

The entry that opens the new origin holds the last checkpoint of the old one, the reason and, where
the old key is still there, a note that it signed: it hands the log over to the new key. Old origins
keep their keys, so what they signed stays provable.
"""

import hashlib
from datetime import datetime
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit import checkpoints, notes, signing
from audit.canonical import commit
from audit.checkpoints import LogDoesNotFollow, Signer
from audit.errors import Refused
from audit.models import Origin

HANDOVER = "duban-log-handover/v1"


class KeyIsThere(Refused):
    """The key isn't lost."""

    sentence = _("The key is in %(place)s, so it is not lost: rotate it without --lost.")


class KeyIsMissing(Refused):
    """The key is gone, or was never there."""

    sentence = _("There is no key in %(place)s. Put it back; if it is lost, rotate with --lost.")


def fingerprint(key: Ed25519PrivateKey) -> str:
    """SHA-256 of the public key's 32 bytes, in groups to read aloud."""
    raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    digest = hashlib.sha256(raw).hexdigest()
    return " ".join(digest[at : at + 4] for at in range(0, 64, 4))


def handover(old: Origin, name: str, vkey: str, private: Ed25519PrivateKey) -> notes.Note:
    """Signed by the old key: the new name and key go on. Its first line makes it no checkpoint."""
    text = f"{HANDOVER}\n{old.vkey}\n{vkey}\n{name}\n"
    return notes.signed(text, notes.Key.parse(old.vkey), private)


def rotate(
    place: Path, kept: Path, host: str, *, lost: bool, reason: str, at: datetime
) -> list[Origin]:
    """Give all logs a new key, kept in the file `place`; the old one is set aside beside it.

    Interrupted, it goes on where it stopped when it is called again. Raises KeyIsThere,
    KeyIsMissing, and LogDoesNotFollow for a log that was cut: open a new origin for it first.
    """
    if lost and place.exists():
        raise KeyIsThere(place=place)
    if not lost and not place.exists():
        raise KeyIsMissing(place=place)
    old = None if lost else signing.private_key(place)
    draft = place.with_name(f"{place.name}.new")
    signer = Signer(host, signing.private_key(draft), kept)
    opened = []
    for organisation in Origin.objects.values_list("organisation", flat=True).distinct():
        if made := _rotate(signer, organisation, old, reason=reason, at=at):
            opened.append(made)
        signer.memory.begin_anew(organisation)
    if old:
        place.rename(retired(place, old))
    draft.rename(place)
    return opened


def retired(place: Path, key: Ed25519PrivateKey) -> Path:
    """Where an old key is set aside, until it is destroyed or goes into a safe."""
    short = fingerprint(key).replace(" ", "")[:8]
    return place.with_name(f"{place.stem}-{short}.retired{place.suffix}")


@transaction.atomic(durable=True)
def _rotate(
    signer: Signer, organisation: UUID, old: Ed25519PrivateKey | None, *, reason: str, at: datetime
) -> Origin | None:
    """None where an interrupted rotation has done it."""
    checkpoints.wait_for_turn()
    before = checkpoints.newest_origin(organisation)
    if before is None or checkpoints.fits(before, signer.key):
        return None
    if old:
        checkpoints.require_key(before, old)
        if not checkpoints.goes_on(signer.memory, organisation):
            raise LogDoesNotFollow(organisation=str(organisation), size=0)
    name, _number = checkpoints.next_name(signer, organisation, at)
    vkey = str(signing.verifier(name, signer.key))
    signed = str(handover(before, name, vkey, old)) if old else None
    return checkpoints.open_next(
        signer,
        organisation,
        actor="operator",
        at=at,
        facts={"reason": commit(reason), "before": before.vkey, "handover": signed},
    )
