"""The harness: a database for each process, the application's role, a browser if any."""

import gc
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import hypothesis
import pytest
from django.conf import settings as project
from django.db import connections
from django.utils import translation
from pytest_django import DjangoDbBlocker, Settings

from tests import databases

CHROMIUM = os.environ.get("DUBAN_CHROMIUM") or shutil.which("chromium")


def pytest_configure(config: pytest.Config) -> None:
    if not os.environ.get("DATABASE_URL"):
        raise pytest.UsageError("Tests need a database: run `python3 manage.py test`.")
    # Static files from where they lie, without collecting them; passwords hashed in no time.
    project.STORAGES["staticfiles"]["BACKEND"] = (
        "django.contrib.staticfiles.storage.StaticFilesStorage"
    )
    project.WHITENOISE_USE_FINDERS = project.WHITENOISE_AUTOREFRESH = True
    project.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    project.STATIC_ROOT.mkdir(exist_ok=True)
    # How long an example takes says more about who else is busy than about what it tests.
    hypothesis.settings.register_profile("duban", deadline=None)
    hypothesis.settings.load_profile("duban")


def pytest_collection_finish() -> None:
    """Garbage is looked for seldom, and not among the modules and tests that stay anyway."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        database = item.get_closest_marker("django_db")
        if database and database.kwargs.get("transaction"):
            raise pytest.UsageError(
                f"{item.nodeid}: flushing meets the ledger's triggers; use committed_db"
            )
        if item.get_closest_marker("browser") and not CHROMIUM:
            item.add_marker(pytest.mark.skip(reason="no Chromium here: apt install chromium"))


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Every test begins in English, whatever language the one before it ended in."""
    with translation.override("en"):
        yield


@pytest.fixture(scope="session")
def template_database(request: pytest.FixtureRequest) -> str:
    """The name of the migrated, empty database that all others are cloned from."""
    return databases.template(anew=request.config.getoption("create_db"))


@pytest.fixture(scope="session")
def django_db_setup(
    template_database: str, worker_id: str, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """A database of our own, migrated by the owner; we go on as the application."""
    name = f"duban_test_{worker_id}_{os.getppid() if worker_id != 'master' else os.getpid()}"
    with (
        django_db_blocker.unblock(),
        databases.clone(template_database, name),
        databases.connected_to(name),
        django_db_blocker.block(),
    ):
        yield


@pytest.fixture
def committed_db(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Real commits, seen by other connections and kept: make an organisation of your own.

    For races, deferred triggers and whatever opens its own outermost transaction.
    """
    with django_db_blocker.unblock():
        yield
        connections.close_all()


@pytest.fixture
def empty_db(
    template_database: str,
    worker_id: str,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[None]:
    """Like committed_db, in a database of this test alone, with nothing in it but migrations."""
    name = f"duban_empty_{worker_id}_{os.getpid()}"
    with (
        django_db_blocker.unblock(),
        databases.clone(template_database, name),
        databases.connected_to(name),
    ):
        yield


@pytest.fixture
def speaking_as() -> Callable[[str], AbstractContextManager[None]]:
    """`with speaking_as("worker"):` goes on as another database role; with committed_db only."""
    return databases.speaking_as


@pytest.fixture(autouse=True)
def _files_of_this_test(tmp_path: Path, settings: Settings) -> None:
    """No test writes into another's evidence."""
    settings.EVIDENCE_ROOT = settings.MEDIA_ROOT = tmp_path / "evidence"
