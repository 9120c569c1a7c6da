"""The organisation's table of working days."""

from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.errors import Refused
from directory import holidays
from directory.actions.authority import Actor, Warrant, administrator
from directory.actions.units import lock_organisation
from directory.models import CalendarDay, Organisation


class YearNotPublished(Refused):
    """A year whose holidays are not known yet."""

    status = 422
    sentence = _(
        "The public holidays of %(year)s have not been published yet, or this version of Duban "
        "does not know them. Until then weekends are free and other days are worked; add days "
        "by hand where you know better."
    )


@transaction.atomic(durable=True)
def set_calendar_day(
    *,
    organisation_id: UUID,
    date: date,
    is_working: bool,
    name: str,
    actor: Actor,
    at: datetime,
) -> CalendarDay:
    """Say that a day is worked or free, whatever the week says. Raises NotAdministrator."""
    organisation = lock_organisation(organisation_id)
    warrant = administrator(actor, organisation_id, at)
    day, _created = CalendarDay.objects.update_or_create(
        organisation=organisation,
        date=date,
        defaults={"is_working": is_working, "name": name},
    )
    facts = {"date": date, "is_working": is_working, "name": name}
    warrant.record(organisation, "calendar.day_set", facts)
    return day


@transaction.atomic(durable=True)
def clear_calendar_day(*, day_id: UUID, actor: Actor, at: datetime) -> None:
    """Leave a day to the week again. Raises NotAdministrator."""
    organisation_id = CalendarDay.objects.values_list("organisation_id", flat=True).get(pk=day_id)
    organisation = lock_organisation(organisation_id)
    warrant = administrator(actor, organisation_id, at)
    if day := CalendarDay.objects.filter(pk=day_id).first():
        day.delete()
        warrant.record(organisation, "calendar.day_cleared", {"date": day.date})


@transaction.atomic(durable=True)
def seed_calendar(*, organisation_id: UUID, year: int, actor: Actor, at: datetime) -> int:
    """Fill in a year's published holidays; days set by hand stay. How many were added.

    Raises NotAdministrator, YearNotPublished.
    """
    organisation = lock_organisation(organisation_id)
    warrant = administrator(actor, organisation_id, at)
    return add_published(warrant, organisation, year)


def add_published(warrant: Warrant, organisation: Organisation, year: int) -> int:
    """`seed_calendar` within another action, which has locked the organisation."""
    try:
        published = holidays.published(year)
    except holidays.NotPublished:
        raise YearNotPublished(year=year) from None
    known = set(
        CalendarDay.objects.filter(organisation=organisation).values_list("date", flat=True)
    )
    added = [day for day in published if day.date not in known]
    CalendarDay.objects.bulk_create(
        CalendarDay(
            organisation=organisation, date=day.date, is_working=day.is_working, name=day.name
        )
        for day in added
    )
    if added:
        facts = {"year": year, "days": {day.date.isoformat(): day.is_working for day in added}}
        warrant.record(organisation, "calendar.seeded", facts)
    return len(added)
