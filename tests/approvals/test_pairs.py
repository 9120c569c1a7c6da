"""Every two acts of the engine at the same moment: the outcome is that of one after the other.

DUBAN_PAIRS says how often each pair races; at night it is ten times.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from itertools import combinations_with_replacement, count
from typing import Any
from uuid import uuid4

import pytest

from approvals import actions, queries
from approvals.actions import StageSpec
from approvals.models import Approval, Intervention, SignOff, WorkItem
from audit.errors import Refused
from audit.models import Entry
from directory import actions as directory
from directory.actions import OPERATOR
from directory.models import Appointment, Delegation, Person, Post
from tests.approvals.factories import KIND, World
from tests.factories import NOW, appoint, delegate, make_holder, make_person, make_post, make_unit
from tests.racing import Race, racing

pytestmark = [pytest.mark.races, pytest.mark.usefixtures("committed_db")]

TIMES = int(os.environ.get("DUBAN_PAIRS", "1"))
SOON = NOW + timedelta(minutes=1)
LATE = NOW + timedelta(days=21)
"""The stage is overdue by then."""
minutes = count(1)
MAY = ["add_signer", "transfer", "consult"]


@cache
def office() -> World:
    """Where Ana and Ben both sign, then Cai; Dee acts for Ben, Boss is asked when it is late."""
    world = World()
    first = [world.seat("Ana"), world.seat("Ben")]
    late = [world.seat("Boss")]
    world.publish(
        StageSpec("First", first, rule="all", may=MAY, due_in=1, escalate_to=late),
        StageSpec("Second", [world.seat("Cai")]),
    )
    for name in ("Ada", "Abe"):
        world.people[name] = make_holder(world.unit, "administrator", name)
    for name in ("Dee", "Eve", "Fay", "Gus", "Hal", "Ida"):
        world.people[name] = make_person(world.organisation, name)
    return world


@cache
def deserted_office() -> World:
    """Where nobody has the post that the route asks when something is submitted."""
    world = World()
    unit = make_unit(world.organisation)
    world.publish(StageSpec("Only", [{"select": "post", "unit": str(unit.pk), "role": "reviewer"}]))
    world.cooperating = (unit.pk,)
    return world


@dataclass
class Scene:
    """One approval, ready for two acts."""

    world: World
    approval: Approval | None = None
    delegation: Delegation | None = None
    opinion: WorkItem | None = None
    intervention: Intervention | None = None
    version: int = 0
    at: datetime = field(default_factory=lambda: LATE + timedelta(minutes=next(minutes)))
    """When both acts happen, later than in any scene before."""

    def item(self, name: str) -> WorkItem:
        assert self.approval
        items: Any = self.approval.work_items
        found: WorkItem = items.filter(post=self.world.posts[name]).earliest("id")
        return found

    def decide(self, decision: str, by: str = "Ben") -> Callable[[], object]:
        item = self.item("Ben")
        digest = queries.seen_digest(item)
        return lambda: actions.decide(
            work_item_id=item.pk,
            actor=self.world.people[by],
            decision=decision,
            comment="Not yet." if decision == "return" else "",
            seen_digest=digest,
            idempotency_key=uuid4(),
            at=self.at,
        )

    def beside(self, verb: str, name: str, **more: Any) -> Callable[[], object]:
        given = {
            "work_item_id": self.item("Ben").pk,
            "person": self.world.people[name],
            "question" if verb == "consult" else "note": "Please.",
            **more,
        }
        act = getattr(actions, verb)
        return lambda: act(**given, actor=self.world.people["Ben"], at=self.at)

    def revoke(self) -> Callable[[], object]:
        signed = SignOff.objects.get(approval=self.approval)
        return lambda: actions.revoke(
            sign_off_id=signed.pk, reason="Too fast.", actor=signed.person, at=self.at
        )

    def give_opinion(self) -> Callable[[], object]:
        assert self.opinion
        asked, eve = self.opinion.pk, self.world.people["Eve"]
        return lambda: actions.give_opinion(
            work_item_id=asked, opinion="Fine.", actor=eve, at=self.at
        )

    def publish(self) -> Callable[[], object]:
        rows = Approval.objects.filter(organisation=self.world.organisation)
        version = rows.latest("opened_at").version
        specs = [StageSpec.of_row(row) for row in version.stages.all()]
        return lambda: self.world.publish(*specs)

    def dismiss(self) -> Callable[[], object]:
        held = Appointment.objects.get(post=self.world.posts["Ben"], ends_at=None).pk
        return lambda: directory.dismiss(appointment_id=held, actor=OPERATOR, at=self.at)

    def end_delegation(self) -> Callable[[], object]:
        assert self.delegation
        given = self.delegation.pk
        return lambda: directory.revoke(delegation_id=given, actor=OPERATOR, at=self.at)

    def propose(self, kind: str, by: str = "Ada") -> Callable[[], Intervention]:
        assert self.approval
        reseat = kind == "reseat"
        item, given = self.item("Ben").pk if reseat else None, self.world.people["Ida"]
        approval = self.approval.pk
        return lambda: actions.propose_intervention(
            approval_id=approval,
            kind=kind,
            reason="It is stuck.",
            work_item_id=item,
            person=given if reseat else None,
            actor=self.world.people[by],
            at=self.at,
        )

    def settle(self, *, confirm: bool) -> Callable[[], object]:
        assert self.intervention
        made = self.intervention.pk
        return lambda: actions.settle_intervention(
            intervention_id=made, confirm=confirm, actor=self.world.people["Abe"], at=self.at
        )

    def abolish(self) -> Callable[[], object]:
        post = self.world.posts["Ben"].pk
        return lambda: directory.abolish_post(post_id=post, actor=OPERATOR, at=self.at)

    def deactivate(self) -> Callable[[], object]:
        ben = self.world.people["Ben"].pk
        return lambda: directory.deactivate_person(person_id=ben, actor=OPERATOR, at=self.at)

    def on_time(self, verb: str) -> Callable[[], object]:
        assert self.approval
        act, approval = getattr(actions, verb), self.approval.pk
        return lambda: bool(act(approval_id=approval, at=self.at))


ACTS: dict[str, Callable[[Scene], Callable[[], object]]] = {
    "approve": lambda scene: scene.decide("approve"),
    "approve for": lambda scene: scene.decide("approve", by="Dee"),
    "return": lambda scene: scene.decide("return"),
    "revoke": lambda scene: scene.revoke(),
    "transfer": lambda scene: scene.beside("transfer", "Fay"),
    "add signer": lambda scene: scene.beside("add_signer", "Gus", when="before"),
    "consult": lambda scene: scene.beside("consult", "Hal"),
    "give opinion": lambda scene: scene.give_opinion(),
    "withdraw": lambda scene: lambda: scene.world.withdraw(at=scene.at),
    "cancel": lambda scene: lambda: scene.world.cancel(at=scene.at),
    "begin": lambda scene: lambda: scene.world.begin(at=scene.at),
    "publish": lambda scene: scene.publish(),
    "act on": lambda scene: scene.on_time("act_on"),
    "ask again": lambda scene: scene.on_time("ask_again"),
    "dismiss": lambda scene: scene.dismiss(),
    "end delegation": lambda scene: scene.end_delegation(),
    "abolish": lambda scene: scene.abolish(),
    "deactivate": lambda scene: scene.deactivate(),
    "propose": lambda scene: scene.propose("send_back"),
    "reseat": lambda scene: scene.settle(confirm=True),
    "send back": lambda scene: scene.settle(confirm=True),
    "decline": lambda scene: scene.settle(confirm=False),
}
WITHOUT_SEATS = {"withdraw", "cancel", "begin", "publish", "act on", "ask again"}
PROPOSED = {"reseat", "send back", "decline"}
"""These settle what was proposed before."""
RARE = {"abolish", "deactivate", "propose", "reseat", "send back", "decline"}
COMMON = {"approve", "return", "add signer", "transfer", "withdraw", "cancel"}


def kept(pair: tuple[str, str]) -> bool:
    """One proposal is of one kind, and a stage without seats knows only some of the acts."""
    if "ask again" in pair:
        return {*pair} <= WITHOUT_SEATS
    return {*pair} != {"reseat", "send back"}


def nightly(pair: tuple[str, str]) -> bool:
    """What seldom happens meets by day only what often does."""
    return bool(RARE & {*pair}) and not COMMON & {*pair}


PAIRS = [
    pytest.param(pair, id=" / ".join(pair), marks=[pytest.mark.nightly] * nightly(pair))
    for pair in combinations_with_replacement(ACTS, 2)
    if kept(pair)
]


def scene(pair: tuple[str, str]) -> Scene:
    """What the two acts need: usually an open stage in which Ana, when it matters, has signed."""
    if "ask again" in pair:
        return deserted()
    world = office()
    world.unit = make_unit(world.organisation)
    made = Scene(world)
    before = made.at - timedelta(seconds=30)
    ben, post = back_again(world, before)
    if not Appointment.objects.filter(post=post, ends_at=None).exists():
        appoint(post, ben, starts_at=before)
    made.delegation = lend(ben, world.people["Dee"], before)
    if {*pair} <= {"begin", "publish"}:
        return made
    made.approval = world.begin(at=NOW)
    made.version = made.approval.version.number
    if "revoke" in pair:
        world.decide("Ana", item=made.item("Ana"), at=SOON)
    if PROPOSED & {*pair}:
        made.intervention = made.propose("reseat" if "reseat" in pair else "send_back")()
    made.opinion = actions.consult(
        work_item_id=made.item("Ben").pk,
        person=world.people["Eve"],
        question="What do you think?",
        actor=ben,
        at=made.at,
    )
    return made


def deserted() -> Scene:
    world = deserted_office()
    (office_of_nobody,) = world.cooperating
    world.unit = make_unit(world.organisation)
    for post in world.posts.values():
        directory.abolish_post(post_id=post.pk, actor=OPERATOR, at=NOW)
    made = Scene(world, world.begin(at=NOW))
    unit = world.organisation.units.get(pk=office_of_nobody)
    world.posts = {"new": make_post(unit, "reviewer")}
    assert made.approval
    made.version = made.approval.version.number
    return made


def back_again(world: World, at: datetime) -> tuple[Person, Post]:
    """Ben, whose account is open, and a post of his."""
    ben, post = world.people["Ben"], world.posts["Ben"]
    ben.refresh_from_db()
    post.refresh_from_db()
    if not ben.is_active:
        ben = directory.reactivate_person(person_id=ben.pk, actor=OPERATOR, at=at)
    if post.abolished_at:
        post = make_post(post.unit, post.role)
    world.people["Ben"], world.posts["Ben"] = ben, post
    return ben, post


def lend(principal: Person, to: Person, at: datetime) -> Delegation:
    given = Delegation.objects.filter(principal=principal, revoked_at=None).first()
    return given or delegate(principal, to, starts_at=at, ends_at=at + timedelta(days=99))


def outcome(scene: Scene, results: list[object]) -> tuple[object, ...]:
    """All that somebody could tell afterwards."""
    subject = scene.world.unit
    approvals = Approval.objects.filter(subject_kind=KIND, subject_id=subject.pk)
    items = WorkItem.objects.filter(approval__in=approvals)
    ours = items.order_by("approval__opened_at", "opening__number", "position", "id")
    return (
        list(approvals.order_by("opened_at").values_list("state", flat=True)),
        [
            one.version.number - scene.version if scene.version else 0
            for one in approvals.select_related("version")
        ],
        list(
            ours.values_list(
                "opening__stage__position",
                "opening__round__number",
                "opening__outcome",
                "position",
                "post__unit",
                "person",
                "origin",
                "state",
                "waits_for",
                "sign_off__decision",
                "sign_off__person",
                "sign_off__acting_for",
            )
        ),
        list(
            Entry.objects.filter(subject=subject.subject)
            .order_by("subject_seq")
            .values_list("kind", flat=True)
        ),
        [told(result) for result in results],
    )


def told(result: object) -> object:
    """A refusal by its name; of what was made only that it was."""
    if isinstance(result, Exception):
        assert isinstance(result, Refused), result
        assert result.status < 500
        return type(result).__name__
    return result if isinstance(result, bool) else "done"


def attempt(act: Callable[[], object]) -> object:
    try:
        return act()
    except Refused as refusal:
        return refusal


def serial(pair: tuple[str, str], *, turned: bool) -> tuple[object, ...]:
    made = scene(pair)
    acts = [ACTS[name](made) for name in pair]
    results = [attempt(act) for act in (reversed(acts) if turned else acts)]
    return outcome(made, list(reversed(results)) if turned else results)


@pytest.fixture(scope="module")
def race_of_two() -> Iterator[Race]:
    """Two connections for all pairs."""
    with racing(2) as race:
        yield race


@pytest.mark.parametrize("times", [TIMES, pytest.param(10, marks=pytest.mark.nightly)])
@pytest.mark.parametrize("pair", PAIRS)
def test_two_acts_at_once_end_like_one_after_the_other(
    pair: tuple[str, str], times: int, race_of_two: Race
) -> None:
    in_order = serial(pair, turned=False)
    for _ in range(times):
        made = scene(pair)
        found = outcome(made, race_of_two([ACTS[name](made) for name in pair]))
        assert found == in_order or found == serial(pair, turned=True)
