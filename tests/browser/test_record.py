"""From a task to the record of its approval, and on to the form on paper."""

import base64
from collections.abc import Callable

import pytest
import segno
from django.urls import reverse
from playwright.sync_api import Page, expect

from approvals.models import Approval
from tests.approvals.factories import World
from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser


def test_the_form_prints_on_one_page_without_the_frame(
    visit: Visit, axe: Callable[[Page], list[str]]
) -> None:
    world = World()
    world.route(["Ana", "Ben"], rule="all")
    approval: Approval = world.begin()
    world.decide("Ana", comment="Well done.")
    page = visit(world.submitter, reverse("approval", args=[approval.pk]), language="en")
    expect(page.get_by_role("heading", name="Record of approval")).to_be_visible()
    expect(page.get_by_text("Ana approved")).to_be_visible()
    assert axe(page) == []
    page.get_by_role("link", name="Form to print").click()
    expect(page.locator(".sheet")).to_contain_text("Approved: Well done.")
    assert axe(page) == []
    page.emulate_media(media="print")
    expect(page.locator(".side")).to_be_hidden()
    expect(page.get_by_role("heading", level=1)).to_be_hidden()
    printed = page.pdf(prefer_css_page_size=True)
    assert printed.count(b"/Type /Page\n") == 1


def test_the_code_on_paper_is_read_by_a_camera_and_leads_a_stranger_to_what_was_decided(
    visit: Visit, axe: Callable[[Page], list[str]]
) -> None:
    world = World()
    world.route(["Ana", "Ben"], rule="all")
    approval: Approval = world.begin()
    world.decide("Ana", comment="Well done.")
    form = visit(world.submitter, reverse("approval_form", args=[approval.pk]), language="en")
    form.emulate_media(media="print", color_scheme="dark")
    stamp = form.get_by_role("region", name="Proof of this form")
    expect(stamp).to_be_visible()
    code = stamp.locator(".form-code").inner_text().replace(" ", "").lower()
    address = f"{form.url.split('/approvals/')[0]}/verify/{code}/"
    assert modules(form) == [
        [bool(dark) for dark in row]
        for row in segno.make_qr(address, error="m", boost_error=False).matrix
    ]
    stranger = visit(None, address, language="en")
    expect(stranger.get_by_role("heading", name="What the record says")).to_be_visible()
    expect(stranger.get_by_text("Decision: approve")).to_be_visible()
    expect(stranger.get_by_text("Well done.")).to_have_count(0)
    assert axe(stranger) == []


def test_a_record_carries_its_code_on_paper_and_not_on_the_screen(visit: Visit) -> None:
    world = World()
    world.route(["Ana"])
    approval: Approval = world.begin()
    page = visit(world.submitter, reverse("approval", args=[approval.pk]), language="en")
    expect(page.locator(".stamp")).to_be_hidden()
    page.emulate_media(media="print")
    expect(page.locator(".stamp .qr")).to_be_visible()


def modules(page: Page) -> list[list[bool]]:
    """What is dark in the picture as it is painted, module by module, without the quiet zone."""
    picture = page.locator(".stamp .qr")
    side = int((picture.get_attribute("viewBox") or "").split()[2])
    shot = picture.screenshot()
    dark = page.evaluate(
        """async ([shot, side]) => {
            const bytes = Uint8Array.from(atob(shot), one => one.charCodeAt(0));
            const image = await createImageBitmap(new Blob([bytes], {type: "image/png"}));
            const canvas = new OffscreenCanvas(image.width, image.height);
            const context = canvas.getContext("2d");
            context.drawImage(image, 0, 0);
            const scale = image.width / side, found = [];
            for (let y = 4; y < side - 4; y++) for (let x = 4; x < side - 4; x++) {
                const at = [Math.floor((x + .5) * scale), Math.floor((y + .5) * scale)];
                found.push(context.getImageData(...at, 1, 1).data[0] < 128);
            }
            return found;
        }""",
        [base64.b64encode(shot).decode(), side],
    )
    width = side - 8
    return [dark[start : start + width] for start in range(0, width * width, width)]
