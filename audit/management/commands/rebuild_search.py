from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.translation import gettext as _

from audit import roots
from audit.search import follower


class Command(BaseCommand):
    """Makes the search's tables anew from the ledger; searches find less until it is done."""

    help = __doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        for organisation in roots.organisations():
            follower.start_over(organisation)
        total = 0
        while moved := follower.follow(at=timezone.now()):
            total += moved
            if total % 10_000 < moved:
                self.stderr.write(_("%d entries read ...") % total)
        self.stdout.write(_("%d entries can be found again.") % total)
