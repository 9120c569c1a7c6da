"""Routes as everybody reads them: versions, proposals, files."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.safestring import SafeString
from django.utils.translation import pgettext

from approvals import queries
from approvals.models import Route, RouteDraft, RouteProposal
from approvals.pages.editor import Card, Words, card, picture, sentences
from approvals.queries import routing
from approvals.routes import bpmn, exchange, specs, wording
from approvals.routes.changes import Compared, changes_of, compared, stages_of
from approvals.routes.specs import StageSpec
from audit.models import Entry
from directory.models import Person
from directory.policy import may_administer
from directory.queries import roles_of


@dataclass(frozen=True)
class Reading:
    """A route as everybody reads it: one of its versions, and for administrators its draft."""

    route: Route
    kind: str
    version: Any
    versions: Sequence[Any]
    stages: Sequence[StageSpec]
    cards: Sequence[Card]
    picture: SafeString
    draft: RouteDraft | None
    progress: queries.Progress | None
    """How the draft's approval stands, where it was put forward."""
    changes: Sequence[Compared]
    """What the draft would change."""
    may_write: bool
    instead: tuple[UUID, str] | None
    """Id and name of the other route that new approvals of the kind follow."""
    published: Entry | None
    """With which entry the version shown was published."""

    @property
    def is_in_force(self) -> bool:
        newest = bool(self.versions) and self.version == self.versions[0]
        return newest and not self.instead

    @property
    def before(self) -> Any:
        """The version before the one shown, to compare with."""
        older = [one for one in self.versions if self.version and one.number < self.version.number]
        return older[0] if older else None


def reading(
    route: Route, number: int | None, user: Person, at: datetime, *, as_draft: bool = False
) -> Reading | None:
    """A version of the route, the newest if no number is given; None if there is nothing to read.

    Of a route that was never published, or `as_draft`, administrators read the draft.
    """
    may_write = bool(may_administer(roles_of(user, at)))
    draft = routing.open_draft(route) if may_write else None
    versions = routing.versions_of(route)
    version = next((one for one in versions if number in (None, one.number)), None)
    if as_draft and draft:
        version = None
    if version is None and (number is not None or draft is None):
        return None
    if version is not None:
        stages = stages_of(version)
    else:
        stages = [StageSpec.of(one) for one in draft.stages] if draft else []
    words = Words.of(stages, route)
    progress, changes = None, []
    if draft and draft.proposals.exists():
        progress = queries.current(specs.PUBLICATION, route.pk, at=at, person=user)
    if draft and versions:
        changes = changes_of(draft, versions[0])
    return Reading(
        route,
        wording.kind(route.subject_kind),
        version,
        versions,
        stages,
        [card(words, position) for position in range(1, len(stages) + 1)],
        picture(words, route.name),
        draft,
        progress,
        changes,
        may_write,
        routing.followed_instead(route),
        routing.publication(version) if version else None,
    )


@dataclass(frozen=True)
class Proposed:
    """A proposal as its approvers read it: all of it, and what it changes."""

    route: Route
    kind: str
    proposal: RouteProposal
    cards: Sequence[Card]
    picture: SafeString
    changes: Sequence[Compared]


def proposed(proposal_id: UUID) -> Proposed:
    proposal = RouteProposal.objects.select_related(
        "draft__route__organisation", "replaces", "submitted_by"
    ).get(pk=proposal_id)
    route = proposal.draft.route
    stages = [StageSpec.of(one) for one in proposal.stages]
    old = stages_of(proposal.replaces) if proposal.replaces else []
    words = Words.of(stages, route)
    return Proposed(
        route,
        wording.kind(route.subject_kind),
        proposal,
        [card(words, position) for position in range(1, len(stages) + 1)],
        picture(words, route.name),
        compared(old, stages, route.organisation) if old else [],
    )


@dataclass(frozen=True)
class Exported:
    """A version of a route, or its draft, as a file."""

    filename: str
    content: bytes


def exported(reading: Reading, form: str) -> Exported:
    """`form` is json or bpmn."""
    route, stages = reading.route, reading.stages
    number = reading.version.number if reading.version else 0
    filename = f"{route.name}-v{number}.{form}" if number else f"{route.name}.{form}"
    units = routing.names_in(stages, route.organisation_id)
    if form == "json":
        accounts = routing.accounts_in(stages, route.organisation_id)
        return Exported(
            filename, exchange.write(route.name, route.subject_kind, stages, units, accounts)
        )
    words = bpmn.Words(
        name=route.name,
        start=pgettext("BPMN", "ready"),
        submits=pgettext("BPMN", "The submitter puts it forward"),
        end=pgettext("BPMN", "approved"),
        passed=pgettext("BPMN", "passed"),
        returned=pgettext("BPMN", "returned"),
        skipped=pgettext("BPMN", "doesn't apply"),
        stages=[spec.name for spec in stages],
        notes=[
            "\n".join(
                [
                    wording.selectors(spec.approvers, units),
                    sentences(spec),
                    *wording.notes(spec, stages, units),
                ]
            )
            for spec in stages
        ],
    )
    return Exported(filename, bpmn.export(stages, words))
