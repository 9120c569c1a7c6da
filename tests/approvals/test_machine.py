"""The whole engine on a real database, step by step beside a small model of it.

Whatever order people act in, after every step the two agree on approval, stages, seats, ballots and
whether anybody can go on. DUBAN_MACHINE_RUNS and DUBAN_MACHINE_STEPS say how long it goes on.
"""

import os
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from approvals import actions, queries
from approvals.actions import StageSpec
from approvals.models import Approval, SignOff, WorkItem
from approvals.rules import Rule
from approvals.subjects import Context
from audit.actions import append
from audit.errors import Refused
from audit.verification import verify
from directory import actions as directory
from directory.actions import OPERATOR
from directory.models import Appointment, Person, Post, Unit
from tests.approvals.factories import KIND
from tests.approvals.model import Ask, Model, Opening, Seat, Step
from tests.factories import NOW, make_organisation, make_person, make_post, make_unit

pytestmark = pytest.mark.usefixtures("committed_db")

RUNS = int(os.environ.get("DUBAN_MACHINE_RUNS", "25"))
STEPS = int(os.environ.get("DUBAN_MACHINE_STEPS", "30"))

POSTS = {"deputy": "Ana", "principal": "Ben", "reviewer": "Cai", "coordinator": "Dan"}
LATECOMER = "office"
"""A post that is created only after routes have asked for it."""
NAMED = ("Eve", "Fay")
PEOPLE = (*POSTS.values(), *NAMED, "Sue")
MAY = ("add_signer", "transfer", "consult")

OVER_BY_ITSELF = ("condition", "carried", "time_is_up")
"""Why a stage is over that nobody decided on."""

one_ask = st.sampled_from(
    [*(Ask(post=post) for post in POSTS), *(Ask(person=name) for name in NAMED)]
)
pick = st.integers(0, 719)
"""Chooses one of however many there are."""


def asks(most: int, least: int = 1) -> st.SearchStrategy[list[Ask]]:
    return st.lists(one_ask, min_size=least, max_size=most, unique=True)


@st.composite
def steps(draw: st.DrawFn, position: int, *, last: bool) -> Step:
    kind = draw(st.sampled_from(["any", "all", "quorum"]))
    refusals = ["veto", "vote"] if last else ["veto", "vote", "vote", "advice"]
    refusal, sequential = draw(st.sampled_from(refusals)), draw(st.booleans())
    asked = [
        Ask(ask.post, ask.person, draw(st.integers(1, 3)) if kind == "quorum" else 1)
        for ask in draw(asks(4))
    ]
    if draw(pick) % 12 == 0:
        asked = [Ask(post=LATECOMER)]
    number = draw(st.none() | st.integers(1, 4)) if kind == "quorum" else None
    percent = draw(st.sampled_from([50, 67, 100])) if kind == "quorum" and not number else None
    escalates = draw(asks(2, least=0))
    return Step(
        asked,
        Rule(kind, refusal, number, percent, sequential),
        returns_to=range(1, position),
        resumes=draw(st.booleans()),
        carries=draw(st.booleans()),
        escalates=escalates,
        due=bool(escalates) or refusal == "advice",
        fallback=draw(asks(1, least=0)) if draw(st.booleans()) else (),
        urgent_only=not last and draw(pick) % 6 == 0,
    )


@st.composite
def routes(draw: st.DrawFn) -> tuple[Step, ...]:
    length = draw(st.integers(1, 3))
    return tuple(draw(steps(n, last=n == length)) for n in range(1, length + 1))


class World:
    """People, posts and one subject, as the model names them."""

    def __init__(self) -> None:
        self.organisation = make_organisation()
        self.unit, self.office = make_unit(self.organisation), make_unit(self.organisation)
        self.people = {name: make_person(self.organisation, name) for name in PEOPLE}
        self.names = {person.pk: name for name, person in self.people.items()}
        self.posts: dict[str, Post] = {}
        self.delegations: dict[int, UUID] = {}
        for role in POSTS:
            self.posts[role] = make_post(self.office, role)
        self.other = make_unit(self.organisation)

    def selector(self, ask: Ask) -> dict[str, Any]:
        if ask.person:
            who = {"select": "person", "person": str(self.people[ask.person].pk)}
            return {**who, "weight": ask.weight}
        unit, role = (self.other, "reviewer") if ask.post == LATECOMER else (self.office, ask.post)
        return {"select": "post", "unit": str(unit.pk), "role": role, "weight": ask.weight}

    def stage(self, step: Step) -> StageSpec:
        return StageSpec(
            "Stage",
            [self.selector(ask) for ask in step.asks],
            rule=step.rule.kind,
            quorum_number=step.rule.number,
            quorum_percent=step.rule.percent,
            refusal=step.rule.refusal,
            sequential=step.rule.sequential,
            returns_to=tuple(step.returns_to),
            after_return="resume" if step.resumes else "restart",
            repeat_signer="carry" if step.carries else "ask",
            due_in=1 if step.due else None,
            escalate_to=[self.selector(ask) for ask in step.escalates],
            fallback=[self.selector(ask) for ask in step.fallback],
            may=MAY,
            condition={"priorities": ["high"]} if step.urgent_only else None,
        )


class Engine(RuleBasedStateMachine):
    """Each rule does something in the database and in the model; `done` compares the two."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.at = NOW
        self.model = Model(holders={}, missing={LATECOMER})
        for role, name in POSTS.items():
            self.hold(role, name)

    @initialize(route=routes())
    def first_route(self, route: tuple[Step, ...]) -> None:
        self.published(route)
        expected = self.model.submit("Sue", frozenset(), True, False)
        self.done(expected, lambda: self.begin("Sue", frozenset(), True, False))

    # Comparing

    def tick(self) -> datetime:
        self.at += timedelta(minutes=1)
        return self.at

    def done(self, expected: bool, act: Callable[[], object]) -> None:
        """The act succeeds if the model says so; otherwise it is refused and changes nothing."""
        if not expected:
            before = Unit.objects.get(pk=self.world.unit.pk).chain_length
            with pytest.raises(Refused) as refusal:
                act()
            assert refusal.value.status < 500
            assert Unit.objects.get(pk=self.world.unit.pk).chain_length == before
            return
        act()
        self.agree()

    def agree(self) -> None:
        model = self.model
        approvals = Approval.objects.filter(subject_id=self.world.unit.pk).order_by("opened_at")
        states = list(approvals.values_list("state", flat=True))
        assert len({*states} & {"open", "with_submitter"}) <= 1
        assert states[-1:] == ([model.state] if model.state else [])
        if not states:
            return
        columns = ("stage__position", "round__number", "outcome", "resumes_at", "reason")
        latest = approvals.latest("opened_at")
        openings = [
            (*row, reason if reason in OVER_BY_ITSELF else "")
            for *row, reason in latest.openings.values_list(*columns)
        ]
        assert openings == [
            (one.stage, one.round, one.outcome, one.resumes_at, one.reason)
            for one in model.openings
        ]
        self.agree_on_seats(latest, model.openings[-1])
        stuck = queries.blocked(self.world.organisation.pk, self.at)
        assert bool(stuck) == model.blocked()

    def agree_on_seats(self, approval: Approval, opening: Opening) -> None:
        rows = list(
            approval.work_items.filter(opening__number=len(self.model.openings))
            .exclude(state="superseded")
            .select_related("sign_off", "carried_from__sign_off", "person")
        )
        found = {row.position: self.seen(row) for row in rows if row.origin != "consulted"}
        assert found == {seat.position: shown(seat) for seat in opening.seats}
        asked = {
            row.position: (row.person and row.person.name, row.waits_for)
            for row in rows
            if row.origin == "consulted" and row.state == "open"
        }
        assert asked == opening.consulted
        self.nobody_twice([row for row in rows if row.origin != "consulted"])

    def seen(self, row: WorkItem) -> tuple[Any, ...]:
        ballot = ballot_of(row)
        names: dict[Any, str] = {**self.world.names, None: ""}
        names |= {post.pk: role for role, post in self.world.posts.items()}
        return (
            names[row.post_id or row.person_id],
            row.weight,
            row.origin,
            row.state,
            row.waits_for if row.state != "not_needed" else None,
            ballot.decision if ballot else "",
            ballot.target if ballot else None,
            names[ballot.person_id] if ballot else "",
            names[ballot.acting_for_id] if ballot else "",
            row.carried_from_id is not None,
        )

    def nobody_twice(self, seats: list[WorkItem]) -> None:
        """One person has at most one counted seat, and whoever wrote it has none."""
        votes = [ballot for row in seats if (ballot := ballot_of(row))]
        people = [one for vote in votes for one in (vote.person_id, vote.acting_for_id) if one]
        assert len(people) == len({*people})
        assert not {self.world.names[one] for one in people} & self.model.barred

    def teardown(self) -> None:
        result = verify(self.world.organisation.pk)
        assert result.first_bad is None, result.first_bad

    # Choosing

    def seat(self, number: int, *, states: tuple[str, ...] = ("open",)) -> Seat | None:
        """An open seat, mostly; else any."""
        seats = self.model.now.seats if self.model.now else []
        fitting = [seat for seat in seats if seat.state in states]
        chosen = fitting if fitting and number % 8 else seats
        return chosen[number % len(chosen)] if chosen else None

    def who(self, seat: Seat, number: int) -> str:
        """Mostly somebody who may."""
        able = [name for name in PEOPLE if self.model.claim(seat, name)]
        chosen = able if able and number % 6 else PEOPLE
        return chosen[number % len(chosen)]

    def item(self, seat: Seat) -> WorkItem:
        approval = Approval.objects.filter(subject_id=self.world.unit.pk).latest("opened_at")
        items = approval.work_items.exclude(state="superseded").select_related(
            "approval", "opening__round"
        )
        item: WorkItem = items.get(opening__number=len(self.model.openings), position=seat.position)
        return item

    @property
    def is_open(self) -> bool:
        return bool(self.model.now and self.model.now.seats)

    # Submitting

    @precondition(lambda self: self.model.state != "open")
    @rule(who=pick, author=pick, urgent=st.booleans(), adds=st.booleans())
    def submit(self, who: int, author: int, urgent: bool, adds: bool) -> None:
        name = "Sue" if who % 3 else PEOPLE[who % len(PEOPLE)]
        authors = frozenset([PEOPLE[author % len(PEOPLE)]] if author % 4 == 0 else [])
        expected = self.model.submit(name, authors, urgent, adds)
        self.done(expected, lambda: self.begin(name, authors, urgent, adds))

    def begin(self, name: str, authors: frozenset[str], urgent: bool, adds: bool) -> None:
        world, at = self.world, self.tick()
        with transaction.atomic():
            root = Unit.locked(world.unit.pk)
            begun = actions.begin(
                kind=KIND,
                root=root,
                subject_id=root.pk,
                document_id=uuid4(),
                digest=sha256(b"report").digest(),
                context=Context(
                    lead_unit=root.pk,
                    submitter=world.people[name].pk,
                    authors=frozenset(world.people[one].pk for one in authors),
                    priority="high" if urgent else "normal",
                ),
                actor=world.people[name],
                at=at,
                adds_only=adds,
            )
            actor = world.people[name]
            append(root, kind="test.submitted", actor=actor, at=at, facts=begun.facts)

    @precondition(lambda self: self.model.state == "open")
    @rule()
    def submit_twice(self) -> None:
        self.done(False, lambda: self.begin("Sue", frozenset(), False, False))

    @precondition(lambda self: self.model.state == "open")
    @rule(who=pick)
    def withdraw(self, who: int) -> None:
        name = PEOPLE[who % len(PEOPLE)] if who % 4 else self.model.submitter
        expected = self.model.withdraw(name)
        self.done(expected, lambda: self.end("withdraw", self.world.people[name]))

    @precondition(lambda self: self.model.state in ("open", "with_submitter"))
    @rule(sure=pick)
    def cancel(self, sure: int) -> None:
        if sure % 8 == 0:
            self.model.end("cancelled")
            self.done(True, lambda: self.end("cancel", self.world.people["Sue"]))

    def end(self, how: str, actor: Person) -> None:
        at = self.tick()
        with transaction.atomic():
            root = Unit.locked(self.world.unit.pk)
            more = {"actor": actor} if how == "withdraw" else {"reason": "test.cancelled"}
            act = getattr(actions, how)
            facts = act(kind=KIND, subject_id=root.pk, at=at, **more)
            append(root, kind=f"test.{how}", actor=actor, at=at, facts=facts)

    # Deciding

    @precondition(lambda self: self.is_open)
    @rule(
        place=pick,
        who=pick,
        vote=st.sampled_from(["approve", "approve", "approve", "return", "abstain"]),
        stage=pick,
    )
    def decide(self, place: int, who: int, vote: str, stage: int) -> None:
        seat = self.seat(place)
        assert seat
        name, item = self.who(seat, who), self.item(seat)
        to = stage % (len(self.model.pinned) + 1) if stage % 3 else 0
        expected = self.model.decide(seat, name, vote, to)
        self.done(
            expected,
            lambda: actions.decide(
                work_item_id=item.pk,
                actor=self.world.people[name],
                decision=vote,
                target=to if vote == "return" else None,
                comment="Not yet." if vote == "return" else "",
                seen_digest=queries.seen_digest(item),
                idempotency_key=uuid4(),
                at=self.tick(),
            ),
        )

    # The same once more: most of what happens in life are decisions.
    decide_again = decide
    and_again = decide

    @precondition(lambda self: self.is_open)
    @rule(place=pick, who=pick)
    def revoke(self, place: int, who: int) -> None:
        seat = self.seat(place, states=("decided",))
        assert seat
        sign_off = SignOff.objects.filter(work_item=self.item(seat)).first()
        if sign_off is None:
            return
        name = seat.by if who % 6 else PEOPLE[who % len(PEOPLE)]
        expected = self.model.revoke(name, seat)
        self.done(
            expected,
            lambda: actions.revoke(
                sign_off_id=sign_off.pk,
                reason="I read the wrong one.",
                actor=self.world.people[name],
                at=self.tick(),
            ),
        )

    # Beside the route

    @precondition(lambda self: self.is_open and len(self.model.now.seats) < 7)
    @rule(place=pick, who=pick, whom=pick, when=st.sampled_from(["before", "after", "parallel"]))
    def add_signer(self, place: int, who: int, whom: int, when: str) -> None:
        self.beside("add", place, who, whom, when)

    @precondition(lambda self: self.is_open)
    @rule(place=pick, who=pick, whom=pick)
    def transfer(self, place: int, who: int, whom: int) -> None:
        self.beside("transfer", place, who, whom)

    @precondition(lambda self: self.is_open)
    @rule(place=pick, who=pick, whom=pick)
    def consult(self, place: int, who: int, whom: int) -> None:
        self.beside("consult", place, who, whom)

    def beside(self, act: str, place: int, who: int, whom: int, *when: str) -> None:
        seat = self.seat(place)
        assert seat
        name, item = self.who(seat, who), self.item(seat)
        fitting = [one for one in PEOPLE if self.model.eligible(one)]
        chosen = fitting if fitting and whom % 6 else PEOPLE
        person = chosen[whom % len(chosen)]
        expected = getattr(self.model, act)(seat, name, person, *when)
        given: dict[str, Any] = {
            "work_item_id": item.pk,
            "person": self.world.people[person],
            "actor": self.world.people[name],
            "question" if act == "consult" else "note": "Please.",
        }
        if when:
            given["when"] = when[0]
        verb = getattr(actions, "add_signer" if act == "add" else act)
        self.done(expected, lambda: verb(**given, at=self.tick()))

    @precondition(lambda self: self.model.now and self.model.now.consulted)
    @rule(which=pick, who=pick)
    def give_opinion(self, which: int, who: int) -> None:
        opening = self.model.now
        assert opening
        place = sorted(opening.consulted)[which % len(opening.consulted)]
        asked, _for = opening.consulted[place]
        name = asked if who % 5 else PEOPLE[who % len(PEOPLE)]
        item = WorkItem.objects.get(
            approval__subject_id=self.world.unit.pk, position=place, opening__outcome=""
        )
        if name == asked:
            del opening.consulted[place]
        self.done(
            name == asked,
            lambda: actions.give_opinion(
                work_item_id=item.pk,
                opinion="Fine.",
                actor=self.world.people[name],
                at=self.tick(),
            ),
        )

    # People come and go

    def hold(self, role: str, name: str) -> None:
        directory.appoint(
            post=self.world.posts[role],
            person=self.world.people[name],
            actor=OPERATOR,
            at=self.tick(),
            replace=True,
        )
        self.model.holders[role] = name

    @rule(which=pick, whom=pick)
    def appoint(self, which: int, whom: int) -> None:
        roles = sorted(self.world.posts)
        self.hold(roles[which % len(roles)], PEOPLE[whom % len(PEOPLE)])
        self.agree()

    @precondition(lambda self: self.model.holders)
    @rule(which=pick)
    def dismiss(self, which: int) -> None:
        role = sorted(self.model.holders)[which % len(self.model.holders)]
        post = self.world.posts[role]
        held = Appointment.objects.get(post=post, ends_at=None)
        directory.dismiss(appointment_id=held.pk, actor=OPERATOR, at=self.tick())
        del self.model.holders[role]
        self.agree()

    @precondition(lambda self: self.model.holders)
    @rule(which=pick, whom=pick, all_of_them=st.booleans())
    def delegate(self, which: int, whom: int, all_of_them: bool) -> None:
        role = sorted(self.model.holders)[which % len(self.model.holders)]
        principal, name = self.model.holders[role], PEOPLE[whom % len(PEOPLE)]
        if name == principal:
            return
        at = self.tick()
        given = directory.delegate(
            principal=self.world.people[principal],
            delegate=self.world.people[name],
            post=None if all_of_them else self.world.posts[role],
            starts_at=at,
            ends_at=at + timedelta(days=3650),
            reason="Away",
            actor=OPERATOR,
            at=at,
        )
        number = len(self.world.delegations)
        self.world.delegations[number] = given.pk
        self.model.lent[number] = principal, name, "" if all_of_them else role
        self.agree()

    @precondition(lambda self: self.model.lent)
    @rule(which=pick)
    def end_delegation(self, which: int) -> None:
        number = sorted(self.model.lent)[which % len(self.model.lent)]
        given = self.world.delegations[number]
        directory.revoke(delegation_id=given, actor=OPERATOR, at=self.tick())
        del self.model.lent[number]
        self.agree()

    # What nobody does

    @precondition(lambda self: self.model.now)
    @rule()
    def deadline(self) -> None:
        approval = Approval.objects.get(subject_id=self.world.unit.pk, state="open")
        due = approval.openings.get(outcome="").due_date
        if due:
            morning = datetime.combine(due + timedelta(days=1), time(9), UTC)
            self.at = max(self.at, morning)
        acted = actions.act_on(approval_id=approval.pk, at=self.tick())
        assert acted == self.model.late()
        self.agree()

    @precondition(lambda self: self.model.now and not self.model.now.seats)
    @rule()
    def ask_again(self) -> None:
        if self.model.missing:
            self.world.posts[LATECOMER] = make_post(self.world.other, "reviewer")
            self.model.missing.clear()
        approval = Approval.objects.get(subject_id=self.world.unit.pk, state="open")
        found = actions.ask_again(approval_id=approval.pk, at=self.tick())
        assert bool(found) == self.model.ask_again()
        self.agree()

    @rule(route=routes(), sure=pick)
    def publish(self, route: tuple[Step, ...], sure: int) -> None:
        """What is on its way keeps the version that it began with."""
        if sure % 2:
            self.published(route)
            self.agree()

    def published(self, route: tuple[Step, ...]) -> None:
        actions.publish_route(
            organisation=self.world.organisation,
            name="Route",
            subject_kind=KIND,
            stages=[self.world.stage(step) for step in route],
            actor=OPERATOR,
            at=self.tick(),
        )
        self.model.steps = route


def ballot_of(row: WorkItem) -> SignOff | None:
    return getattr(row.carried_from or row, "sign_off", None)


def shown(seat: Seat) -> tuple[Any, ...]:
    return (
        seat.ask.post or seat.ask.person,
        seat.ask.weight,
        seat.origin,
        seat.state,
        seat.waits_for if seat.state != "not_needed" else None,
        seat.vote,
        seat.target,
        seat.by,
        seat.acting_for,
        seat.carried,
    )


def run(runs: int, length: int, *, by_chance: bool = False) -> None:
    """The same runs every time, unless left to chance."""
    run_state_machine_as_test(
        Engine,
        settings=settings(
            max_examples=runs,
            stateful_step_count=length,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=not by_chance,
        ),
    )


def test_whatever_people_do_the_engine_and_its_model_agree() -> None:
    run(RUNS, STEPS)


@pytest.mark.nightly
def test_whatever_people_do_in_two_thousand_runs_the_engine_and_its_model_agree() -> None:
    run(2000, 50, by_chance=True)
