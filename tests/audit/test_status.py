"""The page of verification: what is in order is called so, what isn't is called by its name."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from audit.models import Checkpoint, Cosignature, Origin, Verification
from audit.notes import COSIGNATURE, Key
from audit.sequencer import Sequencer
from audit.status import ATTENTION, BAD, GOOD, Status, status
from tests.audit.factories import add
from tests.workflows.factories import World, make_world

pytestmark = pytest.mark.usefixtures("file_db", "committed_db")
Speaking = Callable[[str], AbstractContextManager[None]]
NOW = timezone.now()


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def auditor(world: World, client: Client) -> Client:
    client.force_login(world.auditor)
    return client


class Log:
    """What the worker writes."""

    def __init__(self, organisation: UUID, speaking_as: Speaking) -> None:
        self.organisation, self.speaking_as = organisation, speaking_as

    def signed(self, size: int, at: datetime) -> Checkpoint:
        with self.speaking_as("worker"):
            origin, _ = Origin.objects.get_or_create(
                organisation=self.organisation,
                number=1,
                defaults={"name": f"log/{self.organisation}", "vkey": "key", "opened_at": at},
            )
            return Checkpoint.objects.create(
                organisation=self.organisation,
                origin=origin,
                size=size,
                root_hash=bytes(32),
                note="",
                at=at,
            )

    def cosigned(self, checkpoint: Checkpoint, at: datetime) -> None:
        with self.speaking_as("worker"):
            Cosignature.objects.create(
                organisation=self.organisation,
                checkpoint=checkpoint,
                witness="witness.example",
                line="— line",
                seen_at=at,
            )

    def numbered(self) -> None:
        with self.speaking_as("worker"):
            while Sequencer().advance():
                pass

    def status(self, at: datetime = NOW) -> Status:
        return status(self.organisation, at=at)


@pytest.fixture
def log(world: World, speaking_as: Speaking) -> Log:
    return Log(world.organisation.pk, speaking_as)


def verified(organisation: UUID, at: datetime, **found: object) -> None:
    Verification.objects.create(organisation=organisation, at=at, entries=5, **found)


@pytest.mark.parametrize(("hours", "tone"), [(1, GOOD), (25, GOOD), (27, ATTENTION)])
def test_a_night_without_verification_needs_attention(log: Log, hours: int, tone: str) -> None:
    verified(log.organisation, NOW - timedelta(hours=hours))
    assert log.status().verified == tone


def test_what_was_never_verified_needs_attention(log: Log) -> None:
    assert log.status().verified == ATTENTION


def test_a_finding_is_not_in_order_however_recent(log: Log, auditor: Client) -> None:
    finding = {"code": "row_added", "table": "workflows.task", "row": "1"}
    verified(log.organisation, NOW, first_bad=finding)
    assert log.status().verified == BAD
    for address in ("/audit/verification/", "/audit/"):
        assert 'role="alert"' in auditor.get(address).content.decode()


def test_an_unsigned_record_is_not_in_order(log: Log) -> None:
    found = log.status()
    assert (found.signed, found.unsigned) == (BAD, found.standing.entries)


def test_entries_that_wait_too_long_for_a_place_are_not_in_order(world: World, log: Log) -> None:
    log.numbered()
    log.signed(log.status().standing.leaves, NOW)
    assert log.status().signed == GOOD
    waiting = add(world.organisation)
    found = log.status(waiting.at + timedelta(minutes=4))
    assert (found.standing.waiting, found.oldest_waiting, found.signed) == (1, waiting.at, GOOD)
    assert log.status(waiting.at + timedelta(minutes=6)).signed == BAD


def test_unwitnessed_begins_with_the_first_checkpoint_that_no_witness_has_seen(
    log: Log, settings: Settings
) -> None:
    settings.WITNESSES = [f"{Key('witness.example', bytes(32), COSIGNATURE)} https://w.example"]
    first = log.signed(3, NOW - timedelta(hours=3))
    assert (log.status().witnessed, log.status().witnessing.since) == (ATTENTION, first.at)
    log.cosigned(first, NOW - timedelta(hours=2))
    assert (log.status().witnessed, log.status().witnessing.since) == (GOOD, None)
    missed = log.signed(4, NOW - timedelta(hours=1))
    log.signed(5, NOW)
    found = log.status()
    assert (found.witnessed, found.witnessing.since) == (ATTENTION, missed.at)
    [witness] = found.witnesses
    assert (witness.size, witness.is_asked) == (3, True)


def test_the_page_says_all_of_it_and_how_to_check_it_oneself(log: Log, auditor: Client) -> None:
    log.cosigned(log.signed(3, NOW), NOW)
    verified(log.organisation, NOW)
    page = auditor.get("/audit/verification/").content.decode()
    for words in ("In order", "witness.example", "verify.py bundle.zip", "Personally signed"):
        assert words in page


def test_it_takes_as_many_queries_for_many_checkpoints_as_for_one(log: Log) -> None:
    counts = []
    for first in (1, 50):
        for size in range(first, first + 20):
            log.cosigned(log.signed(size, NOW), NOW)
        with CaptureQueriesContext(connection) as queries:
            log.status()
        counts.append(len(queries))
    assert counts[0] == counts[1]
