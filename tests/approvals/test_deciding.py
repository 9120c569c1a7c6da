"""Deciding on a work item: what happens, what is refused, what the ledger keeps."""

import pytest

from approvals.models import Approval, WorkItem
from directory.models import Unit
from tests.approvals.factories import World

pytestmark = pytest.mark.usefixtures("committed_db")


def test_the_first_approval_passes_a_stage_that_asks_any_one() -> None:
    world = World()
    world.route(["Ana", "Ben"])
    approval = world.begin()
    assert world.decide("Ana").result == "passed"
    approval.refresh_from_db()
    assert approval.state == Approval.State.PASSED
    assert world.item("Ben").state == WorkItem.State.NOT_NEEDED
    world.unit.refresh_from_db()
    assert world.unit.kind == Unit.Kind.PARTY
