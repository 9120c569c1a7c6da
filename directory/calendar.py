"""Working days. Pure: the exceptions from Monday to Friday come in, dates go out.

A deadline is a date and ends with that day where the organisation is, so arithmetic is on dates.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo

DAY = timedelta(days=1)
SATURDAY = 5


@dataclass(frozen=True)
class WorkingDays:
    """A calendar: weekdays, but for `exceptions` (True: worked, False: free)."""

    exceptions: Mapping[date, bool] = field(default_factory=dict)

    def is_working(self, day: date) -> bool:
        return self.exceptions.get(day, day.weekday() < SATURDAY)

    def between(self, first: date, last: date) -> int:
        """Working days after `first` up to and with `last`; `-between(last, first)` when past.

        So a deadline of today is 0, one on the next working day 1, one that ended on the working
        day before today -1.
        """
        if last < first:
            return -self.between(last, first)
        weeks, rest = divmod((last - first).days, 7)
        count = weeks * 5 + sum(
            1 for offset in range(rest) if (last - offset * DAY).weekday() < SATURDAY
        )
        for day, worked in self.exceptions.items():
            if first < day <= last:
                count += int(worked) - int(day.weekday() < SATURDAY)
        return count

    def add(self, day: date, count: int) -> date:
        """The working day that is `count` (0 or more) working days after `day`.

        0 gives `day` itself, or the next working day where it is free.
        """
        if count < 0:
            raise ValueError("count is 0 or more")
        while count > 0 or not self.is_working(day):
            day += DAY
            count -= self.is_working(day)
        return day


def end_of(day: date, zone: tzinfo) -> datetime:
    """The first moment after `day` in the time zone `zone`: what ends on that day is over then."""
    return start_of(day + DAY, zone)


def start_of(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone)
