"""Races for the tests of the engine."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from tests.approvals.racing import CONNECTIONS, Race, connect, disconnect, run


@pytest.fixture
def race(committed_db: None) -> Iterator[Race]:
    """`race(acts)` runs them at the same moment, each on a connection of its own.

    The connections stay open from race to race. What an act raises is its result, a refusal too.
    """
    with ThreadPoolExecutor(CONNECTIONS, initializer=connect) as pool:
        yield partial(run, pool)
        run(pool, [disconnect] * CONNECTIONS)
