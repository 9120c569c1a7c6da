"""The directory's pages, as an administrator and as everybody else."""

import re
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from directory import queries, sheets
from directory.models import Appointment, CalendarDay, Delegation, Person, Post, Unit
from tests.factories import (
    NOW,
    delegate,
    make_administrator,
    make_group,
    make_holder,
    make_organisation,
    make_person,
    make_post,
    make_unit,
)

pytestmark = pytest.mark.django_db
NAMES_SOMETHING = re.compile(r"/[0-9a-f-]{36}/")
PASSWORD = "correct horse 27"


@pytest.fixture
def administrator() -> Person:
    return make_administrator(make_organisation())


@pytest.fixture
def keeper(client: Client, administrator: Person) -> Client:
    client.force_login(administrator)
    return client


@pytest.fixture
def unit(administrator: Person) -> Unit:
    return make_unit(administrator.organisation, "党群工作部", aliases=["党群部"])


def forms_of(unit: Unit) -> list[str]:
    """Every form of an administrator about this unit."""
    post, person = make_post(unit, "handler"), make_person(unit.organisation)
    holder = make_holder(unit, "principal")
    group = make_group(unit.organisation, "各部门", [unit])
    day = CalendarDay.objects.create(
        organisation=unit.organisation, date=NOW.date(), is_working=False
    )
    appointment = Appointment.objects.get(person=holder)
    return [
        reverse("unit_new"),
        reverse("unit_change", args=[unit.pk]),
        reverse("unit_abolish", args=[unit.pk]),
        reverse("group_new"),
        reverse("group_change", args=[group.pk]),
        reverse("post_new", args=[unit.pk]),
        reverse("post_abolish", args=[post.pk]),
        reverse("appoint", args=[post.pk]),
        reverse("dismiss", args=[appointment.pk]),
        reverse("person_new"),
        reverse("person_change", args=[person.pk]),
        reverse("person_password", args=[person.pk]),
        reverse("person_deactivate", args=[person.pk]),
        reverse("person_reactivate", args=[person.pk]),
        reverse("calendar_day_new"),
        reverse("calendar_day_clear", args=[day.pk]),
        reverse("directory_import"),
        reverse("directory_template"),
        reverse("directory_export"),
    ]


def pages_of(unit: Unit) -> list[str]:
    holder = make_holder(unit, "deputy", "卫青岚")
    return [
        reverse("directory"),
        reverse("unit", args=[unit.pk]),
        reverse("people"),
        reverse("person", args=[holder.pk]),
        reverse("calendar"),
        reverse("delegations"),
        reverse("delegation_new"),
    ]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_page_opens_in_both_languages(
    keeper: Client, administrator: Person, unit: Unit, language: str
) -> None:
    keeper.post("/language/", {"language": language})

    for address in [*pages_of(unit), *forms_of(unit)]:
        assert keeper.get(address).status_code == 200, address


def test_who_is_no_administrator_reads_the_directory_and_is_kept_from_its_forms(
    client: Client, unit: Unit
) -> None:
    client.force_login(make_holder(unit, "principal"))

    for address in pages_of(unit):
        assert client.get(address).status_code == 200, address
    for address in forms_of(unit):
        assert client.get(address).status_code == 403, address
        assert client.post(address).status_code in {403, 405}, address


def test_a_visitor_is_sent_to_the_door(client: Client, unit: Unit) -> None:
    for address in [*pages_of(unit), *forms_of(unit)]:
        assert client.get(address)["Location"].startswith("/sign-in/"), address


def test_another_organisation_s_things_do_not_exist(keeper: Client) -> None:
    theirs = make_unit(make_organisation(), "CANARY")
    every = [*pages_of(theirs), *forms_of(theirs)]
    foreign = [address for address in every if NAMES_SOMETHING.search(address)]

    assert len(foreign) > 10
    for address in foreign:
        assert keeper.get(address).status_code == 404, address
        assert keeper.post(address).status_code in {404, 405}, address
    for name in ("directory", "people", "delegations", "directory_export"):
        assert b"CANARY" not in keeper.get(reverse(name)).content


def test_an_account_name_is_shown_to_administrators_and_oneself(
    client: Client, keeper: Client, unit: Unit
) -> None:
    person = make_person(unit.organisation, "卫青岚", username="qinglan-7")
    address = reverse("person", args=[person.pk])
    assert "qinglan-7" in keeper.get(address).content.decode()

    other = Client()
    other.force_login(make_holder(unit, "handler"))
    assert "qinglan-7" not in other.get(address).content.decode()


def test_a_unit_is_added_changed_and_abolished(keeper: Client, administrator: Person) -> None:
    keeper.post(
        reverse("unit_new"), {"name": "高教办", "kind": "government", "aliases": "甲\n乙\n"}
    )
    unit = Unit.objects.get(organisation=administrator.organisation, name="高教办")
    assert (unit.aliases, unit.pinyin) == (["甲", "乙"], "gaojiaoban")

    keeper.post(
        reverse("unit_change", args=[unit.pk]),
        {"name": "高教处", "kind": "government", "aliases": ""},
    )
    unit.refresh_from_db()
    assert (unit.name, unit.aliases) == ("高教处", [])

    keeper.post(reverse("unit_abolish", args=[unit.pk]))
    unit.refresh_from_db()
    assert unit.abolished_at


def test_a_refusal_keeps_what_was_written(keeper: Client, unit: Unit) -> None:
    response = keeper.post(reverse("unit_new"), {"name": unit.name, "kind": "other"})

    assert response.status_code == 422
    assert response.context["form"].data["name"] == unit.name
    assert "already" in response.content.decode() or "已" in response.content.decode()


def test_a_person_is_added_appointed_and_replaced(
    keeper: Client, administrator: Person, unit: Unit
) -> None:
    keeper.post(reverse("post_new", args=[unit.pk]), {"title": "审核岗", "role": "reviewer"})
    post = Post.objects.get(unit=unit)
    for username in ("first-1", "second-2"):
        keeper.post(
            reverse("person_new"), {"name": username, "username": username, "language": "en"}
        )
        person = Person.objects.get(username=username)
        response = keeper.post(
            reverse("appoint", args=[post.pk]), {"person": person.pk, "replace": "on"}
        )
        assert response.status_code == 302
        assert Appointment.objects.get(post=post, ends_at=None).person == person
    page = keeper.get(reverse("unit", args=[unit.pk])).context["page"]
    assert [one.person.username for one in page.former] == ["first-1"]


def test_nobody_appoints_themselves(keeper: Client, administrator: Person, unit: Unit) -> None:
    post = make_post(unit, "principal")
    response = keeper.post(reverse("appoint", args=[post.pk]), {"person": administrator.pk})

    assert response.status_code == 422
    assert not Appointment.objects.filter(post=post).exists()


def test_a_weak_password_is_not_given(keeper: Client, unit: Unit) -> None:
    person = make_person(unit.organisation)
    address = reverse("person_password", args=[person.pk])

    assert keeper.post(address, {"password": "123456789012"}).status_code == 422
    assert keeper.post(address, {"password": PASSWORD}).status_code == 302
    person.refresh_from_db()
    assert person.check_password(PASSWORD)


def test_people_are_found_by_name_and_pinyin(keeper: Client, unit: Unit) -> None:
    make_person(unit.organisation, "卫青岚")
    make_person(unit.organisation, "施望舒")

    for words in ("青岚", "weiqing", "wei qing"):
        rows = keeper.get(reverse("people"), {"q": words}).context["rows"]
        assert [str(person) for person, _ in rows] == ["卫青岚"]


def test_a_delegation_is_given_for_days_and_ended(client: Client, unit: Unit) -> None:
    principal, colleague = make_holder(unit, "principal"), make_holder(unit, "handler")
    client.force_login(principal)
    days = {"first": "2030-01-07", "last": "2030-01-07"}
    form = {"delegate": colleague.pk, "reason": "Leave", **days}
    assert client.post(reverse("delegation_new"), form).status_code == 302

    given = Delegation.objects.get(principal=principal)
    assert (given.ends_at - given.starts_at).days == 1
    client.post(reverse("delegation_revoke", args=[given.pk]))
    given.refresh_from_db()
    assert given.revoked_at


def test_a_delegation_that_ends_before_it_begins_is_sent_back(client: Client, unit: Unit) -> None:
    principal, colleague = make_holder(unit, "principal"), make_holder(unit, "handler")
    client.force_login(principal)
    days = {"first": "2030-01-08", "last": "2030-01-07"}
    response = client.post(
        reverse("delegation_new"), {"delegate": colleague.pk, "reason": "Leave", **days}
    )

    assert response.status_code == 422
    assert "last" in response.context["form"].errors


def test_only_the_giver_ends_a_delegation_here(client: Client, unit: Unit) -> None:
    principal, colleague = make_holder(unit, "principal"), make_holder(unit, "handler")
    given = delegate(principal, colleague)
    client.force_login(colleague)

    assert client.post(reverse("delegation_revoke", args=[given.pk])).status_code == 403
    given.refresh_from_db()
    assert given.revoked_at is None


def test_the_calendar_is_filled_in_and_corrected(keeper: Client, administrator: Person) -> None:
    organisation = administrator.organisation
    keeper.post(reverse("calendar_seed"), {"year": 2026})
    assert CalendarDay.objects.filter(organisation=organisation, is_working=True).exists()

    keeper.post(
        reverse("calendar_day_new"), {"date": "2026-11-16", "is_working": "no", "name": "Storm"}
    )
    assert not queries.working_days(organisation.pk).is_working(NOW.date())
    day = CalendarDay.objects.get(organisation=organisation, date=NOW.date())
    keeper.post(reverse("calendar_day_clear", args=[day.pk]))
    assert queries.working_days(organisation.pk).is_working(NOW.date())


def test_a_year_that_is_not_published_is_a_sentence(keeper: Client) -> None:
    response = keeper.post(reverse("calendar_seed"), {"year": 2099}, follow=True)

    assert "2099" in str(next(iter(response.context["messages"])))


@pytest.mark.parametrize("year", ["", "abcd", "99999", "1", "0000"])
def test_a_strange_year_shows_a_page_all_the_same(keeper: Client, year: str) -> None:
    assert keeper.get(reverse("calendar"), {"year": year}).status_code == 200


# Sheets on the web


def upload(client: Client, text: str, **extra: str):  # type: ignore[no-untyped-def]
    file = SimpleUploadedFile("sheet.csv", text.encode())
    return client.post(reverse("directory_import"), {"file": file, **extra})


def test_a_sheet_is_previewed_then_imported(keeper: Client, administrator: Person) -> None:
    preview = upload(keeper, "单位,岗位,角色,姓名,账号\n甲局,经办人,经办人,赵,zhao-9\n")
    assert len(preview.context["changes"]) == 4
    assert not Unit.objects.filter(name="甲局").exists()

    response = keeper.post(
        reverse("directory_import_apply"), {"rows": preview.context["rows"]}, follow=True
    )
    assert response.status_code == 200
    assert Unit.objects.get(name="甲局").organisation == administrator.organisation


def test_a_sheet_with_problems_names_their_rows_and_offers_no_import(keeper: Client) -> None:
    response = upload(keeper, "单位,上级单位\n甲局,\n乙局,无局\n")

    assert response.status_code == 422
    assert [row for row, _ in response.context["problems"]] == [3]
    assert response.context["rows"] == ""


def test_a_file_that_is_no_sheet_says_so_beside_the_field(keeper: Client) -> None:
    response = upload(keeper, "")

    assert response.status_code == 422
    assert response.context["form"].errors["file"]


def test_a_preview_is_good_for_the_person_who_made_it_only(
    keeper: Client, administrator: Person
) -> None:
    rows = upload(keeper, "单位\n甲局\n").context["rows"]
    other = Client()
    other.force_login(make_administrator(administrator.organisation))

    for client, sent in ((other, rows), (keeper, rows + "x"), (keeper, "")):
        client.post(reverse("directory_import_apply"), {"rows": sent})
        assert not Unit.objects.filter(name="甲局").exists()


def test_the_export_imports_as_nothing_new(keeper: Client, administrator: Person) -> None:
    organisation = administrator.organisation
    parent = make_unit(organisation, "=1+1", aliases=["@甲"])
    make_holder(make_unit(organisation, parent=parent), "auditor", "卫青岚")
    make_group(organisation, "各部门", [parent])

    data = keeper.get(reverse("directory_export")).content
    sheet = sheets.read(data)
    assert sheet.problems == []
    assert queries.preview(organisation.pk, sheet.rows, NOW).changes == []


def test_an_id_that_nobody_has_is_not_found(keeper: Client) -> None:
    assert keeper.get(reverse("unit", args=[uuid4()])).status_code == 404
