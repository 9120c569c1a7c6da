"""A bundle that a stranger brings, checked by its own program in a process with bounded means.

The child gets two files to read and nothing else: no environment, no right to write more than its
answer. What it can't finish is not judged.
"""

import fcntl
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.dateparse import parse_datetime
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from audit import verify, witnesses
from audit.models import Origin

MEMORY, CPU, WALL = 512 * 1024 * 1024, 20, 40  # bytes, seconds of work, seconds on the clock
VERIFIER = Path(verify.__file__)
ANSWER = 64 * 1024
TOO_MUCH = 3
"""The exit code of a program that ran out of memory; one that ran out of time dies of a signal."""
AT_ONCE = 2
"""Bundles that this machine checks at the same time."""
_START = f"""
import resource, runpy, sys
for kind, value in ((resource.RLIMIT_AS, {MEMORY}), (resource.RLIMIT_CPU, {CPU}),
                    (resource.RLIMIT_FSIZE, {ANSWER}), (resource.RLIMIT_CORE, 0)):
    resource.setrlimit(kind, (value, value))
sys.argv = sys.argv[1:]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
except MemoryError:
    sys.exit({TOO_MUCH})
"""


class Busy(Exception):
    """As many bundles are being checked as this machine should check at once."""


@dataclass(frozen=True)
class BundleAnswer:
    """What is wrong with a bundle, in a sentence, or what it holds.

    `first` and `last` are the times of its entries; `cosigned` the witnesses whose keys we know.
    """

    problem: str = ""
    origin: str = ""
    entries: int = 0
    size: int = 0
    whole: bool = False
    first: datetime | None = None
    last: datetime | None = None
    texts: int = 0
    files: int = 0
    absent: int = 0
    personally_signed: int = 0
    server_attested: int = 0
    cosigned: list[tuple[str, datetime]] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not self.problem


def check(bundle: "UploadedFile[bytes]") -> BundleAnswer:
    """Judge it by the keys of the logs that are kept here. Raises Busy."""
    with _turn(), tempfile.TemporaryDirectory(prefix="duban-verify-") as place:
        brought, policy = Path(place, "bundle.zip"), Path(place, "policy.txt")
        with brought.open("wb") as file:
            for block in bundle.chunks():
                file.write(block)
        policy.write_text(_policy(), encoding="utf-8")
        with tempfile.TemporaryFile() as answer:
            if not _run(brought, policy, answer):
                return BundleAnswer(
                    _(
                        "It needs more memory or time than this page gives a bundle. Check it on a "
                        "machine of your own: python3 -I verify.py bundle.zip"
                    )
                )
            answer.seek(0)
            return _told(answer.read(ANSWER))


def _run(brought: Path, policy: Path, answer: IO[bytes]) -> bool:
    """Whether the program came to an end within its limits."""
    command = [sys.executable, "-I", "-X", "utf8", "-c", _START, str(VERIFIER)]
    try:
        done = subprocess.run(
            [*command, str(brought), "--policy", str(policy), "--json"],
            stdin=subprocess.DEVNULL,
            stdout=answer,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
            timeout=WALL,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode != TOO_MUCH and done.returncode >= 0


def _policy() -> str:
    """Every key under which a log of ours was signed. Cosignatures are told, none is asked for."""
    logs = [f"log {vkey}" for vkey in Origin.objects.values_list("vkey", flat=True)]
    asked = [f"witness w{n} {one.key}" for n, one in enumerate(witnesses.configured(), 1)]
    return "\n".join([*logs, *asked, "quorum none", ""])


def _told(answer: bytes) -> BundleAnswer:
    try:
        told = json.loads(answer)
        if not told["verified"]:
            return BundleAnswer(_problem(told["first_bad"]))
        names = {f"w{n}": one.key.name for n, one in enumerate(witnesses.configured(), 1)}
        return BundleAnswer(
            origin=told["origin"],
            entries=told["entries"],
            size=told["size"],
            whole=bool(told["whole"]),
            first=parse_datetime(told["first"]),
            last=parse_datetime(told["last"]),
            texts=told["texts"],
            files=told["files"],
            personally_signed=told["personally_signed"],
            server_attested=told["server_attested"],
            absent=told["texts_absent"] + told["files_absent"],
            cosigned=[
                (names[name], datetime.fromtimestamp(seen, UTC))
                for name, seen in told["cosigned"].items()
            ],
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return BundleAnswer(_("This is no bundle: it should be the zip file of an export."))


def _problem(bad: dict[str, Any]) -> str:
    code, where = str(bad["code"]), str(bad.get("where", ""))[:200]
    if code == "signature" and not Origin.objects.filter(name=where).exists():
        return _("It comes from a log that is not kept here: %s.") % where
    found = {name: value for name, value in bad.items() if name not in ("code", "where")}
    language = 1 if (get_language() or "").startswith("zh") else 0
    return verify.sentence(verify.Wrong(code, where, **found), language)


@contextmanager
def _turn() -> Iterator[None]:
    """One of the places; a lock on a file ends with the process, whatever ends it."""
    place = settings.DATA_DIR / "verifying"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    for number in range(AT_ONCE):
        with (place / str(number)).open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield
            return
    raise Busy
