"""Backup, disaster, restore: every step as operators take it, and what must come of it."""

import contextlib
import io
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.utils import timezone
from psycopg2 import sql
from pytest_django import Settings

from audit import bundle_files, bundles, checkpoints, verification, verify
from audit.checkpoints import LogDoesNotFollow, NothingToRollOver
from audit.models import Entry
from audit.sequencer import Sequencer
from config import bootstrap, doctor, roles
from config.backups import dumping, making
from config.backups.manifest import Manifest
from config.postgres import Cluster
from tests import databases
from tests.audit.factories import add
from tests.conftest import Made, MakeOnce
from tests.factories import NOW
from tests.workflows import factories
from tests.workflows.factories import World
from workflows.actions import drafts
from workflows.files import path_of, store
from workflows.models import StoredFile

Speaking = Callable[[str], AbstractContextManager[None]]
pytestmark = pytest.mark.usefixtures("terminal_in_english")


@pytest.fixture
def terminal_in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


@pytest.fixture
def world(
    make_once: MakeOnce,
    copied: Callable[[Made], World],
    tmp_path: Path,
    settings: Settings,
    speaking_as: Speaking,
) -> World:
    """A signed log, a report on its way with a file beside it, in an installation of its own."""
    settings.DATA_DIR = tmp_path
    made = copied(make_once("report_with_a_file", make_report))
    sign(made, speaking_as)
    return made


def make_report() -> World:
    made = factories.make_world()
    factories.publish_completion_route(made)
    task = factories.accepted(made)
    drafts.attach_file(
        task_id=task.pk,
        unit_id=made.lead.pk,
        stored=store(made.organisation.pk, factories.upload()),
        name="notice.pdf",
        actor=made.handler,
        at=NOW,
    )
    factories.submitted(made, task)
    factories.decide(made.deputy)
    return made


def sign(world: World, speaking_as: Speaking) -> None:
    """What the worker does: it opens the log, gives the order and signs."""
    with speaking_as("worker"):
        for _round in range(2):
            while Sequencer().advance():
                pass
            checkpoints.sign(checkpoints.signer(), world.organisation.pk, at=NOW)


@pytest.fixture
def back_up(tmp_path: Path, speaking_as: Speaking) -> Callable[..., Path]:
    def run(name: str = "one", **options: object) -> Path:
        place = tmp_path / "backups" / name
        with speaking_as("owner"):
            call_command("backup", place, stdout=io.StringIO(), stderr=io.StringIO(), **options)
        return place

    return run


@contextlib.contextmanager
def another_database() -> Iterator[None]:
    """An empty one beside the test's, as after the disaster."""
    name = f"duban_empty_restored_{os.getpid()}"
    with databases.maintenance() as cursor:
        databases.drop(cursor, name)
        cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        with databases.connected_to(name):
            yield
    finally:
        with databases.maintenance() as cursor:
            databases.drop(cursor, name)


@pytest.fixture
def restore(speaking_as: Speaking) -> Callable[[Path], str]:
    def run(place: Path) -> str:
        said = io.StringIO()
        with speaking_as("owner"):
            call_command("restore", place, stdout=said)
        return said.getvalue()

    return run


def export(world: World) -> verify.Report:
    """A bundle of everything, checked by the program in it."""
    file = io.BytesIO()
    bundle_files.write(bundles.prepare(world.organisation.pk, bundles.Scope("all")), file, at=NOW)
    with zipfile.ZipFile(file) as archive:
        return verify.check(archive, None)


def test_what_was_backed_up_is_restored_and_goes_on_where_nothing_was_signed_since(
    world: World, back_up: Callable[..., Path], restore: Callable[[Path], str]
) -> None:
    entries, place = Entry.objects.count(), back_up()
    shutil.rmtree(path_of(world.organisation.pk, bytes(32)).parents[1])
    with another_database():
        said = restore(place)
        assert f"{entries} entries, whole" in said
        assert "the worker goes on signing" in said
        assert verification.verify(world.organisation.pk).first_bad is None
        stored = StoredFile.objects.get()
        assert path_of(stored.organisation_id, bytes(stored.sha256)).exists()
        assert export(world).entries == entries
        with pytest.raises(NothingToRollOver):
            checkpoints.roll_over(
                checkpoints.signer(), world.organisation.pk, reason="Why not", at=NOW
            )


def test_a_log_that_was_signed_after_the_backup_halts_until_a_new_origin_says_why(
    world: World,
    back_up: Callable[..., Path],
    restore: Callable[[Path], str],
    speaking_as: Speaking,
) -> None:
    place = back_up()
    world.organisation.refresh_from_db()
    lost = add(world.organisation)
    sign(world, speaking_as)
    with another_database():
        said = restore(place)
        assert f"manage.py open_origin {world.organisation.pk}" in said
        with pytest.raises(LogDoesNotFollow):
            sign(world, speaking_as)
        with speaking_as("worker"):
            call_command(
                "open_origin", str(world.organisation.pk), reason="Disk", stdout=io.StringIO()
            )
        sign(world, speaking_as)
        opened = Entry.objects.filter(kind="log.origin_opened").latest("at", "id")
        assert b"/2" in bytes(opened.body)
        assert not Entry.objects.filter(pk=lost.pk).exists()
        assert export(world).origin.endswith("/2")


def test_a_machine_that_does_not_remember_what_was_signed_signs_nothing_either(
    world: World,
    back_up: Callable[..., Path],
    restore: Callable[[Path], str],
    speaking_as: Speaking,
    settings: Settings,
    tmp_path: Path,
) -> None:
    place = back_up(with_secrets=True)
    settings.DATA_DIR = tmp_path / "new machine"
    with another_database():
        said = restore(place)
        assert "The log's key is in" in said
        key = settings.DATA_DIR / "secrets" / "log.pem"
        assert key.read_bytes() == (tmp_path / "secrets" / "log.pem").read_bytes()
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        with pytest.raises(LogDoesNotFollow):
            sign(world, speaking_as)
        with speaking_as("worker"):
            origin = checkpoints.roll_over(
                checkpoints.signer(), world.organisation.pk, reason="New machine", at=NOW
            )
        assert "/2-2026" in origin.name  # the lost machine may have had a number two
        sign(world, speaking_as)
        assert export(world).origin == origin.name


def test_the_roles_have_their_privileges_again(
    world: World, back_up: Callable[..., Path], restore: Callable[[Path], str]
) -> None:
    place = back_up()
    with another_database():
        restore(place)
        assert list(doctor.privileges()) == []
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user, has_table_privilege('audit_entry', 'INSERT')")
            assert cursor.fetchone() == (roles.users()["app"], True)
            cursor.execute(
                "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'A'"
                " AND tgname ~ '_(insert_only|no_truncate|no_update)$'"
            )
            assert cursor.fetchone() == (0,)


def test_sessions_stay_behind(
    world: World, back_up: Callable[..., Path], restore: Callable[[Path], str]
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO django_session VALUES ('key', 'data', now())")
    place = back_up()
    with another_database():
        restore(place)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM django_session")
            assert cursor.fetchone() == (0,)


def test_a_database_with_anything_in_it_is_left_alone(
    world: World, back_up: Callable[..., Path], restore: Callable[[Path], str]
) -> None:
    entries, place = Entry.objects.count(), back_up()
    with pytest.raises(CommandError, match="not empty"):
        restore(place)
    assert Entry.objects.count() == entries


@pytest.mark.parametrize("part", ["duban.dump", "evidence.txt", "evidence", "manifest.json"])
def test_a_damaged_backup_is_refused_before_anything_is_written(
    world: World, back_up: Callable[..., Path], restore: Callable[[Path], str], part: str
) -> None:
    place = back_up()
    path = place / part
    if path.is_dir():
        [path] = path.glob("*/*/*")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content[: -1 if part == "manifest.json" else None])
    if part == "manifest.json":
        path.write_bytes(content[: len(content) // 2])
    with another_database():
        with pytest.raises(CommandError, match=r"damaged|holds no backup"):
            restore(place)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
            assert cursor.fetchone() == (0,)


def test_a_manifest_that_tells_of_another_ledger_is_found(
    world: World, back_up: Callable[..., Path], restore: Callable[[Path], str]
) -> None:
    place = back_up()
    told = json.loads((place / "manifest.json").read_text())
    told["logs"][0]["entries"] += 1
    (place / "manifest.json").write_text(json.dumps(told))
    with another_database(), pytest.raises(CommandError, match="not the one"):
        restore(place)


def test_a_ledger_that_was_changed_in_the_backup_is_found(
    world: World,
    back_up: Callable[..., Path],
    restore: Callable[[Path], str],
    tampering: Callable[[], AbstractContextManager[object]],
) -> None:
    with tampering() as cursor:
        cursor.execute(  # type: ignore[attr-defined]
            "UPDATE audit_entry SET at = at + interval '1 day' WHERE kind = 'task.accepted'"
        )
    place = back_up()
    with another_database(), pytest.raises(CommandError, match=r"not whole.*was changed"):
        restore(place)


def test_a_backup_of_a_newer_program_is_refused(
    world: World, back_up: Callable[..., Path], restore: Callable[[Path], str]
) -> None:
    place = back_up()
    told = json.loads((place / "manifest.json").read_text())
    told["migrations"].append("audit.9999_later")
    (place / "manifest.json").write_text(json.dumps(told))
    with another_database(), pytest.raises(CommandError, match="newer Duban"):
        restore(place)


def test_nobody_else_can_read_a_backup_and_the_key_is_in_it_only_if_asked_for(
    world: World, back_up: Callable[..., Path]
) -> None:
    place = back_up(with_secrets=True)
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    files = [path for path in place.rglob("*") if path.is_file()]
    assert len(files) == 5  # the dump, the listing, the manifest, an uploaded file and the key
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert not (back_up("two") / "secrets").exists()


def test_a_file_of_the_backup_before_is_linked_and_counts_in_both(
    world: World, back_up: Callable[..., Path]
) -> None:
    one, two = back_up("one"), back_up("two")
    [file] = one.glob("evidence/*/*/*")
    assert file.samefile(two / file.relative_to(one))
    shutil.rmtree(one)
    Manifest.read(two).check(two)


def test_nothing_is_overwritten(world: World, back_up: Callable[..., Path]) -> None:
    back_up()
    with pytest.raises(CommandError, match="is there already"):
        back_up()


def test_a_backup_that_was_cut_short_leaves_nothing_that_looks_like_one(
    world: World, back_up: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "disk")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(CommandError, match="No space left"):
        back_up()
    with pytest.raises(CommandError, match="No space left"):
        back_up()
    assert making.newest(tmp_path / "backups") is None


def test_a_damaged_upload_is_told_of_and_left_out(
    world: World, back_up: Callable[..., Path]
) -> None:
    stored = StoredFile.objects.get()
    path_of(stored.organisation_id, bytes(stored.sha256)).write_bytes(b"rotten")
    with pytest.raises(SystemExit):
        back_up()


def test_old_backups_go_and_the_youngest_stays(
    world: World, back_up: Callable[..., Path], tmp_path: Path
) -> None:
    for name, days in (("old", 40), ("older", 50)):
        manifest = back_up(name) / "manifest.json"
        long_ago = (timezone.now() - timedelta(days=days)).timestamp()
        os.utime(manifest, (long_ago, long_ago))
    assert making.discard_older(tmp_path / "backups", 45, at=timezone.now()) == [
        tmp_path / "backups" / "older"
    ]
    assert making.discard_older(tmp_path / "backups", 30, at=timezone.now()) == []
    back_up("new", keep=30)
    assert [path.name for path in (tmp_path / "backups").iterdir()] == ["new"]


def test_a_program_older_than_the_server_is_not_taken(
    world: World, back_up: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dumping, "_major", lambda _: 12)
    with pytest.raises(CommandError, match="There is no pg_dump of PostgreSQL"):
        back_up()


# The same by command, on a server that is destroyed.


@contextlib.contextmanager
def installation() -> Iterator[tuple[Path, Callable[..., str]]]:
    """A data directory and `manage.py` on it, with nothing else in the environment."""
    with tempfile.TemporaryDirectory(prefix="duban-", ignore_cleanup_errors=True) as place:
        data = Path(place) / "data"
        inherited = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}

        def manage(*arguments: object) -> str:
            done = subprocess.run(
                [sys.executable, "manage.py", *map(str, arguments), f"--data={data}"],
                cwd=bootstrap.HOME,
                env=inherited | {"LC_ALL": "C.UTF-8"},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            assert done.returncode == 0, done.stdout
            return done.stdout

        yield data, manage


def run_worker(data: Path, until: Callable[[str], bool]) -> str:
    """Let the worker work until its memory or what it says is as it should be."""
    inherited = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    log, said = data / "worker.log", ""
    with (
        log.open("w") as output,
        subprocess.Popen(
            [sys.executable, "manage.py", "worker", f"--data={data}"],
            cwd=bootstrap.HOME,
            env=inherited,
            stdout=output,
            stderr=output,
        ) as worker,
    ):
        try:
            deadline = time.monotonic() + 30
            while not until(said := log.read_text()):
                assert time.monotonic() < deadline, said
                assert worker.poll() is None, said
                time.sleep(0.1)
        finally:
            worker.terminate()
    return said


def test_backup_destruction_restore_and_a_bundle_that_verifies_by_command_alone() -> None:
    with installation() as (data, manage):
        with Cluster.at(data).in_use():
            manage("migrate", "--verbosity=0")
            manage(
                *("import_directory", "demo/directory.csv", "--organisation=District", "--create")
            )
            run_worker(data, lambda _: bool([*data.glob("log/*-1")]))
            [kept] = data.glob("log/*-1")
            organisation = kept.name.removesuffix("-1")
            manage("backup", data / "backups" / "one", "--with-secrets")
            before = kept.read_text()
            manage("export_bundle", "--all", data / "before.zip")  # an entry that will be lost
            run_worker(data, lambda _: kept.read_text() != before)
            directory = Cluster.at(data).directory
        shutil.rmtree(directory)  # the disaster

        with Cluster.at(data).in_use():
            assert "whole" in manage("restore", data / "backups" / "one", "--check")
            said = manage("restore", data / "backups" / "one")
            assert f"open_origin {organisation}" in said
            manage("verify_ledger")
            run_worker(data, lambda said: "CRITICAL duban.ledger" in said)
            manage("open_origin", organisation, "--reason=The disk failed.")
            run_worker(data, lambda _: bool([*data.glob("log/*-2")]))
            manage("export_bundle", "--all", data / "bundle.zip")
            checked = subprocess.run(
                [sys.executable, "-I", "audit/verify.py", data / "bundle.zip", "--json"],
                cwd=bootstrap.HOME,
                capture_output=True,
                text=True,
            )
            assert json.loads(checked.stdout)["verified"] is True, checked.stdout
            assert json.loads(checked.stdout)["origin"].endswith("/2")
            manage("verify_ledger")
