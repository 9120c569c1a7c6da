"""Whoever signed something may take its receipt away: the page says when, and gives it at once."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from approvals.models import Approval, SignOff, WorkItem
from approvals.queries import mine, seen_digest
from audit import checkpoints, merkle, notes, proofs
from audit.canonical import leaf_hash
from audit.models import Entry, Origin
from directory.models import Person
from tests.approvals.factories import World
from tests.factories import NOW, make_holder, make_unit

pytestmark = pytest.mark.usefixtures("file_db", "committed_db")
Speaking = Callable[[str], AbstractContextManager[None]]
PENDING, READY = "Recorded, proof pending", "Download the receipt"


@pytest.fixture
def sign(speaking_as: Speaking) -> Callable[[], None]:
    """The worker's step, until everything that is committed is signed."""

    def all_of_it() -> None:
        with speaking_as("worker"):
            for _step in range(2):  # a new log's name is an entry of its own
                while checkpoints.advance(at=NOW):
                    pass

    return all_of_it


Sign = Callable[[], None]


@pytest.fixture
def world() -> World:
    world = World()
    world.route(["Ana", "Ben"], rule="all")
    world.begin()
    world.decide("Ana")
    return world


def entry_of(person: Person) -> Entry:
    return Entry.objects.get(actor=person.subject, kind="approval.signed_off")


def page(person: Person, name: str, *args: object, **more: str) -> str:
    client = Client()
    client.force_login(person)
    response = client.get(reverse(name, args=args), headers=more)
    assert response.status_code == 200
    return response.content.decode()


def test_until_the_log_is_signed_the_receipt_s_page_says_that_it_comes(
    world: World, sign: Sign
) -> None:
    ana = world.people["Ana"]
    entry = entry_of(ana)
    before = page(ana, "entry_receipt", entry.pk)
    link = reverse("entry_proof", args=[entry.pk])
    assert PENDING in before
    assert link not in before
    sign()
    after = page(ana, "entry_receipt", entry.pk)
    assert PENDING not in after
    assert link in after


def test_a_page_that_is_open_asks_for_the_receipt_alone_and_more_seldom_each_time(
    world: World, sign: Sign
) -> None:
    ana = world.people["Ana"]
    entry = entry_of(ana)
    waits = []
    asked = "0.5"
    for _time in range(8):
        client = Client()
        client.force_login(ana)
        address = f"{reverse('entry_receipt', args=[entry.pk])}?wait={asked}"
        part = client.get(address, headers={"HX-Request": "true"}).content.decode()
        assert "<html" not in part
        [asked] = re.findall(r"wait=([0-9.]+)", part)
        waits += re.findall(r"delay:([0-9.]+)s", part)
    assert [float(wait) for wait in waits] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    sign()
    ready = page(ana, "entry_receipt", entry.pk, **{"HX-Request": "true"})
    assert READY in ready
    assert "hx-get" not in ready


@pytest.mark.parametrize("wait", ["", "soon", "-1", "nan", "inf", "1e99"])
def test_a_wait_that_makes_no_sense_is_taken_for_one_that_does(world: World, wait: str) -> None:
    ana = world.people["Ana"]
    client = Client()
    client.force_login(ana)
    address = f"{reverse('entry_receipt', args=[entry_of(ana).pk])}?wait={wait}"
    part = client.get(address, headers={"HX-Request": "true"}).content.decode()
    [delay] = re.findall(r"delay:([0-9.]+)s", part)
    assert 0.5 <= float(delay) <= 30


def test_the_receipt_that_is_downloaded_proves_the_entry_to_anybody(
    world: World, sign: Sign
) -> None:
    ana = world.people["Ana"]
    entry = entry_of(ana)
    sign()
    proof = notes.Proof.parse(page(ana, "entry_proof", entry.pk))
    told = notes.Checkpoint.parse(proof.checkpoint.text)
    key = notes.Key.parse(Origin.objects.get(organisation=entry.organisation).vkey)
    assert proof.checkpoint.signature_of(key)
    assert proof.extra == bytes(entry.body)
    leaf = leaf_hash(proof.extra)
    assert merkle.included(leaf, proof.index, told.size, proof.path, told.root)


@pytest.mark.parametrize("kind", ["approve", "return", "abstain"])
def test_every_kind_of_decision_is_confirmed_with_its_receipt(kind: str, sign: Sign) -> None:
    world = World()
    world.route(["Ana", "Ben"], rule="quorum", quorum_number=1, refusal="vote")
    world.begin()
    ana = world.people["Ana"]
    client = Client()
    client.force_login(ana)
    sent = {
        "decision": kind,
        "comment": "Why not.",
        "target": 0,
        "seen_digest": seen_digest(world.item("Ana")).hex(),
        "idempotency_key": uuid4(),
    }
    response = client.post(reverse("decide", args=[world.item("Ana").pk]), sent)
    assert response.status_code == 303
    confirmed = client.get("/").content.decode()
    entry = entry_of(ana)
    assert PENDING in confirmed
    assert f'hx-get="{reverse("entry_receipt", args=[entry.pk])}?wait=' in confirmed


def test_the_record_and_ones_own_decisions_offer_the_receipt(world: World, sign: Sign) -> None:
    ana = world.people["Ana"]
    approval = Approval.objects.get(organisation=world.organisation)
    for name, args in (("approval", [approval.pk]), ("decisions", [])):
        assert PENDING in page(ana, name, *args)
    sign()
    link = reverse("entry_proof", args=[entry_of(ana).pk])
    for name, args in (("approval", [approval.pk]), ("decisions", [])):
        after = page(ana, name, *args)
        assert link in after
        assert PENDING not in after


def test_many_decisions_cost_no_more_queries_than_one(world: World, sign: Sign) -> None:
    def asked(entries: list[Entry]) -> int:
        with CaptureQueriesContext(connection) as caught:
            proofs.receipts(entries)
        return len(caught)

    sign()
    entries = list(Entry.objects.filter(organisation=world.organisation.pk))
    assert asked(entries) == asked(entries[:1]) <= 3


def test_a_receipt_is_for_whoever_signed_and_for_auditors(world: World) -> None:
    entry = entry_of(world.people["Ana"])
    auditor = make_holder(world.unit, "auditor", "Ada")
    assert PENDING in page(auditor, "entry_receipt", entry.pk)
    client = Client()
    client.force_login(world.people["Ben"])
    assert client.get(reverse("entry_receipt", args=[entry.pk])).status_code == 404


def test_two_decisions_of_one_moment_have_a_receipt_each() -> None:
    """Several approvals are signed from the inbox at once."""
    world = World()
    world.route(["Ana"])
    ana = world.people["Ana"]
    units = [world.unit, make_unit(world.organisation)]
    for unit in units:
        world.begin(unit=unit)
    for item in WorkItem.objects.filter(post=world.posts["Ana"]):
        world.decide("Ana", item=item, at=NOW)
    signed = list(SignOff.objects.filter(person=ana).select_related("approval"))
    found = mine.entries_of(signed)
    assert len(signed) == 2
    assert [found[one.pk].subject for one in signed] == [one.approval.root for one in signed]
    assert found[signed[0].pk] != found[signed[1].pk]


def test_nobody_s_decisions_have_no_receipts() -> None:
    assert mine.entries_of([]) == {}
    assert proofs.receipts([]) == []
