"""Who may read the ledger, and what its subjects and kinds are called.

The ledger knows subjects as text. The rooms above know whom and what that text means; one of them
says so in `AppConfig.ready`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any, Protocol, Self
from uuid import UUID

from django.utils.functional import Promise

if TYPE_CHECKING:
    from audit.models import Entry


@dataclass(frozen=True)
class Named:
    """A subject or actor as people call it, and where it can be seen."""

    text: str
    url: str = ""


@dataclass(frozen=True)
class Said:
    """Words of an entry, and in which place they stand: a path in its facts, or who, about, kind.

    With an `opening` they are those behind its commitment.
    """

    place: str
    text: str = ""
    opening: bytes | None = None

    def saying(self, text: str) -> Self:
        return replace(self, text=text)


@dataclass(frozen=True)
class Searchable:
    """What the rooms above add to the words and tags of an entry."""

    said: list[Said] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)


class Reader(Protocol):
    kinds: Mapping[str, str | Promise]
    """What happened, in words, by the kind of an entry."""

    def may_read(self, user: Any, at: datetime) -> bool:
        """Whether the person may read every entry of their organisation."""

    def name(self, organisation: UUID, subjects: Iterable[str]) -> dict[str, Named]:
        """Names of subjects and actors, by their text; one query a kind."""

    def units(self, organisation: UUID) -> list[tuple[str, str]]:
        """Ids and names of the units that act or have acted, in the order of their names."""

    def together(self, organisation: UUID, subject: str) -> set[str]:
        """The subject and those that are a part of it: a plan's tasks, a unit's tasks."""

    def clear(self, body: Mapping[str, Any]) -> list[tuple[str, str]]:
        """What an entry's body says in clear, as labels and words; no names, nothing looked up."""

    def acts(self, entry: "Entry", body: Mapping[str, Any]) -> list["Entry"]:
        """The earlier entries that a form resting on this one shows as well, in their order."""

    def searched(
        self,
        organisation: UUID,
        entries: Sequence["Entry"],
        bodies: Mapping[UUID, Mapping[str, Any]],
    ) -> dict[UUID, Searchable]:
        """What else entries are found by, by their id; a fixed number of queries."""

    def sentences(
        self,
        organisation: UUID,
        entries: Sequence["Entry"],
        bodies: Mapping[UUID, Mapping[str, Any]],
    ) -> dict[UUID, str]:
        """Who did what, by the id of an entry; a fixed number of queries."""

    def statements(self, organisation: UUID, sign_offs: Iterable[str]) -> dict[str, bytes]:
        """What was signed, by the sign-off's id."""

    def file(self, organisation: UUID, sha256: bytes) -> IO[bytes] | None:
        """A file that entries name, checked against its hash; None where it isn't kept any more."""

    def personally_signed(self, organisation: UUID) -> tuple[int, int]:
        """How many sign-offs bear a signature of the person's own, and how many there are."""


_readers: list[Reader] = []


def register(reader: Reader) -> None:
    _readers[:] = [reader]


def reader() -> Reader:
    return _readers[0]


def files_in(facts: Any) -> Iterator[tuple[str, bytes | None]]:
    """Files' hashes among an entry's facts, each with the commitment to its name if it has one."""
    match facts:
        case {"sha256": str(digest), "name": {"commitment": str(name)}} | {
            "source": str(digest),
            "name": {"commitment": str(name)},
        }:
            yield digest, bytes.fromhex(name)
        case {"sha256": str(digest)} | {"source": str(digest)}:
            if len(digest) == 64:
                yield digest, None
    inner = facts.values() if isinstance(facts, dict) else facts if isinstance(facts, list) else ()
    for one in inner:
        if isinstance(one, dict | list):
            yield from files_in(one)
