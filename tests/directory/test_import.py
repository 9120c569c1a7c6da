"""A sheet applied to the directory: all of it or nothing."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from audit.models import Entry
from config import bootstrap
from directory import actions, queries, sheets
from directory.actions import OPERATOR
from directory.models import Appointment, Organisation, Person, Post, Unit
from directory.sheets import Row
from tests.factories import NOW, make_administrator, make_holder, make_organisation, make_unit

pytestmark = pytest.mark.django_db
DEMO = bootstrap.HOME / "demo" / "directory.csv"


def run(organisation: Organisation, rows: list[Row], actor: Person | str = OPERATOR) -> None:
    difference = queries.preview(organisation.pk, rows, NOW)
    actions.import_rows(
        organisation_id=organisation.pk,
        rows=rows,
        previewed=difference.fingerprint,
        actor=actor,
        at=NOW,
    )


def test_the_demo_directory_is_imported_and_then_says_nothing_new() -> None:
    organisation = make_organisation()
    rows = sheets.read(DEMO.read_bytes()).rows
    run(organisation, rows)

    assert queries.preview(organisation.pk, rows, NOW).changes == []
    assert Unit.objects.filter(organisation=organisation).count() == 19
    group = organisation.groups.get(name="各街道")
    assert group.units.count() == 3
    tree = {branch.unit.name: branch for branch in queries.tree(organisation.pk, NOW)}
    assert tree["党群工作部"].depth == 1
    assert all(seat.holder for branch in tree.values() for seat in branch.seats)


def test_every_change_stands_in_the_ledger_under_one_action() -> None:
    organisation = make_organisation()
    run(organisation, [Row(2, "甲局", post="经办人", role="handler", name="赵", account="zhao-1")])
    entries = Entry.objects.filter(organisation=organisation.pk).exclude(
        kind="organisation.created"
    )

    assert sorted(entries.values_list("kind", flat=True)) == [
        "appointment.made",
        "directory.imported",
        "person.created",
        "post.created",
        "unit.created",
    ]
    assert entries.values("action").distinct().count() == 1
    assert "赵".encode() not in b"".join(bytes(entry.body) for entry in entries)


def test_a_successor_ends_the_appointment_before() -> None:
    organisation = make_organisation()
    unit = make_unit(organisation, "甲局")
    former = make_holder(unit, "reviewer", "前任")
    post = Post.objects.get(unit=unit)
    run(organisation, [Row(2, "甲局", post=post.title, name="后任", account="next-1")])

    successor = queries.holder(post, NOW)
    assert successor is not None
    assert successor.name == "后任"
    assert Appointment.objects.get(person=former).ends_at == NOW


def test_a_row_with_a_problem_stops_the_whole_import() -> None:
    organisation = make_organisation()

    with pytest.raises(actions.RowsWithProblems):
        run(organisation, [Row(2, "甲局"), Row(3, "乙局", parent="无局")])
    assert not Unit.objects.filter(organisation=organisation).exists()


def test_a_directory_that_changed_since_the_preview_is_left_alone() -> None:
    organisation = make_organisation()
    rows = [Row(2, "甲局"), Row(3, "乙局")]
    difference = queries.preview(organisation.pk, rows, NOW)
    make_unit(organisation, "乙局")

    with pytest.raises(actions.OutOfDate):
        actions.import_rows(
            organisation_id=organisation.pk,
            rows=rows,
            previewed=difference.fingerprint,
            actor=OPERATOR,
            at=NOW,
        )
    assert not Unit.objects.filter(organisation=organisation, name="甲局").exists()


def test_only_an_administrator_of_the_organisation_imports() -> None:
    organisation, other = make_organisation(), make_organisation()
    run(organisation, [Row(2, "甲局")], make_administrator(organisation))

    with pytest.raises(actions.NotAdministrator):
        run(organisation, [Row(2, "乙局")], make_administrator(other))
    with pytest.raises(actions.NotAdministrator):
        run(organisation, [Row(2, "乙局")], make_holder(make_unit(organisation), "principal"))


def test_the_command_shows_a_dry_run_and_makes_nothing(tmp_path: Path) -> None:
    output = StringIO()
    call_command(
        "import_directory",
        str(DEMO),
        organisation="Dry",
        create=True,
        dry_run=True,
        stdout=output,
    )

    assert "党群工作部" in output.getvalue()
    assert not Organisation.objects.filter(name="Dry").exists()


def test_the_command_imports_into_a_new_organisation() -> None:
    call_command("import_directory", str(DEMO), organisation="New", create=True, stdout=StringIO())

    assert Unit.objects.filter(organisation__name="New").count() == 19


def test_the_command_names_the_row_and_imports_nothing(tmp_path: Path) -> None:
    make_organisation("Here")
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("单位,上级单位\n甲局,\n乙局,无局\n")
    errors = StringIO()

    with pytest.raises(CommandError):
        call_command(
            "import_directory", str(sheet), organisation="Here", stdout=StringIO(), stderr=errors
        )
    assert "row 3" in errors.getvalue()
    assert not Unit.objects.filter(organisation__name="Here").exists()


@pytest.mark.parametrize("name", [None, "Nowhere"])
def test_the_command_asks_for_an_organisation_that_exists(name: str | None) -> None:
    make_organisation()
    make_organisation()

    with pytest.raises(CommandError, match="--organisation"):
        call_command("import_directory", str(DEMO), organisation=name, stdout=StringIO())
