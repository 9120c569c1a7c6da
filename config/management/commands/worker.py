from typing import Any

from django.core.management.base import BaseCommand

from config import worker


class Command(BaseCommand):
    """Follows the ledger: its order, notices, deadlines. Runs until it is stopped."""

    help = __doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        worker.run()
