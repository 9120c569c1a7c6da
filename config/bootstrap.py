"""Make the Python environment Duban runs in. Standard library only, readable by older Pythons."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
VENV = HOME / ".venv"
OLDEST_PYTHON = (3, 11)
NO_NETWORK = ("name resolution", "NewConnectionError", "ConnectTimeout", "Network is unreachable")

RUN = "requirements.lock"
TEST = "requirements-test.lock"  # everything in requirements.lock, and the tools
EMBEDDED = "requirements-embedded.lock"
# What must be importable for an environment that we did not make to be good enough.
NEEDED = {
    RUN: ("django", "viewflow", "psycopg2"),
    TEST: ("django", "viewflow", "psycopg2", "pytest_django", "xdist"),
}


class Obstacle(Exception):
    """Something outside Duban is in the way; the text says what it is and what to do."""


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def take_data_option(argv: list[str]) -> list[str]:
    """Take `--data DIR` out of the arguments and into DUBAN_DATA, before settings are read."""
    rest: list[str] = []
    arguments = iter(argv)
    for argument in arguments:
        if argument == "--data":
            os.environ["DUBAN_DATA"] = os.path.abspath(next(arguments, ".data"))
        elif argument.startswith("--data="):
            os.environ["DUBAN_DATA"] = os.path.abspath(argument[len("--data=") :])
        else:
            rest.append(argument)
    return rest


def data_dir() -> Path:
    return Path(os.environ.get("DUBAN_DATA") or HOME / ".data").resolve()


def enter_environment(*, with_tests: bool = False) -> None:
    """Return inside an environment with Duban's packages; make it and start over if need be."""
    check_python(sys.version_info[:2])
    lock = TEST if with_tests else RUN
    if not inside_venv() and all(map(importable, NEEDED[lock])):
        return  # somebody else's environment, a container's for instance
    install(lock)
    if not inside_venv():
        python = str(VENV / "bin" / "python")
        os.execv(python, [python, *sys.argv])


def check_python(version: tuple[int, ...]) -> None:
    if version < OLDEST_PYTHON:
        raise Obstacle(
            "Python {}.{} is too old: Duban needs 3.11 or later. Debian 12 and Ubuntu 24.04 have "
            "it; elsewhere install a newer Python and run it instead, for instance "
            "`python3.12 manage.py up`.".format(*version[:2])
        )


def inside_venv() -> bool:
    return Path(sys.prefix).resolve() == VENV.resolve()


def importable(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def install(lock: str) -> None:
    """Bring .venv to what `lock` says, unless it is there already."""
    wanted = HOME / lock
    stamp = VENV / f"{lock}.installed"
    digest = hashlib.sha256(wanted.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == digest:
        return
    with wanted.open() as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # two first starts at once take turns
        if stamp.exists() and stamp.read_text() == digest:
            return
        if not (VENV / "bin" / "pip").exists():
            make_venv()
        say(f"Installing the packages of {lock} (once, a minute or two) ...")
        pip_install(wanted)
        stamp.write_text(digest)


def make_venv() -> None:
    if not importable("ensurepip"):
        raise Obstacle(
            "Python's venv module is missing. On Debian and Ubuntu: apt install python3-venv"
        )
    if not os.access(HOME, os.W_OK):
        raise Obstacle(
            f"No permission to write in {HOME}, where the environment (.venv) belongs. Run Duban "
            "as the owner of that directory, or clone it to a place of your own."
        )
    say("Making the Python environment .venv ...")
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(VENV)], capture_output=True, text=True
    )
    if made.returncode:
        raise Obstacle(f"The environment .venv could not be made: {last_line(made)}")


def pip_install(requirements: Path) -> None:
    command = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-input"]
    command += ["--disable-pip-version-check", "--require-hashes", "-r", str(requirements)]
    done = subprocess.run(command, capture_output=True, text=True)
    if not done.returncode:
        return
    if any(sign in done.stderr for sign in NO_NETWORK):
        raise Obstacle(
            "No connection to the Python package index. Connect this machine to the internet for "
            "the first start, or point pip at a mirror (PIP_INDEX_URL)."
        )
    if "Permission denied" in done.stderr:
        raise Obstacle(f"No permission to write in {VENV}. Run Duban as the owner of it.")
    raise Obstacle(f"Installing {requirements.name} failed: {last_line(done)}")


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = (done.stderr or done.stdout).strip().splitlines()
    return lines[-1] if lines else f"exit code {done.returncode}"
