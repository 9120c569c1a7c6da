"""Test databases: one migrated template, cloned for every process that tests.

The owner makes the template, with the privileges that production has; the tests then run as the
application. Making it takes seconds, cloning milliseconds, so it is kept until a migration changes.
"""

import contextlib
import fcntl
import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg2
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg2 import extensions, sql

from config import bootstrap

PREFIX = "duban_template_"


def fingerprint() -> str:
    """Changes whenever the tables or the privileges might."""
    digest = hashlib.sha256()
    sources = [bootstrap.HOME / bootstrap.RUN, bootstrap.HOME / "config" / "roles.py"]
    for pattern in ("*/migrations/*.py", "*/models.py", "*/models/*.py", "audit/triggers.py"):
        sources += bootstrap.HOME.glob(pattern)
    for path in sorted(sources):
        digest.update(str(path.relative_to(bootstrap.HOME)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def at(url: str, name: str) -> str:
    """The same address with another database's name."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


@contextlib.contextmanager
def maintenance() -> Iterator["extensions.cursor"]:
    """A cursor of the owner beside the test databases, one holder at a time."""
    connection = psycopg2.connect(at(os.environ["DATABASE_OWNER_URL"], "postgres"))
    connection.autocommit = True
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(5301)")
        yield cursor


def template(*, anew: bool = False) -> str:
    """The name of the migrated template database; made if it is missing or out of date."""
    name = PREFIX + fingerprint()
    with maintenance() as cursor:
        drop_abandoned(cursor)
        cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{PREFIX}%"])
        existing = {row[0] for row in cursor.fetchall()}
        if name in existing and not anew:
            return name
        for outdated in existing:
            drop(cursor, outdated)
        draft = f"duban_migrating_{os.getpid()}"
        drop(cursor, draft)
        cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(draft)))
        migrate(draft)
        rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
        cursor.execute(rename.format(sql.Identifier(draft), sql.Identifier(name)))
    return name


@contextlib.contextmanager
def alone(lock: Path) -> Iterator[None]:
    """One process of this machine at a time."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def drop_all_of(process: int) -> None:
    """What the run of this process has left for all its workers."""
    with maintenance() as cursor:
        cursor.execute(
            "SELECT datname FROM pg_database WHERE datname ~ %s", [f"^duban_empty_.*_{process}$"]
        )
        for (name,) in cursor.fetchall():
            drop(cursor, name)


def drop_abandoned(cursor: "extensions.cursor") -> None:
    """The databases of runs that were killed: their names end with a process that is no more."""
    cursor.execute(
        "SELECT datname FROM pg_database WHERE datname ~ '^duban_(test|empty)_.*_[0-9]+$'"
    )
    for (name,) in cursor.fetchall():
        try:
            os.kill(int(name.rpartition("_")[2]), 0)
        except ProcessLookupError:
            drop(cursor, name)
        except PermissionError:
            continue


def migrate(name: str) -> None:
    """Migrate and grant as the owner, in a process of its own: ours is the application."""
    addresses = {
        key: at(value, name) for key, value in os.environ.items() if key.startswith("DATABASE_")
    }
    done = subprocess.run(
        [sys.executable, Path("manage.py"), "migrate", "--verbosity", "0", "--skip-checks"],
        cwd=bootstrap.HOME,
        env=os.environ | addresses,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"The test database could not be migrated:\n{done.stderr}")


def create(source: str, name: str) -> None:
    """A database like `source`."""
    with maintenance() as cursor:
        drop(cursor, name)
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
        cursor.execute(statement.format(sql.Identifier(name), sql.Identifier(source)))


@contextlib.contextmanager
def clone(source: str, name: str) -> Iterator[str]:
    """A database like `source` for the length of the block."""
    create(source, name)
    try:
        yield name
    finally:
        with maintenance() as cursor:
            drop(cursor, name)


def drop(cursor: "extensions.cursor", name: str) -> None:
    """Without FORCE, which may not end autovacuum; plain DROP asks that to stop and waits."""
    statement = sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name))
    for attempt in range(3):
        end_sessions(cursor, name)
        try:
            cursor.execute(statement)
        except psycopg2.errors.ObjectInUse:
            if attempt == 2:
                raise
        else:
            return


def end_sessions(cursor: "extensions.cursor", name: str) -> None:
    """End what a server's threads may have left open: each role ends its own, if there are any."""
    cursor.execute("SELECT DISTINCT usename FROM pg_stat_activity WHERE datname = %s", [name])
    users = {user for (user,) in cursor.fetchall()}
    for role in ("", "WORKER_", "AUDITOR_", "OWNER_"):
        address = os.environ[f"DATABASE_{role}URL"]
        if urlsplit(address).username not in users:
            continue
        connection = psycopg2.connect(at(address, "postgres"))
        with contextlib.closing(connection), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = %s AND usename = current_user",
                [name],
            )


@contextlib.contextmanager
def connected_to(name: str) -> Iterator[None]:
    """Django's connections lead to the database `name` within the block."""
    try:
        with another_connection(NAME=name):
            yield
    finally:
        forget_resting(name)


@contextlib.contextmanager
def speaking_as(role: str) -> Iterator[None]:
    """Django speaks to the database as another role within the block: `worker`, `auditor`, `owner`.

    Only with committed data: an open transaction of the application would not be seen.
    """
    parts = urlsplit(os.environ[f"DATABASE_{role.upper()}_URL"])
    with another_connection(USER=parts.username, PASSWORD=parts.password):
        yield


# Opening a connection costs more than most tests do with it: the password alone takes both sides
# thousands of rounds, and a new server process knows nothing of tables and triggers. So they rest.

Key = tuple[int, str, str]
_resting: dict[Key, BaseDatabaseWrapper] = {}


def _key() -> Key:
    given = connections.settings["default"]
    return threading.get_ident(), given["NAME"], given["USER"]


@contextlib.contextmanager
def another_connection(**changes: Any) -> Iterator[None]:
    """This thread speaks over another connection within the block; its own is put aside, open.

    New threads connect as described, too. The other one rests until the database is left.
    """
    own = connections["default"]
    described = connections.settings["default"]
    before = {name: described[name] for name in changes}
    described |= changes
    key = _key()
    if key not in _resting:
        _resting[key] = connections.create_connection("default")
    connections["default"] = _resting.pop(key)
    try:
        yield
    finally:
        used = connections["default"]
        if is_clean(used):
            _resting[key] = used
        else:
            used.close()
        described |= before
        connections["default"] = own


def is_clean(connection: BaseDatabaseWrapper) -> bool:
    """Whether the next user finds it as if it were new: open, and no transaction left."""
    if connection.in_atomic_block or connection.connection is None:
        return False
    status = connection.connection.info.transaction_status
    return not connection.errors_occurred and status == extensions.TRANSACTION_STATUS_IDLE


def forget_resting(name: str) -> None:
    """Close what this thread has resting in the database `name`."""
    thread = threading.get_ident()
    for key in [key for key in _resting if key[:2] == (thread, name)]:
        _resting.pop(key).close()


def leave_clean() -> None:
    """At the end of a test: connections of other roles are closed; ours, if it isn't as new."""
    own = connections["default"]
    forget_resting(own.settings_dict["NAME"])
    if not is_clean(own):
        own.close()
