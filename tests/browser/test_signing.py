"""Signing decisions in a real browser, whose virtual device keeps a passkey that we know.

What a browser would never send (another origin, a turned bit) is tried in tests/approvals.
"""

import base64
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from django.utils import timezone
from playwright.sync_api import Browser, Page, Route, expect

from approvals import actions, queries
from approvals.models import PreparedSignature, SignOff, WorkItem
from audit.templatetags.ui import short_code
from directory import actions as directory
from directory.actions import OPERATOR
from directory.models import Passkey, Person
from directory.passkeys import RelyingParty
from tests.authenticator import Authenticator, b64
from tests.browser.conftest import Window
from tests.factories import delegate, make_passkey
from tests.workflows.factories import World, accepted, make_world, submitted
from tests.workflows.test_reviewing import publish, seat
from workflows.models import Task

pytestmark = pytest.mark.browser

Axe = Callable[[Page], list[str]]


@pytest.fixture
def world(committed_db: None) -> World:
    world = make_world()
    publish(world, evidence="passkey")
    return world


@pytest.fixture
def task(world: World) -> Task:
    task = accepted(world)
    submitted(world, task)
    return task


@dataclass
class Desk:
    """A person's own browser. Its device holds `key`, which the product knows as `passkey`."""

    window: Window
    site: str
    cdp: Any
    device: str
    person: Person
    passkey: Passkey
    key: Authenticator

    @property
    def page(self) -> Page:
        return self.window.page

    def open(self, item: WorkItem) -> Page:
        return self.window.go(self.site, self.person, f"/work-items/{item.pk}/", "en")

    def device_is(self, **state: Any) -> None:
        """Whether its owner is known to it (`verified`), and whether somebody touches it."""
        place = {"authenticatorId": self.device}
        if "verified" in state:
            self.cdp.send("WebAuthn.setUserVerified", place | {"isUserVerified": state["verified"]})

    def forget(self) -> None:
        self.cdp.send("WebAuthn.clearCredentials", {"authenticatorId": self.device})

    def keep(self, key: Authenticator) -> None:
        private = key.key.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        credential = {
            "credentialId": base64.b64encode(key.credential_id).decode(),
            "isResidentCredential": True,
            "rpId": "localhost",
            "privateKey": base64.b64encode(private).decode(),
            "userHandle": base64.b64encode(self.person.pk.bytes).decode(),
            "signCount": 1,
        }
        self.cdp.send(
            "WebAuthn.addCredential", {"authenticatorId": self.device, "credential": credential}
        )

    def prepare(self, decision: str = "Approve", comment: str = "The figures agree.") -> None:
        self.page.get_by_role("radio", name=decision).check()
        self.page.locator("#id_comment").fill(comment)
        self.page.get_by_role("button", name=f"Sign personally: {decision.lower()}").click()
        expect(self.page.get_by_text("Your passkey will sign this sentence")).to_be_visible()

    def sign(self) -> None:
        self.page.get_by_role("button", name="Sign with the passkey").click()


@pytest.fixture
def desk(browser: Browser, site: str, world: World) -> Iterator[Callable[[Person], Desk]]:
    """`desk(person)`: at the site's name, because no browser keeps passkeys for a number."""
    named = site.replace("127.0.0.1", "localhost")
    windows: list[Window] = []

    def sit_down(person: Person, *, phone: bool = False, dark: bool = False) -> Desk:
        window = Window.open(browser, named, "en", phone=phone, dark=dark)
        windows.append(window)
        cdp = window.page.context.new_cdp_session(window.page)
        cdp.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        added = cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        party = RelyingParty("localhost", (named,))
        passkey, key = make_passkey(person, party=party, at=timezone.now())
        made = Desk(window, named, cdp, added["authenticatorId"], person, passkey, key)
        made.keep(key)
        return made

    yield sit_down
    for window in windows:
        window.close()
    assert [one for window in windows for one in window.complaints] == []


def unsigned(item: WorkItem) -> None:
    assert not SignOff.objects.filter(work_item=item).exists()


def test_a_decision_is_signed_with_the_passkey_and_told_from_others(
    world: World, task: Task, desk: Callable[[Person], Desk], axe: Axe
) -> None:
    mine = desk(world.deputy)
    item = seat(task, world.deputy)
    page = mine.open(item)
    expect(page.get_by_role("button", name="Sign: approve")).to_have_count(0)
    mine.prepare()
    unsigned(item)
    statement = bytes(PreparedSignature.objects.get(work_item=item).statement)
    code = short_code(sha256(statement).digest())
    expect(page.locator("[data-code]")).to_have_text(code)
    expect(page.locator("[data-sentence]")).to_contain_text("I approve")
    assert axe(page) == []
    mine.sign()
    expect(page.get_by_text(f"Your passkey signed it; short code {code}.")).to_be_visible()
    row = SignOff.objects.get(work_item=item)
    assert (row.evidence, bytes(row.statement)) == ("passkey", statement)
    page.goto(f"/approvals/{row.approval_id}/")
    expect(page.get_by_text("personally signed")).to_be_visible()
    expect(page.get_by_text(code).first).to_be_visible()
    assert axe(page) == []


def test_a_comment_that_was_prepared_stands_there_when_the_page_is_opened_again(
    world: World, task: Task, desk: Callable[[Person], Desk]
) -> None:
    mine = desk(world.deputy)
    item = seat(task, world.deputy)
    mine.open(item)
    mine.prepare(comment="Kept for later.")
    page = mine.open(item)
    expect(page.locator("#id_comment")).to_have_value("Kept for later.")
    unsigned(item)


def test_what_is_changed_after_preparing_has_to_be_prepared_anew(
    world: World, task: Task, desk: Callable[[Person], Desk]
) -> None:
    mine = desk(world.deputy)
    item = seat(task, world.deputy)
    page = mine.open(item)
    mine.prepare()
    page.locator("#id_comment").fill("Something else.")
    expect(page.get_by_text("Your passkey will sign this sentence")).to_be_hidden()
    mine.prepare("Return", "The figures are missing.")
    mine.sign()
    expect(page.get_by_text("It goes back.")).to_be_visible()
    row = SignOff.objects.get(work_item=item)
    assert (row.decision, row.evidence) == ("return", "passkey")


def test_whoever_gives_up_at_the_device_has_signed_nothing_and_lost_nothing(
    world: World, task: Task, desk: Callable[[Person], Desk]
) -> None:
    mine = desk(world.deputy)
    item = seat(task, world.deputy)
    page = mine.open(item)
    mine.prepare()
    mine.device_is(verified=False)
    mine.sign()
    expect(page.get_by_role("alert")).to_contain_text("The passkey didn't sign")
    expect(page.locator("#id_comment")).to_have_value("The figures agree.")
    unsigned(item)
    mine.device_is(verified=True)
    mine.prepare()
    mine.sign()
    expect(page.get_by_text("Your passkey signed it")).to_be_visible()


# What goes wrong between preparing and signing: nothing is signed, and the page says why

Trouble = Callable[[World, Task, Desk], None]


def another_decision(world: World, task: Task, desk: Desk) -> None:
    desk.page.evaluate(
        "() => { document.querySelector('[name=decision][value=abstain]').checked = true }"
    )


def another_comment(world: World, task: Task, desk: Desk) -> None:
    desk.page.evaluate("() => { document.getElementById('id_comment').value = 'Slipped in.' }")


def another_digest(world: World, task: Task, desk: Desk) -> None:
    desk.page.evaluate(
        "() => { document.querySelector('[name=seen_digest]').value = '0'.repeat(64) }"
    )


def new_deadline(world: World, task: Task, desk: Desk) -> None:
    Task.objects.filter(pk=task.pk).update(due_date=None)


def revoked(world: World, task: Task, desk: Desk) -> None:
    directory.revoke_passkey(
        passkey_id=desk.passkey.pk, reason="Lost.", actor=desk.person, at=timezone.now()
    )


def expired(world: World, task: Task, desk: Desk) -> None:
    PreparedSignature.objects.filter(person=desk.person).update(
        expires_at=timezone.now() - timedelta(seconds=1)
    )


def prepared_elsewhere(world: World, task: Task, desk: Desk) -> None:
    item = seat(task, desk.person)
    actions.prepare_signature(
        work_item_id=item.pk,
        actor=desk.person,
        decision="approve",
        seen_digest=queries.seen_digest(item),
        at=timezone.now(),
    )


def another_challenge(world: World, task: Task, desk: Desk) -> None:
    """A page in bad hands: it shows one statement and has the device sign another."""
    desk.page.evaluate(
        """() => {
          const get = navigator.credentials.get.bind(navigator.credentials);
          navigator.credentials.get = ({publicKey}) =>
            get({publicKey: {...publicKey, challenge: new Uint8Array(32)}});
        }"""
    )


def without_knowing_who(world: World, task: Task, desk: Desk) -> None:
    desk.device_is(verified=False)
    desk.page.evaluate(
        """() => {
          const get = navigator.credentials.get.bind(navigator.credentials);
          navigator.credentials.get = ({publicKey}) =>
            get({publicKey: {...publicKey, userVerification: "discouraged"}});
        }"""
    )


def anothers_key(world: World, task: Task, desk: Desk) -> None:
    """The device of somebody else answers, whose passkey counts just as well, for them."""
    party = RelyingParty("localhost", (desk.site,))
    _, key = make_passkey(world.principal, party=party, at=timezone.now())
    desk.forget()
    desk.keep(key)
    desk.page.evaluate(
        """(id) => {
          const get = navigator.credentials.get.bind(navigator.credentials);
          const plain = atob(id.replaceAll("-", "+").replaceAll("_", "/"));
          const bytes = Uint8Array.from(plain, (one) => one.charCodeAt(0));
          navigator.credentials.get = ({publicKey}) =>
            get({publicKey: {...publicKey, allowCredentials: [{type: "public-key", id: bytes}]}});
        }""",
        b64(key.credential_id),
    )


def post_lost(world: World, task: Task, desk: Desk) -> None:
    held = seat(task, desk.person).post
    assert held is not None
    directory.dismiss(
        appointment_id=held.appointments.get(person=desk.person).pk,
        actor=OPERATOR,
        at=timezone.now(),
    )


TROUBLES: list[tuple[Trouble, str]] = [
    (another_decision, "is not what you send now"),
    (another_comment, "is not what you send now"),
    (another_digest, "has changed since"),
    (new_deadline, "has changed since"),
    (revoked, "This passkey doesn't count for you"),
    (expired, "More than 5 minutes went by"),
    (prepared_elsewhere, "was prepared anew elsewhere or has been used"),
    (another_challenge, "answered another question"),
    (without_knowing_who, "did not check that it is you"),
    (anothers_key, "This passkey doesn't count for you"),
    (post_lost, "ended on"),
]


# The test command takes a third of them: each goes through the same door in
# `tests/approvals/test_personal.py`, without a browser.
TRIED = TROUBLES if "DUBAN_THOROUGH" in os.environ else TROUBLES[::3]


@pytest.mark.parametrize(("trouble", "said"), TRIED, ids=lambda one: getattr(one, "__name__", ""))
def test_nothing_is_signed_when(
    trouble: Trouble, said: str, world: World, task: Task, desk: Callable[[Person], Desk]
) -> None:
    mine = desk(world.deputy)
    item = seat(task, world.deputy)
    page = mine.open(item)
    mine.prepare()
    trouble(world, task, mine)
    mine.sign()
    expect(page.get_by_text(said)).to_be_visible()
    unsigned(item)
    kept = "Slipped in." if trouble is another_comment else "The figures agree."
    expect(page.get_by_label("What you wrote")).to_have_value(kept)


def test_whoever_goes_back_after_a_refusal_can_sign_again(
    world: World, task: Task, desk: Callable[[Person], Desk]
) -> None:
    mine = desk(world.deputy)
    item = seat(task, world.deputy)
    page = mine.open(item)
    mine.prepare()
    expired(world, task, mine)
    mine.sign()
    expect(page.get_by_text("More than 5 minutes went by")).to_be_visible()
    page.go_back()
    expect(page.locator("[name=assertion]")).to_have_value("")
    mine.prepare()
    mine.sign()
    expect(page.get_by_text("Your passkey signed it")).to_be_visible()


def test_a_signature_that_is_caught_and_sent_again_counts_once(
    world: World, task: Task, desk: Callable[[Person], Desk]
) -> None:
    mine = desk(world.deputy)
    item = seat(task, world.deputy)
    page = mine.open(item)
    mine.prepare()
    caught: list[str] = []

    def catch(route: Route) -> None:
        caught.append(route.request.post_data or "")
        route.continue_()

    page.route("**/decide/", catch)
    mine.sign()
    expect(page.get_by_text("Your passkey signed it")).to_be_visible()
    send = """(body) => fetch(%r, {method: "POST", body, headers: {"content-type":
        "application/x-www-form-urlencoded"}, redirect: "manual"}).then((one) => one.type)"""
    address = f"/work-items/{item.pk}/decide/"
    again = page.evaluate(send % address, caught[0])
    assert again == "opaqueredirect", "the same form is answered as it was"
    anew = caught[0].replace(
        "idempotency_key=", "idempotency_key=0199aaaa-0000-7000-8000-00000000000a&x="
    )
    status = page.evaluate(send.replace("one.type", "one.status") % address, anew)
    assert status == 409
    assert SignOff.objects.filter(work_item=item).count() == 1


def test_whoever_acts_for_somebody_signs_with_their_own_passkey(
    world: World, task: Task, desk: Callable[[Person], Desk]
) -> None:
    delegate(world.deputy, world.stranger, ends_at=timezone.now() + timedelta(days=1))
    mine = desk(world.stranger)
    item = seat(task, world.deputy)
    page = mine.open(item)
    expect(page.get_by_text(f"You act for {world.deputy}.")).to_be_visible()
    mine.prepare()
    assert world.deputy.name not in page.locator("[data-sentence]").inner_text()
    mine.sign()
    expect(page.get_by_text("Your passkey signed it")).to_be_visible()
    row = SignOff.objects.get(work_item=item)
    assert (row.person, row.acting_for) == (world.stranger, world.deputy)


def test_on_a_phone_all_of_it_fits(
    world: World, task: Task, desk: Callable[..., Desk], axe: Axe
) -> None:
    mine = desk(world.deputy, phone=True, dark=True)
    page = mine.open(seat(task, world.deputy))
    mine.prepare()
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
