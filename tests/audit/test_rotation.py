"""A log gets a new key: it goes on under a new name, and old checkpoints stay provable."""

import io
import json
import stat
import zipfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from pytest_django import Settings

from audit import bundle_files, bundles, checkpoints, notes, rotation, signing, verification, verify
from audit.checkpoints import KeyDoesNotFit, KeyLost, LogDoesNotFollow
from audit.models import Checkpoint, Entry, Opening, Origin
from audit.rotation import KeyIsMissing, KeyIsThere
from audit.sequencer import Sequencer
from directory.models import Organisation
from tests.audit.factories import add
from tests.factories import NOW, make_organisation

pytestmark = pytest.mark.usefixtures("empty_db")
Speaking = Callable[[str], AbstractContextManager[None]]
Work = Callable[[Organisation], None]


@pytest.fixture
def work(speaking_as: Speaking, settings: Settings, tmp_path: Path) -> Work:
    """What the worker does: order, names and signatures, with the installation's own key."""
    settings.DATA_DIR = tmp_path

    def run(organisation: Organisation) -> None:
        with speaking_as("worker"):
            for _round in range(2):
                while Sequencer().advance():
                    pass
                checkpoints.sign(checkpoints.signer(), organisation.pk, at=NOW)
        organisation.refresh_from_db()

    return run


@pytest.fixture
def organisation(work: Work) -> Organisation:
    made = make_organisation()
    work(made)
    return made


@pytest.fixture
def rotate(speaking_as: Speaking) -> Callable[..., str]:
    def run(*, lost: bool = False, reason: str = "Yearly rotation") -> str:
        said = io.StringIO()
        arguments = ["key", "rotate", f"--reason={reason}", *(["--lost"] if lost else [])]
        with speaking_as("worker"):
            call_command(*arguments, stdout=said)
        return said.getvalue()

    return run


def newest(organisation: Organisation) -> Checkpoint:
    return Checkpoint.objects.filter(organisation=organisation.pk).latest("origin__number", "size")


def opening_entry() -> dict[str, str]:
    entry = Entry.objects.filter(kind="log.origin_opened").latest("subject_seq")
    facts: dict[str, str] = json.loads(bytes(entry.body))["facts"]
    return facts


def checked(organisation: Organisation, policy: str | None = None) -> verify.Report:
    file = io.BytesIO()
    bundle_files.write(bundles.prepare(organisation.pk, bundles.Scope("all")), file, at=NOW)
    with zipfile.ZipFile(file) as archive:
        return verify.check(archive, policy)


def test_the_log_goes_on_under_a_new_name_that_the_old_key_hands_over_to(
    organisation: Organisation, work: Work, rotate: Callable[..., str]
) -> None:
    left = newest(organisation)
    assert "/2" in rotate()
    work(organisation)
    now = newest(organisation)
    assert now.origin.number == 2
    facts = opening_entry()
    note = notes.Note.parse(facts["handover"])
    assert note.signature_of(notes.Key.parse(left.origin.vkey))
    assert note.text.split("\n")[1:4] == [left.origin.vkey, now.origin.vkey, now.origin.name]
    assert facts["before"] == left.origin.vkey
    assert facts["left"] == left.note
    assert Opening.objects.filter(content=b"Yearly rotation").exists()
    assert checkpoints.goes_on(checkpoints.memory(), organisation.pk)


def test_a_handover_is_no_checkpoint(
    organisation: Organisation, rotate: Callable[..., str]
) -> None:
    rotate()
    with pytest.raises(notes.BadNote):
        notes.Checkpoint.parse(notes.Note.parse(opening_entry()["handover"]).text)


def test_old_checkpoints_and_the_new_one_verify_afterwards(
    organisation: Organisation, work: Work, rotate: Callable[..., str]
) -> None:
    left = newest(organisation)
    rotate()
    work(organisation)
    assert verification.verify(organisation.pk, full=True).first_bad is None
    report = checked(organisation)
    assert report.origin.endswith("/2")
    policy = bundles.prepare(organisation.pk, bundles.Scope("all")).policy
    assert f"log {left.origin.vkey}" in policy  # who kept an old checkpoint can check it


def test_the_old_key_is_set_aside_and_the_new_one_is_private(
    organisation: Organisation, rotate: Callable[..., str]
) -> None:
    place = checkpoints.key_place()
    before = place.read_bytes()
    rotate()
    [old] = place.parent.glob("*.retired.pem")
    assert old.read_bytes() == before
    assert place.read_bytes() != before
    assert {stat.S_IMODE(path.stat().st_mode) for path in (old, place)} == {0o600}


def test_a_lost_key_is_replaced_without_a_handover(
    organisation: Organisation, work: Work, rotate: Callable[..., str]
) -> None:
    with pytest.raises(CommandError, match="not lost"):
        rotate(lost=True)
    checkpoints.key_place().unlink()
    with pytest.raises(KeyLost):
        work(organisation)
    with pytest.raises(CommandError, match="There is no key"):
        rotate()
    rotate(lost=True, reason="The disk with the key failed")
    assert opening_entry()["handover"] is None
    organisation.refresh_from_db()
    add(organisation)
    work(organisation)
    assert newest(organisation).origin.number == 2
    assert checked(organisation).origin.endswith("/2")


def test_another_key_in_the_file_signs_nothing(organisation: Organisation, work: Work) -> None:
    place = checkpoints.key_place()
    place.unlink()
    signing.private_key(place)
    add(organisation)
    before = newest(organisation).note
    with pytest.raises(KeyDoesNotFit):
        work(organisation)
    assert newest(organisation).note == before


def test_an_interrupted_rotation_goes_on_where_it_stopped(
    organisation: Organisation,
    work: Work,
    rotate: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = make_organisation()
    work(other)

    def fall(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", fall)
        with pytest.raises(KeyboardInterrupt):
            rotate()
    organisation.refresh_from_db()
    add(organisation)
    with pytest.raises(KeyDoesNotFit):
        work(organisation)  # the old key doesn't sign under the new name
    rotate()
    assert Origin.objects.filter(number=3).count() == 0
    work(organisation)
    work(other)
    assert newest(organisation).origin.number == newest(other).origin.number == 2


def test_a_log_that_was_cut_is_opened_anew_first(
    organisation: Organisation, rotate: Callable[..., str]
) -> None:
    checkpoints.memory().lose(organisation.pk)
    with pytest.raises(CommandError, match="does not go on"):
        rotate()


def test_the_key_is_shown_with_its_fingerprint_and_every_name(
    organisation: Organisation, rotate: Callable[..., str], speaking_as: Speaking
) -> None:
    rotate()
    said = io.StringIO()
    call_command("key", "show", stdout=said)
    key = signing.private_key(checkpoints.key_place())
    assert rotation.fingerprint(key) in said.getvalue()
    lines = said.getvalue().splitlines()
    assert [line.split()[0] for line in lines[-2:]] == ["old", "log"]


def test_refusals_have_sentences() -> None:
    for refusal in (KeyIsThere, KeyIsMissing, KeyLost):
        assert "/somewhere" in str(refusal(place="/somewhere"))
    assert "one" in str(LogDoesNotFollow(organisation="one", size=1))
