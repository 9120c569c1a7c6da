"""The demo: real actions all the way, so that its ledger is whole."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import Settings

from demo import people
from directory.models import Person
from tests.factories import NOW
from workflows.models import Task


@pytest.mark.usefixtures("empty_db")
def test_the_demo_is_lively_whole_and_loaded_once(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    output = StringIO()
    call_command("load_demo", stdout=output, stderr=StringIO())

    assert people.PASSWORD in output.getvalue()
    assert (tmp_path / "accounts.txt").read_text() in output.getvalue()
    states = set(Task.objects.values_list("state", flat=True))
    assert states == {"assigned", "in_progress", "submitted", "reviewed", "closed"}
    call_command("verify_ledger", stdout=StringIO())

    before = Task.objects.count()
    call_command("load_demo", stdout=StringIO())
    assert Task.objects.count() == before


@pytest.mark.django_db
def test_every_printed_account_signs_in_with_a_role_that_it_holds() -> None:
    organisation = people.load(NOW, warn=lambda text: None)

    for account in people.accounts():
        person = Person.objects.get(organisation=organisation, username=account.username)
        assert person.check_password(account.password)
        assert account.role
        assert account.try_this
    assert len(people.PASSWORD) >= 12


@pytest.mark.usefixtures("empty_db")
def test_a_demo_that_breaks_off_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def break_off(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("demo.history.tell", break_off)
    with pytest.raises(KeyboardInterrupt):
        call_command("load_demo", stdout=StringIO(), stderr=StringIO())
    assert not Person.objects.exists()
