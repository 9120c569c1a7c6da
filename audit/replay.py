"""What the ledger says about other tables, held against those tables.

The rooms above say in `AppConfig.ready` how their tables follow from entries; the verifier reads
every entry once and then every row once.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import BinaryField, Func, Model
from django.db.models.expressions import Combinable

from audit import canonical
from audit.findings import Finding

Values = Mapping[str, Any]


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
    at: str
    facts: Mapping[str, Any]

    @property
    def subject_id(self) -> str:
        return self.subject.partition(":")[2]


@dataclass(frozen=True)
class Table:
    """A table whose rows entries vouch for.

    `told` yields what one entry says: the row's key and the values of some columns, in canonical
    form (`canonical.plain`). What is said later replaces what was said before. `columns` gives for
    each column how to read it from the table, `key` how to read the row's key.
    """

    model: str
    told: Callable[[Record], Iterable[tuple[str, Values]]]
    columns: Mapping[str, str | Combinable]
    key: str | Combinable = "pk"

    def rows(self, organisation: UUID) -> Iterator[tuple[str, Values]]:
        model: type[Model] = apps.get_model(self.model)
        rows = model._base_manager.filter(organisation=organisation).order_by()
        for key, *values in rows.values_list(self.key, *self.columns.values()).iterator():
            yield str(key), dict(zip(self.columns, map(canonical.plain, values), strict=True))


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
