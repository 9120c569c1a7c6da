"""Transactions whose BEGIN goes with their first statement: they hold as any other does."""

from uuid import uuid4

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from psycopg2 import extensions

from approvals.prepared import Statement, conclude
from directory.models import Organisation

pytestmark = pytest.mark.usefixtures("committed_db")


def named() -> str:
    return f"Organisation {uuid4()}"


def insertion(name: str) -> Statement:
    """Of an organisation, in plain SQL."""
    sql = (
        "INSERT INTO directory_organisation"
        " (id, name, chain_head, chain_length, passkeys_need_approval)"
        " VALUES (%s, %s, %s, 0, false)"
    )
    return Statement("", sql, [uuid4(), name, bytes(32)])


def exists(name: str) -> bool:
    return Organisation.objects.filter(name=name).exists()


def is_idle() -> bool:
    status: int = connection.connection.get_transaction_status()
    return status == extensions.TRANSACTION_STATUS_IDLE


def test_a_transaction_begins_with_its_first_statement_and_not_before() -> None:
    connection.ensure_connection()
    with transaction.atomic():
        assert is_idle()
        exists("anything")
        assert not is_idle()
    assert is_idle()


def test_a_transaction_that_asks_nothing_sends_nothing() -> None:
    connection.ensure_connection()
    with CaptureQueriesContext(connection) as captured, transaction.atomic():
        pass
    assert len(captured) == 0
    assert is_idle()


def test_what_is_written_is_undone_by_an_error() -> None:
    name = named()

    @transaction.atomic
    def fail() -> None:
        Organisation.objects.create(name=name)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert is_idle()
    assert not exists(name)


def test_what_is_written_stays_without_one() -> None:
    name = named()
    with transaction.atomic():
        Organisation.objects.create(name=name)
    assert exists(name)


def test_a_first_statement_that_fails_leaves_no_transaction_behind() -> None:
    name = named()
    Organisation.objects.create(name=name)
    with pytest.raises(IntegrityError), transaction.atomic():
        Organisation.objects.create(name=name)
    assert is_idle()


def test_a_savepoint_may_fail_and_the_rest_holds() -> None:
    first, second = named(), named()
    with transaction.atomic():
        Organisation.objects.create(name=first)
        with pytest.raises(IntegrityError), transaction.atomic():
            Organisation.objects.create(name=first)
        Organisation.objects.create(name=second)
    assert exists(first)
    assert exists(second)


def test_a_savepoint_may_come_before_any_statement() -> None:
    name = named()
    with transaction.atomic():
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            raise ZeroDivisionError
        Organisation.objects.create(name=name)
    assert exists(name)


def test_many_rows_can_be_read_in_parts_inside_and_outside() -> None:
    ids = set(Organisation.objects.values_list("pk", flat=True))
    assert set(Organisation.objects.values_list("pk", flat=True).iterator(chunk_size=2)) == ids
    with transaction.atomic():
        rows = Organisation.objects.values_list("pk", flat=True).iterator(chunk_size=2)
        assert set(rows) == ids
    assert is_idle()


def test_the_last_statements_take_the_commit_with_them() -> None:
    name = named()
    with transaction.atomic(durable=True):
        exists(name)
        conclude([insertion(name)])
        assert is_idle()
    assert exists(name)


def test_inside_another_transaction_they_do_not() -> None:
    name = named()

    @transaction.atomic
    def fail() -> None:
        with transaction.atomic():
            conclude([insertion(name)])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not exists(name)


def test_last_statements_that_fail_undo_everything_before_them() -> None:
    first, second = named(), named()

    @transaction.atomic
    def fail() -> None:
        Organisation.objects.create(name=first)
        conclude([insertion(second), insertion(first)])

    with pytest.raises(IntegrityError):
        fail()
    assert is_idle()
    assert not exists(first)
    assert not exists(second)


def test_a_connection_lost_in_a_transaction_is_an_error_and_the_next_one_works() -> None:
    name = named()

    @transaction.atomic
    def be_cut_off() -> None:
        Organisation.objects.create(name=name)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(OperationalError):
        be_cut_off()
    connection.close()
    assert not exists(name)


def test_after_work_is_done_once_it_is_committed() -> None:
    name, done = named(), []
    with transaction.atomic(durable=True):
        transaction.on_commit(lambda: done.append(exists(name)))
        exists(name)
        conclude([insertion(name)])
        assert done == []
    assert done == [True]
