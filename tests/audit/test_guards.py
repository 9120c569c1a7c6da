"""The database itself refuses what would unmake the record, whoever asks."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from audit import verification
from audit.actions import append
from audit.canonical import commit
from audit.models import Entry, Opening
from audit.sequencer import Sequencer
from tests.audit.factories import accept, add, make_task
from tests.factories import NOW, make_organisation
from workflows.models import Task

pytestmark = pytest.mark.usefixtures("committed_db")
Speaking = Callable[[str], AbstractContextManager[None]]

REFUSED = r"insert-only|permission denied|must be owner"
LEDGER = ["audit_entry", "audit_leaf", "audit_verification"]


@pytest.mark.parametrize("role", ["app", "worker", "auditor", "owner"])
@pytest.mark.parametrize("table", LEDGER)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {0} SET organisation = organisation",
        "DELETE FROM {0}",
        "TRUNCATE {0} CASCADE",
    ],
)
def test_no_role_changes_the_ledger(
    role: str, table: str, statement: str, speaking_as: Speaking
) -> None:
    organisation = make_organisation()
    verification.record(organisation.pk, at=NOW)
    with speaking_as("worker"):
        Sequencer().advance()
    with (
        speaking_as(role) if role != "app" else transaction.atomic(),
        connection.cursor() as cursor,
        pytest.raises(DatabaseError, match=REFUSED),
    ):
        cursor.execute(statement.format(table))


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO audit_leaf (entry_id, organisation, leaf_index) SELECT id, organisation, 0"
        " FROM audit_entry",
        "UPDATE audit_loghead SET size = 0",
        "DELETE FROM audit_opening",
        "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
        "SET session_replication_role = replica",
        "DROP TRIGGER audit_entry_check ON audit_entry",
    ],
)
def test_the_application_has_no_right_to(statement: str) -> None:
    make_organisation()
    with (
        transaction.atomic(),
        connection.cursor() as cursor,
        pytest.raises(DatabaseError, match=REFUSED),
    ):
        cursor.execute(statement)


def test_an_opening_is_changed_by_nobody_and_erased_by_the_worker(speaking_as: Speaking) -> None:
    root, comment = make_organisation(), commit("Personal")
    add(root, comment=comment)
    ours = Opening.objects.filter(organisation=root.pk, commitment=comment.digest)
    for role in ("worker", "owner"):
        with speaking_as(role), pytest.raises(DatabaseError, match=REFUSED):
            ours.update(content=b"Forged")
    with pytest.raises(DatabaseError, match=REFUSED):
        ours.delete()
    with speaking_as("worker"):
        assert ours.delete()[0] == 1


def test_no_guard_sleeps_under_a_replication_role() -> None:
    """Each is ENABLE ALWAYS; only the table's owner could switch it off."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'A'"
            " AND (tgrelid::regclass::text LIKE 'audit%' OR tgname LIKE '%tripwire')"
        )
        assert cursor.fetchall() == []


@transaction.atomic
def change_state_and_add_an_entry_to(
    root: Task, *, task: Task, roll_back_entry: bool = False
) -> None:
    Task.objects.filter(pk=task.pk).update(state="in_progress")
    with transaction.atomic():
        add(root)
        transaction.set_rollback(roll_back_entry)


def test_a_state_changes_together_with_its_entry() -> None:
    task = make_task()
    accept(task)
    assert Task.objects.get(pk=task.pk).state == "in_progress"


def test_a_state_does_not_change_without_an_entry() -> None:
    task = make_task()
    task.accept()
    with pytest.raises(IntegrityError, match="without a ledger entry"), transaction.atomic():
        task.save(update_fields=["state"])
    assert Task.objects.get(pk=task.pk).state == "assigned"


def test_a_queryset_update_does_not_change_a_state_either() -> None:
    task = make_task()
    with pytest.raises(IntegrityError, match="without a ledger entry"), transaction.atomic():
        Task.objects.filter(pk=task.pk).update(state="submitted")
    assert Task.objects.get(pk=task.pk).state == "assigned"


def test_an_entry_of_another_root_does_not_cover_the_change() -> None:
    task, other = make_task(), make_task()
    with pytest.raises(IntegrityError, match="without a ledger entry"):
        change_state_and_add_an_entry_to(other, task=task)


def test_an_entry_of_an_earlier_transaction_does_not_cover_the_change() -> None:
    task = make_task()
    add(task)
    with pytest.raises(IntegrityError, match="without a ledger entry"), transaction.atomic():
        Task.objects.filter(pk=task.pk).update(state="submitted")


def test_a_change_and_its_entry_may_stand_in_different_savepoints() -> None:
    task = make_task()
    change_state_and_add_an_entry_to(task, task=task)
    assert Task.objects.get(pk=task.pk).state == "in_progress"


def test_an_entry_in_a_savepoint_that_was_rolled_back_does_not_cover_the_change() -> None:
    task = make_task()
    length = Entry.objects.filter(subject=task.subject).count()
    with pytest.raises(IntegrityError, match="without a ledger entry"):
        change_state_and_add_an_entry_to(task, task=task, roll_back_entry=True)
    assert Entry.objects.filter(subject=task.subject).count() == length


def test_a_change_in_a_savepoint_that_was_rolled_back_needs_no_entry() -> None:
    task = make_task()
    with transaction.atomic(), transaction.atomic():
        Task.objects.filter(pk=task.pk).update(state="in_progress")
        transaction.set_rollback(True)
    assert Task.objects.get(pk=task.pk).state == "assigned"


def test_the_check_uses_the_chain_s_index_in_a_table_that_was_just_made(empty_db: None) -> None:
    """The plan is kept for the session: with another index each entry would read all others."""
    organisation = make_organisation()
    with transaction.atomic(), connection.cursor() as cursor:
        for _number in range(20):
            append(organisation, kind="task.noted", actor="operator", at=NOW, facts={})
        cursor.execute(
            "SELECT relname, pg_stat_get_xact_numscans(oid)"
            " FROM pg_class JOIN pg_index ON indexrelid = oid"
            " WHERE indrelid = 'audit_entry'::regclass AND pg_stat_get_xact_numscans(oid) > 0"
        )
        assert cursor.fetchall() == [("entry_one_per_seq", 20)]
