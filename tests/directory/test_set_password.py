"""The first administrator's way in."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from audit.models import Entry
from directory.models import Person
from tests.factories import make_organisation, make_person

pytestmark = pytest.mark.django_db


def run(monkeypatch: pytest.MonkeyPatch, account: str, password: str) -> None:
    monkeypatch.setattr("sys.stdin", StringIO(f"{password}\n"))
    call_command("set_password", account, stdout=StringIO())


def test_the_operator_gives_an_account_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    person = make_person(make_organisation(), username="first-admin")
    run(monkeypatch, "first-admin", "correct horse 27")

    assert Person.objects.get(pk=person.pk).check_password("correct horse 27")
    assert Entry.objects.get(kind="person.password_set").actor == "operator"


def test_a_weak_password_and_an_unknown_account_change_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    person = make_person(make_organisation(), username="first-admin")

    with pytest.raises(CommandError, match="12"):
        run(monkeypatch, "first-admin", "short")
    with pytest.raises(CommandError, match="nobody-at-all"):
        run(monkeypatch, "nobody-at-all", "correct horse 27")
    assert not Person.objects.get(pk=person.pk).has_usable_password()
