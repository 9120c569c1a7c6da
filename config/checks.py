"""System checks of the whole installation."""

from importlib import util
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register


@register(Tags.database)
def psycopg2_is_the_driver(**_: Any) -> list[CheckMessage]:
    """Django silently prefers psycopg 3; what we measured and promise holds for psycopg2."""
    if util.find_spec("psycopg") is None:
        return []
    return [
        Error(
            "psycopg 3 is installed beside psycopg2, and Django would use it.",
            hint="Uninstall it: pip uninstall psycopg psycopg-binary",
            id="duban.E001",
        )
    ]
