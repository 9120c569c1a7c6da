"""What waits for a person: one list out of work items, tasks, receipts and drafts.

A page, the counts over all of it and the place in a long list come from a single read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Self
from uuid import UUID

from django.db import connection
from django.utils import timezone

from directory.models import Person
from directory.queries import Holding, holdings
from workflows.queries.waiting import waiting

PAGE = 50
NEVER = "infinity"
"""What stands for a missing deadline in the order of the list."""


@dataclass(frozen=True)
class Errand:
    """One thing to do: `item` is its own row, `subject` the task, plan or import it is about.

    `place` is the post or unit that is asked, if any.
    """

    kind: str
    item: UUID
    subject: UUID
    place: UUID | None
    due_date: date | None


@dataclass(frozen=True)
class Counts:
    """How many errands there are in all, and by when."""

    total: int
    overdue: int
    today: int
    week: int
    later: int
    undated: int


@dataclass(frozen=True)
class Bookmark:
    """The place after an errand; stays where it is when those before it are done."""

    due: str
    item: UUID

    @classmethod
    def read(cls, text: str) -> Self | None:
        """From an address; None for anything that isn't one."""
        due, _, item = text.partition("_")
        try:
            return cls(due if due == NEVER else date.fromisoformat(due).isoformat(), UUID(item))
        except ValueError:
            return None

    @classmethod
    def after(cls, errand: Errand) -> Self:
        return cls(errand.due_date.isoformat() if errand.due_date else NEVER, errand.item)

    def __str__(self) -> str:
        return f"{self.due}_{self.item}"


@dataclass(frozen=True)
class Inbox:
    errands: list[Errand]
    counts: Counts
    after: Bookmark | None
    """Where the next page begins; None at the end."""


def inbox(
    person: Person,
    held: Sequence[Holding],
    at: datetime,
    after: Bookmark | None = None,
    kinds: Sequence[str] = (),
) -> Inbox:
    """A page of what waits for the person who holds `held`, by deadline. One query.

    `kinds` narrows it. Counts are of everything, wherever the page begins.
    """
    today = timezone.localdate(at)
    sql, params = waiting(person, held, kinds)
    if not sql:
        return Inbox([], Counts(0, 0, 0, 0, 0, 0), None)
    place = after or Bookmark("-infinity", UUID(int=0))
    with connection.cursor() as cursor:
        cursor.execute(
            STATEMENT.format(waiting=sql),
            [*params, *_bounds(today), place.due, place.item, PAGE + 1],
        )
        rows = cursor.fetchall()
    found = [Errand(*row[6:]) for row in rows if row[6] is not None]
    page = found[:PAGE]
    more = Bookmark.after(page[-1]) if len(found) > PAGE else None
    return Inbox(page, Counts(*rows[0][:6]), more)


def inbox_count(person: Person, at: datetime, held: Sequence[Holding] | None = None) -> int:
    """How many errands wait for the person. One query, where `held` is known."""
    sql, params = waiting(person, holdings(person, at) if held is None else held)
    if not sql:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({sql}) AS waiting", params)  # noqa: S608 ours
        total: int = cursor.fetchone()[0]
    return total


def group(due: date | None, today: date) -> str:
    """The part of the list that a deadline belongs to."""
    if due is None:
        return "undated"
    if due <= today:
        return "today" if due == today else "overdue"
    return "week" if due <= _sunday(today) else "later"


STATEMENT = """
WITH waiting (kind, item, subject, place, due) AS MATERIALIZED ({waiting}),
counted AS (
    SELECT count(*),
           count(*) FILTER (WHERE due < bound.today),
           count(*) FILTER (WHERE due = bound.today),
           count(*) FILTER (WHERE due > bound.today AND due <= bound.sunday),
           count(*) FILTER (WHERE due > bound.sunday),
           count(*) FILTER (WHERE due IS NULL)
    FROM waiting, (SELECT %s::date AS today, %s::date AS sunday) AS bound
)
SELECT * FROM counted LEFT JOIN (
    SELECT * FROM waiting
    WHERE (coalesce(due, 'infinity'), item) > (%s::date, %s::uuid)
    ORDER BY coalesce(due, 'infinity'), item
    LIMIT %s
) AS page ON true
"""


def _bounds(today: date) -> tuple[date, date]:
    return today, _sunday(today)


def _sunday(day: date) -> date:
    return day + timedelta(days=6 - day.weekday())
