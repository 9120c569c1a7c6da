"""The log is signed as it grows; nothing is signed that contradicts what was signed before."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg2.errors
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.utils import ProgrammingError

from audit import checkpoints, merkle, notes, proofs, sequencer, tree
from audit.canonical import leaf_hash
from audit.checkpoints import Keeper, LogDoesNotFollow, NothingToRollOver, Signer
from audit.models import Checkpoint, Entry, Leaf, LogHead, Origin, Tile
from audit.sequencer import Sequencer
from directory.models import Organisation
from tests.audit.factories import add
from tests.factories import NOW, make_organisation

pytestmark = pytest.mark.usefixtures("file_db", "committed_db")
Speaking = Callable[[str], AbstractContextManager[None]]
Tampering = Callable[[], AbstractContextManager[CursorWrapper]]
Worker = Callable[[Organisation], bool]
Step = Callable[..., int]


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return Signer("duban.example", Ed25519PrivateKey.generate(), tmp_path / "log")


@pytest.fixture
def work(signer: Signer, speaking_as: Speaking) -> Worker:
    """Give leaves, then sign, as the worker does."""
    sequencer = Sequencer()

    def once(organisation: Organisation) -> bool:
        with speaking_as("worker"):
            while sequencer.advance():
                pass
            return checkpoints.sign(signer, organisation.pk, at=NOW)

    return once


@pytest.fixture
def organisation(work: Worker) -> Organisation:
    """Its log is named and signed once."""
    made = make_organisation()
    assert work(made)  # opens the origin
    assert work(made)  # signs, the origin's own entry included
    made.refresh_from_db()
    return made


def newest(organisation: Organisation) -> tuple[notes.Note, notes.Key]:
    found = Checkpoint.objects.filter(organisation=organisation.pk).latest("size")
    return notes.Note.parse(found.note), notes.Key.parse(found.origin.vkey)


def test_a_log_gets_its_name_in_the_ledger_before_it_is_signed(
    organisation: Organisation, signer: Signer
) -> None:
    entry = Entry.objects.get(organisation=organisation.pk, kind="log.origin_opened")
    assert f"duban.example/log/{organisation.pk}".encode() in bytes(entry.body)
    note, key = newest(organisation)
    assert note.signature_of(key)
    assert notes.Checkpoint.parse(note.text).origin == f"duban.example/log/{organisation.pk}"


def test_a_grown_log_is_signed_again_and_begins_with_the_old_one(
    organisation: Organisation, work: Worker
) -> None:
    old, _ = newest(organisation)
    for _number in range(300):
        add(organisation)
    assert work(organisation)
    new, key = newest(organisation)
    before, after = notes.Checkpoint.parse(old.text), notes.Checkpoint.parse(new.text)
    assert new.signature_of(key)
    assert after.size == before.size + 300
    path = merkle.consistency(before.size, after.size, tree.reader(organisation.pk))
    assert merkle.consistent(before.size, after.size, path, before.root, after.root)
    assert Tile.objects.filter(organisation=organisation.pk, level=0).count() == 1


def test_nothing_new_is_not_signed_again(organisation: Organisation, work: Worker) -> None:
    assert not work(organisation)
    assert Checkpoint.objects.filter(organisation=organisation.pk).count() == 1


def test_every_entry_has_a_proof_that_needs_nobody(
    organisation: Organisation, work: Worker
) -> None:
    for _number in range(5):
        add(organisation)
    work(organisation)
    for entry in Entry.objects.filter(organisation=organisation.pk):
        proof = proofs.of(entry)
        assert proof is not None
        read = notes.Proof.parse(str(proof))
        checkpoint = notes.Checkpoint.parse(read.checkpoint.text)
        leaf = leaf_hash(bytes(entry.body))
        assert read.checkpoint.signature_of(newest(organisation)[1])
        assert merkle.included(leaf, read.index, checkpoint.size, read.path, checkpoint.root)


def test_a_proof_in_a_tree_that_was_read_before_takes_two_queries(
    organisation: Organisation, work: Worker, django_assert_num_queries: Any
) -> None:
    for _number in range(300):
        add(organisation)
    work(organisation)
    log = Entry.objects.filter(organisation=organisation.pk).select_related("leaf")
    early, late = log.get(leaf__leaf_index=5), log.get(leaf__leaf_index=290)
    assert proofs.of(early) == proofs.of(Entry.objects.get(pk=early.pk))
    with django_assert_num_queries(2):  # the checkpoint with its lines, the tile
        proofs.of(early)
    with django_assert_num_queries(1):  # the tile is at the growing end
        proofs.of(late)


def test_an_entry_read_before_it_had_a_leaf_has_its_proof_all_the_same(
    organisation: Organisation, work: Worker
) -> None:
    made = add(organisation)
    entry = Entry.objects.select_related("leaf").get(pk=made.pk)
    work(organisation)
    assert proofs.of(entry) == proofs.of(made) is not None


def test_an_entry_younger_than_the_checkpoint_has_no_proof_yet(
    organisation: Organisation,
) -> None:
    assert proofs.of(add(organisation)) is None


def test_a_signer_that_died_before_the_database_knew_signs_the_same_again(
    organisation: Organisation, signer: Signer, work: Worker, tampering: Tampering
) -> None:
    add(organisation)
    work(organisation)
    note, _ = newest(organisation)
    with tampering() as cursor:
        cursor.execute("DELETE FROM audit_checkpoint WHERE note = %s", [str(note)])
    assert work(organisation)
    assert str(newest(organisation)[0]) == str(note)


def test_a_restored_backup_is_not_signed(
    organisation: Organisation, work: Worker, tampering: Tampering
) -> None:
    add(organisation)
    work(organisation)
    with tampering() as cursor:
        _forget_newest(cursor, organisation)
    with pytest.raises(LogDoesNotFollow):
        work(organisation)


def test_a_restored_backup_that_grew_past_the_checkpoint_is_not_signed_either(
    organisation: Organisation, work: Worker, tampering: Tampering
) -> None:
    add(organisation)
    work(organisation)
    with tampering() as cursor:
        _forget_newest(cursor, organisation)
    organisation.refresh_from_db()
    add(organisation, other="history")
    add(organisation)
    with pytest.raises(LogDoesNotFollow):
        work(organisation)


def test_an_entry_made_anew_is_not_signed(
    organisation: Organisation, work: Worker, tampering: Tampering
) -> None:
    """As the database's owner would: body, hash and head, all consistent with each other."""
    entry = add(organisation, said="yes")
    work(organisation)
    body = bytes(entry.body).replace(b"yes", b"noo")
    with tampering() as cursor:
        cursor.execute(
            "UPDATE audit_entry SET body = %s, entry_hash = %s WHERE id = %s",
            [body, leaf_hash(body), entry.pk],
        )
        cursor.execute(
            "UPDATE directory_organisation SET chain_head = %s WHERE id = %s",
            [leaf_hash(body), organisation.pk],
        )
    organisation.refresh_from_db()
    add(organisation)
    with pytest.raises(LogDoesNotFollow):
        work(organisation)


def test_after_a_restore_the_operator_opens_a_new_origin_that_holds_the_old_checkpoint(
    organisation: Organisation,
    signer: Signer,
    work: Worker,
    tampering: Tampering,
    speaking_as: Speaking,
) -> None:
    add(organisation)
    work(organisation)
    left, _ = newest(organisation)
    with tampering() as cursor:
        _forget_newest(cursor, organisation)
    with speaking_as("worker"):
        origin = checkpoints.roll_over(signer, organisation.pk, reason="Disk replaced", at=NOW)
    assert origin.number == 2
    assert work(organisation)
    note, key = newest(organisation)
    assert key.name.endswith("/2")
    assert note.signature_of(key)
    entry = Entry.objects.filter(kind="log.origin_opened").latest("subject_seq")
    assert left.text.split("\n")[2].encode() in bytes(entry.body)
    assert b"Disk replaced" not in bytes(entry.body)


def test_a_whole_log_gets_no_new_origin(organisation: Organisation, signer: Signer) -> None:
    with pytest.raises(NothingToRollOver):
        checkpoints.roll_over(signer, organisation.pk, reason="Why not", at=NOW)
    assert Origin.objects.filter(organisation=organisation.pk).count() == 1


@pytest.fixture
def step(signer: Signer, speaking_as: Speaking, monkeypatch: pytest.MonkeyPatch) -> Step:
    """The worker's step, in a process that has just begun."""
    monkeypatch.setattr(checkpoints, "signer", lambda: signer)
    monkeypatch.setattr(checkpoints, "_keeper", Keeper())
    monkeypatch.setattr(sequencer, "_sequencer", Sequencer())

    def once(at: datetime = NOW) -> int:
        with speaking_as("worker"):
            return checkpoints.advance(at=at)

    return once


def test_one_step_of_the_worker_makes_a_committed_entry_provable(
    organisation: Organisation, step: Step
) -> None:
    for _time in range(3):
        entry = add(organisation)
        assert proofs.of(entry) is None
        step()
        assert proofs.of(entry) is not None


def test_a_new_organisation_s_first_entry_is_provable_after_two_steps(step: Step) -> None:
    """The first gives the log its name, which is an entry itself."""
    made = make_organisation()
    step()
    step()
    assert proofs.of(Entry.objects.get(organisation=made.pk, subject_seq=1)) is not None


@pytest.mark.usefixtures("empty_db")
def test_a_log_is_looked_at_once_and_then_when_it_has_grown(
    organisation: Organisation, step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[UUID] = []

    def counted(signer: Signer, organisation: UUID, *, at: datetime) -> bool:
        asked.append(organisation)
        return sign(signer, organisation, at=at)

    sign = checkpoints.sign
    monkeypatch.setattr(checkpoints, "sign", counted)
    for _time in range(3):
        step()
    assert len(asked) == 1
    add(organisation)
    for _time in range(3):
        step()
    assert len(asked) == 2


def test_while_another_worker_signs_nothing_is_taken_for_signed(
    organisation: Organisation, step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = add(organisation)
    with monkeypatch.context() as patched:
        patched.setattr(checkpoints, "alone", lambda: False)
        step()
    assert proofs.of(entry) is None
    step()
    assert proofs.of(entry) is not None


def test_a_log_that_can_not_be_signed_still_goes_on_and_is_named_once_a_minute(
    organisation: Organisation,
    step: Step,
    tampering: Tampering,
    caplog: pytest.LogCaptureFixture,
) -> None:
    add(organisation)
    step()
    with tampering() as cursor:
        _forget_newest(cursor, organisation)
    organisation.refresh_from_db()
    entry = add(organisation, other="history")
    signed = add(other := make_organisation())
    for second in range(90):
        step(NOW + timedelta(seconds=second))
    assert Leaf.objects.filter(entry=entry).exists()
    assert proofs.of(entry) is None
    assert proofs.of(signed) is not None, other
    said = [one for one in caplog.records if str(organisation.pk) in one.getMessage()]
    assert len(said) == 2


def test_a_log_with_fewer_leaves_than_it_says_is_refused_and_stops_no_other(
    organisation: Organisation, signer: Signer, work: Worker, speaking_as: Speaking
) -> None:
    add(organisation)
    with speaking_as("worker"):
        LogHead.objects.filter(pk=organisation.pk).update(size=700)
    with speaking_as("worker"), pytest.raises(LogDoesNotFollow):
        checkpoints.sign(signer, organisation.pk, at=NOW)
    other = make_organisation()
    assert work(other)


@pytest.mark.parametrize("role", ["app", "worker"])
def test_what_was_signed_is_changed_by_no_role(
    organisation: Organisation, speaking_as: Speaking, role: str
) -> None:
    acts = ("DELETE FROM {}", "UPDATE {} SET id = id", "TRUNCATE {} CASCADE")
    with nullcontext() if role == "app" else speaking_as(role):
        for table in ("audit_checkpoint", "audit_origin", "audit_tile"):
            for act in acts:
                with (
                    pytest.raises(ProgrammingError) as refused,
                    transaction.atomic(),
                    connection.cursor() as cursor,
                ):
                    cursor.execute(act.format(table))
                cause = refused.value.__cause__
                assert isinstance(cause, psycopg2.errors.InsufficientPrivilege)


def _forget_newest(cursor: CursorWrapper, organisation: Organisation) -> None:
    """What a backup from before the newest entry doesn't have."""
    cursor.execute(
        "SELECT id, subject_seq, prev_hash FROM audit_entry WHERE organisation = %s"
        " ORDER BY subject_seq DESC LIMIT 1",
        [organisation.pk],
    )
    entry, seq, head = cursor.fetchone()
    cursor.execute("DELETE FROM audit_leaf WHERE entry_id = %s RETURNING leaf_index", [entry])
    (size,) = cursor.fetchone()
    cursor.execute("DELETE FROM audit_checkpoint WHERE size > %s", [size])
    cursor.execute("UPDATE audit_loghead SET size = %s", [size])
    cursor.execute("DELETE FROM audit_entry WHERE id = %s", [entry])
    cursor.execute(
        "UPDATE directory_organisation SET chain_head = %s, chain_length = %s WHERE id = %s",
        [head, seq - 1, organisation.pk],
    )
