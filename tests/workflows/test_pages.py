"""The pages of tasks and reports: who reaches them, what they keep, what they refuse."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.urls import reverse

from approvals.models import WorkItem
from directory.models import Person
from tests.factories import make_person
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
    upload,
    write,
)
from workflows import files
from workflows.models import Draft, DraftFile, Evidence, Submission, Task

pytestmark = pytest.mark.django_db

ALL = (
    "task_accept",
    "task_decline",
    "task_insist",
    "task_withdraw",
    "task_close",
    "task_reopen",
    "task_reassign",
    "task_due_date",
    "task_cancel",
    "report",
)


@pytest.fixture
def world(world: World) -> World:
    publish_completion_route(world)
    return world


def signed_in(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def at(name: str, *args: UUID | int) -> str:
    return reverse(name, args=args)


def item_of(task: Task) -> WorkItem:
    return WorkItem.objects.get(approval__subject_id=task.pk, state="open")


@pytest.mark.parametrize(
    "who", ["handler", "deputy", "partner_handler", "coordinator", "overseer", "auditor"]
)
def test_whoever_a_task_concerns_reads_it_in_every_state(world: World, who: str) -> None:
    task, client = make_task(world), signed_in(getattr(world, who))

    for state in Task.State.values:
        closed = {"outcome": "verified", "closed_at": task.created_at}
        changes = closed if state == "closed" else {"outcome": "", "closed_at": None}
        Task.objects.filter(pk=task.pk).update(state=state, **changes)
        assert client.get(at("task", task.pk)).status_code == 200


def test_a_stranger_finds_no_page_of_the_task(world: World) -> None:
    task = accepted(world)
    report = submitted(world, task)
    others = [world.stranger, world.administrator, make_world().coordinator]
    pages = [at(name, task.pk) for name in ("task", *ALL)]
    pages += [
        at("report_version", task.pk, report.version),
        at("difference", task.pk, 1, 1),
        at("contribution", task.pk, world.partner.pk),
        at("task_receive", task.pk, world.partner.pk),
        at("task_people", task.pk, world.lead.pk),
        at("review", item_of(task).pk),
    ]

    for person in others:
        client = signed_in(person)
        assert {client.get(page).status_code for page in pages} == {404}
        assert client.post(at("draft", task.pk, world.lead.pk)).status_code == 404
    assert Client().get(pages[0]).status_code == 302


def test_a_page_of_what_one_may_not_do_says_why(world: World) -> None:
    task = make_task(world)

    refused = signed_in(world.partner_handler).get(at("task_accept", task.pk))
    too_early = signed_in(world.coordinator).get(at("task_close", task.pk))

    assert refused.status_code == 403
    assert "Only the lead unit" in refused.content.decode().replace("&#x27;", "'")
    assert too_early.status_code == 409


def test_accepting_by_the_form_names_people_and_leads_back(world: World) -> None:
    task, client = make_task(world), signed_in(world.handler)
    assert client.get(at("task_accept", task.pk)).status_code == 200

    answer = client.post(
        at("task_accept", task.pk), {"handler": world.handler.pk, "deputy": world.deputy.pk}
    )

    assert answer.status_code == 302
    assert fresh(task).state == "in_progress"
    page = client.get(answer["Location"]).content.decode()
    assert "Accepted." in page
    assert world.deputy.name in page.replace("&#x27;", "'")


def test_a_double_click_gets_a_sentence_and_changes_nothing(world: World) -> None:
    task, client = make_task(world), signed_in(world.handler)
    client.post(at("task_accept", task.pk))

    again = client.post(at("task_accept", task.pk))

    assert again.status_code == 409
    assert "in progress" in again.content.decode()


def test_a_person_of_another_unit_cannot_be_chosen(world: World) -> None:
    task = make_task(world)

    answer = signed_in(world.handler).post(
        at("task_accept", task.pk), {"handler": world.partner_handler.pk}
    )

    assert answer.status_code == 422
    assert fresh(task).state == "assigned"


def test_a_reason_that_is_missing_is_asked_for_and_nothing_is_lost(world: World) -> None:
    task, client = make_task(world), signed_in(world.coordinator)

    answer = client.post(at("task_due_date", task.pk), {"due_date": "2026-12-24", "reason": " "})

    assert answer.status_code == 422
    assert "2026-12-24" in answer.content.decode()


def test_a_due_date_is_told_when_it_is_taken_away_and_given_again(world: World) -> None:
    task, client = make_task(world), signed_in(world.coordinator)

    for day in ("", "2026-12-24", "2027-01-08"):
        words = {"due_date": day, "reason": "The hall is closed."}
        assert client.post(at("task_due_date", task.pk), words).status_code == 302
    page = client.get(at("task", task.pk)).content.decode()

    assert "took the due date away" in page
    assert "set the due date to" in page
    assert "moved the due date from" in page


def test_the_editor_saves_attaches_and_submits(world: World) -> None:
    task, client = accepted(world), signed_in(world.handler)
    page = at("report", task.pk)
    assert client.get(page).status_code == 200

    words = {"text": "Four terms.", "percent": 100, "revision": 0, "do": "save"}
    assert client.post(page, words | {"files": upload()}).status_code == 302
    assert client.get(page).content.decode().count("notice.pdf") == 2

    sent = client.post(
        page,
        words | {"revision": 1, "do": "send", "without_units_reason": "Silent so far."},
    )

    assert sent.status_code == 302
    assert fresh(task).state == "submitted"
    assert Submission.objects.get(task=task).evidence.count() == 1


def test_submitting_without_a_silent_unit_keeps_the_words_and_asks_why(world: World) -> None:
    task, client = accepted(world), signed_in(world.handler)

    answer = client.post(
        at("report", task.pk), {"text": "Four terms.", "percent": 90, "revision": 0, "do": "send"}
    )

    assert answer.status_code == 422
    assert world.partner.name in answer.content.decode()
    assert 'name="revision" value="1"' in answer.content.decode()
    assert Draft.objects.get(task=task).text == "Four terms."


def test_an_expired_page_shows_both_texts_and_overwrites_neither(world: World) -> None:
    task, client = accepted(world), signed_in(world.handler)
    write(task, world.lead, world.deputy, "Words of the deputy.")

    answer = client.post(
        at("report", task.pk),
        {"text": "Words of the handler.", "percent": 10, "revision": 0, "do": "save"},
    )

    body = answer.content.decode()
    assert answer.status_code == 409
    assert "Words of the deputy." in body
    assert "Words of the handler." in body
    assert 'name="revision" value="1"' in body
    assert Draft.objects.get(task=task).text == "Words of the deputy."


def test_a_wrong_percentage_does_not_freshen_an_old_page(world: World) -> None:
    task, client = accepted(world), signed_in(world.handler)
    write(task, world.lead, world.deputy)

    answer = client.post(
        at("report", task.pk), {"text": "Mine.", "percent": 400, "revision": 0, "do": "save"}
    )

    assert answer.status_code == 422
    assert 'name="revision" value="0"' in answer.content.decode()


def test_autosave_answers_the_next_revision(world: World) -> None:
    task, client = accepted(world), signed_in(world.handler)

    for revision in (0, 1):
        answer = client.post(
            at("draft", task.pk, world.lead.pk),
            {"text": f"Words {revision}.", "percent": 10, "revision": revision},
        )
        assert answer.json() == {"revision": revision + 1}

    late = client.post(
        at("draft", task.pk, world.lead.pk), {"text": "Late.", "percent": 1, "revision": 0}
    )
    assert late.status_code == 409
    assert Draft.objects.get(task=task).text == "Words 1."


def test_a_hostile_file_is_named_and_the_words_are_kept(world: World) -> None:
    task, client = accepted(world), signed_in(world.handler)

    answer = client.post(
        at("report", task.pk),
        {
            "text": "Four terms.",
            "percent": 10,
            "revision": 0,
            "do": "save",
            "files": upload("virus.pdf.exe", b"MZ"),
        },
    )

    assert answer.status_code == 422
    assert "virus.pdf.exe" in answer.content.decode()
    assert Draft.objects.get(task=task).text == "Four terms."
    assert not DraftFile.objects.filter(draft__task=task).exists()


def test_a_cooperating_unit_sends_its_part_and_the_lead_reads_it(world: World) -> None:
    task, client = accepted(world), signed_in(world.partner_handler)
    page = at("contribution", task.pk, world.partner.pk)
    assert client.get(page).status_code == 200

    sent = client.post(page, {"text": "Nine firms.", "revision": 0, "do": "send"})

    assert sent.status_code == 302
    assert "Nine firms." in signed_in(world.handler).get(at("report", task.pk)).content.decode()


def test_nobody_opens_another_units_part(world: World) -> None:
    task = accepted(world)

    answer = signed_in(world.handler).get(at("contribution", task.pk, world.partner.pk))

    assert answer.status_code == 403


def test_evidence_is_handed_out_whole_and_never_shown_by_the_browser(world: World) -> None:
    task, client = accepted(world), signed_in(world.handler)
    words = {"text": "Four terms.", "percent": 100, "revision": 0, "do": "save"}
    client.post(at("report", task.pk), words | {"files": upload("9月班签到表.pdf")})
    draft_file = DraftFile.objects.get(draft__task=task)
    submitted(world, task)
    page = at("evidence", Evidence.objects.get(submission__task=task).pk)

    answer = client.get(page)

    assert answer.getvalue() == upload().read()
    assert answer["Content-Disposition"].startswith("attachment; filename*=utf-8''9%E6%9C%88")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert signed_in(world.auditor).get(page).status_code == 200
    for person in (world.stranger, make_world().auditor):
        assert signed_in(person).get(page).status_code == 404
    own = at("draft_file", draft_file.pk)
    assert client.get(own).status_code == 200
    assert signed_in(world.partner_handler).get(own).status_code == 404
    assert signed_in(world.auditor).get(own).status_code == 404


def test_a_damaged_file_is_not_handed_out(world: World) -> None:
    task, client = accepted(world), signed_in(world.handler)
    words = {"text": "Four terms.", "percent": 100, "revision": 0, "do": "save"}
    client.post(at("report", task.pk), words | {"files": upload()})
    kept = DraftFile.objects.get(draft__task=task)
    path = files.path_of(world.organisation.pk, bytes(kept.file.sha256))
    path.write_bytes(b"something else")

    answer = client.get(at("draft_file", kept.pk))

    assert answer.status_code == 409
    assert b"something else" not in answer.content


def test_a_reviewer_reads_decides_and_sees_what_changed_the_second_time(world: World) -> None:
    task = accepted(world)
    submitted(world, task, "Three terms held.")
    client = signed_in(world.deputy)
    page = client.get(at("review", item_of(task).pk))
    assert page.status_code == 200
    form = page.context["form"]

    sent = client.post(
        at("decide", item_of(task).pk),
        {**form.initial, "decision": "return", "comment": "One term is missing."},
    )
    assert sent.status_code == 303
    assert fresh(task).state == "in_progress"
    editor = signed_in(world.handler).get(at("report", task.pk)).content.decode()
    assert "One term is missing." in editor

    submitted(world, task, "Four terms held.")
    body = client.get(at("review", item_of(task).pk)).content.decode()
    assert "<del>Three</del>" in body
    assert "<ins>Four</ins>" in body
    assert "One term is missing." in body


def test_a_decision_leads_to_the_next_one_and_after_the_last_to_the_inbox(world: World) -> None:
    first, second = (
        accepted(world, measure=make_measure(world.plan, 20 + place)) for place in range(2)
    )
    for task in (first, second):
        submitted(world, task)
    client = signed_in(world.deputy)

    def sign(task: Task) -> Any:
        form = client.get(at("review", item_of(task).pk)).context["form"]
        answer = {**form.initial, "decision": "approve"}
        return client.post(at("decide", item_of(task).pk), answer, follow=True)

    page = sign(first)
    assert page.redirect_chain[-1] == (f"{at('review', item_of(second).pk)}?next", 302)
    assert f'You approved “<a href="{at("task", first.pk)}">' in page.content.decode()
    assert "Next in your inbox" in page.content.decode()
    assert sign(second).redirect_chain[-1] == ("/", 302)


def test_the_submitter_reads_the_review_page_but_decides_nothing(world: World) -> None:
    task = accepted(world)
    submitted(world, task)

    answer = signed_in(world.handler).get(at("review", item_of(task).pk))

    assert answer.status_code == 200
    assert b'name="decision"' not in answer.content


def test_two_versions_are_compared_in_words_and_files(world: World) -> None:
    task = accepted(world)
    submitted(world, task, "Three terms held.")
    decide(world.deputy, "return", "Not enough.")
    client = signed_in(world.handler)
    words = {"text": "Four terms held.", "percent": 100, "revision": 1, "do": "save"}
    client.post(at("report", task.pk), words | {"files": upload()})
    submitted(world, task, "Four terms held.")

    body = client.get(at("difference", task.pk, 1, 2)).content.decode()

    assert "<ins>Four</ins>" in body
    assert "New" in body
    assert client.get(at("difference", task.pk, 1, 3)).status_code == 404
    assert client.get(at("report_version", task.pk, 2)).status_code == 200


def test_the_timeline_tells_everything_that_happened(world: World) -> None:
    task = accepted(world)
    submitted(world, task)
    decide(world.deputy, "return", "The lists are missing.")

    body = signed_in(world.auditor).get(at("task", task.pk)).content.decode()

    for sentence in (
        "issued the task to",
        "accepted the task for",
        "submitted version 1",
        "returned it: The lists are missing.",
    ):
        assert sentence in body


def test_an_unknown_id_is_a_404(world: World) -> None:
    client = signed_in(world.handler)

    for name in ("task", "report", "evidence", "draft_file", "review", "task_close"):
        assert client.get(at(name, uuid4())).status_code == 404
    assert signed_in(make_person(world.organisation)).get(at("task", uuid4())).status_code == 404
