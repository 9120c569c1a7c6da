"""What the fields of a stage do, a scenario each: who is asked, what passes, what returns do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from approvals.actions import StageSpec
from approvals.models import Approval, Opening, WorkItem
from approvals.selectors import resolve
from approvals.subjects import Context
from directory.models import Person, Post, Unit
from tests.approvals.factories import World
from tests.factories import NOW, appoint, make_organisation, make_person, make_post, make_unit

pytestmark = pytest.mark.usefixtures("committed_db")


@dataclass
class District:
    """A lead unit with two above it, two partners, and the two offices."""

    units: dict[str, Unit]
    people: dict[str, Person]
    context: Context

    @classmethod
    def make(cls) -> "District":
        organisation = make_organisation()
        top = make_unit(organisation)
        above = make_unit(organisation, parent=top)
        units = {"top": top, "above": above, "lead": make_unit(organisation, parent=above)}
        units |= {
            name: make_unit(organisation) for name in ("one", "two", "coordinating", "reviewing")
        }
        people = {}
        for name, unit in units.items():
            people[name] = make_person(organisation, name)
            appoint(make_post(unit, "principal"), people[name])
        context = Context(
            lead_unit=units["lead"].pk,
            cooperating_units=(units["one"].pk, units["two"].pk),
            coordinating_unit=units["coordinating"].pk,
            reviewing_unit=units["reviewing"].pk,
        )
        return cls(units, people, context)

    def asked(self, *selectors: dict[str, object], context: Context | None = None) -> list[str]:
        [chairs] = resolve([selectors], context or self.context, NOW)
        names = {
            pk: post.appointments.get().person.name
            for pk, post in Post.objects.in_bulk([c.post for c in chairs if c.post]).items()
        }
        people = {person.pk: name for name, person in self.people.items()}
        return [names[one.post] if one.post else people[one.id] for one in chairs]


@pytest.fixture
def district() -> District:
    return District.make()


@pytest.mark.parametrize(
    ("select", "names"),
    [
        ("post_of_lead", ["lead"]),
        ("post_of_superior", ["above"]),
        ("post_of_each_cooperating", ["one", "two"]),
        ("post_of_coordinating", ["coordinating"]),
        ("post_of_reviewing", ["reviewing"]),
    ],
)
def test_a_selector_asks_the_posts_of_the_unit_it_means(
    district: District, select: str, names: list[str]
) -> None:
    assert sorted(district.asked({"select": select, "role": "principal"})) == sorted(names)


def test_posts_of_a_unit_further_up_a_named_person_and_a_unit_by_name_are_asked(
    district: District,
) -> None:
    asked: Callable[..., list[str]] = district.asked
    assert asked({"select": "post_of_superior", "role": "principal", "levels": 2}) == ["top"]
    assert asked({"select": "post_of_superior", "role": "principal", "levels": 3}) == []
    assert asked({"select": "person", "person": str(district.people["one"].pk)}) == ["one"]
    unit = str(district.units["two"].pk)
    assert asked({"select": "post", "unit": unit, "role": "principal"}) == ["two"]


def test_whom_a_unit_named_goes_before_its_posts(district: District) -> None:
    lead, person = district.units["lead"], district.people["two"]
    named = Context(lead_unit=lead.pk, named={(lead.pk, "deputy"): person.pk})
    assert district.asked({"select": "post_of_lead", "role": "deputy"}, context=named) == ["two"]


def states(world: World) -> list[str]:
    items = WorkItem.objects.filter(opening__stage__position=1).order_by("position")
    return list(items.filter(approval__subject_id=world.unit.pk).values_list("state", flat=True))


def outcome(approval: Approval) -> str:
    return str(Opening.objects.get(approval=approval, number=1).outcome)


def test_a_percentage_is_taken_of_the_weights_and_rounded_up() -> None:
    """3 of 5 by weight: 60 % of 2 + 1 + 1 + 1 are 3."""
    world = World()
    selectors: Sequence[dict[str, object]] = [
        world.seat("Ana") | {"weight": 2},
        *(world.seat(name) for name in ("Ben", "Cy", "Di")),
    ]
    world.publish(StageSpec("Vote", selectors, rule="quorum", quorum_percent=60, refusal="vote"))
    approval = world.begin()
    world.decide("Ben")
    assert outcome(approval) == ""
    world.decide("Ana")
    assert outcome(approval) == "passed"
    assert states(world) == ["decided", "decided", "not_needed", "not_needed"]


def test_where_opinions_are_asked_a_return_is_recorded_and_the_stage_passes_all_the_same() -> None:
    world = World()
    opinions = StageSpec("Opinions", [world.seat("Ana"), world.seat("Ben")], refusal="advice")
    world.publish(opinions, StageSpec("Office", [world.seat("Cy")]))
    approval = world.begin()
    world.decide("Ana", "return")
    assert outcome(approval) == ""
    world.decide("Ben")
    assert outcome(approval) == "passed"
    assert world.item("Cy").state == "open"


@pytest.mark.parametrize(("refusal", "after_one"), [("veto", "returned"), ("vote", "")])
def test_a_return_ends_the_stage_under_a_veto_and_counts_where_returns_are_votes(
    refusal: str, after_one: str
) -> None:
    world = World()
    world.route(["Ana", "Ben"], rule="any", refusal=refusal)
    approval = world.begin()
    world.decide("Ana", "return")
    assert outcome(approval) == after_one
    if not after_one:
        world.decide("Ben", "return")
        assert outcome(approval) == "returned"


def test_a_return_closes_the_others_seats_and_its_ballots_stay_with_their_round() -> None:
    world = World()
    world.route(["Ana", "Ben", "Cy"], rule="all")
    approval = world.begin()
    world.decide("Ana")
    world.decide("Ben", "return")
    assert states(world) == ["decided", "decided", "not_needed"]
    world.begin()
    rounds = list(approval.sign_offs.values_list("work_item__opening__round__number", flat=True))
    assert rounds == [1, 1]
    assert approval.rounds.count() == 2
