"""Two organisations, made once in a database of their own."""

import os
from collections.abc import Iterator

import pytest
from pytest_django import DjangoDbBlocker, Settings

from tests import databases
from tests.access.visitors import Visitors
from tests.access.world import two_worlds
from tests.conftest import Made, MakeOnce


@pytest.fixture(scope="session")
def worlds(make_once: MakeOnce) -> Made:
    return make_once("worlds", two_worlds)


@pytest.fixture(scope="package")
def visitors(
    worlds: Made, worker_id: str, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[Visitors]:
    """Everybody of both organisations, signed in. What they do is undone after each request."""
    name = f"duban_empty_access_{worker_id}_{os.getpid()}"
    with (
        django_db_blocker.unblock(),
        databases.clone(worlds.database, name),
        databases.connected_to(name),
    ):
        yield Visitors(*worlds.objects)


@pytest.fixture(autouse=True)
def _files_of_the_worlds(_files_of_this_test: None, worlds: Made, settings: Settings) -> None:
    settings.EVIDENCE_ROOT = settings.MEDIA_ROOT = worlds.files
