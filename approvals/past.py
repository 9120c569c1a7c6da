"""Approvals as they stood after an entry, from the entries of their root alone. Pure.

What a seat asks doesn't stand in entries but as a digest: the seats are given, and kept only where
they give that digest again. Everything else — states, turns, ballots — is told by entries.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from approvals.facts import each
from audit.replay import Record

WAITING, OPEN, DECIDED = "waiting", "open", "decided"
NOT_NEEDED, SUPERSEDED = "not_needed", "superseded"
ASKED = (WAITING, OPEN)
CONSULTED = "consulted"

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Seat:
    """A seat of an electorate as it was frozen."""

    id: str
    position: int
    post: str | None
    person: str | None
    weight: int
    origin: str


@dataclass(frozen=True)
class Electorate:
    """The seats that the database has for an opening, and the digest that they give."""

    seats: Sequence[Seat]
    digest: str


@dataclass(frozen=True)
class Ballot:
    """A decision, as its entry tells it; `evidence` is how somebody proved who they are."""

    sign_off: str
    person: str
    acting_for: str | None
    decision: str
    target: int | None
    comment: str | None
    at: str
    seq: int
    evidence: str = "session"


@dataclass
class Turn:
    """A turn of a seat: `seq` is the entry that gave it, `closed` the one that ended it."""

    seat: Seat
    state: str
    seq: int
    waits_for: int | None = None
    succeeds: str | None = None
    ballot: Ballot | None = None
    carried_from: str | None = None
    revoked: int | None = None
    closed: int | None = None
    note: str | None = None
    opinion: str | None = None

    @property
    def is_asked(self) -> bool:
        return self.state in ASKED

    @property
    def counts(self) -> bool:
        return self.state != SUPERSEDED and self.seat.origin != CONSULTED

    def end(self, state: str, seq: int) -> None:
        self.state, self.closed = state, seq


@dataclass
class Opening:
    """A stage as it was opened; `told` is False where the seats don't give the entry's digest."""

    id: str
    number: int
    stage: int
    round: int
    seats: int
    electorate: str
    seq: int
    at: str
    due_date: str | None = None
    is_due_told: bool = False
    """Entries before this fact was kept say nothing of a stage's deadline."""
    outcome: str = ""
    closed: int | None = None
    turns: dict[str, Turn] = field(default_factory=dict)
    told: bool = True
    order_told: bool = True
    """False where an entry doesn't say whom an added signer stands before or after."""

    def asked(self) -> Iterator[Turn]:
        return (turn for turn in self.turns.values() if turn.is_asked)


@dataclass(frozen=True)
class Skipped:
    stage: int
    reason: str
    round: int
    seq: int


@dataclass
class Approval:
    """An approval: `sent` has for each round the entry that began it."""

    id: str
    version: str
    state: str
    round: int
    document: str
    digest: str
    seq: int
    """The entry that moved it last."""
    sent: dict[int, Record] = field(default_factory=dict)
    openings: list[Opening] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    chosen: Sequence[Any] = ()

    @property
    def now(self) -> Opening | None:
        """The open stage."""
        return next((one for one in reversed(self.openings) if not one.outcome), None)

    @property
    def latest(self) -> Opening | None:
        return self.openings[-1] if self.openings else None


def approvals(
    records: Iterable[Record],
    electorates: Mapping[str, Electorate],
    sequential: Mapping[tuple[str, int], bool],
) -> list[Approval]:
    """Every approval of a root after these of its entries, oldest first.

    `electorates` are known by the opening's id, `sequential` says of a route version's stages (by
    the version's id and the position) which ask one seat after another.
    """
    told = _Telling(electorates, sequential)
    for record in records:
        told.hear(record)
    return list(told.approvals.values())


class _Telling:
    def __init__(
        self,
        electorates: Mapping[str, Electorate],
        sequential: Mapping[tuple[str, int], bool],
    ) -> None:
        self.electorates, self.sequential = electorates, sequential
        self.approvals: dict[str, Approval] = {}
        self.openings: dict[str, tuple[Approval, Opening]] = {}
        self.turns: dict[str, tuple[Opening, Turn]] = {}

    def hear(self, record: Record) -> None:
        facts = record.facts
        if signed := facts.get("sign_off"):
            self._signed(signed, record)
        if taken_back := facts.get("revocation"):
            self._revoked(taken_back, facts["turns"], record)
        elif "turns" in facts:
            self._turns(facts, record)
        if said := facts.get("opinion"):
            _opening, turn = self.turns[said["id"]]
            turn.opinion = said["opinion"]["commitment"]
            turn.end(DECIDED, record.seq)
        for one in each(facts):
            self._moved(one, record)

    def _moved(self, facts: Facts, record: Record) -> None:
        """What an entry says of one approval: it began, a stage ended or opened, it ended."""
        moved = facts.get("approval")
        if moved and "document" in facts:
            self._sent(moved, facts, record)
        if closed := facts.get("closed"):
            self._closed(self.openings[closed["id"]][1], closed["outcome"], record)
        approval = self._about(facts)
        if approval is None:
            return
        for one in facts.get("skipped", ()):
            skipped = Skipped(one["stage"], one["reason"], approval.round, record.seq)
            approval.skipped.append(skipped)
        carried = {one["id"]: one["from"] for one in facts.get("carried", ())}
        for one in facts.get("passed_over", ()):
            opening = self._opened(approval, one, carried, record)
            self._closed(opening, "passed", record)
        if one := facts.get("opened"):
            self._opened(approval, one, carried, record)
        if moved:
            self._state(approval, moved, record)

    def _about(self, facts: Facts) -> Approval | None:
        if moved := facts.get("approval"):
            return self.approvals.get(moved["id"])
        if closed := facts.get("closed"):
            return self.openings[closed["id"]][0]
        return None

    def _sent(self, moved: Facts, facts: Facts, record: Record) -> None:
        document = facts["document"]
        approval = self.approvals.setdefault(
            moved["id"],
            Approval(moved["id"], facts["route_version"], "", 0, "", "", record.seq),
        )
        approval.document, approval.digest = document["id"], document["digest"]
        approval.round = moved["round"]
        approval.chosen = facts.get("chosen", ())
        approval.sent[moved["round"]] = record

    def _state(self, approval: Approval, moved: Facts, record: Record) -> None:
        if moved["state"] != approval.state:
            approval.state, approval.seq = moved["state"], record.seq
        if approval.state in ("withdrawn", "cancelled"):
            for opening in approval.openings:
                if not opening.outcome:
                    self._closed(opening, approval.state, record)

    def _opened(
        self, approval: Approval, told: Facts, carried: Mapping[str, str], record: Record
    ) -> Opening:
        if told["id"] in self.openings:  # asked again: it had no seats
            opening = self.openings[told["id"]][1]
            opening.seats, opening.electorate = told["seats"], told["electorate"]
        else:
            opening = Opening(
                told["id"],
                told["number"],
                told["stage"],
                approval.round,
                told["seats"],
                told["electorate"],
                record.seq,
                record.at,
                told.get("due_date"),
                "due_date" in told,
            )
            approval.openings.append(opening)
            self.openings[opening.id] = approval, opening
        self._seat(approval, opening, carried, record)
        return opening

    def _seat(
        self, approval: Approval, opening: Opening, carried: Mapping[str, str], record: Record
    ) -> None:
        found = self.electorates.get(opening.id, Electorate((), ""))
        opening.told = not opening.seats or found.digest == opening.electorate
        if not opening.told or not opening.seats:
            return
        before: int | None = None
        in_turn = self.sequential.get((approval.version, opening.stage), False)
        for seat in found.seats:
            turn = Turn(seat, OPEN, record.seq)
            if seat.id in carried:
                turn.carried_from = carried[seat.id]
                turn.end(DECIDED, record.seq)
                source = self.turns.get(turn.carried_from)
                turn.ballot = source[1].ballot if source else None
            elif in_turn:
                turn.waits_for, turn.state = before, OPEN if before is None else WAITING
                before = seat.position
            self._give(opening, turn)

    def _give(self, opening: Opening, turn: Turn) -> None:
        opening.turns[turn.seat.id] = turn
        self.turns[turn.seat.id] = opening, turn

    def _closed(self, opening: Opening, outcome: str, record: Record) -> None:
        opening.outcome, opening.closed = outcome, record.seq
        for turn in opening.asked():
            turn.end(NOT_NEEDED, record.seq)

    # Turns

    def _signed(self, signed: Facts, record: Record) -> None:
        if signed["work_item"] not in self.turns:  # its electorate isn't told
            return
        opening, turn = self.turns[signed["work_item"]]
        comment = signed.get("comment")
        turn.ballot = Ballot(
            signed["id"],
            record.actor_id,
            record.acting_for and record.acting_for.partition(":")[2],
            signed["decision"],
            signed["target"],
            comment and comment["commitment"],
            record.at,
            record.seq,
            signed.get("evidence", "session"),
        )
        turn.end(DECIDED, record.seq)
        if "closed" in record.facts:
            return
        for other in opening.asked():
            if other.waits_for != turn.seat.position:
                continue
            if other.seat.origin == CONSULTED:
                other.end(NOT_NEEDED, record.seq)
            else:
                other.state = OPEN

    def _revoked(self, taken_back: Facts, turns: Sequence[Facts], record: Record) -> None:
        for opening, turn in list(self.turns.values()):
            if turn.ballot is None or turn.ballot.sign_off != taken_back["sign_off"]:
                continue
            if turn.carried_from:
                continue
            turn.revoked = record.seq
            for other in opening.asked():
                if (
                    other.waits_for == turn.seat.position
                    and other.state == OPEN
                    and other.seat.origin != CONSULTED
                ):
                    other.state = WAITING
            for told in turns:
                self._succeeded(opening, told, record)

    def _turns(self, facts: Facts, record: Record) -> None:
        """Signers added or asked beside the route, and seats that were given to others."""
        for told in facts["turns"]:
            if told["opening"] not in self.openings:
                continue
            opening = self.openings[told["opening"]][1]
            if told["succeeds"]:
                self._succeeded(opening, told, record)
                continue
            turn = Turn(_seat(told), OPEN, record.seq, note=_commitment(told["note"]))
            asker = opening.turns.get(facts.get("work_item", ""))
            if told["origin"] == CONSULTED:
                turn.waits_for = asker.seat.position if asker else None
                opening.order_told &= asker is not None
            elif when := facts.get("when"):
                self._placed(opening, turn, asker, when)
            self._give(opening, turn)

    def _placed(self, opening: Opening, turn: Turn, asker: Turn | None, when: str) -> None:
        """Before, after or beside whoever added the signer."""
        if when == "parallel":
            return
        if asker is None:
            opening.order_told = False
        elif when == "before":
            asker.state, asker.waits_for = WAITING, turn.seat.position
        else:
            for other in opening.asked():
                if other.waits_for == asker.seat.position and other.state == WAITING:
                    other.waits_for = turn.seat.position
            turn.state, turn.waits_for = WAITING, asker.seat.position

    def _succeeded(self, opening: Opening, told: Facts, record: Record) -> None:
        before = opening.turns.get(told["succeeds"])
        if before is None:
            return
        state = WAITING if before.state == WAITING else OPEN
        before.end(SUPERSEDED, record.seq)
        note = _commitment(told["note"])
        turn = Turn(_seat(told), state, record.seq, before.waits_for, told["succeeds"], note=note)
        self._give(opening, turn)


def _seat(told: Facts) -> Seat:
    return Seat(
        told["id"],
        told["position"],
        told["post"],
        told["person"],
        told["weight"],
        told["origin"],
    )


def _commitment(value: Facts | None) -> str | None:
    return value["commitment"] if value else None
