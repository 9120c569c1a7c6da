"""Many at once: eight signers on one stage, and a stage that opens with five hundred seats."""

import statistics
import threading
import time
from typing import Any
from uuid import uuid4

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from approvals import actions, queries
from approvals.actions import StageSpec
from approvals.models import WorkItem
from bench._world import World
from directory import actions as directory
from directory.actions import OPERATOR
from directory.models import Person
from workflows.subjects import COMPLETION

SIGNERS, SEATS, TURNS = 8, 500, 40


def crowd(world: World) -> dict[str, Any]:
    """`p99/p50` of a decision while eight people decide on the same stage at the same moment."""
    people = _publish(world, "Eight", SIGNERS)
    seconds: list[float] = []
    for _ in range(TURNS):
        _, approval = world.submitted(timezone.now())
        items = list(WorkItem.objects.filter(approval=approval).order_by("position"))
        acts = [(item, queries.seen_digest(item), people[item.post_id]) for item in items]
        seconds += _at_once(acts)
    hundred = statistics.quantiles(seconds, n=100)
    return {
        "p99/p50": round(hundred[98] / hundred[49], 2),
        "p50 ms": round(hundred[49] * 1000, 2),
    }


def opening(world: World) -> int:
    """Statements that submit a report to a stage of five hundred seats, BEGIN and COMMIT included.

    Those of making the task are left out.
    """
    _publish(world, "Five hundred", SEATS)
    world.submitted(timezone.now())  # reads the route, which is read once
    with CaptureQueriesContext(connection) as captured:
        _, approval = world.submitted(timezone.now())
    assert WorkItem.objects.filter(approval=approval).count() == SEATS
    return sum(len(sent["sql"].split(";\n")) for sent in captured) - 1


def _publish(world: World, name: str, seats: int) -> dict[Any, Person]:
    """A route of one stage that asks all of as many posts, which is in force from now on."""
    at = timezone.now()
    people = {}
    office = directory.create_unit(
        organisation=world.organisation, name=f"{name} {uuid4().hex[:6]}", actor=OPERATOR, at=at
    )
    for number in range(seats):
        post = directory.create_post(
            unit=office, role="reviewer", title=f"Reviewer {number}", actor=OPERATOR, at=at
        )
        person = directory.create_person(
            organisation=world.organisation,
            username=f"r{uuid4().hex[:12]}",
            name=f"Reviewer {number}",
            language="en",
            password=None,
            actor=OPERATOR,
            at=at,
        )
        directory.appoint(
            post=post, person=person, starts_at=at, ends_at=None, actor=OPERATOR, at=at
        )
        people[post.pk] = person
    asked = [{"select": "post", "unit": str(office.pk), "role": "reviewer"}]
    actions.publish_route(
        organisation=world.organisation,
        name=name,
        subject_kind=COMPLETION,
        stages=[StageSpec("All", asked, rule="all")],
        actor=OPERATOR,
        at=timezone.now(),
    )
    return people


def _at_once(acts: list[tuple[WorkItem, bytes, Person]]) -> list[float]:
    barrier, seconds = threading.Barrier(len(acts)), []

    def sign(item: WorkItem, digest: bytes, person: Person) -> None:
        connection.ensure_connection()
        barrier.wait()
        start = time.perf_counter()
        actions.decide(
            work_item_id=item.pk,
            actor=person,
            decision="approve",
            seen_digest=digest,
            idempotency_key=uuid4(),
            at=timezone.now(),
        )
        seconds.append(time.perf_counter() - start)
        connection.close()

    threads = [threading.Thread(target=sign, args=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seconds
