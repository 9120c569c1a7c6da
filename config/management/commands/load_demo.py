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
        if Organisation.objects.filter(name=people.ORGANISATION).exists():
            self.stdout.write(_("The demo is there already."))
        else:
            self.load(timezone.now())
        text = printed_accounts()
        (settings.DATA_DIR / ACCOUNTS).write_text(text)
        self.stdout.write(text)

    def load(self, now: datetime) -> None:
        """All of it or, when somebody interrupts, nothing: a next start begins anew."""
        whole = transaction.atomic()
        # Actions refuse to run inside a transaction, but for the one that Django's tests wrap
        # around them. Here, too, it is outermost and nothing reacts before it is committed.
        whole._from_testcase = True
        with whole:
            organisation = people.load(now - MONTHS, warn=self.stderr.write)
            routes.publish(organisation, now - MONTHS)
            history.tell(organisation, now)


def printed_accounts() -> str:
    """The ways in, as a terminal shows them."""
    accounts = people.accounts()
    width = max(len(account.username) for account in accounts)
    lines = [_("Sign in with the password %(password)s as") % {"password": people.PASSWORD}]
    lines += [f"  {one.username:<{width}}  {one.role}: {one.try_this}" for one in accounts]
    return "\n".join(lines) + "\n"
