"""A route's next version, from its first line to its publication.

The route's row guards its draft: each action locks it first, alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from approvals import subjects
from approvals.actions.course import Begun, NoRoute, begin, cancel, version_in_force, withdraw
from approvals.actions.routes import UnderApproval, check
from approvals.models import Route, RouteDraft, RouteProposal
from approvals.queries import routing
from approvals.routes import specs
from approvals.routes.specs import PUBLICATION, Plain, StageSpec
from audit.errors import Refused
from directory.actions.authority import Warrant, administrator
from directory.models import Organisation, Person

State = RouteDraft.State
LONGEST_NAME = 100


class NoDraft(Refused):
    """It was published or abandoned meanwhile."""

    sentence = _("This route has no open draft any more.")


class RouteDraftChanged(Refused):
    """Somebody, or another tab, saved the draft since the page was shown."""

    sentence = _(
        "%(person)s changed this draft since you opened it. Nothing was overwritten: see how it "
        "is now, then make your change again."
    )


class NameTaken(Refused):
    """Another route has that name."""

    status = 422
    sentence = _("There is a route of that name already. Choose another name, or change that one.")


class UnknownKind(Refused):
    """A kind of subject that nothing here knows."""

    status = 422
    sentence = _("Choose what the route is for.")


class NoRouteForRoutes(NoRoute):
    """Nothing says yet who approves routes."""

    sentence = _(
        "No route for publishing routes is in force yet, so only the server's operator can publish "
        "this one. Hand over the exported file."
    )


@transaction.atomic(durable=True)
def begin_route(
    *,
    organisation: Organisation,
    name: str,
    subject_kind: str,
    stages: Iterable[Plain] = (),
    actor: Person,
    at: datetime,
) -> RouteDraft:
    """Begin a new route with a draft of its first version; `stages` may bring some along.

    A name whose route was never published, and has no draft any more, is free again.
    Raises NotAdministrator, NameTaken, UnknownKind.
    """
    administrator(actor, organisation.pk, at)
    name = name.strip()
    if subject_kind not in subjects.kinds():
        raise UnknownKind
    if not name or len(name) > LONGEST_NAME:
        raise NameTaken
    made, _created = Route.objects.get_or_create(
        organisation=organisation, name=name, defaults={"subject_kind": subject_kind}
    )
    allowed = _allowed(made.pk, actor, at)
    if allowed.route.versions.exists() or allowed.open_draft:
        raise NameTaken
    allowed.route.subject_kind = subject_kind
    return _begun(allowed, list(stages), "subject_kind")


@transaction.atomic(durable=True)
def begin_draft(*, route_id: UUID, actor: Person, at: datetime) -> RouteDraft:
    """Begin the route's next version with the stages of the one in force.

    A draft that is open already is returned as it is: twice is once. Raises NotAdministrator.
    """
    allowed = _allowed(route_id, actor, at)
    if allowed.open_draft:
        return allowed.open_draft
    newest = allowed.route.versions.order_by("-number").first()
    rows = newest.stages.order_by("position") if newest else ()
    return _begun(allowed, [StageSpec.of_row(row).plain for row in rows])


@transaction.atomic(durable=True)
def save_draft(
    *,
    route_id: UUID,
    revision: int,
    stages: Iterable[Plain],
    chosen: Sequence[str] | None = None,
    actor: Person,
    at: datetime,
) -> RouteDraft:
    """Keep what an administrator writes. `revision` is the one that was shown.

    `chosen` are those who are to sign, where the route for routes lets choose; None: as before.
    Incomplete stages are kept as they are; saving the same twice changes nothing. A draft is no
    record: no ledger entry. Raises NotAdministrator, NoDraft, UnderApproval, RouteDraftChanged.
    """
    draft = _allowed(route_id, actor, at).written
    kept, signers = list(stages), draft.chosen if chosen is None else list(chosen)
    if (draft.stages, draft.chosen) == (kept, signers):
        return draft
    _refuse_outdated(draft, revision)
    draft.stages, draft.chosen = kept, signers
    draft.revision += 1
    draft.updated_by, draft.updated_at = actor, at
    if actor.pk not in draft.authors:
        draft.authors.append(actor.pk)
    draft.save()
    return draft


@transaction.atomic(durable=True)
def submit_draft(*, route_id: UUID, revision: int, actor: Person, at: datetime) -> Begun:
    """Freeze the draft as a proposal and have it approved; passing publishes it.

    Raises NotAdministrator, NoDraft, UnderApproval, RouteDraftChanged, InvalidRoute,
    NoRouteForRoutes, NobodyAsked, ChooseSigners, NotOffered.
    """
    allowed = _allowed(route_id, actor, at)
    route, draft = allowed.route, allowed.written
    _refuse_outdated(draft, revision)
    stages = [StageSpec.of(one) for one in draft.stages]
    check(stages, route.organisation)
    try:
        version_in_force(route.organisation_id, PUBLICATION)
    except NoRoute:
        raise NoRouteForRoutes from None
    plain = [one.plain for one in stages]
    digest = specs.digest(route.name, route.subject_kind, plain)
    proposal = RouteProposal.objects.create(
        organisation_id=route.organisation_id,
        draft=draft,
        number=draft.proposals.count() + 1,
        stages=plain,
        replaces=route.versions.order_by("-number").first(),
        digest=digest,
        submitted_by=actor,
        submitted_at=at,
    )
    begun = begin(
        kind=PUBLICATION,
        root=route,
        subject_id=route.pk,
        document_id=proposal.pk,
        digest=digest,
        context=routing.participants(draft, actor, allowed.unit),
        actor=actor,
        at=at,
    )
    allowed.move(draft, State.SUBMITTED, "route.draft_submitted", begun.facts)
    return begun


@transaction.atomic(durable=True)
def withdraw_draft(*, route_id: UUID, actor: Person, at: datetime) -> RouteDraft:
    """Take the draft back before anybody decided on it, to go on writing.

    Raises NotAdministrator, NoDraft, NotUnderApproval, NotTheSubmitter, AlreadyDecided.
    """
    allowed = _allowed(route_id, actor, at)
    draft = allowed.draft
    facts = withdraw(kind=PUBLICATION, subject_id=route_id, actor=actor, at=at)
    allowed.move(draft, State.WRITING, "route.draft_withdrawn", facts)
    return draft


@transaction.atomic(durable=True)
def abandon_draft(*, route_id: UUID, actor: Person, at: datetime) -> None:
    """Give the draft up, also while it is under approval: any administrator may.

    The route keeps the version in force. Raises NotAdministrator, NoDraft.
    """
    allowed = _allowed(route_id, actor, at)
    draft = allowed.draft
    facts = cancel(kind=PUBLICATION, subject_id=route_id, reason="route.draft_abandoned", at=at)
    allowed.move(draft, State.ABANDONED, "route.draft_abandoned", facts)


@dataclass(frozen=True)
class Allowed:
    """A locked route, and the authority to write its next version."""

    route: Route
    warrant: Warrant
    open_draft: RouteDraft | None

    @property
    def draft(self) -> RouteDraft:
        if self.open_draft is None:
            raise NoDraft
        return self.open_draft

    @property
    def written(self) -> RouteDraft:
        """The draft, if it may be changed now."""
        if self.draft.state == State.SUBMITTED:
            raise UnderApproval
        return self.draft

    @property
    def unit(self) -> UUID:
        """Where the administrator sits: what a route's selectors take for the lead unit."""
        capacity = self.warrant.capacity
        assert capacity  # noqa: S101 only the operator has none, and writes no drafts
        unit: UUID = capacity["unit"]
        return unit

    def move(self, draft: RouteDraft, state: str, kind: str, facts: Mapping[str, Any]) -> None:
        """Save the draft's new state and write the entry: an action's last write."""
        draft.state = state
        draft.save(update_fields=["state"])
        told = {"draft": {"id": draft.pk, "state": state}, **facts}
        self.warrant.record(self.route, kind, told)


def _allowed(route_id: UUID, actor: Person, at: datetime) -> Allowed:
    """Raises Route.DoesNotExist, also for a route of another organisation; NotAdministrator."""
    mine = Route.objects.for_user(actor)
    route: Route = mine.select_for_update(no_key=True).get(pk=route_id)
    warrant = administrator(actor, route.organisation_id, at)
    opened = route.drafts.filter(state__in=[State.WRITING, State.SUBMITTED])
    return Allowed(route, warrant, opened.select_related("updated_by").first())


def _begun(allowed: Allowed, stages: list[Plain], *changed: str) -> RouteDraft:
    actor, at = allowed.warrant.actor, allowed.warrant.at
    assert isinstance(actor, Person)  # noqa: S101 drafts are written by people
    draft = RouteDraft.objects.create(
        organisation_id=allowed.route.organisation_id,
        route=allowed.route,
        stages=stages,
        authors=[actor.pk],
        updated_by=actor,
        updated_at=at,
    )
    facts = {
        "draft": {"id": draft.pk, "state": draft.state},
        "name": allowed.route.name,
        "subject_kind": allowed.route.subject_kind,
    }
    allowed.warrant.record(allowed.route, "route.draft_begun", facts, changed)
    return draft


def _refuse_outdated(draft: RouteDraft, revision: int) -> None:
    if draft.revision != revision:
        raise RouteDraftChanged(person=draft.updated_by.name)
