"""Statements that PostgreSQL plans once for each connection: planning costs more than running them.

Behind a pooler that shares connections between transactions (Django's setting for it is
DISABLE_SERVER_SIDE_CURSORS) they are planned each time.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID
from weakref import WeakKeyDictionary

from django.db import connection

from audit.canonical import text_of_id


class Statement(NamedTuple):
    """SQL with the places of its values, `%(name)s` or `%s`; without a name it isn't kept."""

    name: str
    sql: str
    values: Mapping[str, Any] | Sequence[Any]


_known: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()


def fetch_one(*statements: Statement) -> Any:
    """The one row of the last statement, None if it has none; all of them take one trip."""
    with connection.cursor() as cursor:
        cursor.execute(";\n".join([_rendered(cursor, statement) for statement in statements]))
        return cursor.fetchone()


def fetch_all(statement: Statement) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(_rendered(cursor, statement))
        return list(cursor.fetchall())


def conclude(statements: Sequence[Statement]) -> None:
    """The last statements of an action, in one trip to the server, and its COMMIT with them."""
    with connection.cursor() as cursor:
        asked = ";\n".join([_rendered(cursor, statement) for statement in statements])
        cursor.execute(asked + connection.closing())  # type: ignore[attr-defined]


def _rendered(cursor: Any, statement: Statement) -> str:
    """The statement with its values; a call of the prepared one once it is known there."""
    name, sql, values = statement
    if name and not cursor.db.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS"):
        known = _known.setdefault(cursor.db.connection, set())
        if name not in known:
            places = [f"${number}" for number in range(1, len(values) + 1)]
            named = isinstance(values, Mapping)
            marks = dict(zip(values, places, strict=True)) if named else tuple(places)
            cursor.execute(f"PREPARE {name} AS {sql % marks}")
            known.add(name)
        given = values.values() if isinstance(values, Mapping) else values
        return f"EXECUTE {name} ({', '.join([_literal(cursor, value) for value in given])})"
    rendered: bytes = cursor.cursor.mogrify(sql, values)
    return rendered.decode()


def _literal(cursor: Any, value: Any) -> str:
    form = _LITERALS.get(type(value))
    if form is not None:
        return form(value)
    if isinstance(value, str) and _needs_no_escape(value):
        return f"'{str.__str__(value)}'"  # a choice is a string with another __str__
    quoted: bytes = cursor.cursor.mogrify("%s", [value])
    return quoted.decode()


_needs_no_escape = re.compile(r"[\w :,.-]*").fullmatch


# The driver takes a tenth of a millisecond to quote the fifty values of a decision. These can hold
# no quote, and no backslash that isn't meant; everything else is the driver's to quote.
_LITERALS: dict[type, Callable[[Any], str]] = {
    type(None): lambda value: "NULL",
    bool: lambda value: "true" if value else "false",
    int: str,
    UUID: lambda value: f"'{text_of_id(value)}'",
    datetime: lambda value: f"'{value.isoformat()}'",
    bytes: lambda value: f"E'\\\\x{value.hex()}'",
}
