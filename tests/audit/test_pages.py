"""The audit pages: what auditors find there, and who is not let in."""

import copy
import hashlib

import pytest
from django.test import Client
from django.utils import timezone

from audit.models import Entry
from tests.conftest import MakeForFile
from tests.factories import make_organisation
from tests.workflows.factories import World, accepted, make_world
from workflows.actions import tasks

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def made(make_for_file: MakeForFile) -> World:
    def make() -> World:
        world = make_world()
        accepted(world)
        return world

    return make_for_file(make)


@pytest.fixture
def world(made: World, db: None) -> World:
    return copy.deepcopy(made)


@pytest.fixture
def auditor(world: World, client: Client) -> Client:
    client.force_login(world.auditor)
    return client


def newest(world: World, kind: str) -> Entry:
    return Entry.objects.filter(organisation=world.organisation.pk, kind=kind).latest("at", "id")


def test_an_auditor_sees_every_entry_with_names(auditor: Client, world: World) -> None:
    page = auditor.get("/audit/").content.decode()
    assert "Task accepted" in page
    assert "Lu Wendi" in page
    assert "Training of officials" in page


def test_dates_that_are_none_are_named_and_narrow_nothing(auditor: Client, world: World) -> None:
    answer = auditor.get("/audit/", {"first": "yesterday", "before": "nonsense"})
    assert answer.status_code == 200
    assert answer.context["form"].errors["first"]
    assert "Part of this search was not understood" in answer.content.decode()
    assert answer.context["rows"]


def test_older_entries_follow_without_gap_or_repetition(
    auditor: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audit.search.listing.PAGE", 7)
    seen, older = [], ""
    while True:
        found = auditor.get("/audit/", {"before": older}).context["found"]
        seen += [entry.pk for entry in found.entries]
        older = found.older
        if not older:
            break
    everything = Entry.objects.filter(organisation=world.organisation.pk)
    assert len(seen) == len(set(seen)) == everything.count()


def test_an_entry_shows_its_words_its_bytes_and_its_neighbours(
    auditor: Client, world: World
) -> None:
    cancelled = tasks.cancel(
        task_id=world.plan.tasks.get().pk,
        actor=world.coordinator,
        at=timezone.now(),
        reason="Merged into another plan.",
    )
    entry = newest(world, "task.cancelled")
    page = auditor.get(f"/audit/{entry.pk}/")
    assert "Merged into another plan." in page.content.decode()
    detail = page.context["detail"]
    assert (detail.is_hashed, detail.is_chained, detail.after) == (True, True, None)
    assert detail.before.subject_seq == cancelled.chain_length - 1


def test_the_downloaded_bytes_give_the_hash(auditor: Client, world: World) -> None:
    entry = newest(world, "task.accepted")
    answer = auditor.get(f"/audit/{entry.pk}/entry.json")
    assert "attachment" in answer["Content-Disposition"]
    assert hashlib.sha256(b"\x00" + answer.content).digest() == bytes(entry.entry_hash)


@pytest.mark.parametrize("role", ["handler", "coordinator", "administrator", "stranger"])
def test_others_are_told_why_they_may_not_read_it(world: World, client: Client, role: str) -> None:
    client.force_login(getattr(world, role))
    entry = newest(world, "task.accepted")
    for address in ("/audit/", f"/audit/{entry.pk}/", f"/audit/{entry.pk}/entry.json"):
        answer = client.get(address)
        assert answer.status_code == 403
        assert "task.accepted" not in answer.content.decode()
    assert client.post("/audit/verify/").status_code == 403


def test_an_entry_of_another_organisation_does_not_exist(auditor: Client) -> None:
    foreign = make_organisation()
    entry = Entry.objects.get(organisation=foreign.pk)
    assert auditor.get(f"/audit/{entry.pk}/").status_code == 404
    assert auditor.get(f"/audit/{entry.pk}/entry.json").status_code == 404
    assert str(entry.pk) not in auditor.get("/audit/").content.decode()


def test_a_stranger_is_asked_to_sign_in(client: Client) -> None:
    assert client.get("/audit/").status_code == 302
