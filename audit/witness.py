#!/usr/bin/env python3
"""A witness: it remembers the newest checkpoint of each log, and cosigns only what continues it.

Run it on a machine of your own, not on the log's: whoever changes or forks the log later would
need your cosignature on two histories, and this program gives it to one. Step by step:

1. `init`, once. It prints your key. Hand it to the log's operator with the address at which this
   program will answer, and to whoever checks proofs: they name it in their policies.
2. `trust`, once for each log, with the key that the operator tells you. Compare it by telephone.
3. `serve`, always: let your system start it again after a restart (systemd, cron's @reboot).
4. `show`, now and then. A log that wasn't seen for long, or one that the operator says is shorter
   than here, is a reason to ask questions. Answers of 409 or 422 in its output are, too.

    python3 witness.py init --name witness.example.org   makes a key, prints the line for the log
    python3 witness.py trust "KEY"                       a log's key, as the log's operator tells it
    python3 witness.py serve --port 8090                 answers the log, until it is stopped
    python3 witness.py show                              what it has seen, and when

Needs Python 3.9 or later and nothing else. Everything is kept in one directory (--state, else
./witness): `key` is secret, the rest is not. Put a proxy with TLS before it on an open network; its
answers are signed either way.

It speaks https://c2sp.org/tlog-witness: POST /add-checkpoint with the size that the log believes
it has seen, a consistency proof (RFC 6962) and the checkpoint. A wrong size is answered with 409
and the right one, a proof that doesn't hold with 422.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import os
import re
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import NamedTuple

ED25519, COSIGNATURE = 1, 4
LARGEST = 64 * 1024
"""Bytes of a request: a consistency proof is short."""


class Refusal(Exception):
    """What a request is answered with."""

    def __init__(self, status: int, reason: str, kind: str = "text/plain; charset=utf-8") -> None:
        super().__init__(reason)
        self.status, self.reason, self.kind = status, reason, kind


def unbase64(text: str) -> bytes:
    """Strictly: only the one text that encodes the bytes is taken for them. Raises ValueError."""
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError("base64")
    return data


# Ed25519 as in RFC 8032, with the numbers' names of section 5.1. `verify.py` has the same lines:
# each of the two programs is one file on purpose.

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
Point = tuple[int, int, int, int]
"""X, Y, Z, T with x = X/Z, y = Y/Z and x*y = T/Z."""


def add(a: Point, b: Point) -> Point:
    e = (a[1] - a[0]) * (b[1] - b[0]) % P
    f = (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, h, g, f = f - e, h + g, h - g, f + e
    return e * g % P, h * f % P, g * h % P, e * f % P


def times(number: int, point: Point) -> Point:
    result: Point = (0, 1, 1, 0)
    while number:
        if number & 1:
            result = add(result, point)
        point, number = add(point, point), number >> 1
    return result


def point(data: bytes) -> Point | None:
    """The point that 32 bytes stand for; None if they stand for none."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202
_Y = 4 * pow(5, P - 2, P) % P
BASE: Point = (_X, _Y, 1, _X * _Y % P)


def signed_by(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether an Ed25519 signature fits; any encoding but the one of RFC 8032 is refused."""
    if len(public) != 32 or len(signature) != 64:
        return False
    a, r = point(public), point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    k = int.from_bytes(digest, "little") % L
    left, right = times(s, BASE), add(r, times(k, a))
    return all((left[at] * right[2] - right[at] * left[2]) % P == 0 for at in (0, 1))


def public_of(seed: bytes) -> bytes:
    return packed(times(secret(seed)[0], BASE))


def sign(seed: bytes, message: bytes) -> bytes:
    number, prefix = secret(seed)
    public = packed(times(number, BASE))
    r = int.from_bytes(hashlib.sha512(prefix + message).digest(), "little") % L
    first = packed(times(r, BASE))
    k = int.from_bytes(hashlib.sha512(first + public + message).digest(), "little") % L
    return first + ((r + k * number) % L).to_bytes(32, "little")


def secret(seed: bytes) -> tuple[int, bytes]:
    """The number and the prefix that a seed of 32 bytes stands for."""
    digest = hashlib.sha512(seed).digest()
    number = int.from_bytes(digest[:32], "little") & (1 << 254) - 8 | 1 << 254
    return number, digest[32:]


def packed(a: Point) -> bytes:
    inverse = pow(a[2], P - 2, P)
    x, y = a[0] * inverse % P, a[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


# Keys and notes.


class Key(NamedTuple):
    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        data = self.name.encode() + b"\n" + bytes([self.kind]) + self.public
        return hashlib.sha256(data).digest()[:4]

    def __str__(self) -> str:
        data = base64.b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.id.hex()}+{data}"


def key(vkey: str) -> Key:
    """Raises ValueError."""
    name, told, data = vkey.split("+", 2)
    raw = unbase64(data)
    read = Key(name, raw[0] if raw else 0, raw[1:])
    if len(raw) != 33 or read.kind != ED25519 or read.id.hex() != told or not name:
        raise ValueError(f"no log's key: {vkey}")
    return read


class Checkpoint(NamedTuple):
    """A log's tree at one size, as its signed note says."""

    text: str
    origin: str
    size: int
    root: bytes
    signatures: list[tuple[str, bytes]]


def checkpoint(note: str) -> Checkpoint:
    """Raises ValueError."""
    body, gap, lines = note.rpartition("\n\n")
    origin, size, root = body.split("\n")[:3]
    if not gap or not re.fullmatch("0|[1-9][0-9]*", size):
        raise ValueError("no checkpoint")
    signatures = []
    for line in lines.splitlines():
        dash, name, data = line.split(" ")
        if dash != "\u2014":
            raise ValueError("no signature")
        signatures.append((name, unbase64(data)))
    digest = unbase64(root)
    if len(digest) != 32:
        raise ValueError("no root")
    return Checkpoint(body + "\n", origin, int(size), digest, signatures)


def consistent(old: int, new: int, path: list[bytes], before: bytes, after: bytes) -> bool:
    """Whether the path shows that the new tree begins with the old (RFC 9162, 2.1.4.2)."""
    if old in (0, new):
        return not path and (old == 0 or before == after)
    hashes = [before, *path] if old & (old - 1) == 0 else path
    if not hashes or old > new:
        return False
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    one = two = hashes[0]
    for step in hashes[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            one, two = node(step, one), node(step, two)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            two = node(two, step)
        at, last = at >> 1, last >> 1
    return last == 0 and one == before and two == after


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


# The witness.


class Witness:
    """A name, a key, and what was seen: one directory."""

    def __init__(self, state: Path) -> None:
        self.state, self.turn = state, Lock()
        name, seed = (state / "key").read_text().split()
        self.seed = bytes.fromhex(seed)
        self.key = Key(name, COSIGNATURE, public_of(self.seed))

    @classmethod
    def make(cls, state: Path, name: str) -> Witness:
        if not re.fullmatch(r"[^\s+]+", name):
            raise ValueError("a name has neither spaces nor a plus sign")
        if (state / "key").exists():
            raise ValueError(f"{state / 'key'} is there already")
        write(state / "key", f"{name} {os.urandom(32).hex()}\n")
        return cls(state)

    def trust(self, vkey: str) -> None:
        """Answer this log from now on."""
        key(vkey)
        if vkey not in self.trusted():
            write(self.state / "logs", "".join(f"{one}\n" for one in [*self.trusted(), vkey]))

    def trusted(self) -> list[str]:
        path = self.state / "logs"
        return path.read_text().split() if path.exists() else []

    def last(self, origin: str) -> Checkpoint | None:
        path = self.seen(origin)
        return checkpoint(path.read_text()) if path.exists() else None

    def seen(self, origin: str) -> Path:
        return self.state / f"seen-{hashlib.sha256(origin.encode()).hexdigest()[:32]}"

    def add(self, request: str, now: int) -> str:
        """The cosignature's line, once the checkpoint is on the disk. Raises Refusal."""
        try:
            head, gap, note = request.partition("\n\n")
            first, *path = head.split("\n")
            word, old = first.split(" ")
            hashes = [unbase64(one) for one in path]
            told = checkpoint(note)
            if not gap or word != "old" or not old.isdecimal() or len(hashes) > 63:
                raise ValueError("no request")
            if int(old) > told.size:
                raise ValueError("the old size is the larger one")
        except ValueError as error:
            raise Refusal(400, f"{error}\n") from None
        ours = [one for one in map(key, self.trusted()) if one.name == told.origin]
        if not ours:
            raise Refusal(404, "unknown log\n")
        if not any(self.signed(told, one) for one in ours):
            raise Refusal(403, "no signature of the log's key\n")
        with self.turn:
            last = self.last(told.origin)
            size = last.size if last else 0
            if int(old) != size or (last and told.size == size and told.root != last.root):
                raise Refusal(409, f"{size}\n", "text/x.tlog.size")
            before = last.root if last else b""
            if not consistent(size, told.size, hashes, before, told.root):
                raise Refusal(422, "the consistency proof does not hold\n")
            write(self.seen(told.origin), note)
        message = f"cosignature/v1\ntime {now}\n{told.text}".encode()
        signature = now.to_bytes(8, "big") + sign(self.seed, message)
        data = base64.b64encode(self.key.id + signature).decode()
        return f"\u2014 {self.key.name} {data}\n"

    def signed(self, told: Checkpoint, log: Key) -> bool:
        return any(
            name == log.name
            and data[:4] == log.id
            and signed_by(log.public, data[4:], told.text.encode())
            for name, data in told.signatures
        )


def write(path: Path, text: str) -> None:
    """Replace the file and have it on the disk before this returns."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    os.fsync(directory)
    os.close(directory)


def answering(witness: Witness) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if self.path != "/add-checkpoint":
                return self.say(404, "no such address\n")
            if not length.isdecimal() or int(length) > LARGEST:
                return self.say(400, "too long, or of unknown length\n")
            try:
                text = self.rfile.read(int(length)).decode()
                self.say(200, witness.add(text, int(time.time())))
            except UnicodeDecodeError:
                self.say(400, "no text\n")
            except Refusal as refusal:
                self.say(refusal.status, refusal.reason, refusal.kind)

        def say(self, status: int, text: str, kind: str = "text/plain; charset=utf-8") -> None:
            data = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    return Handler


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--state", type=Path, default=Path("witness"), metavar="DIR")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("init").add_argument("--name", required=True)
    commands.add_parser("trust").add_argument("key")
    serve = commands.add_parser("serve")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8090)
    commands.add_parser("show")
    given = parser.parse_args(arguments)
    try:
        if given.command == "init":
            print(Witness.make(given.state, given.name).key)
            return 0
        witness = Witness(given.state)
        if given.command == "trust":
            witness.trust(given.key)
            return 0
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    if given.command == "show":
        return show(witness)
    server = ThreadingHTTPServer((given.host, given.port), answering(witness))
    print(f"{witness.key}\nhttp://{given.host}:{server.server_port}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()
    return 0


def show(witness: Witness) -> int:
    print(witness.key)
    for one in map(key, witness.trusted()):
        last = witness.last(one.name)
        if last is None:
            print(f"{one.name}: nothing seen yet")
            continue
        seen = witness.seen(one.name).stat().st_mtime
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seen))
        print(f"{one.name}: {last.size} entries, root {last.root.hex()}, {when}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
