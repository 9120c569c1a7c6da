"""The least that a decision costs: its row writes behind one lock, a statement a round trip.

Written in plain psycopg2 against the product's own tables, so that triggers, constraints, indexes
and durability are the same, with the bodies that the product wrote for the same step. Nothing is
read but the row that is locked. Everything is rendered beforehand: what is timed is the server and
the way there and back.
"""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg2
from django.db import connection
from django.db.models import Model

from approvals.models import Approval, Opening, SignOff, WorkItem
from audit.ids import uuid7
from audit.models import Entry
from bench._world import STEPS, World
from workflows.models import Task


def connect() -> "psycopg2.extensions.connection":
    parameters = {**connection.get_connection_params()}
    parameters.pop("cursor_factory", None)
    parameters.pop("context", None)
    link: psycopg2.extensions.connection = psycopg2.connect(**parameters)
    return link


@dataclass
class Template:
    """What the product wrote for one route: the rows whose copies the floor writes."""

    sign_offs: list[SignOff]
    entries: list[Entry]
    openings: list[Opening]
    items: dict[int, list[WorkItem]]

    @classmethod
    def of(cls, approval: Approval) -> "Template":
        entries = Entry.objects.filter(subject=approval.root).order_by("subject_seq")
        openings = list(Opening.objects.filter(approval=approval).order_by("number"))
        return cls(
            list(SignOff.objects.filter(approval=approval).order_by("at", "id")),
            list(entries)[1:],
            openings,
            {
                opening.number: list(WorkItem.objects.filter(opening=opening).order_by("position"))
                for opening in openings
            },
        )


def insert(row: Model, cursor: Any) -> bytes:
    fields = [f for f in row._meta.concrete_fields if f.name != "xid"]
    columns = ", ".join(str(field.column) for field in fields)
    places = ", ".join(["%s"] * len(fields))
    values = [f.get_db_prep_save(getattr(row, f.attname), connection) for f in fields]
    sql = f"INSERT INTO {row._meta.db_table} ({columns}) VALUES ({places})"
    rendered: bytes = cursor.mogrify(sql, values)
    return rendered


def copied(row: Any, **changes: Any) -> Any:
    values = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    values.pop("xid", None)
    return type(row)(**{**values, "id": uuid7(), **changes})


def script(
    world: World, template: Template, task: Task, approval: Approval, cursor: Any
) -> list[list[bytes]]:
    """The statements of each of the route's decisions, rendered."""
    columns = ", ".join(str(field.column) for field in Task._meta.concrete_fields)
    opening = Opening.objects.get(approval=approval)
    items = list(WorkItem.objects.filter(opening=opening).order_by("position"))
    head, length, number = bytes(task.chain_head), task.chain_length, 1
    waiting = {item.post_id: item for item in items}
    steps = []
    for step, (name, signed, entry) in enumerate(
        zip(STEPS, template.sign_offs, template.entries, strict=True)
    ):
        at = signed.at
        item = waiting.pop(world.posts[name].pk)
        say = cursor.mogrify
        lines = [
            say(f"SELECT {columns} FROM workflows_task WHERE id = %s FOR NO KEY UPDATE", [task.pk]),
            insert(
                copied(
                    signed,
                    approval_id=approval.pk,
                    work_item_id=item.pk,
                    idempotency_key=uuid7(),
                ),
                cursor,
            ),
            say(
                "UPDATE approvals_workitem SET state = 'decided', closed_at = %s WHERE id = %s",
                [at, item.pk],
            ),
        ]
        advances = name in ("A", "B3", "C2", "D")
        if advances:
            if waiting:
                lines.append(
                    say(
                        "UPDATE approvals_workitem SET state = 'not_needed', closed_at = %s"
                        " WHERE id = ANY(%s)",
                        [at, [one.pk for one in waiting.values()]],
                    )
                )
            lines.append(
                say(
                    "UPDATE approvals_opening SET outcome = 'passed', closed_at = %s WHERE id = %s",
                    [at, opening.pk],
                )
            )
            number += 1
        if advances and name != "D":
            opening = copied(
                template.openings[number - 1],
                approval_id=approval.pk,
                round_id=opening.round_id,
                outcome="",
                closed_at=None,
            )
            lines.append(insert(opening, cursor))
            waiting = {}
            for model in template.items[number]:
                asked = copied(
                    model,
                    approval_id=approval.pk,
                    opening_id=opening.pk,
                    state="open",
                    closed_at=None,
                )
                waiting[asked.post_id] = asked
            rows = [insert(one, cursor) for one in waiting.values()]
            first, *rest = rows
            values = [row.split(b" VALUES ", 1)[1] for row in rest]
            lines.append(b", ".join([first, *values]))
        state = b""
        if name == "D":
            lines.append(
                say(
                    "UPDATE approvals_approval SET state = 'passed', ended_at = %s WHERE id = %s",
                    [at, approval.pk],
                )
            )
            state = b"state = 'reviewed', "
        length += 1
        body = bytes(entry.body)
        row = copied(
            entry,
            subject=task.subject,
            subject_seq=length,
            prev_hash=head,
            entry_hash=hashlib.sha256(b"\x00" + body).digest(),
        )
        head = row.entry_hash
        lines.append(insert(row, cursor))
        lines.append(
            b"UPDATE workflows_task SET "
            + state
            + say("chain_head = %s, chain_length = %s WHERE id = %s", [head, length, task.pk])
        )
        steps.append(lines)
        assert step < len(STEPS)
    return steps


def run(link: Any, steps: Sequence[Sequence[bytes]]) -> list[float]:
    """Seconds of each decision, its transaction included."""
    times = []
    with link.cursor() as cursor:
        for lines in steps:
            start = time.perf_counter()
            for line in lines:
                cursor.execute(line)
            link.commit()
            times.append(time.perf_counter() - start)
    return times


def pgbench_script(routes: Sequence[Sequence[Sequence[bytes]]]) -> str:
    """The same statements for pgbench, a transaction a decision."""
    parts = []
    for steps in routes:
        for lines in steps:
            statements = [b"BEGIN", *lines, b"COMMIT"]
            parts += [f"{line.decode()};" for line in statements]
    return "\n".join(parts) + "\n"
