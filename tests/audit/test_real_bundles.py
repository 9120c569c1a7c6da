"""Bundles of what people really did: decisions with passkeys, reports with files."""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from audit import bundle_files, bundles, checkpoints, verify
from audit.bundles import Bundle, Scope
from audit.checkpoints import Signer
from audit.management.commands import export_bundle
from audit.models import Entry, Opening
from audit.sequencer import Sequencer
from directory.models import Organisation
from tests.approvals.factories import World as Approvals
from tests.approvals.signing import Act, keyed
from tests.audit.factories import add
from tests.audit.histories import Files, checked, unzipped
from tests.factories import NOW
from tests.workflows.factories import (
    accepted,
    fresh,
    make_world,
    publish_completion_route,
    submitted,
    upload,
    write,
)
from workflows import files
from workflows.actions import drafts

pytestmark = pytest.mark.usefixtures("file_db", "committed_db")
Speaking = Callable[[str], AbstractContextManager[None]]
Take = Callable[..., Files]


@pytest.fixture
def take(tmp_path: Path, speaking_as: Speaking) -> Take:
    """Sign the log as it is, and write a bundle of it."""

    def taken(organisation: Organisation, scope: Scope, *, with_files: bool = True) -> Files:
        signer = Signer("duban.example", Ed25519PrivateKey.generate(), tmp_path / "log")
        with speaking_as("worker"):
            while Sequencer().advance():
                pass
            checkpoints.sign(signer, organisation.pk, at=NOW)  # opens the log, which is an entry
            while Sequencer().advance():
                pass
            checkpoints.sign(signer, organisation.pk, at=NOW)
        made = bundles.prepare(organisation.pk, scope, with_files=with_files)
        return unzipped(b"".join(written(made)))

    return taken


def written(bundle: Bundle) -> Iterator[bytes]:
    return bundle_files.pieces(bundle, at=NOW)


def test_personal_signatures_are_checked_out_of_the_bundle_alone(take: Take) -> None:
    world = Approvals()
    world.route(["Ana", "Ben"], rule="all", evidence="passkey")
    world.begin()
    devices = keyed(world, "Ana", "Ben")
    for name, device in devices.items():
        Act.of(world, name).sign(device)
    root = world.unit.subject

    part = take(world.organisation, Scope("unit", frozenset({root})))
    report = checked(part)
    assert (report.personally_signed, report.whole) == (2, False)
    assert part["keys.ndjson"].count(b"passkey.enrolled") == 2
    assert "Personally signed" in part["index.html"].decode()
    assert checked(take(world.organisation, Scope("all"))).personally_signed == 2

    said = part["statements.ndjson"].replace(b'"approve"', b'"abstain"', 1)
    with pytest.raises(verify.Wrong, match="statement"):
        checked(part | {"statements.ndjson": said})
    with pytest.raises(verify.Wrong, match="key_unknown"):
        checked(part | {"keys.ndjson": b"", "keys-proofs.ndjson": b""})


def test_files_are_in_the_bundle_until_their_name_is_erased(
    take: Take, speaking_as: Speaking
) -> None:
    world = make_world()
    publish_completion_route(world)
    task = accepted(world)
    write(task, world.lead, world.handler)
    stored = files.store(world.organisation.pk, upload("说明.pdf"))
    drafts.attach_file(
        task_id=task.pk,
        stored=stored,
        unit_id=world.lead.pk,
        name="说明.pdf",
        actor=world.handler,
        at=NOW,
    )
    submitted(world, task)
    scope = Scope("task", frozenset({task.subject}))
    member = f"files/{stored.sha256.hex()}.pdf"

    whole = take(world.organisation, scope)
    assert hashlib.sha256(whole[member]).digest() == stored.sha256
    assert f'<a href="{member}">说明.pdf</a>' in whole["index.html"].decode()
    assert checked(whole).files == 1

    without = take(world.organisation, scope, with_files=False)
    assert member not in without
    assert "Files were left out" in without["index.html"].decode()
    report = checked(without)
    assert (report.files_absent, report.files_erased) == (1, [])

    entry = Entry.objects.get(subject=task.subject, kind="task.submitted")
    name = json.loads(bytes(entry.body))["facts"]["evidence"][0]["name"]["commitment"]
    with speaking_as("worker"):
        Opening.objects.get(commitment=bytes.fromhex(name)).delete()
    erased = take(world.organisation, scope)
    assert member not in erased
    assert "(erased)" in erased["index.html"].decode()
    [named] = checked(erased).files_erased
    assert named.endswith(stored.sha256.hex())


def test_what_one_person_did_leaves_holes_and_the_bundle_says_so(take: Take) -> None:
    world = make_world()
    publish_completion_route(world)
    task = accepted(world)
    add(fresh(task))
    submitted(world, task)
    report = checked(take(world.organisation, Scope("handler", actor=world.handler.subject)))
    assert report.entries
    assert not report.unbroken
    assert checked(take(world.organisation, Scope("task", frozenset({task.subject})))).unbroken


def test_the_page_sends_a_bundle_as_it_is_made_and_records_it(take: Take, client: Client) -> None:
    world = make_world()
    task = accepted(world)
    take(world.organisation, Scope("all"))
    client.force_login(world.auditor)

    response = client.post(reverse("audit_export"), {"subject": task.subject})

    assert response.streaming
    assert response["Content-Type"] == "application/zip"
    sent = unzipped(b"".join(response.streaming_content))  # type: ignore[attr-defined]
    assert checked(sent).entries == Entry.objects.filter(subject=task.subject).count()
    entry = Entry.objects.get(kind="ledger.exported")
    assert entry.actor == world.auditor.subject
    assert json.loads(bytes(entry.body))["facts"]["files"] is True


def test_the_command_leaves_files_out_and_says_how_far_it_is(
    take: Take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(export_bundle, "EVERY", 0)
    world = make_world()
    take(world.organisation, Scope("all"))
    place = tmp_path / "person.zip"
    person = ["--person", str(world.coordinator.pk), "--organisation", str(world.organisation.pk)]
    call_command("export_bundle", *person, "--no-files", str(place))
    assert "entries written" in capsys.readouterr().err
    files = unzipped(place.read_bytes())
    assert json.loads(files["manifest.json"])["files"] is False
    assert checked(files).entries
