"""Approvals as they stood at a moment, in words, each with the entry that tells it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from approvals import past, rules, sentences
from approvals.models import Approval as Row
from approvals.models import Opening, RouteVersion, SignOff, Stage, WorkItem
from approvals.queries.past import published
from approvals.routes import wording
from approvals.rules import Ballot, Rule, Seat
from audit.models import Entry
from audit.queries import read_openings
from directory.models import Person, Post
from directory.queries.past import Holder, holders_then

Origin, State = WorkItem.Origin, WorkItem.State


@dataclass(frozen=True)
class SeatThen:
    """A turn of a seat. `holder` is who held it at the moment, None where no entry tells that."""

    key: str
    number: int
    who: str
    origin: str
    weight: int
    counts: bool
    state: str
    is_turn: bool
    holder: str | None
    holder_entry: Entry | None
    ballot: str
    words: str
    signed: str
    entry: Entry | None


@dataclass(frozen=True)
class StageThen:
    """A stage as it stood: `due` None where entries don't say."""

    key: str
    name: str
    number: int
    rule: str
    count: str
    outcome: str
    due: date | None
    is_due_told: bool
    opened: Entry | None
    closed: Entry | None
    seats: list[SeatThen]
    is_told: bool
    is_order_told: bool
    is_open: bool


@dataclass(frozen=True)
class ApprovalThen:
    """An approval as it stood."""

    id: UUID
    kind: str
    state: str
    is_over: bool
    round: int
    route: str
    version: int
    published: Entry | None
    sent: Entry | None
    digest: str
    document: str
    moved: Entry | None
    stages: list[StageThen] = field(default_factory=list)
    skipped: list[tuple[str, Entry | None]] = field(default_factory=list)

    @property
    def now(self) -> StageThen | None:
        return next((one for one in reversed(self.stages) if one.is_open), None)


def described(
    organisation_id: UUID,
    found: Sequence[past.Approval],
    entries: Mapping[int, Entry],
    at: datetime,
) -> list[ApprovalThen]:
    """In words, the newest first. `entries` are those of the root, by their number in its chain."""
    return [*reversed(_Wording(organisation_id, found, entries, at).all())]


class _Wording:
    def __init__(
        self,
        organisation_id: UUID,
        found: Sequence[past.Approval],
        entries: Mapping[int, Entry],
        at: datetime,
    ) -> None:
        self.found, self.entries = found, entries
        turns = [
            turn
            for approval in found
            for opening in approval.openings
            for turn in opening.turns.values()
        ]
        versions = {UUID(approval.version) for approval in found}
        self.kinds = dict(
            Row.objects.filter(pk__in=[one.id for one in found]).values_list("pk", "subject_kind")
        )
        self.versions = {
            str(one.pk): one
            for one in RouteVersion.objects.filter(pk__in=versions).select_related("route")
        }
        self.published = published(organisation_id, self.versions.values())
        self.stages = {
            (str(one.version_id), one.position): one
            for one in Stage.objects.filter(version__in=versions)
        }
        posts = Post.objects.filter(pk__in={turn.seat.post for turn in turns if turn.seat.post})
        self.posts = {str(one.pk): one for one in posts.select_related("unit")}
        self.holders: Mapping[UUID, Holder] = holders_then(organisation_id, self.posts.values(), at)
        self.people = _people(turns)
        self.words = read_openings(organisation_id, map(bytes.fromhex, _commitments(turns)))

    def all(self) -> list[ApprovalThen]:
        return [self.approval(one) for one in self.found]

    def approval(self, one: past.Approval) -> ApprovalThen:
        version = self.versions[one.version]
        sent = one.sent[one.round]
        return ApprovalThen(
            UUID(one.id),
            wording.kind(self.kinds.get(UUID(one.id), "")),
            str(Row.State(one.state).label),
            one.state not in (Row.State.OPEN, Row.State.WITH_SUBMITTER),
            one.round,
            version.route.name,
            version.number,
            self.published.get(version.pk),
            self.entries.get(sent.seq),
            one.digest,
            one.document,
            self.entries.get(one.seq),
            [self.stage(one, opening) for opening in one.openings],
            [
                (
                    f"{self.stages[one.version, left.stage].name}: "
                    + sentences.skipped(left.reason),
                    self.entries.get(left.seq),
                )
                for left in one.skipped
            ],
        )

    def stage(self, approval: past.Approval, one: past.Opening) -> StageThen:
        stage = self.stages[approval.version, one.stage]
        turns = sorted(one.turns.values(), key=lambda turn: (turn.seat.position, turn.seq))
        return StageThen(
            f"{one.round}:{one.stage}",
            stage.name,
            one.number,
            sentences.rule(stage),
            sentences.count(rules.tally(*_tallied(stage, turns)), one.outcome)
            if one.told and stage.refusal != Stage.Refusal.ADVICE
            else "",
            sentences.ended(one.outcome) if one.outcome else "",
            date.fromisoformat(one.due_date) if one.due_date else None,
            one.is_due_told or stage.due_in is None,
            self.entries.get(one.seq),
            self.entries.get(one.closed) if one.closed else None,
            [self.seat(turn, one) for turn in turns],
            one.told,
            one.order_told,
            not one.outcome,
        )

    def seat(self, turn: past.Turn, opening: past.Opening) -> SeatThen:
        seat = turn.seat
        post = self.posts.get(seat.post or "")
        holder = self.holders.get(post.pk) if post else None
        told = turn.revoked or (turn.ballot and turn.ballot.seq) or turn.closed or turn.seq
        return SeatThen(
            key=str(seat.position),
            number=seat.position,
            who=sentences.capacity(post.unit.name, post.title)
            if post
            else self.people.get(seat.person or "", ""),
            origin=str(Origin(seat.origin).label),
            weight=seat.weight,
            counts=turn.counts,
            state=_state(turn, opening),
            is_turn=turn.state == past.OPEN and opening.order_told,
            holder=holder.name if holder else (None if post else self._named(seat)),
            holder_entry=holder.entry if holder else None,
            ballot=self._ballot(turn, opening),
            words=self._words(turn),
            signed=signature(turn.ballot.evidence) if turn.ballot else "",
            entry=self.entries.get(told),
        )

    def _named(self, seat: past.Seat) -> str:
        return self.people.get(seat.person or "", "")

    def _ballot(self, turn: past.Turn, opening: past.Opening) -> str:
        if turn.ballot is None:
            return ""
        principal = self.people.get(turn.ballot.acting_for or "", "")
        who = sentences.actor_for(self.people.get(turn.ballot.person, ""), principal)
        went_back = opening.outcome == Opening.Outcome.RETURNED
        done = sentences.did(turn.ballot.decision, who, went_back=went_back)
        if turn.carried_from:
            return _("%(done)s (carried over)") % {"done": done}
        if turn.revoked:
            return _("%(done)s (taken back)") % {"done": done}
        return done

    def _words(self, turn: past.Turn) -> str:
        digest = (turn.ballot.comment if turn.ballot else None) or turn.opinion
        if not digest:
            return ""
        said = self.words.get(bytes.fromhex(digest))
        return sentences.erased() if said is None else said


def signature(evidence: str) -> str:
    """Whose word stands for it that this person decided."""
    if evidence == "passkey":
        return _("Personally signed")
    return _("Server-attested")


def _state(turn: past.Turn, opening: past.Opening) -> str:
    if turn.is_asked and not opening.order_told:
        return pgettext("work item", "asked")
    return str(State(turn.state).label)


def _tallied(stage: Stage, turns: Iterable[past.Turn]) -> tuple[Rule, list[Seat], list[Ballot]]:
    seats = [turn for turn in turns if turn.counts]
    return (
        Rule(
            stage.rule,
            stage.refusal,
            stage.quorum_number,
            stage.quorum_percent,
            stage.sequential,
        ),
        [
            Seat(
                turn.seat.id,
                turn.seat.weight,
                rules.is_added(turn.seat.origin, stage.rule),
            )
            for turn in seats
        ],
        [
            Ballot(
                turn.seat.id,
                turn.ballot.decision if turn.ballot else SignOff.Decision.APPROVE,
                turn.ballot.target if turn.ballot else None,
            )
            for turn in seats
            if turn.ballot or turn.carried_from
        ],
    )


def _people(turns: Iterable[past.Turn]) -> dict[str, str]:
    wanted = {
        one
        for turn in turns
        for one in (
            turn.seat.person,
            turn.ballot and turn.ballot.person,
            turn.ballot and turn.ballot.acting_for,
        )
        if one
    }
    people = Person.objects.filter(pk__in=wanted)
    return {str(pk): name for pk, name in people.values_list("pk", "name")}


def _commitments(turns: Iterable[past.Turn]) -> list[str]:
    found = [turn.ballot.comment for turn in turns if turn.ballot and turn.ballot.comment]
    return [*found, *(turn.opinion for turn in turns if turn.opinion)]
