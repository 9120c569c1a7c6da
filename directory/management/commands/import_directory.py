from argparse import ArgumentParser
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from audit.errors import Refused
from directory import actions, queries, sheets, wording
from directory.actions import OPERATOR
from directory.differences import Difference
from directory.models import Organisation
from directory.sheets import Row, Sheet, Unreadable


class Command(BaseCommand):
    help = "Import units, posts and people from an .xlsx or .csv sheet, all of it or nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--organisation", help="its name; may be left out while there is only one"
        )
        parser.add_argument("--create", action="store_true", help="make the organisation if needed")
        parser.add_argument("--dry-run", action="store_true", help="only say what would change")

    def handle(self, *args: Any, **options: Any) -> None:
        at = timezone.now()
        sheet = self._read(options["file"])
        organisation = self._organisation(options["organisation"], create=options["create"])
        difference = queries.preview(organisation.pk, sheet.rows, at)
        self._show(sheet, difference)
        if sheet.problems or difference.problems:
            raise CommandError("Nothing was imported. Correct these rows and try again.")
        if options["dry_run"]:
            self.stdout.write("Dry run: nothing was imported.")
        else:
            self._import(organisation, sheet.rows, difference, at)

    def _read(self, path: Path) -> Sheet:
        try:
            return sheets.read(path.read_bytes())
        except OSError as error:
            raise CommandError(f"{path} can't be read: {error.strerror}") from error
        except Unreadable as error:
            raise CommandError(wording.problem(error)) from error

    def _organisation(self, name: str | None, *, create: bool) -> Organisation:
        """The organisation meant; a new one is not saved before all else is known to be right."""
        found = Organisation.objects.order_by("name")
        if name is not None:
            found = found.filter(name=name)
        if create and name and not found:
            return Organisation(name=name)
        if len(found) != 1:
            known = ", ".join(Organisation.objects.values_list("name", flat=True)) or "none yet"
            raise CommandError(
                f"Name one organisation with --organisation (there is: {known}); --create makes it."
            )
        return found[0]

    def _show(self, sheet: Sheet, difference: Difference) -> None:
        for change in difference.changes:
            self.stdout.write(f"row {change.row}: {wording.change(change)}")
        for problem in sorted([*sheet.problems, *difference.problems], key=lambda one: one.row):
            self.stderr.write(f"row {problem.row}: {wording.problem(problem)}")

    def _import(
        self, organisation: Organisation, rows: list[Row], difference: Difference, at: datetime
    ) -> None:
        if not difference.changes:
            self.stdout.write("Nothing to import: the directory says all of this already.")
            return
        try:
            if organisation._state.adding:
                organisation = actions.create_organisation(
                    name=organisation.name, actor=OPERATOR, at=at
                )
            actions.import_rows(
                organisation_id=organisation.pk,
                rows=rows,
                previewed=difference.fingerprint,
                actor=OPERATOR,
                at=at,
            )
        except Refused as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(f"Imported {len(difference.changes)} changes.")
