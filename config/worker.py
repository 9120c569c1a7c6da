"""The worker: it follows the ledger and minds the clock, in lanes that don't wait for each other.

Each step of `settings.WORKER_LANES` is a function `step(*, at: datetime) -> int` that moves some
rows on, in transactions of its own, and returns how many, or 0 if the next round is soon enough. A
lane is a thread with a database connection of its own: it asks its steps one after the other, and
at once again while there is more to do. So a witness or a mail server that doesn't answer holds up
nobody's receipt. The steps of `settings.WORKER_DAILY_STEPS` have a lane too, and run once a day.

It polls: a NOTIFY in every decision would take a lock that all commits share, and would not pass
PgBouncer (docs/decisions/0020).
"""

import logging
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import wraps
from types import FrameType

from django.conf import settings
from django.db import close_old_connections, connections
from django.utils import timezone
from django.utils.module_loading import import_string

Step = Callable[..., int]

DAILY_INTERVAL = 30.0  # seconds between looks at the clock
FIRST_REST, LONGEST_REST = timedelta(seconds=1), timedelta(seconds=30)
"""After errors: a stopped database is not asked a thousand times."""
PATIENCE = 8.0
"""Seconds in which steps under way may finish; the supervisor kills after 10."""

SIGNALS = {signal.SIGTERM, signal.SIGINT}
AWAKE = 0.5  # seconds after which a signal is noticed at the latest

log = logging.getLogger("duban.worker")


@dataclass(frozen=True)
class Lane:
    """Steps that are taken one after the other, `interval` seconds after nothing was to do."""

    name: str
    interval: float
    steps: list[Step]

    def run(self, stopping: threading.Event) -> None:
        """Go on until told to stop; a step under way is finished first."""
        try:
            while not stopping.is_set():
                close_old_connections()
                if not self.round(at=timezone.now(), stopping=stopping):
                    stopping.wait(self.interval)
        finally:
            connections.close_all()

    def round(self, *, at: datetime, stopping: threading.Event) -> int:
        """Every step once, unless told to stop; how many rows moved."""
        return sum(step(at=at) for step in self.steps if not stopping.is_set())


def lanes() -> list[Lane]:
    found = [
        Lane(name, interval, [patient(import_string(path)) for path in paths])
        for name, (interval, paths) in settings.WORKER_LANES.items()
    ]
    each_day = [
        patient(daily(import_string(path), hour))
        for path, hour in settings.WORKER_DAILY_STEPS.items()
    ]
    return [*found, Lane("daily", DAILY_INTERVAL, each_day)]


def daily(step: Step, hour: int) -> Step:
    """The step once a day from `hour` on, and once more after a restart; one that failed again."""
    done: date | None = None

    @wraps(step)
    def once(*, at: datetime) -> int:
        nonlocal done
        local = timezone.localtime(at)
        if local.hour < hour or local.date() == done:
            return 0
        moved = step(at=at)
        done = local.date()
        return moved

    return once


def patient(step: Step) -> Step:
    """The step, left alone for a while after it failed, longer each time; others go on."""
    rest, until = timedelta(0), datetime.min.replace(tzinfo=timezone.get_default_timezone())

    @wraps(step)
    def taken(*, at: datetime) -> int:
        nonlocal rest, until
        if rest and until - rest <= at < until:  # or the clock was set back
            return 0
        try:
            moved = step(at=at)
        except Exception:
            log.exception("%s.%s failed", step.__module__, step.__qualname__)
            connections.close_all()
            rest = min(rest * 2 or FIRST_REST, LONGEST_REST)
            until = at + rest
            return 0
        rest = timedelta(0)
        return moved

    return taken


def run() -> None:
    """Go on until told to stop. What doesn't end in time is given up: its transaction never was.

    Raises SystemExit if a lane came to an end by itself, so that whoever runs us begins anew.
    """
    stopping, broken = threading.Event(), threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopping.set()

    def drive(lane: Lane) -> None:
        try:
            lane.run(stopping)
        except BaseException:
            log.exception("the lane %s broke", lane.name)
            broken.set()
            stopping.set()

    before = {number: signal.signal(number, stop) for number in SIGNALS}
    try:
        threads = [
            threading.Thread(target=drive, args=[lane], name=lane.name, daemon=True)
            for lane in lanes()
        ]
        for thread in threads:
            thread.start()
        # The system may hand a signal to any thread, and only this one runs its handler: so it
        # never sleeps for long.
        while not stopping.wait(AWAKE):
            pass
        _wait_for(threads)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if broken.is_set():
        raise SystemExit(1)


def _wait_for(threads: list[threading.Thread]) -> None:
    deadline = time.monotonic() + PATIENCE
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
        if thread.is_alive():
            log.warning("the lane %s was left in the middle of a step", thread.name)
