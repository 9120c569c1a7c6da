"""A witness cosigns what continues what it has seen, and nothing else; the log asks it again."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pytest_django import Settings

from audit import (
    bundles,
    checkpoints,
    merkle,
    notes,
    proofs,
    signing,
    witness,
    witnesses,
    witnessing,
)
from audit.bundles import Scope
from audit.checkpoints import Signer
from audit.models import Cosignature
from audit.sequencer import Sequencer
from audit.witnesses import NoAnswer, Witness
from directory.models import Organisation
from tests.audit.factories import add
from tests.audit.test_merkle import leaves, over, reading
from tests.factories import NOW, make_organisation

Speaking = Callable[[str], AbstractContextManager[None]]
ORIGIN = "log.example/1"
SEEN = 1_800_000_000


@pytest.fixture
def log_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


@pytest.fixture
def seeing(tmp_path: Path, log_key: Ed25519PrivateKey) -> witness.Witness:
    """A witness that knows one log."""
    made = witness.Witness.make(tmp_path / "witness", "witness.example")
    made.trust(str(signing.verifier(ORIGIN, log_key)))
    return made


def note(key: Ed25519PrivateKey, size: int, root: bytes | None = None) -> str:
    text = str(notes.Checkpoint(ORIGIN, size, root or over(leaves(20)[:size])))
    return str(notes.signed(text, signing.verifier(ORIGIN, key), key))


def request(old: int, signed: str, path: list[bytes] | None = None) -> str:
    size = int(signed.split("\n")[1])
    if path is None:
        path = merkle.consistency(min(old, size), size, reading(leaves(20)))
    return "\n".join([f"old {old}", *map(notes.encoded, path), "", signed])


def refused(seeing: witness.Witness, text: str) -> tuple[int, str]:
    with pytest.raises(witness.Refusal) as refusal:
        seeing.add(text, SEEN)
    return refusal.value.status, refusal.value.reason


def test_it_cosigns_what_it_sees_first_and_what_continues_it(
    seeing: witness.Witness, log_key: Ed25519PrivateKey
) -> None:
    key = notes.Key.parse(str(seeing.key))
    for old, size in ((0, 5), (5, 5), (5, 13)):
        signed = note(log_key, size)
        line = seeing.add(request(old, signed), SEEN)
        assert notes.Note.parse(signed + line).cosigned_at(key) == SEEN


def test_it_tells_the_size_that_it_has_seen(
    seeing: witness.Witness, log_key: Ed25519PrivateKey
) -> None:
    seeing.add(request(0, note(log_key, 5)), SEEN)
    assert refused(seeing, request(3, note(log_key, 9))) == (409, "5\n")
    assert refused(seeing, request(0, note(log_key, 9))) == (409, "5\n")


def test_it_cosigns_no_other_history(seeing: witness.Witness, log_key: Ed25519PrivateKey) -> None:
    seeing.add(request(0, note(log_key, 5)), SEEN)
    other = note(log_key, 5, root=bytes(32))
    assert refused(seeing, request(5, other, []))[0] == 409
    longer = note(log_key, 9, root=bytes(32))
    assert refused(seeing, request(5, longer))[0] == 422
    assert refused(seeing, request(5, note(log_key, 9), []))[0] == 422
    seeing.add(request(5, note(log_key, 9)), SEEN)


def test_it_forgets_nothing_when_it_is_started_again(
    seeing: witness.Witness, log_key: Ed25519PrivateKey
) -> None:
    seeing.add(request(0, note(log_key, 5)), SEEN)
    again = witness.Witness(seeing.state)
    assert again.key == seeing.key
    assert refused(again, request(0, note(log_key, 9))) == (409, "5\n")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda text: text.replace("old 0", "old x"), 400),
        (lambda text: text.replace("old 0", "old 9"), 400),
        (lambda text: text.replace("old 0\n", "old 0\nno base64!\n"), 400),
        (lambda text: text.replace("\n\n", "\n"), 400),
        (lambda text: "", 400),
        (lambda text: text.replace(ORIGIN, "log.example/2"), 404),
        (lambda text: text.replace("\n5\n", "\n6\n"), 403),
    ],
)
def test_it_says_what_is_wrong_with_a_request(
    seeing: witness.Witness,
    log_key: Ed25519PrivateKey,
    change: Callable[[str], str],
    status: int,
) -> None:
    assert refused(seeing, change(request(0, note(log_key, 5))))[0] == status
    assert seeing.last(ORIGIN) is None


def test_it_does_not_take_another_key_s_signature(
    seeing: witness.Witness, log_key: Ed25519PrivateKey
) -> None:
    assert refused(seeing, request(0, note(Ed25519PrivateKey.generate(), 5)))[0] == 403


def test_the_program_makes_a_key_once_and_shows_what_it_saw(tmp_path: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", witness.__file__, "--state", str(tmp_path), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    vkey = run("init", "--name", "w.example").stdout.strip()
    assert notes.Key.parse(vkey).name == "w.example"
    assert run("init", "--name", "w.example").returncode == 1
    log = str(signing.verifier(ORIGIN, Ed25519PrivateKey.generate()))
    assert run("trust", "nonsense").returncode == 1
    assert run("trust", log).returncode == 0
    assert f"{ORIGIN}: nothing seen yet" in run("show").stdout


# The log's side, with a witness that really answers.


@pytest.fixture
def served(seeing: witness.Witness) -> Iterator[Witness]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), witness.answering(seeing))
    thread = threading.Thread(target=server.serve_forever, args=[0.05])
    thread.start()
    yield Witness.parse(f"{seeing.key} http://127.0.0.1:{server.server_port}")
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def grow(
    empty_db: None, tmp_path: Path, log_key: Ed25519PrivateKey, speaking_as: Speaking
) -> Callable[[Organisation], None]:
    signer = Signer("duban.example", log_key, tmp_path / "log")

    def once(organisation: Organisation) -> None:
        organisation.refresh_from_db()
        add(organisation)
        with speaking_as("worker"):
            for _step in range(2):
                Sequencer().advance()
                checkpoints.sign(signer, organisation.pk, at=NOW)

    return once


@pytest.fixture
def organisation(
    grow: Callable[[Organisation], None], seeing: witness.Witness, log_key: Ed25519PrivateKey
) -> Organisation:
    made = make_organisation()
    seeing.trust(str(signing.verifier(f"duban.example/log/{made.pk}", log_key)))
    grow(made)
    return made


def test_a_checkpoint_is_cosigned_once_and_handed_out_with_the_cosignature(
    organisation: Organisation, served: Witness, speaking_as: Speaking
) -> None:
    with speaking_as("worker"):
        assert witnesses.cosign(served, organisation.pk)
        assert not witnesses.cosign(served, organisation.pk)
    checkpoint = proofs.newest(organisation.pk)
    assert checkpoint is not None
    assert notes.Note.parse(checkpoint.cosigned).cosigned_at(served.key)


def test_a_grown_log_is_shown_to_continue(
    organisation: Organisation,
    served: Witness,
    grow: Callable[[Organisation], None],
    speaking_as: Speaking,
) -> None:
    for _round in range(3):
        with speaking_as("worker"):
            assert witnesses.cosign(served, organisation.pk)
        grow(organisation)
    assert Cosignature.objects.filter(organisation=organisation.pk).count() == 3


def test_a_witness_that_saw_more_than_we_remember_is_asked_again_from_there(
    organisation: Organisation,
    served: Witness,
    seeing: witness.Witness,
    grow: Callable[[Organisation], None],
    speaking_as: Speaking,
) -> None:
    checkpoint = proofs.newest(organisation.pk)
    assert checkpoint is not None
    seeing.add(f"old 0\n\n{checkpoint.note}", SEEN)
    grow(organisation)
    with speaking_as("worker"):
        assert witnesses.cosign(served, organisation.pk)


def test_a_witness_that_saw_another_history_does_not_cosign(
    organisation: Organisation,
    served: Witness,
    seeing: witness.Witness,
    log_key: Ed25519PrivateKey,
    speaking_as: Speaking,
) -> None:
    origin = f"duban.example/log/{organisation.pk}"
    text = str(notes.Checkpoint(origin, 1, bytes(32)))
    forged = notes.signed(text, signing.verifier(origin, log_key), log_key)
    seeing.add(f"old 0\n\n{forged}", SEEN)
    with speaking_as("worker"), pytest.raises(NoAnswer):
        witnesses.cosign(served, organisation.pk)
    assert not Cosignature.objects.exists()


def test_a_witness_that_is_away_stops_nothing_and_rests(
    organisation: Organisation, served: Witness, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = f"{served.key} http://127.0.0.1:9"
    monkeypatch.setattr(witnesses, "configured", lambda: [Witness.parse(away)])
    monkeypatch.setattr(witnesses, "_resting", {})
    assert witnesses.cosign_all(at=NOW) == 0
    assert witnesses._resting
    monkeypatch.setattr(Witness, "ask", lambda *args: pytest.fail("asked while it rests"))
    assert witnesses.cosign_all(at=NOW) == 0


def test_two_of_three_are_the_quorum_and_one_is_not(
    organisation: Organisation,
    served: Witness,
    grow: Callable[[Organisation], None],
    log_key: Ed25519PrivateKey,
    speaking_as: Speaking,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """The third is away: it stops nothing, and is missed only when a second one goes, too."""
    second = witness.Witness.make(tmp_path / "second", "second.example")
    second.trust(str(signing.verifier(f"duban.example/log/{organisation.pk}", log_key)))
    third = witness.Witness.make(tmp_path / "third", "third.example")
    server = ThreadingHTTPServer(("127.0.0.1", 0), witness.answering(second))
    thread = threading.Thread(target=server.serve_forever, args=[0.05])
    thread.start()
    settings.WITNESS_POLICY = (
        f"witness w1 {served.key} {served.url}\n"
        f"witness w2 {second.key} http://127.0.0.1:{server.server_port}\n"
        f"witness w3 {third.key} http://127.0.0.1:9\n"
        "group two-of-three 2 w1 w2 w3\nquorum two-of-three\n"
    )
    monkeypatch.setattr(witnesses, "_resting", {})
    late = NOW + witnessing.A_WHILE * 2

    with speaking_as("worker"):
        assert witnesses.cosign_all(at=NOW) == 2
    seen = witnessing.of(organisation.pk, at=late)
    assert (seen.is_met, seen.is_lacking, seen.left) == (True, False, 0)
    assert seen.names == ["witness.example", "second.example"]

    server.shutdown()
    server.server_close()
    thread.join()
    grow(organisation)
    with speaking_as("worker"):
        assert witnesses.cosign_all(at=NOW) == 1
    seen = witnessing.of(organisation.pk, at=late)
    assert (seen.is_met, seen.is_lacking, seen.left) == (False, True, 1)
    assert seen.since == NOW
    bundle = bundles.prepare(organisation.pk, Scope("all"))
    assert "# Not met: quorum two-of-three" in bundle.policy
