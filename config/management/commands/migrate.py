from typing import Any

from django.core.management.commands.migrate import Command as Migrate
from django.db import connections

from config import roles


class Command(Migrate):
    """Django's migrate, then the privileges of the four roles to match."""

    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        if not (options["plan"] or options["check_unapplied"] or options["app_label"]):
            roles.grant(connections[options["database"]])
