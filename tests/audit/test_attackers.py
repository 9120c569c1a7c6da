"""Each row of the attacker table in docs/audit.md: the attack is made, and what shows it shows it.

Where nothing shows it, the test says so: what a reader of the table must know.
"""

import random
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import psycopg2.errors
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.utils import ProgrammingError
from django.test import Client

from audit import checking, checkpoints, merkle, notes, proofs, signing, tree, verification, verify
from audit import witness as witness_program
from audit.canonical import leaf_hash
from audit.checkpoints import LogDoesNotFollow, Signer
from audit.models import Checkpoint, Entry
from audit.sequencer import Sequencer
from directory.models import Organisation
from tests.audit.factories import add
from tests.audit.histories import History, checked
from tests.authenticator import Authenticator
from tests.factories import NOW, make_organisation
from tests.workflows import factories
from tests.workflows.factories import World
from workflows.models import Task

Speaking = Callable[[str], AbstractContextManager[None]]
Tampering = Callable[[], AbstractContextManager[CursorWrapper]]


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return Signer("duban.example", Ed25519PrivateKey.generate(), tmp_path / "log")


@pytest.fixture
def organisation(file_db: None, committed_db: None) -> Organisation:
    return make_organisation()


@pytest.fixture
def work(signer: Signer, speaking_as: Speaking) -> Callable[[Organisation], notes.Checkpoint]:
    """What the worker does; returns the newest checkpoint, as an auditor keeps it."""

    def run(organisation: Organisation) -> notes.Checkpoint:
        with speaking_as("worker"):
            for _round in range(2):
                while Sequencer().advance():
                    pass
                checkpoints.sign(signer, organisation.pk, at=NOW)
        organisation.refresh_from_db()
        newest = Checkpoint.objects.filter(organisation=organisation.pk).latest("size")
        return notes.Checkpoint.parse(notes.Note.parse(newest.note).text)

    return run


def root_at(organisation: Organisation, size: int) -> bytes:
    """The root that the database's entries have now: leaves as they are, whatever tiles say."""
    bodies = Entry.objects.filter(organisation=organisation.pk, leaf__leaf_index__lt=size)
    hashes = [leaf_hash(bytes(one.body)) for one in bodies.order_by("leaf__leaf_index")]
    grown = verify.Tree()
    for leaf in hashes:
        grown.add(leaf)
    return grown.root()


def rewrite(cursor: CursorWrapper, organisation: Organisation, old: bytes, new: bytes) -> None:
    """As a superuser who knows the program: change a body, make the chain anew after it."""
    head = b""
    entries = Entry.objects.filter(organisation=organisation.pk, subject=organisation.subject)
    for entry in entries.order_by("subject_seq"):
        body = bytes(entry.body).replace(old, new)
        if head:
            body = body.replace(bytes(entry.prev_hash).hex().encode(), head.hex().encode())
        prev, head = head or bytes(entry.prev_hash), leaf_hash(body)
        cursor.execute(
            "UPDATE audit_entry SET body = %s, prev_hash = %s, entry_hash = %s WHERE id = %s",
            [body, prev, head, entry.pk],
        )
    cursor.execute(
        "UPDATE directory_organisation SET chain_head = %s WHERE id = %s", [head, organisation.pk]
    )


# A unit's user who alters somebody else's record


def test_another_units_user_reaches_nothing_and_the_application_changes_no_entry(
    file_db: None, committed_db: None, client: Client
) -> None:
    world: World = factories.make_world()
    task = factories.make_task(world)
    client.force_login(world.stranger)
    for address in (f"/tasks/{task.pk}/", f"/tasks/{task.pk}/accept/"):
        assert client.get(address).status_code == 404
        assert client.post(address, {}).status_code in {404, 405}
    assert Task.objects.get(pk=task.pk).state == "assigned"
    for statement in ("UPDATE audit_entry SET kind = 'x'", "DELETE FROM audit_entry"):
        with (
            pytest.raises(ProgrammingError) as refused,
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
        assert isinstance(refused.value.__cause__, psycopg2.errors.InsufficientPrivilege)


# A reviewer who denies or back-dates a decision


def test_a_decision_signed_with_a_passkey_is_not_denied_and_its_time_is_cosigned() -> None:
    history = History(random.Random(1))
    history.live(6)
    report = checked(history.bundle(), history.policy)
    assert report.personally_signed >= 1  # nobody else could have made that signature
    assert report.cosigned["w1"] == 1_800_000_000  # it existed when the witness saw the log


def test_a_decision_of_a_session_can_be_denied_and_says_so() -> None:
    """Shown as server-attested: the server alone vouches for it."""
    history = History(random.Random(2))
    history.attest()
    report = checked(history.bundle(), history.policy)
    assert (report.personally_signed, report.server_attested) == (0, 1)


# An administrator, or the server itself, that acts as somebody else


def test_a_server_with_the_logs_key_signs_for_nobody_who_has_a_passkey() -> None:
    history = History(random.Random(3))
    history.enrol()
    history.approve()
    victim = history.people[0]
    theirs, victim.device = (
        victim.device,
        Authenticator(origin="https://duban.example", rp_id="duban.example"),
    )
    victim.device.credential_id = theirs.credential_id
    history.sign_as(victim)  # everything right, but for the private key
    with pytest.raises(verify.Wrong) as wrong:
        checked(history.bundle(), history.policy)
    assert wrong.value.code == "assertion"


def test_a_passkey_that_was_slipped_in_stands_in_the_log_for_its_owner_to_see() -> None:
    """An administrator may enrol a key of their own for somebody: nothing forged, but recorded."""
    history = History(random.Random(4))
    history.enrol()
    history.approve()
    history.sign_as(history.people[0])
    checked(history.bundle(), history.policy)  # the log alone can't tell whose finger it was
    told = [one.entry for one in history.log if one.entry["kind"] == "passkey.enrolled"]
    assert told[0]["subject"] == history.people[0].subject


# The database's superuser


def test_an_edited_entry_is_named(organisation: Organisation, tampering: Tampering) -> None:
    entry = add(organisation, said="yes")
    with tampering() as cursor:
        body = bytes(entry.body).replace(b"yes", b"noo")
        cursor.execute("UPDATE audit_entry SET body = %s WHERE id = %s", [body, entry.pk])
    bad = verification.verify(organisation.pk).first_bad
    assert bad is not None
    assert bad.code == "hash"


def test_a_deleted_entry_is_named(organisation: Organisation, tampering: Tampering) -> None:
    entry = add(organisation, said="yes")
    add(organisation)
    with tampering() as cursor:
        cursor.execute("DELETE FROM audit_entry WHERE id = %s", [entry.pk])
    bad = verification.verify(organisation.pk).first_bad
    assert bad is not None
    assert bad.code == "gap"


def test_a_history_made_anew_contradicts_the_checkpoint_that_was_kept_and_is_not_signed(
    organisation: Organisation,
    tampering: Tampering,
    work: Callable[[Organisation], notes.Checkpoint],
) -> None:
    """Body, chain and head all fit each other: the server's own verification of them can't tell."""
    add(organisation, said="yes")
    kept = work(organisation)
    with tampering() as cursor:
        rewrite(cursor, organisation, b"yes", b"noo")
    assert verification.verify(organisation.pk).first_bad is None
    assert root_at(organisation, kept.size) != kept.root
    bad = verification.verify(organisation.pk, full=True).first_bad
    assert bad is not None
    organisation.refresh_from_db()
    add(organisation)
    with pytest.raises(LogDoesNotFollow):
        work(organisation)


def drop_newest(cursor: CursorWrapper, organisation: Organisation, entry: Entry) -> None:
    cursor.execute("DELETE FROM audit_leaf WHERE entry_id = %s", [entry.pk])
    cursor.execute("DELETE FROM audit_entry WHERE id = %s", [entry.pk])
    cursor.execute(
        "UPDATE directory_organisation SET chain_head = %s, chain_length = chain_length - 1"
        " WHERE id = %s",
        [bytes(entry.prev_hash), organisation.pk],
    )


def test_the_newest_entry_dropped_before_a_checkpoint_is_shown_by_nothing(
    organisation: Organisation,
    tampering: Tampering,
    work: Callable[[Organisation], notes.Checkpoint],
) -> None:
    """The honest row: within the second or so until the next checkpoint nobody outside knows."""
    work(organisation)
    entry = add(organisation, said="yes")
    assert proofs.of(entry) is None
    with tampering() as cursor:
        drop_newest(cursor, organisation, entry)
    organisation.refresh_from_db()
    assert verification.verify(organisation.pk, full=True).first_bad is None
    add(organisation)
    work(organisation)


def test_the_newest_entry_dropped_after_its_receipt_is_shown_by_the_receipt(
    organisation: Organisation,
    tampering: Tampering,
    signer: Signer,
    work: Callable[[Organisation], notes.Checkpoint],
) -> None:
    entry = add(organisation, said="yes")
    kept = work(organisation)
    receipt = str(proofs.of(entry))
    with tampering() as cursor:
        drop_newest(cursor, organisation, entry)
        cursor.execute("DELETE FROM audit_checkpoint WHERE size >= %s", [kept.size])
        cursor.execute("UPDATE audit_loghead SET size = size - 1")
    assert checking.check(receipt).holds  # signed by the log's own key: the entry was there
    organisation.refresh_from_db()
    with pytest.raises(LogDoesNotFollow):
        work(organisation)


# The server's root with the log's key


def test_a_second_history_is_not_cosigned_and_two_checkpoints_prove_the_fork(
    organisation: Organisation,
    signer: Signer,
    tmp_path: Path,
    work: Callable[[Organisation], notes.Checkpoint],
) -> None:
    add(organisation, said="yes")
    kept = work(organisation)
    newest = Checkpoint.objects.filter(organisation=organisation.pk).latest("size")
    seen = witness_program.Witness.make(tmp_path / "witness", "witness.example")
    seen.trust(newest.origin.vkey)
    path = tree.asked(organisation.pk, lambda read: merkle.consistency(0, kept.size, read))
    seen.add("\n".join(["old 0", *map(notes.encoded, path), "", newest.note]), 1_800_000_000)

    forged = notes.Checkpoint(kept.origin, kept.size, bytes(32))
    fork = notes.signed(str(forged), signing.verifier(kept.origin, signer.key), signer.key)
    with pytest.raises(witness_program.Refusal) as refusal:
        seen.add(f"old {kept.size}\n\n{fork}", 1_800_000_100)
    assert refusal.value.status == 409
    # Whoever has both holds the evidence: one key signed two roots of one size.
    key = notes.Key.parse(newest.origin.vkey)
    assert fork.signature_of(key)
    assert notes.Note.parse(newest.note).signature_of(key)
    assert (forged.size, forged.root) != (kept.size, kept.root)


def test_without_a_witness_a_fork_is_shown_by_nothing_but_comparison() -> None:
    """The honest row: each reader of a forked log sees a log that verifies."""
    one, other = History(random.Random(5)), History(random.Random(5))
    for history in (one, other):
        history.live(8)
    other.append(other.tasks[0], "task.noted", "operator", {"said": other.commit("another")})
    for history in (one, other):
        assert checked(history.bundle(cosigned=False), history.log_policy).whole


# A forged printed form


def test_a_forged_form_finds_no_proof(
    organisation: Organisation, work: Callable[[Organisation], notes.Checkpoint]
) -> None:
    entry = add(organisation, said="returned")
    work(organisation)
    proof = str(proofs.of(entry))
    assert checking.check(proof).holds
    body = bytes(entry.body).replace(b"returned", b"approved")
    forged = proof.replace(notes.encoded(bytes(entry.body)), notes.encoded(body))
    assert not checking.check(forged).holds
    assert leaf_hash(body)[:4] != bytes(entry.entry_hash)[:4]  # nor is its short code the entry's
