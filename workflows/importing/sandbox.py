"""Runs the importer on untrusted files in a process of its own, with bounded memory and time.

The child gets bytes on its standard input and nothing else: no environment, no open files, no right
to write any. What it can't finish within its limits is refused.
"""

from __future__ import annotations

import json
import resource
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from .proposal import Proposal
from .proposing import propose
from .reading import MAX_BYTES, read_document, read_text
from .refusals import REFUSALS, Refused
from .resolve import DirectorySnapshot

_ROOT = Path(__file__).resolve().parents[2]
_START = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from workflows.importing import sandbox; sandbox.child(sys.stdin.buffer, sys.stdout.buffer)"
)
_LENGTH = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class Limits:
    """Generous for any document people write, small for a machine shared with others."""

    memory_bytes: int = 1024 * 1024 * 1024
    cpu_seconds: int = 30
    wall_seconds: int = 60


def propose_file(
    data: bytes, filename: str, directory: DirectorySnapshot, limits: Limits | None = None
) -> Proposal:
    """`propose(read_document(…))` in a subprocess.

    Raises Refused, with `too_complex` when a limit was met. Size is checked before the subprocess.
    """
    if len(data) > MAX_BYTES:
        raise Refused("too_large", size=len(data), limit=MAX_BYTES)
    return _run({"filename": filename}, data, directory, limits or Limits())


def propose_text(text: str, directory: DirectorySnapshot, limits: Limits | None = None) -> Proposal:
    """The same for pasted text."""
    data = text.encode("utf-8", "replace")
    if len(data) > MAX_BYTES:
        raise Refused("too_large", size=len(data), limit=MAX_BYTES)
    return _run({"pasted": True}, data, directory, limits or Limits())


def _run(
    request: dict[str, Any], data: bytes, directory: DirectorySnapshot, limits: Limits
) -> Proposal:
    head = json.dumps(
        request
        | {
            "directory": directory.to_dict(),
            "memory_bytes": limits.memory_bytes,
            "cpu_seconds": limits.cpu_seconds,
        }
    ).encode()
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-X", "utf8", "-c", _START, str(_ROOT)],
            input=_LENGTH.pack(len(head)) + head + data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
            close_fds=True,
            timeout=limits.wall_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Refused("too_complex") from error
    return _answer(done.stdout if done.returncode == 0 else b"")


def _answer(output: bytes) -> Proposal:
    try:
        answer = json.loads(output)
    except ValueError as error:
        raise Refused("too_complex") from error
    if refused := answer.get("refused"):
        code = refused["code"] if refused["code"] in REFUSALS else "too_complex"
        raise Refused(code, **refused["params"])
    return Proposal.from_dict(answer["proposal"])


def child(stdin: IO[bytes], stdout: IO[bytes]) -> None:
    """The subprocess: limits first, then one request, one answer."""
    (length,) = _LENGTH.unpack(stdin.read(_LENGTH.size))
    request = json.loads(stdin.read(length))
    _limit(request["memory_bytes"], request["cpu_seconds"])
    data = stdin.read()
    try:
        directory = DirectorySnapshot.from_dict(request["directory"])
        if request.get("pasted"):
            document = read_text(data.decode())
        else:
            document = read_document(data, request["filename"])
        answer: dict[str, Any] = {"proposal": propose(document, directory).to_dict()}
    except Refused as refusal:
        answer = {"refused": refusal.to_dict()}
    except (MemoryError, RecursionError):
        answer = {"refused": {"code": "too_complex", "params": {}}}
    stdout.write(json.dumps(answer).encode())
    stdout.flush()


def _limit(memory_bytes: int, cpu_seconds: int) -> None:
    for kind, value in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        ceiling = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (ceiling, ceiling))
