"""Small districts, committed once to a database of their own: each test finds them untouched.

`world` is for tests of tasks, `district` for those of plans and imports; `in_force` is a district
with a plan that can be amended.
"""

import copy
import os
from collections.abc import Iterator

import pytest
from django.utils import translation
from pytest_django import DjangoDbBlocker

from tests import databases
from tests.conftest import MakeForFile
from tests.workflows.amending import make_in_force
from tests.workflows.factories import World, make_world
from tests.workflows.planning import District, make_district
from workflows.models import Plan

Made = tuple[World, District]
InForce = tuple[District, Plan]


@pytest.fixture(scope="session")
def made_once(
    template_database: str,
    worker_id: str,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[tuple[str, Made]]:
    name = f"duban_empty_world_{worker_id}_{os.getpid()}"
    with databases.clone(template_database, name):
        with django_db_blocker.unblock(), databases.connected_to(name), translation.override("en"):
            made = make_world(), make_district()
        yield name, made


@pytest.fixture(scope="module")
def made(made_once: tuple[str, Made]) -> Iterator[Made]:
    """The whole file asks the districts' database: another connection for each test takes long."""
    name, districts = made_once
    with databases.connected_to(name):
        yield districts


@pytest.fixture
def world(made: Made, db: None) -> World:
    """Rows as they were made, and objects that no other test has changed."""
    return copy.deepcopy(made[0])


@pytest.fixture
def district(made: Made, db: None) -> District:
    return copy.deepcopy(made[1])


@pytest.fixture(scope="module")
def in_force(make_for_file: MakeForFile) -> InForce:
    def make() -> InForce:
        district = make_district()
        return district, make_in_force(district)

    return make_for_file(make)
