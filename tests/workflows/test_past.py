"""A task as of a moment: told by entries alone, and after the last one the same as its rows."""

import copy
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from approvals.actions import StageSpec, publish_route
from audit.models import Entry
from directory import actions as directory
from directory.actions import OPERATOR
from directory.models import Appointment
from tests.approvals import past as approvals
from tests.conftest import MakeForFile
from tests.factories import LONG_AGO, NOW, make_person
from tests.workflows.factories import (
    World,
    accepted,
    decide,
    fresh,
    make_measure,
    make_world,
    publish_completion_route,
    submitted,
    write,
)
from workflows import past
from workflows.actions import reports, tasks
from workflows.comparing import Comparison, compared
from workflows.models import Assignment, Submission, Task
from workflows.past_pages import Then, then
from workflows.queries.past import chain, records

pytestmark = pytest.mark.django_db


def make_closed() -> tuple[World, Task]:
    world = make_world()
    publish_completion_route(world)
    return world, closed_task(world)


@pytest.fixture(scope="module")
def closed(make_for_file: MakeForFile) -> tuple[World, Task]:
    return make_for_file(make_closed)


@pytest.fixture
def world(closed: tuple[World, Task], db: None) -> World:
    return copy.deepcopy(closed[0])


@pytest.fixture
def task(closed: tuple[World, Task], db: None) -> Task:
    return copy.deepcopy(closed[1])


def closed_task(world: World) -> Task:
    """Returned once, reported again with a partner's part, approved, given a later date, closed."""
    task = accepted(world, cooperating=[world.partner, world.second])
    tasks.receive(task_id=task.pk, unit_id=world.partner.pk, actor=world.partner_handler, at=NOW)
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
    tasks.set_due_date(
        task_id=task.pk,
        due_date=date(2026, 12, 24),
        reason="The hall is closed.",
        actor=world.coordinator,
        at=NOW,
    )
    submitted(world, task, "Four terms held, lists attached.")
    decide(world.deputy)
    decide(world.coordinator)
    tasks.close(task_id=task.pk, actor=world.coordinator, at=NOW, outcome="verified")
    return fresh(task)


def seq_of(task: Task, kind: str, which: int = 0) -> int:
    found = Entry.objects.filter(subject=task.subject, kind=kind).order_by("subject_seq")
    return int(found.values_list("subject_seq", flat=True)[which])


def after(task: Task, kind: str, which: int = 0) -> Then:
    return then(task, seq_of(task, kind, which), None)


def facts(found: Then) -> dict[str, str]:
    return {line.key: line.text for line in found.lines}


def test_after_the_last_entry_it_is_as_the_rows_have_it(world: World, task: Task) -> None:
    found = then(task, task.chain_length, None)
    told = facts(found)
    assert (told["state"], told["outcome"]) == ("Closed", "verified")
    assert told["due_date"] == "24 Dec 2026"
    newest = Submission.objects.filter(task=task).latest("version")
    assert found.report
    assert (found.report.version, found.report.text) == (
        newest.version,
        "Four terms held, lists attached.",
    )
    assert [part.text for part in found.report.parts] == ["Nine firms took part."]
    assert approvals.compare(world.organisation.pk, task.subject) == 1


def test_before_an_entry_nothing_of_it_is_known(task: Task) -> None:
    found = after(task, "task.accepted")
    assert facts(found) == {
        "state": "In progress",
        "title": "Training of officials",
        "due_date": "30 Nov 2026",
        "priority": "normal",
    }
    assert (found.report, found.approvals) == (None, [])
    assert len(found.events) == found.seq


def test_each_fact_leads_to_the_entry_that_says_it(task: Task) -> None:
    lines = {line.key: line.entry for line in after(task, "task.due_date_set").lines}
    assert lines["due_date"]
    assert lines["due_date"].kind == "task.due_date_set"
    assert lines["state"]
    assert lines["state"].kind == "approval.signed_off"
    assert lines["title"]
    assert lines["title"].kind == "task.created"


def test_the_report_is_the_version_of_that_time(task: Task) -> None:
    first = after(task, "task.submitted").report
    assert first
    assert (first.version, first.text, first.parts) == (1, "Four terms held.", [])


def test_the_electorate_says_whose_turn_it_was_and_what_was_decided(task: Task) -> None:
    [approval] = after(task, "task.submitted").approvals
    assert approval.now
    assert (approval.round, approval.now.name) == (1, "Own unit")
    [seat] = approval.now.seats
    assert (seat.is_turn, seat.ballot, seat.holder) == (True, "", "Xu Cheng'an")
    [approval] = after(task, "approval.signed_off").approvals
    assert approval.now is None
    [stage] = approval.stages
    assert (stage.outcome, stage.seats[0].ballot) == ("returned", "Xu Cheng'an returned it")
    assert (stage.seats[0].words, stage.seats[0].signed) == (
        "Add the attendance lists.",
        "Server-attested",
    )


def test_a_return_that_was_outvoted_is_not_told_as_one() -> None:
    world = make_world()
    publish_route(
        organisation=world.organisation,
        name="By vote",
        subject_kind="task_completion",
        stages=[
            StageSpec(
                name="Vote",
                approvers=[
                    {"select": "post_of_lead", "role": "deputy"},
                    {"select": "post_of_lead", "role": "principal"},
                    {"select": "post_of_reviewing", "role": "coordinator"},
                ],
                rule="quorum",
                quorum_number=2,
                refusal="vote",
            )
        ],
        actor=OPERATOR,
        at=LONG_AGO,
    )
    task = accepted(world)
    submitted(world, task)
    decide(world.deputy, "return", "Too early.")
    decide(world.principal)
    decide(world.coordinator)
    [approval] = after(task, "approval.signed_off", 2).approvals
    [stage] = approval.stages
    assert (stage.outcome, stage.seats[0].ballot) == (
        "passed",
        "Xu Cheng'an was for returning it",
    )


def test_a_seat_is_held_by_who_held_it_then_not_by_who_holds_it_today(
    world: World, task: Task
) -> None:
    appointment = Appointment.objects.get(person=world.deputy)
    directory.appoint(
        post=appointment.post,
        person=make_person(world.organisation, "Mo Xinghe"),
        actor=OPERATOR,
        at=NOW + timedelta(hours=1),
        replace=True,
    )
    seq = seq_of(task, "task.submitted")
    [approval] = then(task, seq, None).approvals
    [later] = then(task, seq, NOW + timedelta(hours=2)).approvals
    assert approval.now
    assert later.now
    assert (approval.now.seats[0].holder, later.now.seats[0].holder) == (
        "Xu Cheng'an",
        "Mo Xinghe",
    )


def test_a_post_of_which_no_entry_tells_is_held_by_nobody_known(world: World, task: Task) -> None:
    [approval] = then(
        task, task.chain_length, world.plan.created_at - timedelta(days=900)
    ).approvals
    assert {seat.holder for stage in approval.stages for seat in stage.seats} == {None}


def test_text_that_no_version_vouches_for_says_so(task: Task) -> None:
    text = then(task, task.chain_length, None).text
    assert text
    assert (text.text, text.entry) == (task.measure.text, None)  # the plan was never put forward


def test_units_are_those_of_then_after_a_reassignment(world: World) -> None:
    task = accepted(world, measure=make_measure(world.plan, 15))
    before = task.chain_length
    tasks.reassign(
        task_id=task.pk,
        lead_id=world.second.pk,
        cooperating_ids=[world.partner.pk],
        reason="They have the hall.",
        actor=world.coordinator,
        at=NOW,
    )
    task = fresh(task)
    early, late = then(task, before, None), then(task, task.chain_length, None)
    leads = [next(unit for unit in found.units if unit.role == "lead") for found in (early, late)]
    assert [lead.key for lead in leads] == [str(world.lead.pk), str(world.second.pk)]
    assert [lead.received_at is None for lead in leads] == [False, True]


def test_two_moments_differ_by_what_happened_between(task: Task) -> None:
    found = compared(after(task, "task.submitted"), then(task, task.chain_length, None))
    labels = {one.label for one in found.facts}
    assert labels == {"State", "Outcome", "Due date"}
    assert found.report_changed
    assert not found.text_changed
    assert len(found.between) == found.after.seq - found.before.seq
    assert [(one.before, one.after) for one in found.approvals] == [("open · Own unit", "passed")]


def test_a_moment_compared_with_itself_differs_in_nothing(task: Task) -> None:
    one = then(task, 3, None)
    found: Comparison = compared(one, one)
    assert found.is_same
    assert not found.between


def test_the_number_of_queries_does_not_grow_with_the_chain(task: Task) -> None:
    counts = []
    for kind in ("task.submitted", "task.closed"):
        entries = chain(task)
        with CaptureQueriesContext(connection) as queries:
            then(task, seq_of(task, kind), None, all_of=entries)
        counts.append(len(queries))
    assert max(counts) <= 26, counts
    assert counts[1] - counts[0] <= 1


def test_replayed_parts_are_the_rows(world: World, task: Task) -> None:
    found = past.task(records(chain(task).entries))
    assert {
        (one.unit, one.role, one.handler, one.deputy, one.received_by)
        for one in found.parts.values()
    } == {
        tuple(str(value) if value else None for value in row)
        for row in Assignment.objects.filter(task=task, ended_at=None).values_list(
            "unit", "role", "handler", "deputy", "received_by"
        )
    }


# Pages


@pytest.fixture
def auditor(world: World, client: Client) -> Client:
    client.force_login(world.auditor)
    return client


def test_a_page_shows_the_moment_that_was_chosen(auditor: Client, task: Task) -> None:
    page = auditor.get("/audit/timeline/", {"subject": task.subject, "seq": "2"})
    assert page.context["then"].seq == 2
    assert "In progress" in page.content.decode()
    at = {"subject": task.subject, "day": "2026-11-16", "time": "00:00:01"}
    early = auditor.get("/audit/timeline/", at)
    assert early.context["then"].seq < task.chain_length


def test_before_the_first_entry_the_page_says_so(auditor: Client, task: Task) -> None:
    for address in ("/audit/timeline/", "/audit/comparison/"):
        asked = {"subject": task.subject, "day": "2001-01-01", "until_day": "2001-01-02"}
        page = auditor.get(address, asked)
        assert "There was nothing of it then" in page.content.decode()


@pytest.mark.parametrize(
    "asked",
    [
        {"seq": "0"},
        {"seq": "99999999999999999999"},
        {"seq": "²"},
        {"day": "yesterday"},
        {"day": "2026-11-16", "time": "25:00"},
        {"from": "x", "to": "-1"},
    ],
)
def test_whatever_stands_in_the_address_there_is_a_page(
    auditor: Client, task: Task, asked: dict[str, str]
) -> None:
    for address in ("/audit/timeline/", "/audit/comparison/"):
        assert auditor.get(address, {"subject": task.subject, **asked}).status_code == 200


@pytest.mark.parametrize(
    "subject", ["task:x", "unit:1", "task:01890000-0000-7000-8000-000000000001"]
)
def test_a_subject_that_is_none_does_not_exist(auditor: Client, subject: str) -> None:
    assert auditor.get("/audit/timeline/", {"subject": subject}).status_code == 404


def test_a_task_of_another_organisation_does_not_exist(client: Client, task: Task) -> None:
    client.force_login(make_world().auditor)
    for address in ("/audit/timeline/", "/audit/comparison/"):
        assert client.get(address, {"subject": task.subject}).status_code == 404


def test_a_task_is_found_by_its_words(auditor: Client, task: Task) -> None:
    page = auditor.get("/audit/timeline/", {"q": "training"})
    assert [subject for subject, _title, _number in page.context["subjects"]] == [task.subject]
    nothing = auditor.get("/audit/timeline/", {"q": "zeppelin"})
    assert "Nothing found" in nothing.content.decode()


def test_the_chosen_two_entries_are_compared_whichever_is_named_first(
    auditor: Client, task: Task
) -> None:
    for pair in ({"from": "2", "to": "5"}, {"from": "5", "to": "2"}):
        found = auditor.get("/audit/comparison/", {"subject": task.subject, **pair})
        assert (found.context["found"].before.seq, found.context["found"].after.seq) == (2, 5)
