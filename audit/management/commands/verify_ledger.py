import json
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from audit import roots, verification
from audit.verification import Result

TOLD = 100_000
"""Entries between two lines of progress: a multiple of the batches that are read."""


class Command(BaseCommand):
    """Recomputes the ledger, compares the tables with it and names the first difference.

    With --full also the log's tree: tiles, checkpoints, signatures and witnesses' lines, as the
    worker does every night.
    """

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--organisation", type=UUID, help="only this one, by its id")
        parser.add_argument("--full", action="store_true", help="the log's tree and signatures too")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        chosen = options["organisation"]
        known = list(roots.organisations())
        if chosen and chosen not in known:
            raise CommandError(_("There is no organisation %(id)s.") % {"id": chosen})
        results = [
            verification.verify(one, full=options["full"], progress=self.tell)
            for one in ([chosen] if chosen else known)
        ]
        if options["json"]:
            self.stdout.write(json.dumps(as_json(results), ensure_ascii=False))
        else:
            for result in results:
                self.stdout.write(as_sentence(result, full=options["full"]))
        if any(result.first_bad for result in results):
            raise SystemExit(1)

    def tell(self, entries: int) -> None:
        if entries and entries % TOLD == 0:
            self.stderr.write(_("%d entries read ...") % entries)


def as_sentence(result: Result, *, full: bool = False) -> str:
    if result.first_bad:
        return f"{result.organisation}: {result.first_bad}"
    if full:
        return _(
            "%(organisation)s: %(count)d entries, whole; the tables agree with them, and so does "
            "everything that was signed."
        ) % {"organisation": result.organisation, "count": result.entries}
    return _("%(organisation)s: %(count)d entries, whole; the tables agree with them.") % {
        "organisation": result.organisation,
        "count": result.entries,
    }


def as_json(results: list[Result]) -> dict[str, Any]:
    return {
        "whole": not any(result.first_bad for result in results),
        "organisations": [
            {
                "organisation": str(result.organisation),
                "entries": result.entries,
                "first_bad": result.first_bad and result.first_bad.as_json(),
                "sentence": result.first_bad and str(result.first_bad),
            }
            for result in results
        ],
    }
