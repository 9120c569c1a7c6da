"""How tasks kept their deadlines in a period: counted in the database."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Count, F, Q

from approvals.queries.statistics import Period
from workflows.models import Assignment, Task


@dataclass(frozen=True)
class Deadlines:
    """The tasks of one lead unit whose deadline lay in the period."""

    unit: str
    name: str
    due: int
    late: int
    open: int

    @property
    def overdue(self) -> int:
        return self.late + self.open

    @property
    def share(self) -> int:
        """Percent overdue, rounded."""
        return round(100 * self.overdue / self.due)


def deadlines(period: Period, today: date, *, most: int) -> list[Deadlines]:
    """By present lead unit, the most overdue first; cancelled tasks don't count. One query.

    Late: closed after the day it was due; open: neither closed nor cancelled, and due before today.
    """
    parts = Assignment.objects.filter(
        organisation=period.organisation,
        role=Assignment.Role.LEAD,
        ended_at=None,
        task__due_date__gte=period.first,
        task__due_date__lte=period.last,
    ).exclude(task__state=Task.State.CANCELLED)
    if period.unit:
        parts = parts.filter(unit=period.unit)
    late = Q(task__state=Task.State.CLOSED, task__closed_at__date__gt=F("task__due_date"))
    still = ~Q(task__state=Task.State.CLOSED) & Q(task__due_date__lt=today)
    rows = (
        parts.order_by()
        .values("unit", "unit__name")
        .annotate(due=Count("pk"), late=Count("pk", filter=late), open=Count("pk", filter=still))
    )
    found = [
        Deadlines(str(row["unit"]), row["unit__name"], row["due"], row["late"], row["open"])
        for row in rows
    ]
    return sorted(found, key=lambda one: (-one.overdue, one.name))[:most]
