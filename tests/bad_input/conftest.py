"""What bad input must not do: change anything."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.utils import translation
from django.utils.functional import Promise
from psycopg2 import sql

SESSIONS = {"django_session"}  # a page may keep a message there

Says = Callable[[Any, str, str | Promise], None]


def contents() -> dict[str, str]:
    """A digest of every table that the application may read."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' "
            "AND has_table_privilege(format('%I.%I', schemaname, tablename), 'SELECT')"
        )
        names = sorted({name for (name,) in cursor.fetchall()} - SESSIONS)
        one = sql.SQL("SELECT {}, md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {} t")
        every = [one.format(sql.Literal(name), sql.Identifier(name)) for name in names]
        cursor.execute(sql.SQL(" UNION ALL ").join(every))
        return dict(cursor.fetchall())


@pytest.fixture
def nothing_changes() -> Callable[[], AbstractContextManager[None]]:
    """`with nothing_changes():` every row of every table is afterwards what it was before."""

    @contextmanager
    def watched() -> Iterator[None]:
        before = contents()
        yield
        after = contents()
        assert {name for name in after if after[name] != before[name]} == set()

    return watched


@pytest.fixture
def says() -> Says:
    """`says(response, language, sentence)`: the sentence stands on the page, in that language."""

    def checked(response: Any, language: str, sentence: str | Promise) -> None:
        with translation.override(language):
            text = str(sentence)
        assert bool(re.search("[\u4e00-\u9fff]{4}", text)) is (language == "zh-hans")
        assert text in unescape(response.content.decode())

    return checked
