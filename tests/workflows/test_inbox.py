"""The inbox: who finds what in it, in which order, and at which price."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone, translation
from viewflow.workflow.models import Task as Step

from approvals.models import SignOff, WorkItem
from directory import actions as directory
from directory.models import Person, Post
from directory.queries import holdings
from notices.models import Notice
from tests.factories import (
    LONG_AGO,
    NOW,
    appoint,
    delegate,
    make_holder,
    make_person,
    make_post,
)
from tests.workflows.factories import (
    World,
    accepted,
    decide,
    fresh,
    make_measure,
    make_task,
    make_world,
    publish_completion_route,
    submitted,
    write,
)
from workflows import flows, inbox_pages
from workflows.actions import reports, tasks
from workflows.models import Addressee, Plan, PlanImport, StoredFile, Task
from workflows.queries import inbox
from workflows.queries.inbox import Bookmark

pytestmark = pytest.mark.django_db

MOST_QUERIES = 12


@pytest.fixture
def world(world: World) -> World:
    publish_completion_route(world)
    return world


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


def errands(person: Person, **given: Any) -> list[str]:
    """The kinds of what waits for the person, in order."""
    return [one.kind for one in inbox.inbox(person, holdings(person, NOW), NOW, **given).errands]


def page(person: Person, **given: Any) -> inbox_pages.InboxPage:
    return inbox_pages.for_me(person, holdings(person, NOW), NOW, **given)


def only_row(person: Person, **given: Any) -> Any:
    [group] = page(person, **given).groups
    [row] = group.rows
    return row


# Who finds what


def test_a_new_task_waits_to_be_received_by_every_unit_with_a_part(world: World) -> None:
    make_task(world)

    assert errands(world.handler) == errands(world.principal) == ["accept"]
    assert errands(world.partner_handler) == ["receive"]
    for person in (world.second_handler, world.stranger, world.coordinator, world.administrator):
        assert errands(person) == []
    assert errands(world.auditor) == []


def test_another_organisation_finds_nothing(world: World) -> None:
    submitted(world)
    other = make_world()

    for person in (other.handler, other.deputy, other.coordinator, other.overseer, other.auditor):
        assert errands(person) == []


def test_an_accepted_task_waits_for_its_report(world: World) -> None:
    task = accepted(world)

    assert errands(world.handler) == errands(world.deputy) == ["report"]
    assert errands(world.partner_handler) == ["receive"]
    tasks.receive(task_id=task.pk, unit_id=world.partner.pk, actor=world.partner_handler, at=NOW)
    assert errands(world.partner_handler) == ["contribute"]


def test_once_a_handler_is_named_the_report_waits_for_that_person_alone(world: World) -> None:
    task = accepted(world)
    tasks.name_handlers(
        task_id=task.pk,
        unit_id=world.lead.pk,
        handler_id=world.handler.pk,
        deputy_id=None,
        actor=world.handler,
        at=NOW,
    )

    assert errands(world.handler) == ["report"]
    assert errands(world.deputy) == errands(world.principal) == []

    post = world.handler.appointments.get()
    directory.dismiss(appointment_id=post.pk, actor=directory.OPERATOR, at=NOW)
    assert errands(world.handler) == []
    assert errands(world.deputy) == errands(world.principal) == ["report"]


def test_a_sent_contribution_is_asked_for_no_more(world: World) -> None:
    task = accepted(world)
    tasks.receive(task_id=task.pk, unit_id=world.partner.pk, actor=world.partner_handler, at=NOW)
    draft = write(task, world.partner, world.partner_handler)
    reports.send_contribution(
        task_id=task.pk,
        unit_id=world.partner.pk,
        revision=draft.revision,
        actor=world.partner_handler,
        at=NOW,
    )

    assert errands(world.partner_handler) == []


def test_a_report_goes_from_seat_to_seat_until_the_task_waits_to_be_closed(world: World) -> None:
    submission = submitted(world)
    assert errands(world.handler) == errands(world.coordinator) == []
    assert errands(world.deputy) == ["decide"]
    assert only_row(world.deputy).url == f"/work-items/{WorkItem.objects.get(state='open').pk}/"

    decide(world.deputy)
    assert errands(world.deputy) == []
    assert errands(world.coordinator) == ["decide"]

    decide(world.coordinator)
    assert errands(world.coordinator) == ["close"]
    assert errands(world.overseer) == []
    tasks.close(task_id=submission.task_id, outcome="verified", actor=world.coordinator, at=NOW)
    assert errands(world.coordinator) == []


def test_a_returned_report_comes_back_to_whoever_writes_it(world: World) -> None:
    submitted(world)
    decide(world.deputy, "return", "Say which terms.")

    assert errands(world.handler) == ["report"]
    assert str(only_row(world.handler).verb) == "Revise"
    assert "came back" in only_row(world.handler).why[0]


def test_whoever_wrote_the_report_is_not_asked_to_decide_on_it(world: World) -> None:
    appoint(make_post(world.lead, Post.Role.DEPUTY), world.handler)
    submitted(world)

    assert WorkItem.objects.filter(state="open").count() == 2
    assert errands(world.handler) == []
    assert errands(world.deputy) == ["decide"]


def test_whoever_wrote_it_is_not_asked_to_close_it(world: World) -> None:
    appoint(make_post(world.office, Post.Role.COORDINATOR), world.handler)
    submitted(world)
    decide(world.deputy)
    decide(world.coordinator)

    assert errands(world.handler) == []
    assert errands(world.coordinator) == ["close"]


def test_a_task_led_by_the_coordinating_unit_is_closed_by_the_other_office(world: World) -> None:
    writer = make_holder(world.office, Post.Role.HANDLER)
    make_holder(world.office, Post.Role.DEPUTY)
    task = make_task(world, lead=world.office, cooperating=[])
    tasks.accept(task_id=task.pk, actor=writer, at=NOW)
    draft = write(task, world.office, writer)
    reports.submit(task_id=task.pk, revision=draft.revision, actor=writer, at=NOW)
    Task.objects.filter(pk=task.pk).update(state="reviewed")
    WorkItem.objects.update(state="not_needed", closed_at=NOW)

    assert errands(world.coordinator) == []
    assert errands(world.overseer) == ["close"]


def test_a_declined_task_waits_for_the_coordinator(world: World) -> None:
    task = make_task(world)
    tasks.decline(task_id=task.pk, actor=world.handler, at=NOW, reason="Not our field.")

    assert errands(world.handler) == []
    assert errands(world.coordinator) == ["settle"]


def test_an_issued_plan_waits_for_the_receipt_of_each_addressee(world: World) -> None:
    sent = Addressee.objects.create(
        organisation=world.organisation, plan=world.plan, unit=world.second
    )
    assert errands(world.second_handler) == ["receive_plan"]
    assert errands(world.handler) == []

    Addressee.objects.filter(pk=sent.pk).update(received_at=NOW, received_by=world.second_handler)
    assert errands(world.second_handler) == []


@pytest.mark.parametrize(
    ("node", "kind"), [("draft", "draft_plan"), ("revise", "revise_plan"), ("issue", "issue_plan")]
)
def test_a_plan_waits_for_its_coordinator_at_the_steps_that_are_theirs(
    world: World, node: str, kind: str
) -> None:
    plan = Plan.objects.create(
        organisation=world.organisation,
        title="Safe crossings",
        coordinator=world.office,
        process=flows.begin(),
        created_by=world.coordinator,
        created_at=NOW,
    )
    stored = f"workflows/flows.PlanFlow.{node}"
    Step.objects.filter(process=plan.process, status="NEW").update(flow_task=stored)

    assert errands(world.coordinator) == [kind]
    assert only_row(world.coordinator).url == f"/plans/{plan.pk}/"
    assert errands(world.overseer) == errands(world.handler) == []


def test_an_open_import_waits_for_the_coordinator_of_its_unit(world: World) -> None:
    source = StoredFile.objects.create(
        organisation=world.organisation, sha256=bytes(32), size=1, media_type="a/b", stored_at=NOW
    )
    found = PlanImport.objects.create(
        organisation=world.organisation,
        source=source,
        source_name="plan.docx",
        proposal={},
        answers={"document": {"coordinator": str(world.office.pk)}},
        created_by=world.coordinator,
        created_at=NOW,
    )

    assert errands(world.coordinator) == ["check_import"]
    assert only_row(world.coordinator).title == "plan.docx"
    PlanImport.objects.filter(pk=found.pk).update(proposal={"title": "Safe crossings"})
    row = only_row(world.coordinator)
    assert (row.title, row.why) == (
        "Safe crossings",
        ["An import from “plan.docx” that waits to be checked and stored"],
    )
    assert errands(world.overseer) == []
    PlanImport.objects.filter(pk=found.pk).update(state="discarded")
    assert errands(world.coordinator) == []


def test_whoever_left_the_post_finds_its_work_no_more_and_the_successor_does(world: World) -> None:
    submitted(world)
    appointment = world.deputy.appointments.get()
    directory.dismiss(
        appointment_id=appointment.pk, actor=directory.OPERATOR, at=NOW - timedelta(hours=1)
    )
    successor = make_person(world.organisation)
    appoint(appointment.post, successor, starts_at=NOW - timedelta(minutes=30))

    assert errands(world.deputy) == []
    assert errands(successor) == ["decide"]


# Delegation


def test_a_delegate_finds_the_principals_work_and_reads_for_whom(world: World) -> None:
    submitted(world)
    delegate(world.deputy, world.stranger)

    assert errands(world.stranger) == errands(world.deputy) == ["decide"]
    assert f"For {world.deputy.name}" in only_row(world.stranger).why[-1]
    assert not any(why.startswith("For ") for why in only_row(world.deputy).why)


def test_a_delegation_of_one_post_brings_that_posts_work_alone(world: World) -> None:
    make_task(world)
    second = make_post(world.partner, Post.Role.HANDLER)
    appoint(second, world.handler)
    delegate(world.handler, world.stranger, post=second)

    assert errands(world.stranger) == ["receive"]


def test_an_ended_delegation_brings_nothing(world: World) -> None:
    submitted(world)
    delegate(world.deputy, world.stranger, ends_at=NOW - timedelta(hours=1))

    assert errands(world.stranger) == []


def test_the_author_finds_no_decision_even_for_somebody_else(world: World) -> None:
    submitted(world)
    delegate(world.deputy, world.handler)

    assert errands(world.handler) == []


def test_one_person_fills_one_seat_of_a_stage(world: World) -> None:
    other = make_holder(world.lead, Post.Role.DEPUTY)
    delegate(other, world.deputy)
    submitted(world)

    assert errands(world.deputy) == ["decide"]
    assert errands(other) == ["decide"]


# Order, groups, places


def test_the_nearest_deadline_stands_first_and_no_deadline_last(world: World) -> None:
    today = timezone.localdate(NOW)
    for position, days in enumerate([None, 30, 0, 3, -5]):
        due = None if days is None else today + timedelta(days=days)
        make_task(world, measure=make_measure(world.plan, 20 + position), due_date=due)

    found = page(world.handler)

    assert [group.name for group in found.groups] == [
        "overdue",
        "today",
        "week",
        "later",
        "undated",
    ]
    assert [row.light for group in found.groups for row in group.rows] == [
        "overdue",
        "due_soon",
        "due_soon",
        "not_started",
        "",
    ]
    assert [row.left for group in found.groups for row in group.rows] == [-3, 0, 3, 22, None]
    assert found.counts.total == 5
    assert found.counts.overdue == found.counts.today == found.counts.undated == 1


def test_the_list_may_be_narrowed_to_what_is_to_be_done(world: World) -> None:
    make_task(world)
    accepted(world, measure=make_measure(world.plan, 15))

    assert sorted(errands(world.handler)) == ["accept", "report"]
    assert only_row(world.handler, choice="report").verb == "Report"
    assert page(world.handler, choice="report").counts.total == 1
    assert page(world.handler, choice="nonsense").counts.total == 2


def test_a_page_begins_where_the_last_one_ended_although_things_were_done(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "PAGE", 2)
    made = [make_task(world, measure=make_measure(world.plan, 20 + n)) for n in range(5)]
    held = holdings(world.handler, NOW)
    first = inbox.inbox(world.handler, held, NOW)
    for errand in first.errands:
        Task.objects.filter(pk=errand.subject).update(state="cancelled")

    second = inbox.inbox(world.handler, held, NOW, first.after)
    third = inbox.inbox(world.handler, held, NOW, second.after)

    seen = [one.subject for part in (first, second, third) for one in part.errands]
    assert seen == [task.pk for task in made]
    assert third.after is None
    assert (first.counts.total, second.counts.total) == (5, 3)


@pytest.mark.parametrize("text", ["", "x", "2026-11-18", "2026-13-40_x", "infinity_'; --", "_"])
def test_a_spoilt_place_is_the_beginning(text: str) -> None:
    assert Bookmark.read(text) is None


def test_a_place_is_read_as_it_was_written() -> None:
    for text in (
        "2026-11-18_01980000-0000-7000-8000-000000000000",
        "infinity_01980000-0000-7000-8000-000000000000",
    ):
        assert str(Bookmark.read(text)) == text


def test_the_count_of_the_frame_is_the_length_of_the_list(world: World) -> None:
    make_task(world)
    accepted(world, measure=make_measure(world.plan, 15))
    for person in (world.handler, world.partner_handler, world.stranger):
        assert inbox.inbox_count(person, NOW) == len(errands(person))


# Waiting for others, and done


def test_the_submitter_sees_who_has_the_report(world: World) -> None:
    submitted(world)
    [row] = inbox_pages.waiting(world.handler, NOW).rows
    assert world.deputy.name in row.why[0]
    assert inbox_pages.waiting(world.deputy, NOW).rows == []

    decide(world.deputy)
    decide(world.coordinator)
    [row] = inbox_pages.waiting(world.handler, NOW).rows
    assert (row.state, row.why) == ("reviewed", [f"Now with {world.coordinator.name}"])


def test_what_came_back_waits_for_nobody_else(world: World) -> None:
    submitted(world)
    decide(world.deputy, "return", "Say which terms.")

    assert inbox_pages.waiting(world.handler, NOW).rows == []


def test_a_stage_without_a_holder_is_said_to_wait_for_its_post(world: World) -> None:
    submitted(world)
    appointment = world.deputy.appointments.get()
    directory.dismiss(
        appointment_id=appointment.pk, actor=directory.OPERATOR, at=NOW - timedelta(hours=1)
    )

    [row] = inbox_pages.waiting(world.handler, NOW).rows
    assert appointment.post.title in row.why[0]


def test_what_was_done_is_listed_newest_first(world: World) -> None:
    submitted(world)
    decide(world.deputy)

    assert [str(row.verb) for row in inbox_pages.done(world.handler).rows] == [
        "Submitted",
        "Received",
    ]
    assert [str(row.verb) for row in inbox_pages.done(world.deputy).rows] == ["Approved"]
    assert inbox_pages.done(world.stranger).rows == []


def test_the_record_of_a_delegate_names_the_principal(world: World) -> None:
    submitted(world)
    delegate(world.deputy, world.stranger)
    decide(world.stranger, "return", "Say which terms.")

    [row] = inbox_pages.done(world.stranger).rows
    assert str(row.verb) == "Returned"
    assert f"For {world.deputy.name}" in row.why
    assert SignOff.objects.get().acting_for == world.deputy


# The page


def fill(world: World) -> Person:
    """Somebody who has one errand of nearly every kind, and acts for somebody else besides."""
    role = Post.Role
    busy = make_holder(world.lead, role.HANDLER)
    appoint(make_post(world.office, role.COORDINATOR), busy)
    appoint(make_post(world.partner, role.PRINCIPAL), busy)
    delegate(
        world.deputy,
        busy,
        starts_at=LONG_AGO,
        ends_at=timezone.now() + timedelta(days=400),
    )
    for position in range(20, 24):
        make_task(world, measure=make_measure(world.plan, position))
    accepted(world, measure=make_measure(world.plan, 30))
    submitted(world, accepted(world, measure=make_measure(world.plan, 31)))
    Plan.objects.create(
        organisation=world.organisation,
        title="Safe crossings",
        coordinator=world.office,
        process=flows.begin(),
        created_by=busy,
        created_at=NOW,
    )
    source = StoredFile.objects.create(
        organisation=world.organisation, sha256=bytes(32), size=1, media_type="a/b", stored_at=NOW
    )
    PlanImport.objects.create(
        organisation=world.organisation,
        source=source,
        source_name="plan.docx",
        proposal={},
        answers={"document": {"coordinator": str(world.office.pk)}},
        created_by=busy,
        created_at=NOW,
    )
    Notice.objects.create(
        organisation=world.organisation,
        person=busy,
        kind="task.created",
        subject="task:1",
        cause="leaf:1",
        at=NOW,
    )
    return busy


@pytest.mark.parametrize(
    "address", ["/", "/?do=report", "/waiting/", "/done/", "/tasks/", "/search/?q=measure"]
)
def test_a_page_costs_no_more_than_twelve_queries(
    world: World,
    client: Client,
    address: str,
    django_assert_max_num_queries: Callable[..., Any],
) -> None:
    client.force_login(fill(world))

    with django_assert_max_num_queries(MOST_QUERIES):
        response = client.get(address)

    assert response.status_code == 200


def test_the_page_says_how_much_waits_and_links_to_it(world: World, client: Client) -> None:
    task = make_task(world)
    client.force_login(world.handler)

    html = client.get("/").content.decode()

    assert f"/tasks/{task.pk}/" in html
    assert "1 thing" in html
    assert fresh(task).title in html


def test_somebody_without_a_post_is_told_why_nothing_waits(world: World, client: Client) -> None:
    client.force_login(make_person(world.organisation))

    html = client.get("/").content.decode()

    assert "You hold no post" in html


def test_nobody_sees_a_page_before_signing_in(client: Client) -> None:
    for address in ("/", "/waiting/", "/done/", "/tasks/", "/search/?q=plan"):
        assert client.get(address)["Location"].startswith("/sign-in/")
