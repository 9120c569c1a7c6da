"""An organisation that writes routes: two administrators, and a committee that approves them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from approvals import actions, queries
from approvals.actions import StageSpec
from approvals.models import Route, RouteDraft, WorkItem
from directory.actions import OPERATOR
from directory.models import Organisation, Person, Unit
from tests.approvals.factories import KIND
from tests.factories import NOW, make_administrator, make_holder, make_organisation, make_unit

LATER = NOW + timedelta(minutes=10)
LEAD = {"select": "post_of_lead", "role": "principal"}


def stage(name: str = "Principal", **more: Any) -> dict[str, Any]:
    return StageSpec(name, more.pop("approvers", [LEAD]), **more).plain


@dataclass
class Office:
    organisation: Organisation = field(default_factory=make_organisation)
    committee: Unit = field(init=False)
    member: Person = field(init=False)
    writer: Person = field(init=False)
    colleague: Person = field(init=False)

    def __post_init__(self) -> None:
        self.committee = make_unit(self.organisation)
        self.member = make_holder(self.committee, "reviewer", "Member")
        self.writer = make_administrator(self.organisation)
        self.colleague = make_administrator(self.organisation)

    def publish(
        self, *stages: StageSpec, name: str = "Route", kind: str = KIND, at: datetime = NOW
    ) -> Route:
        version = actions.publish_route(
            organisation=self.organisation,
            name=name,
            subject_kind=kind,
            stages=stages or [StageSpec("Principal", [LEAD])],
            actor=OPERATOR,
            at=at,
        )
        return version.route

    def approves_routes(self) -> Route:
        """The first route of all: how routes are approved here."""
        asks = {"select": "post", "unit": self.committee.pk, "role": "reviewer"}
        return self.publish(StageSpec("Committee", [asks]), name="Routes", kind="route_publication")

    def begin(self, route: Route | None = None) -> RouteDraft:
        route = route or self.publish()
        return actions.begin_draft(route_id=route.pk, actor=self.writer, at=NOW)

    def save(self, draft: RouteDraft, *stages: dict[str, Any], **more: Any) -> RouteDraft:
        given: dict[str, Any] = {"revision": draft.revision, "actor": self.writer, "at": NOW}
        given |= more
        return actions.save_draft(route_id=draft.route_id, stages=stages, **given)

    def submit(self, draft: RouteDraft, **more: Any) -> Any:
        given: dict[str, Any] = {"revision": draft.revision, "actor": self.writer, "at": NOW}
        given |= more
        return actions.submit_draft(route_id=draft.route_id, **given)

    def decide(self, draft: RouteDraft, decision: str = "approve") -> None:
        item = WorkItem.objects.get(approval__subject_id=draft.route_id, state="open")
        actions.decide(
            work_item_id=item.pk,
            actor=self.member,
            decision=decision,
            comment="Say who signs last." if decision == "return" else "",
            seen_digest=queries.seen_digest(item),
            idempotency_key=uuid4(),
            at=LATER,
        )
