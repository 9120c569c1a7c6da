"""Stages whose signers the submitter chooses: among whom, how many at least, who was chosen.

A draft keeps each of those who were chosen as `stage:id`, the id being a post's or a person's.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from approvals import applying, queries, selectors, stages
from approvals.models import Stage
from approvals.queries import Seated
from approvals.selectors import Chair
from approvals.subjects import Context
from audit.errors import Refused


class ChooseSigners(Refused):
    """Fewer were chosen than the stage takes."""

    status = 422

    @property
    def message(self) -> str:
        """How many it takes."""
        return how_many(self.params["least"])


class NotOffered(Refused):
    """Somebody was chosen who can't sign there: they lost the post, or wrote what is submitted."""

    status = 422
    sentence = _("Somebody whom you chose can't sign here any more. Choose among those shown.")


@dataclass(frozen=True)
class Choice:
    """A stage at which the submitter chooses; `least` is 0 where others are asked anyway."""

    position: int
    stage: str
    offers: Sequence[Seated]
    least: int


def how_many(least: int) -> str:
    """What a stage takes, said to whoever chooses."""
    if not least:
        return str(_("Others are asked at this stage anyway: choose nobody, or whom to ask too."))
    said = ngettext("Choose at least %(n)d person.", "Choose at least %(n)d people.", least)
    return said % {"n": least}


def choices(
    kind: str, subject_id: UUID, organisation_id: UUID, context: Context, at: datetime
) -> list[Choice]:
    """What has to be chosen if the subject is submitted now; nothing along most routes."""
    version = _version(kind, subject_id, organisation_id)
    return offered(version, context, at) if version else []


def refuse_unsettled(
    kind: str, subject_id: UUID, organisation_id: UUID, context: Context, at: datetime
) -> None:
    """Ask before its approval begins, where that isn't yet. Raises ChooseSigners, NotOffered."""
    if version := _version(kind, subject_id, organisation_id):
        settled(kind, version, context, at)


def _version(kind: str, subject_id: UUID, organisation_id: UUID) -> UUID | None:
    """The route's version that the subject goes along: its own, or the one in force."""
    if approval := queries.unfinished(kind, subject_id):
        return approval.version_id
    version = queries.version_in_force(organisation_id, kind)
    return version.pk if version else None


def offered(version_id: UUID, context: Context, at: datetime) -> list[Choice]:
    """The choices along a route's version. No query where it asks for none."""
    asking = [
        one
        for one in stages.stages_of(version_id)
        if any("from" in selector for selector in one.approvers)
        and not applying.why_skipped(one, context)
    ]
    if not asking:
        return []
    found = selectors.resolve([one.approvers for one in asking], context, at)
    out = {context.submitter, *context.authors}
    seated = queries.names_of([chair.id for chairs in found for chair in chairs], at)
    names = {one: who for one, who in seated.items() if who.person not in out}
    return [_choice(one, chairs, names) for one, chairs in zip(asking, found, strict=True)]


def by_stage(kept: Iterable[str]) -> dict[int, tuple[UUID, ...]]:
    """What a draft kept, as a Context has it."""
    chosen: dict[int, tuple[UUID, ...]] = {}
    for one in kept:
        stage, _colon, seat = one.partition(":")
        chosen[int(stage)] = (*chosen.get(int(stage), ()), UUID(seat))
    return chosen


def kept(chosen: Mapping[int, Sequence[UUID]]) -> list[str]:
    """The other way round: what a Context has, as a draft keeps it."""
    return [f"{stage}:{seat}" for stage, ids in sorted(chosen.items()) for seat in ids]


def settled(
    kind: str, version_id: UUID, context: Context, at: datetime, *, leniently: bool = False
) -> dict[int, tuple[UUID, ...]]:
    """What was chosen at each stage that asks for it. Raises ChooseSigners, NotOffered.

    Both say of which `kind` of subject and at which `position`, so that a page can tell it there.
    `leniently`, where nobody can be asked to choose again: whoever can't sign any more is left out,
    and a stage that is left with nobody will be blocked.
    """
    chosen = {}
    for one in offered(version_id, context, at):
        wanted = tuple(context.chosen.get(one.position, ()))
        able = {offer.id for offer in one.offers}
        if leniently:
            wanted = tuple(seat for seat in wanted if seat in able)
        elif set(wanted) - able:
            raise NotOffered(kind=kind, position=one.position)
        elif len(set(wanted)) < one.least:
            raise ChooseSigners(kind=kind, position=one.position, least=one.least)
        if wanted:
            chosen[one.position] = wanted
    return chosen


def _choice(stage: Stage, chairs: Iterable[Chair], names: Mapping[UUID, Seated]) -> Choice:
    """Nothing is asked of the submitter where nobody could be chosen: that stage is blocked."""
    free = [one for one in chairs if one.chosen and one.id in names]
    fixed = sum(one.weight for one in chairs if not one.chosen)
    least = 0 if fixed else 1
    if stage.quorum_number and free:
        missing = stage.quorum_number - fixed
        least = max(least, -(-missing // max(one.weight for one in free)))
    offers = [names[one.id] for one in free]
    return Choice(stage.position, stage.name, offers, min(least, len(free)))
