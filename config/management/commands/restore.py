from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import translation
from django.utils.translation import gettext as _

from audit.errors import Refused
from config import terminal
from config.backups import restoring
from config.backups.manifest import Manifest


class Command(BaseCommand):
    """Restores a backup into an empty database, verifies the ledger and says what to do next."""

    help = __doc__ or ""
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory", type=Path, help="what manage.py backup made")
        parser.add_argument(
            "--check", action="store_true", help="only check that the backup is whole"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        place = options["directory"].absolute()
        with translation.override(terminal.language()):
            try:
                if options["check"]:
                    Manifest.read(place).check(place)
                    self.tell(_("The backup in %(place)s is whole.") % {"place": place})
                else:
                    restoring.restore(place, tell=self.tell)
            except Refused as refusal:
                raise CommandError(str(refusal)) from refusal
            except OSError as error:
                raise CommandError(f"{error.filename or place}: {error.strerror}") from error

    def tell(self, text: str) -> None:
        self.stdout.write(f"· {text}")
        self.stdout.flush()
