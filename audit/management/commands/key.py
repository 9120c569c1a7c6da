from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from audit import checkpoints, rotation, signing
from audit.errors import Refused
from audit.models import Origin


class Command(BaseCommand):
    """Shows the key that signs the logs, or gives them a new one."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("show", help="the key's fingerprint, and what to give to auditors")
        rotate = verbs.add_parser("rotate", help="a new key and new names for all logs")
        rotate.add_argument("--reason", required=True, help="kept in the ledger")
        rotate.add_argument("--lost", action="store_true", help="the old key is gone")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["verb"] == "rotate":
                self.rotate(options["reason"].strip(), lost=options["lost"])
            self.show()
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal

    def show(self) -> None:
        place = checkpoints.key_place()
        if not place.exists():
            raise rotation.KeyIsMissing(place=place)
        key = signing.private_key(place)
        self.stdout.write(_("Key in %(place)s") % {"place": place})
        self.stdout.write(_("Fingerprint: %(digits)s") % {"digits": rotation.fingerprint(key)})
        for origin in Origin.objects.order_by("organisation", "number"):
            mark = "log" if checkpoints.fits(origin, key) else "old"
            self.stdout.write(f"{mark} {origin.vkey}")

    def rotate(self, reason: str, *, lost: bool) -> None:
        if not reason:
            raise CommandError(_("Say why."))
        opened = rotation.rotate(
            checkpoints.key_place(),
            checkpoints.memory().place,
            settings.LOG_HOST,
            lost=lost,
            reason=reason,
            at=timezone.now(),
        )
        for origin in opened:
            self.stdout.write(_("The log is signed as %s from now on.") % origin.name)
