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
        # Actions refuse to run inside an atomic block: without autocommit each is a savepoint of a
        # transaction that isn't Django's.
        transaction.set_autocommit(False)
        try:
            organisation = people.load(now - MONTHS, warn)
            routes.publish(organisation, now - MONTHS)
            history.tell(organisation, now)
            transaction.commit()
        finally:
            transaction.rollback()
            transaction.set_autocommit(True)


def printed_accounts() -> str:
    """The ways in, as a terminal shows them."""
    accounts = people.accounts()
    width = max(len(account.username) for account in accounts)
    lines = [_("Sign in with the password %(password)s as") % {"password": people.PASSWORD}]
    lines += [f"  {one.username:<{width}}  {one.role}: {one.try_this}" for one in accounts]
    lines.append(_("Everybody else has the same password; the account is the name in pinyin."))
    return "\n".join(lines) + "\n"
