"""Taking a table of statistics away: recorded, like every export."""

from datetime import datetime

from django.db import transaction

from approvals.queries.statistics import Period
from audit import roots
from audit.actions import append
from directory.models import Person


@transaction.atomic(durable=True)
def take_statistics(
    *, period: Period, table: str, format: str, rows: int, actor: Person, at: datetime
) -> None:
    """Record that somebody takes a table away; the entry belongs to the person."""
    facts = {
        "statistics": {
            "table": table,
            "first": period.first,
            "last": period.last,
            "unit": period.unit,
            "format": format,
            "rows": rows,
        }
    }
    append(roots.relocked(actor), kind="statistics.exported", actor=actor, at=at, facts=facts)
