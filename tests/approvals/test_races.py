"""Many people at once, on real connections: every race has one outcome, and nobody is lost.

DUBAN_RACES sets how many decisions race in all: 2,000 in continuous integration, 10,000 at night.
"""

import os
from collections import Counter
from collections.abc import Sequence

import pytest

from approvals import actions, queries
from approvals.actions import StageSpec
from approvals.models import Approval, Opening, RouteVersion, SignOff, WorkItem
from audit.errors import Refused
from audit.models import Entry
from directory.models import Person
from tests.approvals.factories import KIND, World
from tests.factories import NOW, delegate, make_person, make_post, make_unit
from tests.racing import CONNECTIONS, Act, Race

pytestmark = [pytest.mark.races, pytest.mark.usefixtures("committed_db")]

TOTAL = int(os.environ.get("DUBAN_RACES", "500"))
NIGHT = 10_000
KINDS = 4


@pytest.fixture(params=[TOTAL, pytest.param(NIGHT, marks=pytest.mark.nightly)])
def rounds(request: pytest.FixtureRequest) -> range:
    """As many rounds of a race as make up this kind's share of all decisions."""
    return range(-(-request.param // KINDS // CONNECTIONS))


def names(result: object) -> str:
    return getattr(result, "result", None) or type(result).__name__


def check(world: World, approval: Approval, results: Sequence[object], ballots: int) -> None:
    """None lost, none double; and the chain counts every decision once."""
    assert not [one for one in results if isinstance(one, Exception) and not refused(one)]
    signed = [one for one in results if isinstance(one, actions.Decided)]
    assert len(signed) == ballots
    assert SignOff.objects.filter(approval=approval).count() == ballots
    kinds = Counter(
        Entry.objects.filter(subject=approval.root, kind="approval.signed_off").values_list(
            "kind", flat=True
        )
    )
    assert kinds.total() == ballots
    seqs = list(
        Entry.objects.filter(subject=approval.root)
        .order_by("subject_seq")
        .values_list("subject_seq", flat=True)
    )
    assert seqs == list(range(1, len(seqs) + 1))


def refused(error: Exception) -> bool:
    return isinstance(error, Refused) and error.status < 500


def decide(world: World, name: str, by: Person | None = None, decision: str = "approve") -> Act:
    item = world.item(name)
    digest = queries.seen_digest(item)
    return lambda: world.decide(name, decision, by=by, item=item, seen_digest=digest)


def fresh(world: World) -> Approval:
    """The next approval, of a unit of its own."""
    world.unit = make_unit(world.organisation)
    return world.begin()


def test_an_item_is_decided_once_by_its_holder_or_a_delegate(race: Race, rounds: range) -> None:
    world = World()
    world.route(["Ana"])
    delegates = [make_person(world.organisation) for _ in range(CONNECTIONS - 1)]
    for person in delegates:
        delegate(world.people["Ana"], person)
    for _ in rounds:
        approval = fresh(world)
        results = race([decide(world, "Ana", by) for by in [world.people["Ana"], *delegates]])
        check(world, approval, results, ballots=1)
        assert Counter(map(names, results)) == {"passed": 1, "StageClosed": CONNECTIONS - 1}


def test_the_last_two_of_all_pass_the_stage_once(race: Race, rounds: range) -> None:
    world = World()
    people = [f"P{number}" for number in range(CONNECTIONS)]
    world.route(people, rule="all")
    for _ in rounds:
        approval = fresh(world)
        results = race([decide(world, name) for name in people])
        check(world, approval, results, ballots=CONNECTIONS)
        assert Counter(map(names, results)) == {"pending": CONNECTIONS - 1, "passed": 1}
        assert Approval.objects.get(pk=approval.pk).state == Approval.State.PASSED


def test_a_quorum_closes_at_its_edge_and_takes_no_vote_after(race: Race, rounds: range) -> None:
    world = World()
    people = [f"P{number}" for number in range(CONNECTIONS)]
    world.route(people, rule="quorum", quorum_number=5, refusal="vote")
    for _ in rounds:
        approval = fresh(world)
        results = race([decide(world, name) for name in people])
        check(world, approval, results, ballots=5)
        assert Counter(map(names, results)) == {
            "pending": 4,
            "passed": 1,
            "StageClosed": CONNECTIONS - 5,
        }


def test_a_withdrawal_and_decisions_leave_one_of_them_standing(race: Race, rounds: range) -> None:
    world = World()
    people = [f"P{number}" for number in range(CONNECTIONS - 1)]
    world.route(people, rule="all")
    outcomes: Counter[str] = Counter()
    for _ in rounds:
        approval = fresh(world)
        results = race([world.withdraw, *[decide(world, name) for name in people]])
        withdrawn = results[0] is None
        check(world, approval, results, ballots=0 if withdrawn else len(people))
        state = Approval.objects.get(pk=approval.pk).state
        assert state == ("withdrawn" if withdrawn else "passed")
        assert names(results[0]) in ("NoneType", "AlreadyDecided", "NotUnderApproval")
        outcomes[state] += 1
    assert outcomes.total() == len(rounds)


def test_one_form_sent_many_times_at_once_signs_once(race: Race) -> None:
    world = World()
    world.route(["Ana"])
    for _ in range(3):
        approval = fresh(world)
        item, key = world.item("Ana"), approval.pk
        digest = queries.seen_digest(item)
        act = lambda: world.decide("Ana", item=item, seen_digest=digest, key=key)  # noqa: B023, E731
        results = race([act] * CONNECTIONS)
        assert {one.sign_off_id for one in results} == {  # type: ignore[attr-defined]
            SignOff.objects.get(approval=approval).pk
        }


def test_after_all_races_no_stage_is_stuck(race: Race) -> None:
    world = World()
    world.route(["Ana", "Ben"], rule="all")
    for _ in range(5):
        approval = fresh(world)
        check(world, approval, race([decide(world, "Ana"), decide(world, "Ben")]), ballots=2)
        assert not Opening.objects.filter(approval=approval, outcome="").exists()
        assert not WorkItem.objects.filter(approval=approval, state="open").exists()
        assert Approval.objects.get(pk=approval.pk, subject_kind=KIND).ended_at is not None


def test_a_cancellation_and_decisions_leave_one_of_them_standing(race: Race) -> None:
    world = World()
    people = [f"P{number}" for number in range(CONNECTIONS - 1)]
    world.route(people, rule="all")
    for _ in range(4):
        approval = fresh(world)
        results = race([world.cancel, *[decide(world, name) for name in people]])
        # Whoever came first is kept, whichever way it ended.
        signed = [one for one in results if isinstance(one, actions.Decided)]
        check(world, approval, results, ballots=len(signed))
        cancelled = bool(results[0])
        assert cancelled == (len(signed) < len(people))
        state = Approval.objects.get(pk=approval.pk).state
        assert state == ("cancelled" if cancelled else "passed")
        assert not WorkItem.objects.filter(approval=approval, state__in=["open", "waiting"])


def test_a_route_published_by_many_at_once_has_as_many_versions_in_a_row(race: Race) -> None:
    world = World()
    seats = [world.seat("Ana")]
    results = race([lambda: world.publish(StageSpec("Review", seats))] * CONNECTIONS)
    assert results == [None] * CONNECTIONS
    versions = RouteVersion.objects.filter(organisation=world.organisation).order_by("number")
    assert [one.number for one in versions] == list(range(1, CONNECTIONS + 1))
    assert [one.stages.count() for one in versions] == [1] * CONNECTIONS
    entries = Entry.objects.filter(organisation=world.organisation.pk, kind="route.published")
    assert entries.count() == CONNECTIONS


def test_a_stage_that_had_nobody_is_asked_once_by_however_many_workers(race: Race) -> None:
    world = World()
    unit = make_unit(world.organisation)
    asks = {"select": "post", "unit": str(unit.pk), "role": "reviewer"}
    world.publish(StageSpec("Review", [asks], rule="all"))
    approval = world.begin()
    for _ in range(3):
        make_post(unit, "reviewer")
    results = race([lambda: actions.ask_again(approval_id=approval.pk, at=NOW)] * CONNECTIONS)
    assert Counter(results) == {3: 1, 0: CONNECTIONS - 1}
    assert WorkItem.objects.filter(approval=approval).count() == 3
    asked = Entry.objects.filter(subject=approval.root, kind="approval.asked_again")
    assert asked.count() == 1
