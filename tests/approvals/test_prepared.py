"""What is sent with a prepared statement arrives as it was given, whoever puts it in quotes."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from approvals.models import WorkItem
from approvals.prepared import Statement, fetch_one

pytestmark = pytest.mark.django_db

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(TEXTS)
@example("it's")
@example("a\\' OR true --")
@example("$1 %s %%")
@example("党群工作部, 主要负责人")
@example("task:0197c1d0-0000-7000-8000-000000000000")
@example("two\nlines")
def test_any_text_arrives_as_it_was_given(text: str) -> None:
    assert fetch_one(Statement("echo_text", "SELECT %s::text, 1", [text])) == (text, 1)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("int", -3),
        ("boolean", True),
        ("uuid", uuid4()),
        ("timestamptz", datetime(2026, 11, 16, 1, 30, 0, 7, tzinfo=UTC)),
        ("bytea", b"\\x00'\0\xff"),
        ("bytea", b""),
        ("text", WorkItem.State.NOT_NEEDED),
        ("text", None),
        ("text[]", ["it's", "b\\"]),
    ],
)
def test_other_values_do_too(kind: str, value: Any) -> None:
    name = f"echo_{kind.strip('[]')}_{kind.count('[')}"
    (found,) = fetch_one(Statement(name, f"SELECT %s::{kind}", [value]))
    assert (bytes(found) if kind == "bytea" else found) == value
