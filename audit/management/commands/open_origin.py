from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from audit import checkpoints
from audit.errors import Refused


class Command(BaseCommand):
    """Opens a new name for a log that can't go on from its last checkpoint, and records why."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("organisation", type=UUID)
        parser.add_argument("--reason", required=True, help="kept in the ledger")

    def handle(self, *args: Any, **options: Any) -> None:
        if not (reason := options["reason"].strip()):
            raise CommandError(_("Say why."))
        try:
            origin = checkpoints.roll_over(
                checkpoints.signer(), options["organisation"], reason=reason, at=timezone.now()
            )
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(_("The log is signed as %s from now on.") % origin.name)
