"""The approval engine once more, in memory: written from docs/approvals.md, for test_machine.

It knows no database, no ledger and no clock, and nothing of the product's own modules but the
tally, which test_rules holds against a model of its own.
"""

import copy
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from approvals.rules import Ballot, Rule, is_added, may_abstain, reachable, tally
from approvals.rules import Seat as Weight

LIVE = ("open", "waiting")


@dataclass(frozen=True)
class Ask:
    """Whom a stage asks: posts of a role, or somebody by name. A seat: one post, or that person."""

    post: str = ""
    person: str = ""
    weight: int = 1


@dataclass(frozen=True)
class Step:
    """A stage of a route."""

    asks: Sequence[Ask]
    rule: Rule = field(default_factory=lambda: Rule("any"))
    returns_to: Sequence[int] = ()
    resumes: bool = False
    carries: bool = False
    escalates: Sequence[Ask] = ()
    due: bool = False
    fallback: Sequence[Ask] = ()
    urgent_only: bool = False


@dataclass
class Seat:
    ask: Ask
    position: int
    origin: str = "configured"
    state: str = "open"
    waits_for: int | None = None
    vote: str = ""
    target: int | None = None
    by: str = ""
    acting_for: str = ""
    carried: bool = False
    had: frozenset[str] = frozenset()
    turns: int = 1

    @property
    def people(self) -> set[str]:
        return {self.by, self.acting_for} - {""}


@dataclass
class Opening:
    stage: int
    round: int
    seats: list[Seat]
    resumes_at: int | None = None
    outcome: str = ""
    reason: str = ""
    last: tuple[str, int] | None = None
    """Who decided last and on which seat, while nobody has acted since."""
    consulted: dict[int, tuple[str, int]] = field(default_factory=dict)
    """Open questions: by position who was asked, for which seat."""
    places: set[int] = field(default_factory=set)
    """Positions of those who were consulted, whether or not they have answered."""
    escalated: bool = False
    decided: bool = False
    """Somebody has decided, taken back or not."""

    def next_position(self) -> int:
        return max([*(seat.position for seat in self.seats), *self.places], default=0) + 1


@dataclass
class Proposal:
    """An intervention that one administrator has proposed: a seat for somebody, or an end."""

    by: str
    seat: Seat | None = None
    turn: int = 0
    person: str = ""


@dataclass
class Model:
    posts: dict[str, list[str]]
    """The posts of each role, as a stage asks them."""
    holders: dict[str, str] = field(default_factory=dict)
    inactive: set[str] = field(default_factory=set)
    steps: tuple[Step, ...] = ()
    """The route in force."""
    lent: dict[int, tuple[str, str, str]] = field(default_factory=dict)
    """By number, who lets whom act, in which post or ("") in all."""
    state: str = ""
    pinned: tuple[Step, ...] = ()
    submitter: str = ""
    authors: frozenset[str] = frozenset()
    urgent: bool = False
    rounds: int = 0
    openings: list[Opening] = field(default_factory=list)
    proposal: Proposal | None = None
    decisions: int = 0
    """How many were ever made about this subject, taken back or not."""
    fate: str = "other"
    """What became of the subject."""

    # Who may

    @property
    def barred(self) -> set[str]:
        return {self.submitter, *self.authors}

    @property
    def now(self) -> Opening | None:
        return next((one for one in self.openings if not one.outcome), None)

    @property
    def step(self) -> Step:
        assert self.now
        return self.pinned[self.now.stage - 1]

    def owner(self, ask: Ask) -> str:
        return ask.person or self.holders.get(ask.post, "")

    def claims(self, ask: Ask) -> Iterator[tuple[str, str]]:
        """(who, for whom) could act on the seat, before anything bars them."""
        owner = self.owner(ask)
        if owner and owner not in self.inactive:
            yield owner, ""
            for principal, delegate, post in self.lent.values():
                mine = principal == owner and post in ("", ask.post or "by name")
                if mine and delegate not in self.inactive:
                    yield delegate, owner

    def asked(self, asks: Iterable[Ask]) -> list[Ask]:
        """Whom these ask as things are: posts for roles, none twice."""
        found: dict[tuple[str, str], Ask] = {}
        for ask in asks:
            for post in self.posts[ask.post] if ask.post else [""]:
                found.setdefault((post, ask.person), Ask(post, ask.person, ask.weight))
        return list(found.values())

    def able(self, asks: Iterable[Ask]) -> bool:
        return any(not {*claim} & self.barred for ask in asks for claim in self.claims(ask))

    def claim(self, seat: Seat, who: str) -> tuple[str, str] | None:
        """Under which right `who` may act on an open seat; None if there is none."""
        assert self.now
        if seat.state != "open":
            return None
        used = {one for other in self.now.seats for one in other.people}
        elsewhere = any(
            other is not seat and not other.vote and self.owner(other.ask) == who
            for other in self.now.seats
        )
        mine = [one for one in self.claims(seat.ask) if one[0] == who]
        for claim in sorted(mine, key=lambda one: bool(one[1])):
            free = not {*claim} & (self.barred | used)
            if free and not (claim[1] and elsewhere):
                return claim
        return None

    def blocked(self) -> bool:
        opening = self.now
        if opening is None:
            return False
        if not opening.seats or not reachable(self.step.rule, self.weights(opening)):
            return True
        used = {one for seat in opening.seats for one in seat.people}
        return not any(
            seat.state == "open" and not {*claim} & (self.barred | used)
            for seat in opening.seats
            for claim in self.claims(seat.ask)
        )

    def weights(self, opening: Opening) -> list[Weight]:
        kind = self.pinned[opening.stage - 1].rule.kind
        return [
            Weight(seat.position, seat.ask.weight, is_added(seat.origin, kind))
            for seat in opening.seats
        ]

    def ballots(self, opening: Opening) -> list[Ballot]:
        return [
            Ballot(seat.position, seat.vote, seat.target) for seat in opening.seats if seat.vote
        ]

    # The course

    def submit(
        self, submitter: str, authors: frozenset[str], urgent: bool, adds_only: bool
    ) -> bool:
        if self.state == "open":
            return False
        position = 1
        if self.state != "with_submitter":
            self.pinned, self.openings, self.rounds = self.steps, [], 0
            self.proposal = None
        elif adds_only and self.pinned[self.openings[-1].stage - 1].resumes:
            position = self.openings[-1].stage
        self.submitter, self.authors, self.urgent = submitter, authors, urgent
        self.state, self.rounds = "open", self.rounds + 1
        self.open_from(position)
        return True

    def open_from(
        self, position: int, resumes_at: int | None = None, *, returned: bool = False
    ) -> None:
        """Open the first stage from there on that asks somebody; past the last one it has passed.

        A stage to which something was returned is asked, whoever approved before.
        """
        while position <= len(self.pinned):
            step = self.pinned[position - 1]
            opening = Opening(position, self.rounds, [])
            opening.resumes_at = resumes_at if resumes_at and resumes_at > position else None
            self.openings.append(opening)
            if step.urgent_only and not self.urgent:
                opening.outcome, opening.reason = "skipped", "condition"
            else:
                self.fill(opening, step)
                if not step.carries or returned or not self.carry(opening, step):
                    return
                opening.outcome, opening.reason = "passed", "carried"
            position += 1
        self.state, self.fate = "passed", "party"

    def fill(self, opening: Opening, step: Step) -> None:
        asks, origin = self.asked(step.asks), "configured"
        if step.fallback and not self.able(asks):
            asks, origin = self.asked(step.fallback), "fallback"
        opening.seats = [Seat(ask, n, origin) for n, ask in enumerate(asks, 1)]
        if step.rule.sequential:
            queue(opening.seats)

    def ask_again(self) -> bool:
        if self.now is None or self.now.seats:
            return False
        self.fill(self.now, self.step)
        return bool(self.now.seats)

    def carry(self, opening: Opening, step: Step) -> bool:
        """Count earlier approvals of this round; True if the stage is over with them."""
        stands = {one.stage: one for one in self.openings if one.round == self.rounds}
        approved = {
            seat.by
            for one in stands.values()
            if one.stage < opening.stage
            for seat in one.seats
            if seat.vote == "approve" and not seat.acting_for and not seat.carried
        }
        for seat in opening.seats:
            owner = self.owner(seat.ask)
            if owner in approved:
                seat.vote, seat.by, seat.state, seat.carried = "approve", owner, "decided", True
                approved.remove(owner)
        left = [seat for seat in opening.seats if not seat.vote]
        cast = self.ballots(opening)
        if cast and tally(step.rule, self.weights(opening), cast).result == "passed":
            close(opening)
            return True
        if step.rule.sequential:
            queue(left)
        return False

    def decide(self, seat: Seat, who: str, vote: str, target: int) -> bool:
        opening = self.now
        if opening is None or (claim := self.claim(seat, who)) is None:
            return False
        rule, weights = self.step.rule, self.weights(opening)
        if vote == "return" and target not in (0, *self.step.returns_to):
            return False
        if vote != "return" and not reachable(rule, weights):
            return False
        if vote == "abstain" and not may_abstain(
            rule, weights, self.ballots(opening), seat.position
        ):
            return False
        seat.vote, seat.target = vote, target if vote == "return" else None
        seat.state, (seat.by, seat.acting_for) = "decided", claim
        opening.last, opening.decided = (who, seat.position), True
        self.decisions += 1
        for other in opening.seats:
            if other.waits_for == seat.position and other.state in LIVE:
                other.state = "open"
        opening.consulted = {
            n: one for n, one in opening.consulted.items() if one[1] != seat.position
        }
        self.settle(opening)
        return True

    def settle(self, opening: Opening) -> None:
        step = self.step
        forced = tally(step.rule, self.weights(opening), self.ballots(opening))
        if forced.result == "pending":
            return
        opening.outcome = forced.result
        close(opening)
        if forced.result == "passed":
            self.open_from(opening.resumes_at or opening.stage + 1)
        elif forced.target:
            back = opening.stage if step.resumes else None
            self.open_from(forced.target, back, returned=True)
        else:
            self.state, self.fate = "with_submitter", "other"

    def revoke(self, who: str, seat: Seat) -> bool:
        opening = self.now
        if opening is None or opening.last != (who, seat.position) or not seat.vote:
            return False
        if who in self.inactive:
            return False
        for other in opening.seats:
            if other.waits_for == seat.position and other.state == "open":
                other.state = "waiting"
        if seat.ask.person:
            seat.had |= {seat.ask.person}
        seat.state, seat.vote, seat.by, seat.acting_for = "open", "", "", ""
        seat.target, opening.last = None, None
        seat.turns += 1
        return True

    def end(self, state: str) -> None:
        if self.now:
            opening = self.now
            opening.outcome = state
            close(opening)
        self.state = state

    def withdraw(self, who: str) -> bool:
        """Until the first decision of the round, taken back or not."""
        decided = any(one.round == self.rounds and one.decided for one in self.openings)
        if self.state != "open" or who != self.submitter or decided:
            return False
        self.end("withdrawn")
        return True

    # Beside the route

    def eligible(self, person: str) -> bool:
        assert self.now
        seated = {self.owner(seat.ask) for seat in self.now.seats}
        used = {one for seat in self.now.seats for one in seat.people}
        return person not in seated | used | self.barred | self.inactive

    def add(self, seat: Seat, who: str, person: str, when: str) -> bool:
        opening = self.now
        if opening is None or not self.claim(seat, who) or not self.eligible(person):
            return False
        added = Seat(Ask(person=person), opening.next_position(), "added")
        if when == "after":
            for other in opening.seats:
                if other.waits_for == seat.position and other.state == "waiting":
                    other.waits_for = added.position
            added.state, added.waits_for = "waiting", seat.position
        if when == "before":
            seat.state, seat.waits_for = "waiting", added.position
        opening.seats.append(added)
        opening.last = None
        return True

    def transfer(self, seat: Seat, who: str, person: str) -> bool:
        opening = self.now
        if opening is None or not self.claim(seat, who) or not self.eligible(person):
            return False
        if person in seat.had:
            return False
        self.give(seat, who, person)
        return True

    def give(self, seat: Seat, by: str, person: str) -> None:
        assert self.now
        seat.had |= {by, seat.ask.person} - {""}
        seat.ask = Ask(person=person, weight=seat.ask.weight)
        seat.turns += 1
        self.now.last = None

    def consult(self, seat: Seat, who: str, person: str) -> bool:
        opening = self.now
        if opening is None or not self.claim(seat, who) or person in self.inactive:
            return False
        if any(one == person for one, _ in opening.consulted.values()) or any(
            one.ask.person == person and one.state in LIVE for one in opening.seats
        ):
            return False
        place = opening.next_position()
        opening.places.add(place)
        opening.consulted[place] = person, seat.position
        return True

    def give_opinion(self, place: int, who: str) -> bool:
        opening = self.now
        assert opening
        if who != opening.consulted[place][0] or who in self.inactive:
            return False
        del opening.consulted[place]
        return True

    def late(self) -> bool:
        """The deadline has passed: opinions are over, or others are asked, once, who could act."""
        opening = self.now
        if opening is None or not self.step.due:
            return False
        if self.step.rule.refusal == "advice":
            ahead = opening.resumes_at or opening.stage + 1
            trial = copy.deepcopy(self)
            trial.open_from(ahead)
            if trial.state == "passed":
                return False
            opening.outcome, opening.reason = "passed", "time_is_up"
            close(opening)
            self.open_from(ahead)
            return True
        seated = {self.owner(seat.ask) for seat in opening.seats} | {
            one for seat in opening.seats for one in seat.people
        }
        new = []
        for ask in self.asked(self.step.escalates):
            if self.able([ask]) and self.owner(ask) not in seated:
                new.append(ask)
                seated.add(self.owner(ask))
        if opening.escalated or not new or not opening.seats:
            return False
        opening.escalated = True
        first = opening.next_position()
        opening.seats += [Seat(ask, n, "escalated") for n, ask in enumerate(new, first)]
        return True

    # Out of the way

    def administers(self, who: str) -> list[set[str]]:
        """Under which rights `who` is an administrator: their own, or those of others, with them.

        Which of several others the product takes, the model leaves open.
        """
        posts = self.posts["administrator"]
        if any(self.holders.get(post) == who for post in posts):
            return [{who}]
        lent = {claim for post in posts for claim in self.claims(Ask(post)) if claim[0] == who}
        return [{*claim} for claim in sorted(lent)]

    def propose(self, who: str, seat: Seat | None, person: str) -> bool:
        """Give a seat to a person, or without a seat end it all."""
        acting = self.administers(who)
        if not acting or acting[0] & self.barred or self.state != "open" or self.proposal:
            return False
        if seat and (seat.state not in LIVE or not self.eligible(person)):
            return False
        self.proposal = Proposal(who, seat, seat.turns if seat else 0, person if seat else "")
        return True

    def resolve(self, who: str, confirm: bool) -> bool:
        """A second administrator, not involved in anything, confirms; any of them declines."""
        acting, made = self.administers(who), self.proposal
        if not acting or made is None:
            return False
        if confirm and (
            self.state != "open"
            or acting[0] & {*self.barred, made.by, made.person}
            or (made.seat and not self.may_give(made))
        ):
            return False
        if confirm and made.seat:
            self.give(made.seat, made.by, made.person)
        elif confirm:
            self.end("cancelled")
            self.fate = "other"
        self.proposal = None
        return True

    def may_give(self, made: Proposal) -> bool:
        """The seat has the same turn as when it was proposed, and the person may still have it."""
        seat = made.seat
        return (
            seat is not None
            and self.now is not None
            and any(one is seat for one in self.now.seats)
            and seat.turns == made.turn
            and seat.state in LIVE
            and self.eligible(made.person)
        )

    # People come and go

    def appoint(self, post: str, person: str) -> bool:
        if person in self.inactive:
            return False
        self.holders[post] = person
        return True

    def lend(self, number: int, principal: str, person: str, post: str) -> bool:
        if person in self.inactive or person == principal:
            return False
        self.lent[number] = principal, person, post
        return True

    def deactivate(self, person: str) -> bool:
        if person in self.inactive:
            return False
        self.inactive.add(person)
        self.holders = {post: one for post, one in self.holders.items() if one != person}
        self.lent = {number: one for number, one in self.lent.items() if one[0] != person}
        return True

    def abolish(self, post: str) -> None:
        self.holders.pop(post, None)
        for posts in self.posts.values():
            if post in posts:
                posts.remove(post)


def queue(seats: Sequence[Seat]) -> None:
    for before, seat in zip([None, *seats], seats, strict=False):
        seat.waits_for = before.position if before else None
        seat.state = "waiting" if before else "open"


def close(opening: Opening) -> None:
    for seat in opening.seats:
        if seat.state in LIVE:
            seat.state = "not_needed"
    opening.consulted = {}
