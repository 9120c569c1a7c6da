"""What somebody with all rights in the database changes, verify_ledger names."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.backends.utils import CursorWrapper
from django.utils import translation

from audit import verification
from audit.canonical import commit, leaf_hash
from audit.findings import Finding
from audit.models import Entry, Verification
from audit.sequencer import Sequencer
from tests.audit.factories import accept, add, make_task
from tests.factories import NOW, make_organisation
from workflows.models import Task

pytestmark = pytest.mark.usefixtures("committed_db")
Speaking = Callable[[str], AbstractContextManager[None]]
Tampering = Callable[[], AbstractContextManager[CursorWrapper]]


@pytest.fixture
def task(speaking_as: Speaking) -> Task:
    """A task with four entries, the second of which holds a text, all in the log."""
    task = make_task()
    add(task, comment=commit("Agreed, with thanks"))
    accept(task)
    add(task, colour="green")
    with speaking_as("worker"):
        sequencer = Sequencer()
        while sequencer.advance():
            pass
    return task


def first_bad(root: Any) -> Finding | None:
    return verification.verify(root.organisation_id).first_bad


def entry(task: Task, seq: int) -> Entry:
    return Entry.objects.get(subject=task.subject, subject_seq=seq)


def forged(entry: Entry, old: bytes, new: bytes) -> bytes:
    body = bytes(entry.body)
    assert old in body
    return body.replace(old, new)


def test_an_honest_ledger_is_whole(task: Task) -> None:
    result = verification.verify(task.organisation_id)
    assert result.first_bad is None
    assert result.entries == Entry.objects.filter(organisation=task.organisation_id).count() > 4


def test_one_organisation_is_not_blamed_for_another(task: Task, tampering: Tampering) -> None:
    other = make_task()
    with tampering() as cursor:
        cursor.execute(
            "UPDATE workflows_task SET state = 'closed', outcome = 'verified',"
            " closed_at = now() WHERE id = %s",
            [task.pk],
        )
    assert first_bad(other) is None
    assert first_bad(task) is not None


@pytest.mark.parametrize("seq", [1, 2, 3, 4])
def test_a_changed_body_is_named(task: Task, tampering: Tampering, seq: int) -> None:
    body = bytearray(entry(task, seq).body)
    body[len(body) // 2] ^= 1
    with tampering() as cursor:
        cursor.execute(
            "UPDATE audit_entry SET body = %s WHERE subject = %s AND subject_seq = %s",
            [bytes(body), task.subject, seq],
        )
    assert first_bad(task) == Finding("hash", {"subject": task.subject, "seq": seq})


@pytest.mark.parametrize(
    ("seq", "found"),
    [
        (1, Finding("link", {"seq": 2})),
        (3, Finding("link", {"seq": 4})),
        (4, Finding("head", {"seq": 4})),
    ],
)
def test_a_changed_body_with_its_hash_made_anew_is_named(
    task: Task, tampering: Tampering, seq: int, found: Finding
) -> None:
    body = forged(entry(task, seq), b'"actor":"', b'"actor":"x')
    with tampering() as cursor:
        cursor.execute(
            "UPDATE audit_entry SET body = %s, entry_hash = %s, actor = 'x' || actor"
            " WHERE subject = %s AND subject_seq = %s",
            [body, leaf_hash(body), task.subject, seq],
        )
    assert first_bad(task) == Finding(found.code, {"subject": task.subject, **found.params})


def test_a_body_that_is_no_entry_is_named(task: Task, tampering: Tampering) -> None:
    with tampering() as cursor:
        cursor.execute(
            "UPDATE audit_entry SET body = '[]', entry_hash = %s WHERE subject = %s"
            " AND subject_seq = 4",
            [leaf_hash(b"[]"), task.subject],
        )
    assert first_bad(task) == Finding("unreadable", {"subject": task.subject, "seq": 4})


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("kind", "task.closed"),
        ("actor", "person:nobody"),
        ("at", "2020-01-01T00:00:00Z"),
        ("action", "00000000-0000-7000-8000-000000000000"),
    ],
)
def test_a_column_that_no_longer_says_what_the_body_says_is_named(
    task: Task, tampering: Tampering, column: str, value: str
) -> None:
    with tampering() as cursor:
        cursor.execute(
            f"UPDATE audit_entry SET {column} = %s"  # noqa: S608
            " WHERE subject = %s AND subject_seq = 3",
            [value, task.subject],
        )
    assert first_bad(task) == Finding(
        "column", {"subject": task.subject, "seq": 3, "column": column}
    )


def delete(cursor: CursorWrapper, task: Task, first: int, last: int) -> None:
    """Delete entries with their leaves, as someone who covers the tracks would."""
    cursor.execute(
        "DELETE FROM audit_leaf USING audit_entry WHERE entry_id = id AND subject = %s"
        " AND subject_seq BETWEEN %s AND %s",
        [task.subject, first, last],
    )
    cursor.execute(
        "DELETE FROM audit_entry WHERE subject = %s AND subject_seq BETWEEN %s AND %s",
        [task.subject, first, last],
    )


@pytest.mark.parametrize(
    ("first", "last", "code", "named"),
    [(1, 1, "gap", 1), (2, 2, "gap", 2), (2, 3, "gap", 2), (4, 4, "tail", 4), (1, 4, "tail", 1)],
)
def test_a_deleted_entry_is_named(
    task: Task, tampering: Tampering, first: int, last: int, code: str, named: int
) -> None:
    with tampering() as cursor:
        delete(cursor, task, first, last)
    found = first_bad(task)
    assert found is not None
    assert (found.code, found.params["subject"], found.params["seq"]) == (code, task.subject, named)


def test_an_entry_added_behind_the_roots_back_is_named(task: Task, tampering: Tampering) -> None:
    length, head = task.chain_length, bytes(task.chain_head)
    add(task, colour="red")
    with tampering() as cursor:
        cursor.execute(
            "UPDATE workflows_task SET chain_length = %s, chain_head = %s WHERE id = %s",
            [length, head, task.pk],
        )
    assert first_bad(task) == Finding(
        "beyond", {"subject": task.subject, "seq": length + 1, "length": length}
    )


def test_a_deleted_root_is_named(task: Task, tampering: Tampering) -> None:
    with tampering() as cursor:
        cursor.execute("DELETE FROM workflows_task WHERE id = %s", [task.pk])
    assert first_bad(task) == Finding("root", {"subject": task.subject})


def test_an_added_root_is_named(task: Task, tampering: Tampering) -> None:
    with tampering() as cursor:
        cursor.execute(
            "INSERT INTO directory_unit (id, organisation_id, name, kind, aliases, pinyin,"
            " chain_head, chain_length) VALUES (gen_random_uuid(), %s, 'Ghost', 'other', '{}', '',"
            " '', 0) RETURNING id",
            [task.organisation_id],
        )
        [ghost] = cursor.fetchone()
    assert first_bad(task) == Finding("root_added", {"subject": f"unit:{ghost}"})


def test_a_changed_state_is_named_with_the_entry_that_says_otherwise(
    task: Task, tampering: Tampering
) -> None:
    with tampering() as cursor:
        cursor.execute("UPDATE workflows_task SET state = 'reviewed' WHERE id = %s", [task.pk])
    assert first_bad(task) == Finding(
        "row_changed",
        {
            "table": "workflows.task",
            "row": str(task.pk),
            "column": "state",
            "found": "reviewed",
            "told": "in_progress",
            "subject": task.subject,
            "seq": 3,
        },
    )


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("DELETE FROM audit_opening WHERE commitment = %s", "opening_deleted"),
        ("UPDATE audit_opening SET content = 'Refused' WHERE commitment = %s", "opening_changed"),
        ("UPDATE audit_opening SET salt = content WHERE commitment = %s", "opening_changed"),
    ],
)
def test_a_changed_text_is_named(
    task: Task, tampering: Tampering, statement: str, code: str
) -> None:
    [digest] = verification.committed(json.loads(bytes(entry(task, 2).body)))
    with tampering() as cursor:
        cursor.execute(statement, [digest])
    assert first_bad(task) == Finding(code, {"subject": task.subject, "seq": 2})


def test_a_gap_in_the_log_is_named(task: Task, tampering: Tampering) -> None:
    with tampering() as cursor:
        cursor.execute(
            "DELETE FROM audit_leaf WHERE leaf_index = 1 AND organisation = %s",
            [task.organisation_id],
        )
    assert first_bad(task) == Finding("leaf_missing", {"index": 1})


def test_a_cut_log_is_named(task: Task, tampering: Tampering) -> None:
    size = Entry.objects.filter(organisation=task.organisation_id).count()
    with tampering() as cursor:
        cursor.execute(
            "DELETE FROM audit_leaf WHERE leaf_index = %s AND organisation = %s",
            [size - 1, task.organisation_id],
        )
    assert first_bad(task) == Finding("log_size", {"size": size, "found": size - 1})


def test_a_chain_made_anew_with_its_root_is_not_found_yet(task: Task, tampering: Tampering) -> None:
    """The honest limit: whoever rewrites everything consistently needs a checkpoint to be found."""
    last = entry(task, 4)
    body = forged(last, b'"colour":"green"', b'"colour":"black"')
    with tampering() as cursor:
        cursor.execute(
            "UPDATE audit_entry SET body = %s, entry_hash = %s WHERE id = %s",
            [body, leaf_hash(body), last.pk],
        )
        cursor.execute(
            "UPDATE workflows_task SET chain_head = %s WHERE id = %s", [leaf_hash(body), task.pk]
        )
    assert first_bad(task) is None


def run(*arguments: str) -> tuple[int, str]:
    out = StringIO()
    try:
        with translation.override("en"):
            call_command("verify_ledger", *arguments, stdout=out)
    except SystemExit as stop:
        return int(str(stop.code)), out.getvalue()
    return 0, out.getvalue()


def test_the_command_says_that_all_is_well_and_how_much_it_read(task: Task) -> None:
    count = Entry.objects.filter(organisation=task.organisation_id).count()
    assert run("--organisation", str(task.organisation_id)) == (
        0,
        f"{task.organisation_id}: {count} entries, whole; the tables agree with them.\n",
    )


@pytest.mark.usefixtures("empty_db")
def test_the_command_reads_every_organisation() -> None:
    ours = {str(make_organisation().pk) for _ in range(2)}
    code, said = run()
    assert code == 0
    assert {line.partition(":")[0] for line in said.splitlines()} == ours


def test_the_command_names_what_is_bad_and_fails(task: Task, tampering: Tampering) -> None:
    with tampering() as cursor:
        delete(cursor, task, 2, 2)
    assert run("--organisation", str(task.organisation_id)) == (
        1,
        f"{task.organisation_id}: Entry 2 of {task.subject} is missing.\n",
    )


def test_the_command_prints_json_for_machines(task: Task, tampering: Tampering) -> None:
    with tampering() as cursor:
        delete(cursor, task, 2, 2)
    code, said = run("--json", f"--organisation={task.organisation_id}")
    assert code == 1
    [result] = json.loads(said).pop("organisations")
    assert result.pop("entries") > 0
    assert result == {
        "organisation": str(task.organisation_id),
        "first_bad": {"code": "gap", "subject": task.subject, "seq": 2},
        "sentence": f"Entry 2 of {task.subject} is missing.",
    }


def test_the_command_refuses_an_unknown_organisation() -> None:
    with translation.override("en"), pytest.raises(CommandError, match="There is no organisation"):
        call_command("verify_ledger", "--organisation=00000000-0000-7000-8000-000000000000")


def test_a_finding_is_kept_and_read_back(task: Task, tampering: Tampering) -> None:
    assert verification.record(task.organisation_id, at=NOW).first_bad is None
    with tampering() as cursor:
        cursor.execute("DELETE FROM workflows_task WHERE id = %s", [task.pk])
    verification.record(task.organisation_id, at=NOW)
    kept = Verification.objects.get(organisation=task.organisation_id, first_bad__isnull=False)
    assert kept.first_bad is not None
    with translation.override("en"):
        assert str(Finding.from_json(kept.first_bad)) == (
            f"{task.subject} was deleted: the ledger still has its entries."
        )


def test_an_organisation_without_any_entry_is_whole() -> None:
    organisation = make_organisation()
    assert verification.verify(organisation.pk).first_bad is None
