"""What is wrong with this installation, in sentences: each check yields the problems it finds."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from importlib import util
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from django.utils.translation import gettext as _

from audit import checkpoints, findings, proofs, roots, signing, witnesses
from audit.models import Cosignature, Entry, Origin, Verification
from config import roles
from config.backups.making import made_at, newest

ROOM_NEEDED = 2 * 1024**3  # bytes
LONGEST_LAG = timedelta(minutes=1)
OLDEST_BACKUP = timedelta(days=2)
OLDEST_VERIFICATION = timedelta(days=2)
OLDEST_COSIGNATURE = timedelta(days=1)
LARGEST_SKEW = timedelta(seconds=5)
OLDEST_POSTGRES = 15_00_00


@dataclass(frozen=True)
class Finding:
    """`serious`: not to be run like this with real work in it; otherwise worth knowing."""

    sentence: str
    serious: bool = True


Findings = Iterator[Finding]


def examine() -> list[Finding]:
    """Everything found. Without a database, the rest is still looked at."""
    found = [finding for check in WITHOUT_DATABASE for finding in check()]
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        sentence = _("The database can't be reached: %(reason)s") % {"reason": str(error).strip()}
        return [*found, Finding(sentence)]
    return found + [finding for check in WITH_DATABASE for finding in check()]


def embedded() -> Findings:
    if settings.EMBEDDED:
        yield Finding(
            _(
                "PostgreSQL is embedded, which is right for evaluation and small offices: whoever "
                "owns this machine can change everything. For more, give Duban a DATABASE_URL."
            ),
            serious=False,
        )


def debugging() -> Findings:
    if settings.DEBUG:
        yield Finding(_("DUBAN_DEBUG is on: error pages show internals to everybody."))


def secret() -> Findings:
    if len(settings.SECRET_KEY) < 50 or len(set(settings.SECRET_KEY)) < 10:
        yield Finding(_("DUBAN_SECRET_KEY is too simple: give it 50 random characters or more."))


def address() -> Findings:
    if not settings.HTTPS:
        yield Finding(
            _("DUBAN_ORIGIN is no https address: passwords and sessions travel in the open."),
            serious=not settings.EMBEDDED,
        )


def mail() -> Findings:
    if not settings.EMAIL_BACKEND.endswith("smtp.EmailBackend"):
        yield Finding(
            _("DUBAN_MAIL_URL is not set: nobody gets mail, only notices on the pages."),
            serious=False,
        )


def room() -> Findings:
    for place in (settings.DATA_DIR, settings.EVIDENCE_ROOT):
        existing = next(path for path in (place, *place.parents) if path.exists())
        if shutil.disk_usage(existing).free < ROOM_NEEDED:
            yield Finding(_("Less than 2 GB are free at %(place)s.") % {"place": place})


def static_files() -> Findings:
    if not settings.DEBUG and not (settings.STATIC_ROOT / "staticfiles.json").exists():
        yield Finding(_("The static files aren't collected: run manage.py collectstatic."))


def backups() -> Findings:
    place = {"place": settings.BACKUP_ROOT}
    youngest = newest(settings.BACKUP_ROOT)
    if youngest is None:
        sentence = _("There is no backup in %(place)s: run manage.py backup.") % place
        yield Finding(sentence, serious=not settings.EMBEDDED)
        return
    age = timezone.now() - made_at(youngest)
    if age > OLDEST_BACKUP:
        yield Finding(
            _("The newest backup in %(place)s is %(days)d days old: run manage.py backup.")
            % {**place, "days": age.days},
            serious=not settings.EMBEDDED,
        )


def driver() -> Findings:
    if util.find_spec("psycopg") is not None:
        yield Finding(_("psycopg 3 is installed, and Django would use it: pip uninstall psycopg."))


def ask(query: str, *parameters: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.fetchone()


def server() -> Findings:
    if int(ask("SHOW server_version_num")[0]) < OLDEST_POSTGRES:
        yield Finding(_("The database is older than PostgreSQL 15."))
    (encoding,) = ask("SHOW server_encoding")
    if encoding != "UTF8":
        yield Finding(_("The database's encoding is %(name)s, not UTF8.") % {"name": encoding})
    (collation,) = ask("SELECT datcollate FROM pg_database WHERE datname = current_database()")
    if collation not in {"C", "C.UTF-8", "C.utf8", "POSIX"}:
        yield Finding(
            _(
                "The database sorts by the locale %(name)s, which changes with the system's "
                "libraries; make it with C.UTF-8."
            )
            % {"name": collation},
            serious=False,
        )
    for setting in ("fsync", "full_page_writes"):
        if ask(f"SHOW {setting}") != ("on",):
            yield Finding(
                _("The database runs with %(setting)s off: a power cut may destroy it.")
                % {"setting": setting}
            )
    if ask("SHOW data_checksums") != ("on",):
        yield Finding(_("The database has no data checksums: pg_checksums adds them."), False)


def clock() -> Findings:
    (now,) = ask("SELECT clock_timestamp()")
    if abs(now - timezone.now()) > LARGEST_SKEW:
        yield Finding(_("The clocks of this machine and of the database differ: use NTP on both."))


def role_accounts() -> Findings:
    for role in roles.missing(connection):
        yield Finding(
            _("The database role %(role)s is missing: set %(variable)s and create its user.")
            % {"role": role, "variable": roles.variable(role)}
        )
    (powerful,) = ask(
        "SELECT rolsuper OR rolbypassrls OR rolcreaterole FROM pg_roles"
        " WHERE rolname = current_user"
    )
    (owned,) = ask("SELECT count(*) FROM pg_tables WHERE tableowner = current_user")
    if powerful or owned:
        yield Finding(
            _("The application's role owns tables or is a superuser: nothing guards the ledger.")
        )


def privileges() -> Findings:
    for model in apps.get_models():
        table = model._meta.db_table
        if getattr(model, "insert_only", False) and table in connection.introspection.table_names():
            query = (
                "SELECT has_table_privilege(%s, 'UPDATE') OR has_table_privilege(%s, 'TRUNCATE')"
            )
            if ask(query, table, table) == (True,):
                yield Finding(
                    _("The application may change %(table)s: run manage.py migrate.")
                    % {"table": table}
                )


def migrations() -> Findings:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        yield Finding(_("The database is behind the program: run manage.py migrate."))


def worker_lag() -> Findings:
    late = Entry.objects.filter(leaf__isnull=True, at__lt=timezone.now() - LONGEST_LAG)
    if late.exists():
        yield Finding(
            _("The worker is behind or not running: ledger entries wait for their order.")
        )


def ledger() -> Findings:
    """What the verifier found last, and whether it still runs every night."""
    due = timezone.now() - OLDEST_VERIFICATION
    for organisation in roots.organisations():
        newest = Verification.objects.filter(organisation=organisation).order_by("-at").first()
        if newest is None or newest.at < due:
            if not Entry.objects.filter(organisation=organisation, at__lt=due).exists():
                continue
            yield Finding(
                _("The ledger of %(organisation)s was not verified in the last two days.")
                % {"organisation": organisation},
                serious=False,
            )
        elif newest.first_bad is not None:
            yield Finding(
                _("The ledger of %(organisation)s is broken: %(finding)s")
                % {
                    "organisation": organisation,
                    "finding": findings.Finding.from_json(newest.first_bad),
                }
            )


def log_key() -> Findings:
    """The key that signed the logs is there, fits, and is nobody else's to read."""
    place = checkpoints.key_place()
    if not Origin.objects.exists():
        return
    if not place.exists():
        yield Finding(str(checkpoints.KeyLost(place=place)))
        return
    if place.stat().st_mode & 0o077:
        yield Finding(
            _("Others can read the key in %(place)s: chmod 600, and rotate it if they did.")
            % {"place": place}
        )
    key = signing.private_key(place)
    for organisation in roots.organisations():
        origin = checkpoints.newest_origin(organisation)
        if origin and not checkpoints.fits(origin, key):
            yield Finding(str(checkpoints.KeyDoesNotFit(origin=origin.name)))


def log_signed() -> Findings:
    """The log goes on from what was signed last, and is signed as it grows."""
    for organisation in roots.organisations():
        named = {"organisation": organisation}
        if not checkpoints.goes_on(checkpoints.memory(), organisation):
            yield Finding(
                _(
                    "The log of %(organisation)s does not go on from its last checkpoint, so it is "
                    "not signed: run manage.py open_origin (docs/operations.md)."
                )
                % named
            )
            continue
        newest = proofs.newest(organisation)
        waiting = Entry.objects.filter(
            organisation=organisation,
            at__lt=timezone.now() - LONGEST_LAG,
            leaf__leaf_index__gte=newest.size if newest else 0,
        )
        if waiting.exists():
            yield Finding(
                _("The log of %(organisation)s has entries that wait for a signature.") % named
            )


def witnessed() -> Findings:
    """Each witness that is configured has cosigned lately."""
    due = timezone.now() - OLDEST_COSIGNATURE
    for witness in witnesses.configured():
        for organisation in roots.organisations():
            signed = proofs.newest(organisation)
            seen = Cosignature.objects.filter(
                organisation=organisation, witness=witness.key.name, seen_at__gt=due
            )
            if signed and signed.at < due and not seen.exists():
                yield Finding(
                    _("The witness %(name)s has not cosigned the log of %(organisation)s lately.")
                    % {"name": witness.key.name, "organisation": organisation},
                    serious=False,
                )


def after_migration(check: Callable[[], Findings]) -> Callable[[], Findings]:
    """The check, where the tables that it reads exist."""

    def guarded() -> Findings:
        if Entry._meta.db_table in connection.introspection.table_names():
            yield from check()

    return guarded


WITHOUT_DATABASE = (
    embedded,
    debugging,
    secret,
    address,
    mail,
    room,
    static_files,
    backups,
    driver,
)
WITH_DATABASE = (
    server,
    clock,
    role_accounts,
    after_migration(privileges),
    migrations,
    after_migration(worker_lag),
    after_migration(log_key),
    after_migration(log_signed),
    after_migration(witnessed),
    after_migration(ledger),
)
