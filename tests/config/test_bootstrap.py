"""The first minute on a new machine: what is missing is said in one sentence."""

import ast
import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from config import bootstrap
from config.bootstrap import Obstacle


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone with a lock file and no environment."""
    monkeypatch.setattr(bootstrap, "HOME", tmp_path)
    monkeypatch.setattr(bootstrap, "VENV", tmp_path / ".venv")
    (tmp_path / bootstrap.RUN).write_text("django==5.2\n")
    return tmp_path


def pip_says(monkeypatch: pytest.MonkeyPatch, stderr: str) -> None:
    answer = subprocess.CompletedProcess([], 1, "", stderr)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: answer)


@pytest.mark.parametrize("name", ["manage.py", "config/bootstrap.py"])
def test_older_pythons_can_read_what_tells_them_that_they_are_too_old(name: str) -> None:
    text = (bootstrap.HOME / name).read_text()
    ast.parse(text, feature_version=(3, 8))
    assert "\nfrom __future__ import annotations\n" in text  # `list[str]` is news to them


def test_an_old_python_hears_which_one_is_needed() -> None:
    bootstrap.check_python((3, 11))
    with pytest.raises(Obstacle, match=r"Python 3\.10 is too old: Duban needs 3\.11"):
        bootstrap.check_python((3, 10))


def test_a_missing_venv_module_is_named_with_its_package(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "importable", lambda _: False)
    with pytest.raises(Obstacle, match="apt install python3-venv"):
        bootstrap.install(bootstrap.RUN)


def test_a_directory_of_somebody_else_is_said_to_be_one(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(Obstacle, match="No permission to write in"):
        bootstrap.install(bootstrap.RUN)


@pytest.mark.parametrize(
    ("stderr", "sentence"),
    [
        ("ERROR: [Errno -3] Temporary failure in name resolution", "No connection to the Python"),
        ("OSError: [Errno 13] Permission denied: '/x/.venv/lib'", "No permission to write"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "failed: ERROR: THESE PACKAGES DO NOT"),
    ],
)
def test_what_stops_pip_is_said_in_a_sentence(
    home: Path, monkeypatch: pytest.MonkeyPatch, stderr: str, sentence: str
) -> None:
    pip_says(monkeypatch, stderr)
    with pytest.raises(Obstacle, match=sentence):
        bootstrap.pip_install(home / bootstrap.RUN)


def test_what_is_installed_already_is_not_installed_again(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pip_says(monkeypatch, "pip was called")
    (home / ".venv" / "bin").mkdir(parents=True)
    (home / ".venv" / "bin" / "pip").touch()
    digest = hashlib.sha256((home / bootstrap.RUN).read_bytes()).hexdigest()
    (home / ".venv" / f"{bootstrap.RUN}.installed").write_text(digest)
    bootstrap.install(bootstrap.RUN)
    (home / bootstrap.RUN).write_text("django==5.2.1\n")
    with pytest.raises(Obstacle, match="pip was called"):
        bootstrap.install(bootstrap.RUN)


@pytest.mark.parametrize("arguments", [["--data", "/d"], ["--data=/d"]])
def test_the_data_directory_is_known_before_settings_are(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "DUBAN_DATA", "/elsewhere")
    assert bootstrap.take_data_option(["manage.py", "up", *arguments, "--port", "1"]) == [
        "manage.py",
        "up",
        "--port",
        "1",
    ]
    assert bootstrap.data_dir() == Path("/d")


@pytest.mark.parametrize("lock", [bootstrap.RUN, bootstrap.TEST, bootstrap.EMBEDDED])
def test_lock_files_have_hashes_and_no_index_address(lock: str) -> None:
    text = (bootstrap.HOME / lock).read_text()
    assert "--hash=sha256:" in text
    for word in ("://", "--index-url", "--find-links", "--extra-index-url"):
        assert word not in text


def test_psycopg_3_stays_out_of_the_lock_files() -> None:
    for lock in (bootstrap.RUN, bootstrap.TEST, bootstrap.EMBEDDED):
        names = {line.partition("==")[0] for line in (bootstrap.HOME / lock).open() if "==" in line}
        assert not names & {"psycopg", "psycopg-binary", "psycopg-c"}
