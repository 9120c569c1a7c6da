"""Passkeys with a real browser and its virtual authenticator: set up, sign in, revoke."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from directory.models import Person
from tests.browser.conftest import Window
from tests.factories import make_organisation, make_person

pytestmark = pytest.mark.browser
PASSWORD = "correct horse 27"


@pytest.fixture
def person(committed_db: None) -> Person:
    return make_person(make_organisation(), password=PASSWORD)


@dataclass
class Device:
    """A person's own browser, whose device keeps passkeys and knows its owner."""

    page: Page
    cdp: Any
    authenticator: str

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
    yield Device(window.page, cdp, added["authenticatorId"])
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
