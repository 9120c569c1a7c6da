"""How approvals went in a period: counted in the database, however many there are."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import (
    BooleanField,
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    Func,
    IntegerField,
    Max,
    Q,
    QuerySet,
)
from django.utils import timezone

from approvals.models import Intervention, Opening, SignOff, WorkItem
from audit.models import Entry
from audit.models import Opening as Words
from directory.calendar import WorkingDays

LOOKED_BACK = timedelta(days=730)
"""How long before the period a decision in it may have been asked for and still be timed."""


@dataclass(frozen=True)
class Period:
    """What is asked for: decisions from `first` to `last`, of signers of one unit or of all."""

    organisation: UUID
    first: date
    last: date
    unit: UUID | None = None

    @property
    def begins(self) -> datetime:
        return _midnight(self.first)

    @property
    def ends(self) -> datetime:
        return _midnight(self.last + timedelta(days=1))


class WorkedDays(Func):
    """How many working days had begun by a time's day, counted from `since`.

    The calendar's days are an array that the day is the place of.
    """

    arity = 1
    output_field = IntegerField()

    def __init__(self, expression: str, *, counts: tuple[int, ...], since: date) -> None:
        super().__init__(F(expression))
        self.counts, self.since = list(counts), since

    def as_sql(self, compiler: Any, connection: Any, **_context: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        sql, params = compiler.compile(self.source_expressions[0])
        place = f"greatest(timezone(%s, {sql})::date - %s::date, 0) + 1"
        return (
            f"(%s::int[])[{place}]",
            [self.counts, settings.TIME_ZONE, *params, self.since],
        )


def _worked(days: WorkingDays, since: date, until: date) -> tuple[int, ...]:
    """For each day, how many working days there were up to it."""
    counts, total, day = [], 0, since
    while day <= until:
        total += days.is_working(day)
        counts.append(total)
        day += timedelta(days=1)
    return tuple(counts)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, datetime.min.time()))


def decisions(period: Period) -> "QuerySet[SignOff]":
    """The sign-offs of the period."""
    found = SignOff.objects.filter(
        organisation=period.organisation, at__gte=period.begins, at__lt=period.ends
    ).order_by()
    return found.filter(work_item__post__unit=period.unit) if period.unit else found


BY = {
    "person": "person",
    "post": "work_item__post",
    "unit": "work_item__post__unit",
    "stage": "work_item__opening__stage",
}
"""What decisions are counted by."""


@dataclass(frozen=True)
class Counted:
    """Decisions of one person, post, unit or stage: how many, how fast, how many returns."""

    key: str
    name: str
    decisions: int
    returned: int
    personally: int
    median_days: int
    ninetieth_days: int
    median_hours: int

    @property
    def share(self) -> int:
        """Percent returned, rounded."""
        return round(100 * self.returned / self.decisions)


def counted(period: Period, days: WorkingDays) -> dict[str, list[Counted]]:
    """The period's decisions by person, post, unit and stage, most of them first. One query.

    Times run from when the seat was asked to the decision: working days begun since (0: the same
    day), and whole hours on the clock, nights and weekends included.
    """
    sql, params = _timed(period, days).query.sql_with_params()
    found: dict[str, list[Counted]] = {by: [] for by in BY}
    with connection.cursor() as cursor:
        cursor.execute(COUNTED % sql, [*params, *[period.organisation] * 4])
        for by, *row in cursor.fetchall():
            found[by].append(Counted(*row))
    return found


def _timed(period: Period, days: WorkingDays) -> "QuerySet[SignOff, tuple[Any, ...]]":
    """Each decision of the period, as `COUNTED` names the columns."""
    since, until = period.first - LOOKED_BACK, max(period.last, period.first)
    worked = _worked(days, since, until)
    asked = "work_item__opened_at"
    waited = WorkedDays("at", counts=worked, since=since) - WorkedDays(
        asked, counts=worked, since=since
    )
    took = ExpressionWrapper(F("at") - F(asked), output_field=DurationField())
    is_so = {"output_field": BooleanField()}
    returned = ExpressionWrapper(Q(decision="return"), **is_so)
    personally = ExpressionWrapper(Q(evidence="passkey"), **is_so)
    return decisions(period).values_list(*BY.values(), returned, personally, waited, took)


# By hand: the ORM would join the same tables once for each table of the page, and that is most of
# the work. Percentiles are values that occur; one sort gives median and ninetieth.
COUNTED = """
    WITH decided (person, post, unit, stage, returned, personally, waited, took)
        AS MATERIALIZED (%s),
    counted AS (
        SELECT person, post, unit, stage, count(*) AS decisions,
            count(*) FILTER (WHERE returned) AS returned,
            count(*) FILTER (WHERE personally) AS personally,
            percentile_disc(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY waited) AS waited,
            percentile_disc(0.5) WITHIN GROUP (ORDER BY took) AS took
        FROM decided GROUP BY GROUPING SETS ((person), (post), (unit), (stage))
    ),
    named AS (
        SELECT 'person' AS by, id AS key, name, '' AS next, person.name AS told
        FROM directory_person AS person WHERE organisation_id = %%s
        UNION ALL
        SELECT 'post', post.id, title, unit.name, unit.name || ' ' || title
        FROM directory_post AS post JOIN directory_unit AS unit ON unit.id = post.unit_id
        WHERE post.organisation_id = %%s
        UNION ALL
        SELECT 'unit', id, name, '', name FROM directory_unit WHERE organisation_id = %%s
        UNION ALL
        SELECT 'stage', id, name, '', name FROM approvals_stage WHERE organisation_id = %%s
    )
    SELECT by, key::text, told, decisions, returned, personally, waited[1], waited[2],
        floor(extract(epoch FROM took) / 3600)::int
    FROM counted JOIN named ON key = coalesce(person, post, unit, stage)
    ORDER BY decisions DESC, name, next, key
"""


@dataclass(frozen=True)
class Totals:
    decisions: int
    returned: int
    personally: int
    delegated: int

    @property
    def attested(self) -> int:
        return self.decisions - self.personally


def totals(period: Period) -> Totals:
    """One query."""
    return Totals(
        **decisions(period).aggregate(
            decisions=Count("pk"),
            returned=Count("pk", filter=Q(decision="return")),
            personally=Count("pk", filter=Q(evidence="passkey")),
            delegated=Count("pk", filter=Q(acting_for__isnull=False)),
        )
    )


def reasons(period: Period, *, most: int) -> list[tuple[str, int]]:
    """What was written to explain returns, each wording with how often, most often first.

    Texts are compared as they stand; those that were erased are left out. Two queries.
    """
    digests = decisions(period).filter(decision="return", comment__isnull=False)
    found = (
        Words.objects.filter(
            organisation=period.organisation, commitment__in=digests.values("comment")
        )
        .order_by()
        .values("content")
        .annotate(times=Count("pk"))
        .order_by("-times", "content")[:most]
    )
    return [(bytes(row["content"]).decode(), row["times"]) for row in found]


def delegated(period: Period, *, most: int) -> list[Mapping[str, Any]]:
    """Who decided for whom, how often and when last. One query."""
    return list(
        decisions(period)
        .filter(acting_for__isnull=False)
        .values("person", "person__name", "acting_for", "acting_for__name")
        .annotate(decisions=Count("pk"), last=Max("at"))
        .order_by("-decisions", "person__name")[:most]
    )


def at_two_stages(period: Period, *, most: int) -> list[Mapping[str, Any]]:
    """People who decided at more than one stage of one approval, one decision in the period.

    Whoever they act for; a person who decided again at the same stage isn't meant. One query.
    """
    touched = decisions(period).values("approval")
    every = SignOff.objects.filter(organisation=period.organisation).order_by()
    # First those who decided more than once, which few do: only their stages are looked up.
    again = (
        every.filter(approval__in=touched)
        .values("approval", "person")
        .annotate(times=Count("pk"))
        .filter(times__gt=1)
    )
    return list(
        every.filter(approval__in=again.values("approval"))
        .values(
            "approval",
            "approval__subject_kind",
            "approval__subject_id",
            "person",
            "person__name",
        )
        .annotate(
            stages=Count("work_item__opening__stage", distinct=True),
            decisions=Count("pk"),
            last=Max("at"),
        )
        .filter(stages__gt=1)
        .order_by("-last")[:most]
    )


def late_stages(period: Period, today: date, *, most: int) -> list[Mapping[str, Any]]:
    """Stages whose deadline lay in the period: how many there were, and how many were late.

    Late: ended after that day, or still open today after it. One query.
    """
    due = Opening.objects.filter(
        organisation=period.organisation, due_date__gte=period.first, due_date__lte=period.last
    )
    if period.unit:
        seats = WorkItem.objects.filter(post__unit=period.unit).values("opening")
        due = due.filter(pk__in=seats)
    late = Q(closed_at__isnull=True, due_date__lt=today) | Q(closed_at__date__gt=F("due_date"))
    return list(
        due.order_by()
        .values("stage", "stage__name")
        .annotate(due=Count("pk"), late=Count("pk", filter=late))
        .order_by("-late", "stage__name")[:most]
    )


def interventions(period: Period, *, most: int) -> list[Intervention]:
    """Those that were proposed in the period, newest first. One query."""
    return list(
        Intervention.objects.filter(
            organisation=period.organisation,
            proposed_at__gte=period.begins,
            proposed_at__lt=period.ends,
        )
        .select_related("approval", "proposed_by", "settled_by")
        .order_by("-proposed_at")[:most]
    )


def behind(period: Period, conditions: Mapping[str, Any], *, most: int) -> Sequence[SignOff]:
    """The sign-offs behind a number, newest first, one more than `most` if there are. One query."""
    return list(
        decisions(period)
        .filter(**conditions)
        .select_related(
            "person",
            "acting_for",
            "approval",
            "work_item__opening__stage",
            "work_item__post__unit",
        )
        .order_by("-at", "-id")[: most + 1]
    )


def entries_of(organisation_id: UUID, found: Iterable[SignOff]) -> dict[UUID, Entry]:
    """The entry that tells each sign-off, by the sign-off's id. One query."""
    rows = list(found)
    entries = Entry.objects.filter(
        organisation=organisation_id,
        kind="approval.signed_off",
        actor__in={f"person:{one.person_id}" for one in rows},
        at__in={one.at for one in rows},
    )
    told = {}
    for entry in entries:
        told[json.loads(bytes(entry.body))["facts"]["sign_off"]["id"]] = entry
    return {one.pk: told[str(one.pk)] for one in rows if str(one.pk) in told}
