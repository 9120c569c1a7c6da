"""Which days the organisation works."""

from datetime import date
from uuid import UUID

from directory.calendar import WorkingDays
from directory.models import CalendarDay


def working_days(organisation_id: UUID) -> WorkingDays:
    """The organisation's calendar. One query; keep it for the length of a request."""
    days = CalendarDay.objects.filter(organisation_id=organisation_id)
    return WorkingDays(dict(days.values_list("date", "is_working")))


def working_days_between(organisation_id: UUID, first: date, last: date) -> int:
    """Working days after `first` up to and with `last`; negative when `last` is past."""
    return working_days(organisation_id).between(first, last)
