"""The worker verifies every ledger once a night, in full.

What it finds goes to the log file, to the audit page, and, as soon as the worker sees it, to
auditors and administrators (`notices.actions.warn`).
"""

import logging
from datetime import datetime

from django.utils import timezone

from audit import roots, verification
from audit.findings import Finding
from audit.models import Verification

log = logging.getLogger("duban.ledger")


def verify(*, at: datetime) -> int:
    """Verify each organisation that wasn't verified today; what is bad goes to the log."""
    midnight = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    verified = set(
        Verification.objects.filter(at__gte=midnight).values_list("organisation", flat=True)
    )
    for organisation in roots.organisations():
        if organisation not in verified:
            run = verification.record(organisation, at=at)
            if run.first_bad is not None:
                log.critical("%s: %s", organisation, Finding.from_json(run.first_bad))
    return 0
