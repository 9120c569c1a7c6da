import time
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import datetime, timedelta
from errno import EEXIST
from os import strerror
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from audit import bundle_files, bundles, reading, roots
from audit.bundles import Scope
from audit.errors import Refused

SUBJECTS = ("task", "plan", "unit")
EVERY = 2
"""Seconds between two reports of how far it is."""


class Command(BaseCommand):
    """Writes a bundle: entries of the ledger with proofs, and the program that checks them."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--all", action="store_true", help="the whole log")
        for kind in SUBJECTS:
            what.add_argument(f"--{kind}", type=UUID, metavar="ID", help=f"a {kind} and its parts")
        what.add_argument("--person", type=UUID, metavar="ID", help="what a person did")
        parser.add_argument("--from", dest="first", metavar="DATE", help="first day, as 2026-01-31")
        parser.add_argument("--to", dest="last", metavar="DATE", help="last day")
        parser.add_argument("--organisation", type=UUID, help="needed if there are several")
        parser.add_argument("--no-files", action="store_true", help="leave the evidence files out")
        parser.add_argument("file", type=Path, help="the zip file; nothing is overwritten")

    def handle(self, *args: Any, **options: Any) -> None:
        organisation = chosen(options["organisation"])
        scope, path, now = scope_of(organisation, options), options["file"], timezone.now()
        try:
            if path.exists():  # before anything is recorded
                raise FileExistsError(EEXIST, strerror(EEXIST))
            bundle = bundles.export(
                organisation=organisation,
                scope=scope,
                actor="operator",
                at=now,
                with_files=not options["no_files"],
            )
            with path.open("xb") as file:
                bundle_files.write(bundle, file, at=now, progress=self.progress(bundle.entries))
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from error
        self.stdout.write(
            _("%(count)d entries are in %(path)s. Check them with: %(command)s")
            % {
                "count": bundle.entries,
                "path": path,
                "command": f"python3 -I audit/verify.py {path}",
            }
        )

    def progress(self, total: int) -> Callable[[int], None]:
        """Says now and then how far it is."""
        said = time.monotonic()

        def tell(number: int) -> None:
            nonlocal said
            if time.monotonic() - said >= EVERY:
                said = time.monotonic()
                told = {"number": number, "total": total}
                self.stderr.write(_("%(number)d of %(total)d entries written ...") % told)

        return tell


def chosen(organisation: UUID | None) -> UUID:
    known = list(roots.organisations())
    if organisation in known:
        return organisation
    if organisation or len(known) != 1:
        listed = ", ".join(map(str, known)) or "–"
        raise CommandError(_("Choose an organisation: %s") % listed)
    return known[0]


def scope_of(organisation: UUID, options: dict[str, Any]) -> Scope:
    subjects, actor, name = None, "", _("The whole record")
    for kind in SUBJECTS:
        if options[kind]:
            name = f"{kind}:{options[kind]}"
            subjects = frozenset(reading.reader().together(organisation, name))
    if options["person"]:
        name = actor = f"person:{options['person']}"
    first, last = day(options["first"]), day(options["last"])
    return Scope(name, subjects, actor, first, last + timedelta(days=1) if last else None)


def day(text: str | None) -> datetime | None:
    """Midnight of the day, in local time."""
    if text is None:
        return None
    try:
        found = parse_date(text)
    except ValueError:
        found = None
    if found is None:
        raise CommandError(_("%s is no date. Write it as 2026-01-31.") % text)
    return timezone.make_aware(datetime.combine(found, datetime.min.time()))
