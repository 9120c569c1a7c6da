"""Rows made by position are those that Django makes by keyword."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import models

from approvals.models import Opening, SignOff, WorkItem
from audit.models import Entry, made

AT = datetime(2026, 11, 16, 1, 30, tzinfo=UTC)
ID = uuid4()


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (WorkItem, {"id": ID, "post_id": uuid4(), "position": 1, "opened_at": AT}),
        (WorkItem, {"id": ID}),
        (Opening, {"id": ID, "number": 2, "opened_at": AT, "due_date": None}),
        (SignOff, {"id": ID, "decision": SignOff.Decision.APPROVE, "statement": b"1"}),
        (Entry, {"id": ID, "subject": "task:1", "subject_seq": 1, "kind": "task.made"}),
    ],
)
def test_a_row_is_the_one_that_keywords_make(
    model: type[models.Model], values: dict[str, Any]
) -> None:
    row, other = made(model, **values), model(**values)
    for field in model._meta.concrete_fields:
        if field.db_default is models.NOT_PROVIDED:
            assert getattr(row, field.attname) == getattr(other, field.attname), field.attname
    assert row._state.adding
    assert row._state.db is None


def test_each_row_gets_an_id_of_its_own() -> None:
    one, other = made(WorkItem), made(WorkItem)
    assert isinstance(one.pk, UUID)
    assert one.pk != other.pk


@pytest.mark.parametrize("name", ["post", "nothing"])
def test_what_is_no_column_is_refused(name: str) -> None:
    with pytest.raises(TypeError, match=name):
        made(WorkItem, **{name: None})
