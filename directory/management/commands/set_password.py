import sys
from argparse import ArgumentParser
from getpass import getpass
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from directory import actions
from directory.actions import OPERATOR
from directory.models import Person


class Command(BaseCommand):
    """The way in for a first administrator: people who were imported have no password yet."""

    help = "Give an account a password; it is asked for, or read from standard input."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("account")

    def handle(self, *args: Any, **options: Any) -> None:
        person = Person.objects.filter(username=options["account"]).first()
        if person is None:
            raise CommandError(f"There is no account “{options['account']}”.")
        password = getpass("New password: ") if sys.stdin.isatty() else sys.stdin.readline()
        password = password.rstrip("\n")
        try:
            validate_password(password, person)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        actions.set_password(
            person_id=person.pk, password=password, actor=OPERATOR, at=timezone.now()
        )
        self.stdout.write(f"{person.name} can sign in with the new password.")
