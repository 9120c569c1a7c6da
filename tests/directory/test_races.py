"""Two administrators at once: one outcome, no deadlock."""

from collections.abc import Callable
from functools import partial

import pytest

from audit.models import Entry
from directory import actions, queries
from directory.actions import OPERATOR
from directory.models import Appointment, Unit
from directory.sheets import Row
from tests.factories import (
    NOW,
    appoint,
    delegate,
    make_holder,
    make_organisation,
    make_person,
    make_post,
    make_unit,
)
from tests.racing import outcomes

pytestmark = [pytest.mark.races, pytest.mark.usefixtures("committed_db")]


def test_of_eight_who_are_appointed_at_once_one_holds_the_post() -> None:
    unit = make_unit(make_organisation())
    post = make_post(unit, "handler")
    people = [make_person(unit.organisation) for _ in range(8)]

    results = outcomes(*(lambda one=one: appoint(post, one, starts_at=NOW) for one in people))
    assert results == ["PostTaken"] * 7 + ["done"]
    assert Appointment.objects.filter(post=post).count() == 1


def test_two_moves_close_no_circle_between_them() -> None:
    organisation = make_organisation()
    first, second = make_unit(organisation), make_unit(organisation)

    def below(unit: Unit, parent: Unit) -> Callable[[], object]:
        return lambda: actions.change_unit(unit_id=unit.pk, parent=parent, actor=OPERATOR, at=NOW)

    assert outcomes(below(first, second), below(second, first)) == ["GoesInCircle", "done"]


def test_a_name_goes_to_one_of_two() -> None:
    organisation = make_organisation()

    assert outcomes(*[lambda: make_unit(organisation, "甲")] * 2) == ["NameTaken", "done"]


def test_a_sheet_is_imported_by_one_of_two_who_saw_the_same_preview() -> None:
    organisation = make_organisation()
    rows = [Row(2, "甲局", post="经办人", role="handler")]
    previewed = queries.preview(organisation.pk, rows, NOW).fingerprint

    def run() -> None:
        actions.import_rows(
            organisation_id=organisation.pk,
            rows=rows,
            previewed=previewed,
            actor=OPERATOR,
            at=NOW,
        )

    assert outcomes(run, run) == ["OutOfDate", "done"]


def test_who_is_deactivated_while_being_appointed_holds_nothing() -> None:
    for _ in range(5):
        unit = make_unit(make_organisation())
        person, post = make_person(unit.organisation), make_post(unit, "handler")
        appointing = partial(appoint, post, person, starts_at=NOW)
        leaving = partial(actions.deactivate_person, person_id=person.pk, actor=OPERATOR, at=NOW)
        results = outcomes(appointing, leaving)

        assert results in (
            ["Deactivated", "done"],
            ["AppointedMeanwhile", "done"],
            ["done", "done"],
        )
        person.refresh_from_db()
        held = Appointment.objects.filter(post=post, ends_at=None).exists()
        assert held == person.is_active


def test_two_who_delegate_to_each_other_do_not_wait_for_each_other() -> None:
    unit = make_unit(make_organisation())
    first, second = make_holder(unit, "principal"), make_holder(unit, "deputy")

    results = outcomes(*[lambda: delegate(first, second), lambda: delegate(second, first)] * 4)
    assert results == ["done"] * 8
    assert Entry.objects.filter(subject=first.subject, kind="delegation.given").count() == 4


def test_a_password_and_a_deactivation_leave_one_whole_chain() -> None:
    person = make_person(make_organisation())
    results = outcomes(
        lambda: actions.set_password(
            person_id=person.pk, password="x" * 12, actor=OPERATOR, at=NOW
        ),
        lambda: actions.deactivate_person(person_id=person.pk, actor=OPERATOR, at=NOW),
    )

    assert results == ["done", "done"]
    seqs = Entry.objects.filter(subject=person.subject).values_list("subject_seq", flat=True)
    assert sorted(seqs) == [1, 2, 3]
