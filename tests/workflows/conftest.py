"""One small district, committed once to a database of its own: each test finds it untouched."""

import copy
import os
from collections.abc import Iterator

import pytest
from django.utils import translation
from pytest_django import DjangoDbBlocker

from tests import databases
from tests.workflows.factories import World, make_world


@pytest.fixture(scope="session")
def made_once(
    template_database: str,
    worker_id: str,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[tuple[str, World]]:
    name = f"duban_empty_world_{worker_id}_{os.getpid()}"
    with databases.clone(template_database, name):
        with django_db_blocker.unblock(), databases.connected_to(name), translation.override("en"):
            made = make_world()
        yield name, made


@pytest.fixture(scope="module")
def made(made_once: tuple[str, World]) -> Iterator[World]:
    """The whole file asks the district's database: another connection for each test takes long."""
    name, world = made_once
    with databases.connected_to(name):
        yield world


@pytest.fixture
def world(made: World, db: None) -> World:
    """Rows as they were made, and objects that no other test has changed."""
    return copy.deepcopy(made)
