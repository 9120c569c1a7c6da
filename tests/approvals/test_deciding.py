"""Deciding on a work item: what happens, what is refused, what the ledger keeps."""

import json
from datetime import timedelta
from hashlib import sha256
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals import actions, queries
from approvals.actions import StageSpec
from approvals.models import Approval, Opening, SignOff, WorkItem
from audit.models import Entry
from audit.queries import read_openings
from directory import actions as directory
from directory.actions import OPERATOR
from directory.models import Unit
from tests.approvals.factories import World
from tests.factories import (
    NOW,
    appoint,
    delegate,
    make_holder,
    make_organisation,
    make_person,
    make_post,
)

pytestmark = pytest.mark.usefixtures("committed_db")


def entries(world: World) -> list[Entry]:
    return list(Entry.objects.filter(subject=world.unit.subject).order_by("subject_seq"))


def facts(world: World) -> dict[str, object]:
    found: dict[str, object] = json.loads(bytes(entries(world)[-1].body))["facts"]
    return found


def closed_reason(world: World, name: str, **more: object) -> str:
    with pytest.raises(actions.StageClosed) as refusal:
        world.decide(name, **more)  # type: ignore[arg-type]
    return str(refusal.value)


# What a decision does


def test_the_first_approval_passes_a_stage_that_asks_any_one() -> None:
    world = World()
    world.route(["Ana", "Ben"])
    approval = world.begin()
    assert world.decide("Ana").result == "passed"
    approval.refresh_from_db()
    assert approval.state == Approval.State.PASSED
    assert world.item("Ben").state == WorkItem.State.NOT_NEEDED
    world.unit.refresh_from_db()
    assert world.unit.kind == Unit.Kind.PARTY


def test_all_have_to_approve_in_a_stage_that_asks_all() -> None:
    world = World()
    world.route(["Ana", "Ben"], rule="all")
    world.begin()
    assert world.decide("Ana").result == "pending"
    assert world.item("Ben").state == WorkItem.State.OPEN
    assert world.decide("Ben").result == "passed"


def test_a_first_refusal_does_not_end_a_vote() -> None:
    world = World()
    world.route(["Ana", "Ben", "Cai"], rule="quorum", quorum_number=2, refusal="vote")
    world.begin()
    assert world.decide("Ana", "return").result == "pending"
    assert world.decide("Ben").result == "pending"
    assert world.decide("Cai").result == "passed"


def test_the_next_stage_opens_when_one_passes() -> None:
    world = World()
    world.publish(StageSpec("First", [world.seat("Ana")]), StageSpec("Second", [world.seat("Ben")]))
    approval = world.begin()
    assert not WorkItem.objects.filter(post=world.posts["Ben"]).exists()
    world.decide("Ana")
    outcomes = list(approval.openings.values_list("number", "outcome"))
    assert outcomes == [(1, "passed"), (2, "")]
    world.decide("Ben")
    approval.refresh_from_db()
    assert approval.state == Approval.State.PASSED


def test_a_return_goes_to_the_submitter_and_the_next_round_asks_everybody_again() -> None:
    world = World()
    world.publish(StageSpec("First", [world.seat("Ana")]), StageSpec("Second", [world.seat("Ben")]))
    approval = world.begin()
    world.decide("Ana")
    assert world.decide("Ben", "return").result == "returned"
    approval.refresh_from_db()
    assert approval.state == Approval.State.WITH_SUBMITTER
    again = world.begin(at=NOW + timedelta(hours=1))
    assert again.pk == approval.pk
    assert list(again.rounds.values_list("number", flat=True)) == [1, 2]
    assert world.decide("Ana", at=NOW + timedelta(hours=2)).result == "passed"
    assert world.item("Ben").state == WorkItem.State.OPEN


def test_a_return_to_an_earlier_stage_opens_that_stage_again() -> None:
    world = World()
    world.publish(
        StageSpec("First", [world.seat("Ana")]),
        StageSpec("Second", [world.seat("Ben")], returns_to=[1]),
    )
    approval = world.begin()
    world.decide("Ana")
    world.decide("Ben", "return", target=1)
    assert approval.openings.get(outcome="").stage.name == "First"
    approval.refresh_from_db()
    assert approval.state == Approval.State.OPEN
    assert world.decide("Ana").result == "passed"


def test_a_sequential_stage_asks_one_after_the_other() -> None:
    world = World()
    world.route(["Ana", "Ben"], rule="all", sequential=True)
    world.begin()
    with pytest.raises(actions.NotYourTurn):
        world.decide("Ben")
    world.decide("Ana")
    assert world.item("Ben").state == WorkItem.State.OPEN
    assert world.decide("Ben").result == "passed"


def test_an_abstention_is_recorded_but_the_last_who_could_approve_may_not_abstain() -> None:
    world = World()
    world.route(["Ana", "Ben"], rule="all")
    world.begin()
    assert world.decide("Ana", "abstain").result == "pending"
    with pytest.raises(actions.LeavesNobody):
        world.decide("Ben", "abstain")
    assert world.decide("Ben").result == "passed"


def test_cooperating_units_are_skipped_with_the_reason_where_there_are_none() -> None:
    world = World()
    countersign = [{"select": "post_of_each_cooperating", "role": "deputy"}]
    world.publish(
        StageSpec("First", [world.seat("Ana")]), StageSpec("Countersign", countersign, rule="all")
    )
    approval = world.begin()
    assert world.decide("Ana").result == "passed"
    skipped = approval.openings.get(number=2)
    assert (skipped.outcome, skipped.reason) == ("skipped", "no_cooperating_unit")
    assert facts(world)["skipped"] == [{"stage": 2, "reason": "no_cooperating_unit"}]


def test_a_decision_stays_open_with_at_most_ten_statements() -> None:
    world = World()
    world.route(["Ana", "Ben", "Cleo"], rule="all")
    world.begin()
    world.decide("Ben", comment="Seen.")  # plans what this connection had no plan for
    item, digest = world.item("Ana"), queries.seen_digest(world.item("Ana"))
    with CaptureQueriesContext(connection) as captured:
        world.decide("Ana", item=item, seen_digest=digest, comment="Seen.")
    statements = [one for sent in captured for one in sent["sql"].split(";\n")]
    assert 5 < len(statements) <= 10


# What the ledger keeps


def test_the_statement_says_who_decided_what_in_which_capacity() -> None:
    world = World()
    world.route(["Ana"])
    world.begin()
    head = entries(world)[-1]
    world.decide("Ana", comment="All done as promised.")
    row = SignOff.objects.get(work_item=world.item("Ana"))
    said = json.loads(bytes(row.statement))
    assert said["person"]["id"] == str(world.people["Ana"].pk)
    assert said["capacity"]["post"] == str(world.posts["Ana"].pk)
    assert said["decision"] == "approve"
    assert world.unit.name in said["meaning"]["text"]
    assert said["digest"] == bytes(row.seen_digest).hex()
    assert said["seen"] == {"seq": head.subject_seq, "hash": bytes(head.entry_hash).hex()}
    assert row.comment is not None
    assert said["comment"] == {"commitment": bytes(row.comment).hex()}
    texts = read_openings(world.organisation.pk, [row.comment])
    assert texts[bytes(row.comment)] == "All done as promised."


def test_each_decision_is_one_entry_on_the_chain_of_its_subject() -> None:
    world = World()
    world.route(["Ana"])
    approval = world.begin()
    before = len(entries(world))
    world.decide("Ana", comment="Fine.")
    written = entries(world)
    assert [entry.kind for entry in written[before:]] == ["approval.signed_off"]
    world.unit.refresh_from_db()
    assert bytes(world.unit.chain_head) == bytes(written[-1].entry_hash)
    row = SignOff.objects.get(work_item=world.item("Ana"))
    told = facts(world)
    assert told["sign_off"]["statement"] == sha256(bytes(row.statement)).hexdigest()  # type: ignore[index]
    assert told["approval"] == {"id": str(approval.pk), "state": "passed", "round": 1}
    assert told["state"] == {"from": "submitted", "to": "passed"}


# Who may decide


def test_a_delegate_decides_for_the_holder_and_is_recorded_as_such() -> None:
    world = World()
    world.route(["Ana"])
    world.begin()
    ben = make_person(world.organisation, "Ben")
    delegate(world.people["Ana"], ben)
    world.decide("Ana", by=ben)
    row = SignOff.objects.get(work_item=world.item("Ana"))
    assert (row.person, row.acting_for) == (ben, world.people["Ana"])
    body = json.loads(bytes(entries(world)[-1].body))
    assert body["acting_for"] == world.people["Ana"].subject
    said = json.loads(bytes(row.statement))["meaning"]["text"]
    assert said.startswith("By delegation, as ")
    assert world.posts["Ana"].title in said


def test_a_delegation_for_another_post_gives_no_say() -> None:
    world = World()
    world.route(["Ana", "Cai"])
    world.begin()
    ben = make_person(world.organisation, "Ben")
    other = make_post(world.posts["Ana"].unit, "handler")
    appoint(other, world.people["Ana"])
    delegate(world.people["Ana"], ben, post=other)
    with pytest.raises(actions.NotYourItem):
        world.decide("Ana", by=ben)


def test_delegations_make_no_chain() -> None:
    world = World()
    world.route(["Ana"])
    world.begin()
    ben, cai = make_holder(world.unit, "deputy"), make_person(world.organisation)
    delegate(world.people["Ana"], ben)
    delegate(ben, cai)
    with pytest.raises(actions.NotYourItem):
        world.decide("Ana", by=cai)


def test_whoever_lost_the_post_is_refused_with_the_reason_and_the_successor_decides() -> None:
    world = World()
    world.route(["Ana"])
    world.begin()
    appointment = world.posts["Ana"].appointments.get()
    appointment.ends_at = NOW + timedelta(minutes=1)
    appointment.save()
    with pytest.raises(actions.NotYourItem) as refusal:
        world.decide("Ana")
    assert "ended on" in str(refusal.value)
    assert refusal.value.status == 403
    successor = make_person(world.organisation)
    appoint(world.posts["Ana"], successor, starts_at=NOW + timedelta(minutes=2))
    assert world.decide("Ana", by=successor).result == "passed"


def test_a_delegation_that_ended_is_named_as_the_reason() -> None:
    world = World()
    world.route(["Ana"])
    world.begin()
    ben = make_person(world.organisation)
    delegate(world.people["Ana"], ben, ends_at=NOW + timedelta(minutes=1))
    with pytest.raises(actions.NotYourItem, match="The delegation from Ana has ended"):
        world.decide("Ana", by=ben)


def test_a_deactivated_person_signs_nothing() -> None:
    world = World()
    world.route(["Ana"])
    world.begin()
    ana = world.people["Ana"]
    type(ana).objects.filter(pk=ana.pk).update(is_active=False)
    with pytest.raises(actions.DeactivatedPerson):
        world.decide("Ana")


@pytest.mark.parametrize("how", ["submitter", "author", "their delegate"])
def test_nobody_decides_on_their_own_work(how: str) -> None:
    world = World()
    world.route(["Ana", "Ben"])
    ana, by = world.people["Ana"], world.people["Ana"]
    if how == "author":
        world.authors = frozenset([ana.pk])
    else:
        world.submitter = ana
    world.begin()
    if how == "their delegate":
        by = make_person(world.organisation)
        delegate(ana, by)
    with pytest.raises(actions.OwnWork):
        world.decide("Ana", by=by)
    assert world.decide("Ben").result == "passed"


def test_one_person_fills_one_seat_of_a_stage() -> None:
    world = World()
    world.route(["Ana", "Ben", "Cai"], rule="quorum", quorum_number=2, refusal="vote")
    directory_move(world, "Ben", "Ana")
    world.begin()
    world.decide("Ana")
    with pytest.raises(actions.OneSeat):
        world.decide("Ben", by=world.people["Ana"])
    assert world.decide("Cai").result == "passed"


def test_nobody_fills_a_second_seat_through_a_delegate() -> None:
    world = World()
    world.route(["Ana", "Ben", "Cai"], rule="quorum", quorum_number=2, refusal="vote")
    directory_move(world, "Ben", "Ana")
    dee = make_person(world.organisation, "Dee")
    delegate(world.people["Ana"], dee)
    world.begin()
    world.decide("Ana")
    with pytest.raises(actions.OneSeat):
        world.decide("Ben", by=dee)


def directory_move(world: World, name: str, to: str) -> None:
    """The post of `name` is held by `to` as well."""
    appointment = world.posts[name].appointments.get()
    appointment.person = world.people[to]
    appointment.save()


def test_a_delegate_with_a_seat_of_their_own_decides_there_first() -> None:
    world = World()
    world.route(["Ana", "Ben"], rule="all")
    world.begin()
    delegate(world.people["Ana"], world.people["Ben"])
    with pytest.raises(actions.OwnSeatFirst):
        world.decide("Ana", by=world.people["Ben"])
    world.decide("Ben")
    assert world.decide("Ana").result == "passed"


def test_an_item_of_another_organisation_does_not_exist() -> None:
    world = World()
    world.route(["Ana"])
    world.begin()
    with pytest.raises(WorkItem.DoesNotExist):
        world.decide("Ana", by=make_person(make_organisation()))


# Twice, too late, changed


def test_the_same_form_sent_twice_makes_one_sign_off() -> None:
    world = World()
    world.route(["Ana"])
    world.begin()
    key = uuid4()
    first, second = world.decide("Ana", key=key), world.decide("Ana", key=key)
    assert (second.sign_off_id, second.repeated) == (first.sign_off_id, True)
    assert SignOff.objects.filter(approval=first.approval_id).count() == 1


def test_a_key_that_was_used_for_another_request_is_refused() -> None:
    world = World()
    world.route(["Ana"])
    world.begin()
    key = uuid4()
    world.decide("Ana", key=key)
    with pytest.raises(actions.KeyReused) as refusal:
        world.decide("Ana", key=key, comment="Something else")
    assert refusal.value.status == 422


def test_whoever_comes_too_late_reads_who_decided_and_what() -> None:
    world = World()
    world.route(["Ana", "Ben"])
    world.begin()
    world.decide("Ana")
    assert "Ana approved" in closed_reason(world, "Ben")
    assert SignOff.objects.filter(approval=world.item("Ana").approval).count() == 1


def test_nothing_is_signed_when_the_subject_changed_since_the_page_was_shown() -> None:
    world = World()
    world.route(["Ana"])
    world.begin()
    digest = queries.seen_digest(world.item("Ana"))
    Unit.objects.filter(pk=world.unit.pk).update(name=f"Renamed {world.unit.pk}")
    with pytest.raises(actions.ContentChanged) as refusal:
        world.decide("Ana", seen_digest=digest)
    assert refusal.value.changes
    assert not SignOff.objects.filter(approval=world.item("Ana").approval).exists()


def test_another_ballot_meanwhile_is_no_conflict() -> None:
    world = World()
    world.route(["Ana", "Ben"], rule="all")
    world.begin()
    shown = queries.review(world.item("Ben"), world.people["Ben"], NOW)
    world.decide("Ana")
    result = world.decide("Ben", seen_digest=shown.digest, seen=str(shown.head))
    assert result.result == "passed"


def test_a_page_that_shows_a_record_the_ledger_does_not_have_is_refused() -> None:
    world = World()
    world.route(["Ana"])
    world.begin()
    with pytest.raises(actions.ContentChanged):
        world.decide("Ana", seen=f"1:{'ab' * 32}")


@pytest.mark.parametrize(
    ("decision", "more", "refusal"),
    [
        ("return", {"comment": "  "}, actions.ReasonRequired),
        ("return", {"target": 1}, actions.UnknownDecision),
        ("agree", {}, actions.UnknownDecision),
        ("approve", {"comment": "long " * 500}, actions.CommentTooLong),
    ],
)
def test_a_decision_that_cannot_be_taken_is_refused_with_nothing_written(
    decision: str, more: dict[str, object], refusal: type[Exception]
) -> None:
    world = World()
    world.route(["Ana"])
    world.begin()
    with pytest.raises(refusal):
        world.decide("Ana", decision, **more)  # type: ignore[arg-type]
    assert world.item("Ana").state == WorkItem.State.OPEN


def test_a_quorum_that_its_electorate_cannot_reach_never_passes() -> None:
    world = World()
    world.route(["Ana", "Ben"], rule="quorum", quorum_number=3, refusal="vote")
    world.begin()
    with pytest.raises(actions.OutOfReach):
        world.decide("Ana")
    assert world.decide("Ana", "return").result == "returned"


# Withdrawing and cancelling


def test_the_submitter_withdraws_until_somebody_has_decided() -> None:
    world = World()
    world.route(["Ana", "Ben"], rule="all")
    approval = world.begin()
    with pytest.raises(actions.NotTheSubmitter):
        world.withdraw(world.people["Ana"])
    world.withdraw()
    approval.refresh_from_db()
    assert approval.state == Approval.State.WITHDRAWN
    assert facts(world)["approval"]["state"] == "withdrawn"  # type: ignore[index]
    assert "withdrawn" in closed_reason(world, "Ana")
    world.begin()
    world.decide("Ana")
    with pytest.raises(actions.AlreadyDecided, match="Ana has already decided"):
        world.withdraw()


def test_a_cancelled_subject_ends_its_approval_and_closes_the_items() -> None:
    world = World()
    world.route(["Ana"])
    approval = world.begin()
    world.cancel()
    approval.refresh_from_db()
    assert approval.state == Approval.State.CANCELLED
    assert world.item("Ana").state == WorkItem.State.NOT_NEEDED
    assert world.cancel() == {}


def test_a_subject_has_one_open_approval() -> None:
    world = World()
    world.route(["Ana"])
    world.begin()
    with pytest.raises(actions.AlreadyUnderApproval):
        world.begin()


def test_nothing_begins_without_a_route() -> None:
    with pytest.raises(actions.NoRoute):
        World().begin()


def test_a_new_version_does_not_touch_approvals_on_their_way() -> None:
    world = World()
    world.route(["Ana"])
    approval = world.begin()
    world.route(["Ben"])
    assert world.decide("Ana").result == "passed"
    assert approval.version.number == 1
    assert world.begin().version.number == 2


# Blocked


def test_a_stage_whose_posts_are_vacant_is_blocked_until_somebody_is_appointed() -> None:
    world = World()
    world.route(["Ana"])
    world.posts["Ana"].appointments.update(ends_at=NOW - timedelta(days=1))
    approval = world.begin()
    (blocked,) = queries.blocked(world.organisation.pk, NOW)
    assert (blocked.approval, blocked.reason) == (approval, "vacant")
    appoint(world.posts["Ana"], make_person(world.organisation), starts_at=NOW)
    assert queries.blocked(world.organisation.pk, NOW) == []


def test_a_stage_whose_only_signer_wrote_the_report_is_blocked() -> None:
    world = World()
    world.route(["Ana"])
    world.submitter = world.people["Ana"]
    world.begin()
    (blocked,) = queries.blocked(world.organisation.pk, NOW)
    assert blocked.reason == "excluded"
    delegate(world.submitter, make_person(world.organisation))
    assert len(queries.blocked(world.organisation.pk, NOW)) == 1


def test_a_stage_that_finds_no_post_is_blocked_and_asks_again_once_there_is_one() -> None:
    world = World()
    lead = [{"select": "post_of_lead", "role": "principal"}]
    world.publish(StageSpec("Principal", lead))
    world.begin()
    (blocked,) = queries.blocked(world.organisation.pk, NOW)
    assert blocked.reason == "no_post"
    assert actions.ask_again(approval_id=blocked.approval.pk, at=NOW) == 0
    post = make_post(world.unit, "principal")
    person = make_person(world.organisation)
    appoint(post, person)
    assert actions.ask_unanswered(at=NOW) == 1
    assert queries.blocked(world.organisation.pk, NOW) == []
    world.posts["new"], world.people["new"] = post, person
    assert entries(world)[-1].kind == "approval.asked_again"
    assert world.decide("new").result == "passed"


def test_the_fallback_is_asked_where_nobody_else_could_act() -> None:
    world = World()
    first, second = world.seat("Ana"), world.seat("Ben")
    world.publish(StageSpec("Review", [first], fallback=[second]))
    world.submitter = world.people["Ana"]
    world.begin()
    assert world.item("Ben").origin == "fallback"
    assert world.decide("Ben").result == "passed"


def test_the_fallback_is_not_asked_where_somebody_could_act() -> None:
    world = World()
    first, second = world.seat("Ana"), world.seat("Ben")
    world.publish(StageSpec("Review", [first], fallback=[second]))
    approval = world.begin()
    assert [one.post for one in approval.work_items.all()] == [world.posts["Ana"]]


def test_a_post_that_was_abolished_is_not_asked_any_more() -> None:
    world = World()
    world.route(["Ana", "Ben"], rule="all")
    directory.abolish_post(post_id=world.posts["Ben"].pk, actor=OPERATOR, at=NOW)
    world.begin()
    assert world.decide("Ana").result == "passed"


# Publishing


@pytest.mark.parametrize(
    "stage",
    [
        StageSpec("Empty", []),
        StageSpec("Auditor", [{"select": "post_of_lead", "role": "auditor"}]),
        StageSpec("Administrator", [{"select": "post_of_lead", "role": "administrator"}]),
        StageSpec("Vote", [{"select": "post_of_lead", "role": "deputy"}], rule="quorum"),
        StageSpec("Later", [{"select": "post_of_lead", "role": "deputy"}], returns_to=[1]),
    ],
    ids=lambda stage: stage.name,
)
def test_a_route_that_could_never_work_is_not_published(stage: StageSpec) -> None:
    with pytest.raises(actions.InvalidRoute):
        World().publish(stage)


def test_publishing_a_route_is_recorded_and_an_administrators_right() -> None:
    world = World()
    world.route(["Ana"])
    entry = Entry.objects.filter(organisation=world.organisation.pk, kind="route.published").get()
    assert json.loads(bytes(entry.body))["facts"]["version"]["number"] == 1
    with pytest.raises(directory.NotAdministrator):
        actions.publish_route(
            organisation=world.organisation,
            name="Route",
            subject_kind="test_request",
            stages=[StageSpec("Mine", [{"select": "post_of_lead", "role": "deputy"}])],
            actor=world.people["Ana"],
            at=NOW,
        )


def test_the_openings_of_a_route_never_overlap() -> None:
    world = World()
    world.publish(StageSpec("First", [world.seat("Ana")]), StageSpec("Second", [world.seat("Ben")]))
    approval = world.begin()
    world.decide("Ana")
    assert Opening.objects.filter(approval=approval, outcome="").count() == 1
