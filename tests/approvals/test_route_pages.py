"""The pages on which a route is written and read, without a browser."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from approvals import actions
from approvals.models import RouteDraft
from directory.models import Person
from tests.approvals.factories import KIND
from tests.approvals.routing import LATER, Office, stage
from tests.approvals.test_editing import sent
from tests.factories import NOW

pytestmark = pytest.mark.usefixtures("committed_db")


def signed_in(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def press(client: Client, draft: RouteDraft, button: str, **more: Any) -> Any:
    sent = {"revision": draft.revision, "do": button, **more}
    return client.post(reverse("route_draft", args=[draft.route_id]), sent)


def test_a_button_saves_what_the_form_says_before_it_does_anything() -> None:
    office = Office()
    draft = office.begin()
    client = signed_in(office.writer)
    answer = press(client, draft, "add-deputy", opened="1", **sent(name="Renamed", rule="all"))
    assert answer.status_code == 200
    draft.refresh_from_db()
    assert [one["name"] for one in draft.stages] == ["Renamed", "Deputy in charge"]
    assert draft.stages[0]["rule"] == "all"


def test_who_comes_too_late_reads_who_was_quicker_and_what_was_not_saved() -> None:
    office = Office()
    draft = office.begin()
    office.save(draft, stage("Quicker"), actor=office.colleague)
    answer = press(signed_in(office.writer), draft, "close", opened="1", name="Slower")
    assert answer.status_code == 409
    page = answer.content.decode()
    assert f"{office.colleague.name} changed this draft" in page
    assert "Slower" in page
    assert "Quicker" in page


def test_a_damaged_form_is_refused_beside_the_field_and_keeps_the_rest() -> None:
    office = Office()
    draft = office.begin()
    damaged = {"opened": "1", "approvers-where": "person", "approvers-person": "?"}
    damaged |= sent(name="Kept", due_in="soon")
    answer = press(signed_in(office.writer), draft, "close", **damaged)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Nobody, or more than one, is called “?”." in page
    draft.refresh_from_db()
    assert (draft.stages[0]["name"], draft.stages[0]["due_in"]) == ("Kept", None)


def test_nonsense_in_the_form_changes_nothing() -> None:
    office = Office()
    draft = office.begin()
    for opened in ("9", "x", "-1", "99999999999"):
        answer = press(signed_in(office.writer), draft, "unsign-approvers-1", opened=opened)
        assert answer.status_code == 200
    answer = press(signed_in(office.writer), draft, "unsign-nonsense-1", opened="1", **sent())
    assert answer.status_code == 200


def test_an_incomplete_route_says_what_is_missing_and_is_not_put_forward() -> None:
    office = Office()
    office.approves_routes()
    draft = office.save(office.begin(), stage(approvers=[]))
    answer = press(signed_in(office.writer), draft, "submit")
    assert answer.status_code == 422
    assert "say who signs." in answer.content.decode()


def test_without_a_route_for_routes_the_page_says_who_publishes() -> None:
    office = Office()
    draft = office.begin()
    page = signed_in(office.writer).get(reverse("route_draft", args=[draft.route_id]))
    assert "only the server's operator can publish" in page.content.decode().replace("&#x27;", "'")
    assert press(signed_in(office.writer), draft, "submit").status_code == 409


def test_a_returned_draft_comes_back_with_the_reason_and_what_it_would_change() -> None:
    office = Office()
    office.approves_routes()
    draft = office.save(office.begin(), stage("Other", due_in=3))
    office.submit(draft)
    office.decide(draft, "return")
    page = signed_in(office.writer).get(reverse("route", args=[draft.route_id])).content.decode()
    assert "Say who signs last." in page
    assert "Due within 3 working days." in page
    reader = signed_in(office.member).get(reverse("route", args=[draft.route_id]))
    assert "Due within 3 working days." not in reader.content.decode()


def test_a_route_that_was_never_published_is_shown_to_administrators_alone() -> None:
    office = Office()
    draft = actions.begin_route(
        organisation=office.organisation,
        name="Hidden",
        subject_kind="task_completion",
        actor=office.writer,
        at=NOW,
    )
    for address in (reverse("routes"), reverse("route", args=[draft.route_id])):
        assert "Hidden" in signed_in(office.writer).get(address).content.decode()
        assert "Hidden" not in signed_in(office.member).get(address).content.decode()


def test_versions_keep_their_differences_and_count_who_follows_them() -> None:
    office = Office()
    office.approves_routes()
    route = office.publish()
    draft = office.save(office.begin(route), stage("Principal"), stage("Second"))
    office.submit(draft)
    office.decide(draft)
    client = signed_in(office.member)
    page = client.get(reverse("route_differences", args=[route.pk, 1, 2])).content.decode()
    assert "Second" in page
    assert client.get(reverse("route_differences", args=[route.pk, 1, 9])).status_code == 404
    shown = client.get(reverse("route", args=[route.pk])).context["page"]
    assert [(one.number, one.on_the_way) for one in shown.versions] == [(2, 0), (1, 0)]


def test_what_is_typed_wrongly_is_named_while_the_form_stays() -> None:
    office = Office()
    draft = office.begin()
    client = signed_in(office.writer)
    told = {"revision": draft.revision, "opened": "1", **sent(name="Typed", due_in="0")}
    address = reverse("route_draft", args=[draft.route_id])
    answer = client.post(address, told, headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Retarget"]) == (200, "#live")
    page = answer.content.decode()
    assert "Deadline in working days:" in page
    assert "<form" not in page
    draft.refresh_from_db()
    assert draft.stages[0]["name"] == "Typed"


def pending(office: Office) -> dict[str, str]:
    """Signers that are chosen in the open stage, but not added to it yet."""
    return {
        "opened": "1",
        "approvers-where": f"unit-{office.committee.pk}",
        "approvers-role": "reviewer",
        **sent(rule="any"),
    }


def test_rehearsing_takes_along_whom_the_open_stage_has_chosen() -> None:
    office = Office()
    draft = office.save(office.begin(), stage("Office", approvers=[]))
    answer = press(signed_in(office.writer), draft, "rehearse", **pending(office))
    assert (answer.status_code, answer.url) == (
        302,
        reverse("route_rehearsal", args=[draft.route_id]),
    )
    draft.refresh_from_db()
    assert draft.stages[0]["approvers"] == [
        {"select": "post", "unit": str(office.committee.pk), "role": "reviewer"}
    ]


def test_nothing_is_rehearsed_while_the_form_has_to_be_looked_at_again() -> None:
    office = Office()
    draft = office.begin()
    answer = press(signed_in(office.writer), draft, "rehearse", opened="1", **sent(due_in="soon"))
    assert answer.status_code == 422


def test_whoever_is_chosen_counts_before_they_are_added_and_is_not_saved_yet() -> None:
    office = Office()
    office.approves_routes()
    draft = office.save(office.begin(), stage("Office", approvers=[]))
    told = {"revision": draft.revision, **pending(office)}
    address = reverse("route_draft", args=[draft.route_id])
    answer = signed_in(office.writer).post(address, told, headers={"HX-Request": "true"})
    page = answer.content.decode()
    assert f"Reviewer of {office.committee.name}".lower() in page.lower()
    assert "Say who signs." not in page
    assert "data-may-submit" in page
    assert "with the next button" in page
    draft.refresh_from_db()
    assert draft.stages[0]["approvers"] == []


def test_what_is_folded_away_stays_so_while_something_else_is_wrong() -> None:
    office = Office()
    draft = office.begin()
    wrong = {"opened": "1", "approvers-where": "person", "approvers-person": "?", **sent()}
    page = press(signed_in(office.writer), draft, "sign-approvers", **wrong).content.decode()
    assert "<details>" in page
    late = {"opened": "1", **sent(due_in="soon")}
    page = press(signed_in(office.writer), draft, "close", **late).content.decode()
    assert "<details open>" in page


def test_a_vote_that_cannot_be_won_today_is_said_before_it_is_put_forward() -> None:
    office = Office()
    office.approves_routes()
    asks: list[dict[str, Any]] = [{"select": "person", "person": str(office.member.pk)}]
    vote = {"rule": "quorum", "quorum_number": 2, "refusal": "vote"}
    draft = office.save(office.begin(), stage("Vote", approvers=asks, **vote))
    address = reverse("route_draft", args=[draft.route_id])
    page = signed_in(office.writer).get(address).content.decode()
    live = page[page.index('id="live"') :]
    assert "Stage 1 “Vote”: Only 1 vote can be cast today, and 2 are needed." in live
    assert "Nothing is missing." not in live
    asks.append({"select": "person", "person": str(office.colleague.pk)})
    asks.append({"select": "person", "person": str(office.writer.pk), "weight": 2})
    office.save(draft, stage("Vote", approvers=asks, **vote))
    page = signed_in(office.writer).get(address).content.decode()
    assert "Nothing is missing." in page
    assert page.count("2 of 4 votes are needed.") >= 2


def test_after_a_person_was_added_the_next_name_can_be_typed_at_once() -> None:
    office = Office()
    draft = office.save(office.begin(), stage("Vote", approvers=[]))
    told = {"opened": "1", "approvers-where": "person", "approvers-person": office.member.username}
    for button in ("sign-approvers", "save"):
        draft.refresh_from_db()
        answer = press(signed_in(office.writer), draft, button, **told, **sent())
        adder = answer.context["page"].cards[0].adders["approvers"]
        assert adder["where"].value() == "person"
        assert "autofocus" in str(adder["person"])
        assert not adder["person"].value()


def test_of_two_routes_for_the_same_the_page_says_which_one_new_approvals_follow() -> None:
    office = Office()
    older = office.publish(name="Older")
    newer = office.publish(name="Newer", at=LATER)
    client = signed_in(office.member)
    rows = client.get(reverse("routes")).context["page"].routes
    assert {row.route.name: row.instead for row in rows} == {"Older": "Newer", "Newer": ""}
    page = client.get(reverse("route", args=[older.pk])).content.decode()
    assert "New approvals follow “Newer”, which was published later." in page
    assert reverse("route", args=[newer.pk]) in page
    page = client.get(reverse("route", args=[newer.pk])).content.decode()
    assert "published later" not in page


def test_a_new_route_says_which_one_it_will_stand_in_for() -> None:
    office = Office()
    office.approves_routes()
    office.publish(name="Older")
    client = signed_in(office.writer)
    assert "(now: Older)" in client.get(reverse("route_new")).content.decode()
    draft = actions.begin_route(
        organisation=office.organisation,
        name="Newer",
        subject_kind=KIND,
        actor=office.writer,
        at=NOW,
    )
    page = client.get(reverse("route_draft", args=[draft.route_id])).content.decode()
    assert "instead of “Older”" in page


def test_while_a_draft_is_under_approval_its_page_says_that_it_can_be_withdrawn() -> None:
    office = Office()
    office.approves_routes()
    draft = actions.begin_route(
        organisation=office.organisation,
        name="First",
        subject_kind=KIND,
        stages=[stage()],
        actor=office.writer,
        at=NOW,
    )
    office.submit(draft)
    page = signed_in(office.writer).get(reverse("route", args=[draft.route_id])).content.decode()
    assert "Nothing now: it is under approval" in page
    assert "Once it is approved, new approvals follow it" in page
    assert "a published version never changes" not in page


def test_an_organisation_without_routes_reads_how_it_gets_its_first() -> None:
    office = Office()
    client = signed_in(office.writer)
    for _ in range(2):
        page = client.get(reverse("routes")).content.decode()
        assert "publish_route" in page
        assert "Begin with the one for publishing routes" in page
        assert (
            "publish_route" not in signed_in(office.member).get(reverse("routes")).content.decode()
        )
        office.publish()
    form = client.get(reverse("route_new")).context["form"]
    assert form["subject_kind"].value() == "route_publication"
    office.approves_routes()
    assert "publish_route" not in client.get(reverse("routes")).content.decode()
    assert not client.get(reverse("route_new")).context["form"]["subject_kind"].value()


def test_what_is_not_saved_yet_is_not_exported() -> None:
    office = Office()
    draft = office.save(office.begin(), stage("Office", approvers=[]))
    address = reverse("route_draft", args=[draft.route_id])
    client = signed_in(office.writer)
    assert "?draft" in client.get(address).content.decode()
    told = {"revision": draft.revision, **pending(office)}
    answer = client.post(address, told, headers={"HX-Request": "true"})
    assert "?draft" not in answer.content.decode()
