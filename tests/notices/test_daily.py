"""The daily mail: once a day for each who gets it, with the checkpoint byte for byte."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from smtplib import SMTPException

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core import mail
from django.test import Client
from pytest_django import Settings

from audit import checkpoints, proofs
from audit.checkpoints import Signer
from audit.sequencer import Sequencer
from directory.models import Person
from notices import daily
from notices.models import DailyChoice, DailyMail
from tests.audit.factories import add
from tests.factories import NOW
from tests.racing import outcomes
from tests.workflows.factories import World, make_world

pytestmark = pytest.mark.usefixtures("empty_db")
Speaking = Callable[[str], AbstractContextManager[None]]
DAY = timedelta(days=1)


@pytest.fixture
def world(settings: Settings) -> World:
    settings.NOTICES_BY_MAIL = True
    settings.ORIGIN = "https://duban.example.org"
    world = make_world()
    Person.objects.update(email="somebody@example.org", language="en")
    return world


@pytest.fixture
def sign(world: World, tmp_path: Path, speaking_as: Speaking) -> Callable[[], None]:
    signer = Signer("duban.example", Ed25519PrivateKey.generate(), tmp_path / "log")

    def once() -> None:
        with speaking_as("worker"):
            for _step in range(2):
                while Sequencer().advance():
                    pass
                checkpoints.sign(signer, world.organisation.pk, at=NOW)

    return once


def work(at: object = NOW) -> None:
    """The worker's daily step and then its round, twice, as after a restart."""
    for _again in range(2):
        daily.prepare(at=at)  # type: ignore[arg-type]
        daily.deliver(at=at)  # type: ignore[arg-type]


def test_auditors_get_the_checkpoint_once_a_day_and_the_count_of_what_is_new(
    world: World, sign: Callable[[], None]
) -> None:
    sign()
    work()
    checkpoint = proofs.newest(world.organisation.pk)
    assert checkpoint is not None
    [first] = mail.outbox
    assert checkpoint.cosigned in first.body
    assert f"In the record: {checkpoint.size} entries" in first.body
    assert "no witness has seen this log" in first.body
    world.organisation.refresh_from_db()
    add(world.organisation)
    sign()
    work(NOW + DAY)
    [_first, second] = mail.outbox
    assert "New since the mail of 16 Nov 2026: 1 entry" in second.body


def test_it_is_chinese_for_those_who_read_chinese(world: World, sign: Callable[[], None]) -> None:
    Person.objects.update(language="zh-hans")
    sign()
    work()
    [sent] = mail.outbox
    assert "检查点" in sent.subject
    assert "尚无见证方" in sent.body


def test_a_mail_that_fails_is_tried_again(
    world: World, sign: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: object) -> None:
        raise SMTPException("away")

    sign()
    with monkeypatch.context() as broken:
        broken.setattr(daily, "send_mail", away)
        work()
    assert DailyMail.objects.get().mail_tries == 1
    daily.deliver(at=NOW + timedelta(minutes=1))
    assert mail.outbox == []
    daily.deliver(at=NOW + timedelta(minutes=3))
    assert len(mail.outbox) == 1


def test_whoever_declines_gets_none_and_whoever_asks_gets_it(
    world: World, sign: Callable[[], None]
) -> None:
    sign()
    for person, wanted in ((world.auditor, "no"), (world.handler, "yes")):
        client = Client()
        client.force_login(person)
        assert client.post("/notices/daily/", {"wanted": wanted}).status_code == 302
        assert client.get("/notices/").context["gets_daily"] is (wanted == "yes")
        assert client.post("/notices/daily/", {"wanted": "perhaps"}).status_code == 400
    work()
    assert [one.person for one in DailyMail.objects.all()] == [world.handler]


def test_without_a_checkpoint_there_is_nothing_to_send(world: World) -> None:
    work()
    assert mail.outbox == []


# Races


def test_whoever_chooses_in_two_windows_at_once_has_made_one_choice(world: World) -> None:
    def choose(wanted: bool) -> object:
        return daily.choose(person=world.handler, wanted=wanted, at=NOW)

    found = outcomes(*[lambda wanted=wanted: choose(wanted) for wanted in (True, False) * 4])
    assert found == ["done"] * 8
    assert DailyChoice.objects.filter(person=world.handler).count() == 1


def test_two_workers_at_once_put_everybody_down_once_and_send_one_mail(
    world: World, sign: Callable[[], None]
) -> None:
    sign()
    assert outcomes(*[lambda: daily.prepare(at=NOW)] * 4) == ["done"] * 4
    assert DailyMail.objects.filter(person=world.auditor).count() == 1
    outcomes(*[lambda: daily.deliver(at=NOW)] * 4)
    assert len(mail.outbox) == DailyMail.objects.count()
