"""The worker's loop."""

import os
import signal
import threading
from datetime import UTC, datetime, timedelta

import pytest

from config import worker

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def test_a_failing_step_does_not_stop_the_others(caplog: pytest.LogCaptureFixture) -> None:
    def fail(*, at: datetime) -> int:
        raise ValueError("broken")

    def move(*, at: datetime) -> int:
        assert at == NOW
        return 3

    assert worker.round_of_steps([fail, move], at=NOW) == (3, 1)
    assert "fail failed" in caplog.text


def test_every_step_of_the_settings_exists() -> None:
    assert all(callable(step) for step in worker.steps())


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


def test_it_goes_on_at_once_while_there_is_work_and_stops_when_told(
    monkeypatch: pytest.MonkeyPatch, committed_db: None
) -> None:
    rounds: list[int] = []

    def step(*, at: datetime) -> int:
        rounds.append(len(rounds))
        if len(rounds) == 5:
            os.kill(os.getpid(), signal.SIGTERM)
        return 1

    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(worker, "steps", lambda: [step])
    monkeypatch.setattr(threading.Event, "wait", lambda *_: pytest.fail("it rested"))
    try:
        worker.run()
    finally:
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGINT, before[1])
    assert len(rounds) == 5
