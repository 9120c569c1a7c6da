"""Restoring a backup into an empty database, and saying what holds afterwards."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit import checkpoints, merkle, notes, proofs, roots, tree, verification
from audit.errors import Refused
from audit.models import Checkpoint, Entry
from config.backups import dumping
from config.backups.manifest import DUMP, EVIDENCE, KEY, Log, Manifest, hash_of, listing

Tell = Callable[[str], object]


class NotEmpty(Refused):
    """There are tables in the database already."""

    sentence = gettext_lazy(
        "The database is not empty (%(tables)d tables), and a restore overwrites nothing. Make an "
        "empty one, or restore elsewhere with --data DIR (docs/operations.md)."
    )


class FromNewerProgram(Refused):
    """The backup knows migrations that this program doesn't."""

    sentence = gettext_lazy(
        "The backup was made by a newer Duban: this one doesn't know %(migration)s. Restore with "
        "the program that made it, or a later one."
    )


class NotAsItWas(Refused):
    """What was restored isn't what the manifest tells of."""

    sentence = gettext_lazy("Restored, but not whole: %(reason)s")


def restore(place: Path, *, tell: Tell) -> None:
    """Everything from `place`, each step said before it is taken.

    Raises NotEmpty, Damaged, NoBackup and FromNewerProgram before anything was written; those of
    `dumping.load` with the database still empty; NotAsItWas with everything restored, for whoever
    looks into it.
    """
    manifest = Manifest.read(place)
    require_empty()
    _require_known(manifest.migrations)
    tell(_("Checking the hash of every part of the backup"))
    manifest.check(place)
    tell(_("Reading the database of %(time)s") % {"time": manifest.made_at})
    dumping.load(place / DUMP)
    tell(_("Bringing it up to date and granting the roles their privileges"))
    call_command("migrate", verbosity=0, skip_checks=True)
    tell(_("Copying %(count)d uploaded files") % {"count": manifest.files})
    _place_files(place)
    _place_key(place, manifest, tell)
    tell(_("Recomputing the ledger"))
    for log in manifest.logs:
        tell(_compared(log))
    for consequence in _consequences():
        tell(consequence)


def require_empty() -> None:
    """Raises NotEmpty."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        (tables,) = cursor.fetchone()
    if tables:
        raise NotEmpty(tables=tables)


def _require_known(migrations: list[str]) -> None:
    known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    ours = {name.partition(".")[0] for name in known}
    for migration in migrations:
        if migration not in known and migration.partition(".")[0] in ours:
            raise FromNewerProgram(migration=migration)


def _place_files(place: Path) -> None:
    """Files that are there already and whole stay as they are."""
    settings.EVIDENCE_ROOT.mkdir(mode=0o700, parents=True, exist_ok=True)
    for relative in listing(place):
        target = settings.EVIDENCE_ROOT / relative
        if hash_of(target) == target.name:
            continue
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = target.with_name(f".restoring-{os.getpid()}")
        shutil.copyfile(place / EVIDENCE / relative, draft)
        draft.chmod(0o600)
        draft.replace(target)


def _place_key(place: Path, manifest: Manifest, tell: Tell) -> None:
    """The log's key, where the backup has it and there is none."""
    target = settings.DATA_DIR / KEY
    if KEY not in manifest.parts:
        return
    if target.exists():
        if hash_of(target) != manifest.parts[KEY]:
            tell(_("Another key is in %(place)s; it stays.") % {"place": target})
        return
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write((place / KEY).read_bytes())
        os.fsync(file.fileno())
    tell(_("The log's key is in %(place)s again.") % {"place": target})


def _compared(log: Log) -> str:
    """The ledger is whole, and it is the one of the backup. Raises NotAsItWas."""
    organisation = UUID(log.organisation)
    found = verification.verify(organisation)
    if found.first_bad:
        raise NotAsItWas(reason=found.first_bad)
    entries = Entry.objects.filter(organisation=organisation).count()
    signed = proofs.newest(organisation)
    same = entries == log.entries and log.checkpoint == (signed.cosigned if signed else None)
    if not same or (signed and not _is_signed(signed)):
        raise NotAsItWas(
            reason=_("its ledger is not the one that %(organisation)s had in the backup.")
            % {"organisation": organisation}
        )
    return _("%(organisation)s: %(count)d entries, whole; the tables agree with them.") % {
        "organisation": organisation,
        "count": entries,
    }


def _is_signed(checkpoint: Checkpoint) -> bool:
    """The tree of the restored entries is the one that was signed, by the origin's key."""
    note = notes.Note.parse(checkpoint.note)
    root = tree.asked(checkpoint.organisation, lambda read: merkle.root(checkpoint.size, read))
    told = notes.Checkpoint.parse(note.text)
    key = notes.Key.parse(checkpoint.origin.vkey)
    return bool(note.signature_of(key)) and (told.size, told.root) == (checkpoint.size, root)


def _consequences() -> Iterator[str]:
    """What the operator does next; a log of which nobody here knows what was signed is marked."""
    memory = checkpoints.memory()
    for organisation in roots.organisations():
        if not memory.highest(organisation):
            memory.lose(organisation)
        if checkpoints.goes_on(memory, organisation):
            yield _(
                "%(organisation)s: nothing was signed after the backup was made; the worker goes "
                "on signing."
            ) % {"organisation": organisation}
        else:
            yield _(
                "%(organisation)s: checkpoints were signed after the backup was made, or may have "
                "been. The worker signs nothing more of this log until you say why it was cut: "
                "%(command)s"
            ) % {
                "organisation": organisation,
                "command": f'manage.py open_origin {organisation} --reason "…"',
            }
