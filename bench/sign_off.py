"""What a decision costs against the bare floor, and against the same route in other engines.

Each turn of the loop takes one route through all of them, so that the machine's moods hit all
alike; figures are medians over routes. See `_world` for the route and `_floor` for what the floor
writes.
"""

import json
import os
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from approvals import actions, queries
from approvals.models import Approval, WorkItem
from bench import _crowd, _floor, _signers, _spiff, _world
from bench._world import STAY, STEPS, World
from workflows.models import Task

ROUTES = int(os.environ.get("DUBAN_BENCH_ROUTES", "120"))
WARM_UP = 5
BLOCK = 20
BLOCKS = 3


def duban(world: World, approval: Approval) -> list[float]:
    """Seconds of each of the route's decisions, from the call to its return."""
    times = []
    for name in STEPS:
        item = WorkItem.objects.get(approval=approval, post=world.posts[name], state="open")
        digest, key, at = queries.seen_digest(item), uuid4(), timezone.now()
        start = time.perf_counter()
        actions.decide(
            work_item_id=item.pk,
            actor=world.people[name],
            decision="approve",
            seen_digest=digest,
            idempotency_key=key,
            at=at,
        )
        times.append(time.perf_counter() - start)
    assert Task.objects.get(pk=approval.subject_id).state == "reviewed"
    return times


def counted(world: World) -> dict[str, int]:
    """Statements of each decision, BEGIN and COMMIT among them, several to a trip or one."""
    _, approval = world.submitted(timezone.now())
    found = {}
    for name in STEPS:
        item = WorkItem.objects.get(approval=approval, post=world.posts[name], state="open")
        digest = queries.seen_digest(item)
        with CaptureQueriesContext(connection) as captured:
            actions.decide(
                work_item_id=item.pk,
                actor=world.people[name],
                decision="approve",
                comment="Seen.",
                seen_digest=digest,
                idempotency_key=uuid4(),
                at=timezone.now(),
            )
        found[name] = sum(len(sent["sql"].split(";\n")) for sent in captured)
    return found


def pgbench() -> str | None:
    """The program, from the server's own directory if PATH has none."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        major = int(cursor.fetchone()[0]) // 10000
    for place in (shutil.which("pgbench"), f"/usr/lib/postgresql/{major}/bin/pgbench"):
        if place and Path(place).exists():
            return place
    return None


def pgbench_route(program: str, script: str) -> float:
    """Seconds of the script as pgbench measures them, connecting left out."""
    parameters = connection.get_connection_params()
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        options = ["-n", "-c", "1", "-t", "1", "-f", file.name]
        where = [
            *(["-h", str(parameters["host"])] if parameters.get("host") else []),
            *(["-p", str(parameters["port"])] if parameters.get("port") else []),
            *(["-U", str(parameters["user"])] if parameters.get("user") else []),
        ]
        done = subprocess.run(
            [program, *options, *where, str(parameters["dbname"])],
            env=os.environ | {"PGPASSWORD": str(parameters.get("password", ""))},
            capture_output=True,
            text=True,
        )
    found = re.search(r"latency average = ([\d.]+) ms", done.stdout)
    if not found:
        raise RuntimeError(f"pgbench said: {done.stdout} {done.stderr}")
    return float(found[1]) / 1000


def agreement(world: World, template: _floor.Template) -> float | None:
    """psycopg2's time for the floor over pgbench's, a fresh connection each; None without it."""
    program = pgbench()
    if program is None:
        return None
    ratios = []
    for _ in range(BLOCKS):
        times = {}
        for who in ("psycopg2", "pgbench"):
            link = _floor.connect()
            with link.cursor() as cursor:
                steps = [prepared(world, template, cursor) for _ in range(BLOCK)]
            link.close()
            if who == "pgbench":
                times[who] = pgbench_route(program, _floor.pgbench_script(steps))
                continue
            link = _floor.connect()
            times[who] = sum(sum(_floor.run(link, one)) for one in steps)
            link.close()
        ratios.append(times["psycopg2"] / times["pgbench"])
    return statistics.median(ratios)


def prepared(world: World, template: _floor.Template, cursor: Any) -> list[list[bytes]]:
    task, approval = world.submitted(timezone.now())
    return _floor.script(world, template, task, approval, cursor)


def main(*, json_only: bool = False) -> dict[str, Any]:
    """Run it all; the figures are milliseconds a decision."""
    world = _world.make()
    _, first = world.submitted(timezone.now())
    duban(world, first)
    template = _floor.Template.of(first)
    facts = [json.loads(bytes(entry.body))["facts"] for entry in template.entries]
    link = _floor.connect()
    seconds: dict[str, list[list[float]]] = {"duban": [], "floor": [], "viewflow": [], "spiff": []}
    spiff = _spiff.Store(link)
    for number in range(ROUTES + WARM_UP):
        _, approval = world.submitted(timezone.now())
        with link.cursor() as cursor:
            steps = prepared(world, template, cursor)
            link.rollback()
        process, spiffed = _signers.start(world), spiff.start()
        taken = {
            "floor": _floor.run(link, steps),
            "duban": duban(world, approval),
            "viewflow": _signers.run(world, process, template.sign_offs, facts),
            "spiff": spiff.run(spiffed),
        }
        if number >= WARM_UP:
            for who, times in taken.items():
                seconds[who].append(times)
    result = figures(seconds, counted(world), agreement(world, template))
    result["eight signers at once"] = _crowd.crowd(world)
    result["statements"]["500 seats open"] = _crowd.opening(world)
    if not json_only:
        tell(result, steps)
    return result


def figures(
    seconds: dict[str, list[list[float]]], statements: dict[str, int], agreed: float | None
) -> dict[str, Any]:
    def median(who: str, names: set[str]) -> float:
        chosen = [index for index, name in enumerate(STEPS) if name in names]
        per_route = [sum(times[i] for i in chosen) / len(chosen) for times in seconds[who]]
        return statistics.median(per_route)

    every, stay = set(STEPS), STAY
    advance = every - stay
    mixed = {who: median(who, every) for who in seconds}
    return {
        "name": "sign_off",
        "ratios": {
            "duban/floor": round(mixed["duban"] / mixed["floor"], 2),
            "viewflow/duban": round(mixed["viewflow"] / mixed["duban"], 2),
            "spiffworkflow/duban": round(mixed["spiff"] / mixed["duban"], 2),
            "duban/floor, stage stays open": round(
                median("duban", stay) / median("floor", stay), 2
            ),
            "duban/floor, stage advances": round(
                median("duban", advance) / median("floor", advance), 2
            ),
            "floor/pgbench": None if agreed is None else round(agreed, 2),
        },
        "milliseconds": {who: round(value * 1000, 3) for who, value in mixed.items()},
        "statements": {
            "stage stays open": max(statements[name] for name in stay),
            "stage advances": max(statements[name] for name in advance),
        },
        "routes": len(seconds["duban"]),
    }


def tell(result: dict[str, Any], steps: list[list[bytes]]) -> None:
    print("The floor's statements, for a stage that stays open and for one that advances:\n")
    for name in ("B1", "B3"):
        print("BEGIN;")
        for line in steps[STEPS.index(name)]:
            print(f"{shortened(line.decode())};")
        print("COMMIT;\n")
    agreed = result["ratios"]["floor/pgbench"]
    print(f"psycopg2 takes {agreed} times what pgbench takes for the same script.\n")


def shortened(line: str) -> str:
    """Long literals cut: the statement can be read, the sizes are those of the product."""
    return re.sub(r"'([^']{60})[^']*'", r"'\1…'", line)
