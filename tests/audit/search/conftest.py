"""A record with words in it, and the worker that follows it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from audit.canonical import commit
from audit.models import Entry, Opening
from audit.search import follower, listing
from audit.search.listing import Wanted
from audit.sequencer import Sequencer
from directory.models import Organisation
from tests import databases
from tests.audit.factories import add
from tests.conftest import Made, MakeOnce
from tests.workflows.factories import World, accepted, make_world
from workflows.models import Task

Speaking = Callable[[str], AbstractContextManager[None]]


@dataclass
class Room:
    """An organisation with a task, its auditor, and the worker beside them."""

    world: World
    speaking_as: Speaking

    @property
    def organisation(self) -> Organisation:
        return self.world.organisation

    @property
    def task(self) -> Task:
        return self.world.plan.tasks.get()

    def follow(self) -> int:
        """What the worker does in a second or two."""
        moved = 0
        with self.speaking_as("worker"):
            while Sequencer().advance():
                pass
            while done := follower.follow(at=timezone.now()):
                moved += done
        return moved

    def say(self, text: str, **facts: Any) -> Entry:
        """An entry with a comment, on the task."""
        return add(self.task, kind="task.noted", comment=commit(text), **facts)

    def erase(self, text: str) -> None:
        with self.speaking_as("worker"):
            found = Opening.objects.filter(content=text.encode())
            assert found.exists()
            found.delete()

    def find(self, words: str = "", **wanted: Any) -> list[str]:
        """The bodies' kinds, newest first."""
        found = listing.entries(self.organisation.pk, Wanted(words=words, **wanted))
        return [one.kind for one in found.entries]

    def found(self, words: str = "", **wanted: Any) -> list[Entry]:
        return listing.entries(self.organisation.pk, Wanted(words=words, **wanted)).entries


@pytest.fixture(scope="session")
def made_room(make_once: MakeOnce) -> Made:
    return make_once("room", make_room)


def make_room() -> World:
    world = make_world()
    accepted(world)
    Room(world, databases.speaking_as).follow()
    return world


@pytest.fixture
def room(made_room: Made, copied: Callable[[Made], World], speaking_as: Speaking) -> Room:
    return Room(copied(made_room), speaking_as)


@pytest.fixture
def auditor(room: Room) -> Client:
    client = Client()
    client.force_login(room.world.auditor)
    return client
