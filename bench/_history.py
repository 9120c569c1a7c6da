"""An organisation with two people's open work and any number of closed work items, by SQL.

Ids are counted up, so that the rows of one task find each other. A closed task has one approval of
one round with two stages of four seats each, all decided, two of them signed off in posts that are
measured; and two units with a part. Seats were asked in the last three months, and answered within
three and a half days.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import psycopg2
from django.db import connection, transaction
from django.utils import timezone

from approvals import actions as approvals
from approvals.actions import StageSpec
from approvals.models import Stage
from directory import actions as directory
from directory.actions import OPERATOR
from directory.models import Organisation, Person, Post, Unit
from workflows.models import Measure, Plan
from workflows.subjects import COMPLETION

SEATS = 8
"""Work items of a closed task."""


@dataclass
class World:
    organisation: Organisation
    people: dict[str, Person]
    posts: list[Post]
    submitter: Person
    measure: Measure
    stages: list[Stage]


def make(open_items: dict[str, int]) -> World:
    """A world whose people have so many open work items each, by name, and no history."""
    at = timezone.now()
    organisation = directory.create_organisation(name=f"Bench {uuid4()}", actor=OPERATOR, at=at)
    people, posts = {}, []
    for name in [*open_items, "submitter", *(f"other{n}" for n in range(SEATS))]:
        unit = directory.create_unit(organisation=organisation, name=name, actor=OPERATOR, at=at)
        people[name], post = _holder(unit, name)
        posts.append(post)
    submitter = people["submitter"]
    plan = Plan.objects.create(
        organisation=organisation,
        title="Bench",
        number="Bench 1",
        coordinator=posts[2].unit,
        created_by=submitter,
        created_at=at,
        issued_at=at,
    )
    measure = Measure.objects.create(
        organisation=organisation,
        plan=plan,
        position=1,
        number="1",
        heading="社区宣传阵地建设",
        text="社区宣传阵地建设",
        span_start=0,
        span_end=1,
    )
    asked = [{"select": "post_of_lead", "role": "principal"}]
    version = approvals.publish_route(
        organisation=organisation,
        name="Bench",
        subject_kind=COMPLETION,
        stages=[StageSpec("Unit", asked, rule="all"), StageSpec("Office", asked, rule="all")],
        actor=OPERATOR,
        at=at,
    )
    stages = list(version.stages.all())
    measured = {name: people[name] for name in open_items}
    world = World(organisation, measured, posts, submitter, measure, stages)
    first = 1_000_000
    for post, count in zip(posts, open_items.values(), strict=False):
        _write(world, first, first + count, OPEN, post)
        first += count
    return world


def _holder(unit: Unit, name: str) -> tuple[Person, Post]:
    at = timezone.now()
    person = directory.create_person(
        organisation=unit.organisation,
        username=f"{name}{uuid4().hex[:8]}",
        name=name.title(),
        language="zh-hans",
        password=None,
        actor=OPERATOR,
        at=at,
    )
    post = directory.create_post(
        unit=unit, role="principal", title="主要负责人", actor=OPERATOR, at=at
    )
    directory.appoint(post=post, person=person, starts_at=at, ends_at=None, actor=OPERATOR, at=at)
    return person, post


TABLES = [
    "workflows_task",
    "workflows_assignment",
    "workflows_submission",
    "approvals_approval",
    "approvals_round",
    "approvals_opening",
    "approvals_workitem",
    "approvals_signoff",
]


@contextmanager
def unchecked(owner: "psycopg2.extensions.connection") -> Iterator[None]:
    """References are checked at the end, all at once: that takes seconds instead of minutes."""
    with owner.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid)"
            " FROM pg_constraint WHERE contype = 'f' AND conrelid = ANY(%s::regclass[])",
            [TABLES],
        )
        references = cursor.fetchall()
        for table, name, _ in references:
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        yield
        for table, name, definition in references:
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")


def add(world: World, done: int, items: int) -> None:
    """Let the history grow from `done` to `items` closed work items."""
    step = 25_000
    for first in range(done // SEATS, items // SEATS, step):
        _write(world, first, min(first + step, items // SEATS), CLOSED, world.posts[0])


def _write(world: World, first: int, end: int, statements: list[str], post: Post) -> None:
    params: dict[str, Any] = {
        "first": first,
        "last": end - 1,
        "organisation": world.organisation.pk,
        "measure": world.measure.pk,
        "plan": world.measure.plan_id,
        "version": world.stages[0].version_id,
        "stage1": world.stages[0].pk,
        "stage2": world.stages[1].pk,
        "submitter": world.submitter.pk,
        "post": post.pk,
        "posts": [one.pk for one in world.posts],
        "units": [one.unit_id for one in world.posts],
        "people": [one.pk for one in world.people.values()],
    }
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, params)


def _id(table: int, number: str) -> str:
    """SQL for the id of a table's row with this number."""
    return f"('{table:08x}-0000-7000-8000-' || lpad(to_hex({number}), 12, '0'))::uuid"


def _insert(table: str, columns: dict[str, str], source: str = "") -> str:
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(columns.values())}"
        f" FROM generate_series(%(first)s, %(last)s) AS n {source}"
    )


TASK, APPROVAL, ROUND, OPENING, ITEM, PART, REPORT, SIGNED = range(1, 9)
ORGANISATION = {"organisation_id": "%(organisation)s"}
NONE = "decode('', 'hex')"


def _task(state: str, outcome: str, closed_at: str) -> str:
    columns = {
        "id": _id(TASK, "n"),
        **ORGANISATION,
        "plan_id": "%(plan)s",
        "measure_id": "%(measure)s",
        "occurrence": "n + 1",
        "title": "'社区宣传阵地建设 ' || n",
        "due_date": "CASE WHEN n %% 20 > 0 THEN current_date + (n %% 60)::int - 10 END",
        "priority": "'normal'",
        "measure_revision": "1",
        "state": f"'{state}'",
        "outcome": f"'{outcome}'",
        "created_at": "now()",
        "closed_at": closed_at,
        "chain_head": NONE,
        "chain_length": "0",
    }
    return _insert("workflows_task", columns)


def _parts(received_at: str) -> str:
    columns = {
        "id": _id(PART, "n * 2 + k"),
        **ORGANISATION,
        "task_id": _id(TASK, "n"),
        "unit_id": "(%(units)s::uuid[])[1 + (n + k) %% 11]",
        "role": "CASE k WHEN 0 THEN 'lead' ELSE 'cooperating' END",
        "assigned_at": "now()",
        "received_at": received_at,
    }
    return _insert("workflows_assignment", columns, ", generate_series(0, 1) AS k")


def _approval(state: str, ended_at: str) -> list[str]:
    approval = {
        "id": _id(APPROVAL, "n"),
        **ORGANISATION,
        "version_id": "%(version)s",
        "subject_kind": f"'{COMPLETION}'",
        "subject_id": _id(TASK, "n"),
        "root": f"'task:' || {_id(TASK, 'n')}",
        "state": f"'{state}'",
        "opened_at": "now()",
        "ended_at": ended_at,
    }
    document = {
        "id": _id(ROUND, "n"),
        **ORGANISATION,
        "approval_id": _id(APPROVAL, "n"),
        "number": "1",
        "document_id": _id(REPORT, "n"),
        "digest": NONE,
        "submitter_id": "%(submitter)s",
        "authors": "ARRAY[%(submitter)s]::uuid[]",
        "context": "'{}'",
        "opened_at": "now()",
    }
    report = {
        "id": _id(REPORT, "n"),
        **ORGANISATION,
        "task_id": _id(TASK, "n"),
        "version": "1",
        "text": NONE,
        "percent": "100",
        "submitter_id": "%(submitter)s",
        "authors": "ARRAY[%(submitter)s]::uuid[]",
        "digest": NONE,
        "at": "now()",
    }
    return [
        _insert("workflows_submission", report),
        _insert("approvals_approval", approval),
        _insert("approvals_round", document),
    ]


def _opening(outcome: str, closed_at: str, stages: int) -> str:
    columns = {
        "id": _id(OPENING, "n * 2 + k"),
        **ORGANISATION,
        "approval_id": _id(APPROVAL, "n"),
        "round_id": _id(ROUND, "n"),
        "stage_id": "CASE k WHEN 0 THEN %(stage1)s ELSE %(stage2)s END",
        "number": "k + 1",
        "opened_at": "now()",
        "outcome": f"'{outcome}'",
        "reason": "''",
        "closed_at": closed_at,
    }
    return _insert("approvals_opening", columns, f", generate_series(0, {stages - 1}) AS k")


ASKED = "now() - ((n * 7 + k * 5) %% 80 + 5) * interval '1 day'"


def _items(state: str, opened_at: str, closed_at: str, post: str, seats: int) -> str:
    columns = {
        "id": _id(ITEM, f"n * {SEATS} + k"),
        **ORGANISATION,
        "approval_id": _id(APPROVAL, "n"),
        "opening_id": _id(OPENING, "n * 2 + k / 4"),
        "post_id": post,
        "position": "k %% 4",
        "weight": "1",
        "origin": "'configured'",
        "state": f"'{state}'",
        "opened_at": opened_at,
        "closed_at": closed_at,
    }
    return _insert("approvals_workitem", columns, f", generate_series(0, {seats - 1}) AS k")


_SIGN_OFFS = _insert(
    "approvals_signoff",
    {
        "id": _id(SIGNED, "n * 2 + k"),
        **ORGANISATION,
        "approval_id": _id(APPROVAL, "n"),
        "work_item_id": _id(ITEM, f"n * {SEATS} + k"),
        "person_id": "(%(people)s::uuid[])[k + 1]",
        "capacity": "'主要负责人'",
        "decision": "'approve'",
        "evidence": "'session'",
        "seen_digest": NONE,
        "statement": NONE,
        "idempotency_key": _id(SIGNED, "n * 2 + k"),
        "request_digest": NONE,
        "at": f"{ASKED} + ((n * 31 + k * 17) %% 5000) * interval '1 minute'",
    },
    ", generate_series(0, 1) AS k",
)

CLOSED = [
    _task("closed", "verified", "now()"),
    _parts("now()"),
    *_approval("passed", "now()"),
    _opening("passed", "now()", 2),
    _items("decided", ASKED, "now()", "(%(posts)s::uuid[])[1 + k]", SEATS),
    _SIGN_OFFS,
]
OPEN = [
    _task("submitted", "", "NULL"),
    _parts("now()"),
    *_approval("open", "NULL"),
    _opening("", "NULL", 1),
    _items("open", "now()", "NULL", "%(post)s", 1),
]
