"""Connections that tests use again: only as they would find a new one."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.db import DatabaseError, connection

from directory.models import Organisation
from tests.conftest import Made, MakeOnce
from tests.factories import make_organisation

Speaking = Callable[[str], AbstractContextManager[None]]

pytestmark = pytest.mark.usefixtures("committed_db")


def asked(statement: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]


def process() -> object:
    return asked("SELECT pg_backend_pid()")


def test_each_role_has_a_connection_that_rests(speaking_as: Speaking) -> None:
    ours = process()
    with speaking_as("worker"):
        assert asked("SELECT current_user") == "duban_worker"
        theirs = process()
    assert process() == ours
    assert asked("SELECT current_user") == "duban_app"
    with speaking_as("worker"):
        assert process() == theirs != ours


def test_what_was_left_in_a_transaction_is_not_used_again(speaking_as: Speaking) -> None:
    with speaking_as("worker"):
        left = process()
        with connection.cursor() as cursor:
            cursor.execute("BEGIN")
    with speaking_as("worker"):
        assert process() != left


def test_what_has_failed_is_not_used_again(speaking_as: Speaking) -> None:
    with speaking_as("worker"):
        left = process()
        with pytest.raises(DatabaseError):
            asked("SELECT nothing")
    with speaking_as("worker"):
        assert process() != left


def make() -> Organisation:
    return make_organisation("Made once")


@pytest.mark.parametrize("_again", range(2))
def test_a_copy_is_the_test_s_own(
    make_once: MakeOnce,
    copied: Callable[[Made], Organisation],
    _again: int,
) -> None:
    made = make_once("one", make)
    organisation = copied(made)
    assert Organisation.objects.get() == organisation
    Organisation.objects.update(name="Changed")
    assert make_once("one", make).database == made.database
