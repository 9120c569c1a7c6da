"""What may be approved. Each kind of subject registers how the engine handles it.

The engine knows no task and no plan: it locks, digests and finishes a subject through this.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from audit.models import Root
from directory.models import Person


@dataclass(frozen=True)
class Context:
    """What selectors resolve against, and who is barred from deciding.

    `named` maps (unit id, role) to the person whom the unit named for this very subject (role is
    `handler` or `deputy`); it goes before the unit's posts. `reviewing_unit` is the coordinating unit,
    or another office where the coordinating unit itself leads the work.
    """

    lead_unit: UUID | None
    cooperating_units: tuple[UUID, ...] = ()
    coordinating_unit: UUID | None = None
    reviewing_unit: UUID | None = None
    submitter: UUID | None = None
    authors: frozenset[UUID] = frozenset()
    named: Mapping[tuple[UUID, str], UUID] = field(default_factory=dict)
    chosen: tuple[UUID, ...] = ()


@dataclass(frozen=True)
class Description:
    """How a page names a subject: one line, where it leads, and its deadline if it has one."""

    title: str
    url: str
    detail: str = ""
    due_date: Any = None


@dataclass(frozen=True)
class Outcome:
    """What the engine tells the subject: `passed`, or `returned` to the submitter with a reason."""

    result: str
    reason: str
    actor: Person
    at: datetime
    action: UUID


class Subject(Protocol):
    kind: str

    def lock(self, subject_id: UUID) -> Root:
        """Lock the subject's root row alone, blocking; returns it. Raises its DoesNotExist."""

    def digest(self, root: Root, document_id: UUID) -> bytes:
        """SHA-256 over exactly what reviewers see of this document version."""

    def context(self, root: Root, document_id: UUID) -> Context:
        """The participants, read after the lock."""

    def apply(self, root: Root, outcome: Outcome) -> tuple[str, ...]:
        """Move the subject in memory; returns the names of changed fields.

        The engine saves them with the chain head in one UPDATE, and writes the ledger entry last.
        """

    def describe(self, ids: Iterable[UUID]) -> dict[UUID, Description]:
        """Titles for a page of subjects, in one query."""


_registry: dict[str, Subject] = {}


def register(subject: Subject) -> None:
    _registry[subject.kind] = subject


def get(kind: str) -> Subject:
    return _registry[kind]


def kinds() -> tuple[str, ...]:
    return tuple(_registry)
