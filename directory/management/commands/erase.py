from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from audit import erasing
from audit.errors import Refused
from directory import actions
from directory.actions import OPERATOR
from directory.actions.erasure import MOST
from directory.forms.erasure import label
from directory.models import Person


class Command(BaseCommand):
    """Lists the texts that a person wrote or that are about them, or has some of them erased.

    The worker erases them within a minute; the record says that the operator asked, and why.
    """

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("account")
        parser.add_argument(
            "--text", action="append", default=[], metavar="BEGINNING", help="as the list has it"
        )
        parser.add_argument("--reason", default="", help="kept in the ledger")

    def handle(self, *args: Any, **options: Any) -> None:
        person = Person.objects.filter(username=options["account"]).first()
        if person is None:
            raise CommandError(_("There is no account “%s”.") % options["account"])
        texts = erasing.texts_of(person.subject, person.organisation_id, limit=MOST)
        if not options["text"]:
            for text in texts:
                self.stdout.write(f"{text.key[:12]}  {label(text)}")
            return
        chosen = [self.one(beginning, texts) for beginning in options["text"]]
        if not (reason := options["reason"].strip()):
            raise CommandError(_("Say why."))
        try:
            actions.request_erasure(
                person_id=person.pk,
                digests=chosen,
                reason=reason,
                actor=OPERATOR,
                at=timezone.now(),
            )
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(_("The worker erases it within a minute."))

    def one(self, beginning: str, texts: list[erasing.Text]) -> bytes:
        found = {text.digest for text in texts if text.key.startswith(beginning.lower())}
        if len(found) != 1:
            raise CommandError(_("“%s” is not the beginning of one text in the list.") % beginning)
        return found.pop()
