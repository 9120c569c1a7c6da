"""The inbox while history grows: whole requests for 100 open items a person and for 10,000.

Two databases are alike but for their history, of 10,000 and of 1,000,000 closed work items, a fair
part of them in the very posts that are measured. Requests alternate between the two, so that the
machine's moods hit both alike. `sql` is the time of all statements of a request, `page` that of the
one which finds and counts what waits.
"""

import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg2
from django.conf import settings
from django.db import connection
from django.test import Client

from bench import _history
from tests import databases

SMALL, LARGE = 10_000, int(os.environ.get("DUBAN_BENCH_HISTORY", "1000000"))
OPEN = {"ordinary": 100, "busy": 10_000}
LIMITS = {"1M/10k": 1.5, "queries": 12}
ROUNDS, EACH = 8, 5
NAMES = {"10k": "duban_bench_inbox_10k", "1M": "duban_bench_inbox_1m"}


def main(*, json_only: bool = False) -> dict[str, Any]:
    """Measure, print unless `json_only`, and return the figures."""
    say: Callable[[str], None] = (lambda text: None) if json_only else print
    # Static files from where they lie: nothing was collected here.
    settings.STORAGES["staticfiles"]["BACKEND"] = (
        "django.contrib.staticfiles.storage.StaticFilesStorage"
    )
    with databases.clone(databases.template(), NAMES["10k"]):
        with databases.connected_to(NAMES["10k"]):
            world = _history.make(OPEN)
            _history.add(world, 0, SMALL)
            clients = {who: client(person) for who, person in world.people.items()}
        with databases.clone(NAMES["10k"], NAMES["1M"]):
            say(f"writing {LARGE} work items ...")
            name = NAMES["1M"]
            with databases.connected_to(name), owner(name) as own, _history.unchecked(own):
                _history.add(world, SMALL, LARGE)
            for name in NAMES.values():
                with owner(name) as own, own.cursor() as cursor:
                    cursor.execute("VACUUM ANALYZE")  # what autovacuum does in its own time
            return report(measure(clients), say)


def client(person: Any) -> Client:
    signed_in = Client(SERVER_NAME="localhost")
    signed_in.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return signed_in


@contextmanager
def owner(name: str) -> Iterator["psycopg2.extensions.connection"]:
    """A connection of the tables' owner beside Django's, each statement on its own."""
    connection = psycopg2.connect(databases.at(os.environ["DATABASE_OWNER_URL"], name))
    connection.autocommit = True
    with closing(connection):
        yield connection


def measure(clients: dict[str, Client]) -> dict[tuple[str, str], list[dict[str, float]]]:
    """Figures of each request by person and history; every block is warmed up by one request."""
    figures: dict[tuple[str, str], list[dict[str, float]]] = {}
    for _ in range(ROUNDS):
        for history, name in NAMES.items():
            with databases.connected_to(name):
                for who, signed_in in clients.items():
                    request(signed_in)
                    for _ in range(EACH):
                        figures.setdefault((who, history), []).append(request(signed_in))
    return figures


def request(signed_in: Client) -> dict[str, float]:
    """Milliseconds of one whole request, of its statements, and of the page's own statement."""
    with stopwatch() as statements:
        start = time.perf_counter()
        response = signed_in.get("/")
        whole = time.perf_counter() - start
    assert response.status_code == 200, response.status_code
    return {
        "request": whole * 1000,
        "sql": sum(took for _, took in statements) * 1000,
        "page": sum(took for sql, took in statements if "WITH waiting" in sql) * 1000,
        "queries": len(statements),
    }


@contextmanager
def stopwatch() -> Iterator[list[tuple[str, float]]]:
    """Each statement and the seconds that it took."""
    statements: list[tuple[str, float]] = []

    def timed(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        start = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            statements.append((sql, time.perf_counter() - start))

    with connection.execute_wrapper(timed):
        yield statements


def report(
    figures: dict[tuple[str, str], list[dict[str, float]]], say: Callable[[str], None]
) -> dict[str, Any]:
    medians = {
        f"{who} {history}": {
            key: round(statistics.median(one[key] for one in rows), 2) for key in rows[0]
        }
        for (who, history), rows in figures.items()
    }
    for name, found in medians.items():
        say(f"{name:>14}  " + "  ".join(f"{key} {value:8.2f}" for key, value in found.items()))
    growth = {
        who: round(medians[f"{who} 1M"]["request"] / medians[f"{who} 10k"]["request"], 3)
        for who in OPEN
    }
    page = {
        who: round(medians[f"{who} 1M"]["page"] / medians[f"{who} 10k"]["page"], 3) for who in OPEN
    }
    return {
        "name": "inbox",
        "ratios": {"1M/10k": max(growth.values()), "queries": _most(medians)},
        "limits": LIMITS,
        "growth": growth,
        "growth_of_page_sql": page,
        "ms": medians,
    }


def _most(medians: dict[str, dict[str, float]]) -> int:
    return int(max(found["queries"] for found in medians.values()))
