"""Acts that run at the same moment, each on a connection of its own."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import partial

from django.db import connection

CONNECTIONS = 16
PATIENCE = 30  # seconds

Act = Callable[[], object]
Race = Callable[[Sequence[Act]], list[object]]


@contextmanager
def racing(connections: int = CONNECTIONS) -> Iterator[Race]:
    """`race(acts)` runs as many acts as there are connections, which stay open between races.

    What an act raises is its result, a refusal too.
    """
    with ThreadPoolExecutor(connections, initializer=connect) as pool:
        yield partial(run, pool)
        run(pool, [disconnect] * connections)


def connect() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET statement_timeout = '{PATIENCE}s'")


def disconnect() -> None:
    connection.close()  # the thread's own


def run(pool: ThreadPoolExecutor, acts: Sequence[Act]) -> list[object]:
    barrier = threading.Barrier(len(acts))

    def together(act: Act) -> object:
        barrier.wait(PATIENCE)
        try:
            return act()
        except Exception as error:
            return error

    results = [pool.submit(together, act) for act in acts]
    assert not wait(results, PATIENCE * 2).not_done, "somebody waits for ever"
    return [one.result() for one in results]


def outcomes(*acts: Act) -> list[str]:
    """What came of each when all began together: `done`, or what it raised by name; in order."""
    with racing(len(acts)) as race:
        results = race(acts)
    return sorted(
        "done" if not isinstance(one, Exception) else type(one).__name__ for one in results
    )
