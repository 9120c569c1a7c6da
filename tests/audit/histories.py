"""Honest logs made by chance, and their bundles, without a database: quick enough for thousands.

history = History(random.Random(1))
history.live(30)                # thirty things happen
files = history.bundle()        # of the whole log, or of some subjects
"""

import hashlib
import io
import json
import random
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from audit import canonical, merkle, notes, signing, verify
from audit.canonical import Commitment
from tests.authenticator import EDDSA, ES256, Authenticator, unb64

Files = dict[str, bytes]
BEGAN = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)


@dataclass
class Holder:
    """Somebody with a passkey."""

    id: UUID
    device: Authenticator
    waits: bool = False
    """For the approval of the passkey."""
    revoked: bool = False

    @property
    def subject(self) -> str:
        return f"person:{self.id}"


@dataclass
class Logged:
    subject: str
    body: bytes
    statement: bytes = b""
    """What was signed with a passkey."""

    @property
    def entry(self) -> Any:
        return json.loads(self.body)


@dataclass
class History:
    chance: random.Random
    log: list[Logged] = field(default_factory=list)
    openings: dict[bytes, Commitment] = field(default_factory=dict)
    kept: dict[str, bytes] = field(default_factory=dict)
    """Evidence files by their hash."""
    people: list[Holder] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.organisation = self.uuid()
        self.key = Ed25519PrivateKey.from_private_bytes(self.chance.randbytes(32))
        self.witness = Ed25519PrivateKey.from_private_bytes(self.chance.randbytes(32))
        self.tasks = [f"task:{self.uuid()}" for _number in range(3)]

    def uuid(self) -> UUID:
        return UUID(int=self.chance.getrandbits(128), version=4)

    # What happens

    def live(self, steps: int) -> None:
        acts = [self.note, self.submit, self.attest, self.sign, self.sign, self.enrol]
        acts += [self.approve, self.revoke]
        self.enrol()
        self.approve()
        self.sign()
        for _step in range(steps):
            self.chance.choice(acts)()

    def note(self) -> None:
        facts = {"number": self.chance.randrange(-5, 10**12), "said": self.commit(self.words())}
        self.append(self.task(), "task.noted", "operator", facts)

    def submit(self) -> None:
        files = []
        for _number in range(self.chance.randrange(3)):
            content = self.chance.randbytes(50)
            digest = hashlib.sha256(content).digest()
            self.kept[digest.hex()] = content
            files.append({"name": self.commit("佐证.pdf"), "sha256": digest})
        facts = {"evidence": files, "text": self.commit(self.words()), "quoted": '"\\\n\u2028'}
        self.append(self.task(), "task.submitted", f"person:{self.uuid()}", facts)

    def attest(self) -> None:
        """A sign-off that the server vouches for."""
        said: dict[str, Any] = {
            "decision": "approve",
            "evidence": self.chance.choice(["session", "password"]),
        }
        if self.chance.random() < 0.3:
            del said["evidence"]  # as in old entries
        said |= {
            "id": self.uuid(),
            "work_item": self.uuid(),
            "statement": self.chance.randbytes(32),
        }
        facts = {"sign_off": {**said, "target": None, "comment": None}}
        self.append(self.task(), "approval.signed_off", f"person:{self.uuid()}", facts)

    def enrol(self) -> None:
        algorithm = self.chance.choice([ES256, ES256, EDDSA])
        holder = Holder(
            self.uuid(),
            Authenticator(
                origin="https://duban.example", rp_id="duban.example", algorithm=algorithm
            ),
            waits=self.chance.random() < 0.3,
        )
        told = {
            "id": self.uuid(),
            "credential": holder.device.credential_id,
            "public_key": holder.device.public_key,
            "algorithm": algorithm,
            "aaguid": UUID(int=0),
            "backup_eligible": False,
            "backed_up": False,
            "rp_id": "duban.example",
            "origins": ["https://duban.example"],
            "name": self.commit("Office"),
            "needs_approval": holder.waits,
        }
        self.people.append(holder)
        self.append(holder.subject, "passkey.enrolled", holder.subject, {"passkey": told})

    def approve(self) -> None:
        for holder in self.people:
            if holder.waits:
                holder.waits = False
                self.append(holder.subject, "passkey.approved", "operator", self.about(holder))
                return

    def revoke(self) -> None:
        if self.able():
            holder = self.chance.choice(self.able())
            holder.revoked = True
            self.append(holder.subject, "passkey.revoked", holder.subject, self.about(holder))

    def able(self) -> list[Holder]:
        return [one for one in self.people if not one.waits and not one.revoked]

    def about(self, holder: Holder) -> dict[str, Any]:
        return {"passkey": {"id": self.uuid(), "credential": holder.device.credential_id}}

    def sign(self) -> None:
        """A sign-off with a passkey, by somebody who may."""
        if self.able():
            self.sign_as(self.chance.choice(self.able()))

    def sign_as(self, holder: Holder, **bent: Any) -> None:
        """`bent` changes what the authenticator answers; see there."""
        task, item = self.task(), self.uuid()
        comment = self.commit(self.words()) if self.chance.random() < 0.5 else None
        post = {
            "post": self.uuid(),
            "title": "主要负责人",
            "unit": self.uuid(),
            "unit_name": "统战部",
        }
        decision, target = self.chance.choice([("approve", None), ("return", 0)])
        statement = canonical.encode(
            {
                "v": 1,
                "kind": "sign_off",
                "organisation": self.organisation,
                "person": {"id": holder.id, "name": self.commit("Li").digest},
                "capacity": post,
                "acting_for": None,
                "decision": decision,
                "target": target,
                "comment": comment,
                "reviewed": {"subject": task, "work_item": item},
                "evidence": "passkey",
            }
        )
        answer = holder.device.get(challenge=hashlib.sha256(statement).digest(), **bent)["response"]
        sign_off = {
            "id": self.uuid(),
            "work_item": item,
            "decision": decision,
            "target": target,
            "comment": comment,
            "statement": hashlib.sha256(statement).digest(),
            "evidence": "passkey",
            "passkey": {
                "credential": holder.device.credential_id,
                "authenticator_data": unb64(answer["authenticatorData"]),
                "client_data": unb64(answer["clientDataJSON"]),
                "signature": unb64(answer["signature"]),
            },
        }
        facts = {"sign_off": sign_off}
        self.append(task, "approval.signed_off", holder.subject, facts, post, statement)

    def append(
        self,
        subject: str,
        kind: str,
        actor: str,
        facts: Mapping[str, Any],
        capacity: Mapping[str, Any] | None = None,
        statement: bytes = b"",
    ) -> None:
        chain = [one for one in self.log if one.subject == subject]
        prev = canonical.leaf_hash(chain[-1].body) if chain else bytes(32)
        body = canonical.body(
            {
                "v": 1,
                "organisation": self.organisation,
                "subject": subject,
                "seq": len(chain) + 1,
                "prev": prev,
                "action": self.uuid(),
                "kind": kind,
                "actor": actor,
                "capacity": capacity,
                "acting_for": None,
                "at": BEGAN + timedelta(minutes=len(self.log)),
                "facts": facts,
            }
        )
        for one in canonical.commitments(facts):
            self.openings[one.digest] = one
        self.log.append(Logged(subject, body, statement))

    def commit(self, text: str) -> Commitment:
        return Commitment(self.chance.randbytes(32), text.encode())

    def words(self) -> str:
        return self.chance.choice(["同意", "Agreed.", "退回：数据不全", 'He said "no"\n\\', "😀"])

    def task(self) -> str:
        return self.chance.choice(self.tasks)

    def erase(self) -> None:
        """Some text, as its owner may ask; a file goes with its name."""
        digest = self.chance.choice(list(self.openings))
        del self.openings[digest]

    # What is taken away

    @property
    def origin(self) -> str:
        return f"duban.example/log/{self.organisation}"

    @property
    def policy(self) -> str:
        public = self.witness.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        witness = notes.Key("witness.example", public, notes.COSIGNATURE)
        log = f"log {signing.verifier(self.origin, self.key)}\n"
        return log + f"witness w1 {witness}\nquorum w1\n"

    @property
    def log_policy(self) -> str:
        """One that asks for no witness."""
        return self.policy.replace("quorum w1", "quorum none")

    def note_at(self, size: int, key: Ed25519PrivateKey | None = None, *, cosigned: bool) -> str:
        key = key or self.key
        leaves = [canonical.leaf_hash(one.body) for one in self.log[:size]]
        root = merkle.root(size, reading(leaves))
        text = str(notes.Checkpoint(self.origin, size, root))
        note = str(notes.signed(text, signing.verifier(self.origin, key), key))
        if cosigned:
            seen = 1_800_000_000
            signature = seen.to_bytes(8, "big") + self.witness.sign(notes.cosigned(text, seen))
            witness = notes.Key.parse(self.policy.split("witness w1 ")[1].split("\n")[0])
            note += notes.line(witness.name, witness.id + signature)
        return note

    def bundle(self, subjects: Iterable[str] | None = None, *, cosigned: bool = True) -> Files:
        """As the product writes one: of everything, or of some subjects."""
        wanted = set(subjects) if subjects is not None else None
        mine = [
            (index, one)
            for index, one in enumerate(self.log)
            if wanted is None or one.subject in wanted
        ]
        signers = {one.entry["actor"] for _index, one in mine if one.statement}
        keys = [
            (index, one)
            for index, one in enumerate(self.log)
            if one.subject in signers and one.entry["kind"].startswith("passkey.")
        ]
        files: Files = {
            "checkpoint.txt": self.note_at(len(self.log), cosigned=cosigned).encode(),
            "policy.txt": self.policy.encode(),
            "manifest.json": json.dumps(
                {
                    "v": 2,
                    "scope": "chance",
                    "whole": wanted is None,
                    "unbroken": True,
                    "entries": len(mine),
                }
            ).encode(),
            "entries.ndjson": lines(one.body for _index, one in mine),
            "statements.ndjson": lines(one.statement for _index, one in mine if one.statement),
            "openings.ndjson": self._openings(one for _index, one in mine),
        }
        if wanted is not None:
            files["proofs.ndjson"] = self._proofs(index for index, _one in mine)
            files["keys.ndjson"] = lines(one.body for _index, one in keys)
            files["keys-proofs.ndjson"] = self._proofs(index for index, _one in keys)
        return files | self._evidence(one for _index, one in mine)

    def _proofs(self, indexes: Iterable[int]) -> bytes:
        read = reading([canonical.leaf_hash(one.body) for one in self.log])
        made = []
        for index in indexes:
            path = [notes.encoded(one) for one in merkle.inclusion(index, len(self.log), read)]
            made.append(json.dumps({"index": index, "path": path}).encode())
        return lines(made)

    def _openings(self, entries: Iterable[Logged]) -> bytes:
        found = []
        for one in entries:
            for commitment in verify.commitments_in(one.entry):
                opening = self.openings.get(bytes.fromhex(commitment))
                if opening:
                    told = {
                        "commitment": commitment,
                        "salt": notes.encoded(opening.salt),
                        "content": notes.encoded(opening.content),
                    }
                    found.append(json.dumps(told).encode())
        return lines(found)

    def _evidence(self, entries: Iterable[Logged]) -> Files:
        return {
            f"files/{digest}.pdf": self.kept[digest]
            for one in entries
            for digest, name in verify.files_in(one.entry["facts"])
            if name and bytes.fromhex(name.decode()) in self.openings
        }


def lines(found: Iterable[bytes]) -> bytes:
    return b"".join(one + b"\n" for one in found)


def reading(leaves: list[bytes]) -> merkle.Read:
    def read(level: int, index: int) -> bytes:
        return merkle.perfect(leaves[index << level : (index + 1) << level])

    return read


def zipped(files: Mapping[str, bytes]) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file


def unzipped(data: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def checked(
    files: Mapping[str, bytes], policy: str | None = None, kept: str | None = None
) -> verify.Report:
    with zipfile.ZipFile(zipped(files)) as archive:
        return verify.check(archive, policy, kept)
