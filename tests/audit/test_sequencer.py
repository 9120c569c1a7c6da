"""Every committed entry gets one leaf, without gaps, in whatever order transactions commit."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from uuid import UUID

import psycopg2
import pytest
from django.db import connection, transaction

from audit import sequencer
from audit.actions import append, prepare
from audit.models import Entry, Leaf, LogHead
from audit.sequencer import Sequencer
from directory.models import Organisation
from tests.audit.factories import add
from tests.factories import NOW, make_organisation

pytestmark = pytest.mark.usefixtures("file_db", "committed_db")
Speaking = Callable[[str], AbstractContextManager[None]]


@pytest.fixture
def advance(speaking_as: Speaking) -> Callable[[Sequencer], int]:
    def as_worker(sequencer: Sequencer) -> int:
        with speaking_as("worker"):
            return sequencer.advance()

    return as_worker


Advance = Callable[[Sequencer], int]


def log(organisation: Organisation) -> list[UUID]:
    """The entries in the log's order; asserts that it has no gap and knows its size."""
    leaves = Leaf.objects.filter(organisation=organisation.pk).order_by("leaf_index")
    assert [leaf.leaf_index for leaf in leaves] == list(range(len(leaves)))
    head = LogHead.objects.filter(pk=organisation.pk).first()
    assert (head.size if head else 0) == len(leaves)
    return [leaf.entry_id for leaf in leaves]


class Elsewhere:
    """Another connection in the middle of a transaction that appends to a root."""

    def __init__(self, root: Organisation) -> None:
        self._committing, self._written = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._write, args=[root.pk])
        self._thread.start()
        assert self._written.wait(10)

    def _write(self, pk: UUID) -> None:
        try:
            with transaction.atomic():
                root = Organisation.objects.select_for_update(no_key=True).get(pk=pk)
                self.entry = append(
                    root, kind="organisation.noted", actor="operator", at=NOW, facts={}
                )
                self._written.set()
                assert self._committing.wait(10)
        finally:
            connection.close()

    def commit(self) -> None:
        self._committing.set()
        self._thread.join()


def test_each_organisation_has_a_log_of_its_own(advance: Advance) -> None:
    one, other = make_organisation(), make_organisation()
    first = add(one)
    add(other)
    second = add(one)
    assert advance(Sequencer()) == 5
    assert log(one)[1:] == [first.pk, second.pk]
    assert len(log(other)) == 2


def test_nothing_new_means_nothing_to_do(advance: Advance) -> None:
    make_organisation()
    sequencer = Sequencer()
    assert advance(sequencer) == 1
    assert advance(sequencer) == 0


def test_an_entry_that_commits_late_is_not_missed(advance: Advance) -> None:
    late_root, quick_root = make_organisation(), make_organisation()
    sequencer = Sequencer()
    advance(sequencer)
    late = Elsewhere(late_root)
    quick = add(quick_root)
    assert quick.pk > late.entry.pk
    assert advance(sequencer) == 1
    assert log(quick_root)[-1] == quick.pk
    late.commit()
    assert advance(sequencer) == 1
    assert log(late_root)[-1] == late.entry.pk


def test_interleaved_transactions_are_all_found(advance: Advance) -> None:
    """Begun 0 1 2 3, committed 2 0 3 1, and the sequencer looks after each."""
    roots = [make_organisation() for _ in range(4)]
    sequencer = Sequencer()
    advance(sequencer)
    for _round in range(5):
        writers = [Elsewhere(root) for root in roots]
        for place in (2, 0, 3, 1):
            writers[place].commit()
            assert advance(sequencer) == 1
    for root in roots:
        assert log(root) == list(
            Entry.objects.filter(organisation=root.pk)
            .order_by("subject_seq")
            .values_list("pk", flat=True)
        )


def test_what_was_rolled_back_leaves_no_gap(advance: Advance) -> None:
    root = make_organisation()
    sequencer = Sequencer()
    advance(sequencer)
    with transaction.atomic():
        append(root, kind="organisation.noted", actor="operator", at=NOW, facts={})
        transaction.set_rollback(True)
    root.refresh_from_db()
    add(root)
    assert advance(sequencer) == 1
    assert len(log(root)) == 2


def test_a_new_sequencer_goes_on_where_the_old_one_stopped(advance: Advance) -> None:
    root = make_organisation()
    late = Elsewhere(make_organisation())
    advance(Sequencer())
    add(root)
    late.commit()
    assert advance(Sequencer()) == 2
    assert advance(Sequencer()) == 0


def test_a_backlog_is_taken_in_batches(advance: Advance, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_organisation()
    for _ in range(6):
        add(root)
    monkeypatch.setattr(sequencer, "BATCH", 3)
    resumed = Sequencer()
    assert [advance(resumed) for _ in range(4)] == [3, 3, 1, 0]
    assert len(log(root)) == 7


def test_a_chain_keeps_its_order_where_clocks_disagree(advance: Advance) -> None:
    root = make_organisation()
    ids = [UUID(int=(7 << 76 | 2 << 62) + number) for number in (3, 2, 1)]
    for one in ids:
        entry = prepare(root, kind="organisation.noted", actor="operator", at=NOW, facts={}).entry
        entry.pk = one
        entry.save(force_insert=True)
    advance(Sequencer())
    assert [one for one in log(root) if one in ids] == ids


def test_one_sequencer_works_at_a_time(advance: Advance) -> None:
    make_organisation()
    parameters = connection.get_connection_params()
    wanted = {key: parameters[key] for key in ("dbname", "user", "password", "host")}
    other = psycopg2.connect(**wanted, port=parameters.get("port") or None)
    with other, other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [sequencer.LOCK])
        assert advance(Sequencer()) == 0
    other.close()
    assert advance(Sequencer()) == 1


def test_a_failure_half_way_leaves_nothing_behind(
    advance: Advance, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_organisation()
    halting = Sequencer()

    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError("the power went")

    with monkeypatch.context() as patched:
        patched.setattr(LogHead.objects, "bulk_create", fail)
        with pytest.raises(RuntimeError):
            advance(halting)
    assert log(root) == []
    assert advance(halting) == 1
