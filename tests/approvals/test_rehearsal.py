"""What a rehearsal finds, on a directory made by hand; and that it reads the real one alike."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from approvals.queries.rehearsing import whole_directory
from approvals.routes import rehearsal
from approvals.routes.rehearsal import Case, Directory, Office, Seat
from approvals.routes.specs import StageSpec
from directory.models import Passkey
from tests.approvals.routing import Office as Organised
from tests.approvals.routing import stage
from tests.factories import (
    NOW,
    delegate,
    make_holder,
    make_passkey,
    make_person,
    make_post,
    make_unit,
)

UNIT, ABOVE, PARTNER = uuid4(), uuid4(), uuid4()
DEPUTY = {"select": "post_of_lead", "role": "deputy"}
PRINCIPAL = {"select": "post_of_lead", "role": "principal"}


def seat(person: str | None, *, stand_ins: frozenset[UUID] = frozenset()) -> Seat:
    key = UUID(int=sum(map(ord, person))) if person else None
    return Seat(uuid4(), "post", key, person or "", stand_ins)


def found(*stages: StageSpec, case: Any = None, **seats: Any) -> list[str]:
    """The findings for one unit whose posts these are, by role; `above_…` of the superior unit."""
    places = {}
    for name, held in seats.items():
        unit = ABOVE if name.startswith("above_") else UNIT
        places[unit, name.removeprefix("above_")] = held
    units = {
        UNIT: Office(UNIT, "Unit", "street", ABOVE),
        ABOVE: Office(ABOVE, "Above", "government"),
        PARTNER: Office(PARTNER, "Partner", "other"),
    }
    directory = Directory(units, places, {})
    [one] = rehearsal.rehearse(stages, [Case(UNIT, **(case or {}))], directory)
    return [f"{finding.position} {finding.code}" for finding in one.findings]


def test_a_route_in_order_finds_nothing() -> None:
    stages = [StageSpec("Deputy", [DEPUTY]), StageSpec("Principal", [PRINCIPAL])]
    assert found(*stages, deputy=[seat("Ana")], principal=[seat("Ben")]) == []


def test_a_missing_post_a_vacant_one_and_the_submitter_alone_are_dead_ends() -> None:
    stages = [StageSpec("Deputy", [DEPUTY])]
    assert found(*stages) == ["1 no_post"]
    assert found(*stages, deputy=[seat(None)]) == ["1 vacant"]
    assert found(*stages, deputy=[seat("Ana")], handler=[seat("Ana")]) == ["1 only_submitter"]
    helped = seat("Ben", stand_ins=frozenset([uuid4()]))
    assert found(*stages, deputy=[helped], handler=[seat("Ana")]) == []


def test_nobody_stands_in_for_the_submitter() -> None:
    helped = seat("Ana", stand_ins=frozenset([uuid4()]))
    stages = [StageSpec("Deputy", [DEPUTY])]
    assert found(*stages, deputy=[helped], handler=[seat("Ana")]) == ["1 only_submitter"]


def test_a_fallback_saves_a_stage_that_nobody_could_sign() -> None:
    saved = StageSpec("Deputy", [DEPUTY], fallback=[PRINCIPAL])
    assert found(saved, principal=[seat("Ben")]) == []
    assert found(saved) == ["1 no_post"]


@pytest.mark.parametrize(
    ("rule", "codes"),
    [
        ({"rule": "any"}, []),
        ({"rule": "all"}, ["1 vacant"]),
        ({"rule": "quorum", "quorum_number": 2}, []),
        ({"rule": "quorum", "quorum_percent": 67}, ["1 vacant"]),
        ({"rule": "quorum", "quorum_number": 4}, ["1 vacant"]),
    ],
)
def test_a_vote_needs_as_many_as_are_there(rule: dict[str, Any], codes: list[str]) -> None:
    voters = [seat("Ana"), seat("Ben"), seat(None)]
    assert found(StageSpec("Vote", [DEPUTY], **rule), deputy=voters) == codes


def test_somebody_in_two_seats_counts_once() -> None:
    twice = [seat("Ana"), seat("Ana"), seat("Ben")]
    everybody = StageSpec("All", [DEPUTY], rule="all")
    assert found(everybody, deputy=twice) == ["1 out_of_reach"]
    two = StageSpec("Vote", [DEPUTY], rule="quorum", quorum_number=2)
    assert found(two, deputy=twice) == ["1 one_person_several_seats"]


def test_whoever_has_no_passkey_where_one_is_asked_for_is_named_but_blocks_nothing() -> None:
    sealed = StageSpec("Deputy", [DEPUTY], evidence="passkey")
    seats = {(UNIT, "deputy"): [seat("Ana"), seat("Ben"), seat(None)]}
    units = {UNIT: Office(UNIT, "Unit", "street")}
    armed = frozenset([UUID(int=sum(map(ord, "Ana")))])
    [one] = rehearsal.rehearse([sealed], [Case(UNIT)], Directory(units, seats, {}, armed))
    assert [(found.code, found.people) for found in one.findings] == [("no_passkey", ["Ben"])]
    assert not one.is_dead_end
    plain = StageSpec("Deputy", [DEPUTY], evidence="password")
    [one] = rehearsal.rehearse([plain], [Case(UNIT)], Directory(units, seats, {}, armed))
    assert one.findings == []


@pytest.mark.django_db
def test_the_directory_says_who_has_a_passkey_in_force() -> None:
    office = Organised()
    make_passkey(office.member)
    old, _ = make_passkey(office.writer)
    Passkey.objects.filter(pk=old.pk).update(revoked_at=NOW)
    assert whole_directory(office.organisation.pk, NOW).signers == {office.member.pk}


def test_weights_count_in_a_vote() -> None:
    heavy = StageSpec("Vote", [DEPUTY | {"weight": 3}, PRINCIPAL], rule="quorum", quorum_number=3)
    assert found(heavy, deputy=[seat("Ana")], principal=[seat(None)]) == []
    assert found(heavy, deputy=[seat(None)], principal=[seat("Ben")]) == ["1 vacant"]


def test_the_same_person_in_a_row_and_in_another_duty_is_noted() -> None:
    stages = [
        StageSpec("Deputy", [DEPUTY]),
        StageSpec("Principal", [PRINCIPAL]),
        StageSpec("Above", [{"select": "post_of_superior", "role": "principal"}]),
    ]
    held = {"deputy": [seat("Ana")], "principal": [seat("Ana")], "above_principal": [seat("Ben")]}
    assert found(*stages, **held) == ["2 twice_in_a_row"]
    held = {"deputy": [seat("Ana")], "principal": [seat("Ben")], "above_principal": [seat("Ana")]}
    assert found(*stages, **held) == ["3 several_duties"]
    carried = [*stages[:2], StageSpec("Above", stages[2].approvers, repeat_signer="carry")]
    assert found(*carried, **held) == []


def test_a_condition_that_does_not_hold_skips_the_stage() -> None:
    never = StageSpec("Deputy", [DEPUTY], condition={"unit_kinds": ["party"]})
    assert found(never) == []
    other_plan = StageSpec("Deputy", [DEPUTY], condition={"plans": ["a"]})
    assert found(other_plan, case={"plan": "b"}) == []
    assert found(other_plan, case={"plan": "a"}) == ["1 no_post"]


def test_what_only_the_task_tells_is_said_and_no_dead_end() -> None:
    partners = StageSpec("Partners", [{"select": "post_of_each_cooperating", "role": "deputy"}])
    assert found(partners) == ["1 depends"]
    assert found(partners, case={"cooperating": ()}) == []
    assert found(partners, case={"cooperating": (PARTNER,)}) == ["1 no_post"]


def test_a_choice_is_open_until_there_is_nobody_to_choose() -> None:
    chosen = StageSpec("Expert", [{"select": "chosen_by_submitter", "from": DEPUTY}])
    assert found(chosen, deputy=[seat("Ana"), seat(None)]) == ["1 depends"]
    assert found(chosen, deputy=[seat(None)]) == ["1 vacant"]
    beside = StageSpec("Expert", [*chosen.approvers, PRINCIPAL])
    assert found(beside, principal=[seat("Ben")]) == ["1 depends"]


@pytest.mark.usefixtures("committed_db")
def test_the_directory_is_read_in_a_fixed_number_of_statements() -> None:
    office = Organised()
    unit = make_unit(office.organisation)
    ana, ben = make_holder(unit, "deputy", "Ana"), make_holder(unit, "principal", "Ben")
    delegate(ana, ben, ends_at=NOW + timedelta(days=7))
    make_post(unit, "reviewer")
    with CaptureQueriesContext(connection) as queries:
        directory = whole_directory(office.organisation.pk, NOW)
    assert len(queries) == 6
    [deputy] = directory.seats[unit.pk, "deputy"]
    assert (deputy.person, deputy.stand_ins) == (ana.pk, frozenset([ben.pk]))
    [reviewer] = directory.seats[unit.pk, "reviewer"]
    assert reviewer.person is None
    later = whole_directory(office.organisation.pk, NOW + timedelta(days=30))
    assert later.seats[unit.pk, "deputy"][0].stand_ins == frozenset()


@pytest.mark.usefixtures("committed_db")
def test_the_page_names_dead_ends_and_what_the_draft_would_change() -> None:
    office = Organised()
    unit = make_unit(office.organisation, "Street office")
    make_holder(unit, "handler")
    make_holder(unit, "deputy", "Ana")
    make_holder(unit, "principal", "Ben")
    route = office.publish(StageSpec("First", [DEPUTY]), kind="task_completion")
    reviewer = {"select": "post_of_lead", "role": "reviewer"}
    office.save(
        office.begin(route),
        stage("First", approvers=[PRINCIPAL]),
        stage("Second", approvers=[reviewer]),
    )
    client = Client()
    client.force_login(office.writer)
    page = client.get(reverse("route_rehearsal", args=[route.pk]))
    shown = page.context["page"]
    assert (shown.units, shown.dead_ends) == (1, 1)
    assert [one.before for one in shown.changed] == ["Ana"]
    assert shown.changed[0].after.startswith("Ben → ")
    assert "Street office" in page.content.decode()
    assert "Stage 2 “Second”: there is no such post" in page.content.decode()
    client.force_login(make_person(office.organisation))
    assert client.get(reverse("route_rehearsal", args=[route.pk])).status_code == 403


@pytest.mark.usefixtures("committed_db")
def test_from_the_rehearsal_the_draft_is_gone_on_with_or_put_forward() -> None:
    office = Organised()
    office.approves_routes()
    draft = office.begin(office.publish(StageSpec("First", [DEPUTY]), kind="task_completion"))
    client = Client()
    client.force_login(office.writer)
    address = reverse("route_rehearsal", args=[draft.route_id])
    page = client.get(address).content.decode()
    assert "Go on with the draft" in page
    sent = {"revision": draft.revision, "opened": "0", "do": "submit"}
    for name, value in sent.items():
        assert f'name="{name}" value="{value}"' in page
    answer = client.post(reverse("route_draft", args=[draft.route_id]), sent)
    assert answer["Location"] == reverse("route", args=[draft.route_id])
    page = client.get(address).content.decode()
    assert "Go on with the draft" not in page
    assert 'value="submit"' not in page


@pytest.mark.usefixtures("committed_db")
def test_a_draft_with_gaps_is_rehearsed_but_not_put_forward_from_there() -> None:
    office = Organised()
    office.approves_routes()
    unit = make_unit(office.organisation)
    make_holder(unit, "handler")
    make_holder(unit, "principal")
    route = office.publish(StageSpec("First", [PRINCIPAL]), kind="task_completion")
    office.save(office.begin(route), stage("First", approvers=[]))
    client = Client()
    client.force_login(office.writer)
    page = client.get(reverse("route_rehearsal", args=[route.pk])).content.decode()
    assert "Stage 1 “First”: say who signs" in page
    assert "Go on with the draft" in page
    assert 'value="submit"' not in page
