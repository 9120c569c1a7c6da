"""Whoever asks, amends or has a plan countersigned chooses the signers, as of a report."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse

from approvals import actions as approvals
from approvals.actions import StageSpec
from approvals.choosing import ChooseSigners, NotOffered
from approvals.models import Approval, WorkItem
from directory.actions import OPERATOR
from directory.models import Organisation, Person, Post, Unit
from tests.approvals.past import compare
from tests.factories import LONG_AGO, NOW, make_holder, make_post
from tests.workflows import amending
from tests.workflows.factories import World, accepted, decide, newest
from tests.workflows.planning import (
    District,
    decide_on,
    kinds,
    make_draft,
)
from tests.workflows.test_requests import EXTENSION, REOPENING, closed, publish_routes
from workflows.actions import amendments, plans, requests
from workflows.models import Amendment, Plan, Task, TaskRequest

pytestmark = pytest.mark.django_db

FAR = date(2099, 12, 31)


@dataclass(frozen=True)
class Panel:
    """Two experts of a unit, of whom the submitter chooses."""

    jun: Person
    lan: Person

    @property
    def stranger(self) -> Post:
        return make_post(self.jun_post.unit, "handler")

    @property
    def jun_post(self) -> Post:
        return post_of(self.jun)


def post_of(person: Person) -> Post:
    found: Post = Post.objects.get(appointments__person=person)
    return found


def publish_panel(organisation: Organisation, unit: Unit, kind: str) -> Panel:
    """The route of this kind has one stage, at which the submitter chooses among the experts."""
    panel = Panel(*[make_holder(unit, "reviewer", name) for name in ("He Jun", "Song Lan")])
    among = {"select": "post", "unit": str(unit.pk), "role": "reviewer"}
    approvals.publish_route(
        organisation=organisation,
        name=f"Panel for {kind}",
        subject_kind=kind,
        stages=[StageSpec("Expert", [{"select": "chosen_by_submitter", "from": among}])],
        actor=OPERATOR,
        at=NOW,
    )
    return panel


def kept(*posts: Post) -> list[str]:
    return [f"1:{post.pk}" for post in posts]


def asked(subject: UUID, kind: str) -> list[tuple[str, str]]:
    """Who is asked now, and why they are."""
    items = WorkItem.objects.filter(
        approval__subject_id=subject, approval__subject_kind=kind, state="open"
    )
    return [(item.post.appointments.get().person.name, item.origin) for item in items]


def signed_in(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


# Requests


@pytest.fixture
def routed(world: World) -> World:
    publish_routes(world)
    return world


Ask = Callable[..., TaskRequest]


def extend(world: World, task: Task, chosen: list[str]) -> TaskRequest:
    return requests.ask_extension(
        task_id=task.pk, due_date=FAR, reason="Snow.", chosen=chosen, actor=world.handler, at=NOW
    )


def reopen(world: World, task: Task, chosen: list[str]) -> TaskRequest:
    return requests.ask_reopening(
        task_id=task.pk, reason="Snow.", chosen=chosen, actor=world.handler, at=NOW
    )


REQUESTS = pytest.mark.parametrize(
    ("kind", "ready", "ask"), [(EXTENSION, accepted, extend), (REOPENING, closed, reopen)]
)


@REQUESTS
def test_a_request_waits_for_those_whom_its_asker_chose_and_is_replayed(
    routed: World, kind: str, ready: Callable[[World], Task], ask: Ask
) -> None:
    task = ready(routed)
    panel = publish_panel(routed.organisation, routed.office, kind)

    ask(routed, task, kept(panel.jun_post))

    assert newest(task)["facts"]["chosen"] == [{"stage": 1, "seats": [str(panel.jun_post.pk)]}]
    assert asked(task.pk, kind) == [("He Jun", "chosen")]
    decide(panel.jun)
    assert Approval.objects.get(subject_id=task.pk, subject_kind=kind).state == "passed"
    assert compare(routed.organisation.pk, task.subject)


@REQUESTS
def test_a_request_without_its_signers_is_not_put_forward(
    routed: World, kind: str, ready: Callable[[World], Task], ask: Ask
) -> None:
    task = ready(routed)
    panel = publish_panel(routed.organisation, routed.office, kind)
    with pytest.raises(ChooseSigners, match="at least 1 person"):
        ask(routed, task, [])
    with pytest.raises(NotOffered):
        ask(routed, task, kept(panel.stranger))
    assert not TaskRequest.objects.filter(task=task).exists()


def test_the_form_of_a_request_loses_nothing_and_shows_the_choice_again_once_it_came_back(
    routed: World,
) -> None:
    panel = publish_panel(routed.organisation, routed.office, EXTENSION)
    task = accepted(routed)
    handler, address = signed_in(routed.handler), reverse("extension", args=[task.pk])
    assert "He Jun" in handler.get(address).content.decode()

    words = {"due_date": FAR.isoformat(), "reason": "The hall is closed."}
    refused = handler.post(address, words)
    page = refused.content.decode()
    assert refused.status_code == 422
    assert 'id="id_signers-1_error"' in page
    assert "The hall is closed." in page
    assert FAR.isoformat() in page

    sent = handler.post(address, words | {"signers-1": kept(panel.jun_post)})
    assert sent.status_code == 302
    decide(panel.jun, "return", "Until May at most.")
    again = handler.get(address).content.decode()
    assert ticked(again) == kept(panel.jun_post)


def ticked(page: str) -> list[str]:
    boxes = [one.split(">")[0] for one in page.split("<input ")]
    return [
        one.split('value="')[1].split('"')[0]
        for one in boxes
        if 'type="checkbox"' in one and " checked" in one
    ]


# Amendments


@pytest.fixture
def amended(district: District) -> tuple[District, Plan, Amendment]:
    plan = amending.make_in_force(district)
    item = amending.changed(amending.measure(plan, 1), text="At two gates.")
    return district, plan, amending.put(district, amending.begin(district, plan), item)


def test_an_amendment_waits_for_those_whom_the_coordinator_chose_and_is_replayed(
    amended: tuple[District, Plan, Amendment],
) -> None:
    district, plan, amendment = amended
    panel = publish_panel(district.organisation, district.office, "plan_amendment")
    with pytest.raises(ChooseSigners):
        amending.send(district, amendment)

    amendments.submit_amendment(
        amendment_id=amendment.pk,
        revision=amendment.revision,
        chosen=kept(panel.jun_post),
        actor=district.coordinator,
        at=NOW,
    )

    assert asked(amendment.pk, "plan_amendment") == [("He Jun", "chosen")]
    decide_on(amendment.pk, panel.jun)
    assert Amendment.objects.get(pk=amendment.pk).state == "applied"
    assert compare(district.organisation.pk, plan.subject)


def test_the_page_of_an_amendment_keeps_the_choice_also_where_it_is_refused(
    amended: tuple[District, Plan, Amendment],
) -> None:
    district, plan, amendment = amended
    panel = publish_panel(district.organisation, district.office, "plan_amendment")
    coordinator = signed_in(district.coordinator)
    page, sending = (reverse(one, args=[amendment.pk]) for one in ("amendment", "amendment_submit"))
    form: dict[str, Any] = {"revision": amendment.revision}

    refused = coordinator.post(sending, form)
    assert refused.status_code == 422
    assert 'id="id_signers-1_error"' in refused.content.decode()

    form["signers-1"] = kept(panel.jun_post)
    coordinator.post(sending, form | {"do": "keep"})
    assert Amendment.objects.get(pk=amendment.pk).state == "draft"
    assert ticked(coordinator.get(page).content.decode()) == kept(panel.jun_post)

    other = amending.put(
        district,
        amending.begin(district, plan, title="Another"),
        amending.changed(amending.measure(plan, 2), text="At night, too."),
    )
    lan = kept(post_of(panel.lan))
    coordinator.post(
        reverse("amendment_submit", args=[other.pk]),
        {"revision": other.revision, "signers-1": lan},
    )
    waits = coordinator.post(sending, form)
    assert waits.status_code == 409
    assert ticked(waits.content.decode()) == kept(panel.jun_post)
    assert Amendment.objects.get(pk=amendment.pk).chosen == kept(panel.jun_post)


def test_a_draft_that_somebody_changed_meanwhile_takes_no_choice(
    amended: tuple[District, Plan, Amendment],
) -> None:
    district, _plan, amendment = amended
    with pytest.raises(amendments.AmendmentChanged):
        amendments.choose_signers(
            amendment_id=amendment.pk,
            revision=amendment.revision - 1,
            chosen=[],
            actor=district.coordinator,
            at=NOW,
        )


# Plans


def test_countersigners_are_chosen_apart_from_those_who_approve_the_issuing(
    district: District,
) -> None:
    legal = publish_panel(district.organisation, district.education, "plan_countersign")
    issuing = publish_panel(district.organisation, district.office, "plan_issue")
    plan = make_draft(district)
    coordinator = signed_in(district.coordinator)
    sending = reverse("plan_submit", args=[plan.pk])
    form: dict[str, Any] = {"revision": plan.revision, "signers-1": kept(issuing.jun_post)}

    refused = coordinator.post(sending, form)
    page = refused.content.decode()
    assert refused.status_code == 422
    assert 'id="id_countersign-signers-1_error"' in page
    assert 'id="id_signers-1_error"' not in page
    assert ticked(page) == kept(issuing.jun_post)
    assert "plan.approval_opened" not in kinds(plan)

    coordinator.post(sending, form | {"countersign-signers-1": kept(post_of(legal.lan))})
    assert asked(plan.pk, "plan_countersign") == [("Song Lan", "chosen")]
    decide_on(plan.pk, legal.lan)
    assert asked(plan.pk, "plan_issue") == [("He Jun", "chosen")]
    decide_on(plan.pk, issuing.jun)
    assert compare(district.organisation.pk, plan.subject) == 2


def test_a_plan_s_choice_is_kept_with_its_draft_until_it_is_put_forward(
    district: District,
) -> None:
    panel = publish_panel(district.organisation, district.office, "plan_issue")
    plan = make_draft(district)
    before = kinds(plan)
    coordinator = signed_in(district.coordinator)
    form = {"revision": plan.revision, "signers-1": kept(panel.jun_post), "do": "keep"}

    coordinator.post(reverse("plan_submit", args=[plan.pk]), form)

    assert kinds(plan) == before
    page = coordinator.get(reverse("plan", args=[plan.pk])).content.decode()
    assert ticked(page) == kept(panel.jun_post)
    with pytest.raises(plans.PlanChanged):
        plans.choose_signers(
            plan_id=plan.pk,
            revision=plan.revision + 1,
            chosen=[],
            countersigners=[],
            actor=district.coordinator,
            at=NOW,
        )


@pytest.mark.parametrize(
    "kind",
    [
        "task_completion",
        "task_extension",
        "task_reopening",
        "plan_amendment",
        "plan_countersign",
        "plan_issue",
        "route_publication",
    ],
)
def test_a_route_for_anything_may_let_its_submitter_choose(world: World, kind: str) -> None:
    chosen = {"select": "chosen_by_submitter", "from": {"select": "post_of_lead", "role": "deputy"}}
    version = approvals.publish_route(
        organisation=world.organisation,
        name="Anything",
        subject_kind=kind,
        stages=[StageSpec("Expert", [chosen])],
        actor=OPERATOR,
        at=LONG_AGO,
    )
    assert version.stages.get().approvers == [chosen]
