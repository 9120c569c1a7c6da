"""Bad input gets a clear sentence in the reader's language and changes nothing: a test a noun."""

import copy
import threading
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4

import docx
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections
from django.test import Client
from django.urls import reverse
from django.utils import translation
from django.utils.functional import Promise, lazy, lazystr
from django.utils.translation import gettext_lazy as _

from approvals import sentences
from approvals.models import SignOff, WorkItem
from approvals.queries import seen_digest
from approvals.refusals import ContentChanged
from directory import actions as directory
from directory.actions import OPERATOR
from directory.models import Appointment, Person, Post
from tests.bad_input.conftest import Says
from tests.conftest import MakeForFile
from tests.factories import NOW
from tests.importing.plans import archive, docx_bytes
from tests.workflows.factories import (
    World,
    accepted,
    make_world,
    publish_completion_route,
    submitted,
)
from tests.workflows.planning import (
    TEXT,
    District,
    answer_all,
    make_district,
    upload,
)
from workflows.actions.import_review import AlreadyConfirmed
from workflows.actions.imports import AlreadyImported, StillOpen
from workflows.importing import MAX_BYTES
from workflows.models import Plan
from workflows.wording import NOT_A_PLAN, QUESTIONS, REFUSALS

LANGUAGES = ("en", "zh-hans")
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENTITY = (
    b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
    b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
    b"<w:body><w:p><w:r><w:t>&x;</w:t></w:r></w:p></w:body></w:document>"
)

Unchanged = Callable[[], AbstractContextManager[None]]
database = pytest.mark.django_db
both_languages = pytest.mark.parametrize("language", LANGUAGES)


Made = tuple[District, World]


@pytest.fixture(scope="module")
def made(make_for_file: MakeForFile) -> Made:
    def make() -> Made:
        world = make_world()
        publish_completion_route(world)
        return make_district(), world

    return make_for_file(make)


@pytest.fixture
def district(made: Made, db: None) -> District:
    return copy.deepcopy(made[0])


@pytest.fixture
def world(made: Made, db: None) -> World:
    return copy.deepcopy(made[1])


def signed_in(person: Person, language: str) -> Client:
    Person.objects.filter(pk=person.pk).update(language=language)
    client = Client(raise_request_exception=False, headers={"accept-language": language})
    client.force_login(Person.objects.get(pk=person.pk))
    return client


def filled(sentence: str | Promise, **params: object) -> Promise:
    """The sentence with its places filled in, translated when it is read."""
    return lazystr(_Filled(sentence, params))


class _Filled:
    def __init__(self, sentence: str | Promise, params: dict[str, object]) -> None:
        self.sentence, self.params = sentence, params

    def __str__(self) -> str:
        return str(self.sentence) % self.params


def repacked(members: dict[str, bytes]) -> bytes:
    """A real Word file with members added or replaced."""
    with zipfile.ZipFile(BytesIO(docx_bytes(docx.Document()))) as packed:
        whole = {name: packed.read(name) for name in packed.namelist()}
    return archive(whole | members)


# Documents


@pytest.fixture
def refused(
    district: District, guarded: None, nothing_changes: Unchanged, says: Says
) -> Callable[..., None]:
    """Uploading these bytes gets this sentence in both languages, and nothing is imported."""

    def check(name: str, content: bytes, sentence: str | Promise) -> None:
        for language in LANGUAGES:
            client = signed_in(district.coordinator, language)
            with nothing_changes():
                file = SimpleUploadedFile(name, content)
                page = client.post(reverse("plan_import"), {"file": file, "text": ""})
            assert page.status_code == 422
            says(page, language, sentence)

    return check


@database
def test_empty(refused: Callable[..., None]) -> None:
    refused("plan.txt", b"", REFUSALS["empty"])


@database
def test_binary(refused: Callable[..., None]) -> None:
    refused("plan.txt", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), REFUSALS["binary"])


@database
def test_100_mb(refused: Callable[..., None]) -> None:

    refused("plan.txt", bytes(100 * 2**20), filled(REFUSALS["too_large"], limit=MAX_BYTES))


@database
def test_scanned(refused: Callable[..., None]) -> None:
    refused("scan.pdf", b"%PDF-1.7\n%%EOF", REFUSALS["unsupported_pdf"])


@database
def test_encrypted(refused: Callable[..., None]) -> None:
    data = OLE + bytes(504) + "EncryptedPackage".encode("utf-16-le") + bytes(64)
    refused("plan.docx", data, REFUSALS["encrypted"])


@database
def test_hostile_docx_bomb(refused: Callable[..., None]) -> None:
    bomb = repacked({"word/media/a.bin": bytes(30_000_000)})
    refused("plan.docx", bomb, REFUSALS["archive_bomb"])


@database
def test_hostile_docx_external_entity(refused: Callable[..., None]) -> None:
    refused("plan.docx", repacked({"word/document.xml": ENTITY}), REFUSALS["dtd"])


@database
def test_hostile_docx_path_traversal(refused: Callable[..., None]) -> None:
    refused("plan.docx", repacked({"../../etc/x": b"x"}), REFUSALS["path_traversal"])


@database
def test_a_regulation_instead_of_a_plan(refused: Callable[..., None]) -> None:
    articles = "\n".join(f"第{number}条 应当遵守本办法。" for number in "一二三四五六七")
    text = f"安全管理办法\n\n{articles}\n".encode()
    refused("rules.txt", text, filled(NOT_A_PLAN["regulation"], articles=7))


@database
@both_languages
def test_a_plan_imported_twice(
    district: District, language: str, nothing_changes: Unchanged, says: Says
) -> None:
    upload(district)
    client = signed_in(district.colleague, language)

    with nothing_changes():
        page = client.post(
            reverse("plan_import"), {"file": SimpleUploadedFile("again.txt", TEXT.encode())}
        )

    assert page.status_code == 422
    says(page, language, filled(AlreadyImported.sentence, person=district.coordinator.name))


@database
@both_languages
def test_unknown_units(
    district: District, language: str, nothing_changes: Unchanged, says: Says
) -> None:
    found = upload(district)
    client = signed_in(district.coordinator, language)

    with nothing_changes():
        page = client.post(reverse("plan_confirm", args=[found.pk]), {"revision": found.revision})

    assert page.status_code == 422
    says(page, language, filled(QUESTIONS["unknown_unit"], text="卫管处"))
    says(page, language, filled(StillOpen.sentence, count=len(page.context["page"].draft.open)))


# Two at once, and twice


@pytest.mark.races
@both_languages
def test_two_coordinators_confirming_at_once(committed_db: None, language: str, says: Says) -> None:
    district = make_district()
    found = answer_all(district, upload(district))
    people = district.coordinator, district.colleague

    pages = together(
        [signed_in(person, language) for person in people],
        reverse("plan_confirm", args=[found.pk]),
        {"revision": found.revision},
    )

    plan = Plan.objects.get(organisation=district.organisation)
    assert {page.redirect_chain[0][0] for page in pages} == {reverse("plan", args=[plan.pk])}
    done = gettext("The draft is stored. Nobody has been told yet.", language)
    (late,) = (page for page in pages if done not in page.content.decode())
    says(late, language, filled(AlreadyConfirmed.sentence, person=plan.created_by.name))


def gettext(sentence: str, language: str) -> str:
    with translation.override(language):
        return translation.gettext(sentence)


def together(clients: Sequence[Client], address: str, sent: dict[str, object]) -> list[Any]:
    """The pages that all get who send the same at the same moment."""
    start, pages = threading.Barrier(len(clients)), []

    def run(client: Client) -> None:
        start.wait(20)
        try:
            pages.append(client.post(address, sent, follow=True))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[client]) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return pages


def decision(item: WorkItem, **changes: str) -> dict[str, str]:
    """What the page of an item sends."""
    given = {
        "decision": "approve",
        "seen_digest": seen_digest(item).hex(),
        "idempotency_key": str(uuid4()),
    }
    return given | changes


def item_under_review(world: World) -> WorkItem:
    report = submitted(world)
    return WorkItem.objects.get(approval__subject_id=report.task_id, state="open")


@database
@both_languages
def test_a_double_click(
    world: World, language: str, nothing_changes: Unchanged, says: Says
) -> None:
    item = item_under_review(world)
    client, sent = signed_in(world.deputy, language), decision(item)
    address = reverse("decide", args=[item.pk])
    first = client.post(address, sent)
    client.get(first["Location"])

    with nothing_changes():
        second = client.post(address, sent)

    assert second.status_code == first.status_code == 303
    assert SignOff.objects.filter(work_item=item).count() == 1
    says(client.get(second["Location"]), language, _("Signed and recorded. The stage has passed."))


# Pages that are out of date


@database
@both_languages
def test_an_expired_page_whose_form_is_no_longer_valid(
    world: World, language: str, nothing_changes: Unchanged, says: Says
) -> None:
    item = item_under_review(world)
    client = signed_in(world.deputy, language)
    client.handler.enforce_csrf_checks = True

    with nothing_changes():
        page = client.post(reverse("decide", args=[item.pk]), decision(item))

    assert page.status_code == 403
    says(
        page,
        language,
        _("It was open too long, or you signed in again meanwhile. Nothing was saved or signed."),
    )


@database
@both_languages
def test_an_expired_page_that_shows_what_has_changed_since(
    world: World, language: str, nothing_changes: Unchanged, says: Says
) -> None:
    item = item_under_review(world)
    client = signed_in(world.deputy, language)

    with nothing_changes():
        page = client.post(
            reverse("decide", args=[item.pk]),
            decision(item, seen_digest="00" * 32, comment="Kept words."),
        )

    assert page.status_code == 409
    says(page, language, ContentChanged.sentence)
    assert "Kept words." in page.content.decode()


# People and posts


@database
@both_languages
def test_a_deactivated_user(
    world: World, language: str, nothing_changes: Unchanged, says: Says
) -> None:
    item = item_under_review(world)
    client = signed_in(world.deputy, language)
    directory.deactivate_person(person_id=world.deputy.pk, actor=OPERATOR, at=NOW)

    with nothing_changes():
        page = client.post(reverse("decide", args=[item.pk]), decision(item), follow=True)

    assert page.redirect_chain[0][0].startswith(reverse("sign_in"))
    says(page, language, _("Your account has been deactivated. Ask your administrator why."))


@database
@both_languages
def test_a_post_without_holder(
    world: World, language: str, nothing_changes: Unchanged, says: Says
) -> None:
    appointment = Appointment.objects.get(person=world.deputy)
    directory.dismiss(appointment_id=appointment.pk, actor=OPERATOR, at=NOW - timedelta(hours=1))
    item = item_under_review(world)

    handler = signed_in(world.handler, language)
    administrator = signed_in(world.administrator, language)
    with nothing_changes():
        refused = handler.post(reverse("decide", args=[item.pk]), decision(item))
        task = handler.get(reverse("task", args=[item.approval.subject_id]))
        routes = administrator.get(reverse("routes"))

    assert refused.status_code == 403
    says(
        task,
        language,
        lazy(lambda: sentences.stuck("Own unit", "vacant", [_capacity(appointment.post)]), str)(),
    )
    says(routes, language, _("Nobody holds a post that is asked. Appoint somebody."))


def _capacity(post: Post) -> str:
    return sentences.capacity(post.unit.name, post.title)


# The database


@pytest.mark.usefixtures("committed_db")
@both_languages
def test_a_stopped_database(language: str, nothing_changes: Unchanged, says: Says) -> None:
    world = make_world()
    task = accepted(world)
    client = signed_in(world.handler, language)
    sent = {"text": "Words.", "percent": 10, "revision": 0, "do": "save"}

    with nothing_changes(), unreachable_database():
        pages = [client.get("/"), client.post(reverse("report", args=[task.pk]), sent)]

    for page in pages:
        assert page.status_code == 503
        says(
            page,
            language,
            _(
                "The database is not answering, so nothing can be read or saved just now. "
                "What you sent was not carried out. Wait a minute, then reload the page."
            ),
        )


@contextmanager
def unreachable_database() -> Iterator[None]:
    """Nobody listens at the database's address."""
    connection.close()
    port = connection.settings_dict["PORT"]
    connection.settings_dict["PORT"] = "1"
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["PORT"] = port
