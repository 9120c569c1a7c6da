"""A bundle is checked by its own program alone; whatever was changed in it is found."""

import hashlib
import io
import json
import os
import random
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError

from audit import bundle_files, bundles, checkpoints, notes, proofs, signing, verify
from audit.bundles import NothingSigned, NothingToExport, Scope
from audit.canonical import commit
from audit.checking import check
from audit.checkpoints import Signer
from audit.models import Entry, Opening
from audit.sequencer import Sequencer
from directory.models import Organisation
from tests import databases
from tests.audit.factories import accept, add, make_task
from tests.conftest import Made, MakeOnce
from tests.factories import NOW, make_organisation
from workflows.models import Task

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
MUTATIONS = int(os.environ.get("DUBAN_MUTATIONS", "60"))
WHOLE = Scope("all")
Speaking = Callable[[str], AbstractContextManager[None]]
Files = dict[str, bytes]


@dataclass
class World:
    """A signed log with a task in it."""

    signer: Signer
    worker: Callable[[], AbstractContextManager[None]]
    organisation: Organisation
    task: Task

    def sign(self) -> None:
        with self.worker():
            while Sequencer().advance():
                pass
            checkpoints.sign(self.signer, self.organisation.pk, at=NOW)

    @property
    def policy(self) -> str:
        name = f"duban.example/log/{self.organisation.pk}"
        return f"log {signing.verifier(name, self.signer.key)}\nquorum none\n"

    def bundle(self, scope: Scope = WHOLE) -> Files:
        made = bundles.prepare(self.organisation.pk, scope)
        file = io.BytesIO()
        bundle_files.write(made, file, at=NOW)
        with zipfile.ZipFile(file) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    def part(self) -> Scope:
        return Scope("task", frozenset({self.task.subject}))


def make_world() -> tuple[Organisation, Task]:
    organisation = make_organisation()
    task = make_task(organisation)
    accept(task)
    for number in range(12):
        add(task, number=number, said=commit(f"说明 {number}"))
    made = world_at(settings.EVIDENCE_ROOT, databases.speaking_as, organisation, task)
    made.sign()
    made.sign()
    return organisation, task


def world_at(place: Path, speaking_as: Speaking, organisation: Organisation, task: Task) -> World:
    signer = Signer("duban.example", KEY, place / "log")
    return World(signer, lambda: speaking_as("worker"), organisation, task)


@pytest.fixture(scope="session")
def made_world(make_once: MakeOnce) -> Made:
    return make_once("task_in_a_signed_log", make_world)


@pytest.fixture
def world(
    made_world: Made, copied: Callable[[Made], tuple[Organisation, Task]], speaking_as: Speaking
) -> World:
    organisation, task = copied(made_world)
    return world_at(settings.EVIDENCE_ROOT, speaking_as, organisation, task)


def zipped(files: Mapping[str, bytes]) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file


def checked(files: Mapping[str, bytes], policy: str | None = None) -> verify.Report:
    with zipfile.ZipFile(zipped(files)) as archive:
        return verify.check(archive, policy)


def problem(files: Mapping[str, bytes], policy: str | None = None) -> str:
    with pytest.raises(verify.Wrong) as wrong:
        checked(files, policy)
    return wrong.value.code


def is_found(files: Mapping[str, bytes], policy: str) -> bool:
    try:
        checked(files, policy)
    except verify.Wrong:
        return True
    return False


def run(files: Mapping[str, bytes], place: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """The program out of the bundle, alone with the bundle."""
    (place / "bundle.zip").write_bytes(zipped(files).getvalue())
    (place / "verify.py").write_bytes(files["verify.py"])
    command = [sys.executable, "-I", "verify.py", "bundle.zip", *more]
    return subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)


def test_a_whole_bundle_is_found_whole_by_the_program_in_it(world: World, tmp_path: Path) -> None:
    files = world.bundle()
    done = run(files, tmp_path, "--lang", "en")
    assert (done.returncode, done.stderr) == (0, "")
    assert "nothing was left out" in done.stdout
    assert "Compare them with those you got elsewhere" in done.stdout
    (tmp_path / "policy").write_text(world.policy)
    assert "另行取得" not in run(files, tmp_path, "--lang", "zh", "--policy", "policy").stdout


def test_a_task_s_bundle_holds_its_entries_their_proofs_and_their_texts(world: World) -> None:
    report = checked(world.bundle(world.part()), world.policy)
    assert (report.entries, report.texts, report.whole) == (14, 12, False)
    assert report.size > report.entries


def test_a_period_s_bundle_is_checked_although_chains_begin_before_it(world: World) -> None:
    first, second = Entry.objects.filter(subject=world.task.subject).order_by("subject_seq")[:2]
    assert first.at <= second.at
    report = checked(world.bundle(Scope("since", first=second.at)), world.policy)
    assert report.entries


def test_an_erased_text_leaves_every_proof_valid(world: World, speaking_as: Speaking) -> None:
    with speaking_as("worker"):
        Opening.objects.all()[0].delete()
    report = checked(world.bundle(), world.policy)
    assert report.texts_absent == 1


def test_the_readable_page_names_what_happened(world: World) -> None:
    page = world.bundle(world.part())["index.html"].decode()
    assert "Task assigned" in page
    assert "Train officials" in page


def test_the_program_answers_in_json_and_names_the_first_bad_entry(
    world: World, tmp_path: Path
) -> None:
    files = world.bundle()
    body = files["entries.ndjson"].replace(b'"number":7', b'"number":8', 1)
    done = run(files | {"entries.ndjson": body}, tmp_path, "--json")
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert not told["verified"]
    assert told["first_bad"]["where"].startswith(world.task.subject)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_problem_has_its_sentence(language: str) -> None:
    place = ["en", "zh"].index(language)
    for code in verify.WRONG:
        wrong = verify.Wrong(code, "somewhere", found=1, wanted=2, field="decision")
        assert "{" not in verify.sentence(wrong, place)


def test_a_chain_made_anew_with_the_right_hashes_is_found(world: World) -> None:
    """As the database's superuser would: one entry changed, all that follow linked to it."""
    files = world.bundle()
    entries = [json.loads(line) for line in files["entries.ndjson"].splitlines()]
    heads: dict[str, str] = {}
    lines = []
    for entry in entries:
        if entry["subject"] == world.task.subject and entry["seq"] == 5:
            entry["facts"]["number"] = 99
        entry["prev"] = heads.get(entry["subject"], entry["prev"])
        line = json.dumps(entry, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
        heads[entry["subject"]] = hashlib.sha256(b"\0" + line).hexdigest()
        lines.append(line)
    assert problem(files | {"entries.ndjson": b"\n".join(lines) + b"\n"}) == "root"


def test_a_log_signed_anew_with_another_key_fools_nobody_who_kept_the_key(world: World) -> None:
    files = world.bundle()
    thief = Ed25519PrivateKey.generate()
    note = notes.Note.parse(files["checkpoint.txt"].decode())
    key = signing.verifier(notes.Checkpoint.parse(note.text).origin, thief)
    forged = files | {
        "checkpoint.txt": str(notes.signed(note.text, key, thief)).encode(),
        "policy.txt": f"log {key}\n".encode(),
    }
    assert checked(forged).entries  # the bundle's own keys agree with themselves
    assert problem(forged, world.policy) == "signature"


def test_an_old_checkpoint_does_not_pass_for_the_newer_log(world: World) -> None:
    old = world.bundle()
    add(world.task, number=99)
    world.sign()
    assert problem(world.bundle() | {"checkpoint.txt": old["checkpoint.txt"]}) == "root"


def test_a_policy_that_asks_for_a_witness_is_not_met_without_one(world: World) -> None:
    raw = Ed25519PrivateKey.generate().public_key()
    public = raw.public_bytes(Encoding.Raw, PublicFormat.Raw)
    witness = notes.Key("witness.example", public, notes.COSIGNATURE)
    policy = world.policy.replace("quorum none", f"witness w1 {witness}\nquorum w1")
    assert problem(world.bundle(), policy) == "quorum"


@pytest.mark.parametrize(
    ("quorum", "holds"), [("w1", True), ("w2", False), ("one", True), ("both", False)]
)
def test_a_policy_s_groups_are_counted(world: World, quorum: str, holds: bool) -> None:
    keys = {}
    files = world.bundle()
    note = notes.Note.parse(files["checkpoint.txt"].decode())
    for name in ("w1", "w2"):
        private = Ed25519PrivateKey.generate()
        public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        keys[name] = notes.Key(f"{name}.example", public, notes.COSIGNATURE)
        if name == "w1":
            seen = 1_800_000_000
            signature = seen.to_bytes(8) + private.sign(notes.cosigned(note.text, seen))
            cosigned = str(note) + notes.line(keys[name].name, keys[name].id + signature)
    policy = world.policy.replace(
        "quorum none",
        f"witness w1 {keys['w1']}\nwitness w2 {keys['w2']}\n"
        f"group one any w1 w2\ngroup both all w1 w2\nquorum {quorum}",
    )
    given = files | {"checkpoint.txt": cosigned.encode()}
    if holds:
        assert checked(given, policy).cosigned == {"w1": 1_800_000_000}
    else:
        assert problem(given, policy) == "quorum"


def mutated(files: Files, name: str, chance: random.Random) -> bytes:
    """One member with a bit, a line or its end changed; never the same bytes."""
    content = files[name]
    lines = content.splitlines(keepends=True)
    kind = chance.choice(["flip", "drop", "swap", "cut", "double"] if len(lines) > 2 else ["flip"])
    if kind == "flip":
        at = chance.randrange(len(content) * 8)
        changed = bytearray(content)
        changed[at // 8] ^= 1 << at % 8
        return bytes(changed)
    if kind == "cut":
        return content[: chance.randrange(len(content) - 1)]
    one, other = chance.sample(range(len(lines)), 2)
    if kind == "drop":
        del lines[one]
    elif kind == "double":
        lines.insert(other, lines[one])
    else:
        lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


def test_every_mutation_of_the_whole_log_s_bundle_is_found(world: World) -> None:
    files, chance = world.bundle(), random.Random(MUTATIONS)
    for number in range(MUTATIONS):
        name = chance.choice(["entries.ndjson", "checkpoint.txt", "openings.ndjson"])
        changed = mutated(files, name, chance)
        if name == "openings.ndjson" and set(changed.splitlines()) <= set(files[name].splitlines()):
            continue  # texts may be left out, repeated and in any order: each is checked by itself
        if changed != files[name]:
            assert is_found(files | {name: changed}, world.policy), f"{number}: {name}"


def test_every_flipped_bit_of_a_part_s_bundle_is_found(world: World) -> None:
    files, chance = world.bundle(world.part()), random.Random(MUTATIONS)
    for number in range(MUTATIONS // 2):
        name = chance.choice(["entries.ndjson", "proofs.ndjson"])
        at = chance.randrange(len(files[name]) * 8)
        changed = bytearray(files[name])
        changed[at // 8] ^= 1 << at % 8
        assert is_found(files | {name: bytes(changed)}, world.policy), f"{number}: {name} {at}"


def test_an_unsigned_log_is_not_exported(world: World) -> None:
    with pytest.raises(NothingSigned):
        bundles.prepare(make_organisation().pk, WHOLE)


def test_a_scope_without_entries_is_not_exported(world: World) -> None:
    with pytest.raises(NothingToExport):
        bundles.prepare(world.organisation.pk, Scope("none", frozenset({"task:none"})))


def test_every_export_is_an_entry_of_its_own(world: World) -> None:
    bundles.export(organisation=world.organisation.pk, scope=world.part(), actor="operator", at=NOW)
    entry = Entry.objects.get(kind="ledger.exported")
    assert world.task.subject in json.loads(bytes(entry.body))["facts"]["scope"]["subjects"]


def test_the_command_writes_a_bundle_and_overwrites_nothing(world: World, tmp_path: Path) -> None:
    path = tmp_path / "out.zip"
    wanted = ["--task", str(world.task.pk), "--organisation", str(world.organisation.pk)]
    call_command("export_bundle", *wanted, str(path))
    with zipfile.ZipFile(path) as archive:
        assert verify.check(archive, world.policy).entries == 14
    with pytest.raises(CommandError, match="exists"):
        call_command("export_bundle", *wanted, str(path))


def test_the_command_refuses_a_date_that_is_none(world: World, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="2026-13-01"):
        call_command("export_bundle", "--all", "--from", "2026-13-01", str(tmp_path / "x.zip"))


def test_a_proof_file_is_checked_without_an_account(world: World) -> None:
    entry = Entry.objects.filter(subject=world.task.subject).latest("subject_seq")
    text = str(proofs.of(entry))
    assert check(text).holds
    assert not check(text.replace("index ", "index 1")).holds
    assert check("nonsense").problem
