"""The bytes of the ledger: canonical bodies, hashes, salted commitments. Pure.

Bodies are RFC 8785 canonical JSON in NFC without floats; an entry's hash is that of an RFC 6962
leaf, `SHA-256(0x00 ‖ body)`. Verifiers hash the stored bytes and never write them again.
"""

import hashlib
import json
import os
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

LIMIT = 16 * 1024
"""Bytes a body may have; longer things enter as commitments."""
LARGEST = 2**53 - 1
"""RFC 8785 keeps integers within what a double holds exactly."""


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


def commit(content: str | bytes, salt: bytes | None = None) -> Commitment:
    """A commitment to `content` (text as NFC UTF-8) under a fresh 32-byte salt, or a kept one."""
    if isinstance(content, str):
        content = unicodedata.normalize("NFC", content).encode()
    return Commitment(salt=salt or os.urandom(32), content=content)


def instant(at: datetime) -> str:
    """UTC with microseconds and a Z: `2026-11-16T01:30:00.000000Z`. Raises ValueError if naive."""
    if at.tzinfo is None:
        raise ValueError("a time without a time zone is no instant")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def encode(value: Any) -> bytes:
    """The canonical bytes of text, numbers, ids, times, hashes, Commitments, and what holds them.

    Written in one pass: a decision encodes some hundred values. Raises ValueError and TypeError for
    what has no canonical form: floats, integers beyond a double, lone surrogates.
    """
    return _json(value).encode()


def plain(value: Any) -> Any:
    """`value` as its canonical bytes read back."""
    return json.loads(_json(value))


def _json(value: Any) -> str:
    form = _FORMS.get(type(value)) or _form_of_a_subclass(value)
    return form(value)


def _text(value: str) -> str:
    return _quoted(str(value) if value.isascii() else unicodedata.normalize("NFC", str(value)))


_quoted = json.encoder.encode_basestring
"""A JSON string with the escapes that RFC 8785 wants, and no others."""


def _object(value: Mapping[Any, Any]) -> str:
    try:
        if "".join(value).isascii():
            items = [f"{_quoted(key)}:{_json(value[key])}" for key in sorted(value)]
            return "{" + ",".join(items) + "}"
    except TypeError:
        pass  # a key that is no text
    texts = {plain(key): _json(item) for key, item in value.items()}
    if len(texts) < len(value):
        raise ValueError("a key stands twice, composed and decomposed")
    # RFC 8785 orders keys by UTF-16, which is another order than Python's beyond U+D7FF.
    ordered = sorted(texts, key=lambda key: key.encode("utf-16-be"))
    return "{" + ",".join(f"{_quoted(key)}:{texts[key]}" for key in ordered) + "}"


def _integer(value: int) -> str:
    if not -LARGEST <= value <= LARGEST:
        raise ValueError("an integer that not every reader of JSON can hold")
    return str(int(value))


def _array(value: Iterable[Any]) -> str:
    return "[" + ",".join([_json(item) for item in value]) + "]"


def _set(value: Iterable[Any]) -> str:
    return _array(sorted(map(plain, value)))


text_of_id = lru_cache(maxsize=4096)(str)
"""An id's text; kept, as a decision writes each of its ids several times."""
id_of_text = lru_cache(maxsize=4096)(UUID)
"""The other way round, for the ids of posts and people: the same few stand in many rows."""


# Looked up by type. A date comes after a datetime, which is one, too.
_FORMS: dict[type, Callable[[Any], str]] = {
    type(None): lambda value: "null",
    bool: lambda value: "true" if value else "false",
    int: _integer,
    str: _text,
    UUID: lambda value: f'"{text_of_id(value)}"',
    datetime: lambda value: f'"{instant(value)}"',
    date: lambda value: f'"{value.isoformat()}"',
    Commitment: lambda value: f'{{"commitment":"{value.digest.hex()}"}}',
    bytes: lambda value: f'"{value.hex()}"',
    memoryview: lambda value: f'"{value.hex()}"',
    dict: _object,
    Mapping: _object,
    list: _array,
    tuple: _array,
    set: _set,
    frozenset: _set,
}


def _form_of_a_subclass(value: Any) -> Callable[[Any], str]:
    for kind, form in _FORMS.items():
        if isinstance(value, kind):
            return form
    raise TypeError(f"{type(value).__name__} has no canonical form")


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
    if type(value) in _HOLDS_NOTHING:
        return []
    if isinstance(value, Commitment):
        return [value]
    if isinstance(value, Mapping):
        return [found for item in value.values() for found in commitments(item)]
    if isinstance(value, list | tuple):
        return [found for item in value for found in commitments(item)]
    return []


_HOLDS_NOTHING = frozenset({type(None), bool, int, str, bytes, UUID, datetime})
