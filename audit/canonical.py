"""The bytes of the ledger: canonical bodies, hashes, salted commitments. Pure.

Bodies are RFC 8785 canonical JSON in NFC without floats; an entry's hash is that of an RFC 6962
leaf, `SHA-256(0x00 ‖ body)`. Verifiers hash the stored bytes and never write them again.
"""

import hashlib
import json
import os
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import rfc8785

LIMIT = 16 * 1024
"""Bytes a body may have; longer things enter as commitments."""


class BodyTooLarge(ValueError):
    """This record is too long for the ledger."""


@dataclass(frozen=True)
class Commitment:
    """`SHA-256(salt ‖ content)` with what opens it: the ledger keeps the hash, a table the rest."""

    salt: bytes
    content: bytes

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.salt + self.content).digest()


def commit(content: str | bytes) -> Commitment:
    """A commitment to `content` (text as NFC UTF-8) under a fresh 32-byte salt."""
    if isinstance(content, str):
        content = unicodedata.normalize("NFC", content).encode()
    return Commitment(salt=os.urandom(32), content=content)


def instant(at: datetime) -> str:
    """UTC with microseconds and a Z: `2026-11-16T01:30:00.000000Z`. Raises ValueError if naive."""
    if at.tzinfo is None:
        raise ValueError("a time without a time zone is no instant")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def plain(value: Any) -> Any:
    """`value` as JSON can hold it: NFC text, no floats; ids, times and commitments as text."""
    form = _FORMS.get(type(value)) or _form_of_a_subclass(value)
    return form(value)


def _text(value: str) -> str:
    return str(value) if value.isascii() else unicodedata.normalize("NFC", str(value))


def _object(value: Mapping[Any, Any]) -> dict[str, Any]:
    items = {plain(key): plain(item) for key, item in value.items()}
    if len(items) < len(value):
        raise ValueError("a key stands twice, composed and decomposed")
    return items


# Looked up by type, because a decision encodes some hundred values. A date comes after a datetime,
# which is one, too.
_FORMS: dict[type, Callable[[Any], Any]] = {
    type(None): lambda value: None,
    bool: bool,
    int: int,
    str: _text,
    UUID: str,
    datetime: instant,
    date: date.isoformat,
    Commitment: lambda value: {"commitment": value.digest.hex()},
    bytes: bytes.hex,
    memoryview: memoryview.hex,
    dict: _object,
    Mapping: _object,
    list: lambda value: [plain(item) for item in value],
    tuple: lambda value: [plain(item) for item in value],
    set: lambda value: sorted(plain(item) for item in value),
    frozenset: lambda value: sorted(plain(item) for item in value),
}


def _form_of_a_subclass(value: Any) -> Callable[[Any], Any]:
    for kind, form in _FORMS.items():
        if isinstance(value, kind):
            return form
    raise TypeError(f"{type(value).__name__} has no canonical form")


# The encoder in C gives RFC 8785's bytes for what `plain` leaves, a tenth of the time, with two
# exceptions that go to the library: keys beyond U+D7FF, which RFC 8785 orders by UTF-16, and
# integers too large, which it refuses.
_fast = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
LARGEST = 2**53 - 1


def encode(value: Any) -> bytes:
    """The canonical bytes of anything `plain` takes."""
    plainly = plain(value)
    if _is_ordinary(plainly):
        return _fast.encode(plainly).encode()
    return rfc8785.dumps(plainly)


def _is_ordinary(value: Any) -> bool:
    if type(value) is dict:
        return all(key < "\ud800" and _is_ordinary(item) for key, item in value.items())
    if type(value) is list:
        return all(map(_is_ordinary, value))
    return type(value) is not int or -LARGEST <= value <= LARGEST


def body(fields: Mapping[str, Any]) -> bytes:
    """An entry's body. Raises BodyTooLarge."""
    data = encode(fields)
    if len(data) > LIMIT:
        raise BodyTooLarge
    return data


def leaf_hash(data: bytes) -> bytes:
    """RFC 6962 section 2.1: the hash of a leaf."""
    return hashlib.sha256(b"\x00" + data).digest()


def commitments(value: Any) -> list[Commitment]:
    """Every commitment inside `value`, in order."""
    if isinstance(value, Commitment):
        return [value]
    if isinstance(value, Mapping):
        return [found for item in value.values() for found in commitments(item)]
    if isinstance(value, list | tuple):
        return [found for item in value for found in commitments(item)]
    return []
