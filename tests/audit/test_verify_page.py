"""The page where anybody checks a form, a proof or a bundle: what it tells, and what not."""

import io
import json
import os
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from approvals.models import Approval
from audit import (
    bundle_check,
    bundle_files,
    bundles,
    checkpoints,
    codes,
    notes,
    proofs,
    signing,
    throttle,
    verify_views,
)
from audit.bundles import Scope
from audit.canonical import leaf_hash
from audit.checkpoints import Signer
from audit.models import Checkpoint, Entry, Turnstile
from audit.sequencer import Sequencer
from tests import databases
from tests.conftest import Made, MakeOnce
from tests.factories import NOW
from tests.workflows.factories import (
    World,
    decide,
    make_world,
    publish_completion_route,
    submitted,
)

Speaking = Callable[[str], AbstractContextManager[None]]
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
FUZZ = int(os.environ.get("DUBAN_FUZZ", "150"))
NAMES = ("Lu Wendi", "Training of officials", "Four terms held", "Sound.")
"""What stands behind commitments, or in no entry at all."""


def make_world_with_a_decision() -> World:
    world = make_world()
    publish_completion_route(world)
    submitted(world)
    decide(world.deputy, comment="Sound.")
    return world


class Log:
    """A world whose entries the worker has signed."""

    def __init__(self, place: Path, speaking_as: Speaking, world: World | None = None) -> None:
        self.world = world or make_world_with_a_decision()
        self.signer = Signer("duban.example", KEY, place / "log")
        self.speaking_as = speaking_as

    def sign(self) -> None:
        with self.speaking_as("worker"):
            for _step in range(2):
                while Sequencer().advance():
                    pass
                checkpoints.sign(self.signer, self.world.organisation.pk, at=NOW)

    @property
    def ballot(self) -> Entry:
        return Entry.objects.filter(kind="approval.signed_off").latest("subject_seq")

    @property
    def code(self) -> str:
        return codes.of(bytes(self.ballot.body))

    def proof(self) -> str:
        return str(proofs.of(self.ballot))

    def bundle(self) -> bytes:
        made = bundles.prepare(self.world.organisation.pk, Scope("all"))
        file = io.BytesIO()
        bundle_files.write(made, file, at=NOW)
        return file.getvalue()


@pytest.fixture
def client() -> Client:
    """Somebody without an account who reads English."""
    return Client(headers={"accept-language": "en"})


def make_signed_world() -> World:
    log = Log(django_settings.EVIDENCE_ROOT, databases.speaking_as)
    log.sign()
    return log.world


@pytest.fixture(scope="session")
def made_log(make_once: MakeOnce) -> Made:
    return make_once("signed_world", make_signed_world)


@pytest.fixture
def log(
    made_log: Made,
    copied: Callable[[Made], World],
    tmp_path: Path,
    speaking_as: Speaking,
    settings: Settings,
) -> Log:
    settings.DATA_DIR = tmp_path
    world = copied(made_log)
    return Log(settings.EVIDENCE_ROOT, speaking_as, world)


def at(client: Client, code: str) -> Any:
    return client.get(f"/verify/{code}/")


def send(client: Client, content: bytes, name: str = "x.tlog-proof", **more: str) -> Any:
    return client.post("/verify/", {"file": SimpleUploadedFile(name, content), **more})


def text(response: Any) -> str:
    return str(response.content.decode())


# The code on a form


def test_the_code_shows_what_was_decided_as_what_and_when(log: Log, client: Client) -> None:
    page = at(client, log.code)
    assert page.status_code == 200
    found = page.context["found"]
    assert found.answer.holds
    assert [act.said.kind for act in found.acts] == ["Report submitted", "Signed off"]
    facts = dict(found.acts[-1].said.facts)
    assert facts["Decision"] == "approve"
    assert facts["Capacity"].startswith(log.world.lead.name)
    assert found.acts[-1].said.at == log.ballot.at
    assert all(act.answer.holds for act in found.acts)


def test_it_shows_no_name_no_title_and_no_words(log: Log, client: Client) -> None:
    page = text(at(client, log.code))
    for name in (*NAMES, str(log.world.deputy), log.ballot.actor):
        assert name not in page


def test_it_shows_nothing_that_came_later_than_the_paper(log: Log, client: Client) -> None:
    code = log.code
    decide(log.world.coordinator)
    log.sign()
    acts = at(client, code).context["found"].acts
    assert [act.entry.subject_seq for act in acts] == [3, 4]
    assert len(at(client, log.code).context["found"].acts) == 3


def test_a_forged_decision_is_not_what_the_page_says(
    log: Log, client: Client, tampering: Callable[[], AbstractContextManager[Any]]
) -> None:
    """The paper was altered; the row, too: the page tells the entry's own bytes."""
    with tampering() as cursor:
        cursor.execute("UPDATE approvals_approval SET state = 'passed', ended_at = now()")
    assert Approval.objects.get().state == "passed"
    facts = [fact for act in at(client, log.code).context["found"].acts for fact in act.said.facts]
    assert ("The approval", "passed") not in facts


def test_an_entry_changed_in_the_database_is_not_vouched_for(
    log: Log, client: Client, tampering: Callable[[], AbstractContextManager[Any]]
) -> None:
    body = bytes(log.ballot.body).replace(b'"approve"', b'"abstain"')
    with tampering() as cursor:
        cursor.execute("UPDATE audit_entry SET body = %s WHERE id = %s", [body, log.ballot.pk])
    assert at(client, codes.of(body)).status_code == 404
    with tampering() as cursor:
        cursor.execute(
            "UPDATE audit_entry SET entry_hash = sha256('\\x00'::bytea || body) WHERE id = %s",
            [log.ballot.pk],
        )
    page = at(client, log.code)
    assert not page.context["found"].answer.holds
    assert "The record does not hold" in text(page)


def test_the_code_may_be_typed_with_spaces_and_capitals(log: Log, client: Client) -> None:
    typed = " ".join(log.code.upper()[place : place + 4] for place in range(0, 28, 4))
    answer = client.post("/verify/", {"code": typed})
    assert (answer.status_code, answer["Location"]) == (302, f"/verify/{log.code}/")


@pytest.mark.parametrize("code", ["0" * 28, "nonsense", "%00", "😀", "a" * 5000])
def test_any_other_code_finds_nothing(log: Log, client: Client, code: str) -> None:
    assert at(client, code).status_code == 404


def test_who_knows_the_public_hash_learns_no_more_than_its_place(log: Log, client: Client) -> None:
    """Tiles hand out every hash, so a hash alone must not open what was decided."""
    whole = bytes(log.ballot.entry_hash).hex()
    page = at(client, whole)
    assert page.status_code == 200
    assert page.context["found"].acts is None
    for words in ("Signed off", "approve", log.world.lead.name):
        assert words not in text(page).partition("<main")[2].partition("</main>")[0]
    assert at(client, f"{whole[:8]}{'0' * 20}").status_code == 404


@pytest.mark.usefixtures("empty_db")
def test_what_is_not_signed_yet_is_called_recorded(
    tmp_path: Path, speaking_as: Speaking, client: Client
) -> None:
    log = Log(tmp_path, speaking_as)
    page = at(client, log.code)
    assert page.status_code == 200
    assert "Recorded; its proof follows within seconds" in text(page)


def test_an_answer_is_not_kept_on_the_way_nor_found_by_search_engines(
    log: Log, client: Client
) -> None:
    page = at(client, log.code)
    assert "no-store" in page["Cache-Control"]
    assert page["X-Robots-Tag"] == "noindex"


# Proofs


def test_a_proof_holds_and_says_what_is_in_it(log: Log, client: Client) -> None:
    for page in (
        send(client, log.proof().encode()),
        client.post("/verify/", {"pasted": log.proof().replace("\n", "\r\n")}),
    ):
        answer = page.context["answer"]
        assert answer.holds
        assert ("Decision", "approve") in answer.said.facts


def test_an_older_proof_still_holds_and_names_today_s_size(log: Log, client: Client) -> None:
    old = log.proof()
    decide(log.world.coordinator)
    log.sign()
    answer = send(client, old.encode()).context["answer"]
    assert answer.holds
    assert answer.newer > answer.size


def test_a_proof_of_a_log_that_was_changed_afterwards_is_evidence(log: Log, client: Client) -> None:
    """The log's own key signed another tree of that size: whoever brings it should keep it."""
    proof = notes.Proof.parse(log.proof())
    told = notes.Checkpoint.parse(proof.checkpoint.text)
    key = signing.verifier(told.origin, log.signer.key)
    body = b'{"kind":"task.closed"}'
    other = str(notes.Checkpoint(told.origin, 1, leaf_hash(body)))
    forged = notes.Proof(0, [], notes.signed(other, key, log.signer.key), extra=body)
    answer = send(client, str(forged).encode()).context["answer"]
    assert not answer.holds
    assert "Keep the file" in answer.problem


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda proof: proof.replace("tlog-proof@v1", "tlog-proof@v9"), "This is no proof"),
        (lambda proof: proof.replace("index ", "index 9" * 900), "This is no proof"),
        (lambda proof: proof.replace("duban.example/log", "other.example/log"), "not kept here"),
        (lambda proof: proof.replace("extra ", "extra AAAA"), "not the one that was signed"),
    ],
)
def test_what_is_wrong_with_a_proof_is_said(
    log: Log, client: Client, change: Callable[[str], str], sentence: str
) -> None:
    page = send(client, change(log.proof()).encode())
    assert page.status_code == 200
    assert sentence in page.context["answer"].problem


# Bundles


def test_a_bundle_is_checked_by_its_own_program(log: Log, client: Client) -> None:
    answer = send(client, log.bundle(), "bundle.zip").context["bundle"]
    assert answer.holds
    assert answer.whole
    assert answer.entries == answer.size == Checkpoint.objects.latest("size").size


def test_a_changed_bundle_is_refused_in_the_reader_s_language(log: Log, client: Client) -> None:
    changed = rezipped(log.bundle(), "entries.ndjson", b'"approve"', b'"abstain"')
    assert "not those that were signed" in send(client, changed, "b.zip").context["bundle"].problem
    client.cookies["django_language"] = "zh-hans"
    assert "不一致" in send(client, changed, "b.zip").context["bundle"].problem


def test_a_bundle_that_brings_keys_of_its_own_is_not_ours(log: Log, client: Client) -> None:
    bundle = log.bundle()
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        note = notes.Note.parse(archive.read("checkpoint.txt").decode())
    thief = Ed25519PrivateKey.generate()
    told = notes.Checkpoint.parse(note.text)
    signed = str(notes.signed(note.text, signing.verifier(told.origin, thief), thief))
    forged = rezipped(bundle, "checkpoint.txt", str(note).encode(), signed.encode())
    assert "not signed" in send(client, forged, "b.zip").context["bundle"].problem
    other = note.text.replace("duban.example", "other.example")
    signed = str(notes.signed(other, signing.verifier(f"other{told.origin}", thief), thief))
    foreign = rezipped(bundle, "checkpoint.txt", str(note).encode(), signed.encode())
    assert "not kept here" in send(client, foreign, "b.zip").context["bundle"].problem


def rezipped(bundle: bytes, name: str, old: bytes, new: bytes) -> bytes:
    """The bundle with one member changed."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive, zipfile.ZipFile(file, "w") as out:
        for one in archive.namelist():
            content = archive.read(one)
            out.writestr(one, content.replace(old, new) if one == name else content)
            assert one != name or content.replace(old, new) != content
    return file.getvalue()


def bomb(names: Iterable[str], blocks: int = 64) -> bytes:
    """An archive whose files are a gibibyte of nothing each, packed once for all of them."""
    nothing, crc = bytes(16 * 1024 * 1024), 0
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = (packer.compress(nothing) + packer.flush(zlib.Z_FULL_FLUSH)) * blocks + packer.flush()
    for _block in range(blocks):
        crc = zlib.crc32(nothing, crc)
    file, starts = io.BytesIO(), []
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, packed)
            said = archive.getinfo(name)
            said.compress_type, said.CRC, said.file_size = 8, crc, blocks * len(nothing)
            starts.append(said.header_offset)
    content = bytearray(file.getvalue())
    for start in starts:  # the same again, where each file begins
        struct.pack_into("<H", content, start + 8, 8)
        struct.pack_into("<III", content, start + 14, crc, len(packed), blocks * len(nothing))
    return bytes(content)


def test_a_bomb_is_what_it_says() -> None:
    with zipfile.ZipFile(io.BytesIO(bomb(["one", "two"], blocks=2))) as archive:
        assert archive.testzip() is None
        assert archive.getinfo("two").file_size == 2 << 24


def test_a_bomb_is_stopped_by_its_limits(
    log: Log, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = bomb(["policy.txt", "checkpoint.txt", "manifest.json", "entries.ndjson"])
    assert len(content) < 20 * 1024 * 1024
    page = send(client, content, "bomb.zip")
    assert page.status_code == 200
    assert not page.context["bundle"].holds


def test_memory_has_its_limit(
    log: Log, client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    greedy = tmp_path / "greedy.py"
    greedy.write_text(f"bytearray({bundle_check.MEMORY})")
    monkeypatch.setattr(bundle_check, "VERIFIER", greedy)
    assert "memory or time" in send(client, log.bundle(), "b.zip").context["bundle"].problem


def test_work_without_end_is_stopped_by_the_clock(
    log: Log, client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    slow = tmp_path / "slow.py"
    slow.write_text("import time\ntime.sleep(60)")
    monkeypatch.setattr(bundle_check, "VERIFIER", slow)
    monkeypatch.setattr(bundle_check, "WALL", 1)
    assert "memory or time" in send(client, log.bundle(), "b.zip").context["bundle"].problem


def test_no_more_than_two_are_checked_at_once(log: Log, client: Client) -> None:
    with bundle_check._turn(), bundle_check._turn():
        page = send(client, log.bundle(), "b.zip")
    assert page.status_code == 503
    assert send(client, log.bundle(), "b.zip").context["bundle"].holds


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        (b"", "x", "empty"),
        (b"x" * (64 * 1024 + 1), "x", "never longer than 64 KB"),
        (b"PK" + bytes(20 * 1024 * 1024), "x.zip", "larger than 20 MB"),
        (b"\xff\xfe\x00", "x", "neither a proof"),
    ],
)
@pytest.mark.usefixtures("empty_db")
def test_what_can_not_be_looked_at_is_refused(
    client: Client, content: bytes, name: str, sentence: str
) -> None:
    page = send(client, content, name)
    assert page.status_code == 400
    assert sentence in str(page.context["form"].errors)


@pytest.mark.usefixtures("empty_db")
def test_who_sends_nothing_is_told_what_to_send(client: Client) -> None:
    page = client.post("/verify/", {})
    assert page.status_code == 400
    assert "Type the code of a form" in text(page)


# Hostile input


def test_no_input_whatever_breaks_the_page(
    log: Log, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "lets_pass", lambda *args, **kwargs: True)
    chance = random.Random(FUZZ)
    proof, bundle = log.proof().encode(), log.bundle()
    nested = json.dumps({"a": "x" * 60_000}).encode()
    deep = b"[" * 60_000
    for number in range(FUZZ):
        kind = number % 6
        if kind == 0:
            content = chance.randbytes(chance.randrange(1, 4000))
        elif kind == 1:
            content = flipped(proof, chance)
        elif kind == 2:
            content = proof[: chance.randrange(1, len(proof))]
        elif kind == 3:
            content = b"PK" + chance.randbytes(chance.randrange(1, 4000))
        elif kind == 4 and number % 12 == 4:
            content = bundle[: chance.randrange(2, len(bundle))]
        else:
            content = chance.choice([nested, deep, flipped(bundle, chance)])
        assert send(client, content).status_code in (200, 400), number


def flipped(content: bytes, chance: random.Random) -> bytes:
    changed = bytearray(content)
    for _bit in range(chance.randrange(1, 4)):
        place = chance.randrange(len(content) * 8)
        changed[place // 8] ^= 1 << place % 8
    return bytes(changed)


# Limits


@pytest.mark.usefixtures("empty_db")
def test_one_address_has_so_many_checks_a_minute(client: Client) -> None:
    for _number in range(verify_views.CHECKS):
        assert at(client, "0" * 28).status_code == 404
    page = at(client, "0" * 28)
    assert page.status_code == 429
    assert "Too many checks" in text(page)
    assert client.get("/verify/").status_code == 200
    assert at(Client(REMOTE_ADDR="192.0.2.7"), "0" * 28).status_code == 404


def test_bundles_have_a_limit_of_their_own(log: Log, client: Client) -> None:
    pages = [
        send(client, b"PK", "x.zip").status_code for _number in range(verify_views.BUNDLES + 1)
    ]
    assert pages == [200] * verify_views.BUNDLES + [429]


@pytest.mark.usefixtures("empty_db")
def test_addresses_are_kept_hashed_and_for_a_short_while(
    client: Client, speaking_as: Speaking
) -> None:
    at(client, "0" * 28)
    [row] = Turnstile.objects.all()
    assert "127.0.0.1" not in row.key
    with speaking_as("worker"):
        assert throttle.forget(at=row.began_at) == 0
        assert throttle.forget(at=row.began_at + throttle.KEPT * 1.1) == 1


@pytest.mark.parametrize(
    ("behind", "forwarded", "same"),
    [
        (False, "198.51.100.9", True),
        (True, "198.51.100.9", False),
        (True, "6.6.6.6, 127.0.0.1", True),
    ],
)
@pytest.mark.usefixtures("empty_db")
def test_a_proxy_is_believed_only_if_it_is_ours(
    client: Client, settings: Settings, behind: bool, forwarded: str, same: bool
) -> None:
    settings.BEHIND_PROXY = False
    at(client, "0" * 28)
    settings.BEHIND_PROXY = behind
    client.get(f"/verify/{'0' * 28}/", headers={"x-forwarded-for": forwarded})
    assert Turnstile.objects.count() == (1 if same else 2)
