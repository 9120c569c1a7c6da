"""Rows that follow from entries: an honest life of a task agrees, each forgery is named."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.db.backends.utils import CursorWrapper

from audit import verification
from audit.findings import Finding
from tests.conftest import Made, MakeOnce
from tests.factories import NOW
from tests.workflows.factories import (
    World,
    accepted,
    decide,
    make_world,
    publish_completion_route,
    submitted,
    upload,
    write,
)
from workflows import files
from workflows.actions import drafts, reports, tasks

Tampering = Callable[[], AbstractContextManager[CursorWrapper]]


def make_closed() -> World:
    """A task that was returned, reported again with evidence and a partner's part, and closed."""
    world = make_world()
    publish_completion_route(world)
    task = accepted(world)
    submitted(world, task)
    decide(world.deputy, "return", "Add the attendance lists.")
    part = write(task, world.partner, world.partner_handler, "Nine firms took part.")
    reports.send_contribution(
        task_id=task.pk,
        unit_id=world.partner.pk,
        revision=part.revision,
        actor=world.partner_handler,
        at=NOW,
    )
    draft = write(task, world.lead, world.handler, "Four terms held, lists attached.")
    drafts.attach_file(
        task_id=task.pk,
        unit_id=world.lead.pk,
        stored=files.store(world.organisation.pk, upload()),
        name="lists.pdf",
        actor=world.handler,
        at=NOW,
    )
    draft.refresh_from_db()
    reports.submit(task_id=task.pk, revision=draft.revision, actor=world.handler, at=NOW)
    decide(world.deputy)
    decide(world.coordinator)
    tasks.close(task_id=task.pk, actor=world.coordinator, at=NOW, outcome="verified")
    return world


@pytest.fixture
def world(make_once: MakeOnce, copied: Callable[[Made], World]) -> World:
    return copied(make_once("closed_task", make_closed))


def first_bad(world: World) -> Finding | None:
    return verification.verify(world.organisation.pk).first_bad


def test_an_honest_life_of_a_task_agrees_with_its_entries(world: World) -> None:
    assert first_bad(world) is None


@pytest.mark.parametrize(
    ("table", "change", "code"),
    [
        ("workflows.task", "UPDATE {0} SET state = 'reviewed', outcome = '', closed_at = NULL", ""),
        ("workflows.task", "UPDATE {0} SET outcome = 'superseded'", ""),
        ("workflows.task", "UPDATE {0} SET due_date = '2030-01-01'", ""),
        ("workflows.assignment", "UPDATE {0} SET received_at = now()", "row_added"),
        ("workflows.submission", "UPDATE {0} SET percent = 7 WHERE {1} AND version = 2", ""),
        ("workflows.submission", "UPDATE {0} SET text = sha256(text)", ""),
        ("workflows.contribution", "UPDATE {0} SET version = 9", ""),
        ("workflows.includedcontribution", "DELETE FROM {0}", "row_deleted"),
        ("workflows.evidence", "DELETE FROM {0}", "row_deleted"),
        ("approvals.approval", "UPDATE {0} SET state = 'open', ended_at = NULL", ""),
        ("approvals.round", "UPDATE {0} SET digest = sha256(digest) WHERE {1} AND number = 1", ""),
        ("approvals.workitem", "UPDATE {0} SET weight = 5", ""),
        ("approvals.signoff", "UPDATE {0} SET decision = 'abstain', target = NULL", ""),
        ("approvals.signoff", "UPDATE {0} SET statement = statement || ' '", ""),
        ("approvals.signoff", "UPDATE {0} SET at = at + interval '1 hour'", ""),
        ("approvals.signoff", "UPDATE {0} SET comment = NULL", ""),
        ("approvals.signoff", "DELETE FROM {0}", "row_deleted"),
        ("approvals.stage", "UPDATE {0} SET rule = 'all'", ""),
        ("approvals.routeversion", "UPDATE {0} SET published_at = now()", ""),
    ],
)
def test_a_forged_row_is_named(
    world: World,
    tampering: Tampering,
    table: str,
    change: str,
    code: str,
) -> None:
    ours = f"organisation_id = '{world.organisation.pk}'"
    statement = change.format(table.replace(".", "_"), ours)
    if "WHERE" not in statement:
        statement += f" WHERE {ours}"
    with tampering() as cursor:
        cursor.execute(statement)
    found = first_bad(world)
    assert found is not None
    shown = table.replace("workitem", "opening")
    assert (found.code, found.params["table"]) == (code or "row_changed", shown)


def test_a_sign_off_under_another_id_is_an_invented_one(world: World, tampering: Tampering) -> None:
    with tampering() as cursor:
        cursor.execute(
            "UPDATE approvals_signoff SET id = gen_random_uuid() WHERE organisation_id = %s",
            [world.organisation.pk],
        )
    found = first_bad(world)
    assert found is not None
    assert (found.code, found.params["table"]) == ("row_added", "approvals.signoff")
