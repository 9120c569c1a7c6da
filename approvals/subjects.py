"""What may be approved. Each kind of subject registers how the engine handles it.

The engine knows no task and no plan: it locks, shows and finishes a subject through this.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import Any, Protocol, runtime_checkable
from uuid import UUID

from audit.models import Entry, Root
from directory.models import Person


@dataclass(frozen=True)
class Context:
    """What selectors resolve against, and who is barred from deciding.

    `named` maps (unit id, role) to the person whom the unit named for this very subject (role is
    `handler` or `deputy`); it goes before the unit's posts. `chosen` are, by position of the stage,
    the posts and persons whom the submitter chose there. `reviewing_unit` is the coordinating
    unit, or another office where the coordinating unit itself leads the work. `plan`, `unit_kind`
    (of the lead unit) and `priority` are what conditions of stages ask about.
    """

    lead_unit: UUID | None
    cooperating_units: tuple[UUID, ...] = ()
    coordinating_unit: UUID | None = None
    reviewing_unit: UUID | None = None
    submitter: UUID | None = None
    authors: frozenset[UUID] = frozenset()
    named: Mapping[tuple[UUID, str], UUID] = field(default_factory=dict)
    chosen: Mapping[int, Sequence[UUID]] = field(default_factory=dict)
    plan: UUID | None = None
    unit_kind: str = ""
    priority: str = ""

    def frozen(self) -> dict[str, Any]:
        """As JSON for the round that keeps it; submitter and authors have columns of their own."""
        return {
            "lead": _text(self.lead_unit),
            "cooperating": [str(unit) for unit in self.cooperating_units],
            "coordinating": _text(self.coordinating_unit),
            "reviewing": _text(self.reviewing_unit),
            "named": [
                [str(unit), role, str(person)] for (unit, role), person in self.named.items()
            ],
            "chosen": {str(stage): [str(one) for one in ids] for stage, ids in self.chosen.items()},
            "plan": _text(self.plan),
            "unit_kind": self.unit_kind,
            "priority": self.priority,
        }

    @classmethod
    def thawed(cls, kept: Mapping[str, Any]) -> "Context":
        """The context that `frozen` kept."""
        return cls(
            lead_unit=_uuid(kept["lead"]),
            cooperating_units=tuple(UUID(unit) for unit in kept["cooperating"]),
            coordinating_unit=_uuid(kept["coordinating"]),
            reviewing_unit=_uuid(kept["reviewing"]),
            named={(UUID(unit), role): UUID(person) for unit, role, person in kept["named"]},
            chosen={
                int(stage): tuple(UUID(one) for one in ids)
                for stage, ids in dict(kept["chosen"]).items()
            },
            plan=_uuid(kept.get("plan")),
            unit_kind=kept.get("unit_kind", ""),
            priority=kept.get("priority", ""),
        )


def _text(value: UUID | None) -> str | None:
    return str(value) if value else None


def _uuid(value: str | None) -> UUID | None:
    return UUID(value) if value else None


@dataclass(frozen=True)
class Description:
    """How a page names a subject: one line, where it leads, and its deadline if it has one."""

    title: str
    url: str
    detail: str = ""
    due_date: date | None = None


@dataclass(frozen=True)
class Outcome:
    """What the engine tells the subject: `passed`, or `returned` to the submitter with a reason."""

    result: str
    reason: str
    actor: Person
    at: datetime
    action: UUID


@dataclass(frozen=True)
class Applied:
    """What an outcome did: the root's changed fields, and the facts for its ledger entry."""

    changed: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


class Subject(Protocol):
    """Whoever submits one is shown what `choosing.choices` gives, and `begin` gets their choice."""

    kind: str

    @property
    def root(self) -> type[Root]:
        """The model of the row whose lock guards the subject and whose chain records it."""

    def digest(self, root: Root) -> bytes:
        """SHA-256 over what reviewers see of the subject besides the document: title, deadline.

        Computed from the row alone, without a query, because every decision computes it again
        under the lock. The frozen document's own digest was given to `begin`.
        """

    def apply(self, root: Root, outcome: Outcome) -> Applied:
        """Move the subject in memory.

        The engine saves the changed fields with the chain head in one UPDATE, and writes the ledger
        entry last.
        """

    def describe(self, ids: Iterable[UUID]) -> dict[UUID, Description]:
        """Titles for a page of subjects, in one query."""


@dataclass(frozen=True)
class Foreseen:
    """What the approval of a subject would be about if it were submitted now."""

    title: str
    context: Context


@runtime_checkable
class Foreseeable(Protocol):
    """A subject on which a route can be tried before anything is submitted."""

    def find(self, user: Person, words: str) -> list[tuple[UUID, str]]:
        """Ids and titles of subjects of the user's organisation that have these words."""

    def foresee(self, user: Person, subject_id: UUID) -> Foreseen | None:
        """None if there is no such subject in the user's organisation."""

    def plans(self, organisation_id: UUID, ids: Collection[UUID] = ()) -> dict[UUID, str]:
        """Titles of the plans that a condition may name: those of `ids`, or all in force."""


@runtime_checkable
class Narrated(Protocol):
    """A subject whose chain can be told in sentences."""

    def happened(self, root: Root, entries: Collection[Entry]) -> list[str]:
        """What these entries of its chain say, oldest first, a sentence each."""


class Sight(Enum):
    """How much of a subject's approval somebody may read."""

    NOTHING = "nothing"
    FACTS = "facts"
    """Who decided what and when."""
    WORDS = "words"
    """And what they wrote."""


@runtime_checkable
class Readable(Protocol):
    """A subject whose approval has a page of its own."""

    def sight(self, user: Person, subject_id: UUID, at: datetime) -> Sight:
        """How much this person may read, who may be of another organisation."""


@runtime_checkable
class Titled(Protocol):
    """A subject that isn't called what its root is called."""

    def title(self, root: Root) -> str:
        """What a decision names. Computed from the row alone, as `digest` is."""


def title(subject: Subject, root: Root) -> str:
    """What a decision on the subject says that it is about."""
    titled: Titled | None = subject if hasattr(subject, "title") else None  # type: ignore[assignment]
    return titled.title(root) if titled else str(root)


@runtime_checkable
class Particular(Protocol):
    """A subject whose record tells what its documents ask, because nothing else shows it."""

    def particulars(self, document_ids: Collection[UUID]) -> dict[UUID, list[tuple[str, str]]]:
        """Labels and words of each document, for whoever may read the words."""


_registry: dict[str, Subject] = {}


def register(subject: Subject) -> None:
    _registry[subject.kind] = subject


def get(kind: str) -> Subject:
    return _registry[kind]


def locked(kind: str, root: str) -> Root:
    """The row that an approval names as its root, locked alone, blocking."""
    return _registry[kind].root.locked(_id(root))


def loaded(kind: str, root: str) -> Root:
    """The same row for a page, not locked."""
    row: Root = _registry[kind].root._default_manager.get(pk=_id(root))
    return row


def _id(root: str) -> UUID:
    return UUID(root.partition(":")[2])


def roots() -> tuple[type[Root], ...]:
    """The models of all roots that approvals may have."""
    return tuple(dict.fromkeys(subject.root for subject in _registry.values()))


def kinds() -> tuple[str, ...]:
    return tuple(_registry)
