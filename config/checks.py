"""System checks of the whole installation."""

from importlib import util
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from audit.notes import BadNote
from audit.witnesses import Policy, Witness


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


@register
def witnesses_are_understood(**_: Any) -> list[CheckMessage]:
    """Said at the start, rather than by the worker each second and by an auditor's export."""
    found: list[CheckMessage] = []
    for text in settings.WITNESSES:
        try:
            Witness.parse(text)
        except BadNote as error:
            found.append(
                Error(
                    f"DUBAN_WITNESSES: {error}: {text}",
                    hint="Write KEY URL, as the witness prints them; several with commas.",
                    id="duban.E002",
                )
            )
    if settings.WITNESS_POLICY:
        try:
            Policy.parse(settings.WITNESS_POLICY)
        except BadNote as error:
            found.append(
                Error(
                    f"DUBAN_WITNESS_POLICY: {error}",
                    hint="docs/audit.md has an example.",
                    id="duban.E003",
                )
            )
    return found
