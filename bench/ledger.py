"""What it costs to check the ledger: a bundle of a million entries, and one entry's proof.

Ratios: the verifier's time over that of hashing the same bytes with nothing around it.
"""

import hashlib
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection
from psycopg2.extras import execute_values

from audit import merkle, notes, signing, tiles, tree, verify
from bench.inbox import owner

ENTRIES = int(os.environ.get("DUBAN_BENCH_ENTRIES", "1000000"))
SUBJECTS = 20_000
PROOFS = 300


def bodies(organisation: UUID, count: int) -> Iterator[bytes]:
    """Entries as sign-offs have them, chained by subject, about 700 bytes each."""
    chance = random.Random(1)
    heads: dict[int, tuple[int, str]] = {}
    for _number in range(count):
        subject = chance.randrange(SUBJECTS)
        seq, prev = heads.get(subject, (0, "00" * 32))
        fields = {
            "acting_for": None,
            "action": str(UUID(int=chance.getrandbits(128))),
            "actor": f"person:{UUID(int=chance.getrandbits(128))}",
            "at": "2026-11-16T01:30:00.000000Z",
            "capacity": {
                "post": str(UUID(int=subject)),
                "title": "主要负责人",
                "unit_name": "统战部",
            },
            "facts": {"sign_off": {"decision": "approve", "statement": "ab" * 32, "target": None}},
            "kind": "approval.signed_off",
            "organisation": str(organisation),
            "prev": prev,
            "seq": seq + 1,
            "subject": f"task:{UUID(int=subject)}",
            "v": 1,
        }
        body = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
        heads[subject] = seq + 1, hashlib.sha256(b"\x00" + body).hexdigest()
        yield body


def bundle(path: Path) -> None:
    """A whole log's bundle, written as the product writes it."""
    organisation, tree_, key = uuid4(), verify.Tree(), Ed25519PrivateKey.generate()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("entries.ndjson", "w", force_zip64=True) as file:
            for body in bodies(organisation, ENTRIES):
                file.write(body + b"\n")
                tree_.add(hashlib.sha256(b"\x00" + body).digest())
        name = f"bench.example/log/{organisation}"
        vkey = signing.verifier(name, key)
        text = str(notes.Checkpoint(name, ENTRIES, tree_.root()))
        archive.writestr("checkpoint.txt", str(notes.signed(text, vkey, key)))
        archive.writestr("policy.txt", f"log {vkey}\nquorum none\n")
        archive.writestr("manifest.json", json.dumps({"v": 1, "scope": "all", "whole": True}))


def verified(path: Path) -> dict[str, Any]:
    """Seconds, memory, and how many times the bare hashing of the same bytes that is."""
    began = time.perf_counter()
    with zipfile.ZipFile(path) as archive, archive.open("entries.ndjson") as file:
        for line in file:
            hashlib.sha256(line).digest()
    bare = time.perf_counter() - began
    began = time.perf_counter()
    command = [sys.executable, "-I", verify.__file__, str(path), "--json"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    took = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {"seconds": round(took, 1), "MB": round(peak), "verify/hashlib": round(took / bare, 2)}


def log_of_tiles() -> tuple[UUID, int]:
    """The tiles of a log of about a million leaves, as the sequencer keeps them."""
    organisation, chance = uuid4(), random.Random(2)
    full = ENTRIES // tiles.WIDTH
    strips = [chance.randbytes(tiles.WIDTH * tiles.HASH) for _index in range(full)]
    roots = [merkle.perfect(tiles.hashes(strip)) for strip in strips]
    rows = list(zip(repeat(0), range(full), strips, roots, strict=False))
    for index in range(full // tiles.WIDTH):
        row = roots[index * tiles.WIDTH : (index + 1) * tiles.WIDTH]
        rows.append((1, index, b"".join(row), merkle.perfect(row)))
    name = str(connection.settings_dict["NAME"])
    with owner(name) as link, link.cursor() as cursor:
        execute_values(
            cursor,
            "INSERT INTO audit_tile (id, organisation, level, tile_index, hashes, root) VALUES %s",
            [(str(uuid4()), str(organisation), *one) for one in rows],
        )
    return organisation, full * tiles.WIDTH


def proven() -> dict[str, float]:
    """Milliseconds of an inclusion proof with nothing read before it."""
    organisation, size = log_of_tiles()
    times = []
    for _number in range(PROOFS):
        index = random.randrange(size)
        began = time.perf_counter()
        merkle.inclusion(index, size, tree.reader(organisation))
        times.append((time.perf_counter() - began) * 1000)
    return {
        "p50 ms": round(statistics.median(times), 2),
        "p99 ms": round(statistics.quantiles(times, n=100)[98], 2),
    }


def main(*, json_only: bool = False) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "bundle.zip"
        bundle(path)
        checked = verified(path)
    return {
        "name": "ledger",
        "entries": ENTRIES,
        "verify a bundle": checked,
        "inclusion proof": proven(),
        "ratios": {"verify/hashlib": checked["verify/hashlib"]},
    }
