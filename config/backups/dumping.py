"""PostgreSQL's own pg_dump and pg_restore, of a version that fits the server."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from django.db import connection
from django.utils.translation import gettext_lazy as _
from psycopg2.extensions import make_dsn

from audit.errors import Refused
from config import postgres

PATIENCE = "60s"  # for a migration's locks


class NoProgram(Refused):
    """pg_dump or pg_restore is missing, or older than the server."""

    sentence = _(
        "There is no %(program)s of PostgreSQL %(version)d or later on this machine. On Debian and "
        "Ubuntu: apt install postgresql-client-%(version)d"
    )


class ProgramFailed(Refused):
    """pg_dump or pg_restore gave up."""

    sentence = _("%(program)s gave up: %(reason)s")


def dump(file: Path, snapshot: str) -> None:
    """Write everything that the snapshot sees, but for sessions: who was signed in must sign in.

    Raises NoProgram, ProgramFailed.
    """
    _run(
        "pg_dump",
        "--format=custom",
        f"--snapshot={snapshot}",
        f"--lock-wait-timeout={PATIENCE}",
        "--exclude-table-data=django_session",
        f"--file={file}",
    )


def load(file: Path) -> None:
    """Read a dump into the empty database: all of it or, where anything is wrong, nothing.

    Owner and privileges are those of this installation. Raises NoProgram, ProgramFailed.
    """
    options = ("--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction")
    _run("pg_restore", *options, str(file))


def _run(name: str, *arguments: str) -> None:
    given = dict(connection.get_connection_params())
    for ours in ("cursor_factory", "context", "prepare_threshold"):
        given.pop(ours, None)
    password = str(given.pop("password", "") or "")
    given["application_name"] = f"duban {name}"
    command = [str(program(name)), "--no-password", f"--dbname={make_dsn(**given)}", *arguments]
    # In the environment, because everybody may read the arguments of a process.
    environment = os.environ | ({"PGPASSWORD": password} if password else {})
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        said = [line for line in done.stderr.strip().splitlines() if line]
        reason = next((line for line in said if "error:" in line), said[-1] if said else "")
        raise ProgramFailed(program=name, reason=reason or done.returncode)


def program(name: str) -> Path:
    """The program of the server's own major version, else the oldest that is newer."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        server = int(cursor.fetchone()[0]) // 10_000
    found = {version: path for path in _places(name) if (version := _major(path)) >= server}
    if not found:
        found = {
            version: path / name
            for path in postgres.wheel()
            if (version := _major(path / name)) >= server
        }
    if not found:
        raise NoProgram(program=name, version=server)
    return found[min(found)]


def _places(name: str) -> Iterator[Path]:
    if chosen := os.environ.get("DUBAN_POSTGRES_BIN"):
        yield from [] if chosen == "wheel" else [Path(chosen) / name]
        return
    yield from Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    if on_path := shutil.which(name):
        yield Path(on_path)


def _major(path: Path) -> int:
    """15 for `pg_dump (PostgreSQL) 15.14`; 0 for what can't be run."""
    try:
        answer = subprocess.run([path, "--version"], capture_output=True, text=True).stdout
    except OSError:
        return 0
    found = re.search(r"\) (\d+)", answer)
    return int(found[1]) if found else 0
