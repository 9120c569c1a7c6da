"""The statistics of the auditor's room over a long history: whole requests, and each statement.

A year's page over 1,000,000 closed work items, with 250,000 sign-offs of them, all in the period.
"""

import os
import statistics
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from bench import _history
from bench.inbox import client, owner, stopwatch
from directory import actions as directory
from directory.actions import OPERATOR
from directory.models import Person, Unit
from tests import databases

HISTORY = int(os.environ.get("DUBAN_BENCH_HISTORY", "1000000"))
LIMITS = {"ms": 1000, "queries": 30}
ROUNDS = 5
NAME = "duban_bench_statistics"


def main(*, json_only: bool = False) -> dict[str, Any]:
    """Measure, print unless `json_only`, and return the figures."""
    say: Callable[[str], None] = (lambda text: None) if json_only else print
    settings.STORAGES["staticfiles"]["BACKEND"] = (
        "django.contrib.staticfiles.storage.StaticFilesStorage"
    )
    with databases.clone(databases.template(), NAME), databases.connected_to(NAME):
        world = _history.make({"ordinary": 100, "busy": 100})
        say(f"writing {HISTORY} work items ...")
        with owner(NAME) as own, _history.unchecked(own):
            _history.add(world, 0, HISTORY)
        with owner(NAME) as own, own.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        signed_in = client(auditor(world.people["ordinary"]))
        pages = {
            address: measured(signed_in, address, say)
            for address in (
                "/audit/statistics/",
                "/audit/statistics/entries/",
                "/audit/verification/",
            )
        }
    found = pages["/audit/statistics/"]
    return {"name": "statistics", "limits": LIMITS, "ratios": found, "pages": pages}


def auditor(person: Person) -> Person:
    at = timezone.now()
    unit = Unit.objects.filter(organisation=person.organisation).earliest("pk")
    post = directory.create_post(unit=unit, role="auditor", title="审计", actor=OPERATOR, at=at)
    directory.appoint(post=post, person=person, starts_at=at, ends_at=None, actor=OPERATOR, at=at)
    return person


def measured(signed_in: Client, address: str, say: Callable[[str], None]) -> dict[str, float]:
    """Median milliseconds of a request, and how many statements it has."""
    took, statements = [], []
    for _ in range(ROUNDS):
        with stopwatch() as heard:
            start = time.perf_counter()
            response = signed_in.get(address)
            took.append(time.perf_counter() - start)
        assert response.status_code == 200, response.status_code
        statements = list(heard)
    for sql, seconds in sorted(statements, key=lambda one: -one[1])[:6]:
        say(f"  {seconds * 1000:7.1f} ms  {' '.join(sql.split())[:150]}")
    found = {"ms": round(statistics.median(took) * 1000, 1), "queries": len(statements)}
    say(f"{address}  {found['ms']} ms, {found['queries']} statements")
    connection.close()
    return found
