"""The connection is cut at every statement of a decision: all of it is there, or nothing.

Whoever sends the same form again then gets exactly one decision. Statements that travel together
are cut apart, too; and once the reply alone is lost, after everything was committed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

import pytest
from django.db import InterfaceError, OperationalError, connection

from approvals import queries
from approvals.actions import Decided, StageSpec
from approvals.models import Approval, SignOff, WorkItem
from audit.models import Entry
from audit.models import Opening as Words
from audit.verification import verify
from tests.approvals.factories import World
from tests.factories import make_unit

pytestmark = pytest.mark.usefixtures("committed_db")

CUT = "SELECT pg_terminate_backend(pg_backend_pid())"
BETWEEN = ";\n"
"""What stands between statements that travel together."""


class Scissors:
    """Cuts before the statement of that number; counts them all where it is none of them."""

    def __init__(self, at: int | None = None) -> None:
        self.at, self.count = at, 0

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        parts = sql.split(BETWEEN)
        first, self.count = self.count, self.count + len(parts)
        if self.at is not None and first <= self.at < self.count:
            parts.insert(self.at - first, CUT)
        return execute(BETWEEN.join(parts), params, many, context)


@contextmanager
def lost_reply() -> Iterator[None]:
    """What is committed, and the connection gone before anybody hears of it."""
    commit = connection._commit  # type: ignore[attr-defined]

    def committed() -> None:
        commit()
        raise OperationalError("server closed the connection unexpectedly")

    with patch.object(connection, "_commit", committed):
        yield


@pytest.fixture
def world() -> World:
    """A decision that does all a decision can: it closes a stage, opens the next, has a comment."""
    world = World()
    first = [world.seat("Ana"), world.seat("Ben")]
    after = [world.seat("Cai")]
    world.publish(StageSpec("First", first, rule="any"), StageSpec("Second", after))
    return world


@pytest.fixture
def passing(world: World) -> World:
    """A decision that ends the approval and moves its subject."""
    world.route(["Ana"])
    return world


def state(world: World) -> tuple[object, ...]:
    """Everything that a decision writes."""
    world.unit.refresh_from_db()
    approval = Approval.objects.get(subject_id=world.unit.pk)
    return (
        approval.state,
        list(approval.openings.values_list("number", "outcome", "closed_at")),
        list(approval.work_items.order_by("id").values_list("id", "state", "closed_at")),
        approval.sign_offs.count(),
        Entry.objects.filter(subject=world.unit.subject).count(),
        Words.objects.filter(organisation=world.organisation.pk).count(),
        (world.unit.kind, world.unit.chain_length, bytes(world.unit.chain_head)),
    )


def fresh(world: World) -> tuple[WorkItem, bytes]:
    """Another subject's item for Ana, and what she was shown."""
    world.unit = make_unit(world.organisation)
    world.begin()
    item = world.item("Ana")
    digest = queries.seen_digest(item)
    connection.close()
    return item, digest


@pytest.mark.parametrize("kind", ["world", "passing"])
def test_a_decision_cut_at_any_statement_is_whole_or_never_was(
    kind: str, request: pytest.FixtureRequest
) -> None:
    world = request.getfixturevalue(kind)
    item, digest = fresh(world)
    with connection.execute_wrapper(counter := Scissors()):
        send(world, item, uuid4(), digest)
    assert counter.count > 12
    for place in range(counter.count):
        item, digest = fresh(world)
        before, key = state(world), uuid4()
        connection.close()  # so that every statement is prepared anew, as in the count
        with (
            connection.execute_wrapper(Scissors(place)),
            pytest.raises((OperationalError, InterfaceError)),
        ):
            send(world, item, key, digest)
        connection.close()
        assert state(world) == before, f"cut before statement {place}"
        check_retry(world, item, key, digest, repeated=False)
    assert verify(world.organisation.pk).first_bad is None


def test_a_decision_whose_reply_was_lost_is_there_once(world: World) -> None:
    (item, digest), key = fresh(world), uuid4()
    with lost_reply(), pytest.raises(OperationalError):
        send(world, item, key, digest)
    connection.close()
    check_retry(world, item, key, digest, repeated=True)
    assert verify(world.organisation.pk).first_bad is None


def check_retry(world: World, item: WorkItem, key: UUID, digest: bytes, *, repeated: bool) -> None:
    """The same form again, twice."""
    first = send(world, item, key, digest)
    after = state(world)
    second = send(world, item, key, digest)
    assert (first.repeated, second.repeated) == (repeated, True)
    assert first.sign_off_id == second.sign_off_id == SignOff.objects.get(work_item=item).pk
    assert state(world) == after


def send(world: World, item: WorkItem, key: UUID, digest: bytes) -> Decided:
    return world.decide("Ana", item=item, key=key, comment="Well done.", seen_digest=digest)
