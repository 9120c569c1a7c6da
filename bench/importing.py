"""The importer: CPU time for a district plan and a long one, and how it grows to 5 MB.

Texts are built from `demo/plan.txt`. The reader's own time for .docx is not part of it.
"""

from __future__ import annotations

import gc
import json
import statistics
import time
from pathlib import Path
from typing import Any

from workflows.importing import DirectorySnapshot, propose, read_text

PLAN = Path(__file__).resolve().parents[1] / "demo" / "plan.txt"
DISTRICT_LIMIT_MS = 50
LONG_LIMIT_MS = 200
#: A byte of 5 MB may cost this much more than a byte of 500 KB.
GROWTH_LIMIT = 1.5


def main(*, json_only: bool = False) -> dict[str, Any]:
    """Measure, print unless `json_only`, and return the figures."""
    plan = PLAN.read_text(encoding="utf-8")
    district = _milliseconds(plan, runs=15)
    long = _milliseconds(_grown(plan, 45_000), runs=7)
    half = _milliseconds(_grown(plan, 500_000), runs=3)
    five = _milliseconds(_grown(plan, 5_000_000), runs=1)
    growth = (five / 5_000_000) / (half / 500_000)
    cpu = {"district": district, "45kb": long, "500kb": half, "5mb": five}
    result: dict[str, Any] = {
        "name": "import",
        "ratios": {
            "growth_5mb_per_byte": round(growth, 3),
            "district_of_limit": round(district / DISTRICT_LIMIT_MS, 3),
            "long_of_limit": round(long / LONG_LIMIT_MS, 3),
        },
        "limits": {
            "growth_5mb_per_byte": GROWTH_LIMIT,
            "district_of_limit": 1,
            "long_of_limit": 1,
        },
        "cpu_ms": {name: round(value, 1) for name, value in cpu.items()},
        "bytes": {"district": len(plan.encode())},
    }
    if not json_only:
        for name, value in cpu.items():
            print(f"{name:>10}  {value:>10.1f} ms CPU")
        print(f"a byte of 5 MB costs {growth:.2f} times a byte of 500 KB")
    return result


def _milliseconds(text: str, *, runs: int) -> float:
    """The median CPU time of reading and proposing."""
    directory = DirectorySnapshot()
    times = []
    for _ in range(runs):
        gc.collect()
        started = time.process_time()
        propose(read_text(text), directory)
        times.append((time.process_time() - started) * 1000)
    return statistics.median(times)


def _grown(plan: str, size: int) -> str:
    """The plan over and over, up to `size` bytes."""
    copies = size // len(plan.encode()) + 1
    return (plan * copies).encode()[:size].decode(errors="ignore")


if __name__ == "__main__":
    print(json.dumps(main()))
