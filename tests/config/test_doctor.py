"""What the doctor notices."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from importlib import util
from pathlib import Path
from uuid import UUID

import pytest
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone, translation
from pytest_django import Settings

from audit import checkpoints, notes, signing
from audit.models import Verification
from audit.sequencer import Sequencer
from config import checks, doctor
from directory.models import Organisation
from tests.audit.factories import add
from tests.factories import make_organisation

Speaking = Callable[[str], AbstractContextManager[None]]


def sentences(check: object) -> str:
    with translation.override("en"):
        return "\n".join(finding.sentence for finding in check())  # type: ignore[operator]


def test_a_production_without_mistakes_has_nothing_to_complain_about(
    settings: Settings, tmp_path: Path
) -> None:
    settings.EMBEDDED = settings.DEBUG = False
    settings.HTTPS = True
    settings.SECRET_KEY = "".join(map(chr, range(40, 120)))
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.STATIC_ROOT = settings.BACKUP_ROOT = tmp_path
    (tmp_path / "staticfiles.json").touch()
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "manifest.json").touch()
    for check in doctor.WITHOUT_DATABASE:
        assert sentences(check) == ""


@pytest.mark.parametrize(
    ("setting", "value", "check", "word"),
    [
        ("EMBEDDED", True, doctor.embedded, "small offices"),
        ("DEBUG", True, doctor.debugging, "DUBAN_DEBUG is on"),
        ("SECRET_KEY", "secret", doctor.secret, "too simple"),
        ("HTTPS", False, doctor.address, "in the open"),
        ("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend", doctor.mail, "mail"),
        ("STATIC_ROOT", Path("/nowhere"), doctor.static_files, "collectstatic"),
        ("BACKUP_ROOT", Path("/nowhere"), doctor.backups, "no backup"),
    ],
)
def test_each_mistake_is_named(
    settings: Settings, setting: str, value: object, check: object, word: str
) -> None:
    setattr(settings, setting, value)
    assert word in sentences(check)


def test_a_backup_counts_by_its_age_and_one_that_is_being_made_not_at_all(
    settings: Settings, tmp_path: Path
) -> None:
    settings.BACKUP_ROOT = tmp_path
    for name, days in ((".draft", 0), ("old", 5)):
        (tmp_path / name).mkdir()
        manifest = tmp_path / name / "manifest.json"
        manifest.touch()
        then = (timezone.now() - timedelta(days=days)).timestamp()
        os.utime(manifest, (then, then))
    assert "is 5 days old" in sentences(doctor.backups)


@pytest.mark.django_db
def test_the_test_database_has_what_production_needs() -> None:
    for check in doctor.WITH_DATABASE:
        if check is not doctor.server:  # tests run with fsync off
            assert sentences(check) == ""
    assert "fsync off" in sentences(doctor.server)


@pytest.mark.django_db
def test_a_missing_role_is_named_with_its_variable(settings: Settings) -> None:
    settings.DATABASE_URLS = {
        **settings.DATABASE_URLS,
        "worker": "",
        "auditor": "postgresql://no@/",
    }
    assert "DATABASE_WORKER_URL" in sentences(doctor.role_accounts)
    assert "DATABASE_AUDITOR_URL" in sentences(doctor.role_accounts)


@pytest.mark.django_db
def test_migrations_that_wait_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda *_: ["one"])
    assert "manage.py migrate" in sentences(doctor.migrations)


@pytest.mark.django_db
def test_a_clock_that_is_off_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: datetime(2020, 1, 1, tzinfo=UTC))
    assert "NTP" in sentences(doctor.clock)


def test_without_a_database_the_rest_is_still_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OperationalError("nobody there")

    monkeypatch.setattr(connection, "ensure_connection", refuse)
    with translation.override("en"):
        found = [finding.sentence for finding in doctor.examine()]
    assert "The database can't be reached: nobody there" in found
    assert len(found) > 1


def test_psycopg_3_beside_psycopg2_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks.psycopg2_is_the_driver() == []
    monkeypatch.setattr(util, "find_spec", lambda name: object())
    assert [error.id for error in checks.psycopg2_is_the_driver()] == ["duban.E001"]


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "w.example+00000000+AAAA https://w.example",
        f"{notes.Key('w.example', bytes(32))} https://w.example",
        f"{notes.Key('w.example', bytes(32), notes.COSIGNATURE)} w.example",
    ],
)
def test_a_witness_that_is_not_understood_stops_the_start(settings: Settings, text: str) -> None:
    settings.WITNESSES = [text]
    [problem] = checks.witnesses_are_understood()
    assert text in problem.msg
    settings.WITNESSES = [
        f"{notes.Key('w.example', bytes(32), notes.COSIGNATURE)} https://w.example"
    ]
    assert not checks.witnesses_are_understood()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("days", "first_bad", "word"),
    [
        (None, None, "not verified in the last two days"),
        (3, None, "not verified in the last two days"),
        (0, None, ""),
        (0, {"code": "tile_missing", "level": 0, "index": 7}, "Tile 0/7 of the log's tree is"),
    ],
)
def test_what_the_verifier_found_or_that_it_does_not_run_is_named(
    days: int | None, first_bad: dict[str, object] | None, word: str
) -> None:
    made = make_organisation()  # its entries are older
    if days is not None:
        at = timezone.now() - timedelta(days=days)
        Verification.objects.create(organisation=made.pk, at=at, entries=1, first_bad=first_bad)
    found = sentences(doctor.ledger)
    assert word in found
    assert bool(found) == bool(word)


# What signs the ledger


@pytest.fixture
def signed(empty_db: None, settings: Settings, tmp_path: Path, speaking_as: Speaking) -> UUID:
    """An organisation whose log is signed with the installation's key."""
    settings.DATA_DIR = tmp_path
    organisation = make_organisation()
    with speaking_as("worker"):
        for _round in range(2):
            while Sequencer().advance():
                pass
            checkpoints.sign(checkpoints.signer(), organisation.pk, at=timezone.now())
    pk: UUID = organisation.pk
    return pk


def test_a_signed_log_with_its_key_has_nothing_wrong(signed: UUID) -> None:
    assert sentences(doctor.log_key) + sentences(doctor.log_signed) == ""


def test_a_key_that_is_gone_wrong_or_open_to_others_is_named(signed: UUID) -> None:
    place = checkpoints.key_place()
    place.chmod(0o644)
    assert "chmod 600" in sentences(doctor.log_key)
    place.unlink()
    assert "is gone" in sentences(doctor.log_key)
    signing.private_key(place)
    assert "is not the one" in sentences(doctor.log_key)


def test_a_log_that_was_cut_or_waits_for_its_signature_is_named(
    signed: UUID, speaking_as: Speaking
) -> None:
    add(Organisation.objects.get())  # of two weeks ago, by its time
    with speaking_as("worker"):
        Sequencer().advance()
    assert "wait for a signature" in sentences(doctor.log_signed)
    checkpoints.memory().lose(signed)
    assert "open_origin" in sentences(doctor.log_signed)


def test_a_witness_that_was_not_heard_of_for_a_day_is_named(
    signed: UUID, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = notes.Key("w.example", bytes(32), notes.COSIGNATURE)
    settings.WITNESSES = [f"{key} https://w.example"]
    assert sentences(doctor.witnessed) == ""
    later = timezone.now() + timedelta(days=2)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert "w.example has not cosigned" in sentences(doctor.witnessed)
