"""Eight people who decide at once, with the ledger and without; and how long a receipt takes.

Without the ledger: the same `decide`, down to the same statements in the same round trips, but it
makes no entry, and neither the chain's head nor the entry is written; of the sequencer there is
none, and the tripwire that asks for an entry is off. With it: all of that, and a sequencer that
gives leaves and signs in a process of its own, on the same cores. Notices follow in neither.
"""

import multiprocessing
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection, connections
from django.utils import timezone

from approvals import actions, decision_sql, queries
from approvals.actions import decision
from approvals.decision_sql import Write
from approvals.models import WorkItem
from approvals.prepared import Statement
from audit import proofs
from audit.actions import Prepared
from audit.models import Entry, Leaf, LogHead, Root
from bench import _crowd, _world
from bench._world import World
from bench.inbox import owner
from directory.models import Person
from tests import databases

WRITERS = 8
TASKS = int(os.environ.get("DUBAN_BENCH_TASKS", "12"))
"""Of eight decisions, for each writer in each block."""
BLOCKS = 3
RATE, SECONDS = 50, int(os.environ.get("DUBAN_BENCH_SECONDS", "30"))
LOOKS = 0.02
"""Seconds between two looks at the newest checkpoint."""


@dataclass(frozen=True)
class Act:
    """A decision that is ready to be taken."""

    item: UUID
    digest: bytes
    person: Person

    def decide(self, at: datetime) -> None:
        actions.decide(
            work_item_id=self.item,
            actor=self.person,
            decision="approve",
            seen_digest=self.digest,
            idempotency_key=uuid4(),
            at=at,
        )


def prepared(world: World, people: dict[Any, Person], tasks: int) -> list[Act]:
    """All decisions on that many new tasks, task by task."""
    acts = []
    for _task in range(tasks):
        _root, approval = world.submitted(timezone.now())
        for item in WorkItem.objects.filter(approval=approval).order_by("position"):
            acts.append(Act(item.pk, queries.seen_digest(item), people[item.post_id]))
    return acts


def throughput(database: str) -> dict[str, Any]:
    """Decisions a second with and without, in blocks by turns, so that moods hit both alike."""
    world = _world.make()
    people = _crowd._publish(world, "Eight", WRITERS)
    rates: dict[str, list[float]] = {"with": [], "none": []}
    with running(database, "-c", ONLY_LEDGER) as sequencer:
        for who in ("with", "none") * BLOCKS:
            work = [prepared(world, people, TASKS) for _writer in range(WRITERS)]
            _wait()
            if who == "with":
                rates[who].append(_together(work))
                continue
            sequencer.send_signal(signal.SIGSTOP)
            try:
                with without_ledger(database):
                    rates[who].append(_together(work))
            finally:
                sequencer.send_signal(signal.SIGCONT)
    ratios = [one / other for one, other in zip(rates["with"], rates["none"], strict=True)]
    return {
        "decisions/s": {who: round(statistics.median(found), 1) for who, found in rates.items()},
        "with/none": round(statistics.median(ratios), 2),
        "of each pair": [round(one, 2) for one in ratios],
    }


def _together(work: list[list[Act]]) -> float:
    """Decisions a second while a process for each list decides on it."""
    fork = multiprocessing.get_context("fork")
    barrier = fork.Barrier(len(work) + 1)
    connections.close_all()
    writers = [fork.Process(target=_write, args=(acts, barrier)) for acts in work]
    for one in writers:
        one.start()
    barrier.wait()
    began = time.perf_counter()
    for one in writers:
        one.join()
    took = time.perf_counter() - began
    if any(one.exitcode for one in writers):
        raise RuntimeError("a writer failed")
    return sum(map(len, work)) / took


def _write(acts: list[Act], barrier: Any) -> None:
    connection.ensure_connection()
    barrier.wait()
    for act in acts:
        act.decide(timezone.now())
    connections.close_all()


@contextmanager
def without_ledger(database: str) -> Iterator[None]:
    """Decisions make no entry and move no chain; of the root only what else has changed is written.

    Rows and guards are otherwise the same.
    """
    with owner(database) as link, link.cursor() as cursor:
        for table in ("workflows_task", "approvals_approval"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {table}_tripwire")
        try:
            with (
                patch.object(decision, "prepare", _no_entry),
                patch.object(decision_sql, "_statements", _without_entry),
            ):
                yield
        finally:
            for table in ("workflows_task", "approvals_approval"):
                cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_tripwire")


_with_entry = decision_sql._statements


def _no_entry(root: Root, **entry: Any) -> Prepared:
    return Prepared(Entry(), [])


def _without_entry(write: Write) -> Iterator[Statement]:
    """The product's statements but for the last two: the root with its head, and the entry."""
    yield from list(_with_entry(write))[:-2]
    if write.changed:
        table = write.root._meta.db_table
        yield Statement(
            f"only_{table}_{'_'.join(write.changed)}",
            f"UPDATE {table} SET {', '.join(f'{one} = %s' for one in write.changed)} WHERE id = %s",
            [*(getattr(write.root, one) for one in write.changed), write.root.pk],
        )


ONLY_LEDGER = """
import django
django.setup()
from django.conf import settings
settings.WORKER_LANES = {"ledger": settings.WORKER_LANES["ledger"]}
settings.WORKER_DAILY_STEPS = {}
from config import worker
worker.run()
"""


def addresses(database: str) -> dict[str, str]:
    """What leads a process to that database."""
    return {
        key: databases.at(value, database)
        for key, value in os.environ.items()
        if key.startswith("DATABASE_")
    }


@contextmanager
def running(database: str, *arguments: str) -> "Iterator[subprocess.Popen[bytes]]":
    """A worker's process that has caught up; it is stopped at the end."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=settings.BASE_DIR,
        env=os.environ | addresses(database) | {"DUBAN_ROLE": "worker"},
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait()
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _wait(seconds: float = 120) -> None:
    """Until the worker has caught up."""
    deadline = time.monotonic() + seconds
    while _behind():
        if time.monotonic() > deadline:
            raise RuntimeError("the worker does not catch up")
        time.sleep(0.1)


def _behind() -> bool:
    """Whether an entry waits for its leaf, or a log for its signature."""
    if Entry.objects.filter(leaf=None).exists():
        return True
    for head in LogHead.objects.all():
        newest = proofs.newest(head.pk)
        if newest is None or newest.size < head.size:
            return True
    return False


def receipts(database: str) -> dict[str, Any]:
    """Milliseconds from a sign-off's commit to its receipt, at RATE sign-offs a second.

    The whole worker runs, with notices and all. A receipt is ready when a checkpoint that covers
    the entry can be read by another connection, which looks every LOOKS seconds.
    """
    world = _world.make()
    people = _crowd._publish(world, "Receipts", WRITERS)
    acts = prepared(world, people, RATE * SECONDS // WRITERS)
    with running(database, "manage.py", "worker"):
        watch = Watch(world.organisation.pk)
        signed, late = _paced(acts)
        watch.stop()
    waits = watch.waits(signed)
    hundred = statistics.quantiles(waits, n=100)
    return {
        "sign-offs/s": round(len(signed) / (max(signed.values()) - min(signed.values())), 1),
        "sign-offs": len(signed),
        "p50 ms": round(hundred[49] * 1000),
        "p99 ms": round(hundred[98] * 1000),
        "worst ms": round(max(waits) * 1000),
        "late by ms": round(late * 1000),
    }


def _paced(acts: list[Act]) -> tuple[dict[tuple[str, datetime], float], float]:
    """When each was committed, by who signed and when; and how far the pace fell behind."""
    signed: dict[tuple[str, datetime], float] = {}
    lock, began, late = threading.Lock(), time.perf_counter(), 0.0
    waiting = iter(enumerate(acts))

    def sign() -> None:
        nonlocal late
        while True:
            with lock:
                number, act = next(waiting, (0, None))
            if act is None:
                break
            due = began + number / RATE
            time.sleep(max(0.0, due - time.perf_counter()))
            at = timezone.now()
            act.decide(at)
            done = time.perf_counter()
            with lock:
                signed[act.person.subject, at] = done
                late = max(late, done - due)
        connection.close()

    threads = [threading.Thread(target=sign) for _thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return signed, late


class Watch:
    """Looks at an organisation's newest checkpoint all the time, on a connection of its own."""

    def __init__(self, organisation: UUID) -> None:
        self.organisation = organisation
        self.seen: list[tuple[int, float]] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def _look(self) -> None:
        while not self._stopping.wait(LOOKS):
            newest = proofs.newest(self.organisation)
            if newest and (not self.seen or newest.size > self.seen[-1][0]):
                self.seen.append((newest.size, time.perf_counter()))
        connection.close()

    def stop(self) -> None:
        """When all is signed."""
        _wait()
        time.sleep(5 * LOOKS)
        self._stopping.set()
        self._thread.join()

    def waits(self, signed: dict[tuple[str, datetime], float]) -> list[float]:
        """Seconds from each commit to the first look that saw a checkpoint over its entry."""
        leaves = Leaf.objects.filter(
            organisation=self.organisation, entry__kind="approval.signed_off"
        )
        found = leaves.values_list("leaf_index", "entry__actor", "entry__at")
        waits = []
        for index, actor, at in found:
            if (done := signed.get((actor, at))) is not None:
                ready = next(moment for size, moment in self.seen if size > index)
                waits.append(max(0.0, ready - done))
        if len(waits) != len(signed):
            raise RuntimeError("not every sign-off has its entry")
        return waits
