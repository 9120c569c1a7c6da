"""What the ledger costs: whoever decides, whoever wants a receipt, whoever checks it all.

- throughput: decisions of eight people at once, with ledger and live sequencer against none
  (`_writers` says what "none" leaves out)
- receipt: from a sign-off's commit until its proof can be had, at fifty sign-offs a second
- verify a bundle: the verifier over a million entries, against hashing the same bytes
- inclusion proof, verification in full: in a database whose log has a million entries
"""

import hashlib
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from audit import merkle, notes, proofs, signing, verify
from audit.models import Entry, Leaf
from bench import _log, _writers
from bench._log import ENTRIES
from tests import databases

LIMITS = {"throughput with/none": 0.85, "receipt p99/2 s": 1, "proof p50/5 ms": 1}
SUBJECTS = 20_000
PROOFS = 300


def bodies(organisation: UUID, count: int) -> Iterator[bytes]:
    """Entries as sign-offs have them, chained by subject, about 820 bytes each.

    Four of five hold the commitment of a comment.
    """
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
            "facts": {
                "sign_off": {
                    "comment": {"commitment": chance.randbytes(32).hex()}
                    if chance.random() < 0.82
                    else None,
                    "decision": "approve",
                    "id": str(UUID(int=chance.getrandbits(128))),
                    "statement": chance.randbytes(32).hex(),
                    "target": None,
                }
            },
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
    took, peak = watched([sys.executable, "-I", verify.__file__, str(path), "--json"], {})
    return {"seconds": round(took, 1), "MB": round(peak), "verify/hashlib": round(took / bare, 2)}


def proven(organisation: UUID) -> dict[str, float]:
    """Milliseconds from an entry's id until its proof is there, everything read and computed; and
    how often that is of reading the entry alone."""
    whole, alone = [], []
    chance = random.Random(3)
    for _number in range(PROOFS):
        leaf = Leaf.objects.get(organisation=organisation, leaf_index=chance.randrange(ENTRIES))
        began = time.perf_counter()
        entry = Entry.objects.select_related("leaf").get(pk=leaf.entry_id)
        read = time.perf_counter()
        proof = proofs.of(entry)
        done = time.perf_counter()
        assert proof is not None
        told = notes.Checkpoint.parse(proof.checkpoint.text)
        hash_ = bytes(entry.entry_hash)
        assert merkle.included(hash_, proof.index, told.size, proof.path, told.root)
        whole.append((done - began) * 1000)
        alone.append((read - began) * 1000)
    return {
        "p50 ms": round(statistics.median(whole), 2),
        "p99 ms": round(statistics.quantiles(whole, n=100)[98], 2),
        "proof/read of the entry": round(statistics.median(whole) / statistics.median(alone), 1),
    }


def fully_verified(organisation: UUID) -> dict[str, Any]:
    """Seconds and memory of `verify_ledger --full`, and how many times the bare hashing that is."""
    began = time.perf_counter()
    bodies = Entry.objects.filter(organisation=organisation).values_list("body", flat=True)
    for body in bodies.iterator(chunk_size=2000):
        hashlib.sha256(bytes(body)).digest()
    bare = time.perf_counter() - began
    command = ["manage.py", "verify_ledger", "--full", "--json", f"--organisation={organisation}"]
    took, peak = watched([sys.executable, *command], _writers.addresses(DATABASE))
    return {
        "seconds": round(took, 1),
        "MB": round(peak),
        "verify/read and hash": round(took / bare, 2),
    }


def watched(command: list[str], variables: dict[str, str]) -> tuple[float, float]:
    """Seconds that a program takes, and the most megabytes that it holds.

    Asked while it runs: what the system says afterwards counts our own memory when we forked.
    """
    began, peak = time.perf_counter(), 0.0
    process = subprocess.Popen(
        command,
        cwd=settings.BASE_DIR,
        env=os.environ | variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while process.poll() is None:
        with suppress(OSError, StopIteration, IndexError):
            lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
            held = next(line for line in lines if line.startswith("VmHWM")).split()[1]
            peak = max(peak, int(held) / 1024)
        time.sleep(0.05)
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}")
    return time.perf_counter() - began, peak


DATABASE = "duban_bench_ledger"

ON_THE_LOG: list[tuple[str, Callable[[UUID], dict[str, Any]]]] = [
    ("inclusion proof", proven),
    ("verify in full", fully_verified),
]
"""What is measured on an organisation whose log has ENTRIES entries, by its id. Add to it."""


PARTS = os.environ.get("DUBAN_BENCH_PARTS", "bundle throughput receipt log").split()


def main(*, json_only: bool = False) -> dict[str, Any]:
    """Measure the parts that are asked for; print what is being measured unless `json_only`."""
    say: Callable[[str], None] = (lambda text: None) if json_only else print
    result: dict[str, Any] = {"name": "ledger", "entries": ENTRIES}
    if "bundle" in PARTS:
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / "bundle.zip"
            say("a bundle ...")
            bundle(path)
            result["verify a bundle"] = verified(path)
    with databases.clone(databases.template(), DATABASE), databases.connected_to(DATABASE):
        if "throughput" in PARTS:
            say("decisions, with the ledger and without ...")
            result["throughput"] = _writers.throughput(DATABASE)
        if "receipt" in PARTS:
            say("receipts ...")
            result["receipt"] = _writers.receipts(DATABASE)
        if "log" in PARTS:
            say(f"a log of {ENTRIES} entries ...")
            organisation = _log.make(DATABASE)
            for name, measure in ON_THE_LOG:
                say(f"{name} ...")
                result[name] = measure(organisation)
    return result | {"ratios": ratios(result), "limits": LIMITS}


def ratios(result: dict[str, Any]) -> dict[str, float]:
    """Of what was measured: each figure, and what makes a ratio of it."""
    found = {
        "throughput with/none": ("throughput", "with/none", 1),
        "receipt p99/2 s": ("receipt", "p99 ms", 2000),
        "proof p50/5 ms": ("inclusion proof", "p50 ms", 5),
        "verify/hashlib": ("verify a bundle", "verify/hashlib", 1),
        "verify in full/read and hash": ("verify in full", "verify/read and hash", 1),
    }
    return {
        name: round(result[part][figure] / unit, 2)
        for name, (part, figure, unit) in found.items()
        if part in result
    }
