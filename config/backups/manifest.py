"""What a backup says of itself."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from audit.errors import Refused

NAME = "manifest.json"
FORMAT = 1
DUMP, LISTING, EVIDENCE, KEY = "duban.dump", "evidence.txt", "evidence", "secrets/log.pem"


class NoBackup(Refused):
    """The directory holds no manifest that this program understands."""

    sentence = _("%(place)s holds no backup of Duban, or one that was cut short.")


class Damaged(Refused):
    """A part isn't as it was written."""

    sentence = _("The backup in %(place)s is damaged: %(part)s is missing or was changed.")


@dataclass(frozen=True)
class Log:
    """How one organisation's ledger stood: entries, leaves, the name it was signed under."""

    organisation: str
    entries: int
    size: int
    origin: str | None
    checkpoint: str | None


@dataclass(frozen=True)
class Manifest:
    """`parts` are SHA-256 hashes by path; `migrations` are `app.name`, all that had run."""

    made_at: str
    postgres: int
    migrations: list[str]
    parts: dict[str, str]
    files: int
    logs: list[Log] = field(default_factory=list)
    format: int = FORMAT

    def write(self, place: Path) -> bytes:
        """Returns its own hash."""
        text = json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n"
        (place / NAME).write_text(text)
        return hashlib.sha256(text.encode()).digest()

    @classmethod
    def read(cls, place: Path) -> "Manifest":
        """Raises NoBackup."""
        try:
            told: dict[str, Any] = json.loads((place / NAME).read_text())
            logs = [Log(**log) for log in told.pop("logs")]
            read = cls(**told, logs=logs)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise NoBackup(place=place) from error
        if read.format != FORMAT:
            raise NoBackup(place=place)
        return read

    def check(self, place: Path) -> None:
        """Every part, and every file, has the hash it had. Raises Damaged."""
        for part, told in self.parts.items():
            if hash_of(place / part) != told:
                raise Damaged(place=place, part=part)
        listed = listing(place)
        if len(listed) != self.files:
            raise Damaged(place=place, part=LISTING)
        for path in listed:
            if hash_of(place / EVIDENCE / path) != Path(path).name:
                raise Damaged(place=place, part=f"{EVIDENCE}/{path}")


def listing(place: Path) -> list[str]:
    """The paths of the files that were backed up."""
    return (place / LISTING).read_text().split()


def hash_of(path: Path) -> str | None:
    """The SHA-256 of a file in hexadecimal; None where it is missing."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
