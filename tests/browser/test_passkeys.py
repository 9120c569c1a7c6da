"""Passkeys with a real browser and its virtual authenticator: set up, sign in, revoke."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from directory import actions
from directory.models import Passkey, Person
from tests.browser.conftest import Visit, Window, cookies
from tests.factories import NOW, make_administrator, make_organisation, make_person

pytestmark = pytest.mark.browser
PASSWORD = "correct horse 27"
PATIENCE = 20_000
"""Milliseconds: a ceremony asks the server twice and the device once."""


@pytest.fixture
def person(committed_db: None) -> Person:
    return make_person(make_organisation(), password=PASSWORD)


@dataclass
class Device:
    """A person's own browser, whose device keeps passkeys and knows its owner."""

    page: Page
    cdp: Any
    authenticator: str
    offers_passkeys: bool = False
    """Whether its browser offers passkeys beside the account, by itself."""

    def __post_init__(self) -> None:
        self.page.expose_function("offersPasskeys", lambda: self.offers_passkeys)
        self.page.add_init_script(
            "PublicKeyCredential.isConditionalMediationAvailable = () => offersPasskeys()"
        )

    def knows_its_owner(self, yes: bool) -> None:
        self.cdp.send(
            "WebAuthn.setUserVerified",
            {"authenticatorId": self.authenticator, "isUserVerified": yes},
        )

    @property
    def credentials(self) -> list[Any]:
        asked = {"authenticatorId": self.authenticator}
        return self.cdp.send("WebAuthn.getCredentials", asked)["credentials"]  # type: ignore[no-any-return]

    def sign_in_by_password(self, person: Person) -> None:
        self.page.goto("/sign-in/")
        self.page.get_by_label("Account").fill(person.username)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        expect(self.page.get_by_role("heading", name="Inbox")).to_be_visible()

    def sign_out(self) -> None:
        self.page.context.clear_cookies()

    def sign_in_by_passkey(self) -> None:
        self.page.goto("/sign-in/")
        self.page.get_by_role("button", name="Sign in with a passkey").click()

    def enrol(self, name: str, password: str = PASSWORD) -> None:
        self.page.goto("/account/passkeys/")
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Set up passkey").click()


@pytest.fixture
def device(browser: Browser, site: str) -> Iterator[Device]:
    """At the site's name: no browser keeps passkeys for a number."""
    window = Window.open(
        browser, site.replace("127.0.0.1", "localhost"), "en", phone=False, dark=False
    )
    cdp = window.page.context.new_cdp_session(window.page)
    cdp.send("WebAuthn.enable")
    added = cdp.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    expect.set_options(timeout=PATIENCE)
    yield Device(window.page, cdp, added["authenticatorId"])
    expect.set_options(timeout=None)
    window.close()
    assert window.complaints == []


def test_a_passkey_is_set_up_opens_the_door_and_after_its_end_does_not(
    device: Device, person: Person
) -> None:
    device.sign_in_by_password(person)
    device.enrol("My notebook")
    expect(device.page.get_by_text("You can sign in with it from now on")).to_be_visible()
    assert [one["isResidentCredential"] for one in device.credentials] == [True]

    device.sign_out()
    device.sign_in_by_passkey()
    expect(device.page.get_by_role("heading", name="Inbox")).to_be_visible()

    device.page.goto("/account/passkeys/")
    device.page.get_by_role("link", name="Revoke My notebook").click()
    device.page.get_by_role("button", name="Revoke passkey").click()
    expect(device.page.get_by_text("The passkey has been revoked.")).to_be_visible()

    device.sign_out()
    device.sign_in_by_passkey()
    expect(device.page.get_by_role("alert")).to_contain_text("This passkey has been revoked.")
    device.page.goto("/")
    expect(device.page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_device_that_does_not_know_its_owner_opens_nothing(
    device: Device, person: Person
) -> None:
    device.sign_in_by_password(person)
    device.knows_its_owner(False)
    device.enrol("My notebook")
    expect(device.page.get_by_role("alert")).to_contain_text("Your device gave no answer")
    assert not Passkey.objects.filter(person=person).exists()

    device.knows_its_owner(True)
    device.page.get_by_label("Password").fill("wrong")
    device.page.get_by_role("button", name="Set up passkey").click()
    expect(device.page.get_by_role("alert")).to_contain_text("That is not your password.")
    device.page.get_by_label("Password").fill(PASSWORD)
    device.page.get_by_label("Password").press("Enter")
    expect(device.page.get_by_text("You can sign in with it from now on")).to_be_visible()

    device.enrol("The same notebook again")
    expect(device.page.get_by_role("alert")).to_contain_text("has a passkey for your account")
    assert Passkey.objects.filter(person=person).count() == 1

    device.sign_out()
    device.knows_its_owner(False)
    device.sign_in_by_passkey()
    expect(device.page.get_by_role("alert")).to_contain_text("Your device gave no answer")


def test_where_the_organisation_asks_for_it_a_second_person_lets_it_count(
    device: Device, person: Person
) -> None:
    administrator = make_administrator(person.organisation)
    actions.ask_for_approval_of_passkeys(
        organisation_id=person.organisation_id, wanted=True, actor=administrator, at=NOW
    )
    device.sign_in_by_password(person)
    device.enrol("My notebook")
    expect(device.page.get_by_text("It counts once an administrator has")).to_be_visible()
    device.sign_out()
    device.sign_in_by_passkey()
    expect(device.page.get_by_role("alert")).to_contain_text("once an administrator has approved")

    passkey = Passkey.objects.get(person=person)
    actions.approve_passkey(passkey_id=passkey.pk, actor=administrator, at=timezone.now())
    device.sign_in_by_passkey()
    expect(device.page.get_by_role("heading", name="Inbox")).to_be_visible()


def test_browsers_offer_the_passkey_beside_the_account(device: Device, person: Person) -> None:
    """The virtual authenticator takes what is offered at once; a person would choose it first."""
    device.sign_in_by_password(person)
    device.enrol("My notebook")
    expect(device.page.get_by_text("You can sign in with it from now on")).to_be_visible()
    device.sign_out()
    device.offers_passkeys = True
    device.page.goto("/sign-in/")
    expect(device.page.get_by_role("heading", name="Inbox")).to_be_visible()


def test_both_pages_are_accessible_and_fit_a_phone(
    device: Device, person: Person, axe: Callable[[Page], list[str]]
) -> None:
    device.sign_in_by_password(person)
    device.enrol("My notebook")
    expect(device.page.get_by_text("You can sign in with it from now on")).to_be_visible()
    device.page.set_viewport_size({"width": 360, "height": 740})
    for path in ("/account/passkeys/", "/sign-in/"):
        if path == "/sign-in/":
            device.sign_out()
        device.page.goto(path)
        expect(device.page.locator("form[data-passkey]")).to_be_visible()
        assert axe(device.page) == []
        assert device.page.evaluate("document.documentElement.scrollWidth") <= 360


def test_without_a_script_or_passkeys_a_sentence_says_what_is_missing(
    browser: Browser, site: str, person: Person
) -> None:
    here = site.replace("127.0.0.1", "localhost")
    for runs_scripts, sentence in (
        (False, "needs JavaScript, which is off"),
        (True, "This browser doesn't know passkeys."),
    ):
        context = browser.new_context(
            base_url=here, locale="en-GB", java_script_enabled=runs_scripts
        )
        context.add_cookies(cookies(here, person, "en"))
        page = context.new_page()
        page.add_init_script("delete window.PublicKeyCredential")
        page.goto("/account/passkeys/")
        expect(page.get_by_text(sentence)).to_be_visible()
        expect(page.get_by_role("button", name="Set up passkey")).to_be_hidden()
        context.close()


def test_at_an_address_of_digits_a_link_leads_to_the_name(visit: Visit, person: Person) -> None:
    page = visit(person, "/account/passkeys/", language="en")
    expect(page.get_by_text("this page's address is only digits")).to_be_visible()
    link = page.get_by_role("main").get_by_role("link", name="http://localhost")
    expect(link).to_have_attribute("href", re.compile(r"http://localhost:\d+/account/passkeys/"))
