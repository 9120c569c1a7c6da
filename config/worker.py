"""The worker: one loop that follows the ledger and minds the clock.

Each step of `settings.WORKER_STEPS` is a function `step(*, at: datetime) -> int` that moves some
rows on, in transactions of its own, and returns how many. The loop asks them once a second and at
once again while there is more to do; those of `settings.WORKER_DAILY_STEPS` once a day. It polls: a
NOTIFY in every decision would take a lock that all commits share, and would not pass PgBouncer.
"""

import logging
import signal
import threading
from collections.abc import Callable
from datetime import date, datetime
from functools import wraps
from types import FrameType

from django.conf import settings
from django.db import close_old_connections, connections
from django.utils import timezone
from django.utils.module_loading import import_string

Step = Callable[..., int]

INTERVAL = 1.0  # seconds between rounds with nothing to do
LONGEST_REST = 30.0  # after errors: a stopped database is not asked a thousand times

log = logging.getLogger("duban.worker")


def steps() -> list[Step]:
    each_day = settings.WORKER_DAILY_STEPS.items()
    return [import_string(path) for path in settings.WORKER_STEPS] + [
        daily(import_string(path), hour) for path, hour in each_day
    ]


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


def round_of_steps(todo: list[Step], *, at: datetime) -> tuple[int, int]:
    """Every step once: how many rows moved, how many steps failed. One failure stops no other."""
    moved = failed = 0
    for step in todo:
        try:
            moved += step(at=at)
        except Exception:
            log.exception("%s.%s failed", step.__module__, step.__qualname__)
            connections.close_all()
            failed += 1
    return moved, failed


def run() -> None:
    """Go on until told to stop; a step under way is finished first."""
    stopping = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    todo, rest = steps(), INTERVAL
    while not stopping.is_set():
        close_old_connections()
        moved, failed = round_of_steps(todo, at=timezone.now())
        rest = min(rest * 2, LONGEST_REST) if failed else INTERVAL
        if failed or not moved:
            stopping.wait(rest)
