from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from django.db import connection
from django.db.backends.utils import CursorWrapper

Speaking = Callable[[str], AbstractContextManager[None]]


@pytest.fixture
def tampering(speaking_as: Speaking) -> Callable[[], AbstractContextManager[CursorWrapper]]:
    """All rights, and every guard switched off for the while."""

    @contextmanager
    def begin() -> Iterator[CursorWrapper]:
        with speaking_as("owner"), connection.cursor() as cursor:
            for table, guard in guards(cursor):
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {guard}")
            yield cursor
            for table, guard in guards(cursor):
                cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {guard}")

    return begin


def guards(cursor: CursorWrapper) -> list[tuple[str, str]]:
    cursor.execute("SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE NOT tgisinternal")
    return list(cursor.fetchall())
