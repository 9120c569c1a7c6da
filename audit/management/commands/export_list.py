from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.errors import Refused
from audit.forms import EntryFilter
from audit.management.commands.export_bundle import chosen
from audit.search import lists

FIELDS = ("kind", "subject", "person", "unit", "evidence", "first", "last")


class Command(BaseCommand):
    """Writes what a search of the audit record finds to a .xlsx, .csv or .ndjson file."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--words", default="", dest="q", help="words that must all occur")
        for name in FIELDS:
            parser.add_argument(f"--{name}", default="", help="as in the address of the search")
        parser.add_argument("--organisation", type=UUID, help="needed if there are several")
        parser.add_argument("file", type=Path, help="its name says the format; never overwritten")

    def handle(self, *args: Any, **options: Any) -> None:
        organisation, path = chosen(options["organisation"]), options["file"]
        form = EntryFilter(
            {name: options[name] for name in ("q", *FIELDS)}, organisation=organisation
        )
        if not form.is_valid():
            raise CommandError(_("This was not understood: %s") % ", ".join(form.errors))
        format = path.suffix.removeprefix(".")
        if format not in lists.WRITERS:
            raise CommandError(_("The file's name must end with .xlsx, .csv or .ndjson."))
        try:
            with path.open("xb") as file:
                listed = lists.take_list(
                    organisation=organisation,
                    wanted=form.wanted(),
                    format=format,
                    actor="operator",
                    at=timezone.now(),
                    most=None,
                )
                lists.write(listed, file, progress=self.tell)
        except Refused as refusal:
            path.unlink()
            raise CommandError(str(refusal)) from refusal
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from error
        said = _("%(count)d entries are in %(path)s.")
        self.stdout.write(said % {"count": listed.entries, "path": path})

    def tell(self, number: int) -> None:
        if number % 50_000 == 0:
            self.stderr.write(_("%d entries written ...") % number)
