"""Where a route lets the submitter choose who signs: among whom, how many, and what comes of it."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from approvals import actions as approvals
from approvals.actions import StageSpec
from approvals.choosing import ChooseSigners, NotOffered
from approvals.models import Round, WorkItem
from directory.actions import OPERATOR, dismiss
from directory.models import Person, Post
from tests.factories import LONG_AGO, NOW, appoint, make_holder, make_post
from tests.workflows.factories import World, accepted, decide, newest, write
from tests.workflows.planning import District, make_draft
from workflows.actions import drafts, reports
from workflows.models import Draft, Submission, Task
from workflows.queries.resubmission import adds_only

pytestmark = pytest.mark.django_db

DEPUTY = {"select": "post_of_lead", "role": "deputy"}


@pytest.fixture
def experts(world: World) -> dict[str, Post]:
    """Two reviewers in the office, of whom the submitter chooses; the lead unit's deputy first."""
    for name in ("He Jun", "Song Lan"):
        make_holder(world.office, "reviewer", name)
    publish(world)
    posts = Post.objects.filter(unit=world.office, role="reviewer")
    return {post.appointments.get().person.name: post for post in posts}


def publish(world: World, *others: dict[str, Any], **rule: Any) -> None:
    among = {"select": "post", "unit": str(world.office.pk), "role": "reviewer"}
    chosen = {"select": "chosen_by_submitter", "from": among}
    approvals.publish_route(
        organisation=world.organisation,
        name="Completion of a task",
        subject_kind="task_completion",
        stages=[
            StageSpec("Own unit", [DEPUTY]),
            StageSpec("Expert", [chosen, *others], **rule),
        ],
        actor=OPERATOR,
        at=LONG_AGO,
    )


def written(world: World, *chosen: Post, task: Task | None = None, **words: Any) -> Draft:
    task = task or accepted(world)
    draft = Draft.objects.filter(task=task).first()
    given: dict[str, Any] = {"text": "Four terms held.", "percent": 100} | words
    return drafts.save_draft(
        task_id=task.pk,
        unit_id=world.lead.pk,
        revision=draft.revision if draft else 0,
        chosen=[f"2:{one.pk}" for one in chosen],
        actor=world.handler,
        at=NOW,
        **given,
    )


def send(world: World, draft: Draft) -> Submission:
    return reports.submit(
        task_id=draft.task_id,
        revision=draft.revision,
        without_units_reason="They have no part in it yet.",
        actor=world.handler,
        at=NOW,
    )


def test_a_report_waits_for_those_whom_its_submitter_chose(
    world: World, experts: dict[str, Post]
) -> None:
    draft = written(world, experts["He Jun"])
    send(world, draft)
    stage = newest(draft.task)["facts"]["chosen"][0]
    assert stage == {"stage": 2, "seats": [str(experts["He Jun"].pk)]}

    decide(world.deputy)

    [item] = WorkItem.objects.filter(opening__stage__position=2)
    assert (item.post, item.origin, item.state) == (experts["He Jun"], "chosen", "open")
    decide(holder(experts["He Jun"]))
    assert Task.objects.get(pk=draft.task_id).state == "reviewed"


def test_nothing_is_submitted_while_a_choice_is_missing(
    world: World, experts: dict[str, Post]
) -> None:
    with pytest.raises(ChooseSigners, match="at least 1 person"):
        send(world, written(world))
    assert not Submission.objects.filter(task__organisation=world.organisation).exists()


def test_a_vote_takes_as_many_as_it_needs(world: World, experts: dict[str, Post]) -> None:
    publish(world, rule="quorum", quorum_number=2)
    draft = written(world, experts["He Jun"])
    with pytest.raises(ChooseSigners, match="at least 2 people"):
        send(world, draft)
    assert send(world, written(world, *experts.values(), task=draft.task)).version == 1


def test_only_somebody_offered_can_be_chosen(world: World, experts: dict[str, Post]) -> None:
    stranger = make_post(world.partner, "reviewer")
    appoint(stranger, world.stranger)
    draft = written(world, stranger)
    with pytest.raises(NotOffered):
        send(world, draft)
    draft = written(world, experts["He Jun"], task=draft.task)
    appointment = experts["He Jun"].appointments.get()
    dismiss(appointment_id=appointment.pk, actor=OPERATOR, at=NOW)
    with pytest.raises(NotOffered):
        send(world, draft)


def test_whoever_wrote_the_report_is_not_offered(world: World) -> None:
    """The unit's second handler reviews in another post, and has a hand in the draft."""
    writer = make_holder(world.lead, "handler", "Writer")
    appoint(make_post(world.office, "reviewer"), writer)
    publish(world)
    task = accepted(world)
    write(task, world.lead, writer, "One.")
    page = editor(world, task)
    assert "Writer" not in page.split('id="signers-2"')[-1].split("</fieldset>")[0]


def test_beside_fixed_signers_nobody_has_to_be_chosen(
    world: World, experts: dict[str, Post]
) -> None:
    publish(world, {"select": "post_of_reviewing", "role": "coordinator"})
    draft = written(world)
    send(world, draft)
    decide(world.deputy)
    asked = WorkItem.objects.filter(opening__stage__position=2, approval__subject_id=draft.task_id)
    assert [one.origin for one in asked] == ["configured"]


def test_a_stage_that_does_not_apply_asks_for_no_choice(
    world: World, experts: dict[str, Post]
) -> None:
    publish(world, condition={"unit_kinds": ["street"]})
    draft = written(world)
    assert "Who signs at" not in editor(world, draft.task)
    assert send(world, draft).version == 1


def test_other_signers_are_a_change_after_which_all_stages_are_asked_again(
    world: World, experts: dict[str, Post]
) -> None:
    draft = written(world, experts["He Jun"])
    send(world, draft)
    decide(world.deputy, "return", "Add the figures.")
    kept = written(world, experts["He Jun"], task=draft.task, answer="Added.")
    assert adds_only(kept, [])
    assert not adds_only(written(world, experts["Song Lan"], task=draft.task), [])


# The pages


def editor(world: World, task: Task, **sent: Any) -> str:
    client = Client()
    client.force_login(world.handler)
    address = reverse("report", args=[task.pk])
    response = client.post(address, sent, follow=True) if sent else client.get(address)
    return str(response.content.decode())


def test_the_report_s_form_keeps_the_choice_and_says_what_is_missing_beside_it(
    world: World, experts: dict[str, Post]
) -> None:
    task = accepted(world)
    page = editor(world, task)
    assert "Who signs at “Expert”" in page
    assert "Choose at least 1 person." in page
    words = {"text": "Done.", "percent": 100, "revision": 0, "without_units_reason": "None."}

    refused = editor(world, task, **words, do="send")
    assert 'id="id_signers-2_error"' in refused
    assert not Round.objects.filter(authors__contains=[world.handler.pk]).exists()

    one = f"2:{experts['He Jun'].pk}"
    revision = Draft.objects.get(task=task).revision
    kept = editor(world, task, **words | {"revision": revision, "signers-2": one}, do="save")
    assert re.findall(r'value="([^"]+)"[^>]* checked', kept) == [one]
    assert Draft.objects.get(task=task).chosen == [one]

    sent = editor(world, task, **words | {"revision": revision + 1, "signers-2": one}, do="send")
    assert "is submitted" in sent
    assert "He Jun" in sent.split('class="chain')[1].split("</ol>")[0]


def test_a_plan_is_put_forward_with_the_signers_that_were_chosen(district: District) -> None:
    among = {"select": "post", "unit": str(district.office.pk), "role": "reviewer"}
    expert = make_holder(district.office, "reviewer", "Plan expert")
    approvals.publish_route(
        organisation=district.organisation,
        name="Issuing with experts",
        subject_kind="plan_issue",
        stages=[StageSpec("Expert", [{"select": "chosen_by_submitter", "from": among}])],
        actor=OPERATOR,
        at=NOW,
    )
    plan = make_draft(district)
    client = Client()
    client.force_login(district.coordinator)
    shown = client.get(reverse("plan", args=[plan.pk])).content.decode()
    assert "Plan expert" in shown

    refused = client.post(reverse("plan_submit", args=[plan.pk]), {"revision": plan.revision})
    assert refused.status_code == 422
    assert "id_signers-1_error" in refused.content.decode()

    chosen = {"revision": plan.revision, "signers-1": f"1:{post_of(expert).pk}"}
    client.post(reverse("plan_submit", args=[plan.pk]), chosen)
    item = WorkItem.objects.get(approval__subject_id=plan.pk, state="open")
    assert (item.post, item.origin) == (post_of(expert), "chosen")


def holder(post: Post) -> Person:
    found: Person = post.appointments.get().person
    return found


def post_of(person: Person) -> Post:
    found: Post = Post.objects.get(appointments__person=person)
    return found
