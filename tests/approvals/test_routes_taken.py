"""Ways along a route: returns to a stage, conditions, approvals carried over, deadlines."""

from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction

from approvals import actions, queries
from approvals.actions import StageSpec
from approvals.models import Approval, Opening, SignOff, WorkItem
from approvals.subjects import Context
from audit.actions import append
from audit.verification import verify
from directory import actions as directory
from directory.actions import OPERATOR
from directory.models import Appointment, Person, Unit
from tests.approvals.factories import KIND, World
from tests.factories import NOW, delegate, make_person, make_post, make_unit
from tests.racing import Race

pytestmark = pytest.mark.usefixtures("committed_db")

LATER = NOW + timedelta(minutes=10)
WEEKS_LATER = NOW + timedelta(days=21)


def stages(approval: Approval) -> list[tuple[int, str, str]]:
    """Stage, outcome and reason of each opening, in order."""
    rows = approval.openings.order_by("number")
    return list(rows.values_list("stage__position", "outcome", "reason"))


def begin(world: World, *, adds_only: bool = False, **context: Any) -> Approval:
    with transaction.atomic():
        root = Unit.locked(world.unit.pk)
        begun = actions.begin(
            kind=KIND,
            root=root,
            subject_id=root.pk,
            document_id=uuid4(),
            digest=sha256(b"report").digest(),
            context=Context(lead_unit=root.pk, submitter=world.submitter.pk, **context),
            actor=world.submitter,
            at=NOW,
            adds_only=adds_only,
        )
        append(root, kind="test.submitted", actor=world.submitter, at=NOW, facts=begun.facts)
    return begun.approval


def dismiss(world: World, name: str) -> None:
    held = Appointment.objects.get(post=world.posts[name], ends_at=None)
    directory.dismiss(appointment_id=held.pk, actor=OPERATOR, at=NOW)


def hold(world: World, name: str, person: Person) -> None:
    """The person takes over that post."""
    directory.appoint(post=world.posts[name], person=person, actor=OPERATOR, at=NOW, replace=True)


def whole(world: World) -> bool:
    return verify(world.organisation.pk).first_bad is None


# Returning


def three(world: World, **last: Any) -> None:
    world.publish(
        StageSpec("First", [world.seat("Ana")]),
        StageSpec("Second", [world.seat("Ben")]),
        StageSpec("Third", [world.seat("Cai")], returns_to=[1, 2], **last),
    )


def test_a_stage_that_something_is_returned_to_is_asked_again_and_those_after_it() -> None:
    world = World()
    three(world)
    approval = world.begin()
    for name in ("Ana", "Ben"):
        world.decide(name)
    world.decide("Cai", "return", target=1)
    assert approval.openings.get(outcome="").stage.position == 1
    for name in ("Ana", "Ben", "Cai"):
        world.decide(name)
    assert [one for one, _, _ in stages(approval)] == [1, 2, 3, 1, 2, 3]
    approval.refresh_from_db()
    assert approval.state == Approval.State.PASSED
    assert approval.rounds.count() == 1
    assert whole(world)


def test_a_stage_that_wants_it_back_directly_is_asked_right_after_the_one_it_named() -> None:
    world = World()
    three(world, after_return="resume")
    approval = world.begin()
    for name in ("Ana", "Ben"):
        world.decide(name)
    world.decide("Cai", "return", target=1)
    world.decide("Ana")
    assert approval.openings.get(outcome="").stage.position == 3
    world.decide("Cai")
    assert [one for one, _, _ in stages(approval)] == [1, 2, 3, 1, 3]


def test_a_resubmission_that_only_adds_resumes_at_the_stage_that_returned_it() -> None:
    world = World()
    three(world, after_return="resume")
    approval = begin(world)
    for name in ("Ana", "Ben"):
        world.decide(name)
    world.decide("Cai", "return")
    begin(world, adds_only=True)
    assert approval.openings.get(outcome="").stage.position == 3
    world.decide("Cai")
    approval.refresh_from_db()
    assert approval.state == Approval.State.PASSED
    assert whole(world)


@pytest.mark.parametrize(("adds_only", "setting"), [(False, "resume"), (True, "restart")])
def test_any_other_resubmission_begins_at_the_first_stage(adds_only: bool, setting: str) -> None:
    world = World()
    three(world, after_return=setting)
    approval = begin(world)
    for name in ("Ana", "Ben"):
        world.decide(name)
    world.decide("Cai", "return")
    begin(world, adds_only=adds_only)
    assert approval.openings.get(outcome="").stage.position == 1


def test_a_new_round_keeps_the_version_that_its_approval_began_with() -> None:
    world = World()
    three(world)
    approval = world.begin()
    world.decide("Ana", "return")
    world.route(["Eve"])
    world.begin()
    assert Approval.objects.get(pk=approval.pk).version_id == approval.version_id
    assert world.decide("Ana").result == "passed"


# Conditions


@pytest.mark.parametrize(
    ("condition", "context", "asked"),
    [
        ({"unit_kinds": ["street"]}, {"unit_kind": "street"}, True),
        ({"unit_kinds": ["street", "party"]}, {"unit_kind": "party"}, True),
        ({"unit_kinds": ["street"]}, {"unit_kind": "party"}, False),
        ({"priorities": ["high"]}, {"priority": "normal"}, False),
        ({"unit_kinds": ["street"], "priorities": ["high"]}, {"unit_kind": "street"}, False),
    ],
)
def test_a_stage_is_skipped_where_its_condition_does_not_hold(
    condition: dict[str, list[str]], context: dict[str, Any], asked: bool
) -> None:
    world = World()
    world.publish(
        StageSpec("If", [world.seat("Ana")], condition=condition),
        StageSpec("Always", [world.seat("Ben")]),
    )
    approval = begin(world, **context)
    assert stages(approval) == (
        [(1, "", "")] if asked else [(1, "skipped", "condition"), (2, "", "")]
    )
    assert whole(world)


# The same person at two stages


def held_by_ana(world: World, **second: Any) -> None:
    first = world.seat("Ana")
    asked = [{"select": "person", "person": str(world.people["Ana"].pk)}]
    if second.pop("and_ben", False):
        asked.append(world.seat("Ben"))
    world.publish(
        StageSpec("First", [first]),
        StageSpec("Second", asked, **second),
        StageSpec("Last", [world.seat("Cai")]),
    )


def test_the_same_person_is_asked_again_at_another_stage() -> None:
    world = World()
    held_by_ana(world)
    approval = world.begin()
    world.decide("Ana")
    assert stages(approval) == [(1, "passed", ""), (2, "", "")]


def test_a_route_may_carry_an_approval_over_and_says_so() -> None:
    world = World()
    held_by_ana(world, repeat_signer="carry")
    approval = world.begin()
    world.decide("Ana")
    assert stages(approval) == [(1, "passed", ""), (2, "passed", "carried"), (3, "", "")]
    seat = WorkItem.objects.get(opening__number=2, approval=approval)
    assert seat.carried_from == WorkItem.objects.get(opening__number=1, approval=approval)
    assert not hasattr(seat, "sign_off")
    world.decide("Cai")
    assert whole(world)


def test_a_carried_approval_counts_beside_the_others_of_its_stage() -> None:
    world = World()
    held_by_ana(world, repeat_signer="carry", rule="all", and_ben=True)
    approval = world.begin()
    world.decide("Ana")
    assert stages(approval)[-1] == (2, "", "")
    assert world.decide("Ben").result == "passed"
    assert whole(world)


def test_an_approval_of_an_earlier_round_is_not_carried_over() -> None:
    world = World()
    first = world.seat("Ana")
    ana = {"select": "person", "person": str(world.people["Ana"].pk)}
    world.publish(
        StageSpec("First", [first, world.seat("Ben")]),
        StageSpec("Second", [ana], repeat_signer="carry"),
        StageSpec("Third", [world.seat("Cai")]),
    )
    approval = world.begin()
    world.decide("Ana")
    world.decide("Cai", "return")
    world.begin()
    world.decide("Ben")
    assert stages(approval)[-1] == (2, "", "")


def test_an_approval_that_was_taken_back_is_not_carried_over() -> None:
    world = World()
    first = [world.seat("Ana"), world.seat("Ben")]
    ana = {"select": "person", "person": str(world.people["Ana"].pk)}
    world.publish(
        StageSpec("First", first, rule="quorum", quorum_number=2, refusal="advice"),
        StageSpec("Second", [ana], repeat_signer="carry"),
    )
    approval = world.begin()
    world.decide("Ana", at=NOW)
    signed, ana_again = SignOff.objects.get(approval=approval), world.people["Ana"]
    again = actions.revoke(sign_off_id=signed.pk, reason="Too fast.", actor=ana_again, at=LATER)
    world.decide("Ana", "abstain", item=again)
    world.decide("Ben")
    assert stages(approval)[-1] == (2, "", "")


def test_what_a_delegate_approved_is_not_carried_over() -> None:
    world = World()
    held_by_ana(world, repeat_signer="carry")
    approval = world.begin()
    stand_in = make_person(world.organisation, "Stand-in")
    delegate(world.people["Ana"], stand_in)
    world.decide("Ana", by=stand_in)
    assert stages(approval)[-1] == (2, "", "")


def test_a_weaker_proof_is_not_carried_over() -> None:
    world = World()
    held_by_ana(world, repeat_signer="carry", evidence="password")
    approval = world.begin()
    world.decide("Ana")
    assert stages(approval)[-1] == (2, "", "")


def test_an_approval_is_carried_over_to_one_seat_only() -> None:
    world = World()
    first = world.seat("Ana")
    seats = [world.seat("Ben"), world.seat("Cai")]
    for name in ("Ben", "Cai"):
        hold(world, name, world.people["Ana"])
    world.publish(
        StageSpec("First", [first]), StageSpec("All", seats, rule="all", repeat_signer="carry")
    )
    approval = world.begin()
    world.decide("Ana")
    assert stages(approval)[-1] == (2, "", "")
    assert world.item("Ben").carried_from is not None
    assert world.item("Cai").state == WorkItem.State.OPEN
    # Whoever was carried over has a seat, so nobody can decide on the other one.
    (stuck,) = queries.blocked(world.organisation.pk, LATER)
    assert stuck.reason == "excluded"


def test_a_stage_to_which_something_is_returned_asks_again_whoever_approved_before() -> None:
    world = World()
    first = world.seat("Ana")
    person = {"select": "person", "person": str(world.people["Ana"].pk)}
    world.publish(
        StageSpec("First", [first]),
        StageSpec("Second", [person], repeat_signer="carry"),
        StageSpec("Third", [world.seat("Ben")], returns_to=[2]),
    )
    approval = world.begin()
    world.decide("Ana")
    world.decide("Ben", "return", target=2)
    assert [one for one, _, _ in stages(approval)] == [1, 2, 3, 2]
    assert stages(approval)[-1] == (2, "", "")


# Deadlines


def test_others_are_asked_once_when_a_stage_is_overdue() -> None:
    world = World()
    world.publish(
        StageSpec("Review", [world.seat("Ana")], due_in=2, escalate_to=[world.seat("Boss")])
    )
    approval = world.begin()
    assert approval.openings.get().due_date is not None
    assert actions.act_on(approval_id=approval.pk, at=NOW) is False
    assert actions.act_on(approval_id=approval.pk, at=WEEKS_LATER) is True
    assert actions.act_on(approval_id=approval.pk, at=WEEKS_LATER) is False
    boss = WorkItem.objects.get(approval=approval, post=world.posts["Boss"])
    assert boss.origin == WorkItem.Origin.ESCALATED
    assert world.item("Ana").state == WorkItem.State.OPEN
    assert world.decide("Boss", at=WEEKS_LATER).result == "passed"
    assert whole(world)


def test_somebody_asked_late_joins_a_stage_of_all_and_replaces_nobody() -> None:
    world = World()
    world.publish(
        StageSpec(
            "Review",
            [world.seat("Ana"), world.seat("Ben")],
            rule="all",
            due_in=1,
            escalate_to=[world.seat("Boss")],
        )
    )
    approval = world.begin()
    world.decide("Ana")
    actions.act_on(approval_id=approval.pk, at=WEEKS_LATER)
    assert world.decide("Boss", at=WEEKS_LATER).result == "pending"
    assert world.decide("Ben", at=WEEKS_LATER).result == "passed"


def test_whoever_waits_for_their_turn_keeps_it_when_others_are_asked_late() -> None:
    world = World()
    seats, boss = [world.seat("Ana"), world.seat("Ben")], world.seat("Boss")
    world.publish(
        StageSpec("Review", seats, rule="all", sequential=True, due_in=1, escalate_to=[boss])
    )
    approval = world.begin()
    assert actions.act_on(approval_id=approval.pk, at=WEEKS_LATER) is True
    assert world.item("Ben").state == WorkItem.State.WAITING
    for name in ("Boss", "Ana", "Ben"):
        result = world.decide(name, at=WEEKS_LATER).result
    assert result == "passed"


def test_a_late_stage_asks_others_once_whoever_is_appointed_later() -> None:
    world = World()
    late = [world.seat("Boss"), world.seat("Chief")]
    dismiss(world, "Chief")
    world.publish(StageSpec("Review", [world.seat("Ana")], due_in=1, escalate_to=late))
    approval = world.begin()
    assert actions.act_on(approval_id=approval.pk, at=WEEKS_LATER) is True
    hold(world, "Chief", make_person(world.organisation))
    assert actions.act_on(approval_id=approval.pk, at=WEEKS_LATER) is False


def test_opinions_end_with_their_deadline_and_nobody_is_said_to_have_decided() -> None:
    world = World()
    world.publish(
        StageSpec("Opinions", [world.seat("Ana"), world.seat("Ben")], refusal="advice", due_in=1),
        StageSpec("Decision", [world.seat("Cai")]),
    )
    approval = world.begin()
    world.decide("Ana")
    assert actions.act_on(approval_id=approval.pk, at=WEEKS_LATER) is True
    assert stages(approval) == [(1, "passed", "time_is_up"), (2, "", "")]
    assert world.item("Ben").state == WorkItem.State.NOT_NEEDED
    world.decide("Cai", at=WEEKS_LATER)
    assert whole(world)


@pytest.mark.parametrize("why", ["skipped", "carried over"])
def test_opinions_never_end_the_approval_by_their_deadline(why: str) -> None:
    world = World()
    first, opinion = world.seat("Ana"), world.seat("Ben")
    rest: dict[str, Any] = {"condition": {"unit_kinds": ["street"]}} if why == "skipped" else {}
    world.publish(
        StageSpec("First", [first]),
        StageSpec("Opinions", [opinion], refusal="advice", due_in=1),
        StageSpec("Last", [first], repeat_signer="carry", **rest),
    )
    approval = begin(world, unit_kind="party")
    world.decide("Ana")
    assert actions.act_on(approval_id=approval.pk, at=WEEKS_LATER) is False
    assert approval.openings.get(outcome="").stage.position == 2
    assert world.decide("Ben", at=WEEKS_LATER).result == "passed"
    approval.refresh_from_db()
    assert approval.state == Approval.State.PASSED
    assert whole(world)


def test_the_last_opinion_and_the_deadline_open_the_next_stage_once(race: Race) -> None:
    for _ in range(6):
        world = World()
        world.publish(
            StageSpec("Opinions", [world.seat("Ana")], refusal="advice", due_in=1),
            StageSpec("Decision", [world.seat("Cai")]),
        )
        approval = world.begin()
        race(
            [
                lambda: actions.act_on(approval_id=approval.pk, at=WEEKS_LATER),  # noqa: B023
                lambda: world.decide("Ana", at=WEEKS_LATER),  # noqa: B023
            ]
        )
        assert Opening.objects.filter(approval=approval).count() == 2
        assert Opening.objects.get(approval=approval, outcome="").stage.position == 2


@pytest.mark.parametrize("whom", ["vacant", "submitter", "seated"])
def test_nobody_is_asked_late_who_could_only_hold_the_stage_up(whom: str) -> None:
    world = World()
    seats, boss = [world.seat("Ana"), world.seat("Ben")], world.seat("Boss")
    if whom == "vacant":
        dismiss(world, "Boss")
    else:
        hold(world, "Boss", world.submitter if whom == "submitter" else world.people["Ana"])
    world.publish(StageSpec("Review", seats, rule="all", due_in=1, escalate_to=[boss]))
    approval = world.begin()
    assert actions.act_on(approval_id=approval.pk, at=WEEKS_LATER) is False
    world.decide("Ana", at=WEEKS_LATER)
    assert world.decide("Ben", at=WEEKS_LATER).result == "passed"


def test_a_late_stage_that_has_asked_nobody_asks_its_own_people_first() -> None:
    world = World()
    boss, unit = world.seat("Boss"), make_unit(world.organisation)
    asks = {"select": "post", "unit": str(unit.pk), "role": "reviewer"}
    world.publish(StageSpec("Review", [asks], rule="all", due_in=1, escalate_to=[boss]))
    approval = world.begin()
    assert actions.act_on(approval_id=approval.pk, at=WEEKS_LATER) is False
    make_post(unit, "reviewer")
    assert actions.ask_again(approval_id=approval.pk, at=WEEKS_LATER) == 1
    assert actions.act_on(approval_id=approval.pk, at=WEEKS_LATER) is True
