"""The harness: a database for each process, the application's role, a browser if any."""

import gc
import os
import pickle
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import hypothesis
import pytest
from django.conf import settings as project
from django.test import override_settings
from django.utils import translation
from pytest_django import DjangoDbBlocker, Settings

from tests import databases
from workflows.importing import propose, read_document, read_text, sandbox

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


def pytest_sessionstart(session: pytest.Session) -> None:
    """The template is made while the workers look for tests; they wait for it if need be."""
    given = session.config.option
    if given.dist != "no" and not given.collectonly and not given.create_db:
        threading.Thread(target=databases.template, daemon=True).start()


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


@dataclass(frozen=True)
class Made:
    """A database, the files beside it, and the objects that stand in it."""

    database: str
    files: Path
    objects: Any


World = TypeVar("World")
MakeOnce = Callable[[str, Callable[[], object]], Made]


@pytest.fixture(scope="session")
def make_once(
    template_database: str,
    worker_id: str,
    tmp_path_factory: pytest.TempPathFactory,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
) -> MakeOnce:
    """`make_once("worlds", make)`: what `make` returns, and a database with what it commits.

    The first process of a run that asks makes it, all others get copies. Clone the database.
    """
    alone = worker_id == "master"
    place = tmp_path_factory.getbasetemp() if alone else tmp_path_factory.getbasetemp().parent
    run = os.getpid() if alone else os.getppid()

    def once(name: str, make: Callable[[], object]) -> Made:
        database, files = f"duban_empty_{name}_{run}", place / f"{name}-files"
        kept = place / f"{name}.pickle"
        with databases.alone(place / f"{name}.lock"):
            if not kept.exists():
                databases.create(template_database, database)
                with (
                    django_db_blocker.unblock(),
                    databases.connected_to(database),
                    override_settings(EVIDENCE_ROOT=files, MEDIA_ROOT=files),
                    translation.override("en"),
                ):
                    kept.write_bytes(pickle.dumps(make()))
        return Made(database, files, pickle.loads(kept.read_bytes()))  # noqa: S301 - our own

    return once


def pytest_sessionfinish(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput"):
        databases.drop_all_of(os.getpid())


@pytest.fixture
def committed_db(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Real commits, seen by other connections and kept: make an organisation of your own.

    For races, deferred triggers and whatever opens its own outermost transaction.
    """
    with django_db_blocker.unblock():
        yield
        databases.leave_clean()


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


@pytest.fixture(scope="module")
def file_db(template_database: str, worker_id: str, django_db_setup: None) -> Iterator[None]:
    """A database of this file alone: what its tests commit, and nothing of any other.

    With committed_db, for tests that ask for the whole of a table, or let the worker go over it.
    """
    name = f"duban_empty_file_{worker_id}_{os.getpid()}"
    with databases.clone(template_database, name), databases.connected_to(name):
        yield


class MakeForFile(Protocol):
    def __call__(self, make: Callable[[], World], /) -> World: ...


@pytest.fixture(scope="module")
def make_for_file(
    file_db: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> MakeForFile:
    """`make_for_file(make_world)`: what it returns stands in this file's database ever after.

    Let each test have a copy of the objects, and roll back what it does with the rows.
    """
    files = tmp_path_factory.mktemp("files")

    def committed(make: Callable[[], World], /) -> World:
        with (
            django_db_blocker.unblock(),
            override_settings(EVIDENCE_ROOT=files, MEDIA_ROOT=files),
            translation.override("en"),
        ):
            return make()

    return committed


@pytest.fixture
def copied(
    worker_id: str,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    _files_of_this_test: None,
    settings: Settings,
) -> Iterator[Callable[[Made], Any]]:
    """`copied(made)`: its objects, and a database and files for this test alone.

    Like empty_db, but with what `make_once` has made in it.
    """
    name = f"duban_empty_copy_{worker_id}_{os.getpid()}"
    with ExitStack() as until_the_end:

        def copy(made: Made) -> Any:
            until_the_end.enter_context(databases.clone(made.database, name))
            until_the_end.enter_context(databases.connected_to(name))
            if made.files.exists():
                shutil.copytree(made.files, settings.EVIDENCE_ROOT)
            return deepcopy(made.objects)

        until_the_end.enter_context(django_db_blocker.unblock())
        yield copy


@pytest.fixture(scope="session", autouse=True)
def _unguarded() -> Iterator[None]:
    """Documents are read in this process, which has started already; but see `guarded`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            sandbox,
            "propose_file",
            lambda data, name, known: propose(read_document(data, name), known),
        )
        patch.setattr(sandbox, "propose_text", lambda text, known: propose(read_text(text), known))
        yield


GUARDED = {name: getattr(sandbox, name) for name in ("propose_file", "propose_text")}


@pytest.fixture
def guarded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents are read by a process of their own with bounded memory and time."""
    for name, function in GUARDED.items():
        monkeypatch.setattr(sandbox, name, function)


@pytest.fixture
def speaking_as() -> Callable[[str], AbstractContextManager[None]]:
    """`with speaking_as("worker"):` goes on as another database role; with committed_db only."""
    return databases.speaking_as


@pytest.fixture(autouse=True)
def _files_of_this_test(tmp_path: Path, settings: Settings) -> None:
    """No test writes into another's evidence."""
    settings.EVIDENCE_ROOT = settings.MEDIA_ROOT = tmp_path / "evidence"
