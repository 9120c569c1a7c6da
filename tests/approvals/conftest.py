"""Real connections for tests that race."""

from collections.abc import Iterator

import pytest

from tests.racing import Race, racing


@pytest.fixture
def race(committed_db: None) -> Iterator[Race]:
    """`race(acts)` runs them at the same moment, each on a connection of its own."""
    with racing() as race:
        yield race
