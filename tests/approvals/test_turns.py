"""Beside the route: signers added, turns handed on, opinions asked for, decisions taken back."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import translation

from approvals import actions, queries
from approvals.actions import StageSpec
from approvals.models import Approval, Revocation, SignOff, WorkItem
from audit.errors import Refused
from audit.models import Entry
from audit.verification import verify
from directory.models import Person, Post
from tests.approvals import past
from tests.approvals.factories import World
from tests.factories import NOW, make_person
from tests.racing import Race

pytestmark = pytest.mark.usefixtures("committed_db")

LATER = NOW + timedelta(minutes=10)
MAY = ["add_signer", "transfer", "consult"]
State = WorkItem.State


def named(world: World, name: str) -> Person:
    """Somebody with no post."""
    world.people[name] = make_person(world.organisation, name)
    return world.people[name]


def add(world: World, name: str, person: Person, when: str, **more: Any) -> WorkItem:
    return actions.add_signer(
        work_item_id=world.item(name).pk,
        person=person,
        when=when,
        note="She knows the figures.",
        actor=world.people[name],
        at=LATER,
        **more,
    )


def hand_on(world: World, name: str, person: Person, item: WorkItem | None = None) -> WorkItem:
    return actions.transfer(
        work_item_id=(item or world.item(name)).pk,
        person=person,
        note="I am away.",
        actor=item.person if item and item.person else world.people[name],
        at=LATER,
    )


def sign(
    world: World, item: WorkItem, decision: str = "approve", actor: Person | None = None
) -> actions.Decided:
    item.refresh_from_db()
    assert item.person or actor
    return actions.decide(
        work_item_id=item.pk,
        actor=actor or item.person,  # type: ignore[arg-type]
        decision=decision,
        comment="Not yet." if decision == "return" else "",
        seen_digest=queries.seen_digest(item),
        idempotency_key=uuid4(),
        at=LATER,
    )


def last(world: World) -> tuple[str, dict[str, Any]]:
    entry = Entry.objects.filter(subject=world.unit.subject).latest("subject_seq")
    facts: dict[str, Any] = json.loads(bytes(entry.body))["facts"]
    return entry.kind, facts


def whole(world: World) -> bool:
    """The tables agree with the ledger, and replaying it gives the same turns."""
    past.compare(world.organisation.pk, world.unit.subject)
    return verify(world.organisation.pk).first_bad is None


def state(approval: Approval) -> str:
    approval.refresh_from_db()
    return approval.state


# Adding a signer


def test_a_signer_added_in_parallel_is_asked_at_once_and_the_stage_waits_for_them() -> None:
    world = World()
    world.route(["Ana"], may=MAY)
    approval = world.begin()
    eve = add(world, "Ana", named(world, "Eve"), "parallel")
    assert last(world)[0] == "approval.signer_added"
    assert last(world)[1]["turns"][0]["id"] == str(eve.pk)
    assert world.decide("Ana").result == "pending"
    assert sign(world, eve).result == "passed"
    assert state(approval) == Approval.State.PASSED
    assert whole(world)


def test_a_signer_added_before_me_decides_first() -> None:
    world = World()
    world.route(["Ana"], may=MAY)
    world.begin()
    eve = add(world, "Ana", named(world, "Eve"), "before")
    with pytest.raises(actions.NotYourTurn):
        world.decide("Ana")
    assert sign(world, eve).result == "pending"
    assert world.decide("Ana").result == "passed"


def test_a_signer_added_after_me_gets_their_turn_when_i_have_decided() -> None:
    world = World()
    world.route(["Ana", "Ben"], rule="all", sequential=True, may=MAY)
    world.begin()
    eve = add(world, "Ana", named(world, "Eve"), "after")
    assert eve.state == State.WAITING
    world.decide("Ana")
    assert world.item("Ben").state == State.WAITING
    assert sign(world, eve).result == "pending"
    assert world.item("Ben").state == State.OPEN
    assert world.decide("Ben").result == "passed"


def test_an_added_signer_weighs_nothing_in_a_vote_but_gates_it() -> None:
    world = World()
    world.route(["Ana", "Ben", "Cai"], rule="quorum", quorum_number=2, refusal="vote", may=MAY)
    world.begin()
    eve = add(world, "Ana", named(world, "Eve"), "parallel")
    assert sign(world, eve).result == "pending"
    assert world.decide("Ana").result == "pending"
    assert world.decide("Ben").result == "passed"


def test_what_an_added_signer_returns_is_returned() -> None:
    world = World()
    world.route(["Ana"], may=MAY)
    approval = world.begin()
    eve = add(world, "Ana", named(world, "Eve"), "parallel")
    assert sign(world, eve, "return").result == "returned"
    assert state(approval) == Approval.State.WITH_SUBMITTER


@pytest.mark.parametrize("who", ["submitter", "author", "Ana", "Ben", "stranger", "inactive"])
def test_a_signer_who_could_not_decide_is_not_added(who: str) -> None:
    world = World()
    author = make_person(world.organisation, "Author")
    world.authors = frozenset([author.pk])
    world.route(["Ana", "Ben"], rule="all", may=MAY)
    world.begin()
    people = {
        "submitter": world.submitter,
        "author": author,
        "stranger": World().submitter,
        "inactive": named(world, "Ida"),
        **world.people,
    }
    Person.objects.filter(pk=people["inactive"].pk).update(is_active=False)
    people["inactive"].refresh_from_db()
    before = WorkItem.objects.count()
    with pytest.raises((actions.NotEligible, actions.AlreadyAsked)):
        add(world, "Ana", people[who], "parallel")
    assert WorkItem.objects.count() == before


def test_a_stage_that_does_not_allow_it_lets_nobody_ask_others() -> None:
    world = World()
    world.route(["Ana"])
    world.begin()
    eve = named(world, "Eve")
    with pytest.raises(actions.NotAllowedHere):
        add(world, "Ana", eve, "parallel")
    with pytest.raises(actions.NotAllowedHere):
        hand_on(world, "Ana", eve)


# Handing a turn on


def test_whoever_a_turn_is_handed_to_takes_the_seat_with_its_weight() -> None:
    world = World()
    seats = [{**world.seat("Ana"), "weight": 3}, world.seat("Ben")]
    world.publish(StageSpec("Vote", seats, rule="quorum", quorum_number=3, may=MAY))
    world.begin()
    eve = hand_on(world, "Ana", named(world, "Eve"))
    assert (eve.weight, eve.position) == (3, 1)
    with pytest.raises(actions.StageClosed, match="handed it on to Eve"):
        world.decide("Ana", item=world.item("Ana"))
    assert sign(world, eve).result == "passed"
    assert whole(world)


def test_a_turn_never_goes_back_to_anybody_who_had_it() -> None:
    world = World()
    world.route(["Ana"], may=MAY)
    world.begin()
    eve = hand_on(world, "Ana", named(world, "Eve"))
    fay = hand_on(world, "Eve", named(world, "Fay"), eve)
    for name in ("Ana", "Eve"):
        with pytest.raises(actions.HadIt):
            hand_on(world, "Fay", world.people[name], fay)


def test_whoever_takes_a_seat_follows_whom_it_followed() -> None:
    world = World()
    world.route(["Ana", "Ben"], rule="all", sequential=True, may=MAY)
    world.begin()
    world.decide("Ana")
    assert hand_on(world, "Ben", named(world, "Eve")).waits_for == world.item("Ana").position


def test_a_turn_is_handed_on_once_however_many_try_at_once(race: Race) -> None:
    world = World()
    world.route(["Ana"], may=MAY)
    world.begin()
    item, people = world.item("Ana"), [make_person(world.organisation) for _ in range(6)]

    def act(person: Person) -> Any:
        return lambda: hand_on(world, "Ana", person)

    results = race([act(person) for person in people])
    assert sum(isinstance(one, WorkItem) for one in results) == 1
    assert all(isinstance(one, WorkItem | Refused) for one in results)
    assert WorkItem.objects.filter(succeeds=item).count() == 1


def test_handing_on_and_deciding_leave_one_of_them_standing(race: Race) -> None:
    for _ in range(8):
        world = World()
        world.route(["Ana"], may=MAY)
        approval = world.begin()
        item, eve = world.item("Ana"), named(world, "Eve")
        digest = queries.seen_digest(item)
        moved, decided = race(
            [
                lambda: hand_on(world, "Ana", eve),  # noqa: B023
                lambda: world.decide("Ana", item=item, seen_digest=digest, at=LATER),  # noqa: B023
            ]
        )
        if isinstance(moved, WorkItem):
            assert isinstance(decided, Refused)
            assert state(approval) == Approval.State.OPEN
        else:
            assert isinstance(moved, actions.StageClosed)
            assert state(approval) == Approval.State.PASSED


# Asking for an opinion


def test_an_opinion_returns_to_whoever_asked_and_decides_nothing() -> None:
    world = World()
    world.route(["Ana"], may=MAY)
    world.begin()
    asked = actions.consult(
        work_item_id=world.item("Ana").pk,
        person=world.submitter,
        question="Which quarter are these figures of?",
        actor=world.people["Ana"],
        at=LATER,
    )
    with pytest.raises(actions.OnlyAnOpinion):
        sign(world, asked)
    given = actions.give_opinion(
        work_item_id=asked.pk, opinion="The third.", actor=world.submitter, at=LATER
    )
    assert given.state == State.DECIDED
    assert last(world)[0] == "approval.opinion_given"
    assert world.decide("Ana").result == "passed"
    assert whole(world)


def test_an_opinion_that_nobody_gave_does_not_hold_the_stage_up() -> None:
    world = World()
    world.route(["Ana"], may=MAY)
    approval = world.begin()
    eve = named(world, "Eve")
    asked = actions.consult(
        work_item_id=world.item("Ana").pk,
        person=eve,
        question="What do you think?",
        actor=world.people["Ana"],
        at=LATER,
    )
    assert world.decide("Ana").result == "passed"
    assert state(approval) == Approval.State.PASSED
    with pytest.raises(actions.StageClosed):
        actions.give_opinion(work_item_id=asked.pk, opinion="Late.", actor=eve, at=LATER)


def test_only_the_person_who_was_asked_gives_the_opinion() -> None:
    world = World()
    world.route(["Ana"], may=MAY)
    world.begin()
    eve = named(world, "Eve")
    asked = actions.consult(
        work_item_id=world.item("Ana").pk,
        person=eve,
        question="What do you think?",
        actor=world.people["Ana"],
        at=LATER,
    )
    with pytest.raises(actions.NotYourItem):
        actions.give_opinion(work_item_id=asked.pk, opinion="Mine.", actor=world.submitter, at=NOW)


# Taking a decision back


def revoke(world: World, sign_off: SignOff, actor: Person | None = None) -> WorkItem:
    return actions.revoke(
        sign_off_id=sign_off.pk,
        reason="I read the wrong version.",
        actor=actor or sign_off.person,
        at=LATER,
    )


def test_a_decision_is_taken_back_while_nothing_followed_and_its_seat_is_asked_again() -> None:
    world = World()
    world.route(["Ana", "Ben"], rule="all")
    approval = world.begin()
    world.decide("Ana")
    again = revoke(world, SignOff.objects.get(approval=approval))
    assert (again.state, again.position) == (State.OPEN, 1)
    assert last(world)[0] == "approval.revoked"
    assert world.decide("Ben").result == "pending"
    assert world.decide("Ana", item=again).result == "passed"
    assert SignOff.objects.filter(approval=approval).count() == 3
    assert whole(world)


def test_a_decision_that_others_followed_is_not_taken_back() -> None:
    world = World()
    world.route(["Ana", "Ben", "Cai"], rule="all")
    approval = world.begin()
    world.decide("Ana", at=NOW)
    world.decide("Ben", at=LATER)
    with pytest.raises(actions.TooLate):
        revoke(world, SignOff.objects.get(approval=approval, person=world.people["Ana"]))


@pytest.mark.parametrize("act", [add, hand_on])
def test_a_decision_is_not_taken_back_once_others_were_asked(act: Any) -> None:
    world = World()
    world.route(["Ana", "Ben"], rule="all", may=MAY)
    approval = world.begin()
    world.decide("Ana", at=NOW)
    more = ("parallel",) if act is add else ()
    act(world, "Ben", named(world, "Eve"), *more)
    with pytest.raises(actions.TooLate):
        revoke(world, SignOff.objects.get(approval=approval))


def test_a_decision_that_passed_its_stage_is_not_taken_back() -> None:
    world = World()
    world.route(["Ana"])
    approval = world.begin()
    world.decide("Ana")
    with pytest.raises(actions.TooLate):
        revoke(world, SignOff.objects.get(approval=approval))
    assert not Revocation.objects.filter(sign_off__approval=approval).exists()


def test_nobody_takes_back_what_somebody_else_decided() -> None:
    world = World()
    world.route(["Ana", "Ben"], rule="all")
    approval = world.begin()
    world.decide("Ana")
    with pytest.raises(actions.NotYourDecision):
        revoke(world, SignOff.objects.get(approval=approval), world.people["Ben"])


def test_a_turn_that_a_decision_brought_waits_again_when_it_is_taken_back() -> None:
    world = World()
    world.route(["Ana", "Ben"], rule="all", sequential=True)
    approval = world.begin()
    world.decide("Ana")
    revoke(world, SignOff.objects.get(approval=approval))
    assert world.item("Ben").state == State.WAITING
    world.decide("Ana")
    assert world.item("Ben").state == State.OPEN


def test_a_decision_is_taken_back_once_and_never_beside_one_that_follows(race: Race) -> None:
    for _ in range(8):
        world = World()
        world.route(["Ana", "Ben"], rule="all")
        approval = world.begin()
        world.decide("Ana", at=NOW)
        sign_off = SignOff.objects.get(approval=approval)
        item = world.item("Ben")
        digest = queries.seen_digest(item)
        taken_back, decided = race(
            [
                lambda: revoke(world, sign_off),  # noqa: B023
                lambda: world.decide("Ben", item=item, seen_digest=digest, at=LATER),  # noqa: B023
            ]
        )
        assert isinstance(decided, actions.Decided)
        if isinstance(taken_back, WorkItem):
            assert decided.result == "pending"
        else:
            assert isinstance(taken_back, actions.TooLate)
            assert decided.result == "passed"


# What the pages say of it


def shown(world: World, item: WorkItem, person: Person) -> queries.Review:
    return queries.review(WorkItem.objects.get(pk=item.pk), person, LATER)


def test_somebody_who_is_asked_by_name_signs_as_such() -> None:
    world = World()
    world.route(["Ana"], may=MAY)
    world.begin()
    eve = add(world, "Ana", named(world, "Eve"), "parallel")
    sentence = shown(world, eve, world.people["Eve"]).sentence
    assert sentence.startswith("As somebody asked by name, I approve ")
    sign(world, eve)
    said = json.loads(bytes(SignOff.objects.get(work_item=eve).statement))
    assert said["meaning"]["text"] == sentence


def test_whoever_waits_for_an_added_signer_reads_for_whom() -> None:
    world = World()
    world.route(["Ana"], may=MAY)
    world.begin()
    add(world, "Ana", named(world, "Eve"), "before")
    page = shown(world, world.item("Ana"), world.people["Ana"])
    assert page.refusal == "Eve decides first; then it is your turn."
    assert page.waits
    assert not shown(world, world.item("Ana"), world.submitter).waits


def test_a_turn_that_was_handed_on_names_who_did_it_and_to_whom() -> None:
    world = World()
    world.route(["Ana"], may=MAY)
    world.begin()
    given = hand_on(world, "Ana", named(world, "Eve"))
    [aside] = shown(world, given, world.people["Eve"]).stage.asides
    post = world.posts["Ana"]
    assert (aside.name, aside.aside) == (
        "Ana",
        f"{post.unit.name}, {post.title} · handed on to Eve",
    )


def test_a_decision_that_was_taken_back_bears_the_time_of_that() -> None:
    world = World()
    world.route(["Ana", "Ben"], rule="all")
    world.begin()
    world.decide("Ana")
    signed = SignOff.objects.get(work_item=world.item("Ana"))
    actions.revoke(sign_off_id=signed.pk, reason="Wrong.", actor=world.people["Ana"], at=LATER)
    [aside] = shown(world, world.item("Ana"), world.people["Ana"]).stage.asides
    assert (aside.status, aside.at) == ("revoked", LATER)


def test_a_capacity_is_read_in_ones_own_language_and_as_it_was_called_then() -> None:
    world = World()
    world.route(["Ana", "Ben"], rule="all", may=MAY)
    world.begin()
    eve = add(world, "Ana", named(world, "Eve"), "parallel")
    with translation.override("zh-hans"):
        sign(world, eve)
        world.decide("Ana")
        world.decide("Ben")
    renamed = world.posts["Ben"]
    then = f"{renamed.unit.name} {renamed.title}"
    Post.objects.filter(pk=renamed.pk).update(title="Chief")
    seats = {seat.name: seat.post for seat in shown(world, eve, world.people["Eve"]).stage.seats}
    post = world.posts["Ana"]
    assert seats == {"Ana": f"{post.unit.name}, {post.title}", "Ben": then, "Eve": "asked by name"}
