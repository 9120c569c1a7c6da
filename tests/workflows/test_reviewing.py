"""What a signer may do with a turn besides deciding, on the pages."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from approvals import actions as approvals
from approvals.models import Approval, SignOff, WorkItem
from approvals.routes.specs import MAY
from directory import actions as directory
from directory.actions import OPERATOR
from directory.models import Appointment, Person
from tests.factories import LONG_AGO, NOW, make_holder
from tests.workflows.factories import World, accepted, make_measure, make_world, submitted, write
from workflows.actions import reports
from workflows.models import Task

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse 27"


def publish(world: World, review: dict[str, Any] | None = None, **more: Any) -> None:
    """The lead unit's deputy and principal, then the office that reviews."""
    lead = [{"select": "post_of_lead", "role": role} for role in ("deputy", "principal")]
    office = [{"select": "post_of_reviewing", "role": "coordinator"}]
    approvals.publish_route(
        organisation=world.organisation,
        name="Completion of a task",
        subject_kind="task_completion",
        stages=[
            approvals.StageSpec("Own unit", lead, **{"rule": "all", "may": MAY} | more),
            approvals.StageSpec("Review", office, returns_to=[1], **(review or {})),
        ],
        actor=OPERATOR,
        at=LONG_AGO,
    )


@pytest.fixture
def world(world: World) -> World:
    publish(world)
    return world


@pytest.fixture
def task(world: World) -> Task:
    task = accepted(world)
    submitted(world, task)
    return task


def signed_in(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def seat(task: Task, person: Person) -> WorkItem:
    """The turn that the person has now."""
    held = WorkItem.objects.filter(approval__subject_id=task.pk, state="open")
    mine = held.filter(post__appointments__person=person) | held.filter(person=person)
    found: WorkItem = mine.distinct().latest("id")
    return found


def page_of(client: Client, item: WorkItem) -> str:
    return client.get(reverse("review", args=[item.pk])).content.decode().replace("&#x27;", "'")


def ask(client: Client, verb: str, item: WorkItem, **fields: Any) -> Any:
    given = {"do": "ask", "note": "She knows the figures.", **fields}
    return client.post(reverse(verb, args=[item.pk]), given)


def test_the_review_page_offers_what_the_stage_allows(world: World, task: Task) -> None:
    item = seat(task, world.deputy)
    page = page_of(signed_in(world.deputy), item)
    for verb in MAY:
        assert reverse(verb, args=[item.pk]) in page
    for person in (world.handler, world.coordinator):
        assert reverse("transfer", args=[item.pk]) not in page_of(signed_in(person), item)


def test_people_are_found_by_unit_and_post_and_only_those_who_may_be_asked(
    world: World, task: Task
) -> None:
    item, client = seat(task, world.deputy), signed_in(world.deputy)
    address = reverse("add_signer", args=[item.pk])

    found = client.post(address, {"do": "search", "q": world.partner.name, "note": "Half a wo"})
    page = found.content.decode()
    assert found.status_code == 200
    assert "Tang Shuhe" in page
    assert f"{world.partner.name}, handler" in page
    assert "Half a wo" in page
    assert "Choose whom to ask" not in page

    assert (
        "Nobody who may be asked here fits"
        in client.post(address, {"do": "search", "q": "zzz"}).content.decode()
    )
    assert "None of your colleagues may be asked here" in client.get(address).content.decode()

    barred = [world.handler, world.principal, world.deputy]
    for person in barred:
        page = client.post(address, {"do": "search", "q": person.name}).content.decode()
        assert f'value="{person.pk}"' not in page
    consulted = client.post(
        reverse("consult", args=[item.pk]), {"do": "search", "q": world.handler.name}
    )
    assert f'value="{world.handler.pk}"' in consulted.content.decode()


def test_a_signer_is_added_from_the_page_and_finds_the_turn_in_the_inbox(
    world: World, task: Task
) -> None:
    item = seat(task, world.deputy)
    client = signed_in(world.deputy)
    answer = ask(client, "add_signer", item, person=world.partner_deputy.pk, when="before")
    page = client.get(answer["Location"]).content.decode()
    assert "Bai Yanzhou is asked now; your turn comes back" in page
    assert "added by Xu Cheng&#x27;an: “She knows the figures.”" in page

    added = seat(task, world.partner_deputy)
    inbox = signed_in(world.partner_deputy).get(reverse("inbox")).content.decode()
    assert reverse("review", args=[added.pk]) in inbox


def test_what_is_missing_is_asked_for_and_what_was_typed_stays(world: World, task: Task) -> None:
    client, item = signed_in(world.deputy), seat(task, world.deputy)
    answer = ask(client, "add_signer", item, person="", q="Bai")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Choose whom to ask." in page
    assert "Choose when they are asked." in page
    assert "She knows the figures." in page
    assert 'value="Bai"' in page


def test_a_refusal_of_the_engine_names_the_person_and_keeps_the_form(
    world: World, task: Task
) -> None:
    client, item = signed_in(world.deputy), seat(task, world.deputy)
    answer = ask(client, "transfer", item, person=world.principal.pk)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Shao Yunfan is asked in this stage already." in page
    assert "She knows the figures." in page


def test_whoever_hands_a_turn_on_reads_who_decides_now(world: World, task: Task) -> None:
    client, item = signed_in(world.deputy), seat(task, world.deputy)
    answer = ask(client, "transfer", item, person=world.partner_deputy.pk)
    assert answer["Location"] == reverse("inbox")
    assert "Bai Yanzhou decides now in your place." in client.get("/").content.decode()

    page = page_of(client, item)
    assert "handed it on to Bai Yanzhou" in page
    assert 'name="decision"' not in page
    assert 'name="decision"' in page_of(
        signed_in(world.partner_deputy), seat(task, world.partner_deputy)
    )


@pytest.mark.parametrize("verb", MAY)
def test_nobody_asks_others_with_somebody_elses_turn(world: World, task: Task, verb: str) -> None:
    item = seat(task, world.deputy)
    for person in (world.handler, world.principal, world.coordinator):
        client = signed_in(person)
        assert client.get(reverse(verb, args=[item.pk])).status_code == 403
        assert ask(client, verb, item, person=world.stranger.pk).status_code == 403
    outside = signed_in(make_world().deputy)
    assert outside.get(reverse(verb, args=[item.pk])).status_code == 404


def test_an_opinion_is_asked_given_and_read_beside_the_votes(world: World, task: Task) -> None:
    asker, item = signed_in(world.deputy), seat(task, world.deputy)
    ask(asker, "consult", item, person=world.stranger.pk, note="Which quarter is this?")

    asked, adviser = seat(task, world.stranger), signed_in(world.stranger)
    inbox = adviser.get(reverse("inbox")).content.decode()
    assert "Advise" in inbox
    assert "asks: “Which quarter is this?”" in inbox
    page = page_of(adviser, asked)
    assert "Which quarter is this?" in page
    assert 'name="decision"' not in page

    answer = adviser.post(reverse("give_opinion", args=[asked.pk]), {"comment": "The third."})
    assert answer.status_code == 302
    assert "sees your opinion" in adviser.get("/").content.decode()
    for person in (world.deputy, world.principal):
        assert "“The third.”" in page_of(signed_in(person), seat(task, person))
    assert "“The third.”" in asker.get(reverse("task", args=[task.pk])).content.decode()


def test_an_opinion_that_comes_too_late_keeps_its_words(world: World, task: Task) -> None:
    item = seat(task, world.deputy)
    ask(signed_in(world.deputy), "consult", item, person=world.stranger.pk)
    asked = seat(task, world.stranger)
    WorkItem.objects.filter(pk=asked.pk).update(state="not_needed", closed_at=asked.opened_at)
    answer = signed_in(world.stranger).post(
        reverse("give_opinion", args=[asked.pk]), {"comment": "The third."}
    )
    assert answer.status_code == 409
    assert "The third." in answer.content.decode()


def decide(client: Client, item: WorkItem, **fields: Any) -> Any:
    """Sign with what the page of the item carries."""
    form = client.get(reverse("review", args=[item.pk])).context["form"]
    carried = {name: form[name].value() for name in ("seen_digest", "seen", "idempotency_key")}
    given = {"decision": "approve", **carried, **fields}
    return client.post(reverse("decide", args=[item.pk]), given)


def test_a_decision_is_taken_back_from_the_page_and_its_seat_asked_again(
    world: World, task: Task
) -> None:
    client, item = signed_in(world.deputy), seat(task, world.deputy)
    decide(client, item)
    signed = SignOff.objects.get(work_item=item)
    address = reverse("revoke", args=[signed.pk])
    for name, args in (("review", [item.pk]), ("inbox_done", [])):
        assert address in client.get(reverse(name, args=args)).content.decode()

    assert client.get(address).status_code == 200
    assert client.post(address, {"reason": " "}).status_code == 422
    answer = client.post(address, {"reason": "I read the wrong version."})
    page = client.get(answer["Location"]).content.decode()
    assert "It is your turn again." in page
    assert "taken back: “I read the wrong version.”" in page
    assert address not in client.get(reverse("inbox_done")).content.decode()


def test_a_decision_that_others_followed_is_not_offered_to_be_taken_back(
    world: World, task: Task
) -> None:
    client, item = signed_in(world.deputy), seat(task, world.deputy)
    decide(client, item)
    decide(signed_in(world.principal), seat(task, world.principal))
    address = reverse("revoke", args=[SignOff.objects.get(work_item=item).pk])
    assert address not in client.get(reverse("inbox_done")).content.decode()
    assert client.get(address).status_code == 409
    assert client.post(address, {"reason": "Sorry."}).status_code == 409
    assert signed_in(world.principal).get(address).status_code == 404


def test_words_used_before_are_offered_again(world: World, task: Task) -> None:
    client, item = signed_in(world.deputy), seat(task, world.deputy)
    ask(client, "consult", item, person=world.stranger.pk, note="Is that so?")
    page = client.get(reverse("consult", args=[item.pk])).content.decode()
    assert "<option>Is that so?</option>" in page
    assert "<option>Are these figures right?</option>" in page


def test_each_place_a_return_may_go_says_what_follows(world: World, task: Task) -> None:
    for person in (world.deputy, world.principal):
        decide(signed_in(person), seat(task, person))
    page = page_of(signed_in(world.coordinator), seat(task, world.coordinator))
    assert "back to Lu Wendi, who submitted it; all stages are asked again" in page
    assert "back to the stage “Own unit”; stages 1 to 2 are asked again" in page
    assert "It goes back with your reason, to where you choose below." in page


def test_a_stage_that_wants_it_back_directly_says_so(world: World) -> None:
    publish(world, after_return="resume")
    task = accepted(world)
    submitted(world, task)
    page = page_of(signed_in(world.deputy), seat(task, world.deputy))
    assert "comes back to this stage directly if nothing that was read before changes." in page


@pytest.fixture
def guarded(world: World) -> Task:
    """A task whose first stage asks for the password."""
    publish(world, evidence="password")
    for person in (world.deputy, world.principal):
        person.set_password(PASSWORD)
        person.save(update_fields=["password"])
    task = accepted(world)
    submitted(world, task)
    return task


def test_a_stage_that_asks_for_the_password_signs_with_it(world: World, guarded: Task) -> None:
    client, item = signed_in(world.deputy), seat(guarded, world.deputy)
    assert 'name="password"' in page_of(client, item)
    assert decide(client, item, password=PASSWORD).status_code == 303
    assert SignOff.objects.get(work_item=item).evidence == "password"


@pytest.mark.parametrize(("sent", "said"), [("wrong", "isn't your password"), ("", "Nothing is")])
def test_without_the_right_password_nothing_is_signed_and_nothing_lost(
    world: World, guarded: Task, sent: str, said: str
) -> None:
    client, item = signed_in(world.deputy), seat(guarded, world.deputy)
    answer = decide(client, item, password=sent, decision="return", comment="Figures are missing.")
    page = answer.content.decode().replace("&#x27;", "'")
    assert answer.status_code == 422
    assert said in page
    assert not SignOff.objects.filter(work_item=item).exists()

    kept = {field.name: field.value() or "" for field in answer.context["kept"]}
    again = client.post(reverse("decide", args=[item.pk]), kept | {"password": PASSWORD})
    assert again.status_code == 303
    assert SignOff.objects.get(work_item=item).decision == "return"


def test_wrong_passwords_count_towards_the_lock_of_the_door(world: World, guarded: Task) -> None:
    client, item = signed_in(world.deputy), seat(guarded, world.deputy)
    answers = [decide(client, item, password=f"wrong {n}").status_code for n in range(5)]
    assert answers == [422, 422, 422, 422, 429]
    locked = decide(client, item, password=PASSWORD, comment="The figures agree.")
    assert locked.status_code == 429
    page = locked.content.decode()
    assert "taken again in 15 minutes" in page
    assert page.count("The figures agree.") == 2, "in sight, and in the form that may be sent later"
    assert not SignOff.objects.filter(work_item=item).exists()


def test_several_are_approved_at_once_and_what_changed_meanwhile_is_left_out(
    world: World, task: Task
) -> None:
    second = accepted(world, measure=make_measure(world.plan, 15))
    submitted(world, second)
    client = signed_in(world.deputy)
    items = [seat(one, world.deputy) for one in (task, second)]
    inbox = client.get(reverse("inbox")).content.decode()
    assert all(f'name="item" value="{one.pk}"' in inbox for one in items)

    foreign = seat(task, world.principal)
    ids = {"item": [*(str(one.pk) for one in items), str(foreign.pk), "nonsense"]}
    shown = client.get(reverse("together"), ids)
    ready = shown.context["ready"]
    assert {one.item for one in ready} == {one.pk for one in items}
    assert "Your decision" not in shown.content.decode()

    Task.objects.filter(pk=second.pk).update(due_date=None)
    sent = {"item": [one.item for one in ready]}
    for one in ready:
        sent |= {f"digest-{one.item}": one.digest, f"seen-{one.item}": one.seen}
        sent |= {f"key-{one.item}": one.key}
    client.post(reverse("together"), sent)
    page = client.get("/").content.decode()
    assert "1 approval signed and recorded." in page
    assert "was left out. What you were looking at has changed since" in page
    assert SignOff.objects.filter(work_item__in=items).count() == 1


def test_what_asks_for_the_password_is_not_approved_together(world: World, guarded: Task) -> None:
    item = seat(guarded, world.deputy)
    shown = signed_in(world.deputy).get(reverse("together"), {"item": str(item.pk)})
    assert not shown.context["ready"]
    assert "It asks for your password again" in shown.content.decode()


def test_a_damaged_confirmation_signs_nothing(world: World, task: Task) -> None:
    item = seat(task, world.deputy)
    answer = signed_in(world.deputy).post(reverse("together"), {"item": item.pk})
    assert answer.status_code == 422
    assert not SignOff.objects.filter(work_item=item).exists()


def test_whoever_resubmits_reads_which_way_the_report_goes(world: World) -> None:
    publish(world, review={"after_return": "resume"})
    task = accepted(world)
    submitted(world, task)
    for person in (world.deputy, world.principal):
        decide(signed_in(person), seat(task, person))
    office = signed_in(world.coordinator)
    decide(office, seat(task, world.coordinator), decision="return", comment="Add a list.")

    client, address = signed_in(world.handler), reverse("report", args=[task.pk])
    write(task, world.lead, world.handler)
    assert "goes straight back to the stage “Review”" in client.get(address).content.decode()
    write(task, world.lead, world.handler, "Five terms held.")
    page = client.get(address).content.decode()
    assert "all stages are asked again, from “Own unit” on" in page
    assert "With an answer and further files alone" in page


def test_a_review_page_says_when_its_stage_is_due(world: World) -> None:
    publish(world, due_in=2)
    late = accepted(world)
    submitted(world, late)
    page = page_of(signed_in(world.deputy), seat(late, world.deputy))
    assert "This stage is due" in page
    assert "overdue" in page


def test_a_report_that_was_taken_back_names_who_did_it_in_its_record(
    world: World, task: Task
) -> None:
    approval = seat(task, world.deputy).approval_id
    reports.withdraw(task_id=task.pk, actor=world.handler, at=NOW)
    page = signed_in(world.auditor).get(reverse("approval", args=[approval])).content.decode()
    assert "Lu Wendi took the report back" in page


def test_an_administrator_reads_whose_approval_is_blocked(world: World, task: Task) -> None:
    for person in (world.deputy, world.principal):
        appointment = Appointment.objects.get(person=person)
        directory.dismiss(appointment_id=appointment.pk, actor=OPERATOR, at=NOW)
    client = signed_in(world.administrator)
    row = client.get(reverse("routes")).content.decode().split('aria-labelledby="blocked"')[1]
    assert f">{world.lead.name}</span>" in row
    approval = Approval.objects.get(subject_id=task.pk)
    page = client.get(reverse("intervention", args=[approval.pk])).content.decode()
    assert f"An approval of {world.lead.name} at the stage" in page


def test_whoever_submitted_what_administrators_sent_back_reads_why(
    world: World, task: Task
) -> None:
    second = make_holder(world.office, "administrator", "Second")
    approval = Approval.objects.get(subject_id=task.pk)
    made = approvals.propose_intervention(
        approval_id=approval.pk,
        kind="send_back",
        reason="The route has changed.",
        actor=world.administrator,
        at=NOW,
    )
    approvals.settle_intervention(intervention_id=made.pk, confirm=True, actor=second, at=NOW)
    client = signed_in(world.handler)
    page = client.get(reverse("task", args=[task.pk])).content.decode()
    assert "Zhu Nanxing, Second returned version 1" in page
    assert "The route has changed." in page
    assert "Change what was found missing" in page
    page = client.get(reverse("approval", args=[approval.pk])).content.decode()
    assert "sent back to begin anew: Zhu Nanxing proposed it, Second confirmed it" in page
