"""Signed notes, checkpoints, cosignatures and proofs in the text formats of C2SP. Pure.

https://c2sp.org/signed-note, tlog-checkpoint, tlog-cosignature and tlog-proof. Names are those of
the specifications; an Ed25519 signature is type 1, a timestamped cosignature type 4.
"""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519, COSIGNATURE = 1, 4
MARK = "— "
PROOF = "c2sp.org/tlog-proof@v1"


class BadNote(ValueError):
    """The text isn't what its format says, or a signature doesn't fit."""


@dataclass(frozen=True)
class Key:
    """A verifier's key: who signs under which name, and how."""

    name: str
    public: bytes
    type: int = ED25519

    @property
    def id(self) -> bytes:
        """The four bytes by which a signature line names its key."""
        named = self.name.encode() + b"\n" + bytes([self.type]) + self.public
        return hashlib.sha256(named).digest()[:4]

    def __str__(self) -> str:
        """The `vkey` that is handed to those who verify."""
        return f"{self.name}+{self.id.hex()}+{encoded(bytes([self.type]) + self.public)}"

    @classmethod
    def parse(cls, vkey: str) -> "Key":
        """Raises BadNote."""
        name, _, rest = vkey.strip().partition("+")
        told, _, data = rest.partition("+")
        raw = decoded(data)
        if len(raw) != 33 or raw[0] not in (ED25519, COSIGNATURE):
            raise BadNote("a key of no known kind")
        key = cls(name, raw[1:], raw[0])
        if not name or key.id.hex() != told:
            raise BadNote("the key's id is not that of its name and bytes")
        return key

    def fits(self, signature: bytes, signed: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, signed)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class Note:
    """A text, ending with a newline, and its signature lines: name, key id, signature."""

    text: str
    signatures: tuple[tuple[str, bytes, bytes], ...] = ()

    def __str__(self) -> str:
        lines = (line(name, key_id + signature) for name, key_id, signature in self.signatures)
        return f"{self.text}\n{''.join(lines)}"

    @classmethod
    def parse(cls, note: str) -> "Note":
        """Raises BadNote."""
        text, gap, signed = note.rpartition("\n\n")
        if not gap or not signed.endswith("\n"):
            raise BadNote("a signed note ends with signatures after an empty line")
        return cls(text + "\n", tuple(_signature(one) for one in signed[:-1].split("\n")))

    def signature_of(self, key: Key) -> bytes | None:
        """The key's signature if it is there and fits; whatever other keys signed is ignored."""
        for name, key_id, signature in self.signatures:
            if (name, key_id) == (key.name, key.id) and self._fits(key, signature):
                return signature
        return None

    def cosigned_at(self, key: Key) -> int | None:
        """The Unix time at which a witness saw the checkpoint."""
        found = self.signature_of(key)
        return int.from_bytes(found[:8]) if found and key.type == COSIGNATURE else None

    def _fits(self, key: Key, signature: bytes) -> bool:
        if key.type == ED25519:
            return key.fits(signature, self.text.encode())
        seen = int.from_bytes(signature[:8])
        return len(signature) == 72 and key.fits(signature[8:], cosigned(self.text, seen))


@dataclass(frozen=True)
class Checkpoint:
    """A log's tree at one size."""

    origin: str
    size: int
    root: bytes

    def __str__(self) -> str:
        return f"{self.origin}\n{self.size}\n{encoded(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Raises BadNote."""
        lines = text.split("\n")
        if len(lines) < 4 or lines[-1] or "" in lines[:-1]:
            raise BadNote("a checkpoint has an origin, a size and a root")
        origin, size, root = lines[:3]
        if not _is_number(size) or (size != "0" and size[0] == "0"):
            raise BadNote("a checkpoint's size is a decimal number")
        if len(digest := decoded(root)) != 32:
            raise BadNote("a checkpoint's root is a SHA-256 hash")
        return cls(origin, int(size), digest)


def signed(text: str, key: Key, private: Ed25519PrivateKey) -> Note:
    """The note under one signature of its text."""
    return Note(text, ((key.name, key.id, private.sign(text.encode())),))


def cosigned(text: str, seen: int) -> bytes:
    """What a witness signs: that it saw this checkpoint at the Unix time `seen`."""
    return f"cosignature/v1\ntime {seen}\n{text}".encode()


def line(name: str, data: bytes) -> str:
    return f"{MARK}{name} {encoded(data)}\n"


def _signature(text: str) -> tuple[str, bytes, bytes]:
    name, _, data = text.removeprefix(MARK).partition(" ")
    raw = decoded(data)
    if not text.startswith(MARK) or not name or len(raw) < 5:
        raise BadNote("a signature line has a name, and a key id with its signature")
    return name, raw[:4], raw[4:]


@dataclass(frozen=True)
class Proof:
    """That an entry is in the tree of a signed checkpoint; checked without asking anybody."""

    index: int
    path: Sequence[bytes]
    checkpoint: Note
    extra: bytes = b""

    def __str__(self) -> str:
        extra = [f"extra {encoded(self.extra)}"] if self.extra else []
        lines = [PROOF, *extra, f"index {self.index}", *map(encoded, self.path)]
        return "\n".join([*lines, "", str(self.checkpoint)])

    @classmethod
    def parse(cls, text: str) -> "Proof":
        """Raises BadNote."""
        head, _, note = text.partition("\n\n")
        magic, *lines = head.split("\n")
        extra = b""
        if lines and lines[0].startswith("extra "):
            extra = decoded(lines.pop(0).removeprefix("extra "))
        if magic != PROOF or not lines or not lines[0].startswith("index "):
            raise BadNote("no proof of inclusion")
        number = lines.pop(0).removeprefix("index ")
        if not _is_number(number):
            raise BadNote("an index is a decimal number")
        return cls(int(number), [decoded(one) for one in lines], Note.parse(note), extra)


def _is_number(text: str) -> bool:
    """A decimal number of 64 bits; `int` refuses to read thousands of digits."""
    return text.isascii() and text.isdecimal() and len(text) < 20


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def decoded(text: str) -> bytes:
    """Strictly: one text for the same bytes. Raises BadNote."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadNote("no base64") from error
    if encoded(data) != text:
        raise BadNote("no base64 as it is written")
    return data
