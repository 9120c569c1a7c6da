from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from config.management.commands.up import ACCOUNTS
from demo import history, people, routes
from directory.models import Organisation

MONTHS = timedelta(days=120)


class Command(BaseCommand):
    help = "Load the demo: a district's directory, its plan, and months of invented work on it."

    def handle(self, *args: Any, **options: Any) -> None:
        told = options["verbosity"] > 0  # `up` shows the accounts itself, at every start
        if not Organisation.objects.filter(name=people.ORGANISATION).exists():
            self.load(timezone.now(), warn=self.stderr.write if told else lambda text: None)
        elif told:
            self.stdout.write(_("The demo is there already."))
        text = printed_accounts()
        (settings.DATA_DIR / ACCOUNTS).write_text(text)
        if told:
            self.stdout.write(text)

    def load(self, now: datetime, warn: Callable[[str], object]) -> None:
        """All of it or, when somebody interrupts, nothing: a next start begins anew."""
        whole = transaction.atomic()
        # Actions refuse to run inside a transaction, but for the one that Django's tests wrap
        # around them. Here, too, it is outermost and nothing reacts before it is committed.
        whole._from_testcase = True  # type: ignore[attr-defined]
        with whole:
            organisation = people.load(now - MONTHS, warn)
            routes.publish(organisation, now - MONTHS)
            history.tell(organisation, now)


def printed_accounts() -> str:
    """The ways in, as a terminal shows them."""
    accounts = people.accounts()
    width = max(len(account.username) for account in accounts)
    lines = [_("Sign in with the password %(password)s as") % {"password": people.PASSWORD}]
    lines += [f"  {one.username:<{width}}  {one.role}: {one.try_this}" for one in accounts]
    lines.append(_("Everybody else has the same password; the account is the name in pinyin."))
    return "\n".join(lines) + "\n"
