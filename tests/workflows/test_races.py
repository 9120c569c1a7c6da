"""Two people do the same at once on connections of their own: one wins, the other hears why."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import IntegrityError, connection, transaction

from audit.errors import Refused
from tests.factories import NOW
from tests.workflows.factories import (
    World,
    accepted,
    decide,
    entries,
    fresh,
    make_task,
    make_world,
    publish_completion_route,
    submitted,
    write,
)
from workflows.actions import drafts, reports, tasks
from workflows.actions.authority import WrongState
from workflows.models import Draft, Submission, Task

pytestmark = pytest.mark.races
AT_ONCE = 4


@pytest.fixture
def world(committed_db: None) -> World:
    world = make_world()
    publish_completion_route(world)
    return world


def at_once(action: Callable[[int], object], times: int = AT_ONCE) -> list[object]:
    """What each of several simultaneous calls gave: its result or its refusal."""
    barrier = Barrier(times)

    def call(number: int) -> object:
        try:
            connection.ensure_connection()
            barrier.wait(10)
            return action(number)
        except Refused as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(call, range(times)))


def refusals(results: list[object]) -> list[object]:
    return [one for one in results if isinstance(one, Refused)]


def test_one_of_many_acceptances_counts(world: World) -> None:
    task = make_task(world)

    results = at_once(lambda _: tasks.accept(task_id=task.pk, actor=world.handler, at=NOW))

    assert len(refusals(results)) == AT_ONCE - 1
    assert all(isinstance(one, WrongState) for one in refusals(results))
    assert [entry.kind for entry in entries(task)] == ["task.created", "task.accepted"]


def test_a_report_submitted_by_many_clicks_is_one_version(world: World) -> None:
    task = accepted(world)
    draft = write(task, world.lead, world.handler)

    results = at_once(
        lambda _: reports.submit(
            task_id=task.pk,
            revision=draft.revision,
            without_units_reason="Silent.",
            actor=world.handler,
            at=NOW,
        )
    )

    assert len(refusals(results)) == AT_ONCE - 1
    assert Submission.objects.filter(task=task).count() == 1


def test_of_many_savers_one_is_kept_and_the_others_keep_their_words(world: World) -> None:
    task = accepted(world)

    results = at_once(
        lambda number: drafts.save_draft(
            task_id=task.pk,
            unit_id=world.lead.pk,
            revision=0,
            text=f"Words {number}.",
            actor=world.handler,
            at=NOW,
        )
    )

    assert len(refusals(results)) == AT_ONCE - 1
    assert Draft.objects.get(task=task).revision == 1


def test_close_and_reopen_at_once_leave_one_chain(world: World) -> None:
    task = accepted(world)
    submitted(world, task)
    decide(world.deputy)
    decide(world.coordinator)

    def either(number: int) -> object:
        if number % 2:
            return tasks.reopen(task_id=task.pk, actor=world.coordinator, at=NOW, reason="Look.")
        return tasks.close(
            task_id=task.pk, actor=world.coordinator, at=NOW, outcome=Task.Outcome.VERIFIED
        )

    results = at_once(either)

    done = AT_ONCE - len(refusals(results))
    chain = [entry.kind for entry in entries(task)]
    assert len([kind for kind in chain if kind in {"task.closed", "task.reopened"}]) == done
    assert bytes(fresh(task).chain_head) == bytes(entries(task)[-1].entry_hash)


def test_a_state_changed_without_an_entry_is_refused_by_the_database(world: World) -> None:
    task = make_task(world)

    with pytest.raises(IntegrityError, match="without a ledger entry"), transaction.atomic():
        Task.objects.filter(pk=task.pk).update(state="cancelled")
