"""Working days against a day-by-day model."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory import holidays
from directory.calendar import WorkingDays, end_of

DAY = timedelta(days=1)
FIRST = date(2026, 1, 1)
dates = st.integers(0, 120).map(lambda n: FIRST + n * DAY)
calendars = st.dictionaries(dates, st.booleans(), max_size=12).map(WorkingDays)


@given(calendars, dates, dates)
def test_days_between_are_those_one_would_count(
    calendar: WorkingDays, first: date, last: date
) -> None:
    early, late = sorted([first, last])
    counted = sum(calendar.is_working(early + n * DAY) for n in range(1, (late - early).days + 1))

    assert calendar.between(first, last) == (counted if first <= last else -counted)


@given(calendars, dates, st.integers(0, 30))
def test_adding_days_lands_on_a_working_day_that_is_so_many_away(
    calendar: WorkingDays, day: date, count: int
) -> None:
    reached = calendar.add(day, count)

    assert calendar.is_working(reached)
    expected = max(count, 1) if not calendar.is_working(day) or count else 0
    assert calendar.between(day, reached) == expected


def test_nobody_counts_backwards() -> None:
    with pytest.raises(ValueError, match="0 or more"):
        WorkingDays().add(FIRST, -1)


def test_a_deadline_ends_with_the_local_day() -> None:
    shanghai = timezone(timedelta(hours=8))

    assert end_of(date(2026, 11, 18), shanghai) == datetime(2026, 11, 18, 16, tzinfo=UTC)


def test_published_holidays_are_the_exceptions_from_the_week() -> None:
    days = {day.date: day for day in holidays.published(2026)}

    assert days[date(2026, 10, 1)].name == "国庆节"
    assert days[date(2026, 10, 10)].is_working
    assert all(day.is_working == (day.date.weekday() >= 5) for day in days.values())
    with pytest.raises(holidays.NotPublished):
        holidays.published(2099)
