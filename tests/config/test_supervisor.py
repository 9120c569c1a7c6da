"""One supervisor, its processes, and the ways to end them."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest
from pytest_django import Settings

from config import bootstrap, postgres
from config.management.commands import up
from config.supervisor import Broken, Supervisor

# A supervisor over one process, whose number it prints.
SUPERVISE = """
from config.supervisor import Supervisor
with Supervisor() as processes:
    print(processes.add("sleeper", ["sleep", "60"]).process.pid, flush=True)
    processes.watch()
"""


@contextlib.contextmanager
def supervising() -> Iterator[tuple[subprocess.Popen[str], int]]:
    with subprocess.Popen(
        [sys.executable, "-c", SUPERVISE], cwd=bootstrap.HOME, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        try:
            yield process, int(process.stdout.readline())
        finally:
            process.kill()


def alive(pid: int) -> bool:
    """Running, rather than gone or waiting to be buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def eventually(condition: Callable[[], bool], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stopped_supervisor_stops_its_processes_first(number: signal.Signals) -> None:
    with supervising() as (process, child):
        process.send_signal(number)
        assert process.wait(10) == 0
        assert not alive(child)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is Linux's")
def test_a_killed_supervisor_leaves_nothing_behind() -> None:
    with supervising() as (process, child):
        process.kill()
        process.wait()
        assert eventually(lambda: not alive(child))


def test_a_process_that_dies_is_started_again() -> None:
    processes = Supervisor()
    child = processes.add("sleeper", ["sleep", "60"])
    first = child.process.pid
    child.process.kill()
    child.process.wait()
    child.revive()
    assert child.process.pid != first
    assert alive(child.process.pid)
    processes.__exit__()
    assert not alive(child.process.pid)


def test_a_process_that_never_lives_is_given_up() -> None:
    processes = Supervisor()
    processes.add("dud", ["false"])
    with pytest.raises(Broken, match="dud"):
        processes.watch()


def test_a_database_that_closes_the_connection_while_it_is_looked_after_ends_nothing(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path
) -> None:
    def reset(cluster: object) -> None:
        raise psycopg2.OperationalError("server closed the connection unexpectedly")

    settings.EMBEDDED, settings.DATA_DIR = True, tmp_path
    monkeypatch.setattr(postgres.Cluster, "ensure_running", reset)
    up.keep_database_running()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def duban_up(data: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """`manage.py up` as a newcomer runs it: with nothing in the environment."""
    inherited = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    command = [sys.executable, "manage.py", "up", "--no-demo", f"--port={port}", f"--data={data}"]
    with subprocess.Popen(
        command,
        cwd=bootstrap.HOME,
        env=inherited,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(30)
            process.kill()


def read_until(process: subprocess.Popen[str], text: str) -> str:
    assert process.stdout
    seen = ""
    for line in process.stdout:
        seen += line
        if text in line:
            return seen
    raise AssertionError(f"{text!r} never came:\n{seen}")


def test_up_serves_is_quick_the_second_time_and_refuses_a_taken_port() -> None:
    with tempfile.TemporaryDirectory(prefix="duban-", ignore_cleanup_errors=True) as place:
        data, port = Path(place) / "data", free_port()
        with duban_up(data, port) as first:
            steps = read_until(first, "Duban is ready")
            assert "Bringing the database up to date" in steps
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz") as answer:
                assert answer.status == 200
            with duban_up(data, port) as rival:
                assert f"Port {port} can't be used" in read_until(rival, "--port")
            first.send_signal(signal.SIGINT)
            read_until(first, "Stopped")
            assert first.wait(30) == 0
        assert not (data / "postgres" / "postmaster.pid").exists()
        with duban_up(data, port) as second:
            assert "Bringing the database up to date" not in read_until(second, "Duban is ready")
