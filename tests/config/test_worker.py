"""The worker's lanes: they don't wait for each other, and end when they are told to."""

import os
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.conf import settings

from config import worker
from config.worker import Lane, Step

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
Lanes = Callable[..., None]


@pytest.fixture
def lanes(monkeypatch: pytest.MonkeyPatch, committed_db: None) -> Lanes:
    """The worker has these lanes, of one step each."""

    def have(*steps: Step, interval: float = 0.0) -> None:
        made = [Lane(f"lane {n}", interval, [worker.patient(one)]) for n, one in enumerate(steps)]
        monkeypatch.setattr(worker, "lanes", lambda: made)

    return have


Tell = Callable[..., None]


@pytest.fixture
def tell() -> Tell:
    """Tell the worker to stop, once: a second signal would reach the tests."""
    told = threading.Event()

    def once(number: int = signal.SIGTERM) -> None:
        if not told.is_set():
            told.set()
            os.kill(os.getpid(), number)

    return once


def broken(*, at: datetime) -> int:
    raise ValueError("broken")


def test_a_failing_step_does_not_stop_the_others(caplog: pytest.LogCaptureFixture) -> None:
    def move(*, at: datetime) -> int:
        assert at == NOW
        return 3

    lane = Lane("both", 1.0, [worker.patient(broken), move])
    assert lane.round(at=NOW, stopping=threading.Event()) == 3
    assert "broken failed" in caplog.text


def test_a_step_that_fails_is_left_alone_longer_each_time_and_asked_at_once_when_it_works() -> None:
    asked: list[datetime] = []

    def step(*, at: datetime) -> int:
        asked.append(at)
        if len(asked) < 4:
            raise ValueError("broken")
        return 1

    taken = worker.patient(step)
    for second in range(12):
        taken(at=NOW + second * SECOND)
    # Rests of 1, 2 and 4 seconds.
    assert [(at - NOW) // SECOND for at in asked] == [0, 1, 3, 7, 8, 9, 10, 11]


def test_a_failing_step_is_asked_at_least_every_half_minute() -> None:
    taken, asked = worker.patient(counted := Counted(broken)), []
    for second in range(300):
        before = counted.asked
        taken(at=NOW + second * SECOND)
        asked += [second] * (counted.asked - before)
    assert max(later - one for one, later in pairwise(asked)) == 30


def test_a_clock_that_is_set_back_does_not_put_a_failed_step_off() -> None:
    taken = worker.patient(counted := Counted(broken))
    taken(at=NOW)
    taken(at=NOW - timedelta(days=1))
    assert counted.asked == 2


class Counted:
    """A step, and how often it was asked."""

    def __init__(self, step: Step) -> None:
        self.step, self.asked = step, 0
        self.__module__, self.__qualname__ = step.__module__, step.__qualname__

    def __call__(self, *, at: datetime) -> int:
        self.asked += 1
        return self.step(at=at)


def test_every_step_of_the_settings_exists() -> None:
    lanes = worker.lanes()
    assert all(callable(step) for lane in lanes for step in lane.steps)
    assert [lane.name for lane in lanes] == [*settings.WORKER_LANES, "daily"]


def test_a_daily_step_is_taken_once_a_day_from_its_hour_on_and_again_if_it_failed() -> None:
    asked: list[datetime] = []

    def step(*, at: datetime) -> int:
        asked.append(at)
        if len(asked) == 1:
            raise ValueError("broken")
        return 1

    once = worker.daily(step, 3)
    # Midnight in Shanghai is 16:00 UTC.
    early, due = datetime(2026, 3, 1, 18, tzinfo=UTC), datetime(2026, 3, 1, 20, tzinfo=UTC)
    assert once(at=early) == 0
    with pytest.raises(ValueError, match="broken"):
        once(at=due)
    assert [once(at=due), once(at=due)] == [1, 0]
    assert [once(at=early + timedelta(days=1)), once(at=due + timedelta(days=1))] == [0, 1]
    assert len(asked) == 3


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_goes_on_at_once_while_there_is_work_and_stops_when_told(
    lanes: Lanes, tell: Tell, number: signal.Signals
) -> None:
    rounds: list[int] = []

    def step(*, at: datetime) -> int:
        rounds.append(len(rounds))
        if len(rounds) == 5:
            tell(number)
            return 0
        return 1

    lanes(step, interval=3600)
    worker.run()
    assert len(rounds) == 5


def test_a_step_that_waits_for_somebody_holds_up_no_other_lane(lanes: Lanes, tell: Tell) -> None:
    """Both wait for the other to have begun: one after the other, they would wait for ever."""
    ledger, witness = threading.Event(), threading.Event()

    def sign(*, at: datetime) -> int:
        ledger.set()
        return 0

    def ask_a_slow_witness(*, at: datetime) -> int:
        witness.set()
        ledger.clear()
        assert ledger.wait(20), "the ledger was not signed meanwhile"
        tell()
        return 0

    lanes(ask_a_slow_witness, sign, interval=0.01)
    worker.run()
    assert witness.is_set()


def test_what_is_under_way_is_finished_before_it_stops(lanes: Lanes, tell: Tell) -> None:
    done: list[str] = []
    later = threading.Event()

    def step(*, at: datetime) -> int:
        threading.Timer(1, later.set).start()
        tell()
        assert later.wait(20)
        done.append("finished")
        return 1

    lanes(step)
    worker.run()
    assert done == ["finished"]


def test_a_step_that_does_not_end_is_left_after_a_while(
    lanes: Lanes, tell: Tell, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(worker, "PATIENCE", 0.05)
    released = threading.Event()

    def step(*, at: datetime) -> int:
        tell()
        released.wait(20)
        return 0

    lanes(step)
    worker.run()
    released.set()
    assert "the lane lane 0 was left in the middle of a step" in caplog.text


def test_a_lane_that_breaks_ends_the_worker_which_is_then_begun_anew(
    lanes: Lanes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def close() -> None:
        raise RuntimeError("no more threads")

    lanes(broken)
    monkeypatch.setattr(worker, "close_old_connections", close)
    with pytest.raises(SystemExit):
        worker.run()
    assert "the lane lane 0 broke" in caplog.text
