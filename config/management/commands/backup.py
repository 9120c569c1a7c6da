from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from audit.errors import Refused
from config import terminal
from config.backups import making


class Command(BaseCommand):
    """Backs up the database, the uploaded files and, if asked, the log's key, while Duban runs."""

    help = __doc__ or ""
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "directory", nargs="?", type=Path, help="a new one; default: by time, in DUBAN_BACKUPS"
        )
        parser.add_argument(
            "--with-secrets",
            action="store_true",
            help="the log's key, too: whoever has the backup can then sign as this log",
        )
        parser.add_argument(
            "--keep", type=int, metavar="DAYS", help="then delete older backups beside it"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with translation.override(terminal.language()):
            self.back_up(options["directory"], options["with_secrets"], options["keep"])

    def back_up(self, directory: Path | None, secrets: bool, days: int | None) -> None:
        now = timezone.now()
        place = (directory or settings.BACKUP_ROOT / f"{now:%Y%m%dT%H%M%SZ}").absolute()
        if days is not None and days < 1:
            raise CommandError(_("--keep takes a number of days, 1 or more."))
        try:
            made, digest, damaged = making.make(place, secrets=secrets, at=now)
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        except OSError as error:
            raise CommandError(f"{error.filename or place}: {error.strerror}") from error
        for log in made.logs:
            self.stdout.write(
                _("%(organisation)s: %(entries)d entries, of which %(size)d are in the log.")
                % {"organisation": log.organisation, "entries": log.entries, "size": log.size}
            )
        for old in making.discard_older(place.parent, days, at=now) if days else []:
            self.stdout.write(_("Deleted the old backup %(place)s.") % {"place": old})
        self.stdout.write(
            _("The backup is in %(place)s, with %(count)d uploaded files.")
            % {"place": place, "count": made.files}
        )
        self.stdout.write(_("Its manifest has the SHA-256 %(digest)s.") % {"digest": digest.hex()})
        if secrets:
            self.stdout.write(_("It holds the log's key: keep it where nobody else can read it."))
        for problem in damaged:
            self.stderr.write(str(problem))
        if damaged:
            raise SystemExit(1)
