"""The worker verifies every ledger once a night."""

import logging
from datetime import date, datetime

from django.utils import timezone

from audit import roots, verification
from audit.findings import Finding
from audit.models import Verification

HOUR = 3
"""Local time after which the night's run is due."""

log = logging.getLogger("duban.ledger")


class Night:
    """Remembers the day it has looked after, so that it asks the table only once a day."""

    def __init__(self) -> None:
        self._done: date | None = None

    def verify(self, *, at: datetime) -> int:
        """Verify each organisation that wasn't verified today; what is bad goes to the log."""
        local = timezone.localtime(at)
        if local.hour < HOUR or self._done == local.date():
            return 0
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        verified = set(
            Verification.objects.filter(at__gte=midnight).values_list("organisation", flat=True)
        )
        waiting = [one for one in roots.organisations() if one not in verified]
        for organisation in waiting:
            run = verification.record(organisation, at=at)
            if run.first_bad is not None:
                log.critical("%s: %s", organisation, Finding.from_json(run.first_bad))
        self._done = local.date()
        return 0


verify = Night().verify
