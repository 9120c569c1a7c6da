"""An approval that is stuck is moved by two administrators, who decide nothing themselves."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from approvals import actions, queries
from approvals.models import Approval, Intervention, SignOff, WorkItem
from audit.models import Entry
from audit.verification import verify
from directory import actions as directory
from directory.actions.authority import NotAdministrator
from directory.models import Person, Unit
from tests.approvals.factories import World
from tests.factories import NOW, appoint, delegate, make_holder, make_person, make_post
from tests.racing import Race

pytestmark = pytest.mark.usefixtures("committed_db")


class Office(World):
    """A world with two administrators and an approval that waits for a vacant post."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.first = make_holder(self.unit, "administrator", "First")
        self.second = make_holder(self.unit, "administrator", "Second")
        self.eve = make_person(self.organisation, "Eve")

    def stuck(self, *names: str) -> Approval:
        self.route(names or ["Ana"], rule="all")
        approval = self.begin()
        Person.objects.filter(pk=self.people["Ana"].pk).update(is_active=False)
        return approval

    def propose(self, approval: Approval, kind: str = "reseat", **more: Any) -> Intervention:
        if kind == "reseat":
            more = {"work_item_id": self.item("Ana").pk, "person": self.eve} | more
        by = more.pop("actor", self.first)
        return actions.propose_intervention(
            approval_id=approval.pk,
            kind=kind,
            reason="Her post was abolished.",
            actor=by,
            at=NOW,
            **more,
        )

    def settle(
        self, made: Intervention, actor: Person | None = None, *, confirm: bool = True
    ) -> Intervention:
        return actions.settle_intervention(
            intervention_id=made.pk, confirm=confirm, actor=actor or self.second, at=NOW
        )


def last(world: World) -> tuple[str, dict[str, Any]]:
    entry = Entry.objects.filter(subject=world.unit.subject).latest("subject_seq")
    facts: dict[str, Any] = json.loads(bytes(entry.body))["facts"]
    return entry.kind, facts


def test_a_seat_that_nobody_can_fill_is_given_to_somebody_who_then_decides() -> None:
    office = Office()
    approval = office.stuck("Ana", "Ben")
    office.settle(office.propose(approval))
    seat = WorkItem.objects.get(succeeds=office.item("Ana"))
    assert (seat.person, seat.state) == (office.eve, WorkItem.State.OPEN)
    stage = queries.review(seat, office.eve, NOW).stage
    assert [one.status for one in stage.asides] == ["reseated"]
    assert [one.aside for one in stage.seats if one.item == seat] == [
        "given the seat by an intervention that First proposed"
    ]
    before = office.item("Ana")
    told = queries.what_closed(before.pk)
    assert told == "an intervention gave the seat to Eve."
    assert last(office)[0] == "approval.intervention_confirmed"
    assert not SignOff.objects.filter(approval=approval).exists()
    office.people["Eve"] = office.eve
    assert office.decide("Eve", item=seat).result == "pending"
    assert office.decide("Ben").result == "passed"
    assert verify(office.organisation.pk).first_bad is None


def test_a_seat_whose_turn_has_not_come_waits_for_it_in_other_hands_too() -> None:
    office = Office()
    office.route(["Ben", "Ana"], rule="all", sequential=True)
    approval = office.begin()
    office.settle(office.propose(approval))
    seat = WorkItem.objects.get(succeeds=office.item("Ana"))
    assert seat.state == WorkItem.State.WAITING
    office.decide("Ben")
    office.people["Eve"] = office.eve
    assert office.decide("Eve", item=seat).result == "passed"


def test_an_approval_on_a_mistaken_route_is_sent_back_and_begins_anew_on_the_new_one() -> None:
    office = Office()
    approval = office.stuck()
    office.settle(office.propose(approval, "send_back"))
    approval.refresh_from_db()
    assert approval.state == Approval.State.CANCELLED
    office.unit.refresh_from_db()
    assert office.unit.kind == Unit.Kind.OTHER  # what a return makes of this subject
    office.route(["Ben"])
    again = office.begin()
    assert again.version_id != approval.version_id
    assert verify(office.organisation.pk).first_bad is None


def test_nothing_moves_before_the_second_administrator_confirms() -> None:
    office = Office()
    approval = office.stuck()
    made = office.propose(approval)
    assert not WorkItem.objects.filter(person=office.eve).exists()
    office.settle(made, office.first, confirm=False)
    made.refresh_from_db()
    assert made.state == Intervention.State.DECLINED
    assert not WorkItem.objects.filter(person=office.eve).exists()
    assert office.propose(approval).state == Intervention.State.PROPOSED


@pytest.mark.parametrize(
    ("who", "refusal"),
    [
        (lambda office: office.first, actions.SecondPerson),
        (lambda office: office.eve, NotAdministrator),
        (lambda office: office.submitter, NotAdministrator),
        (lambda office: World().submitter, Intervention.DoesNotExist),
    ],
)
def test_nobody_else_can_confirm(who: Callable[[Office], Person], refusal: type[Exception]) -> None:
    office = Office()
    made = office.propose(office.stuck())
    with pytest.raises(refusal):
        office.settle(made, who(office))
    made.refresh_from_db()
    assert made.state == Intervention.State.PROPOSED


def test_an_administrator_who_submitted_it_neither_proposes_nor_confirms() -> None:
    office = Office()
    directory.appoint(
        post=make_post(office.unit, "administrator"),
        person=office.submitter,
        starts_at=NOW,
        ends_at=None,
        actor="operator",
        at=NOW,
    )
    approval = office.stuck()
    with pytest.raises(actions.OwnWork):
        office.propose(approval, actor=office.submitter)
    with pytest.raises(actions.OwnWork):
        office.settle(office.propose(approval), office.submitter)


@pytest.mark.parametrize("who", ["submitter", "Ben", "stranger"])
def test_a_seat_goes_only_to_somebody_who_could_decide(who: str) -> None:
    office = Office()
    approval = office.stuck("Ana", "Ben")
    people = {"submitter": office.submitter, "stranger": World().submitter, **office.people}
    with pytest.raises((actions.NotEligible, actions.AlreadyAsked)):
        office.propose(approval, person=people[who])


def test_a_seat_that_was_decided_meanwhile_is_not_taken_away() -> None:
    office = Office()
    office.route(["Ana", "Ben"], rule="all")
    approval = office.begin()
    made = office.propose(approval)
    office.decide("Ana")
    with pytest.raises(actions.NotStuck):
        office.settle(made)
    assert office.item("Ana").state == WorkItem.State.DECIDED


@pytest.mark.parametrize("end", ["passed", "withdrawn", "with_submitter"])
def test_what_is_over_meanwhile_is_not_sent_back_any_more(end: str) -> None:
    office = Office()
    office.route(["Ana"])
    approval = office.begin()
    made = office.propose(approval, "send_back")
    if end == "withdrawn":
        office.withdraw()
    else:
        office.decide("Ana", "approve" if end == "passed" else "return")
    with pytest.raises(actions.NotStuck):
        office.settle(made)
    approval.refresh_from_db()
    assert approval.state == end
    assert office.settle(made, confirm=False).state == Intervention.State.DECLINED


def test_whoever_acts_for_an_administrator_is_no_second_one() -> None:
    office = Office()
    approval = office.stuck()
    delegate(office.first, office.eve)
    made = office.propose(approval, "send_back")
    with pytest.raises(actions.SecondPerson):
        office.settle(made, office.eve)
    assert office.settle(made, office.eve, confirm=False).state == Intervention.State.DECLINED


def test_nobody_intervenes_for_an_administrator_who_submitted_it() -> None:
    office = Office()
    appoint(make_post(office.unit, "administrator"), office.submitter)
    delegate(office.submitter, office.eve)
    approval = office.stuck()
    with pytest.raises(actions.OwnWork):
        office.propose(approval, "send_back", actor=office.eve)
    with pytest.raises(actions.OwnWork):
        office.settle(office.propose(approval, "send_back"), office.eve)


def test_only_one_intervention_is_proposed_at_a_time() -> None:
    office = Office()
    approval = office.stuck()
    office.propose(approval)
    with pytest.raises(actions.InterventionPending):
        office.propose(approval, "send_back")


def test_an_intervention_is_settled_once_however_many_try(race: Race) -> None:
    office = Office()
    third = make_holder(office.unit, "administrator", "Third")
    for _ in range(5):
        world = Office(organisation=office.organisation)
        approval = world.stuck()
        made = world.propose(approval, actor=office.first)
        acts = [
            lambda: world.settle(made, office.second),  # noqa: B023
            lambda: world.settle(made, third, confirm=False),  # noqa: B023
        ]
        results = race(acts)
        assert sum(isinstance(one, Intervention) for one in results) == 1
        assert sum(isinstance(one, actions.AlreadySettled) for one in results) == 1
    assert verify(office.organisation.pk).first_bad is None
