"""The whole engine on a real database, step by step beside a small model of it.

Whatever order people act in, after every step the two agree on approval, stages, seats, ballots and
whether anybody can go on; what is refused has changed nothing; and in the end the ledger tells the
same. DUBAN_MACHINE_RUNS and DUBAN_MACHINE_STEPS say how long it goes on.
"""

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from itertools import count
from typing import Any

import pytest
from django.utils import timezone
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
from approvals.actions import Decided
from approvals.models import Opening as OpeningRow
from approvals.rules import Rule
from audit.errors import Refused
from audit.verification import verify
from tests.approvals import past
from tests.approvals.machine import HOLDERS, LATE, NAMED, PEOPLE, ROLES, Office, Seen, Turn
from tests.approvals.model import Ask, Model, Seat, Step

pytestmark = pytest.mark.usefixtures("committed_db")

RUNS = int(os.environ.get("DUBAN_MACHINE_RUNS", "30"))
STEPS = int(os.environ.get("DUBAN_MACHINE_STEPS", "30"))
NIGHT = 2000
PROGRESS = 50
"""After so many runs of a night its log has another line."""

OVER_BY_ITSELF = ("condition", "carried", "time_is_up")
"""Why a stage is over that nobody decided on."""

one_ask = st.sampled_from(
    [*(Ask(post=role) for role in ROLES if role != LATE), *(Ask(person=name) for name in NAMED)]
)
pick = st.integers(0, 719)
"""Chooses one of however many there are."""
votes = st.sampled_from(["approve", "approve", "approve", "return", "abstain"])


def asks(most: int, least: int = 1) -> st.SearchStrategy[list[Ask]]:
    return st.lists(one_ask, min_size=least, max_size=most, unique=True)


@st.composite
def steps(draw: st.DrawFn, position: int, *, last: bool) -> Step:
    kind = draw(st.sampled_from(["any", "all", "all", "quorum"]))
    refusals = ["veto", "vote"] if last else ["veto", "vote", "vote", "advice"]
    refusal, sequential = draw(st.sampled_from(refusals)), draw(st.booleans())
    asked = [
        Ask(ask.post, ask.person, draw(st.integers(1, 3)) if kind == "quorum" else 1)
        for ask in draw(asks(4))
    ]
    if draw(pick) % 12 == 0:
        asked = [Ask(post=LATE)]
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


class Engine(RuleBasedStateMachine):
    """Each rule does something in the database and in the model; `done` compares the two."""

    def __init__(self) -> None:
        super().__init__()
        self.office = Office()
        self.model = Model(posts={role: [] for role in ("administrator", *ROLES)})
        self.sent: tuple[dict[str, Any], Decided] | None = None
        """The newest decision and its form."""
        for post, name in HOLDERS.items():
            self.model.posts[post.split()[0]].append(post)
            self.model.holders[post] = name
        self.seen = self.office.see()
        self.stuck, self.steps = False, 0

    @initialize(route=routes())
    def first_route(self, route: tuple[Step, ...]) -> None:
        self.published(route)
        expected = self.model.submit("Sue", frozenset(), True, False)
        self.done(expected, lambda: self.office.submit("Sue", frozenset(), True, False))

    # Comparing

    def done(self, expected: bool, act: Callable[[], object]) -> None:
        """The act succeeds if the model says so; otherwise it is refused and changes nothing."""
        if not expected:
            with pytest.raises(Refused) as refusal:
                act()
            assert refusal.value.status < 500
            assert self.office.see() == self.seen
            return
        act()
        self.agree()

    def agree(self) -> None:
        model, seen = self.model, self.office.see()
        self.seen = seen
        unfinished = [one for one in seen.states if one in ("open", "with_submitter")]
        assert len(unfinished) <= 1
        assert seen.states[-1:] == ([model.state] if model.state else [])
        assert (seen.fate, seen.decisions, seen.forgotten) == (model.fate, model.decisions, 0)
        found = [
            (*row, reason if reason in OVER_BY_ITSELF else "") for *row, reason in seen.openings
        ]
        assert found == [
            (one.stage, one.round, one.outcome, one.resumes_at, one.reason)
            for one in model.openings
        ]
        if found:
            self.agree_on_seats(seen)
        self.agree_on_what_is_stuck()

    def agree_on_what_is_stuck(self) -> None:
        """Asked wherever the model's answer changes, else now and then: it takes the longest."""
        before, self.stuck = self.stuck, self.model.blocked()
        self.steps += 1
        if self.stuck != before or self.steps % 4 == 0:
            stuck = queries.blocked(self.office.organisation.pk, self.office.at)
            assert bool(stuck) == self.stuck

    def agree_on_seats(self, seen: Seen) -> None:
        opening = self.model.openings[-1]
        seats = [turn for turn in seen.turns if turn.origin != "consulted"]
        assert {turn.position: told(turn) for turn in seats} == {
            seat.position: shown(seat) for seat in opening.seats
        }
        assert opening.consulted == {
            turn.position: (turn.asks, turn.waits_for)
            for turn in seen.turns
            if turn.origin == "consulted" and turn.state == "open"
        }
        self.nobody_twice(seats)
        made = self.model.proposal
        assert [row[:2] for row in seen.proposed] == (
            [["reseat" if made.seat else "send_back", made.by]] if made else []
        )

    def nobody_twice(self, seats: list[Turn]) -> None:
        """One person has at most one counted seat, and whoever wrote it has none."""
        people = [one for seat in seats for one in (seat.by, seat.acting_for) if one]
        assert len(people) == len({*people})
        assert not {*people} & self.model.barred

    def teardown(self) -> None:
        result = verify(self.office.organisation.pk)
        assert result.first_bad is None, result.first_bad
        past.compare(self.office.organisation.pk, self.office.unit.subject)

    # Choosing

    def seat(self, number: int, *states: str) -> Seat:
        """An open seat, mostly; else any."""
        assert self.model.now
        seats = self.model.now.seats
        fitting = [seat for seat in seats if seat.state in (states or ("open",))]
        chosen = fitting if fitting and number % 8 else seats
        return chosen[number % len(chosen)]

    def who(self, seat: Seat, number: int) -> str:
        """Somebody who may, or who might but for a rule, or now and then anybody."""
        able = [name for name in PEOPLE if self.model.claim(seat, name)]
        near = sorted({name for name, _ in self.model.claims(seat.ask)})
        chosen = PEOPLE if number % 12 == 1 else (number % 3 and able) or near or PEOPLE
        return chosen[number % len(chosen)]

    def whom(self, number: int) -> str:
        """Mostly somebody who may still be asked."""
        fitting = [one for one in PEOPLE if self.model.eligible(one)]
        chosen = fitting if fitting and number % 6 else PEOPLE
        return chosen[number % len(chosen)]

    def colleague(self, number: int) -> str:
        """Mostly somebody who is asked in this stage."""
        asked = self.model.now.seats if self.model.now else []
        near = sorted({self.model.owner(seat.ask) for seat in asked} - {""})
        chosen = near if near and number % 3 else PEOPLE
        return chosen[number % len(chosen)]

    def item(self, seat: Seat) -> Any:
        return self.seen.turn(seat.position).id

    @property
    def is_underway(self) -> bool:
        return self.model.state in ("open", "with_submitter")

    @property
    def is_open(self) -> bool:
        return bool(self.model.now and self.model.now.seats)

    # Submitting

    @precondition(lambda self: self.model.state != "open")
    @rule(who=pick, author=pick, urgent=st.booleans(), adds=st.booleans())
    def submit(self, who: int, author: int, urgent: bool, adds: bool) -> None:
        name = "Sue" if who % 3 else PEOPLE[who % len(PEOPLE)]
        authors = frozenset([PEOPLE[author % len(PEOPLE)]] if author % 4 == 0 else [])
        if name not in self.model.inactive:
            expected = self.model.submit(name, authors, urgent, adds)
            self.done(expected, lambda: self.office.submit(name, authors, urgent, adds))

    # Without an approval there is little else to do.
    submit_then = submit
    and_submit = submit

    @precondition(lambda self: self.is_underway)
    @rule(how=pick, who=pick)
    def end(self, how: int, who: int) -> None:
        """Withdrawn, cancelled, or, mostly, one of the two in vain."""
        name = PEOPLE[who % len(PEOPLE)] if who % 6 else self.model.submitter
        if how % 6 == 0 and self.model.rounds > how % 3:
            self.model.end("cancelled")
            self.done(True, self.office.cancel)
        elif how % 6 == 1 and self.model.state == "open":
            self.done(False, lambda: self.office.submit(name, frozenset(), False, False))
        else:
            expected = self.model.withdraw(name)
            self.done(expected, lambda: self.office.withdraw(name))

    # Deciding

    @precondition(lambda self: self.is_open)
    @rule(ballots=st.lists(st.tuples(pick, pick, votes, pick), min_size=1, max_size=3))
    def decide(self, ballots: list[tuple[int, int, str, int]]) -> None:
        """One after the other; where nobody can, mostly somebody comes who can."""
        for place, who, vote, stage in ballots:
            if self.is_open and self.model.blocked() and who % 4:
                self.appoint(place, stage)
            elif self.is_open:
                self.cast(place, who, vote, stage)

    # The same a few times more: most of what happens in life are decisions.
    decide_then = decide
    decide_again = decide
    and_decide = decide

    def cast(self, place: int, who: int, vote: str, stage: int) -> None:
        seat = self.seat(place)
        name = self.who(seat, who)
        to = stage % (len(self.model.pinned) + 1) if stage % 3 else 0
        form = self.office.form(self.item(seat), name, vote, to)
        expected = self.model.decide(seat, name, vote, to)

        def act() -> None:
            self.sent = form, self.office.decide(form)

        self.done(expected, act)

    @precondition(lambda self: self.sent)
    @rule(changed=st.booleans())
    def send_again(self, changed: bool) -> None:
        """Nothing happens, whatever has happened since; another decision is no repetition."""
        assert self.sent
        form, first = self.sent
        if changed:
            self.done(False, lambda: self.office.decide(form | {"comment": "Or else."}))
            return
        again = self.office.decide(form)
        assert (again.sign_off_id, again.repeated) == (first.sign_off_id, True)
        assert self.office.see() == self.seen

    @precondition(lambda self: self.is_open)
    @rule(place=pick, who=pick)
    def revoke(self, place: int, who: int) -> None:
        seat = self.seat(place, "decided")
        sign_off = self.seen.turn(seat.position).sign_off
        if sign_off is None:
            return
        name = seat.by if who % 6 else PEOPLE[who % len(PEOPLE)]
        expected = not seat.carried and self.model.revoke(name, seat)
        self.done(expected, lambda: self.office.revoke(sign_off, name))

    # Beside the route

    @precondition(lambda self: self.is_open and len(self.model.now.seats) < 7)
    @rule(place=pick, who=pick, whom=pick, when=st.sampled_from(["before", "after", "parallel"]))
    def add_signer(self, place: int, who: int, whom: int, when: str) -> None:
        seat = self.seat(place)
        name, person, item = self.who(seat, who), self.whom(whom), self.item(seat)
        self.done(
            self.model.add(seat, name, person, when),
            lambda: self.office.beside("add_signer", item, name, person, when=when),
        )

    @precondition(lambda self: self.is_open)
    @rule(place=pick, who=pick, whom=pick)
    def transfer(self, place: int, who: int, whom: int) -> None:
        seat = self.seat(place)
        name, person, item = self.who(seat, who), self.whom(whom), self.item(seat)
        self.done(
            self.model.transfer(seat, name, person),
            lambda: self.office.beside("transfer", item, name, person),
        )

    @precondition(lambda self: self.is_open)
    @rule(place=pick, who=pick, whom=pick)
    def consult(self, place: int, who: int, whom: int) -> None:
        seat = self.seat(place)
        name, person, item = self.who(seat, who), self.whom(whom), self.item(seat)
        self.done(
            self.model.consult(seat, name, person),
            lambda: self.office.beside("consult", item, name, person),
        )

    @precondition(lambda self: self.model.now and self.model.now.consulted)
    @rule(which=pick, who=pick)
    def give_opinion(self, which: int, who: int) -> None:
        opening = self.model.now
        assert opening
        place = sorted(opening.consulted)[which % len(opening.consulted)]
        asked, _for = opening.consulted[place]
        name, item = asked if who % 5 else PEOPLE[who % len(PEOPLE)], self.seen.turn(place).id
        expected = self.model.give_opinion(place, name)
        self.done(expected, lambda: self.office.give_opinion(item, name))

    # Out of the way

    def administrator(self, number: int) -> str:
        """Mostly one of them, in person or for another."""
        rights = {name: len(self.model.administers(name)) for name in PEOPLE}
        acting = [name for name in PEOPLE if rights[name] == 1]
        chosen = acting if acting and number % 6 else [one for one in PEOPLE if rights[one] < 2]
        return chosen[number % len(chosen)]

    @precondition(lambda self: self.is_underway)
    @rule(who=pick, place=pick, whom=pick)
    def propose(self, who: int, place: int, whom: int) -> None:
        seat = self.seat(place, "open", "waiting") if self.is_open and place % 3 else None
        name = self.administrator(who)
        person = self.whom(whom) if seat else ""
        approval, item = self.seen.approval, self.item(seat) if seat else None
        assert approval
        self.done(
            self.model.propose(name, seat, person),
            lambda: self.office.propose(approval, name, item, person),
        )

    @precondition(lambda self: self.model.proposal)
    @rule(who=pick, confirm=st.sampled_from([True, True, False]))
    def resolve(self, who: int, confirm: bool) -> None:
        name = self.administrator(who)
        expected = self.model.resolve(name, confirm)
        self.done(expected, lambda: self.office.settle(name, confirm))

    # People come and go

    @rule(
        act=st.sampled_from(["appoint", "appoint", "leave", "leave", "delegate", "delegate"]),
        which=pick,
        whom=pick,
    )
    def change_the_directory(self, act: str, which: int, whom: int) -> None:
        getattr(self, act)(which, whom)

    def appoint(self, which: int, whom: int) -> None:
        """Vacant posts go first, and sometimes a new one."""
        role = ROLES[which % len(ROLES)]
        if which % 4 == 0 and len(self.model.posts[role]) < 2:
            self.found(role)
        posts = sorted(post for posts in self.model.posts.values() for post in posts)
        vacant = [post for post in posts if post not in self.model.holders]
        chosen = vacant or posts
        idle = [one for one in PEOPLE if one not in self.model.holders.values()]
        people = idle if idle and whom % 3 else PEOPLE
        post, name = chosen[which % len(chosen)], people[whom % len(people)]
        expected = self.model.appoint(post, name)
        self.done(expected, lambda: self.office.appoint(post, name))

    def found(self, role: str) -> None:
        number = sum(post.split()[0] == role for post in self.office.posts) + 1
        self.model.posts[role].append(f"{role} {number}")
        self.done(True, lambda: self.office.create(f"{role} {number}"))

    def leave(self, which: int, act: int) -> None:
        """An appointment ends, a post, or an account; or somebody comes back."""
        if act % 4 == 0 and self.model.holders:
            post = sorted(self.model.holders)[which % len(self.model.holders)]
            del self.model.holders[post]
            self.done(True, lambda: self.office.dismiss(post))
        elif act % 4 == 1 and (posts := self.model.posts[ROLES[which % len(ROLES)]]):
            post = posts[which % len(posts)]
            self.model.abolish(post)
            self.done(True, lambda: self.office.abolish(post))
        elif self.model.inactive:
            name = min(self.model.inactive)
            self.model.inactive.remove(name)
            self.done(True, lambda: self.office.reactivate(name))
        else:
            name = PEOPLE[which % len(PEOPLE)]
            expected = self.model.deactivate(name)
            self.done(expected, lambda: self.office.deactivate(name))

    def delegate(self, which: int, whom: int) -> None:
        """Mostly among those who are asked; the first of several delegations ends."""
        if len(self.model.lent) > 2:
            number = min(self.model.lent)
            del self.model.lent[number]
            self.done(True, lambda: self.office.end_delegation(number))
        posts = sorted(self.model.holders)
        asked = [seat.ask.post for seat in self.model.now.seats] if self.model.now else []
        posts = [post for post in posts if post in asked] or posts
        if not posts:
            return
        post = posts[which % len(posts)]
        principal, name = self.model.holders[post], self.colleague(whom)
        number, lent = len(self.office.delegations), "" if which % 2 else post
        expected = self.model.lend(number, principal, name, lent)
        self.done(expected, lambda: self.office.delegate(number, principal, name, lent))

    # What nobody does

    @precondition(lambda self: self.model.now and self.model.step.due)
    @rule()
    def deadline(self) -> None:
        opening = OpeningRow.objects.get(approval=self.seen.approval, outcome="")
        assert opening.due_date
        if opening.due_date >= timezone.localdate(self.office.at):
            assert not actions.act_on(approval_id=opening.approval_id, at=self.office.tick())
        morning = datetime.combine(opening.due_date + timedelta(days=1), time(9), UTC)
        self.office.at = max(self.office.at, morning)
        acted = actions.act_on(approval_id=opening.approval_id, at=self.office.tick())
        assert acted == self.model.late()
        self.agree()

    @precondition(lambda self: self.model.now and not self.model.now.seats)
    @rule()
    def ask_again(self) -> None:
        if not self.model.posts[LATE]:
            self.found(LATE)
        approval = self.seen.approval
        assert approval
        found = actions.ask_again(approval_id=approval, at=self.office.tick())
        assert bool(found) == self.model.ask_again()
        self.agree()

    @rule(data=st.data(), sure=pick)
    def publish(self, data: st.DataObject, sure: int) -> None:
        """What is on its way keeps the version that it began with."""
        if sure % 3 == 0:
            self.published(data.draw(routes()))
            self.agree()

    def published(self, route: tuple[Step, ...]) -> None:
        self.office.publish(route)
        self.model.steps = route

    # What people see

    @precondition(lambda self: self.is_underway)
    @rule(who=pick)
    def inbox(self, who: int) -> None:
        """What waits for a person: every open seat that is theirs, or of somebody they act for."""
        name = PEOPLE[who % len(PEOPLE)]
        person = self.office.people[name]
        found = {item.pk for item in queries.open_items_for(person, self.office.at)}
        seats = self.model.now.seats if self.model.now else []
        assert found == {
            self.item(seat)
            for seat in seats
            if seat.state == "open"
            and any(
                name == who and not {who, principal} & self.model.barred
                for who, principal in self.model.claims(seat.ask)
            )
        }


def told(turn: Turn) -> tuple[Any, ...]:
    return (
        turn.asks,
        turn.weight,
        turn.origin,
        turn.state,
        turn.waits_for if turn.state != "not_needed" else None,
        turn.vote,
        turn.target,
        turn.by,
        turn.acting_for,
        turn.carried,
    )


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


def run(runs: int, length: int, *, machine: type[Engine] = Engine, by_chance: bool = False) -> None:
    """The same runs every time, unless left to chance."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=runs,
            stateful_step_count=length,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=not by_chance,
        ),
    )


class Told(Engine):
    """Says how far a night has come."""

    numbers = count(1)

    def teardown(self) -> None:
        super().teardown()
        if (number := next(self.numbers)) % PROGRESS == 0:
            print(f"{datetime.now(UTC):%H:%M:%S} {number} runs agree", file=sys.stderr, flush=True)


def test_whatever_people_do_the_engine_and_its_model_agree() -> None:
    run(RUNS, STEPS)


@pytest.mark.nightly
@pytest.mark.parametrize("quarter", range(4))
def test_whatever_people_do_two_thousand_times_the_engine_and_its_model_agree(
    quarter: int, capfd: pytest.CaptureFixture[str]
) -> None:
    with capfd.disabled():
        run(NIGHT // 4, 50, machine=Told, by_chance=True)
