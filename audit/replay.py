"""What the ledger says about other tables, held against those tables.

The rooms above say in `AppConfig.ready` how their tables follow from entries; the verifier reads
every entry once and then every row once.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import BinaryField, Func, Model, Q, TextField, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Concat

from audit import canonical
from audit.findings import Finding

Values = Mapping[str, Any]


def joined(first: str | Combinable, *others: str | Combinable) -> Concat:
    """A key made of several columns, with colons between."""
    text = [Cast(column, TextField()) for column in (first, *others)]
    return Concat(
        *[part for one in text for part in (Value(":"), one)][1:], output_field=TextField()
    )


def columns(*names: str) -> dict[str, str]:
    """Columns that entries call by their own names."""
    return {name: name for name in names}


class Instant(Func):
    """A time as `canonical.instant` writes it."""

    template = """to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
    output_field = TextField()
    arity = 1


def digest(value: Mapping[str, Any] | None) -> str | None:
    """The digest of a commitment as a body has it, to compare with a column that keeps it."""
    return value["commitment"] if value else None


class Sha256(Func):
    """The hash of a column's bytes, computed where they lie."""

    function = "sha256"
    output_field = BinaryField()
    arity = 1


@dataclass(frozen=True, slots=True)
class Record:
    """An entry as its body tells it."""

    subject: str
    seq: int
    kind: str
    actor: str
    acting_for: str | None
    at: str
    facts: Mapping[str, Any]

    @property
    def subject_id(self) -> str:
        return self.subject.partition(":")[2]

    @property
    def actor_id(self) -> str:
        return self.actor.partition(":")[2]


def record_of(body: Mapping[str, Any]) -> Record:
    """The record of a body that was read."""
    return Record(
        body["subject"],
        body["seq"],
        body["kind"],
        body["actor"],
        body["acting_for"],
        body["at"],
        body["facts"],
    )


@dataclass(frozen=True)
class Said:
    """What a column was after some entries, and the entry (of its chain) that said so."""

    value: Any
    seq: int


def said(
    told: "Callable[[Record], Iterable[tuple[str, Values]]]", records: Iterable[Record]
) -> dict[str, dict[str, Said]]:
    """The rows of one table as they were after these entries, by key and column."""
    rows: dict[str, dict[str, Said]] = {}
    for record in records:
        for key, values in told(record):
            row = rows.setdefault(key, {})
            row.update((name, Said(value, record.seq)) for name, value in values.items())
    return rows


@dataclass(frozen=True)
class Table:
    """A table whose rows entries vouch for.

    `told` yields what one entry says: the row's key and the values of some columns, in canonical
    form (`canonical.plain`). What is said later replaces what was said before. `columns` gives for
    each column how to read it from the table, `key` how to read the row's key, `where` which rows
    the ledger knows of at all.
    """

    model: str
    told: Callable[[Record], Iterable[tuple[str, Values]]]
    columns: Mapping[str, str | Combinable] = field(default_factory=dict)
    key: str | Combinable = "pk"
    where: Q = field(default_factory=Q)

    def rows(self, organisation: UUID) -> Iterator[tuple[str, Values]]:
        model: type[Model] = apps.get_model(self.model)
        rows = model._base_manager.filter(self.where, organisation=organisation).order_by()
        for key, *values in rows.values_list(self.key, *self.columns.values()).iterator():
            yield (
                canonical.plain(key),
                dict(zip(self.columns, map(canonical.plain, values), strict=True)),
            )


@dataclass
class Replayed:
    """What all entries together say about one table."""

    table: Table
    expected: dict[str, tuple[str, int, Values]] = field(default_factory=dict)

    def hear(self, record: Record) -> None:
        for key, values in self.table.told(record):
            if before := self.expected.get(key):
                values = {**before[2], **values}
            self.expected[key] = record.subject, record.seq, values

    def findings(self, organisation: UUID) -> Iterator[Finding]:
        """Rows that differ, that no entry knows, and that are gone. Forgets what it heard."""
        for key, found in self.table.rows(organisation):
            told = self.expected.pop(key, None)
            if told is None:
                yield Finding("row_added", {"table": self.table.model, "row": key})
                continue
            subject, seq, values = told
            for column, value in values.items():
                if found[column] != value:
                    yield Finding(
                        "row_changed",
                        {
                            "table": self.table.model,
                            "row": key,
                            "column": column,
                            "found": str(found[column]),
                            "told": str(value),
                            "subject": subject,
                            "seq": seq,
                        },
                    )
        for key, (subject, seq, _values) in self.expected.items():
            yield Finding(
                "row_deleted",
                {"table": self.table.model, "row": key, "subject": subject, "seq": seq},
            )


_tables: list[Table] = []


def register(*tables: Table) -> None:
    _tables.extend(tables)


def start() -> list[Replayed]:
    return [Replayed(table) for table in _tables]
