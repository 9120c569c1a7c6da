"""Replaying an approval: what entries tell, and what they don't."""

from collections.abc import Mapping
from typing import Any

from approvals.past import Approval, Electorate, Opening, Seat, approvals
from audit.replay import Record

SEATS = Electorate(
    [Seat("a", 1, "post", None, 1, "configured"), Seat("b", 2, None, "eve", 1, "configured")],
    "digest",
)
SENT: Mapping[str, Any] = {
    "approval": {"id": "one", "state": "open", "round": 1},
    "route_version": "v1",
    "document": {"id": "report", "digest": "d"},
    "opened": {"id": "o", "number": 1, "stage": 1, "seats": 2, "electorate": "digest"},
}


def record(seq: int, kind: str, facts: Mapping[str, Any], actor: str = "person:ana") -> Record:
    return Record("task:1", seq, kind, actor, None, f"2026-11-16T0{seq}:00:00.000000Z", facts)


def replayed(*records: Record, electorate: Electorate = SEATS, in_turn: bool = False) -> Approval:
    [found] = approvals(
        [record(1, "task.submitted", SENT), *records], {"o": electorate}, {("v1", 1): in_turn}
    )
    return found


def stage(approval: Approval) -> Opening:
    assert approval.now
    return approval.now


def states(opening: Opening) -> dict[str, str]:
    return {pk: turn.state for pk, turn in opening.turns.items()}


def signed(item: str, **facts: Any) -> Record:
    row = {"id": f"s-{item}", "work_item": item, "decision": "approve", "target": None}
    return record(2, "approval.signed_off", {"sign_off": {**row, "comment": None}, **facts})


def test_seats_that_do_not_give_the_digest_of_the_entry_are_not_shown() -> None:
    opening = stage(replayed(electorate=Electorate(SEATS.seats, "another")))
    assert (opening.told, opening.turns) == (False, {})


def test_a_ballot_of_a_seat_that_is_not_shown_breaks_nothing() -> None:
    assert replayed(signed("a"), electorate=Electorate((), "")).state == "open"


def test_one_after_another_the_next_seat_has_its_turn_when_the_first_has_decided() -> None:
    assert states(stage(replayed(in_turn=True))) == {"a": "open", "b": "waiting"}
    assert states(stage(replayed(signed("a"), in_turn=True))) == {"a": "decided", "b": "open"}


def test_who_is_left_when_a_stage_closes_is_not_needed() -> None:
    approval = replayed(signed("a", closed={"id": "o", "outcome": "passed"}))
    assert states(approval.openings[0]) == {"a": "decided", "b": "not_needed"}
    assert (approval.now, approval.openings[0].closed) == (None, 2)


def test_a_ballot_without_evidence_is_of_the_session() -> None:
    ballot = stage(replayed(signed("a"))).turns["a"].ballot
    assert ballot
    assert ballot.evidence == "session"


def added(**facts: Any) -> Record:
    turn = {
        "id": "c",
        "opening": "o",
        "position": 3,
        "post": None,
        "person": "fay",
        "weight": 1,
        "origin": "added",
        "succeeds": None,
        "note": {"commitment": "ab"},
    }
    return record(2, "approval.signer_added", {"when": "after", "turns": [turn], **facts})


def test_an_entry_that_names_the_asking_seat_tells_whose_turn_it_is() -> None:
    opening = stage(replayed(added(work_item="a")))
    assert (opening.order_told, opening.turns["c"].state) == (True, "waiting")


def test_an_older_entry_that_does_not_name_it_leaves_the_order_open() -> None:
    assert not stage(replayed(added())).order_told


def test_a_deadline_that_the_entry_does_not_tell_is_not_none() -> None:
    assert not stage(replayed()).is_due_told
    told = {**SENT, "opened": {**SENT["opened"], "due_date": None}}
    [found] = approvals([record(1, "task.submitted", told)], {"o": SEATS}, {})
    assert stage(found).is_due_told


def test_withdrawn_ends_what_is_open() -> None:
    moved = {"approval": {"id": "one", "state": "withdrawn", "round": 1}}
    found = replayed(record(2, "task.withdrawn", moved))
    assert (found.state, found.seq, found.openings[0].outcome) == ("withdrawn", 2, "withdrawn")
    assert set(states(found.openings[0]).values()) == {"not_needed"}
