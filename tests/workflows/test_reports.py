"""Drafts, contributions and reports: what is kept, frozen, refused and written to the ledger."""

import hashlib

import pytest

from approvals.actions import AlreadyDecided, NoRoute
from approvals.models import Approval, Round, WorkItem
from audit.queries import read_openings
from directory.models import Post
from tests.factories import NOW, appoint, make_post
from tests.workflows.factories import (
    World,
    accepted,
    decide,
    entries,
    fresh,
    make_task,
    make_world,
    newest,
    publish_completion_route,
    submitted,
    upload,
    write,
)
from workflows import files
from workflows.actions import drafts, reports, tasks
from workflows.actions.authority import NotAllowed, WrongState
from workflows.actions.drafts import DraftChanged, NoSuchFile, PercentWrong, TooManyFiles
from workflows.actions.reports import ReportEmpty, UnitsSilent
from workflows.models import Contribution, Draft, DraftFile, StoredFile, Submission, Task

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(world: World) -> World:
    publish_completion_route(world)
    return world


def attach(world: World, task: Task, name: str = "notice.pdf", **changes: object) -> DraftFile:
    stored = files.store(world.organisation.pk, upload(name))
    given = {"unit_id": world.lead.pk, "name": name, "actor": world.handler, "at": NOW} | changes
    return drafts.attach_file(task_id=task.pk, stored=stored, **given)  # type: ignore[arg-type]


def send(world: World, task: Task, text: str = "Nine firms took part.") -> Contribution:
    draft = write(task, world.partner, world.partner_handler, text)
    return reports.send_contribution(
        task_id=task.pk,
        unit_id=world.partner.pk,
        revision=draft.revision,
        actor=world.partner_handler,
        at=NOW,
    )


# The draft


def test_a_draft_is_kept_and_counts_its_revisions(world: World) -> None:
    task = accepted(world)

    first, second = (write(task, world.lead, world.handler, text) for text in ("One.", "Two."))

    assert (first.revision, second.revision) == (1, 2)
    assert Draft.objects.get(task=task).text == "Two."
    assert len(entries(task)) == 2


def test_saving_the_same_words_again_changes_nothing(world: World) -> None:
    task = accepted(world)
    write(task, world.lead, world.handler)

    again = write(task, world.lead, world.deputy)

    assert again.revision == 1
    assert again.authors == [world.handler.pk]


def test_an_older_page_overwrites_nobodys_words(world: World) -> None:
    task = accepted(world)
    write(task, world.lead, world.handler, "One.")
    write(task, world.lead, world.deputy, "Two.")

    with pytest.raises(DraftChanged, match="Xu Cheng'an"):
        drafts.save_draft(
            task_id=task.pk,
            unit_id=world.lead.pk,
            revision=1,
            text="Three.",
            actor=world.handler,
            at=NOW,
        )

    assert Draft.objects.get(task=task).text == "Two."


@pytest.mark.parametrize("percent", [-1, 101])
def test_a_percentage_lies_between_0_and_100(world: World, percent: int) -> None:
    with pytest.raises(PercentWrong):
        drafts.save_draft(
            task_id=accepted(world).pk,
            unit_id=world.lead.pk,
            revision=0,
            text="One.",
            percent=percent,
            actor=world.handler,
            at=NOW,
        )


def test_nobody_writes_for_another_unit(world: World) -> None:
    task = accepted(world)

    for person in (world.partner_handler, world.coordinator, world.auditor, world.stranger):
        with pytest.raises(NotAllowed):
            write(task, world.lead, person)
    with pytest.raises(NotAllowed):
        write(task, world.partner, world.handler)


def test_a_report_is_not_written_before_the_task_is_accepted(world: World) -> None:
    task = make_task(world)

    with pytest.raises(WrongState, match="not accepted"):
        write(task, world.lead, world.handler)


def test_a_file_is_put_with_the_draft_once_and_taken_away_again(world: World) -> None:
    task = accepted(world)

    kept = attach(world, task)
    assert attach(world, task) == kept
    assert StoredFile.objects.filter(organisation=world.organisation).count() == 1

    drafts.remove_draft_file(
        task_id=task.pk, unit_id=world.lead.pk, file_id=kept.pk, actor=world.deputy, at=NOW
    )
    with pytest.raises(NoSuchFile):
        drafts.remove_draft_file(
            task_id=task.pk, unit_id=world.lead.pk, file_id=kept.pk, actor=world.deputy, at=NOW
        )


def test_another_units_file_can_not_be_taken_away(world: World) -> None:
    task = accepted(world)
    kept = attach(world, task)
    write(task, world.partner, world.partner_handler)

    with pytest.raises(NoSuchFile):
        drafts.remove_draft_file(
            task_id=task.pk,
            unit_id=world.partner.pk,
            file_id=kept.pk,
            actor=world.partner_handler,
            at=NOW,
        )

    assert DraftFile.objects.filter(pk=kept.pk).exists()


def test_a_draft_holds_so_many_files_and_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafts, "MOST_FILES", 1)
    task = accepted(world)
    attach(world, task)

    with pytest.raises(TooManyFiles):
        attach(world, task, "second.pdf")


# Contributions


def test_a_contribution_is_frozen_and_the_next_one_is_a_new_version(world: World) -> None:
    task = accepted(world)

    first, second = send(world, task, "One."), send(world, task, "Two.")

    assert (first.version, second.version) == (1, 2)
    body = newest(task)
    assert body["kind"] == "contribution.sent"
    commitment = bytes.fromhex(body["facts"]["text"]["commitment"])
    assert read_openings(world.organisation.pk, [commitment]) == {commitment: "Two."}


def test_an_empty_contribution_is_refused(world: World) -> None:
    with pytest.raises(ReportEmpty):
        send(world, accepted(world), "  ")


# The report


def test_submitting_freezes_the_report_and_opens_its_approval(world: World) -> None:
    task = accepted(world)
    attach(world, task)
    send(world, task)

    report = submitted(world, task)

    assert fresh(task).state == "submitted"
    assert (report.version, report.percent) == (1, 100)
    assert report.contributions.count() == report.evidence.count() == 1
    approval = Approval.objects.get(subject_id=task.pk)
    assert approval.state == "open"
    assert bytes(Round.objects.get(approval=approval).digest) == report.digest
    body = newest(task)
    assert body["kind"] == "task.submitted"
    assert body["facts"]["state"] == {"from": "in_progress", "to": "submitted"}
    assert body["facts"]["digest"] == report.digest.hex()
    assert body["facts"]["approval"]["round"] == 1
    sent = hashlib.sha256(upload().read()).hexdigest()
    assert body["facts"]["evidence"][0]["sha256"] == sent


def test_everyone_who_wrote_in_it_counts_as_an_author(world: World) -> None:
    task = accepted(world)
    write(task, world.lead, world.principal, "One.")
    attach(world, task, actor=world.deputy)
    send(world, task)

    report = submitted(world, task, "Two.")

    assert set(report.authors) == {
        person.pk
        for person in (world.handler, world.principal, world.deputy, world.partner_handler)
    }


def test_any_word_and_any_file_change_the_digest(world: World) -> None:
    task = accepted(world)
    first = submitted(world, task)
    reports.withdraw(task_id=task.pk, actor=world.handler, at=NOW)
    attach(world, task)
    second = submitted(world, task)
    reports.withdraw(task_id=task.pk, actor=world.handler, at=NOW)
    third = submitted(world, task, "Three terms held.")

    assert len({bytes(one.digest) for one in (first, second, third)}) == 3


def test_a_silent_unit_must_be_explained(world: World) -> None:
    task = accepted(world)
    draft = write(task, world.lead, world.handler)

    with pytest.raises(UnitsSilent, match=world.partner.name):
        reports.submit(task_id=task.pk, revision=draft.revision, actor=world.handler, at=NOW)
    assert fresh(task).state == "in_progress"

    send(world, task)
    reports.submit(task_id=task.pk, revision=draft.revision, actor=world.handler, at=NOW)
    assert fresh(task).state == "submitted"


def test_an_empty_report_and_a_page_shown_before_a_change_are_refused(world: World) -> None:
    task = accepted(world)
    with pytest.raises(ReportEmpty):
        reports.submit(task_id=task.pk, revision=0, actor=world.handler, at=NOW)
    write(task, world.lead, world.handler, "One.")
    write(task, world.lead, world.deputy, "Two.")

    with pytest.raises(DraftChanged):
        reports.submit(task_id=task.pk, revision=1, actor=world.handler, at=NOW)

    assert not Submission.objects.filter(task=task).exists()


def test_a_second_click_sends_no_second_version(world: World) -> None:
    task = accepted(world)
    submitted(world, task)

    with pytest.raises(WrongState, match="under approval"):
        submitted(world, task)

    assert Submission.objects.filter(task=task).count() == 1


def test_without_a_route_nothing_is_submitted() -> None:
    world = make_world()
    task = accepted(world)

    with pytest.raises(NoRoute):
        submitted(world, task)

    assert fresh(task).state == "in_progress"
    assert not Submission.objects.filter(task=task).exists()


def test_nobody_of_another_unit_submits(world: World) -> None:
    task = accepted(world)
    draft = write(task, world.lead, world.handler)

    for person in (world.partner_handler, world.coordinator, world.auditor):
        with pytest.raises(NotAllowed):
            reports.submit(
                task_id=task.pk,
                revision=draft.revision,
                without_units_reason="Trying.",
                actor=person,
                at=NOW,
            )


# On the way


def test_a_returned_report_goes_back_and_the_next_version_is_a_new_round(world: World) -> None:
    task = accepted(world)
    submitted(world, task)

    decide(world.deputy, "return", "The lists of attendance are missing.")
    assert fresh(task).state == "in_progress"
    assert newest(task)["facts"]["state"] == {"from": "submitted", "to": "in_progress"}

    second = submitted(world, task, "Lists added.")
    assert second.version == 2
    assert newest(task)["facts"]["approval"]["round"] == 2
    assert Approval.objects.filter(subject_id=task.pk).count() == 1


def test_a_report_that_passes_its_route_waits_to_be_closed(world: World) -> None:
    task = accepted(world)
    submitted(world, task)

    decide(world.deputy)
    assert fresh(task).state == "submitted"
    decide(world.coordinator)
    assert fresh(task).state == "reviewed"
    assert newest(task)["facts"]["state"] == {"from": "submitted", "to": "reviewed"}

    tasks.close(task_id=task.pk, actor=world.coordinator, at=NOW, outcome="verified")
    assert fresh(task).state == "closed"


def test_the_submitter_withdraws_until_somebody_decided(world: World) -> None:
    task = accepted(world)
    submitted(world, task)
    with pytest.raises(NotAllowed):
        reports.withdraw(task_id=task.pk, actor=world.principal, at=NOW)

    reports.withdraw(task_id=task.pk, actor=world.handler, at=NOW)
    assert fresh(task).state == "in_progress"
    assert newest(task)["facts"]["approval"]["state"] == "withdrawn"

    submitted(world, task)
    decide(world.deputy)
    with pytest.raises((WrongState, AlreadyDecided), match="decided"):
        reports.withdraw(task_id=task.pk, actor=world.handler, at=NOW)
    assert fresh(task).state == "submitted"


def test_while_under_approval_nothing_of_the_report_changes(world: World) -> None:
    task = accepted(world)
    kept = attach(world, task)
    submitted(world, task)

    with pytest.raises(WrongState):
        write(task, world.lead, world.handler, "Something else.")
    with pytest.raises(WrongState):
        send(world, task)
    with pytest.raises(WrongState):
        drafts.remove_draft_file(
            task_id=task.pk, unit_id=world.lead.pk, file_id=kept.pk, actor=world.handler, at=NOW
        )
    with pytest.raises(WrongState):
        tasks.reassign(
            task_id=task.pk,
            lead_id=world.second.pk,
            cooperating_ids=[],
            reason="Trying.",
            actor=world.coordinator,
            at=NOW,
        )


def test_cancelling_a_task_ends_its_approval_and_closes_the_items(world: World) -> None:
    task = accepted(world)
    submitted(world, task)

    tasks.cancel(task_id=task.pk, actor=world.coordinator, at=NOW, reason="Superseded by law.")

    assert fresh(task).state == "cancelled"
    assert Approval.objects.get(subject_id=task.pk).state == "cancelled"
    assert not WorkItem.objects.filter(approval__subject_id=task.pk, state="open").exists()
    assert newest(task)["facts"]["approval"]["state"] == "cancelled"


def test_a_coordinator_who_wrote_in_the_report_does_not_close_it(world: World) -> None:
    task = accepted(world)
    appoint(make_post(world.lead, Post.Role.HANDLER), world.coordinator)
    write(task, world.lead, world.coordinator, "My words.")
    submitted(world, task)
    Task.objects.filter(pk=task.pk).update(state="reviewed")

    with pytest.raises(NotAllowed, match="wrote"):
        tasks.close(task_id=task.pk, actor=world.coordinator, at=NOW, outcome="verified")


def test_the_files_of_a_report_stay_when_the_draft_loses_them(world: World) -> None:
    task = accepted(world)
    kept = attach(world, task)
    report = submitted(world, task)
    decide(world.deputy, "return", "Not enough.")

    drafts.remove_draft_file(
        task_id=task.pk, unit_id=world.lead.pk, file_id=kept.pk, actor=world.handler, at=NOW
    )

    assert report.evidence.count() == 1
    assert submitted(world, task, "Again.").evidence.count() == 0
