"""What the signer remembers of each log: its last checkpoint, in files that no backup brings back.

A database that was restored is compared with them. A signer that lost them as well must not guess:
it is told so by whoever restored, and signs nothing until an operator has opened a new origin.
"""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from audit import notes
from audit.files import write_private
from audit.models import Origin


@dataclass(frozen=True)
class Memory:
    """A directory with a file for each origin, named by organisation and number."""

    place: Path

    def last(self, origin: Origin) -> notes.Note | None:
        """The checkpoint that was signed last under this origin."""
        return self._read(self._path(origin.organisation, origin.number))

    def keep(self, origin: Origin, note: notes.Note) -> None:
        """On the disk when this returns."""
        path = self._path(origin.organisation, origin.number)
        write_private(path, str(note).encode())

    def highest(self, organisation: UUID) -> int:
        """The number of the youngest origin that was signed here; 0 if none was."""
        found = (path.name for path in self.place.glob(f"{organisation}-*"))
        numbers = (name.removeprefix(f"{organisation}-") for name in found)
        return max((int(number) for number in numbers if number.isdecimal()), default=0)

    def newest(self, organisation: UUID) -> notes.Note | None:
        """The checkpoint that was signed here last, under whatever origin."""
        return self._read(self._path(organisation, self.highest(organisation)))

    def is_ahead_of(self, organisation: UUID, origin: Origin | None) -> bool:
        """Whether younger origins were signed than the database's newest, or nobody knows."""
        youngest = origin.number if origin else 0
        return self.is_lost(organisation) or self.highest(organisation) > youngest

    def lose(self, organisation: UUID) -> None:
        """Remember that nobody knows what was signed last."""
        write_private(self._lost(organisation), b"")

    def is_lost(self, organisation: UUID) -> bool:
        return self._lost(organisation).exists()

    def begin_anew(self, organisation: UUID) -> None:
        """The operator has opened a new origin."""
        self._lost(organisation).unlink(missing_ok=True)

    def _path(self, organisation: UUID, number: int) -> Path:
        return self.place / f"{organisation}-{number}"

    def _lost(self, organisation: UUID) -> Path:
        return self.place / f"{organisation}.lost"

    @staticmethod
    def _read(path: Path) -> notes.Note | None:
        return notes.Note.parse(path.read_text()) if path.exists() else None
