"""Processes are killed under the load of sign-offs: none that was acknowledged is lost, no fork.

A real installation (`manage.py up`, durable) is used over HTTP. Someone outside keeps every
checkpoint that was handed out. After each kill the newest one must begin with all of them, every
acknowledged sign-off must be there once, and the ledger must verify. DUBAN_KILLS sets how many
processes are killed: 10 in continuous integration, 200 at night.
"""

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from queue import Empty, SimpleQueue
from urllib.parse import urlencode
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import Error, connections
from pytest_django import DjangoDbBlocker

from approvals import actions, queries
from approvals.models import SignOff, WorkItem
from audit import merkle, notes, signing, tiles, verification
from audit.models import Entry, Leaf
from config import bootstrap
from config.postgres import Cluster
from config.settings import database
from directory.models import Person, Post
from tests.config.test_supervisor import free_port
from tests.factories import LONG_AGO, appoint, make_person, make_post, make_unit
from tests.workflows import factories

pytestmark = [pytest.mark.crashes]

KILLS = int(os.environ.get("DUBAN_KILLS", "10"))
NIGHT = 200
SIGNERS = 24
THREADS = 6
PACE = 0.15  # seconds a signer rests: the load shall last, not break records
PATIENCE = 240  # seconds for everything to work again
TOKEN = "c" * 32  # of the form and its cookie: who sends both the same is no forger


@dataclass(frozen=True)
class Turn:
    """A sign-off to be made: whose session, which form."""

    item: UUID
    person: UUID
    session: str
    digest: str
    key: UUID = field(default_factory=uuid4)


# The installation and whoever kills its processes.


@dataclass
class Installation:
    data: Path
    port: int
    supervisor: "subprocess.Popen[str]"

    @property
    def web(self) -> int:
        return next(pid for pid, line in children(self.supervisor.pid) if "gunicorn" in line)

    def kill_worker(self) -> None:
        kill(pid for pid, line in children(self.supervisor.pid) if "manage.py worker" in line)

    def kill_web(self) -> None:
        """The server with all its processes, as the kernel does where memory runs out."""
        web = self.web
        kill([web, *(pid for pid, _line in children(web))])

    def kill_web_process(self) -> None:
        kill([children(self.web)[0][0]])

    def kill_backend(self) -> None:
        """A session of the application; the server then resets all of them."""
        found = children(self.postmaster)
        kill([next(pid for pid, line in found if "postgres: duban_app" in line)])

    def kill_backend_of_worker(self) -> None:
        found = children(self.postmaster)
        kill([next(pid for pid, line in found if "postgres: duban_worker" in line)])

    def kill_database(self) -> None:
        kill([self.postmaster])

    @property
    def postmaster(self) -> int:
        pid = Cluster.at(self.data).pid()
        assert pid
        return pid


def children(parent: int) -> list[tuple[int, str]]:
    """The processes that a process has started, with their command lines."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            status = (path / "stat").read_text().rpartition(")")[2].split()
            if int(status[1]) == parent and status[0] != "Z":
                line = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                found.append((int(path.name), line))
    return sorted(found)


def kill(pids: "Iterator[int] | list[int]") -> None:
    hit = list(pids)
    assert hit, "nothing to kill"
    for pid in hit:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def installation() -> Iterator[Installation]:
    with tempfile.TemporaryDirectory(prefix="duban-", ignore_cleanup_errors=True) as place:
        data, port = Path(place) / "data", free_port()
        command = [sys.executable, "manage.py", "up", "--no-demo", f"--port={port}"]
        inherited = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
        # With our key, so that we can sign people in; everything else is made there.
        ours = {"DUBAN_DATA": str(data), "DUBAN_SECRET_KEY": settings.SECRET_KEY}
        log = Path(place) / "log"
        with log.open("w") as output:
            process = subprocess.Popen(
                command,
                cwd=bootstrap.HOME,
                env=inherited | ours,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                text=True,
            )
        try:
            made = Installation(data, port, process)
            wait_for(lambda: "Ctrl-C" in log.read_text(), "the start")
            yield made
        finally:
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(60)
            process.kill()
            cluster = Cluster.at(data)
            if cluster.pid():
                cluster.stop()


@pytest.fixture
def inside(
    installation: Installation, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """Django's own connection leads to the installation's database, as the application."""
    ours = connections["default"]
    before = dict(ours.settings_dict)
    with django_db_blocker.unblock():
        connections.close_all()
        there = database(Cluster.at(installation.data).addresses()["DATABASE_URL"])
        ours.settings_dict.update(there)
        try:
            yield
        finally:
            connections.close_all()
            ours.settings_dict.update(before)


def wait_for(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, http.client.HTTPException, Error):
            if condition():
                return
        time.sleep(0.05)
    raise AssertionError(f"waited in vain for {what}")


# The work.


class Office:
    """A unit that reports, and an office in which everybody must approve each report."""

    def __init__(self) -> None:
        self.world = factories.make_world()
        unit = make_unit(self.world.organisation)
        self.signers: dict[UUID, str] = {}
        self.posts: dict[UUID, Person] = {}
        for _ in range(SIGNERS):
            post, person = make_post(unit, Post.Role.REVIEWER), make_person(unit.organisation)
            appoint(post, person)
            self.signers[person.pk], self.posts[post.pk] = session_of(person), person
        actions.publish_route(
            organisation=self.world.organisation,
            name="All of an office",
            subject_kind="task_completion",
            stages=[
                actions.StageSpec(
                    "Office",
                    [{"select": "post", "unit": str(unit.pk), "role": "reviewer"}],
                    rule="all",
                )
            ],
            actor="operator",
            at=LONG_AGO,
        )
        self._occurrence = 0

    @property
    def organisation(self) -> UUID:
        pk: UUID = self.world.organisation.pk
        return pk

    def report(self) -> list[Turn]:
        """One more report on its way: a turn for every signer."""
        self._occurrence += 1
        measure = factories.make_measure(self.world.plan, position=100 + self._occurrence)
        task = factories.accepted(self.world, measure=measure)
        factories.submitted(self.world, task)
        items = WorkItem.objects.filter(approval__subject_id__isnull=False, state="open")
        newest = items.filter(approval__root=task.subject)
        turns = []
        for item in newest:
            person = self.posts[item.post_id]
            digest = queries.seen_digest(item).hex()
            turns.append(Turn(item.pk, person.pk, self.signers[person.pk], digest))
        assert len(turns) == SIGNERS
        return turns


def session_of(person: Person) -> str:
    """The cookie of somebody who has signed in."""
    session = SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.create()
    return str(session.session_key)


class Load:
    """People who sign, each again and again with the same key until it is acknowledged."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.turns: SimpleQueue[Turn] = SimpleQueue()
        self.acknowledged: list[Turn] = []
        self.refused: list[str] = []
        self.interrupted = 0
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._sign, daemon=True) for _ in range(THREADS)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Whoever has begun goes on until there is an answer."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(PATIENCE)
        assert not any(thread.is_alive() for thread in self._threads)

    def _sign(self) -> None:
        while not self._stopping.is_set():
            try:
                turn = self.turns.get(timeout=0.1)
            except Empty:
                continue
            while not self._is_acknowledged(turn):
                self.interrupted += 1
                time.sleep(0.1)
            time.sleep(PACE)

    def _is_acknowledged(self, turn: Turn) -> bool:
        """Sent once. A broken connection or a server's error says nothing about what happened."""
        form = {
            "csrfmiddlewaretoken": TOKEN,
            "decision": "approve",
            "comment": "Seen.",
            "seen_digest": turn.digest,
            "idempotency_key": str(turn.key),
        }
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": f"sessionid={turn.session}; csrftoken={TOKEN}",
        }
        try:
            status = self._status(f"/work-items/{turn.item}/decide/", urlencode(form), headers)
        except (OSError, http.client.HTTPException):
            return False
        if status >= 500:
            return False
        if status == 303:
            self.acknowledged.append(turn)
        else:
            self.refused.append(f"{status} {turn.item}")
        return True

    def _status(self, path: str, body: str, headers: dict[str, str]) -> int:
        with contextlib.closing(
            http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        ) as connection:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status


# Whoever keeps checkpoints outside.


class Keeper:
    """Has every checkpoint that was handed out, and believes none that contradicts another."""

    def __init__(self, port: int, organisation: UUID, key: notes.Key) -> None:
        self.port, self.log, self.key = port, f"/log/{organisation}", key
        self.kept: list[notes.Checkpoint] = []

    @property
    def size(self) -> int:
        return self.kept[-1].size if self.kept else 0

    def look(self) -> int:
        """Fetch the newest checkpoint, hold it against all others by the log's public tiles."""
        note = notes.Note.parse(self._get("/checkpoint").decode())
        assert note.signature_of(self.key), "not signed by the log's key"
        newest = notes.Checkpoint.parse(note.text)
        assert newest.size >= self.size, "the log shrank"
        read = tiles.reader(lambda level, index: self._tile(level, index, newest.size))
        for old in [*self.kept, newest]:
            assert merkle.root(old.size, read) == old.root, f"a fork after {old.size} entries"
        if newest.size > self.size:
            self.kept.append(newest)
        return newest.size

    def _tile(self, level: int, index: int, size: int) -> bytes:
        width = tiles.width(level, index, size)
        return self._get(f"/tile/{level}/{tiles.path(index, width)}")

    def _get(self, path: str) -> bytes:
        with contextlib.closing(
            http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        ) as connection:
            connection.request("GET", self.log + path)
            answer = connection.getresponse()
            content = answer.read()
            if answer.status != 200:
                raise OSError(f"{answer.status} {path}")
            return content


def key_of(installation: Installation, organisation: UUID) -> notes.Key:
    pem = (installation.data / "secrets" / "log.pem").read_bytes()
    return signing.verifier(
        f"localhost/log/{organisation}",
        load_pem_private_key(pem, password=None),  # type: ignore[arg-type]
    )


# The checks.


def again(check: Callable[[], None]) -> None:
    """Our own connection may have been to the server that was killed."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return check()
        except Error:
            connections.close_all()
            assert time.monotonic() < deadline
            time.sleep(0.2)


def nothing_is_lost(office: Office, load: Load) -> None:
    """Every acknowledged sign-off stands there once, with its entry; the rest is whole, too."""
    acknowledged = Counter(turn.key for turn in list(load.acknowledged))
    stored = Counter(
        SignOff.objects.filter(organisation=office.organisation).values_list(
            "idempotency_key", flat=True
        )
    )
    assert not acknowledged - stored, "an acknowledged sign-off is gone"
    assert max(stored.values(), default=1) == 1, "signed twice"
    entries = Entry.objects.filter(organisation=office.organisation, kind="approval.signed_off")
    assert entries.count() >= stored.total()


def the_ledger_is_whole(office: Office) -> None:
    assert verification.verify(office.organisation).first_bad is None
    leaves = Leaf.objects.filter(organisation=office.organisation)
    indices = list(leaves.order_by("leaf_index").values_list("leaf_index", flat=True))
    assert indices == list(range(len(indices))), "the sequencer left a gap"


@pytest.mark.parametrize("kills", [KILLS, pytest.param(NIGHT, marks=pytest.mark.nightly)])
def test_killing_processes_loses_no_acknowledged_sign_off_and_forks_no_log(
    installation: Installation, inside: None, kills: int, capsys: pytest.CaptureFixture[str]
) -> None:
    office = Office()
    wait_for(lambda: bool([*installation.data.glob("log/*-1")]), "the first checkpoint")
    key = key_of(installation, office.organisation)
    keeper, killed = Keeper(installation.port, office.organisation, key), Counter[str]()
    methods = cycle(
        [
            installation.kill_worker,
            installation.kill_backend,
            installation.kill_web_process,
            installation.kill_database,
            installation.kill_web,
            installation.kill_backend_of_worker,
        ]
    )
    began = time.monotonic()
    with Load(installation.port) as load:
        for number in range(kills):
            while load.turns.qsize() < 2 * SIGNERS:
                for turn in office.report():
                    load.turns.put(turn)
            wait_for(lambda: len(load.acknowledged) > 10 * number, "sign-offs before the kill")  # noqa: B023
            method = next(methods)
            wait_for(lambda: retried(method), "somebody to kill")  # noqa: B023
            killed[method.__name__] += 1
            signed = len(load.acknowledged)
            wait_for(lambda: len(load.acknowledged) > signed, "a sign-off after the kill")  # noqa: B023
            seen = keeper.size
            wait_for(lambda: keeper.look() > seen, "a checkpoint after the kill")  # noqa: B023
            again(lambda: nothing_is_lost(office, load))
            again(lambda: the_ledger_is_whole(office))
            if (number + 1) % 20 == 0:
                with capsys.disabled():
                    print(told(killed, load, keeper, time.monotonic() - began), flush=True)
    assert load.refused == []
    again(lambda: nothing_is_lost(office, load))
    assert SignOff.objects.count() == len(load.acknowledged)  # all were sent until acknowledged
    with capsys.disabled():
        print(told(killed, load, keeper, time.monotonic() - began), flush=True)


def told(killed: Counter[str], load: Load, keeper: Keeper, seconds: float) -> str:
    kinds = ", ".join(f"{name} {count}" for name, count in sorted(killed.items()))
    return (
        f"\n{killed.total()} kills in {seconds:.0f} s ({kinds}): {len(load.acknowledged)} sign-offs"
        f" acknowledged, {load.interrupted} answers lost and asked for again, {len(keeper.kept)}"
        f" checkpoints kept, {keeper.size} entries; none lost, no fork."
    )


def retried(method: Callable[[], None]) -> bool:
    """Whether there was somebody to kill; a process that is starting will be there soon."""
    try:
        method()
    except (StopIteration, AssertionError, IndexError):
        return False
    return True
