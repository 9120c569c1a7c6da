"""What somebody with all rights in the database does to tiles, checkpoints or cosignatures is named
when everything is verified."""

import re
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from functools import partial
from io import StringIO
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.test.utils import CaptureQueriesContext, override_settings
from pytest_django import Settings as Fixture

from audit import checkpoints, merkle, nightly, notes, signing, tiles, verification
from audit.actions import append
from audit.canonical import leaf_hash
from audit.checkpoints import Signer
from audit.findings import SENTENCES, Finding
from audit.models import Checkpoint, Cosignature, Entry, Leaf, Tile, Verification
from audit.sequencer import Sequencer
from directory.models import Organisation
from tests import databases
from tests.audit.factories import add
from tests.conftest import Made, MakeOnce
from tests.factories import NOW, make_organisation

Speaking = Callable[[str], AbstractContextManager[None]]
Tampering = Callable[[], AbstractContextManager[CursorWrapper]]
Work = Callable[[Organisation], None]

WITNESS = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
WITNESS_KEY = notes.Key(
    "witness.example",
    WITNESS.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw),
    notes.COSIGNATURE,
)


HERE = {"LOG_HOST": "duban.example", "WITNESSES": [f"{WITNESS_KEY} http://witness.example"]}


@pytest.fixture
def signer(settings: Fixture, tmp_path: Path) -> Signer:
    configured(settings, tmp_path)
    return who_signs()


def configured(settings: Fixture, place: Path) -> None:
    settings.DATA_DIR = place
    for name, value in HERE.items():
        setattr(settings, name, value)


def who_signs() -> Signer:
    # Beforehand: where other tests have left signed logs, the worker makes no key.
    signing.private_key(checkpoints.key_place())
    return checkpoints.signer()


@pytest.fixture
def work(organisation: Organisation, signer: Signer) -> Work:
    """What the worker does: leaves, signature, a witness's line."""
    return partial(do_work, signer)


def do_work(signer: Signer, organisation: Organisation) -> None:
    with databases.speaking_as("worker"):
        while Sequencer().advance():
            pass
        checkpoints.sign(signer, organisation.pk, at=NOW)
        cosign(organisation)


def cosign(organisation: Organisation) -> None:
    for row in Checkpoint.objects.filter(organisation=organisation.pk, cosignatures=None):
        seen = int(NOW.timestamp())
        text = notes.Note.parse(row.note).text
        data = WITNESS_KEY.id + seen.to_bytes(8) + WITNESS.sign(notes.cosigned(text, seen))
        Cosignature.objects.create(
            organisation=organisation.pk,
            checkpoint=row,
            witness=WITNESS_KEY.name,
            line=notes.line(WITNESS_KEY.name, data),
            seen_at=datetime.fromtimestamp(seen, UTC),
        )


def make_log() -> Organisation:
    """Two full tiles and a bit, signed at three sizes."""
    with override_settings(DATA_DIR=settings.EVIDENCE_ROOT, **HERE):
        work = partial(do_work, who_signs())
        made = make_organisation()
        work(made)  # gives the log its name
        for count in (1, 255, 300):
            made.refresh_from_db()
            with transaction.atomic():
                for _number in range(count):
                    append(made, kind="organisation.noted", actor="operator", at=NOW, facts={})
            work(made)
    return made


@pytest.fixture(scope="session")
def made_log(make_once: MakeOnce) -> Made:
    return make_once("log", make_log)


@pytest.fixture
def organisation(
    made_log: Made, copied: Callable[[Made], Organisation], settings: Fixture, tmp_path: Path
) -> Organisation:
    """The log in a database of this test, and the key that has signed it."""
    shutil.copytree(made_log.files, tmp_path, dirs_exist_ok=True)
    configured(settings, tmp_path)
    return copied(made_log)


def first_bad(organisation: Organisation) -> Finding | None:
    return verification.verify(organisation.pk, full=True).first_bad


def sizes(organisation: Organisation) -> list[int]:
    found = Checkpoint.objects.filter(organisation=organisation.pk).order_by("size")
    return list(found.values_list("size", flat=True))


def test_an_honest_log_is_whole(organisation: Organisation, work: Work) -> None:
    assert len(sizes(organisation)) == 3
    assert Tile.objects.filter(organisation=organisation.pk).count() == 2
    assert first_bad(organisation) is None
    add(organisation)  # committed, but not in the log yet
    assert first_bad(organisation) is None


def test_a_log_that_nobody_signed_yet_is_whole(committed_db: None, signer: Signer) -> None:
    assert first_bad(make_organisation()) is None


def test_entries_beyond_the_last_checkpoint_need_no_tile_yet(
    organisation: Organisation, speaking_as: Speaking
) -> None:
    with transaction.atomic():
        for _number in range(300):
            append(organisation, kind="organisation.noted", actor="operator", at=NOW, facts={})
    with speaking_as("worker"):
        while Sequencer().advance():
            pass
    assert Leaf.objects.filter(organisation=organisation.pk).count() > 768
    assert first_bad(organisation) is None


FLIPPED = r"set_byte(\1, 5, get_byte(\1, 5) # 1)"


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (
            "UPDATE audit_tile SET hashes = flipped(hashes) WHERE tile_index = 1",
            Finding("tile_changed", {"level": 0, "index": 1}),
        ),
        (
            "UPDATE audit_tile SET root = flipped(root) WHERE tile_index = 0",
            Finding("tile_changed", {"level": 0, "index": 0}),
        ),
        ("UPDATE audit_tile SET level = 1 WHERE tile_index = 1", None),
        (
            "DELETE FROM audit_tile WHERE tile_index = 0",
            Finding("tile_missing", {"level": 0, "index": 0}),
        ),
        (
            "DELETE FROM audit_tile WHERE tile_index = 1",
            Finding("tile_missing", {"level": 0, "index": 1}),
        ),
        (
            "INSERT INTO audit_tile SELECT gen_random_uuid(), organisation, 0, 2, hashes, root"
            " FROM audit_tile WHERE tile_index = 1",
            Finding("tile_added", {"level": 0, "index": 2}),
        ),
        (
            "INSERT INTO audit_tile SELECT gen_random_uuid(), organisation, 3, 0, hashes, root"
            " FROM audit_tile WHERE tile_index = 1",
            Finding("tile_added", {"level": 3, "index": 0}),
        ),
        (
            "UPDATE audit_checkpoint SET root_hash = flipped(root_hash) WHERE size = %(middle)s",
            Finding("checkpoint_changed", {"size": "middle"}),
        ),
        (
            "UPDATE audit_checkpoint SET size = size + 1 WHERE size = %(middle)s",
            Finding("checkpoint_changed", {"size": "middle + 1"}),
        ),
        (
            "UPDATE audit_checkpoint SET note = 'no note' WHERE size = %(middle)s",
            Finding("checkpoint_changed", {"size": "middle"}),
        ),
        (
            "UPDATE audit_checkpoint SET note = split_part(note, E'\\n\\n', 1) || E'\\n\\n'"
            " || split_part((SELECT note FROM audit_checkpoint other WHERE"
            " other.organisation = audit_checkpoint.organisation ORDER BY size LIMIT 1),"
            " E'\\n\\n', 2) WHERE size = %(middle)s",
            Finding("checkpoint_unsigned", {"size": "middle"}),
        ),
        (
            "UPDATE audit_origin SET name = name || 'x'",
            Finding("origin_changed", {"name": "duban.example/log/{organisation}x"}),
        ),
        (
            "UPDATE audit_origin SET vkey = replace(vkey, '+', '+0')",
            Finding("origin_changed", {"name": "duban.example/log/{organisation}"}),
        ),
        (
            "UPDATE audit_cosignature SET line = overlay(line placing 'A' from 60 for 1)"
            " WHERE checkpoint_id = (SELECT id FROM audit_checkpoint WHERE size = %(middle)s"
            " AND organisation = %(organisation)s)",
            Finding("cosignature", {"size": "middle", "witness": "witness.example"}),
        ),
        (
            "UPDATE audit_cosignature SET line = 'nothing'",
            Finding("cosignature", {"size": "first", "witness": "witness.example"}),
        ),
        (
            "UPDATE audit_cosignature SET seen_at = seen_at - interval '1 year'",
            Finding("cosignature", {"size": "first", "witness": "witness.example"}),
        ),
        (
            "UPDATE audit_cosignature SET witness = 'other.example'",
            Finding("cosignature", {"size": "first", "witness": "other.example"}),
        ),
    ],
)
def test_what_was_done_to_a_row_is_named(
    organisation: Organisation, tampering: Tampering, statement: str, found: Finding | None
) -> None:
    first, middle, _last = sizes(organisation)
    known = {"first": first, "middle": middle, "middle + 1": middle + 1}
    statement = re.sub(r"flipped\((\w+)\)", FLIPPED, statement)
    only = "organisation = %(organisation)s"
    statement += (" AND " if "WHERE" in statement else " WHERE ") + only
    with tampering() as cursor:
        cursor.execute(statement, {"organisation": organisation.pk, **known})
        assert cursor.rowcount > 0
    bad = first_bad(organisation)
    assert bad is not None
    assert bad.code in SENTENCES
    assert str(bad)
    if found is not None:
        params = {
            key: known.get(value, value.format(organisation=organisation.pk))
            if isinstance(value, str)
            else value
            for key, value in found.params.items()
        }
        assert bad == Finding(found.code, params)


def test_an_entry_made_anew_with_all_that_follows_contradicts_the_checkpoint(
    organisation: Organisation, tampering: Tampering
) -> None:
    """Body, hash and head fit each other again: without the tree nothing shows it."""
    last = Entry.objects.filter(organisation=organisation.pk).latest("subject_seq")
    body = bytes(last.body).replace(b'"operator"', b'"engine"')
    with tampering() as cursor:
        cursor.execute(
            "UPDATE audit_entry SET body = %s, entry_hash = %s, actor = 'engine' WHERE id = %s",
            [body, leaf_hash(body), last.pk],
        )
        cursor.execute(
            "UPDATE directory_organisation SET chain_head = %s WHERE id = %s",
            [leaf_hash(body), organisation.pk],
        )
    assert verification.verify(organisation.pk).first_bad is None
    size = sizes(organisation)[-1]
    assert first_bad(organisation) == Finding("checkpoint_root", {"size": size})


def test_a_cut_log_contradicts_the_checkpoint_or_where_that_was_cut_too_the_file(
    organisation: Organisation, tampering: Tampering
) -> None:
    size = sizes(organisation)[-1]
    with tampering() as cursor:
        _cut(cursor, organisation)
    cut = first_bad(organisation)
    assert cut == Finding("checkpoint_beyond", {"size": size, "found": size - 1})
    with tampering() as cursor:
        cursor.execute(
            "DELETE FROM audit_cosignature USING audit_checkpoint c WHERE c.id = checkpoint_id"
            " AND c.organisation = %s AND c.size = %s",
            [organisation.pk, size],
        )
        cursor.execute(
            "DELETE FROM audit_checkpoint WHERE organisation = %s AND size = %s",
            [organisation.pk, size],
        )
    assert verification.verify(organisation.pk).first_bad is None
    assert first_bad(organisation) == Finding("checkpoint_left", {"size": size})


def _cut(cursor: CursorWrapper, organisation: Organisation) -> None:
    """The newest entry is gone, and everything beside it fits."""
    last = Entry.objects.filter(organisation=organisation.pk).latest("subject_seq")
    cursor.execute("DELETE FROM audit_leaf WHERE entry_id = %s", [last.pk])
    cursor.execute("DELETE FROM audit_entry WHERE id = %s", [last.pk])
    cursor.execute(
        "UPDATE audit_loghead SET size = size - 1 WHERE organisation = %s", [organisation.pk]
    )
    cursor.execute(
        "UPDATE directory_organisation SET chain_head = %s, chain_length = chain_length - 1"
        " WHERE id = %s",
        [bytes(last.prev_hash), organisation.pk],
    )


def test_a_log_signed_anew_with_another_key_is_named(
    organisation: Organisation, tampering: Tampering
) -> None:
    """Whoever swaps the key signs everything again; the ledger remembers the old one."""
    stolen = Ed25519PrivateKey.generate()
    name = f"duban.example/log/{organisation.pk}"
    key = notes.Key(name, stolen.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
    with tampering() as cursor:
        for row in Checkpoint.objects.filter(organisation=organisation.pk):
            text = notes.Note.parse(row.note).text
            cursor.execute(
                "UPDATE audit_checkpoint SET note = %s WHERE id = %s",
                [str(notes.signed(text, key, stolen)), row.pk],
            )
        cursor.execute(
            "UPDATE audit_origin SET vkey = %s WHERE organisation = %s",
            [str(key), organisation.pk],
        )
    assert first_bad(organisation) == Finding("origin_changed", {"name": name})


def test_a_witness_that_is_not_asked_any_more_does_no_harm(
    organisation: Organisation, settings: Fixture
) -> None:
    settings.WITNESSES = []
    assert first_bad(organisation) is None


def test_what_is_signed_while_it_reads_is_no_false_alarm(
    organisation: Organisation, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is read before the snapshot is taken, not after."""
    read = checkpoints.left

    def and_then_the_log_grows(pk: object) -> object:
        found = read(organisation.pk)
        organisation.refresh_from_db()
        add(organisation)
        work(organisation)
        return found

    monkeypatch.setattr(checkpoints, "left", and_then_the_log_grows)
    assert first_bad(organisation) is None


def test_the_night_verifies_in_full_and_says_so(
    organisation: Organisation, tampering: Tampering, caplog: pytest.LogCaptureFixture
) -> None:
    with tampering() as cursor:
        cursor.execute("DELETE FROM audit_tile WHERE organisation = %s", [organisation.pk])
    nightly.verify(at=NOW + timedelta(days=1))
    run = Verification.objects.filter(organisation=organisation.pk).latest("at")
    assert run.first_bad == {"code": "tile_missing", "level": 0, "index": 0}
    assert any(
        "Tile 0/0" in one.getMessage() and one.levelname == "CRITICAL" for one in caplog.records
    )


def test_the_command_looks_at_the_tree_only_in_full(
    organisation: Organisation, tampering: Tampering
) -> None:
    def run(*arguments: str) -> str:
        out = StringIO()
        try:
            call_command(
                "verify_ledger",
                *arguments,
                f"--organisation={organisation.pk}",
                stdout=out,
                stderr=StringIO(),
            )
        except SystemExit as ended:
            return f"{ended.code} {out.getvalue()}"
        return f"0 {out.getvalue()}"

    assert "so does everything that was signed" in run("--full")
    with tampering() as cursor:
        cursor.execute("DELETE FROM audit_tile WHERE organisation = %s", [organisation.pk])
    assert run().startswith("0 ")
    assert run("--full").startswith("1 ")
    assert "Tile 0/0" in run("--full")


def test_a_longer_log_takes_no_more_queries(organisation: Organisation, work: Work) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert first_bad(organisation) is None
        return len(caught)

    before = asked()
    organisation.refresh_from_db()
    with transaction.atomic():
        for _number in range(600):
            append(organisation, kind="organisation.noted", actor="operator", at=NOW, facts={})
    work(organisation)
    assert asked() == before


@pytest.mark.parametrize("size", [1, 2, 3, 255, 256, 257, 700])
def test_a_growing_tree_has_the_roots_of_its_definition(size: int) -> None:
    leaves = [leaf_hash(bytes([number % 251])) for number in range(size)]
    growing = merkle.Growing()
    for number, leaf in enumerate(leaves, 1):
        growing.add(leaf)
        if number % 256 == 0:
            assert growing.completed(8) == merkle.perfect(leaves[number - 256 : number])
    read = tiles.reader(lambda level, index: _strip(leaves, level, index))
    assert growing.root() == merkle.root(size, read)


def _strip(leaves: list[bytes], level: int, index: int) -> bytes:
    if level == 0:
        return b"".join(leaves[index * 256 : (index + 1) * 256])
    full = len(leaves) // 256
    return b"".join(merkle.perfect(leaves[n * 256 : (n + 1) * 256]) for n in range(full))


def test_an_incomplete_subtree_has_no_root() -> None:
    growing = merkle.Growing()
    growing.add(leaf_hash(b""))
    with pytest.raises(ValueError, match="complete"):
        growing.completed(3)
    assert merkle.Growing().root() == merkle.EMPTY
