"""Statistics against a small history that was reckoned by hand."""

import copy
import csv
import io
import json
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models import Q
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from approvals import actions as approvals
from approvals.models import SignOff, WorkItem
from approvals.queries import seen_digest, statistics
from approvals.queries.statistics import Period
from audit.models import Entry
from directory import actions as directory
from directory.actions import OPERATOR
from directory.models import Person, Post
from directory.queries import holdings, working_days
from tests.conftest import MakeForFile
from tests.factories import LONG_AGO, NOW, make_holder
from tests.workflows.factories import (
    World,
    accepted,
    make_measure,
    make_task,
    make_world,
    publish_completion_route,
    submitted,
)
from workflows.actions import tasks
from workflows.models import Task
from workflows.queries.statistics import deadlines

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
TODAY = timezone.localdate(NOW) + 10 * DAY


@pytest.fixture
def untouched() -> World:
    """Where nothing has been decided."""
    world = make_world()
    publish_completion_route(world)
    return world


def decide(person: Person, after: timedelta, decision: str = "approve", comment: str = "") -> None:
    """The person's oldest open item, so long after NOW."""
    at = NOW + after
    posts = [held.post.pk for held in holdings(person, at)]
    item = WorkItem.objects.filter(Q(post__in=posts) | Q(person=person), state="open").earliest(
        "opened_at"
    )
    approvals.decide(
        work_item_id=item.pk,
        actor=person,
        decision=decision,
        comment=comment,
        seen_digest=seen_digest(item),
        idempotency_key=uuid4(),
        at=at,
    )


def make_history() -> tuple[World, Task]:
    """NOW is a Monday morning.

    The deputy returns on Tuesday, two hours later in the day (1 working day, 26 hours); the report
    comes again as on Monday, the deputy approves on Friday (4 days, 96 hours), the office on the
    Monday after (1 working day, 72 hours).
    """
    assert NOW.weekday() == 0
    world = make_world()
    publish_completion_route(world)
    task = accepted(world)
    submitted(world, task)
    decide(world.deputy, DAY + timedelta(hours=2), "return", "Add the lists.")
    submitted(world, task, "Four terms held, lists attached.")
    decide(world.deputy, 4 * DAY)
    decide(world.coordinator, 7 * DAY)
    return world, task


@pytest.fixture(scope="module")
def made(make_for_file: MakeForFile) -> tuple[World, Task]:
    return make_for_file(make_history)


@pytest.fixture
def world(made: tuple[World, Task], db: None) -> World:
    return copy.deepcopy(made[0])


@pytest.fixture
def history(made: tuple[World, Task], db: None) -> Task:
    return copy.deepcopy(made[1])


def period(world: World, **given: object) -> Period:
    first, last = timezone.localdate(NOW), TODAY
    return Period(**{"organisation": world.organisation.pk, "first": first, "last": last} | given)  # type: ignore[arg-type]


def counted(world: World, by: str) -> dict[str, tuple[int, ...]]:
    found = statistics.counted(period(world), working_days(world.organisation.pk))[by]
    return {
        one.name: (
            one.decisions,
            one.returned,
            one.share,
            one.median_days,
            one.ninetieth_days,
            one.median_hours,
        )
        for one in found
    }


def test_totals_are_those_of_the_period(world: World, history: Task) -> None:
    found = statistics.totals(period(world))
    assert (found.decisions, found.returned, found.delegated) == (3, 1, 0)
    assert (found.personally, found.attested) == (0, 3)
    until_tuesday = period(world, last=timezone.localdate(NOW) + DAY)
    assert statistics.totals(until_tuesday).decisions == 1


def test_people_are_timed_in_working_days_and_hours(world: World, history: Task) -> None:
    assert counted(world, "person") == {
        "Xu Cheng'an": (2, 1, 50, 1, 4, 26),
        "Shen Ruochuan": (1, 0, 0, 1, 1, 72),
    }


def test_stages_and_units_are_counted_alike(world: World, history: Task) -> None:
    assert counted(world, "stage") == {
        "Own unit": (2, 1, 50, 1, 4, 26),
        "Review": (1, 0, 0, 1, 1, 72),
    }
    assert counted(world, "unit") == {
        world.lead.name: (2, 1, 50, 1, 4, 26),
        world.office.name: (1, 0, 0, 1, 1, 72),
    }
    assert len(counted(world, "post")) == 2


def test_a_holiday_is_no_working_day(world: World, history: Task) -> None:
    directory.set_calendar_day(
        organisation_id=world.organisation.pk,
        date=timezone.localdate(NOW) + 2 * DAY,
        is_working=False,
        name="Day off",
        actor=OPERATOR,
        at=NOW,
    )
    assert counted(world, "person")["Xu Cheng'an"][3:5] == (1, 3)


def test_a_unit_narrows_to_its_signers(world: World, history: Task) -> None:
    assert statistics.totals(period(world, unit=world.lead.pk)).decisions == 2
    assert statistics.totals(period(world, unit=world.partner.pk)).decisions == 0


def test_reasons_are_counted_by_their_words(world: World, history: Task) -> None:
    assert statistics.reasons(period(world), most=9) == [("Add the lists.", 1)]


def test_a_delegation_that_was_used_is_counted(untouched: World) -> None:
    submitted(untouched, accepted(untouched))
    stand_in = make_holder(untouched.lead, Post.Role.REVIEWER, "Mo Xinghe")
    directory.delegate(
        principal=untouched.deputy,
        delegate=stand_in,
        post=None,
        starts_at=LONG_AGO,
        ends_at=NOW + 30 * DAY,
        reason="Away.",
        actor=untouched.deputy,
        at=NOW,
    )
    item = WorkItem.objects.get(organisation=untouched.organisation, state="open")
    approvals.decide(
        work_item_id=item.pk,
        actor=stand_in,
        decision="approve",
        seen_digest=seen_digest(item),
        idempotency_key=uuid4(),
        at=NOW,
    )
    [found] = statistics.delegated(period(untouched), most=9)
    assert (found["person__name"], found["acting_for__name"], found["decisions"]) == (
        "Mo Xinghe",
        "Xu Cheng'an",
        1,
    )


def test_one_person_at_two_stages_is_listed_once_an_approval(world: World, history: Task) -> None:
    assert statistics.at_two_stages(period(world), most=9) == []
    second = make_task(world, measure=make_measure(world.plan, 15))
    tasks.accept(task_id=second.pk, actor=world.handler, at=NOW)
    post = Post.objects.get(unit=world.office, role="coordinator")
    submitted(world, second)
    decide(world.deputy, timedelta())
    directory.appoint(post=post, person=world.deputy, actor=OPERATOR, at=NOW + DAY, replace=True)
    decide(world.deputy, 2 * DAY)
    [found] = statistics.at_two_stages(period(world), most=9)
    assert (found["person__name"], found["stages"], found["decisions"]) == ("Xu Cheng'an", 2, 2)
    assert found["approval__subject_id"] == second.pk


def test_two_people_of_one_name_are_not_one_person_at_two_stages(
    world: World, history: Task
) -> None:
    Person.objects.filter(organisation=world.organisation).update(name="Li Na")
    assert statistics.at_two_stages(period(world), most=9) == []


def test_tasks_are_late_when_closed_after_their_day_or_still_open_past_it(untouched: World) -> None:
    due = timezone.localdate(NOW)
    late, still, fine, cancelled = (
        make_task(untouched, measure=make_measure(untouched.plan, place), due_date=due + days * DAY)
        for place, days in ((21, 0), (22, 1), (23, 9), (24, 0))
    )
    close(untouched, late, NOW + 2 * DAY)
    close(untouched, fine, NOW + 2 * DAY)
    tasks.cancel(task_id=cancelled.pk, actor=untouched.coordinator, at=NOW, reason="Merged.")
    assert still.state == Task.State.ASSIGNED
    [found] = deadlines(period(untouched), TODAY, most=9)
    assert (found.name, found.due, found.late, found.open, found.share) == (
        untouched.lead.name,
        3,
        1,
        1,
        67,
    )


def close(world: World, task: Task, at: object) -> None:
    tasks.accept(task_id=task.pk, actor=world.handler, at=NOW)
    submitted(world, task)
    decide(world.deputy, timedelta())
    decide(world.coordinator, timedelta())
    tasks.close(task_id=task.pk, actor=world.coordinator, at=at, outcome="verified")  # type: ignore[arg-type]


# Pages


@pytest.fixture
def auditor(world: World, client: Client) -> Client:
    client.force_login(world.auditor)
    return client


ASKED = {"first": timezone.localdate(NOW).isoformat(), "last": TODAY.isoformat()}


def test_the_page_leads_from_a_number_to_the_entries(
    world: World, history: Task, auditor: Client
) -> None:
    page = auditor.get("/audit/statistics/", ASKED)
    [people] = [one for one in page.context["tables"] if one.key == "person"]
    [row] = [row for row in people.rows if row[0].text == "Xu Cheng'an"]
    assert [cell.text for cell in row[1:4]] == ["2", "1", "50 %"]
    returned = auditor.get(row[2].url).context["found"].rows
    [one] = returned
    sign_off = SignOff.objects.get(decision="return", organisation=world.organisation)
    assert json.loads(bytes(one["entry"].body))["facts"]["sign_off"]["id"] == str(sign_off.pk)
    assert len(auditor.get(row[1].url).context["found"].rows) == 2


def test_every_table_says_what_it_counts(history: Task, auditor: Client) -> None:
    page = auditor.get("/audit/statistics/", ASKED)
    assert all(len(table.definition) > 40 for table in page.context["tables"])


@pytest.mark.parametrize(
    "asked",
    [
        {"first": "yesterday"},
        {"first": "2026-11-20", "last": "2026-11-01"},
        {"first": "0001-01-01", "last": "9999-12-31"},
        {"first": "0001-01-01", "last": "0001-01-02"},
        {"unit": "none"},
        {"by": "moon", "key": "x", "evidence": "seal"},
    ],
)
def test_what_cannot_be_understood_is_named_and_the_page_is_there(
    history: Task, auditor: Client, asked: dict[str, str]
) -> None:
    for address in ("/audit/statistics/", "/audit/statistics/entries/"):
        assert auditor.get(address, asked).status_code == 200


def test_a_table_taken_away_is_recorded_and_its_cells_do_nothing(
    world: World, history: Task, auditor: Client
) -> None:
    Person.objects.filter(pk=world.deputy.pk).update(name='=HYPERLINK("x")')
    given = {**ASKED, "table": "person", "format": "csv"}
    answer = auditor.post("/audit/statistics/export/", given)
    lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [line[:3] for line in lines if line and line[0].startswith("'=")] == [
        ['\'=HYPERLINK("x")', "2", "1"]
    ]
    entry = Entry.objects.get(subject=world.auditor.subject, kind="statistics.exported")
    told = json.loads(bytes(entry.body))["facts"]["statistics"]
    assert (told["table"], told["format"], told["rows"]) == ("person", "csv", 2)
    assert (
        auditor.post("/audit/statistics/export/", given | {"format": "xlsx"}).content[:2] == b"PK"
    )


def test_a_table_that_is_none_is_not_recorded(world: World, auditor: Client) -> None:
    for given in ({"table": "moon", "format": "csv"}, {"table": "person", "format": "pdf"}):
        assert auditor.post("/audit/statistics/export/", given).status_code == 404
    mine = Entry.objects.filter(organisation=world.organisation.pk)
    assert not mine.filter(kind="statistics.exported").exists()


def test_all_tables_take_few_queries(world: World, history: Task, auditor: Client) -> None:
    with CaptureQueriesContext(connection) as queries:
        auditor.get("/audit/statistics/", ASKED)
    assert len(queries) <= 20
    timed = [one for one in queries if "percentile_disc" in one["sql"]]
    assert len(timed) == 1


def test_a_day_is_a_day_where_the_organisation_is() -> None:
    found = Period(uuid4(), date(2026, 11, 16), date(2026, 11, 16))
    assert found.ends - found.begins == DAY
    assert timezone.localtime(found.begins).hour == 0
