from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from approvals import actions
from approvals.queries import routing
from approvals.routes import exchange
from approvals.routes.specs import StageSpec
from audit.errors import Refused
from directory.actions import OPERATOR
from directory.models import Organisation


class Command(BaseCommand):
    """How an organisation gets its first routes, the one that approves routes among them."""

    help = "Publish a route from an exported file, as the server's operator."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--organisation", help="its name, where there are several")

    def handle(self, *args: Any, **options: Any) -> None:
        organisation = self.organisation(options["organisation"])
        try:
            portable = exchange.read(options["file"].read_bytes())
            directory = routing.directory_of(organisation.pk)
            stages = exchange.settled(portable, directory.unit_called, directory.account)
            version = actions.publish_route(
                organisation=organisation,
                name=portable.name,
                subject_kind=portable.subject_kind,
                stages=[StageSpec.of(one) for one in stages],
                actor=OPERATOR,
                at=timezone.now(),
            )
        except (Refused, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Version {version.number} of “{portable.name}” is in force.")

    def organisation(self, name: str | None) -> Organisation:
        found = list(Organisation.objects.filter(**({"name": name} if name else {}))[:2])
        if len(found) != 1:
            raise CommandError("Say which organisation with --organisation NAME.")
        return found[0]
