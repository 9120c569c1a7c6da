"""Rehearsing a route for 500 units: the whole request and its statements.

The directory has a handler, a deputy, a principal and a reviewer in every unit, one in twenty posts
vacant; the draft has six stages and is compared with the version in force.
"""

import statistics
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from approvals import actions
from approvals.actions import StageSpec
from approvals.models import Route
from audit.ids import uuid7
from bench.inbox import client, stopwatch
from directory.actions import OPERATOR, create_organisation
from directory.models import Appointment, Organisation, Person, Post, Unit
from tests import databases

UNITS, ROUNDS = 500, 7
ROLES = ("handler", "deputy", "principal", "reviewer")
LIMITS = {"seconds": 2.0, "queries": 40}


def main(*, json_only: bool = False) -> dict[str, Any]:
    """Measure, print unless `json_only`, and return the figures."""
    say: Callable[[str], None] = (lambda text: None) if json_only else print
    settings.STORAGES["staticfiles"]["BACKEND"] = (
        "django.contrib.staticfiles.storage.StaticFilesStorage"
    )
    name = "duban_bench_rehearsal"
    with databases.clone(databases.template(), name), databases.connected_to(name):
        route, writer = world()
        signed_in, address = client(writer), reverse("route_rehearsal", args=[route.pk])
        rounds = [request(signed_in, address) for _ in range(ROUNDS + 1)][1:]
    median = {key: statistics.median(one[key] for one in rounds) for key in rounds[0]}
    for key, value in median.items():
        say(f"{key:>10} {value:10.3f}")
    return {
        "name": "rehearsal",
        "units": UNITS,
        "ratios": {"seconds": round(median["seconds"], 3), "queries": int(median["queries"])},
        "limits": LIMITS,
        "worst_seconds": round(max(one["seconds"] for one in rounds), 3),
        "sql_seconds": round(median["sql"], 3),
    }


def request(signed_in: Any, address: str) -> dict[str, float]:
    with stopwatch() as statements:
        start = time.perf_counter()
        response = signed_in.get(address)
        took = time.perf_counter() - start
    assert response.status_code == 200, response.status_code
    return {
        "seconds": took,
        "sql": sum(one for _, one in statements),
        "queries": len(statements),
    }


def world() -> tuple[Route, Person]:
    at = timezone.now()
    organisation = create_organisation(name="开发区", actor=OPERATOR, at=at)
    units = [Unit(organisation=organisation, name=f"单位{n}") for n in range(UNITS)]
    for unit in units[1:]:
        unit.parent = units[0]
    Unit.objects.bulk_create(units)
    writer = _people(organisation, units, at)
    asked = [
        ("post_of_lead", "deputy"),
        ("post_of_lead", "principal"),
        ("post_of_superior", "principal"),
    ]
    stages = [StageSpec(f"环节{n}", [{"select": s, "role": r}]) for n, (s, r) in enumerate(asked)]
    voters = [{"select": "post", "unit": unit.pk, "role": "reviewer"} for unit in units[:9]]
    stages.append(StageSpec("表决", voters, rule="quorum", quorum_percent=60, refusal="vote"))
    stages.append(StageSpec("督办审核", [{"select": "post_of_reviewing", "role": "reviewer"}]))
    version = actions.publish_route(
        organisation=organisation,
        name="任务办结审批",
        subject_kind="task_completion",
        stages=stages,
        actor=OPERATOR,
        at=at,
    )
    draft = actions.begin_draft(route_id=version.route_id, actor=writer, at=at)
    last = StageSpec("审定", [{"select": "post", "unit": units[0].pk, "role": "principal"}])
    actions.save_draft(
        route_id=version.route_id,
        revision=draft.revision,
        stages=[*draft.stages, last.plain],
        actor=writer,
        at=at,
    )
    return version.route, writer


def _people(organisation: Organisation, units: list[Unit], at: Any) -> Person:
    """A person in each post but every twentieth; the administrator sits in the first unit."""
    posts = [
        Post(organisation=organisation, unit=unit, role=role, title=role)
        for unit in units
        for role in ROLES
    ]
    posts.append(
        Post(organisation=organisation, unit=units[0], role="administrator", title="管理员")
    )
    people = [
        Person(organisation=organisation, username=f"bench{n}", name=f"人{n}", id=uuid7())
        for n in range(len(posts))
    ]
    Post.objects.bulk_create(posts)
    Person.objects.bulk_create(people)
    held = [
        Appointment(organisation=organisation, post=post, person=person, starts_at=at)
        for n, (post, person) in enumerate(zip(posts, people, strict=True))
        if n % 20 or n == 0
    ]
    held.append(
        Appointment(organisation=organisation, post=posts[-1], person=people[-1], starts_at=at)
    )
    Appointment.objects.bulk_create({one.post_id: one for one in held}.values())
    return people[-1]
