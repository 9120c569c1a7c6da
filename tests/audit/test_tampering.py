"""Whatever is changed in a bundle is found; a bundle of an honest log never raises an alarm.

`DUBAN_MUTATIONS` says how many changes; nightly it is 100,000, and 1,000 logs.
"""

import copy
import dataclasses
import hashlib
import json
import os
import random
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit import canonical, notes, signing, verify
from tests.audit.histories import Files, History, Logged, checked

MUTATIONS = int(os.environ.get("DUBAN_MUTATIONS", "300"))
HONEST = 20
PER_LOG = 200
"""Changes to one log before the next one is made."""


@dataclasses.dataclass
class Case:
    """A changed bundle, and what its auditor has at hand."""

    files: Files
    policy: str
    kept: str | None = None


@dataclasses.dataclass
class Target:
    """An honest log and its bundles; each method returns it with one thing changed."""

    history: History
    chance: random.Random
    whole: Files
    part: Files

    @classmethod
    def made(cls, seed: int) -> "Target":
        history = History(random.Random(seed))
        history.live(16)
        busiest = max(
            history.tasks, key=[one.subject for one in history.log if one.statement].count
        )
        # Not the history's own chance again, or a thief would draw the log's key.
        chance = random.Random(f"changes to {seed}")
        return cls(history, chance, history.bundle(), history.bundle([busiest]))

    def cases(self) -> Iterator[tuple[str, Case]]:
        while True:
            kind = self.chance.choice(KINDS)
            case = kind(self)
            if case is not None:
                yield kind.__name__, case

    # Without the log's key

    def _any(self) -> Files:
        return dict(self.chance.choice([self.whole, self.part]))

    def _case(self, files: Files, **changed: bytes) -> Case:
        return Case(files | changed, self.history.policy)

    def _member(self, files: Files) -> str:
        """One that is signed, or follows from what is."""
        unsigned = {"policy.txt", "manifest.json"}
        return self.chance.choice([one for one in files if one not in unsigned and files[one]])

    def flip(self) -> Case:
        files = self._any()
        name = self._member(files)
        place, changed = self.chance.randrange(len(files[name]) * 8), bytearray(files[name])
        changed[place // 8] ^= 1 << place % 8
        return self._case(files | {name: bytes(changed)})

    def cut(self) -> Case | None:
        files = self._any()
        name = self._member(files)
        end = self.chance.randrange(len(files[name]))
        if name == "openings.ndjson" and files[name][:end].endswith((b"\n", b"")[: 1 + (not end)]):
            return None  # texts may be left out
        return self._case(files | {name: files[name][:end]})

    def remove(self) -> Case | None:
        files = self._any()
        name = self._member(files)
        if name == "openings.ndjson" or name.startswith("files/"):
            return None  # may be left out
        del files[name]
        return self._case(files)

    def drop(self) -> Case | None:
        return self._lines(lambda lines: lines.pop(self.chance.randrange(len(lines))))

    def swap(self) -> Case | None:
        def swapped(lines: list[bytes]) -> None:
            one, other = self.chance.sample(range(len(lines)), 2)
            lines[one], lines[other] = lines[other], lines[one]

        return self._lines(swapped)

    def double(self) -> Case | None:
        def doubled(lines: list[bytes]) -> None:
            lines.insert(self.chance.randrange(len(lines)), self.chance.choice(lines))

        return self._lines(doubled)

    def _lines(self, change: Callable[[list[bytes]], Any]) -> Case | None:
        files = self._any()
        name = self.chance.choice([one for one in files if one.endswith(".ndjson")])
        lines = files[name].splitlines(keepends=True)
        if name == "openings.ndjson" or len(lines) < 2:
            return None  # texts may stand in any order, twice or not at all
        change(lines)
        return self._case(files | {name: b"".join(lines)})

    def other_text(self) -> Case | None:
        """A text under a commitment of its own, which no entry holds."""
        files = self._any()
        lines = [json.loads(line) for line in files["openings.ndjson"].splitlines()]
        if not lines:
            return None
        forged = canonical.commit("forged")
        self.chance.choice(lines).update(
            commitment=forged.digest.hex(),
            salt=notes.encoded(forged.salt),
            content=notes.encoded(forged.content),
        )
        made = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        return self._case(files | {"openings.ndjson": made})

    def other_file(self) -> Case:
        content = self.chance.randbytes(20)
        name = hashlib.sha256(content).hexdigest()
        return self._case(self._any() | {f"files/{name}.pdf": content})

    def rechain(self) -> Case:
        """As the database's superuser would: an entry changed, and all that follow linked to it."""
        forged = self._forged(self._edit())
        files = forged.bundle() | {"checkpoint.txt": self.whole["checkpoint.txt"]}
        return Case(files, self.history.policy)

    # With a key

    def key_of_a_thief(self) -> Case:
        """The whole log made anew and signed, with keys that say so themselves."""
        forged = self._forged(self._edit())
        thief = Ed25519PrivateKey.from_private_bytes(self.chance.randbytes(32))
        note = forged.note_at(len(forged.log), thief, cosigned=False).encode()
        own = f"log {signing.verifier(forged.origin, thief)}\nquorum none\n".encode()
        files = forged.bundle() | {"checkpoint.txt": note, "policy.txt": own}
        return Case(files, self.history.log_policy)

    def stolen_key(self) -> Case:
        """The log's own key; the witness is not fooled."""
        return Case(self._forged(self._edit()).bundle(cosigned=False), self.history.policy)

    def stolen_key_and_no_witness(self) -> Case:
        """Somebody kept a checkpoint at which the changed entry was in the log already."""
        place = self._edit()
        kept = self.history.note_at(
            self.chance.randint(place + 1, len(self.history.log)), cosigned=False
        )
        return Case(self._forged(place).bundle(cosigned=False), self.history.log_policy, kept)

    def old_backup(self) -> Case:
        """The newest entries are gone, others came since; somebody kept a checkpoint of them."""
        size = len(self.history.log)
        restored = copy.copy(self.history)
        restored.log = self.history.log[: self.chance.randrange(1, size)]
        before = len(restored.log)
        for _number in range(self.chance.randrange(5)):
            restored.note()
        kept = self.history.note_at(self.chance.randint(before + 1, size), cosigned=False)
        return Case(restored.bundle(cosigned=False), self.history.log_policy, kept)

    def forged_decision(self) -> Case | None:
        """All keys of log and witness stolen; the person's own signature is what is left."""
        places = [at for at, one in enumerate(self.history.log) if one.statement]
        place = self.chance.choice(places)
        log = list(self.history.log)
        entry, statement = log[place].entry, log[place].statement
        sign_off = entry["facts"]["sign_off"]
        match self.chance.choice(["entry", "both", "signature", "device", "website", "person"]):
            case "entry":
                field, value = self._lie(sign_off)
                sign_off[field] = value
            case "both":
                said = json.loads(statement)
                field, value = self._lie(sign_off)
                sign_off[field] = value
                if field == "work_item":
                    said["reviewed"][field] = value
                else:
                    said[field] = value
                statement = canonical.encode(said)
                sign_off["statement"] = hashlib.sha256(statement).hexdigest()
            case "signature":
                self._bend(sign_off["passkey"], "signature")
            case "device":
                self._bend(sign_off["passkey"], "authenticator_data")
            case "website":
                self._bend(sign_off["passkey"], "client_data")
            case "person":
                entry["actor"] = f"person:{self.history.uuid()}"
        log[place] = Logged(log[place].subject, canonical.encode(entry), statement)
        return Case(self._relinked(log).bundle(), self.history.policy)

    def forged_key(self) -> Case | None:
        """What the log says of a passkey that signed, changed: not enrolled, or somebody else's."""
        signers = {one.entry["actor"] for one in self.history.log if one.statement}
        log = list(self.history.log)
        place = next(
            at
            for at, one in enumerate(log)
            if one.subject in signers and one.entry["kind"] == "passkey.enrolled"
        )
        entry = log[place].entry
        told = entry["facts"]["passkey"]
        match self.chance.choice(["other", "gone", "site", "waits", "revoked"]):
            case "other":
                self._bend(told, "credential")
            case "gone":
                entry["kind"] = "person.renamed"
            case "site":
                told["origins"] = ["https://elsewhere.example"]
            case "waits":
                told["needs_approval"] = not told["needs_approval"]
                if not told["needs_approval"]:
                    return None
            case "revoked":
                chain = [one for one in log if one.subject == entry["subject"]]
                gone = {**entry, "kind": "passkey.revoked", "seq": len(chain) + 1}
                gone["facts"] = {"passkey": {"id": told["id"], "credential": told["credential"]}}
                if len(chain) > 1:
                    return None
                log.insert(place + 1, Logged(entry["subject"], canonical.encode(gone)))
        log[place] = Logged(entry["subject"], canonical.encode(entry))
        return Case(self._relinked(log).bundle(), self.history.policy)

    def _lie(self, sign_off: dict[str, Any]) -> tuple[str, Any]:
        return self.chance.choice(
            [
                ("decision", "return" if sign_off["decision"] == "approve" else "approve"),
                ("target", 3),
                ("work_item", str(self.history.uuid())),
                ("comment", {"commitment": self.chance.randbytes(32).hex()}),
            ]
        )

    def _bend(self, told: dict[str, Any], field: str) -> None:
        changed = bytearray.fromhex(told[field])
        place = self.chance.randrange(len(changed) * 8)
        changed[place // 8] ^= 1 << place % 8
        told[field] = changed.hex()

    def _edit(self) -> int:
        return self.chance.randrange(len(self.history.log))

    def _forged(self, place: int) -> History:
        log = list(self.history.log)
        entry = log[place].entry
        entry["at"] = "2026-01-01T00:00:00.000000Z"
        log[place] = dataclasses.replace(log[place], body=canonical.encode(entry))
        return self._relinked(log)

    def _relinked(self, log: list[Logged]) -> History:
        """The same keys over another log, whose chains hold."""
        forged, heads = copy.copy(self.history), dict[str, str]()
        forged.log = []
        for one in log:
            entry = one.entry
            entry["prev"] = heads.get(one.subject, "00" * 32)
            body = canonical.encode(entry)
            heads[one.subject] = canonical.leaf_hash(body).hex()
            forged.log.append(dataclasses.replace(one, body=body))
        return forged


KINDS = [
    Target.flip,
    Target.flip,
    Target.flip,
    Target.cut,
    Target.remove,
    Target.drop,
    Target.swap,
    Target.double,
    Target.other_text,
    Target.other_file,
    Target.rechain,
    Target.key_of_a_thief,
    Target.stolen_key,
    Target.stolen_key_and_no_witness,
    Target.old_backup,
    Target.forged_decision,
    Target.forged_key,
]


@pytest.fixture
def remembering(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signature that was checked is not checked again: most changes are elsewhere."""
    for name in ("signed_by", "signed_p256"):
        monkeypatch.setattr(verify, name, lru_cache(maxsize=5000)(getattr(verify, name)))


def missed(count: int, seed: int) -> list[str]:
    """The changes that were not found."""
    found = []
    for number in range(count):
        if number % PER_LOG == 0:
            cases = Target.made(seed + number).cases()
        kind, case = next(cases)
        try:
            checked(case.files, case.policy, case.kept)
        except verify.Wrong as wrong:
            verify.sentence(wrong, number % 2)
        else:
            found.append(f"{kind}, log {seed + number // PER_LOG * PER_LOG}, change {number}")
    return found


def alarms(count: int, seed: int) -> list[str]:
    """Honest logs that were called wrong."""
    found = []
    for number in range(seed, seed + count):
        history = History(random.Random(number))
        history.live(number % 40 + 5)
        if number % 3 == 0:
            history.erase()
        kept = history.note_at(len(history.log) // 2, cosigned=False)
        subjects = history.chance.sample(history.tasks, 2)
        try:
            whole = checked(history.bundle(), history.policy, kept)
            part = checked(history.bundle(subjects), history.policy)
        except verify.Wrong as wrong:
            found.append(f"log {number}: {wrong.code} {wrong.where}")
            continue
        signed = sum(bool(one.statement) for one in history.log)
        if not (whole.whole and whole.personally_signed == signed and part.unbroken):
            found.append(f"log {number}: miscounted")
    return found


@pytest.mark.usefixtures("remembering")
def test_every_change_to_a_bundle_is_found() -> None:
    assert missed(MUTATIONS, seed=0) == []


def test_honest_logs_raise_no_alarm() -> None:
    assert alarms(HONEST, seed=0) == []


@pytest.mark.nightly
@pytest.mark.usefixtures("remembering")
def test_a_hundred_thousand_changes_are_found() -> None:
    assert missed(100_000, seed=1_000_000) == []


@pytest.mark.nightly
def test_a_thousand_honest_logs_raise_no_alarm() -> None:
    assert alarms(1000, seed=1_000_000) == []
