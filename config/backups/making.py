"""Making a backup while Duban runs."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.utils.translation import gettext_lazy as _

from audit import proofs, roots
from audit.canonical import instant
from audit.errors import Refused
from audit.models import Entry, LogHead
from config.backups import dumping
from config.backups.manifest import DUMP, EVIDENCE, KEY, LISTING, NAME, Log, Manifest, hash_of


class PlaceTaken(Refused):
    """The directory is there already."""

    sentence = _("%(place)s is there already. A backup overwrites nothing: choose another name.")


class FileDamaged(Refused):
    """An uploaded file isn't what its name says."""

    sentence = _("The uploaded file %(path)s is damaged; it was left out of the backup.")


class NoKey(Refused):
    """There is no key to back up."""

    sentence = _("There is no key in %(place)s yet; the worker makes it on its first start.")


def make(place: Path, *, secrets: bool, at: datetime) -> tuple[Manifest, bytes, list[FileDamaged]]:
    """Back up into `place`; returns the manifest, its hash and what had to be left out.

    The directory gets its name when everything is in it. The database comes first: every file that
    it names is there by then, and files never change. Raises PlaceTaken, NoKey and those of
    `dumping.dump`.
    """
    if place.exists():
        raise PlaceTaken(place=place)
    draft = place.with_name(f".{place.name}.{os.getpid()}")
    draft.mkdir(mode=0o700, parents=True)
    try:
        parts = _secrets(draft) if secrets else {}
        with _snapshot() as name:
            dumping.dump(draft / DUMP, name)
            logs, migrations = list(_logs()), _migrations()
            server = connection.pg_version  # type: ignore[attr-defined]
        copied, damaged = _files(draft, newest(place.parent))
        (draft / LISTING).write_text("".join(f"{path}\n" for path in copied))
        parts |= {part: str(hash_of(draft / part)) for part in (DUMP, LISTING)}
        made = Manifest(instant(at), server, migrations, parts, len(copied), logs)
        digest = made.write(draft)
        for part in (DUMP, LISTING, NAME):
            (draft / part).chmod(0o600)
        _sync(draft)
        draft.rename(place)
        _sync_directory(place.parent)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return made, digest, damaged


def newest(root: Path) -> Path | None:
    """The youngest whole backup under a directory."""
    return max(_backups(root), key=made_at, default=None)


def made_at(backup: Path) -> datetime:
    return datetime.fromtimestamp((backup / NAME).stat().st_mtime, UTC)


def discard_older(root: Path, days: int, *, at: datetime) -> list[Path]:
    """Delete the backups of more than `days` days ago, but never the youngest."""
    kept, limit = newest(root), at - timedelta(days=days)
    old = [path for path in _backups(root) if path != kept and made_at(path) < limit]
    for path in old:
        shutil.rmtree(path)
    return sorted(old)


def _backups(root: Path) -> Iterator[Path]:
    for path in root.glob("*"):
        if not path.name.startswith(".") and (path / NAME).is_file():
            yield path


@contextmanager
def _snapshot() -> Iterator[str]:
    """One view of the database, for us and, under its name, for pg_dump."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        yield cursor.fetchone()[0]


def _logs() -> Iterator[Log]:
    for organisation in roots.organisations():
        head = LogHead.objects.filter(pk=organisation).first()
        signed = proofs.newest(organisation)
        yield Log(
            organisation=str(organisation),
            entries=Entry.objects.filter(organisation=organisation).count(),
            size=head.size if head else 0,
            origin=signed.origin.name if signed else None,
            checkpoint=signed.cosigned if signed else None,
        )


def _migrations() -> list[str]:
    applied = MigrationRecorder(connection).applied_migrations()
    return sorted(f"{app}.{name}" for app, name in applied)


def _files(draft: Path, before: Path | None) -> tuple[list[str], list[FileDamaged]]:
    """Copy the uploaded files; one that the backup before has is linked to that one's."""
    copied, damaged = [], []
    root = settings.EVIDENCE_ROOT
    (draft / EVIDENCE).mkdir(mode=0o700)
    for path in sorted(root.glob("*/??/*")):
        relative = path.relative_to(root)
        target = draft / EVIDENCE / relative
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (before and _linked(before / EVIDENCE / relative, path, target)):
            shutil.copyfile(path, target)
            target.chmod(0o600)
            if hash_of(target) != path.name:
                target.unlink()
                damaged.append(FileDamaged(path=path))
                continue
        copied.append(str(relative))
    return copied, damaged


def _linked(old: Path, path: Path, target: Path) -> bool:
    """Whether the file could be taken from the backup before; a disk may not know links."""
    try:
        if old.stat().st_size != path.stat().st_size:
            return False
        os.link(old, target)
    except OSError:
        return False
    return True


def _secrets(draft: Path) -> dict[str, str]:
    """The log's key. Passwords of database roles belong to their server and are made anew."""
    source, target = settings.DATA_DIR / KEY, draft / KEY
    if not source.exists():
        raise NoKey(place=source)
    target.parent.mkdir(mode=0o700)
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(source.read_bytes())
    return {KEY: str(hash_of(target))}


def _sync(place: Path) -> None:
    """Everything on the disk before it counts as a backup."""
    for directory, _directories, files in os.walk(place):
        for name in files:
            with open(Path(directory) / name, "rb") as file:
                os.fsync(file.fileno())
        _sync_directory(Path(directory))


def _sync_directory(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
