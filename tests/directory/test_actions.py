"""Each action of the directory: what it changes, what it refuses, and what the ledger says."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from audit.models import Entry, Root
from directory import actions, queries
from directory.actions import OPERATOR
from directory.models import Appointment, CalendarDay, Organisation, Person, Post, Unit, UnitGroup
from tests.factories import (
    LONG_AGO,
    NOW,
    appoint,
    delegate,
    make_administrator,
    make_group,
    make_holder,
    make_organisation,
    make_person,
    make_post,
    make_unit,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("file_db")]
DAY = timedelta(days=1)


def newest(root: Root) -> dict[str, Any]:
    """The body of the newest entry of a root's chain."""
    entry = Entry.objects.filter(subject=root.subject).latest("subject_seq")
    assert bytes(type(root)._default_manager.get(pk=root.pk).chain_head) == bytes(entry.entry_hash)
    body: dict[str, Any] = json.loads(bytes(entry.body))
    return body


@pytest.fixture
def organisation() -> Organisation:
    return make_organisation()


@pytest.fixture
def unit(organisation: Organisation) -> Unit:
    return make_unit(organisation, "党群工作部")


# Organisation, unit, group


def test_an_organisation_is_made_and_renamed_on_record(organisation: Organisation) -> None:
    assert newest(organisation)["kind"] == "organisation.created"
    actions.rename_organisation(
        organisation_id=organisation.pk, name="New name", actor=OPERATOR, at=NOW
    )

    assert newest(organisation)["facts"]["name"]["to"] == "New name"


def test_only_the_operator_makes_an_organisation(organisation: Organisation) -> None:
    administrator = make_administrator(organisation)

    with pytest.raises(actions.NotAdministrator):
        actions.create_organisation(name="Another", actor=administrator, at=NOW)
    with pytest.raises(actions.NameTaken):
        actions.create_organisation(name=organisation.name, actor=OPERATOR, at=NOW)


def test_an_administrator_acts_in_the_capacity_of_the_post(organisation: Organisation) -> None:
    administrator = make_administrator(organisation)
    unit = actions.create_unit(organisation=organisation, name="甲", actor=administrator, at=NOW)

    body = newest(unit)
    assert body["actor"] == administrator.subject
    assert body["capacity"]["post"] == str(Post.objects.get(role="administrator").pk)


def test_a_deputy_of_the_administrator_acts_for_them(organisation: Organisation) -> None:
    administrator = make_administrator(organisation)
    other = make_person(organisation)
    delegate(administrator, other)
    unit = actions.create_unit(organisation=organisation, name="甲", actor=other, at=NOW)

    assert newest(unit)["acting_for"] == administrator.subject


@pytest.mark.parametrize("role", [role for role in Post.Role.values if role != "administrator"])
def test_no_other_post_keeps_the_directory(unit: Unit, role: str) -> None:
    with pytest.raises(actions.NotAdministrator):
        actions.create_unit(
            organisation=unit.organisation, name="甲", actor=make_holder(unit, role), at=NOW
        )


def test_a_unit_keeps_what_is_not_changed(unit: Unit) -> None:
    actions.change_unit(unit_id=unit.pk, aliases=["党群部", "党群部", " "], actor=OPERATOR, at=NOW)
    unit.refresh_from_db()

    assert (unit.name, unit.aliases) == ("党群工作部", ["党群部"])
    assert newest(unit)["facts"] == {"aliases": {"from": [], "to": ["党群部"]}}


def test_changing_nothing_leaves_no_entry(unit: Unit) -> None:
    actions.change_unit(unit_id=unit.pk, name=unit.name, actor=OPERATOR, at=NOW)

    assert newest(unit)["kind"] == "unit.created"


def test_a_unit_never_lies_below_itself(unit: Unit) -> None:
    child = make_unit(unit.organisation, parent=unit)

    for parent in (unit, child):
        with pytest.raises(actions.GoesInCircle):
            actions.change_unit(unit_id=unit.pk, parent=parent, actor=OPERATOR, at=NOW)


def test_a_name_is_given_once_in_an_organisation(unit: Unit) -> None:
    with pytest.raises(actions.NameTaken, match="党群工作部"):
        make_unit(unit.organisation, "党群工作部")
    make_unit(make_organisation(), "党群工作部")


def test_an_abolished_unit_ends_its_posts_and_stays(unit: Unit) -> None:
    holder = make_holder(unit, "handler")
    actions.abolish_unit(unit_id=unit.pk, actor=OPERATOR, at=NOW)

    assert queries.holdings(holder, NOW) == []
    assert newest(unit)["kind"] == "unit.abolished"
    with pytest.raises(actions.Abolished):
        actions.create_post(unit=unit, role="handler", title="X", actor=OPERATOR, at=NOW)


def test_a_unit_with_others_below_it_is_not_abolished(unit: Unit) -> None:
    make_unit(unit.organisation, parent=unit)

    with pytest.raises(actions.StillHasUnits):
        actions.abolish_unit(unit_id=unit.pk, actor=OPERATOR, at=NOW)


def test_a_group_is_given_its_members_anew(unit: Unit) -> None:
    other = make_unit(unit.organisation, "乙")
    group = make_group(unit.organisation, "各部门", [unit])
    actions.change_group(
        group_id=group.pk, name="各局", units=[other], aliases=["各局办"], actor=OPERATOR, at=NOW
    )

    assert list(UnitGroup.objects.get().units.all()) == [other]
    assert newest(unit.organisation)["facts"]["units"] == [str(other.pk)]


# People


def test_a_name_enters_the_ledger_as_a_commitment_only(organisation: Organisation) -> None:
    person = make_person(organisation, "卫青岚", username="weiqinglan-1")
    first = bytes(person.name_commitment or b"")
    actions.change_person(person_id=person.pk, name="卫青", email="", actor=OPERATOR, at=NOW)
    person.refresh_from_db()

    assert bytes(person.name_commitment or b"") != first
    assert newest(person)["facts"]["name"]["commitment"] == bytes(person.name_commitment).hex()  # type: ignore[arg-type]
    written = b"".join(bytes(entry.body) for entry in Entry.objects.all())
    assert "卫青".encode() not in written
    assert b"weiqinglan" not in written


def test_an_account_name_is_taken_everywhere(organisation: Organisation) -> None:
    make_person(make_organisation(), username="taken-1")

    with pytest.raises(actions.AccountTaken):
        make_person(organisation, username="taken-1")


def test_who_is_deactivated_leaves_posts_and_delegations_and_stays_in_the_records(
    unit: Unit,
) -> None:
    person, colleague = make_holder(unit, "principal"), make_person(unit.organisation)
    delegate(person, colleague)
    actions.deactivate_person(person_id=person.pk, actor=OPERATOR, at=NOW)

    assert Person.objects.get(pk=person.pk).is_active is False
    assert Appointment.objects.get(person=person).ends_at == NOW
    assert queries.holdings(colleague, NOW) == []
    assert newest(unit)["kind"] == "appointment.ended"
    with pytest.raises(actions.Deactivated):
        appoint(make_post(unit, "handler"), person, starts_at=NOW)


def test_nobody_deactivates_themselves(organisation: Organisation) -> None:
    administrator = make_administrator(organisation)

    with pytest.raises(actions.NotOneself):
        actions.deactivate_person(person_id=administrator.pk, actor=administrator, at=NOW)


def test_a_password_is_one_s_own_or_an_administrator_s_to_set(unit: Unit) -> None:
    person, other = make_person(unit.organisation), make_holder(unit, "principal")
    actions.set_password(person_id=person.pk, password="a" * 12, actor=person, at=NOW)

    with pytest.raises(actions.NotAdministrator):
        actions.set_password(person_id=person.pk, password="b" * 12, actor=other, at=NOW)
    assert Person.objects.get(pk=person.pk).check_password("a" * 12)
    assert newest(person)["facts"] == {}


def test_who_was_deactivated_does_not_sign_in(organisation: Organisation) -> None:
    person = make_person(organisation)
    actions.deactivate_person(person_id=person.pk, actor=OPERATOR, at=NOW)

    with pytest.raises(actions.Deactivated):
        actions.record_sign_in(person=person, at=NOW)


# Posts and appointments


def test_a_post_has_one_holder_and_the_refusal_names_them(unit: Unit) -> None:
    post, first, second = make_post(unit, "handler"), *_people(unit, "First", "Second")
    appoint(post, first)

    with pytest.raises(actions.PostTaken, match="First"):
        appoint(post, second, starts_at=NOW)


def test_a_successor_takes_over_at_that_moment(unit: Unit) -> None:
    post, first, second = make_post(unit, "handler"), *_people(unit, "First", "Second")
    appoint(post, first)
    actions.appoint(post=post, person=second, replace=True, actor=OPERATOR, at=NOW)

    assert queries.holder(post, NOW - DAY) == first
    assert queries.holder(post, NOW) == second
    kinds = Entry.objects.filter(subject=unit.subject, at=NOW).values_list("kind", flat=True)
    assert list(kinds) == ["appointment.ended", "appointment.made"]


def test_a_coming_appointment_keeps_the_post_too(unit: Unit) -> None:
    post, first, second = make_post(unit, "handler"), *_people(unit, "First", "Second")
    appoint(post, first, starts_at=NOW + DAY)

    with pytest.raises(actions.PostTaken):
        appoint(post, second, starts_at=NOW)
    appoint(post, second, starts_at=NOW, ends_at=NOW + DAY)


def test_the_database_itself_keeps_a_second_holder_out(unit: Unit) -> None:
    post, first, second = make_post(unit, "handler"), *_people(unit, "First", "Second")
    appoint(post, first)

    with pytest.raises(IntegrityError), transaction.atomic():
        Appointment.objects.create(
            organisation=unit.organisation, post=post, person=second, starts_at=NOW
        )


def test_an_appointment_ends_now_and_one_that_has_not_begun_is_withdrawn(unit: Unit) -> None:
    person = make_person(unit.organisation)
    running = appoint(make_post(unit, "handler"), person)
    coming = appoint(make_post(unit, "deputy"), person, starts_at=NOW + DAY)
    for appointment in (running, coming):
        actions.dismiss(appointment_id=appointment.pk, actor=OPERATOR, at=NOW)

    assert Appointment.objects.get(person=person).ends_at == NOW
    assert newest(unit)["kind"] == "appointment.ended"
    for appointment in (running, coming):
        with pytest.raises(actions.NotAppointed):
            actions.dismiss(appointment_id=appointment.pk, actor=OPERATOR, at=NOW)


def test_a_person_of_another_organisation_is_not_appointed(unit: Unit) -> None:
    with pytest.raises(actions.ElsewhereEmployed):
        appoint(make_post(unit, "handler"), make_person(make_organisation()))


def test_an_appointment_that_ends_before_it_begins_is_refused(unit: Unit) -> None:
    with pytest.raises(actions.WrongPeriod):
        appoint(
            make_post(unit, "handler"), make_person(unit.organisation), starts_at=NOW, ends_at=NOW
        )


def test_an_abolished_post_takes_nobody(unit: Unit) -> None:
    post = make_post(unit, "handler")
    actions.abolish_post(post_id=post.pk, actor=OPERATOR, at=NOW)

    assert newest(unit)["kind"] == "post.abolished"
    with pytest.raises(actions.Abolished):
        appoint(post, make_person(unit.organisation), starts_at=NOW)


# Delegations


def test_a_delegation_stands_on_the_principal_s_chain_with_its_reason_committed(
    unit: Unit,
) -> None:
    principal, other = make_holder(unit, "principal"), make_person(unit.organisation)
    given = delegate(principal, other)
    body = newest(principal)

    assert body["kind"] == "delegation.given"
    assert body["facts"]["delegation"] == str(given.pk)
    assert list(body["facts"]["reason"]) == ["commitment"]


def test_only_one_s_own_posts_are_delegated_and_not_to_oneself(unit: Unit) -> None:
    first, second = make_holder(unit, "principal"), make_holder(unit, "handler")
    third = make_person(unit.organisation)
    delegate(first, second)
    lent = Post.objects.get(unit=unit, role="principal")

    with pytest.raises(actions.NotHeld):
        delegate(second, third, post=lent)
    with pytest.raises(actions.NotHeld):
        delegate(third, second)
    with pytest.raises(actions.ToOneself):
        delegate(first, first)


def test_nobody_delegates_for_somebody_else(unit: Unit) -> None:
    principal, other = make_holder(unit, "principal"), make_administrator(unit.organisation)

    with pytest.raises(actions.NotYours):
        actions.delegate(
            principal=principal,
            delegate=other,
            starts_at=NOW,
            ends_at=NOW + DAY,
            reason="x",
            actor=other,
            at=NOW,
        )


def test_a_delegation_needs_a_period_with_a_future(unit: Unit) -> None:
    principal, other = make_holder(unit, "principal"), make_person(unit.organisation)

    with pytest.raises(actions.WrongPeriod):
        delegate(principal, other, starts_at=NOW, ends_at=NOW)
    with pytest.raises(actions.AlreadyOver):
        actions.delegate(
            principal=principal,
            delegate=other,
            starts_at=LONG_AGO,
            ends_at=NOW,
            reason="x",
            actor=principal,
            at=NOW,
        )


def test_a_delegation_is_ended_by_its_giver_or_an_administrator(unit: Unit) -> None:
    principal, other = make_holder(unit, "principal"), make_person(unit.organisation)
    for actor in (principal, make_administrator(unit.organisation)):
        given = delegate(principal, other)
        actions.revoke(delegation_id=given.pk, actor=actor, at=NOW)
        assert queries.holdings(other, NOW) == []

    with pytest.raises(actions.NotYours):
        actions.revoke(delegation_id=delegate(principal, other).pk, actor=other, at=NOW)


def test_ending_a_delegation_twice_is_on_record_once(unit: Unit) -> None:
    principal, other = make_holder(unit, "principal"), make_person(unit.organisation)
    given = delegate(principal, other)
    for _ in range(2):
        actions.revoke(delegation_id=given.pk, actor=principal, at=NOW)

    assert Entry.objects.filter(kind="delegation.revoked").count() == 1


# Working days


def test_a_published_year_is_filled_in_and_own_days_stay(organisation: Organisation) -> None:
    ours = NOW.date().replace(month=10, day=1)
    fixed: dict[str, Any] = {"organisation_id": organisation.pk, "actor": OPERATOR, "at": NOW}
    actions.set_calendar_day(**fixed, date=ours, is_working=True, name="Ours")
    added = actions.seed_calendar(**fixed, year=2026)

    assert added > 20
    assert CalendarDay.objects.get(date=ours).name == "Ours"
    assert newest(organisation)["kind"] == "calendar.seeded"
    assert actions.seed_calendar(**fixed, year=2026) == 0


def test_a_year_that_is_not_published_is_refused_with_its_number(
    organisation: Organisation,
) -> None:
    with pytest.raises(actions.YearNotPublished, match="2099"):
        actions.seed_calendar(organisation_id=organisation.pk, year=2099, actor=OPERATOR, at=NOW)


def _people(unit: Unit, *names: str) -> list[Person]:
    return [make_person(unit.organisation, name) for name in names]
