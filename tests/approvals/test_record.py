"""The record of an approval: nothing is left out, and every line names its ledger entry."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from approvals import actions, queries
from approvals.actions import StageSpec
from approvals.models import Approval, SignOff
from approvals.pages.paper import paper
from approvals.pages.record import Act, OpeningRecord, RecordPage, record_page
from directory.models import Person
from tests.approvals.factories import World
from tests.approvals.test_interventions import Office
from tests.approvals.test_routes_taken import WEEKS_LATER
from tests.factories import NOW, delegate, make_holder, make_organisation, make_person

pytestmark = pytest.mark.usefixtures("committed_db")

LATER = NOW + timedelta(minutes=30)


def record(approval: Approval, user: Person) -> RecordPage:
    approval.refresh_from_db()
    page = record_page(approval, user, LATER)
    assert page
    return page


def openings(page: RecordPage) -> list[OpeningRecord]:
    return [one for round_ in page.rounds for one in round_.openings]


def acts(page: RecordPage) -> list[Act]:
    found = [one for round_ in page.rounds for one in [round_.sent]]
    for one in openings(page):
        found += [one.opened, *one.beside, *([one.closed] if one.closed else [])]
        found += [act for turn in one.turns for act in turn.acts]
    return [*found, *([page.end] if page.end else [])]


def said(page: RecordPage) -> list[str]:
    return [act.text for act in acts(page)]


def whole(page: RecordPage) -> bool:
    """Whatever has a time has an entry."""
    return not [act for act in acts(page) if act.at and not act.entry]


def test_whoever_decided_may_take_the_proof_of_their_own_entry_along() -> None:
    world = World()
    world.publish(StageSpec("One", [world.seat("Ana"), world.seat("Ben")], rule="all"))
    approval = world.begin()
    world.decide("Ana")
    [own] = record(approval, world.people["Ana"]).own
    assert own.entry.kind == "approval.signed_off"
    assert own.entry.actor == world.people["Ana"].subject
    assert not record(approval, world.people["Ben"]).own


def test_an_approval_is_told_from_its_first_round_to_its_last_signature() -> None:
    world = World()
    world.publish(
        StageSpec("First", [world.seat("Ana")]),
        StageSpec("Second", [world.seat("Ben")], returns_to=[1], evidence="session"),
    )
    approval = world.begin()
    world.decide("Ana")
    world.decide("Ben", "return", target=1, comment="Once more.")
    world.decide("Ana", at=LATER)
    world.decide("Ben", "return", at=LATER, comment="To you.")
    world.begin(at=LATER)
    stand_in = make_person(world.organisation, "Bo")
    delegate(world.people["Ana"], stand_in)
    world.decide("Ana", by=stand_in, at=LATER)
    world.decide("Ben", at=LATER)
    page = record(approval, world.submitter)
    told = [
        (one.opening.round.number, one.view.position, one.opening.outcome, one.is_superseded)
        for one in openings(page)
    ]
    assert told == [
        (1, 1, "passed", True),
        (1, 2, "returned", True),
        (1, 1, "passed", True),
        (1, 2, "returned", True),
        (2, 1, "passed", False),
        (2, 2, "passed", False),
    ]
    texts = said(page)
    for text in (
        "Submitter submitted round 2",
        "Ben returned it to First",
        "Ben returned it to the submitter",
        "Bo for Ana approved",
    ):
        assert text in texts
    [ballot] = [act for act in acts(page) if act.text == "Ben returned it to First"]
    assert (ballot.words, ballot.evidence) == ("Once more.", "session")
    assert whole(page)


def test_all_who_are_asked_are_next() -> None:
    world = World()
    world.route(["Ana", "Ben"], rule="all")
    approval = world.begin()
    assert record(approval, world.submitter).next == "Ana, Ben decide at “Review”"


def test_a_vacant_post_decides_nothing() -> None:
    office = Office()
    approval = office.stuck("Ana", "Ben")
    assert record(approval, office.submitter).next == "Ben decides at “Review”"
    office.decide("Ben")
    post = office.posts["Ana"]
    page = record(approval, office.submitter)
    assert page.next == (
        "“Review” waits until somebody is appointed: nobody holds"
        f" {post.unit.name}, {post.title} now"
    )
    assert "nobody holds the post" in said(page)
    [empty, _signed] = paper(page, LATER).stages[0].signers
    assert (empty.name, empty.post) == ("", f"{post.unit.name}, {post.title}")


def test_those_whose_own_work_it_is_are_not_next() -> None:
    world = World()
    world.route(["Ana"])
    world.authors = frozenset([world.people["Ana"].pk])
    approval = world.begin()
    assert record(approval, world.submitter).next.startswith(
        "“Review” waits until somebody else is appointed"
    )


def test_what_was_skipped_and_carried_over_says_why() -> None:
    world = World()
    first = world.seat("Ana")
    world.publish(
        StageSpec("First", [first]),
        StageSpec("If", [world.seat("Ben")], condition={"unit_kinds": ["street"]}),
        StageSpec("Second", [first], repeat_signer="carry"),
        StageSpec("Third", [world.seat("Cai")]),
    )
    approval = world.begin()
    world.decide("Ana")
    page = record(approval, world.submitter)
    assert [one.why for one in openings(page)[1:3]] == [
        "Only where the lead unit is a street office. That doesn't hold here, so nobody was asked.",
        "It passed as it opened, with approvals carried over.",
    ]
    assert "Ana: carried over from the stage “First”" in said(page)
    assert page.next == "Cai decides at “Third”"
    assert whole(page)


def test_whoever_was_added_asked_or_handed_a_turn_is_told_with_the_reason() -> None:
    world = World()
    may = ["add_signer", "transfer", "consult"]
    world.publish(StageSpec("Review", [world.seat("Ana"), world.seat("Ben")], rule="all", may=may))
    approval = world.begin()
    people = {name: make_person(world.organisation, name) for name in ("Dee", "Eve", "Flo")}
    mine, ben = world.item("Ana"), world.item("Ben")
    asked = actions.consult(
        work_item_id=mine.pk,
        person=people["Dee"],
        question="Is it true?",
        actor=world.people["Ana"],
        at=NOW,
    )
    actions.give_opinion(work_item_id=asked.pk, opinion="It is.", actor=people["Dee"], at=NOW)
    actions.add_signer(
        work_item_id=mine.pk,
        person=people["Eve"],
        when="parallel",
        note="Her budget.",
        actor=world.people["Ana"],
        at=NOW,
    )
    actions.transfer(
        work_item_id=ben.pk,
        person=people["Flo"],
        note="Her matter.",
        actor=world.people["Ben"],
        at=NOW,
    )
    actions.consult(
        work_item_id=mine.pk,
        person=make_person(world.organisation, "Gus"),
        question="And you?",
        actor=world.people["Ana"],
        at=NOW,
    )
    decided = world.decide("Ana")
    actions.revoke(
        sign_off_id=decided.sign_off_id,
        reason="Too soon.",
        actor=world.people["Ana"],
        at=NOW + timedelta(minutes=6),
    )
    page = record(approval, world.submitter)
    texts = said(page)
    for text in (
        "asked for an opinion by Ana: “Is it true?”",
        "gave an opinion",
        "added by Ana: “Her budget.”",
        "handed on to Flo",
        "handed on by Ben: “Her matter.”",
        "Ana approved",
        "taken back: “Too soon.”",
        "asked again",
    ):
        assert text in texts
    assert "It is." in [act.words for act in acts(page)]
    assert "not needed any more" in texts
    assert whole(page)
    counting = [turn.who for turn in openings(page)[0].turns if turn.counts]
    assert len(counting) == 3


def test_a_stage_that_substitutes_decided_says_so() -> None:
    world = World()
    first, second = world.seat("Ana"), world.seat("Ben")
    world.publish(StageSpec("Review", [first], fallback=[second]))
    world.submitter = world.people["Ana"]
    approval = world.begin()
    world.decide("Ben")
    [one] = openings(record(approval, world.submitter))
    assert one.why == "Nobody whom the route names could act, so its substitutes were asked."


def test_escalations_and_opinions_whose_time_was_up_are_told() -> None:
    world = World()
    world.publish(
        StageSpec("Opinions", [world.seat("Ana")], refusal="advice", due_in=1),
        StageSpec("Review", [world.seat("Ben")], due_in=1, escalate_to=[world.seat("Boss")]),
    )
    approval = world.begin()
    actions.act_on(approval_id=approval.pk, at=WEEKS_LATER)
    actions.act_on(approval_id=approval.pk, at=WEEKS_LATER + timedelta(days=21))
    page = record(approval, world.submitter)
    assert openings(page)[0].why == "Its time was up; nobody is said to have decided."
    assert "asked because it is overdue" in said(page)
    assert whole(page)


def test_both_administrators_of_an_intervention_are_named() -> None:
    office = Office()
    approval = office.stuck("Ana", "Ben")
    office.settle(office.propose(approval), confirm=False)
    office.settle(office.propose(approval))
    page = record(approval, office.submitter)
    texts = said(page)
    for text in (
        "Second declined the intervention",
        "Second confirmed the intervention",
        "the seat was given to somebody else",
        "given the seat by an intervention that First proposed",
        "waits for Eve",
    ):
        assert text in texts
    assert "Her post was abolished." in [act.words for act in acts(page)]
    assert whole(page)
    office.settle(office.propose(approval, "send_back"))
    page = record(approval, office.submitter)
    assert page.end
    assert page.end.text == "sent back to begin anew: First proposed it, Second confirmed it"
    assert openings(page)[-1].why == "An intervention ended it undecided."
    assert whole(page)


@pytest.mark.parametrize("end", ["withdraw", "cancel"])
def test_an_approval_that_ended_undecided_says_so(end: str) -> None:
    world = World()
    world.route(["Ana"])
    approval = world.begin()
    getattr(world, end)()
    page = record(approval, world.submitter)
    assert page.end
    assert whole(page)
    assert not SignOff.objects.filter(approval=approval).exists()


def test_a_stage_that_nobody_fitted_says_when_somebody_was_found() -> None:
    world = World()
    seat = world.seat("Ana")
    world.publish(StageSpec("Review", [seat | {"role": "deputy"}]))
    approval = world.begin()
    make_holder(world.posts["Ana"].unit, "deputy", "Dan")
    actions.ask_again(approval_id=approval.pk, at=LATER)
    assert "Somebody fits by now: they are asked" in said(record(approval, world.submitter))


def test_the_record_of_forty_seats_takes_as_many_queries_as_that_of_two() -> None:
    counts = []
    for names in (2, 40):
        world = World()
        world.route([f"P{number}" for number in range(names)], rule="all")
        approval = Approval.objects.select_related("version__route").get(pk=world.begin().pk)
        world.decide("P0")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            record_page(approval, world.submitter, LATER)
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[0] <= 18


# On paper


def test_the_form_shows_the_newest_round_and_what_was_returned_before() -> None:
    world = World()
    world.publish(
        StageSpec("First", [world.seat("Ana")]),
        StageSpec("Second", [world.seat("Ben"), world.seat("Cai")], rule="all"),
    )
    approval = world.begin()
    world.decide("Ana", "return", comment="Once more.")
    world.begin(at=LATER)
    world.decide("Ana", at=LATER, comment="Well done.")
    world.decide("Ben", at=LATER)
    sheet = paper(record(approval, world.submitter), LATER)
    assert [[one.opinion for one in stage.signers] for stage in sheet.stages] == [
        ["Approved: Well done."],
        ["Approved", ""],
    ]
    assert sheet.returns == ["Round 1: Ana returned it to the submitter: Once more."]
    assert sheet.result == "not ended yet"
    assert sheet.root == world.unit.subject
    world.decide("Cai", at=LATER)
    sheet = paper(record(approval, world.submitter), LATER)
    assert sheet.result == "passed"
    texts = [one.text for one in sheet.references]
    assert texts == ["Submitter submitted round 2", "Ana approved", "Ben approved", "Cai approved"]


# Who reads it


def get(user: Person, approval: Approval, name: str = "approval") -> tuple[int, str]:
    client = Client()
    client.force_login(user)
    response = client.get(reverse(name, args=[approval.pk]))
    return response.status_code, unescape(response.content.decode())


def test_auditors_get_links_to_the_entries_and_others_their_places() -> None:
    world = World()
    world.route(["Ana"])
    approval = world.begin()
    world.decide("Ana", comment="Fine.")
    auditor = make_holder(world.unit, "auditor", "Ada")
    status, page = get(auditor, approval)
    assert status == 200
    assert "/audit/" in page
    assert "Fine." in page
    assert "1 of 1: Ana" in page or "1 of 1: Office of Ana" in page
    _status, page = get(world.submitter, approval)
    assert "#" in page
    assert not re.search(r'href="/audit/[0-9a-f-]+/"', page)
    assert re.search(r'href="/audit/[0-9a-f-]+/receipt/"', page)


def test_whoever_may_not_see_the_subject_finds_no_record() -> None:
    world = World()
    world.route(["Ana"])
    approval = world.begin()
    assert get(make_person(make_organisation(), "Stranger"), approval)[0] == 404


def test_words_are_left_out_for_those_who_read_only_who_decided() -> None:
    world = World()
    world.route(["Ana"])
    approval = world.begin()
    world.decide("Ana", comment="Between us.")
    status, page = get(make_person(world.organisation, "Deaf"), approval)
    assert status == 200
    assert "Ana approved" in page
    assert "Between us." not in page
    assert "(erased)" not in page


def test_the_page_of_a_turn_says_until_when_its_stage_is_to_be_decided() -> None:
    world = World()
    world.publish(
        StageSpec("First", [world.seat("Ana")], due_in=3), StageSpec("Last", [world.seat("Ben")])
    )
    world.begin()
    ana, item = world.people["Ana"], world.item("Ana")
    stages = [
        queries.review(item, ana, at).stage for at in (NOW, NOW + timedelta(days=3), WEEKS_LATER)
    ]
    assert [one.left for one in stages[:2]] == [3, 0]
    assert [one.light for one in stages] == ["on_track", "due_soon", "overdue"]
    world.decide("Ana")
    after = queries.review(world.item("Ben"), world.people["Ben"], LATER)
    assert [one.left for one in after.progress.stages] == [None, None]


def test_a_printed_form_says_how_somebody_beside_the_route_came_to_sign() -> None:
    world = World()
    world.route(["Ana"], may=["add_signer", "transfer"])
    approval = world.begin()
    eve, dan = make_person(world.organisation, "Eve"), make_person(world.organisation, "Dan")
    given: dict[str, Any] = {"note": "She knows it.", "actor": world.people["Ana"], "at": LATER}
    asked = world.item("Ana")
    added = actions.add_signer(work_item_id=asked.pk, person=eve, when="parallel", **given)
    handed = actions.transfer(work_item_id=asked.pk, person=dan, **given)
    world.decide("Ana", item=handed, by=dan, at=LATER)
    world.decide("Ana", item=added, by=eve, at=LATER)
    sheet = paper(record(approval, world.submitter), LATER)
    assert [(one.name, one.post) for one in sheet.stages[0].signers] == [
        ("Dan", "asked by name · handed on by Ana"),
        ("Eve", "asked by name · added by Ana"),
    ]
    places = [one.entry.subject_seq for one in sheet.references]
    assert places == sorted(places)


def test_what_a_return_asks_again_stands_no_more_and_its_reason_is_read_where_it_goes() -> None:
    world = World()
    names = ("Ana", "Ben", "Cai")
    seats = {name: world.seat(name) for name in names}
    last = StageSpec("Third", [seats["Cai"]], returns_to=[1])
    world.publish(StageSpec("First", [seats["Ana"]]), StageSpec("Second", [seats["Ben"]]), last)
    approval = world.begin()
    world.decide("Ana", comment="Counted twice.")
    world.decide("Ben")
    world.decide("Cai", "return", target=1, comment="Once more.")
    assert [one.is_superseded for one in openings(record(approval, world.submitter))] == [
        True,
        True,
        True,
        False,
    ]
    page = queries.review(world.item("Ana"), world.people["Ana"], LATER)
    assert [one.status for one in page.progress.stages] == ["now", "ahead", "ahead"]
    assert [(one.name, one.comment) for one in page.stage.sent_back] == [("Cai", "Once more.")]
    assert "goes to “Second”" in page.choices[0].then
    world.decide("Ana", comment="Now 124.", at=LATER)
    page = queries.review(world.item("Ben"), world.people["Ben"], LATER)
    assert [(stage, seat.comment) for stage, seat in page.earlier] == [("First", "Now 124.")]


def test_what_is_asked_for_back_directly_goes_there_and_what_lies_between_stands() -> None:
    world = World()
    seats = [world.seat(name) for name in ("Ana", "Ben", "Cai")]
    last = StageSpec("Third", [seats[2]], returns_to=[1], after_return="resume")
    world.publish(StageSpec("First", [seats[0]]), StageSpec("Second", [seats[1]]), last)
    approval = world.begin()
    world.decide("Ana")
    world.decide("Ben")
    world.decide("Cai", "return", target=1, comment="Once more.")
    page = queries.review(world.item("Ana"), world.people["Ana"], LATER)
    assert [one.status for one in page.progress.stages] == ["now", "done", "ahead"]
    assert "goes to “Third”" in page.choices[0].then
    gone = [one.is_superseded for one in openings(record(approval, world.submitter))]
    assert gone == [True, False, True, False]


def test_a_choice_never_names_a_stage_that_will_be_skipped() -> None:
    world = World()
    world.publish(
        StageSpec("First", [world.seat("Ana")]),
        StageSpec("If", [world.seat("Ben")], condition={"unit_kinds": ["street"]}),
        StageSpec("Third", [world.seat("Cai")]),
    )
    world.begin()
    page = queries.review(world.item("Ana"), world.people["Ana"], LATER)
    assert "goes to “Third”" in page.choices[0].then


def test_what_a_resumed_round_does_not_ask_again_stands_on_the_page_and_on_paper() -> None:
    world = World()
    last = StageSpec("Second", [world.seat("Ben")], after_return="resume")
    world.publish(StageSpec("First", [world.seat("Ana")]), last)
    approval = world.begin()
    world.decide("Ana", comment="Counted twice.")
    world.decide("Ben", "return", comment="The list is missing.")
    world.begin(at=LATER, adds_only=True)
    page = queries.review(world.item("Ben"), world.people["Ben"], LATER)
    assert [one.status for one in page.progress.stages] == ["done", "now"]
    assert [seat.comment for _stage, seat in page.earlier] == ["Counted twice."]
    gone = [one.is_superseded for one in openings(record(approval, world.submitter))]
    assert gone == [False, True, False]
    world.decide("Ben", at=LATER)
    sheet = paper(record(approval, world.submitter), LATER)
    assert [[one.name for one in stage.signers] for stage in sheet.stages] == [["Ana"], ["Ben"]]
    assert [stage.note for stage in sheet.stages] == [
        "Of round 1; it stands, as nothing that was read then has changed.",
        "",
    ]
    assert "Ana approved" in [one.text for one in sheet.references]


def test_a_return_in_a_resumed_round_takes_the_standing_of_what_it_asks_again() -> None:
    world = World()
    last = StageSpec("Second", [world.seat("Ben")], after_return="resume", returns_to=[1])
    world.publish(StageSpec("First", [world.seat("Ana")]), last)
    approval = world.begin()
    world.decide("Ana")
    world.decide("Ben", "return", comment="The list is missing.")
    world.begin(at=LATER, adds_only=True)
    world.decide("Ben", "return", target=1, comment="Count it again.", at=LATER)
    gone = [one.is_superseded for one in openings(record(approval, world.submitter))]
    assert gone == [True, True, True, False]
