"""What the rules of a route mean to the people before a page: a test for each, in one small world.

`tests/approvals` tries each rule with everything that could go wrong; here somebody reads what
follows from a decision, takes it, and finds in the record why the stage ended.
"""

import itertools
import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect
from pytest_django import DjangoDbBlocker

from approvals import actions, queries
from approvals.actions import StageSpec
from approvals.models import Approval, WorkItem
from directory import actions as directory
from directory.actions import OPERATOR
from directory.models import Person, Post, Unit
from notices.actions import remind
from tests.factories import LONG_AGO, NOW, appoint, delegate, make_holder, make_person, make_unit
from tests.workflows.factories import World, accepted, make_measure, make_world, submitted
from tests.workflows.test_reviewing import seat
from workflows.actions import reports, tasks
from workflows.models import Task

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("committed_db")]

Look = Callable[..., Page]

DEPUTY, PRINCIPAL = ({"select": "post_of_lead", "role": role} for role in ("deputy", "principal"))
OFFICE = {"select": "post_of_reviewing", "role": "coordinator"}
MEASURES = itertools.count(20)
ESCALATED = "asked because it is overdue"
WEEK_LATER = NOW + timedelta(days=7)


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> World:
    """One for all tests here: each puts a route of its own in force and has a task of its own."""
    with django_db_blocker.unblock():
        return make_world()


def under_approval(world: World, *stages: StageSpec) -> Task:
    """A task whose report is on its way along these stages."""
    actions.publish_route(
        organisation=world.organisation,
        name="Completion of a task",
        subject_kind="task_completion",
        stages=stages,
        actor=OPERATOR,
        at=LONG_AGO,
    )
    task = accepted(world, measure=make_measure(world.plan, next(MEASURES)))
    submitted(world, task)
    return task


def office(world: World, name: str, **more: Any) -> tuple[Person, dict[str, Any]]:
    """Somebody in an office of their own, and the selector that asks them."""
    unit = make_unit(world.organisation, f"{name}'s office {uuid4().hex[:4]}")
    person = make_holder(unit, Post.Role.REVIEWER, name)
    return person, {"select": "post", "unit": str(unit.pk), "role": "reviewer"} | more


def decide(task: Task, person: Person, decision: str = "approve", comment: str = "") -> None:
    """What somebody else does meanwhile."""
    item = seat(task, person)
    actions.decide(
        work_item_id=item.pk,
        actor=person,
        decision=decision,
        comment=comment,
        seen_digest=queries.seen_digest(item),
        idempotency_key=uuid4(),
        at=NOW,
    )


def review(look: Look, task: Task, person: Person, language: str = "en") -> Page:
    return look(person, f"/work-items/{seat(task, person).pk}/", language=language)


def choice(page: Page, name: str) -> Locator:
    """One of the decisions, with what follows from it."""
    return page.locator(".choice").filter(has=page.get_by_role("radio", name=name))


def sign(page: Page, decision: str, comment: str = "") -> None:
    page.get_by_role("radio", name=decision).check()
    if comment:
        page.locator("#id_comment").fill(comment)
    page.get_by_role("button", name=f"Sign: {decision.lower()}").click()


def record(look: Look, task: Task, person: Person, language: str = "en") -> Locator:
    approval = Approval.objects.filter(subject_id=task.pk).latest("opened_at")
    return look(person, f"/approvals/{approval.pk}/", language=language).locator("main")


def paper(look: Look, task: Task, person: Person) -> Locator:
    approval = Approval.objects.filter(subject_id=task.pk).latest("opened_at")
    return look(person, f"/approvals/{approval.pk}/form/", language="en").locator(".sheet")


# What a return does


def test_one_return_ends_a_stage_under_a_veto(world: World, look: Look) -> None:
    task = under_approval(world, StageSpec("Own unit", [DEPUTY, PRINCIPAL], rule="all"))
    waited = seat(task, world.principal)
    page = review(look, task, world.deputy)
    expect(choice(page, "Return")).to_contain_text("It goes back to the submitter with your reason")
    sign(page, "Return", "The list is missing.")
    expect(page.get_by_text("It goes back.")).to_be_visible()

    story = record(look, task, world.handler)
    expect(story).to_contain_text("Xu Cheng'an returned it to the submitter")
    expect(story).to_contain_text(
        "nobody of 2 approved; needed 2; returned by Xu Cheng'an; this return ends the stage"
    )
    page = look(world.principal, f"/work-items/{waited.pk}/", language="en")
    expect(page.locator("main")).to_contain_text("Xu Cheng'an returned it on")


def test_a_vote_is_won_against_a_return_by_weight_and_the_record_adds_it_up(
    world: World, look: Look
) -> None:
    first, asks_first = office(world, "Ana", weight=2)
    second, asks_second = office(world, "Ben")
    third, asks_third = office(world, "Cy")
    _fourth, asks_fourth = office(world, "Dee")
    asked = [asks_first, asks_second, asks_third, asks_fourth]
    task = under_approval(
        world,
        StageSpec("Vote", asked, rule="quorum", quorum_percent=60, refusal="vote"),
        StageSpec("Review", [OFFICE]),
    )
    decide(task, first)
    decide(task, second, "return", "No figures.")
    page = review(look, task, third)
    expect(page.locator(".ballots li").first).to_contain_text("weight 2")
    expect(page.locator(".ballots li").nth(1)).not_to_contain_text("weight")
    expect(choice(page, "Approve")).to_contain_text("3 of 3: the stage passes and goes to “Review”")
    expect(choice(page, "Return")).to_contain_text("Your return is counted")
    sign(page, "Approve")
    expect(page.get_by_text("The stage has passed.")).to_be_visible()

    story = record(look, task, world.handler)
    expect(story).to_contain_text("3 of 5 by weight: Ana's office")
    expect(story).to_contain_text("needed ceil(60 % × 5) = 3; returned by Ben's office")
    expect(story).to_contain_text("Ben was for returning it: “No figures.”")
    expect(story).not_to_contain_text("returned it to the submitter")
    form = paper(look, task, world.handler)
    expect(form).to_contain_text("3 of 5 by weight")
    expect(form).to_contain_text("Not needed any more: Dee's office")


def test_a_vote_is_lost_once_it_can_not_be_won(world: World, look: Look) -> None:
    people = [office(world, name) for name in ("Ana", "Ben", "Cy")]
    asked = [one for _, one in people]
    vote = StageSpec("Vote", asked, rule="quorum", quorum_number=2, refusal="vote")
    task = under_approval(world, vote)
    decide(task, people[0][0], "return", "No figures.")
    page = review(look, task, people[1][0])
    expect(choice(page, "Return")).to_contain_text("goes back to the submitter")
    sign(page, "Return", "None at all.")
    expect(page.get_by_text("It goes back.")).to_be_visible()
    story = record(look, task, world.handler)
    expect(story).to_contain_text("0 + 1 undecided can't reach 2 any more")


def test_whoever_is_returned_something_by_a_later_stage_reads_by_whom_and_why(
    world: World, look: Look
) -> None:
    task = under_approval(
        world,
        StageSpec("Own unit", [DEPUTY]),
        StageSpec("Principal", [PRINCIPAL]),
        StageSpec("Review", [OFFICE], returns_to=[1], after_return="resume"),
    )
    decide(task, world.deputy, comment="Counted twice.")
    decide(task, world.principal)
    page = review(look, task, world.coordinator)
    expect(page.get_by_role("heading", name="Said at earlier stages")).to_be_visible()
    expect(page.locator("main")).to_contain_text("“Counted twice.”")
    page.get_by_role("radio", name="Return").check()
    page.get_by_label("back to the stage “Own unit”").check()
    sign(page, "Return", "Count once more.")
    expect(page.get_by_text("It goes back.")).to_be_visible()
    page = review(look, task, world.deputy)
    expect(page.get_by_role("note")).to_contain_text("Shen Ruochuan returned it to this stage")
    expect(page.get_by_role("note")).to_contain_text("Count once more.")
    expect(choice(page, "Approve")).to_contain_text("passes and goes to “Review”")


def test_advice_is_heard_and_counts_nothing(world: World, look: Look) -> None:
    (first, asks_first), (second, asks_second) = office(world, "Ana"), office(world, "Ben")
    task = under_approval(
        world,
        StageSpec("Advice", [asks_first, asks_second], refusal="advice"),
        StageSpec("Review", [OFFICE]),
    )
    page = review(look, task, first)
    expect(page.get_by_text("0 of 2 have spoken so far")).to_be_visible()
    for decision in ("Approve", "Return", "Abstain"):
        expect(choice(page, decision)).to_contain_text("Recorded as your opinion; the others are")
    sign(page, "Return", "A village is missing.")
    expect(page.get_by_text("The others are still asked.")).to_be_visible()
    page = review(look, task, second)
    expect(choice(page, "Return")).to_contain_text("all have spoken, and it goes to “Review”")
    sign(page, "Abstain")
    expect(page.get_by_text("The stage has passed.")).to_be_visible()

    story = record(look, task, world.handler)
    expect(story).to_contain_text("Ana was for returning it: “A village is missing.”")
    expect(story).to_contain_text("2 of 2 have spoken; opinions only, nothing is counted")


# Who is asked, and when


def test_signers_in_order_are_asked_one_after_the_other(world: World, look: Look) -> None:
    in_order = StageSpec("Own unit", [DEPUTY, PRINCIPAL], rule="all", sequential=True)
    task = under_approval(world, in_order)
    approval = Approval.objects.get(subject_id=task.pk)
    later = WorkItem.objects.get(approval=approval, state="waiting")
    page = look(world.principal, f"/work-items/{later.pk}/", language="en")
    expect(page.locator("main")).to_contain_text("Xu Cheng'an decides first; then it is your turn")
    expect(page.locator(".brief")).to_contain_text("Read it; your turn comes later")
    expect(page.locator(".ballots")).to_contain_text("not yet their turn")
    expect(page.get_by_role("radio")).to_have_count(0)
    decide(task, world.deputy)
    page.reload()
    expect(choice(page, "Approve")).to_contain_text("2 of 2: the last stage passes")
    story = record(look, task, world.handler)
    expect(story).to_contain_text("They are asked one after the other.")


def test_a_late_stage_reminds_and_asks_somebody_else_as_well(world: World, look: Look) -> None:
    other, asks_other = office(world, "Ana")
    task = under_approval(
        world, StageSpec("Own unit", [DEPUTY], due_in=1, escalate_to=[asks_other])
    )
    approval = Approval.objects.get(subject_id=task.pk)
    remind(at=WEEK_LATER)
    assert actions.act_on(approval_id=approval.pk, at=WEEK_LATER)
    told = look(world.deputy, "/notices/", language="en").locator("main")
    expect(told.get_by_text("is overdue").first).to_be_visible()
    page = review(look, task, other)
    expect(page.locator(".ballots li").last).to_contain_text(ESCALATED)
    expect(page.locator(".ballots")).to_contain_text("Xu Cheng'an")
    sign(page, "Approve")
    expect(page.get_by_text("Signed and recorded.")).to_be_visible()
    expect(record(look, task, world.handler)).to_contain_text(ESCALATED)


def test_a_stage_whose_condition_does_not_hold_is_skipped_and_the_record_says_which(
    world: World, look: Look
) -> None:
    task = under_approval(
        world,
        StageSpec("Streets", [PRINCIPAL], condition={"unit_kinds": ["street"]}),
        StageSpec("Own unit", [DEPUTY]),
    )
    page = review(look, task, world.deputy)
    expect(page.locator(".chain li").first).to_contain_text("skipped")
    why = (
        "Only where the lead unit is a street office. That doesn't hold here, so nobody was asked."
    )
    expect(record(look, task, world.handler)).to_contain_text(why)
    expect(paper(look, task, world.handler)).to_contain_text(why)


@pytest.mark.parametrize("repeat", ["ask", "carry"])
def test_whoever_signed_before_is_asked_again_or_carried_over(
    repeat: str, world: World, look: Look
) -> None:
    by_name = {"select": "person", "person": str(world.deputy.pk)}
    task = under_approval(
        world,
        StageSpec("Own unit", [DEPUTY]),
        StageSpec("Board", [by_name, PRINCIPAL], rule="all", repeat_signer=repeat),
    )
    page = review(look, task, world.deputy)
    sign(page, "Approve")
    expect(page.get_by_text("The stage has passed.")).to_be_visible()
    board = record(look, task, world.handler).get_by_role("region", name=": Board")
    if repeat == "ask":
        expect(board).to_contain_text("waits for Xu Cheng'an")
        assert seat(task, world.deputy).opening.stage.name == "Board"
    else:
        expect(board).to_contain_text("Xu Cheng'an: carried over from the stage “Own unit”")
        expect(review(look, task, world.principal).locator(".ballots")).to_contain_text(
            "carried over from the stage “Own unit”"
        )


def test_a_stand_in_signs_for_the_holder_and_the_record_names_both(
    world: World, look: Look
) -> None:
    holder, asks = office(world, "Ana")
    stand_in = make_person(world.organisation, "Ben")
    delegate(holder, stand_in)
    task = under_approval(world, StageSpec("Review", [asks]))
    item = seat(task, holder)
    page = look(stand_in, "/", language="en")
    page.locator(f".row a[href^='/work-items/{item.pk}/']").click()
    expect(page.get_by_text("You act for Ana. The record will say so.")).to_be_visible()
    expect(page.locator(".ballots")).to_contain_text("Ana (you act for them)")
    sign(page, "Approve")
    expect(page.get_by_text("You acted for Ana. Signed and recorded.")).to_be_visible()
    expect(record(look, task, world.handler)).to_contain_text("Ben for Ana approved")
    expect(paper(look, task, world.handler)).to_contain_text("Ben for Ana")
    page = look(holder, f"/work-items/{item.pk}/", language="en")
    expect(page.locator("main")).to_contain_text("Ben for Ana approved on")


def test_whoever_abstains_leaves_it_to_the_others_and_the_last_one_may_not(
    world: World, look: Look
) -> None:
    task = under_approval(world, StageSpec("Own unit", [DEPUTY, PRINCIPAL], rule="all"))
    page = review(look, task, world.deputy)
    sign(page, "Abstain")
    expect(page.get_by_text("The others are still asked.")).to_be_visible()
    page = review(look, task, world.principal)
    expect(page.get_by_role("radio", name="Abstain")).to_have_count(0)
    expect(choice(page, "Approve")).to_contain_text("1 of 1: the last stage passes")
    sign(page, "Approve")
    expect(page.get_by_text("The stage has passed.")).to_be_visible()
    story = record(look, task, world.handler)
    expect(story).to_contain_text("1 of 2: Shao Yunfan; needed 2 − 1 abstained = 1")


# What is signed is what was read


def test_the_sentence_that_is_signed_follows_what_is_chosen(world: World, look: Look) -> None:
    task = under_approval(world, StageSpec("Own unit", [DEPUTY, PRINCIPAL], rule="all"))
    page = review(look, task, world.deputy)
    sentence = page.locator(".digest .say:visible")
    for decision, says in (("Return", "I return"), ("Abstain", "I abstain"), ("Approve", "I app")):
        page.get_by_role("radio", name=decision).check()
        expect(sentence).to_have_count(1)
        expect(sentence).to_contain_text(says)


Meanwhile = Callable[[World, Task, Page], None]


def another_deadline(world: World, task: Task, page: Page) -> None:
    tasks.set_due_date(
        task_id=task.pk,
        due_date=date(2027, 1, 15),
        reason="The hall is closed.",
        actor=world.coordinator,
        at=NOW,
    )


def another_signer(world: World, task: Task, page: Page) -> None:
    decide(task, world.principal)


def a_return(world: World, task: Task, page: Page) -> None:
    decide(task, world.principal, "return", "No figures.")


def withdrawal(world: World, task: Task, page: Page) -> None:
    reports.withdraw(task_id=task.pk, actor=world.handler, at=NOW)


def cancellation(world: World, task: Task, page: Page) -> None:
    tasks.cancel(task_id=task.pk, actor=world.coordinator, at=NOW, reason="Done elsewhere.")


def my_other_tab(world: World, task: Task, page: Page) -> None:
    decide(task, world.deputy)


MEANWHILE: list[tuple[Meanwhile, str]] = [
    (another_deadline, "moved the due date from 30 Nov 2026 to 15 Jan 2027"),
    (another_signer, "Shao Yunfan approved on"),
    (a_return, "Shao Yunfan returned it on"),
    (withdrawal, "the submitter has withdrawn it"),
    (cancellation, "Shen Ruochuan cancelled the task: Done elsewhere."),
    (my_other_tab, "you approved on"),
]


@pytest.mark.parametrize(
    ("meanwhile", "says"), MEANWHILE, ids=lambda one: getattr(one, "__name__", "")
)
def test_nothing_is_signed_and_no_word_is_lost_after(
    meanwhile: Meanwhile, says: str, world: World, look: Look
) -> None:
    task = under_approval(world, StageSpec("Own unit", [DEPUTY, PRINCIPAL]))
    item = seat(task, world.deputy)
    page = review(look, task, world.deputy)
    page.get_by_role("radio", name="Return").check()
    page.locator("#id_comment").fill("Two figures differ.")
    meanwhile(world, task, page)
    page.get_by_role("button", name="Sign: return").click()
    expect(page.locator("main")).to_contain_text(says)
    expect(page.locator("main")).to_contain_text("Nothing was signed")
    expect(page.get_by_label("What you wrote")).to_have_value("Two figures differ.")
    page.get_by_role("link", name="See it as it is now").click()
    expect(page).to_have_url(re.compile(f"/work-items/{item.pk}/$"))
    if meanwhile is another_deadline:
        expect(page.locator("#id_comment")).to_have_value("Two figures differ.")
        expect(page.get_by_role("radio", name="Return")).not_to_be_checked()
        sign(page, "Return")
        expect(page.get_by_text("Signed and recorded.")).to_be_visible()


def test_a_form_that_was_sent_before_says_what_it_decided_then(world: World, look: Look) -> None:
    task = under_approval(world, StageSpec("Own unit", [DEPUTY, PRINCIPAL], rule="all"))
    page = review(look, task, world.deputy)
    as_it_was = page.content()
    sign(page, "Approve")
    expect(page.get_by_text("Signed and recorded.")).to_be_visible()
    page.set_content(as_it_was)  # as the Back button brings it
    sign(page, "Return", "Two figures differ.")
    expect(page.locator("main")).to_contain_text("You sent this form before: you approved")
    expect(page.locator("main")).to_contain_text("That stands")
    expect(page.locator("main")).to_contain_text("Nothing else was signed or saved.")
    expect(page.get_by_label("What you wrote")).to_have_value("Two figures differ.")


# Taking back and ending


def test_a_report_is_taken_back_until_somebody_has_decided(world: World, look: Look) -> None:
    two = StageSpec("Own unit", [DEPUTY, PRINCIPAL], rule="all")
    task = under_approval(world, two)
    page = look(world.handler, f"/tasks/{task.pk}/withdraw/", language="en")
    page.get_by_role("button", name="Take the report back").click()
    expect(page.locator("main")).to_contain_text("The report is with you again.")
    story = record(look, task, world.handler)
    expect(story).to_contain_text("ended undecided: withdrawn")

    decided = under_approval(world, two)
    decide(decided, world.deputy)
    page = look(world.handler, f"/tasks/{decided.pk}/", language="en")
    expect(page.locator(f"a[href='/tasks/{decided.pk}/withdraw/']")).to_have_count(0)


def test_a_decision_is_taken_back_until_anything_followed(world: World, look: Look) -> None:
    task = under_approval(world, StageSpec("Own unit", [DEPUTY, PRINCIPAL], rule="all"))
    signed = seat(task, world.deputy)
    decide(task, world.deputy)
    page = look(world.deputy, f"/work-items/{signed.pk}/", language="en")
    page.get_by_role("link", name="Take the decision back").click()
    page.get_by_label("Reason").fill("I read the wrong version.")
    page.get_by_role("button", name="Take the decision back").click()
    expect(page.get_by_text("It is your turn again.")).to_be_visible()
    sign(page, "Approve")
    expect(page.get_by_text("Signed and recorded.")).to_be_visible()
    story = record(look, task, world.handler)
    expect(story).to_contain_text("taken back: “I read the wrong version.”")
    decide(task, world.principal)
    page = look(world.deputy, f"/work-items/{signed.pk}/", language="en")
    expect(page.get_by_role("link", name="Take the decision back")).to_have_count(0)


def test_an_approval_ends_with_its_task_and_says_why(world: World, look: Look) -> None:
    task = under_approval(world, StageSpec("Own unit", [DEPUTY, PRINCIPAL], rule="all"))
    item = seat(task, world.principal)
    decide(task, world.deputy)
    page = look(world.coordinator, f"/tasks/{task.pk}/cancel/", language="en")
    page.get_by_label("Reason").fill("Another plan covers it.")
    page.get_by_role("button", name="Cancel the task for good").click()
    expect(page.locator("main")).to_contain_text("cancelled")
    page = look(world.principal, f"/work-items/{item.pk}/", language="en")
    expect(page.locator("main")).to_contain_text("Shen Ruochuan cancelled the task")
    expect(page.locator(".chain")).to_contain_text("ended undecided")
    story = record(look, task, world.handler)
    expect(story).to_contain_text("ended undecided: cancelled")
    expect(story.get_by_role("region", name="Result")).to_contain_text("Another plan covers it.")
    expect(story).to_contain_text("Xu Cheng'an approved")


# Where nobody can decide


@pytest.fixture
def stuck(world: World) -> Iterator[tuple[Task, Post]]:
    """A task whose only signer's post is vacant."""
    unit: Unit = make_unit(world.organisation)
    holder = make_holder(unit, Post.Role.REVIEWER, "Ana")
    asks = {"select": "post", "unit": str(unit.pk), "role": "reviewer"}
    task = under_approval(world, StageSpec("Review", [asks]))
    held = seat(task, holder).post
    assert held is not None
    directory.dismiss(
        appointment_id=held.appointments.get(person=holder).pk, actor=OPERATOR, at=timezone.now()
    )
    yield task, held
    if Approval.objects.get(subject_id=task.pk).state == "open":
        tasks.cancel(task_id=task.pk, actor=world.coordinator, at=NOW, reason="Test over.")


def test_a_blocked_stage_goes_on_by_itself_once_somebody_is_appointed(
    world: World, look: Look, stuck: tuple[Task, Post]
) -> None:
    task, post = stuck
    page = look(world.administrator, "/routes/", language="en")
    blocked = page.get_by_role("region", name="Blocked")
    expect(blocked).to_contain_text("Nobody holds a post that is asked. Appoint somebody.")
    story = record(look, task, world.handler)
    expect(story).to_contain_text("“Review” waits until somebody is appointed: nobody holds")
    expect(story).not_to_contain_text("decides at")
    successor = make_person(world.organisation, "Ben")
    appoint(post, successor, starts_at=timezone.now())
    page = look(world.administrator, "/routes/", language="en")
    expect(page.get_by_role("region", name="Blocked")).to_contain_text(
        "Every open stage has somebody who can decide."
    )
    page = review(look, task, successor)
    expect(choice(page, "Approve")).to_be_visible()


def test_a_way_on_is_proposed_by_one_administrator_and_confirmed_by_another(
    world: World, look: Look, stuck: tuple[Task, Post]
) -> None:
    task, _post = stuck
    second = make_holder(world.office, Post.Role.ADMINISTRATOR, "Second")
    heir = make_holder(world.second, Post.Role.DEPUTY, "Heir")
    approval = Approval.objects.get(subject_id=task.pk)
    page = look(world.administrator, f"/approvals/{approval.pk}/intervention/", language="en")
    page.get_by_label("give a seat to somebody else").check()
    page.get_by_label("The seat optional", exact=True).select_option(index=1)
    page.get_by_label("Who takes the seat").select_option(label=f"Heir · {world.second.name}")
    page.get_by_label("Reason").fill("The post was abolished.")
    page.get_by_role("button", name="Propose it").click()
    expect(page.get_by_text("Another administrator has to confirm it").first).to_be_visible()
    expect(page.get_by_role("button", name="Confirm and carry it out")).to_have_count(0)
    page = look(second, "/", language="en")
    page.locator(".row", has_text="proposes a way on").get_by_role("link").click()
    page.get_by_role("button", name="Confirm and carry it out").click()
    expect(page.get_by_text("Confirmed and carried out")).to_be_visible()
    expect(choice(review(look, task, heir), "Approve")).to_be_visible()
    story = record(look, task, world.handler)
    expect(story).to_contain_text("Second confirmed the intervention")
