"""The pages of this room: deciding by form, and reading routes."""

from urllib.parse import quote
from uuid import uuid4

import pytest
from django.contrib.messages import get_messages
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from approvals import queries
from approvals.actions import StageSpec
from approvals.forms.deciding import DecideForm
from approvals.models import SignOff, WorkItem
from approvals.queries import Review
from directory import actions as directory
from directory.actions import OPERATOR
from directory.models import Person
from tests.approvals.factories import World
from tests.factories import NOW, make_administrator, make_organisation, make_person

pytestmark = pytest.mark.usefixtures("committed_db")


def look(world: World, name: str, by: Person | None = None) -> Review:
    item = WorkItem.objects.select_related(
        "approval", "opening__stage", "opening__round", "post__unit", "person"
    ).get(pk=world.item(name).pk)
    return queries.review(item, by or world.people[name], timezone.now())


def send(person: Person, review: Review, **fields: str) -> "object":
    client = Client()
    client.force_login(person)
    data = {
        "seen_digest": review.digest.hex(),
        "seen": str(review.head),
        "idempotency_key": str(uuid4()),
        "decision": "approve",
        **fields,
    }
    return client.post(reverse("decide", args=[review.item.pk]), data)


def test_a_decision_by_form_is_signed_and_leads_on() -> None:
    world = World()
    world.route(["Ana"])
    world.begin()
    response = send(world.people["Ana"], look(world, "Ana"), next="/routes/")
    assert (response.status_code, response.url) == (303, "/routes/")  # type: ignore[attr-defined]
    assert SignOff.objects.filter(work_item=world.item("Ana"), decision="approve").exists()


@pytest.mark.parametrize(
    ("decision", "said"),
    [("approve", "You approved “{}”. Signed and recorded."), ("return", "You returned “{}”.")],
)
def test_the_next_page_tells_what_was_decided_and_leads_back_to_it(
    decision: str, said: str
) -> None:
    world = World()
    world.route(["Ana"])
    world.begin()
    response = send(world.people["Ana"], look(world, "Ana"), decision=decision, comment="So.")
    [told] = get_messages(response.wsgi_request)  # type: ignore[attr-defined]
    link = f'<a href="/units/{world.unit.pk}/">{world.unit.name}</a>'
    assert str(told).startswith(said.format(link))


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:1"])
def test_a_form_never_leads_to_another_site(elsewhere: str) -> None:
    world = World()
    world.route(["Ana"])
    world.begin()
    response = send(world.people["Ana"], look(world, "Ana"), next=elsewhere)
    assert response.url == "/"  # type: ignore[attr-defined]


def test_a_refusal_keeps_what_was_written() -> None:
    world = World()
    world.route(["Ana", "Ben"])
    world.begin()
    shown = look(world, "Ben")
    world.decide("Ana")
    response = send(world.people["Ben"], shown, decision="return", comment="Figures are missing.")
    assert response.status_code == 409  # type: ignore[attr-defined]
    page = response.content.decode()  # type: ignore[attr-defined]
    assert "Ana approved" in page
    assert "Figures are missing." in page


def test_whoever_is_not_asked_gets_the_reason() -> None:
    world = World()
    world.route(["Ana"])
    world.begin()
    response = send(make_person(world.organisation), look(world, "Ana"))
    assert response.status_code == 403  # type: ignore[attr-defined]
    assert "This waits for" in response.content.decode()  # type: ignore[attr-defined]


def test_somebody_of_another_organisation_finds_nothing() -> None:
    world = World()
    world.route(["Ana"])
    world.begin()
    response = send(make_person(make_organisation()), look(world, "Ana"))
    assert response.status_code == 404  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "damage", [{"seen_digest": "zz" * 32}, {"decision": ""}, {"idempotency_key": "1"}], ids=str
)
def test_a_damaged_form_is_refused_with_a_sentence(damage: dict[str, str]) -> None:
    world = World()
    world.route(["Ana"])
    world.begin()
    response = send(world.people["Ana"], look(world, "Ana"), **damage)
    assert response.status_code == 422  # type: ignore[attr-defined]


def test_each_choice_says_what_follows_from_it_now() -> None:
    world = World()
    world.publish(
        StageSpec("First", [world.seat("Ana"), world.seat("Ben")], rule="all"),
        StageSpec("Second", [world.seat("Cai")]),
    )
    world.begin()
    choices = {choice.value: choice.then for choice in look(world, "Ana").choices}
    assert choices["approve"] == "1 of 2: the stage goes on with the others."
    world.decide("Ana")
    choices = {choice.value: choice.then for choice in look(world, "Ben").choices}
    assert choices["approve"] == "2 of 2: the stage passes and goes to “Second”."
    assert "submitter" in choices["return"]


def test_the_form_shows_what_is_signed_or_why_there_is_nothing_to_decide() -> None:
    world = World()
    world.route(["Ana", "Ben"])
    world.begin()
    review = look(world, "Ana")
    form = DecideForm.for_review(review, next="/")
    page = render_to_string("approvals/decide.html", {"review": review, "form": form})
    assert review.digest.hex() in page
    assert review.sentence in page
    world.decide("Ben")
    closed = look(world, "Ana")
    page = render_to_string("approvals/decide.html", {"review": closed, "form": form})
    assert "Ben approved" in page
    assert "<form" not in page
    page = render_to_string("approvals/progress.html", {"progress": closed.progress})
    assert "Ben" in page


def test_what_is_signed_is_what_was_shown() -> None:
    world = World()
    world.route(["Ana"])
    world.begin()
    review = look(world, "Ana")
    send(world.people["Ana"], review)
    row = SignOff.objects.get(work_item=review.item)
    assert bytes(row.seen_digest) == review.digest
    assert review.sentence.encode() in bytes(row.statement)


def test_an_inbox_holds_what_waits_for_oneself_and_nothing_of_ones_own_work() -> None:
    world = World()
    world.route(["Ana", "Ben"], rule="all")
    world.begin()
    now = timezone.now()
    ana = world.people["Ana"]
    assert [item.pk for item in queries.open_items_for(ana, now)] == [world.item("Ana").pk]
    world.decide("Ana")
    assert queries.open_items_for(ana, now) == []
    world.cancel()
    world.submitter = world.people["Ben"]
    world.begin()
    assert queries.open_items_for(world.people["Ben"], now) == []


def test_nothing_waits_for_a_closed_account() -> None:
    world = World()
    ana = make_person(world.organisation, "Ana")
    asked = {"select": "person", "person": str(ana.pk)}
    world.publish(StageSpec("Review", [asked]))
    world.begin()
    assert len(queries.open_items_for(ana, NOW)) == 1
    closed = directory.deactivate_person(person_id=ana.pk, actor=OPERATOR, at=NOW)
    assert queries.open_items_for(closed, NOW) == []


def test_an_inbox_goes_on_after_the_last_item_shown() -> None:
    world = World()
    world.route(["Ana"])
    from tests.factories import make_unit

    items = []
    for _ in range(3):
        world.begin(unit=make_unit(world.organisation))
        items.append(world.item("Ana"))
    now, ana = timezone.now(), world.people["Ana"]
    first = queries.open_items_for(ana, now, limit=2)
    assert [item.pk for item in first] == [item.pk for item in items]
    last = first[1]
    rest = queries.open_items_for(ana, now, after=(last.opened_at, last.pk))
    assert [item.pk for item in rest] == [items[2].pk]


def test_routes_are_read_in_plain_sentences_and_every_version_stays() -> None:
    world = World()
    world.publish(StageSpec("Deputy", [{"select": "post_of_lead", "role": "deputy"}], rule="all"))
    world.route(["Ana"])
    client = Client()
    client.force_login(world.submitter)
    listed = client.get("/routes/")
    assert listed.status_code == 200
    address = reverse("route", args=[listed.context["page"].routes[0].route.pk])
    page = client.get(f"{address}?version=1").content.decode()
    assert "deputy in charge of the lead unit" in page
    assert "Everybody has to approve." in page
    assert client.get(f"{address}?version={quote('99')}").status_code == 404
    foreign = Client()
    foreign.force_login(make_person(make_organisation()))
    assert foreign.get(address).status_code == 404


def test_only_an_administrator_sees_what_is_blocked() -> None:
    world = World()
    world.publish(StageSpec("Deputy", [{"select": "post_of_lead", "role": "deputy"}]))
    world.begin()
    client = Client()
    client.force_login(world.submitter)
    assert world.unit.name not in client.get("/routes/").content.decode()
    client.force_login(make_administrator(world.organisation))
    page = client.get("/routes/").content.decode()
    assert world.unit.name in page
    assert "No post fits this stage" in page
