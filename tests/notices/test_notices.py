"""Deadlines, the page of notices, and mail that is tried until it is sent."""

import copy
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, timedelta
from smtplib import SMTPException
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from audit.ids import uuid7
from directory.models import Person
from notices import wording
from notices.actions import remind
from notices.mail import TRIES, deliver
from notices.models import Notice
from notices.rules import RULES
from tests.conftest import MakeForFile
from tests.factories import NOW
from tests.workflows.factories import (
    World,
    accepted,
    make_world,
    publish_completion_route,
)

pytestmark = pytest.mark.django_db
Speaking = Callable[[str], AbstractContextManager[None]]


@pytest.fixture(scope="module")
def made(make_for_file: MakeForFile) -> World:
    def make() -> World:
        world = make_world()
        publish_completion_route(world)
        return world

    return make_for_file(make)


@pytest.fixture
def world(made: World, db: None) -> World:
    return copy.deepcopy(made)


def kinds(person: Person) -> set[str]:
    return set(Notice.objects.filter(person=person).values_list("kind", flat=True))


def test_every_rule_has_its_sentence() -> None:
    assert set(RULES) <= set(wording.SENTENCES)


@pytest.mark.parametrize(
    ("due", "told"),
    [
        (date(2026, 11, 13), {"task.overdue"}),
        (date(2026, 11, 16), {"task.due_soon"}),
        (date(2026, 11, 19), {"task.due_soon"}),
        (date(2026, 11, 20), set()),
    ],
)
def test_a_deadline_is_reminded_of_once(world: World, due: date, told: set[str]) -> None:
    """NOW is Monday, 16 November 2026."""
    accepted(world, due_date=due)
    remind(at=NOW)
    remind(at=NOW)
    assert kinds(world.handler) == kinds(world.principal) == told
    assert Notice.objects.filter(person=world.handler).count() == len(told)


def test_due_soon_and_overdue_are_told_each(world: World) -> None:
    accepted(world, due_date=date(2026, 11, 17))
    remind(at=NOW)
    remind(at=NOW + timedelta(days=3))
    assert kinds(world.handler) == {"task.due_soon", "task.overdue"}


def notice(person: Person, **given: Any) -> Notice:
    return Notice.objects.create(
        organisation=person.organisation,
        person=person,
        kind="task.closed",
        subject=f"task:{uuid7()}",
        cause=f"leaf:{given.pop('leaf', 1)}",
        at=NOW,
        **given,
    )


def test_mail_is_sent_once(world: World) -> None:
    world.handler.email = "lu@example.org"
    world.handler.save(update_fields=["email"])
    notice(world.handler, mail_at=NOW)
    assert deliver(at=NOW) == 1
    assert deliver(at=NOW) == 0
    assert [one.to for one in mail.outbox] == [["lu@example.org"]]


def test_mail_that_fails_is_tried_again_later_and_not_for_ever(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = notice(world.handler, mail_at=NOW)

    def fail(*args: Any, **kwargs: Any) -> None:
        raise SMTPException("no answer")

    monkeypatch.setattr("notices.mail.send_mail", fail)
    assert deliver(at=NOW) == 1
    waiting.refresh_from_db()
    assert waiting.mail_at == NOW + timedelta(minutes=2)
    for days in range(1, TRIES):
        deliver(at=NOW + timedelta(days=days))
    waiting.refresh_from_db()
    assert waiting.mail_tries == TRIES
    assert waiting.mail_at is None


def test_the_page_shows_ones_own_notices_and_marks_them_read(world: World, client: Client) -> None:
    mine, other = notice(world.handler), notice(world.deputy)
    client.force_login(world.handler)
    page = client.get("/notices/")
    assert [one.notice for one in page.context["shown"]] == [mine]
    assert page.context["unread"] == 1
    later = notice(world.handler, leaf=2)
    client.post("/notices/read/", {"up_to": str(page.context["newest"])})
    unread = set(Notice.objects.filter(read_at=None))
    assert unread == {other, later}


def test_a_mangled_form_is_refused(world: World, client: Client) -> None:
    client.force_login(world.handler)
    assert client.post("/notices/read/", {"up_to": "all"}).status_code == 400
