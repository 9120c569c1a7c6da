"""A text goes and every proof stays: asked for by an administrator, erased by the worker's role."""

import io
import zipfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import psycopg2.errors
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, transaction
from django.db.utils import ProgrammingError
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from approvals.models import SignOff
from audit import bundle_files, bundles, checkpoints, erasing, verification, verify
from audit.models import Entry, Erasure, Opening
from audit.queries import Erased, read_openings
from audit.sequencer import Sequencer
from directory import actions
from directory.actions import NotAdministrator
from directory.actions.erasure import NameInUse, NothingChosen, NotTheirs, request_erasure
from directory.models import Person
from tests.conftest import Made, MakeOnce
from tests.factories import NOW
from tests.racing import outcomes
from tests.workflows import factories
from tests.workflows.factories import World
from workflows.actions import drafts
from workflows.files import path_of, store
from workflows.models import DraftFile, Evidence, StoredFile

Speaking = Callable[[str], AbstractContextManager[None]]
SECRET = "My wife is ill, as everybody knows."


@pytest.fixture
def world(
    make_once: MakeOnce, copied: Callable[[Made], World], settings: Settings, tmp_path: Path
) -> World:
    settings.DATA_DIR = tmp_path
    return copied(make_once("words_to_erase", make_returned))


def make_returned() -> World:
    """A report with a file, returned with a comment that should never have been written."""
    made = factories.make_world()
    factories.publish_completion_route(made)
    task = factories.accepted(made)
    factories.write(task, made.lead, made.handler)
    attach(made, task.pk)
    factories.submitted(made, task)
    factories.decide(made.deputy, "return", SECRET)
    return made


def attach(world: World, task: object) -> None:
    drafts.attach_file(
        task_id=task,  # type: ignore[arg-type]
        unit_id=world.lead.pk,
        stored=store(world.organisation.pk, factories.upload()),
        name="salaries.pdf",
        actor=world.handler,
        at=NOW,
    )


def digest_of(person: Person, words: str) -> bytes:
    texts = erasing.texts_of(person.subject, person.organisation_id, limit=300)
    return next(one.digest for one in texts if words in one.text)


def ask(world: World, person: Person, *digests: bytes, actor: object = None) -> None:
    request_erasure(
        person_id=person.pk,
        digests=digests,
        reason="Health of a third person",
        actor=actor or world.administrator,  # type: ignore[arg-type]
        at=NOW,
    )


def work(speaking_as: Speaking) -> int:
    with speaking_as("worker"):
        return erasing.erase_all(at=NOW)


def newest(person: Person) -> Entry:
    return Entry.objects.filter(subject=person.subject).latest("subject_seq")


def test_a_comment_is_erased_and_the_record_says_who_asked_and_why(
    world: World, speaking_as: Speaking
) -> None:
    digest = digest_of(world.deputy, SECRET)
    ask(world, world.deputy, digest)
    asked = newest(world.deputy)
    assert (asked.kind, asked.actor) == (erasing.ASKED, world.administrator.subject)
    assert work(speaking_as) == 1
    assert work(speaking_as) == 0
    done = newest(world.deputy)
    assert (done.kind, done.actor) == (erasing.ERASED, "worker")
    assert digest.hex().encode() in bytes(done.body)
    assert not Opening.objects.filter(commitment=digest).exists()
    said = read_openings(world.organisation.pk, [digest])[digest]
    assert isinstance(said, Erased)
    assert "Health of a third person" in said
    assert SECRET not in everything()


def everything() -> str:
    """All that the database holds, as text."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema='public'"
        )
        tables = [name for (name,) in cursor.fetchall()]
        found = []
        for table in tables:
            cursor.execute(f"SELECT to_jsonb(t)::text FROM {table} t")  # noqa: S608
            found += [text for (text,) in cursor.fetchall()]
    hidden = SECRET.encode().hex()
    return "\n".join(found).replace(hidden, SECRET)


def test_before_it_the_text_is_found_in_the_database(world: World) -> None:
    assert SECRET in everything()


def test_every_proof_holds_afterwards(world: World, speaking_as: Speaking) -> None:
    ask(world, world.deputy, digest_of(world.deputy, SECRET))
    work(speaking_as)
    assert verification.verify(world.organisation.pk).first_bad is None
    with speaking_as("worker"):
        for _round in range(2):
            while Sequencer().advance():
                pass
            checkpoints.sign(checkpoints.signer(), world.organisation.pk, at=NOW)
    assert verification.verify(world.organisation.pk, full=True).first_bad is None
    file = io.BytesIO()
    bundle_files.write(bundles.prepare(world.organisation.pk, bundles.Scope("all")), file, at=NOW)
    with zipfile.ZipFile(file) as archive:
        report = verify.check(archive, None)
        assert all(SECRET.encode() not in archive.read(name) for name in archive.namelist())
    assert report.texts_absent == 1


def test_an_opening_that_is_deleted_without_an_entry_is_still_found(
    world: World, speaking_as: Speaking
) -> None:
    with speaking_as("worker"):
        Opening.objects.filter(commitment=digest_of(world.deputy, SECRET)).delete()
    bad = verification.verify(world.organisation.pk).first_bad
    assert bad is not None
    assert bad.code == "opening_deleted"


def test_pages_say_when_and_why(world: World, speaking_as: Speaking, client: Client) -> None:
    ask(world, world.deputy, digest_of(world.deputy, SECRET))
    work(speaking_as)
    client.force_login(world.handler)
    page = client.get(f"/tasks/{SignOff.objects.get().approval.subject_id}/").content.decode()
    assert SECRET not in page
    assert "Health of a third person" in page
    signed = Entry.objects.get(kind="approval.signed_off")
    client.force_login(world.auditor)
    entry = client.get(reverse("entry", args=[signed.pk])).content.decode()
    assert SECRET not in entry
    assert "Health of a third person" in entry


def test_a_file_goes_from_the_disk_with_its_name(
    world: World, speaking_as: Speaking, client: Client
) -> None:
    stored = StoredFile.objects.get()
    path = path_of(stored.organisation_id, bytes(stored.sha256))
    assert path.exists()
    ask(world, world.handler, digest_of(world.handler, "salaries.pdf"))
    work(speaking_as)
    assert not path.exists()
    assert not DraftFile.objects.exists()
    client.force_login(world.handler)
    answer = client.get(reverse("evidence", args=[Evidence.objects.get().pk]))
    assert answer.status_code == 410
    assert "Health of a third person" in answer.content.decode()


def test_bytes_on_which_another_report_stands_stay(world: World, speaking_as: Speaking) -> None:
    other = factories.accepted(world, measure=factories.make_measure(world.plan, position=15))
    factories.write(other, world.lead, world.handler)
    attach(world, other.pk)
    factories.submitted(world, other)
    stored = StoredFile.objects.get()
    ask(world, world.handler, digest_of(world.handler, "salaries.pdf"))
    work(speaking_as)
    assert path_of(stored.organisation_id, bytes(stored.sha256)).exists()


def test_a_name_is_kept_while_its_account_is_open_and_goes_with_it_afterwards(
    world: World, speaking_as: Speaking
) -> None:
    person = world.stranger
    name = bytes(person.name_commitment or b"")
    with pytest.raises(NameInUse):
        ask(world, person, name)
    actions.deactivate_person(person_id=person.pk, actor=world.administrator, at=NOW)
    ask(world, person, name)
    work(speaking_as)
    person.refresh_from_db()
    assert (person.name, person.email, person.pinyin) == ("—", "", "")
    assert verification.verify(world.organisation.pk).first_bad is None


def test_only_an_administrator_asks_and_only_for_what_is_the_persons(world: World) -> None:
    digest = digest_of(world.deputy, SECRET)
    with pytest.raises(NotAdministrator):
        ask(world, world.deputy, digest, actor=world.coordinator)
    with pytest.raises(NotTheirs):
        ask(world, world.stranger, digest)
    with pytest.raises(NothingChosen):
        ask(world, world.deputy)
    assert not Erasure.objects.exists()


def test_the_application_itself_erases_nothing(world: World) -> None:
    ask(world, world.deputy, digest_of(world.deputy, SECRET))
    with pytest.raises(ProgrammingError) as refused, transaction.atomic():
        Opening.objects.all().delete()
    assert isinstance(refused.value.__cause__, psycopg2.errors.InsufficientPrivilege)


def test_two_workers_at_once_erase_once(world: World, speaking_as: Speaking) -> None:
    ask(world, world.deputy, digest_of(world.deputy, SECRET))
    with speaking_as("worker"):
        act = lambda: erasing.erase_all(at=NOW)  # noqa: E731
        assert outcomes(act, act, act) == ["done"] * 3
    assert Entry.objects.filter(kind=erasing.ERASED).count() == 1


def test_an_administrator_asks_on_the_persons_page(world: World, client: Client) -> None:
    client.force_login(world.administrator)
    address = reverse("person_erase", args=[world.deputy.pk])
    assert address in client.get(reverse("person", args=[world.deputy.pk])).content.decode()
    digest = digest_of(world.deputy, SECRET)
    assert SECRET in client.get(address).content.decode()
    assert client.post(address, {"reason": "Because"}).status_code == 422
    sent = {"texts": [digest.hex()], "reason": "Because"}
    assert client.post(address, sent).status_code == 302
    assert bytes(Erasure.objects.get().commitment) == digest


def test_the_operator_asks_by_command(world: World) -> None:
    listed = io.StringIO()
    call_command("erase", world.deputy.username, stdout=listed)
    line = next(line for line in listed.getvalue().splitlines() if SECRET in line)
    beginning = line.split()[0]
    with pytest.raises(CommandError, match="Say why"):
        call_command("erase", world.deputy.username, text=[beginning])
    with pytest.raises(CommandError, match="not the beginning"):
        call_command("erase", world.deputy.username, text=["zz"], reason="Because")
    call_command(
        "erase", world.deputy.username, text=[beginning], reason="Because", stdout=io.StringIO()
    )
    assert newest(world.deputy).actor == "operator"


def test_a_failed_sign_in_is_in_the_log_and_not_in_the_ledger(
    world: World, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    before = Entry.objects.count()
    client.post(
        reverse("sign_in"),
        {"username": world.deputy.username, "password": "wrong"},
        REMOTE_ADDR="192.0.2.7",
    )
    assert Entry.objects.count() == before
    told = [record.getMessage() for record in caplog.records]
    assert any(world.deputy.username in one and "192.0.2.7" in one for one in told), told
