"""Two organisations, made once in a database of their own."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import override_settings
from pytest_django import DjangoDbBlocker, Settings

from tests import databases
from tests.access.visitors import Visitors
from tests.access.world import make_world, tell


@pytest.fixture(scope="package")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("evidence")


@pytest.fixture(scope="package")
def visitors(
    template_database: str,
    worker_id: str,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    evidence: Path,
) -> Iterator[Visitors]:
    """Everybody of both organisations, signed in. What they do is undone after each request."""
    name = f"duban_empty_access_{worker_id}_{os.getpid()}"
    with (
        django_db_blocker.unblock(),
        databases.clone(template_database, name),
        databases.connected_to(name),
    ):
        with override_settings(EVIDENCE_ROOT=evidence, MEDIA_ROOT=evidence):
            worlds = make_world("赤楠", "赤檀", "赤桂"), make_world("青楠", "青檀", "青桂")
        with databases.speaking_as("worker"):
            tell(*worlds)
        yield Visitors(*worlds)


@pytest.fixture(autouse=True)
def _files_of_the_worlds(_files_of_this_test: None, evidence: Path, settings: Settings) -> None:
    settings.EVIDENCE_ROOT = settings.MEDIA_ROOT = evidence
