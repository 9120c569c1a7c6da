import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import translation
from django.utils.translation import gettext as _

from config import doctor, terminal


class Command(BaseCommand):
    """Say in sentences what is wrong with this installation; fails where that is serious."""

    help = __doc__ or ""
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        with translation.override(terminal.language()):
            found = sorted(doctor.examine(), key=lambda finding: not finding.serious)
            for finding in found:
                label = _("Problem") if finding.serious else _("Note")
                self.stdout.write(f"{label}: {finding.sentence}")
            if not found:
                self.stdout.write(_("Nothing is wrong with this installation."))
            if any(finding.serious for finding in found):
                sys.exit(1)
