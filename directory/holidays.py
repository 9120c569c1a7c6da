"""The days that China's State Council publishes each year, from chinesecalendar. Pure."""

from dataclasses import dataclass
from datetime import date

import chinese_calendar
from chinese_calendar.constants import Holiday


class NotPublished(ValueError):
    """The holidays of this year have not been published, or not reached our package."""


@dataclass(frozen=True)
class Day:
    date: date
    is_working: bool
    name: str


def published(year: int) -> list[Day]:
    """The year's exceptions from Monday to Friday, in order. Raises NotPublished."""
    free = {day: name for day, name in chinese_calendar.holidays.items() if day.year == year}
    worked = {day: name for day, name in chinese_calendar.workdays.items() if day.year == year}
    if not free:
        raise NotPublished(year)
    days = [Day(day, False, _chinese(name)) for day, name in free.items() if day.weekday() < 5]
    days += [Day(day, True, _chinese(name)) for day, name in worked.items() if day.weekday() >= 5]
    return sorted(days, key=lambda day: day.date)


def _chinese(name: str) -> str:
    """「National Day」 → 国庆节."""
    return next((one.chinese for one in Holiday if one.value == name), name)
