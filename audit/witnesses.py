"""Asking witnesses to cosign: each new checkpoint, with the proof that it continues the last one.

A witness that is away blocks nothing: it is asked again later, and pages say since when no witness
has seen the log. https://c2sp.org/tlog-witness.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen
from uuid import UUID

from django.conf import settings
from django.db.models import Max

from audit import merkle, notes, proofs, tree, verify
from audit.models import Checkpoint, Cosignature, Origin
from audit.notes import BadNote

log = logging.getLogger("duban.ledger")

TIMEOUT = 2  # seconds; the worker has other things to do
REST = timedelta(minutes=1)
"""How long a witness that failed is left alone."""
LARGEST = 4096
"""Bytes of an answer: a line or two."""


class NoAnswer(Exception):
    """The witness is away, or says nothing that makes sense."""


class Elsewhere(Exception):
    """The witness has seen another size than we believed."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


@dataclass(frozen=True)
class Witness:
    key: notes.Key
    url: str

    @classmethod
    def parse(cls, text: str) -> "Witness":
        """`KEY URL`, as the witness prints them. Raises BadNote."""
        vkey, _, url = text.strip().partition(" ")
        key = notes.Key.parse(vkey)
        if key.type != notes.COSIGNATURE:
            raise BadNote("this is a log's key, not a witness's")
        if not url.startswith(("https://", "http://")):
            raise BadNote("a witness has an address")
        return cls(key, url.strip().rstrip("/"))

    def ask(self, note: str, old: int, path: list[bytes]) -> str:
        """The answer to `add-checkpoint`. Raises NoAnswer, Elsewhere."""
        lines = [f"old {old}", *map(notes.encoded, path), "", note]
        request = Request(f"{self.url}/add-checkpoint", "\n".join(lines).encode())  # noqa: S310 - see parse
        try:
            with urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
                return str(answer.read(LARGEST).decode())
        except HTTPError as error:
            said = error.read(LARGEST).decode(errors="replace").strip()
            if error.code == 409 and said.isascii() and said.isdecimal():
                raise Elsewhere(int(said)) from error
            raise NoAnswer(f"{error.code} {said}") from error
        except (URLError, HTTPException, OSError, UnicodeDecodeError) as error:
            raise NoAnswer(str(error)) from error


@dataclass(frozen=True)
class Policy:
    """Which witnesses are asked, and whose cosignatures make a quorum: what we publish and keep to.

    `text` has the lines of https://c2sp.org/tlog-policy but for the log's own; witnesses go by
    short names there, and by those of their keys in cosignatures.
    """

    text: str
    witnesses: tuple[Witness, ...]

    @classmethod
    def parse(cls, text: str) -> "Policy":
        """Raises BadNote."""
        lines = [line.split("#")[0].split() for line in text.splitlines()]
        if any(words[:1] == ["log"] for words in lines):
            raise BadNote("the log's key is added by itself, so a policy has no line for it")
        if ["quorum"] not in [words[:1] for words in lines]:
            raise BadNote("a policy has a line with its quorum")
        try:
            verify.policy(text)
        except verify.Wrong as wrong:
            raise BadNote(f"a policy has no such line: {wrong.where}") from wrong
        asked = [words for words in lines if words[:1] == ["witness"]]
        if any(len(words) < 4 for words in asked):
            raise BadNote("a witness has a name, a key and an address")
        return cls(text, tuple(Witness.parse(" ".join(words[2:4])) for words in asked))

    @classmethod
    def of_all(cls, witnesses: list[Witness]) -> "Policy":
        """Every witness is asked for."""
        names = [f"w{number}" for number in range(1, len(witnesses) + 1)]
        lines = [f"witness {name} {one.key}" for name, one in zip(names, witnesses, strict=True)]
        if names:
            lines.append(f"group all-of-them all {' '.join(names)}")
        lines.append(f"quorum {'all-of-them' if names else 'none'}")
        return cls("\n".join([*lines, ""]), tuple(witnesses))

    def is_met_by(self, cosigned: set[str]) -> bool:
        """Whether these witnesses, by their keys' names, are enough; nobody is never enough."""
        read = verify.policy(self.text)
        short = {name for name, key in read.witnesses.items() if key.name in cosigned}
        return bool(short) and read.holds(short, read.quorum)

    def for_bundle(self, vkey: str, cosigned: set[str]) -> str:
        """The policy with the log's key, as it is handed out beside a checkpoint.

        Where too few have cosigned it says so and asks for nobody, or the bundle would be refused
        for what everybody can see: whoever wants to insist checks it with a policy of their own.
        """
        lines = self.text.splitlines()
        if self.witnesses and not self.is_met_by(cosigned):
            lines = [f"# Not met: {one}" if one.split()[:1] == ["quorum"] else one for one in lines]
            lines.append("quorum none")
        return "\n".join([f"log {vkey}", *lines, ""])


def published() -> Policy:
    """As the operator has set it: a policy of its own, or a list of witnesses who all count."""
    if settings.WITNESS_POLICY:
        return Policy.parse(settings.WITNESS_POLICY)
    return Policy.of_all([Witness.parse(text) for text in settings.WITNESSES])


def configured() -> list[Witness]:
    return list(published().witnesses)


_resting: dict[str, datetime] = {}


def cosign_all(*, at: datetime) -> int:
    """The worker's step: have every log's newest checkpoint cosigned by every witness."""
    found = 0
    for witness in configured():
        if _resting.get(witness.key.name, at) > at:
            continue
        try:
            found += sum(
                cosign(witness, organisation)
                for organisation in Origin.objects.values_list("organisation", flat=True).distinct()
            )
        except NoAnswer as error:
            log.warning("witness %s: %s", witness.key.name, error)
            _resting[witness.key.name] = at + REST
    return found


def cosign(witness: Witness, organisation: UUID) -> bool:
    """Whether the newest checkpoint has a new cosignature. Raises NoAnswer."""
    checkpoint = proofs.newest(organisation)
    if checkpoint is None:
        return False
    mine = Cosignature.objects.filter(
        witness=witness.key.name, checkpoint__origin=checkpoint.origin
    )
    seen = mine.aggregate(size=Max("checkpoint__size"))["size"] or 0
    if seen == checkpoint.size:
        return False
    try:
        answer = _asked(witness, checkpoint, seen)
    except Elsewhere as elsewhere:
        if elsewhere.size > checkpoint.size:
            log.critical(
                "witness %s has seen %d entries of %s, more than there are",
                witness.key.name,
                elsewhere.size,
                checkpoint.origin.name,
            )
            raise NoAnswer(f"it has seen {elsewhere.size} entries") from elsewhere
        try:
            answer = _asked(witness, checkpoint, elsewhere.size)
        except Elsewhere as other:
            raise NoAnswer("it has seen another tree") from other
    return _keep(witness, checkpoint, answer)


def _asked(witness: Witness, checkpoint: Checkpoint, old: int) -> str:
    path = tree.asked(
        checkpoint.organisation, lambda read: merkle.consistency(old, checkpoint.size, read)
    )
    return witness.ask(checkpoint.note, old, path)


def _keep(witness: Witness, checkpoint: Checkpoint, answer: str) -> bool:
    """The line that fits; whatever else the witness said is not kept. Raises NoAnswer."""
    for line in answer.splitlines():
        try:
            note = notes.Note.parse(f"{checkpoint.note}{line}\n")
        except BadNote as error:
            raise NoAnswer("no cosignature in its answer") from error
        if (seen := note.cosigned_at(witness.key)) is not None:
            Cosignature.objects.create(
                organisation=checkpoint.organisation,
                checkpoint=checkpoint,
                witness=witness.key.name,
                line=f"{line}\n",
                seen_at=datetime.fromtimestamp(seen, UTC),
            )
            return True
    raise NoAnswer("its cosignature does not fit")
