"""Writing a route's next version, putting it forward, and its publication."""

import json
from typing import Any

import pytest

from approvals import actions
from approvals.actions import StageSpec
from approvals.models import Approval, Route, RouteDraft, RouteVersion
from audit.models import Entry
from audit.verification import verify
from directory import actions as directory
from tests.approvals.routing import LEAD, Office, stage
from tests.factories import NOW, appoint, make_administrator, make_organisation, make_post
from tests.racing import Race

pytestmark = pytest.mark.usefixtures("committed_db")


def entries(route: Route) -> list[str]:
    found = Entry.objects.filter(subject=f"route:{route.pk}").order_by("subject_seq")
    return [entry.kind for entry in found]


def facts(route: Route) -> Any:
    newest = Entry.objects.filter(subject=f"route:{route.pk}").latest("subject_seq")
    return json.loads(bytes(newest.body))["facts"]


def test_a_draft_begins_with_the_stages_in_force_and_is_recorded() -> None:
    office = Office()
    route = office.publish(StageSpec("Deputy", [LEAD], due_in=3, may=["transfer"]))
    draft = office.begin(route)
    assert [one["name"] for one in draft.stages] == ["Deputy"]
    assert (draft.stages[0]["due_in"], draft.stages[0]["may"]) == (3, ["transfer"])
    assert entries(route) == ["route.published", "route.draft_begun"]
    assert facts(route)["draft"]["state"] == "writing"


def test_beginning_a_draft_twice_is_once() -> None:
    office = Office()
    route = office.publish()
    assert office.begin(route) == office.begin(route)
    assert entries(route).count("route.draft_begun") == 1


def test_only_an_administrator_writes_routes() -> None:
    office = Office()
    route = office.publish()
    with pytest.raises(directory.NotAdministrator):
        actions.begin_draft(route_id=route.pk, actor=office.member, at=NOW)
    draft = office.begin(route)
    with pytest.raises(directory.NotAdministrator):
        office.save(draft, actor=office.member)
    with pytest.raises(directory.NotAdministrator):
        office.submit(draft, actor=office.member)
    with pytest.raises(directory.NotAdministrator):
        actions.abandon_draft(route_id=route.pk, actor=office.member, at=NOW)
    stranger = make_administrator(make_organisation())
    with pytest.raises(Route.DoesNotExist):
        actions.begin_draft(route_id=route.pk, actor=stranger, at=NOW)


def test_what_is_saved_is_kept_however_incomplete() -> None:
    office = Office()
    draft = office.begin()
    saved = office.save(draft, stage("", approvers=[], rule="quorum"))
    assert (saved.revision, saved.stages[0]["rule"]) == (draft.revision + 1, "quorum")
    assert office.save(saved, *saved.stages).revision == saved.revision
    assert "route.draft_saved" not in entries(saved.route)


def test_a_stale_edit_is_refused_and_names_who_was_quicker() -> None:
    office = Office()
    draft = office.begin()
    office.save(draft, stage("Mine"), actor=office.colleague)
    with pytest.raises(actions.RouteDraftChanged, match=office.colleague.name):
        office.save(draft, stage("Theirs"))
    with pytest.raises(actions.RouteDraftChanged):
        office.submit(draft)
    assert RouteDraft.objects.get(pk=draft.pk).stages[0]["name"] == "Mine"


def test_two_who_save_at_once_do_not_overwrite_each_other(race: Race) -> None:
    office = Office()
    draft = office.begin()
    outcomes = race(
        [
            lambda: office.save(draft, stage("One")),
            lambda: office.save(draft, stage("Other"), actor=office.colleague),
        ]
    )
    refused = [one for one in outcomes if isinstance(one, actions.RouteDraftChanged)]
    assert len(refused) == 1
    assert RouteDraft.objects.get(pk=draft.pk).revision == draft.revision + 1


def test_two_who_begin_at_once_get_the_same_draft(race: Race) -> None:
    office = Office()
    route = office.publish()
    begin = [
        lambda who=who: actions.begin_draft(route_id=route.pk, actor=who, at=NOW)
        for who in (office.writer, office.colleague)
    ]
    one, other = race(begin)
    assert one == other
    assert entries(route).count("route.draft_begun") == 1


def test_a_new_route_is_a_draft_until_it_is_published() -> None:
    office = Office()
    office.approves_routes()
    draft = begin_new(office, "New")
    office.save(draft, stage())
    draft.refresh_from_db()
    office.submit(draft)
    office.decide(draft)
    assert RouteVersion.objects.get(route=draft.route).stages.get().name == "Principal"


def begin_new(office: Office, name: str, kind: str = "test_request") -> RouteDraft:
    return actions.begin_route(
        organisation=office.organisation,
        name=name,
        subject_kind=kind,
        actor=office.writer,
        at=NOW,
    )


def test_a_name_is_taken_by_a_route_and_freed_by_one_that_never_was() -> None:
    office = Office()
    office.publish()
    for name in ("Route", "", "x" * 101):
        with pytest.raises(actions.NameTaken):
            begin_new(office, name)
    draft = begin_new(office, "New")
    with pytest.raises(actions.NameTaken):
        begin_new(office, "New")
    actions.abandon_draft(route_id=draft.route_id, actor=office.writer, at=NOW)
    again = begin_new(office, "New", "route_publication")
    assert again.route == draft.route
    assert Route.objects.get(pk=draft.route_id).subject_kind == "route_publication"
    with pytest.raises(actions.UnknownKind):
        begin_new(office, "Other", "nothing_known")


def test_an_approved_draft_is_in_force_at_once_and_in_the_ledger() -> None:
    office = Office()
    office.approves_routes()
    route = office.publish()
    draft = office.save(office.begin(route), stage("Deputy"), stage("Principal", due_in=2))
    office.submit(draft)
    assert facts(route)["draft"]["state"] == "submitted"
    office.decide(draft)
    version = route.versions.latest("number")
    assert [one.name for one in version.stages.order_by("position")] == ["Deputy", "Principal"]
    assert (version.number, version.published_by) == (2, office.writer)
    assert RouteDraft.objects.get(pk=draft.pk).state == "published"
    told = facts(route)
    assert told["version"] == {"id": str(version.pk), "number": 2}
    assert [one["due_in"] for one in told["stages"]] == [None, 2]
    assert verify(office.organisation.pk).first_bad is None


def test_a_returned_draft_is_written_on_and_put_forward_again() -> None:
    office = Office()
    office.approves_routes()
    draft = office.begin()
    office.submit(draft)
    office.decide(draft, "return")
    draft.refresh_from_db()
    assert draft.state == "writing"
    again = office.save(draft, stage("Other"))
    office.submit(again)
    office.decide(draft)
    kept = [one.stages[0]["name"] for one in draft.proposals.order_by("number")]
    assert kept == ["Principal", "Other"]
    assert Approval.objects.get(subject_id=draft.route_id).rounds.count() == 2


def test_nobody_approves_a_draft_that_they_wrote_in() -> None:
    office = Office()
    office.approves_routes()
    seat = make_post(office.committee, "administrator")
    appoint(seat, office.member)
    draft = office.save(office.begin(), stage("Mine"), actor=office.member)
    office.submit(draft)
    with pytest.raises(actions.OwnWork):
        office.decide(draft)


def test_what_is_under_approval_stays_as_it_is() -> None:
    office = Office()
    office.approves_routes()
    draft = office.begin()
    office.submit(draft)
    for refused in (office.save, office.submit):
        with pytest.raises(actions.UnderApproval):
            refused(draft)
    with pytest.raises(actions.UnderApproval):
        office.publish()


def test_a_draft_is_withdrawn_until_somebody_decides() -> None:
    office = Office()
    office.approves_routes()
    draft = office.begin()
    office.submit(draft)
    with pytest.raises(actions.NotTheSubmitter):
        actions.withdraw_draft(route_id=draft.route_id, actor=office.colleague, at=NOW)
    actions.withdraw_draft(route_id=draft.route_id, actor=office.writer, at=NOW)
    draft.refresh_from_db()
    assert draft.state == "writing"
    assert entries(draft.route)[-1] == "route.draft_withdrawn"
    with pytest.raises(actions.NotUnderApproval):
        actions.withdraw_draft(route_id=draft.route_id, actor=office.writer, at=NOW)


def test_any_administrator_abandons_a_draft_that_is_stuck() -> None:
    office = Office()
    office.approves_routes()
    draft = office.begin()
    office.submit(draft)
    actions.abandon_draft(route_id=draft.route_id, actor=office.colleague, at=NOW)
    assert Approval.objects.get(subject_id=draft.route_id).state == "cancelled"
    assert entries(draft.route)[-1] == "route.draft_abandoned"
    with pytest.raises(actions.NoDraft):
        office.save(draft)
    assert draft.route.versions.count() == 1
    assert office.begin(draft.route) != draft


def test_a_decision_and_an_abandonment_at_once_agree(race: Race) -> None:
    office = Office()
    office.approves_routes()
    draft = office.begin()
    office.submit(draft)
    race(
        [
            lambda: office.decide(draft),
            lambda: actions.abandon_draft(route_id=draft.route_id, actor=office.colleague, at=NOW),
        ]
    )
    draft.refresh_from_db()
    approval = Approval.objects.get(subject_id=draft.route_id)
    agreed = {"published": ("passed", 2), "abandoned": ("cancelled", 1)}
    assert (approval.state, draft.route.versions.count()) == agreed[draft.state]


def test_without_a_route_for_routes_the_operator_alone_publishes() -> None:
    office = Office()
    draft = office.begin()
    with pytest.raises(actions.NoRouteForRoutes):
        office.submit(draft)
    with pytest.raises(actions.OperatorOnly):
        actions.publish_route(
            organisation=office.organisation,
            name="Route",
            subject_kind="test_request",
            stages=[StageSpec("Principal", [LEAD])],
            actor=office.writer,
            at=NOW,
        )
    assert entries(draft.route)[-1] == "route.draft_begun"


def test_a_route_that_could_never_work_is_not_put_forward() -> None:
    office = Office()
    office.approves_routes()
    draft = office.save(office.begin(), stage(rule="quorum"))
    with pytest.raises(actions.InvalidRoute, match="stage 1 “Principal”: a vote needs"):
        office.submit(draft)
    nowhere = {"select": "post", "unit": str(make_organisation().pk), "role": "deputy"}
    draft = office.save(draft, stage(approvers=[nowhere]))
    with pytest.raises(actions.InvalidRoute, match="this organisation doesn't have"):
        office.submit(draft)
    draft = office.save(draft, *[stage(approvers=[LEAD] * 60) for _ in range(9)])
    with pytest.raises(actions.InvalidRoute, match="too many"):
        office.submit(draft)
    draft.refresh_from_db()
    assert draft.state == "writing"
