"""The record of an approval in words: rounds, openings, seats, and what happened on each."""

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from approvals import sentences, subjects
from approvals.models import Approval, Intervention, Opening, Round, SignOff, WorkItem
from approvals.queries import routing
from approvals.queries.meanwhile import told
from approvals.queries.progress import SeatView, StageView, electorate, standing
from approvals.queries.record import Kept, kept
from approvals.reckoning import reckoned
from approvals.routes import wording
from approvals.routes.specs import StageSpec
from approvals.subjects import Description, Particular, Readable, Sight
from audit import proofs
from audit.models import Entry
from audit.proofs import Receipt
from audit.spacing import in_a_row
from directory.models import Person
from directory.policy import may_administer, may_read_everything
from directory.queries import roles_of

Origin, State = WorkItem.Origin, WorkItem.State
NOWHERE = Description("", "")
ENDED_BY_SOMEBODY = (Approval.State.CANCELLED, Approval.State.WITHDRAWN)
"""Ends that no decision brought: the chain says who did it."""


@dataclass(frozen=True)
class Act:
    """Something that happened: the sentence, when, how somebody proved themselves, the entry."""

    text: str
    at: datetime | None = None
    entry: Entry | None = None
    evidence: str = ""
    """Of a ballot: how its signer proved to be themselves, and the SHA-256 of what they signed."""
    statement: bytes = b""
    words: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Turn:
    """A turn of a seat: whose, how they came to be asked, what counts, what they did."""

    seat: int
    who: str
    origin: str
    weight: int
    counts: bool
    acts: list[Act]


@dataclass(frozen=True)
class OpeningRecord:
    """A stage as it was opened once. `sum` lets anybody compute its result again."""

    opening: Opening
    view: StageView
    opened: Act
    turns: list[Turn]
    sum: str
    why: str
    is_superseded: bool
    beside: list[Act] = field(default_factory=list)
    closed: Act | None = None

    @property
    def weighs(self) -> bool:
        return any(turn.weight != 1 for turn in self.turns)


@dataclass(frozen=True)
class RoundRecord:
    round: Round
    sent: Act
    openings: list[OpeningRecord]
    says: Sequence[tuple[str, str]] = ()
    """What the document of the round asks: labels and words."""

    @property
    def acts(self) -> Iterator[Act]:
        """All that happened in it."""
        yield self.sent
        for one in self.openings:
            yield from [one.opened, *one.beside, *([one.closed] if one.closed else [])]
            yield from (act for turn in one.turns for act in turn.acts)


@dataclass(frozen=True)
class RecordPage:
    """An approval from beginning to end, for somebody who may read it."""

    approval: Approval
    about: Description
    rounds: list[RoundRecord]
    end: Act | None
    next: str
    """Who is asked now, or why nobody can decide; empty where no stage is open."""
    may_audit: bool
    hides_words: bool
    may_intervene: bool
    own: Sequence[Receipt] = ()
    """Of what the reader did in it."""

    @property
    def rests_on(self) -> Entry | None:
        """The newest entry of those the record shows: its proof covers all before it."""
        acts = [self.end, *(act for one in self.rounds for act in one.acts)]
        entries = [act.entry for act in acts if act and act.entry]
        return max(entries, key=lambda entry: entry.subject_seq, default=None)


def record_page(approval: Approval, user: Person, at: datetime) -> RecordPage | None:
    """None for those who may not know of the subject."""
    subject = subjects.get(approval.subject_kind)
    if not isinstance(subject, Readable):
        return None
    sight = subject.sight(user, approval.subject_id, at)
    if sight is Sight.NOTHING:
        return None
    found = kept(approval, at=at, words=sight is Sight.WORDS)
    roles = roles_of(user, at)
    about = subject.describe([approval.subject_id]).get(approval.subject_id, NOWHERE)
    wording = _Wording(found)
    says: Mapping[UUID, Sequence[tuple[str, str]]] = {}
    if isinstance(subject, Particular) and sight is Sight.WORDS:
        says = subject.particulars([one.document_id for one in found.rounds])
    rounds = [
        replace(wording.round(one), says=says.get(one.document_id, ())) for one in found.rounds
    ]
    now = next((one for one in found.views.values() if one.status == "now"), None)
    end = wording.end()
    if end and approval.state in ENDED_BY_SOMEBODY and sight is Sight.WORDS:
        end = replace(end, text=told(approval, end.entry) or end.text)
    if end and (made := wording.sent_back):
        end = replace(end, text=sent_back(made))
    return RecordPage(
        approval,
        about,
        rounds,
        end,
        found.stuck or (sentences.decide_at(now.name, now.awaited) if now else ""),
        bool(may_read_everything(roles)),
        sight is not Sight.WORDS,
        approval.state == Approval.State.OPEN and bool(may_administer(roles)),
        proofs.receipts(found.ledger.by(user.subject)),
    )


class _Wording:
    def __init__(self, found: Kept) -> None:
        self.kept = found
        self.tells = found.ledger.tells
        items = [item for one in found.openings for item in one.work_items.all()]
        self.openings = {one.pk: one for one in found.openings}
        self.heirs = {item.succeeds_id: item for item in items if item.succeeds_id}
        settled = [one for one in found.interventions if one.state == Intervention.State.CONFIRMED]
        self.reseated = {one.work_item_id: one for one in settled if one.work_item_id}
        # A later opening of the same stage, or a later round, takes an opening's place.
        self.standing = {one.pk for one in standing(found.openings).values()}
        self.conditions = _conditions(found)
        back = [one for one in settled if one.kind == Intervention.Kind.SEND_BACK]
        self.sent_back = back[0] if back else None

    def round(self, one: Round) -> RoundRecord:
        words = {"number": one.number, "name": one.submitter.name}
        sent = Act(
            _("%(name)s submitted round %(number)s") % words,
            one.opened_at,
            self.tells("round", one.number),
        )
        mine = [opening for opening in self.kept.openings if opening.round_id == one.pk]
        return RoundRecord(one, sent, [self.opening(opening) for opening in mine])

    def opening(self, one: Opening) -> OpeningRecord:
        view = self.kept.views[one.pk]
        skipped = one.outcome == Opening.Outcome.SKIPPED
        entry = (
            self.tells("skipped", view.position, one.opened_at)
            if skipped
            else self.tells("opened", one.pk)
        )
        opened = Act(
            _("skipped") if skipped else _("opened, and the electorate frozen"),
            one.opened_at,
            entry,
        )
        return OpeningRecord(
            one,
            view,
            opened,
            [self.turn(seat) for seat in _in_order(view)],
            "" if skipped else _sum(view),
            in_a_row(self._circumstances(one, view)),
            one.pk not in self.standing,
            list(self._beside(one)),
            self._closed(one),
        )

    def _circumstances(self, one: Opening, view: StageView) -> list[str]:
        """What was out of the ordinary about it."""
        if one.outcome == Opening.Outcome.SKIPPED:
            return [sentences.skipped(one.reason, self.conditions.get(one.stage_id, ""))]
        found = [sentences.circumstance(one.reason)] if one.reason else []
        if any(seat.item.origin == Origin.FALLBACK for seat in view.seats):
            found.insert(0, sentences.circumstance("fallback"))
        return found

    def _closed(self, one: Opening) -> Act | None:
        if not one.outcome or one.outcome == Opening.Outcome.SKIPPED:
            return None
        return Act(sentences.ended(one.outcome), one.closed_at, self._closing(one))

    def _closing(self, one: Opening) -> Entry | None:
        """The entry that ended an opening: a ballot's, its own where it ended as it opened."""
        if closed := self.tells("closed", one.pk):
            return closed
        if one.outcome in (Opening.Outcome.WITHDRAWN, Opening.Outcome.CANCELLED):
            return self._ended()
        return self.tells("opened", one.pk)

    def _unneeded(self, item: WorkItem) -> Entry | None:
        """What made a turn superfluous: the end of its stage, or who had asked it deciding."""
        opening = self.openings[item.opening_id]
        if opening.closed_at == item.closed_at:
            return self._closing(opening)
        return self.tells("signed_at", item.closed_at)

    def _ended(self) -> Entry | None:
        last = self.kept.rounds[-1].number
        return self.tells("state", self.kept.approval.state, last)

    def end(self) -> Act | None:
        approval = self.kept.approval
        if approval.ended_at is None:
            return None
        return Act(str(approval.get_state_display()), approval.ended_at, self._ended())

    def turn(self, seat: SeatView) -> Turn:
        item = seat.item
        who = (
            sentences.capacity(item.post.unit.name, item.post.title)
            if item.post
            else str(item.person)
        )
        acts = [*self._asked(seat), *self._did(seat)]
        origin = str(item.get_origin_display())
        counts = item.is_seat
        return Turn(item.position, who, origin, item.weight, counts, acts)

    def _asked(self, seat: SeatView) -> Iterator[Act]:
        """How somebody came to the turn, where the route alone didn't ask when it opened."""
        item = seat.item
        entry = self.tells("turn", item.pk)
        if item.succeeds_id and (made := self.reseated.get(item.succeeds_id)):
            yield Act(
                sentences.given(made.proposed_by.name),
                item.opened_at,
                self.tells("intervention", made.pk, made.state),
            )
        elif item.asked_by:
            moved = bool(item.succeeds_id) and item.origin != Origin.CONSULTED
            note = self._why(seat, moved=moved)
            yield Act(note, item.opened_at, entry)
        elif item.succeeds_id:
            yield Act(_("asked again"), item.opened_at, entry)
        elif item.origin == Origin.ESCALATED:
            yield Act(str(item.get_origin_display()), item.opened_at, entry)

    def _why(self, seat: SeatView, *, moved: bool) -> str:
        if seat.status == "revoked":  # the aside says how it ended
            return sentences.asked_by(seat.item.origin, str(seat.item.asked_by), "", moved=moved)
        return seat.aside or sentences.asked_by(
            seat.item.origin, str(seat.item.asked_by), "", moved=moved
        )

    def _did(self, seat: SeatView) -> Iterator[Act]:
        item, signed = seat.item, seat.sign_off
        if signed and item.carried_from_id:
            words = {"name": seat.name, "carried": seat.aside}
            text = pgettext("carried over", "%(name)s: %(carried)s") % words
            entry = self.tells("sign_off", signed.pk)
            yield Act(text, signed.at, entry, seat.evidence, seat.statement)
            return
        if signed:
            yield self._ballot(seat, signed)
        if signed and seat.status == "revoked":
            entry = self.tells("revoked", signed.pk)
            yield Act(seat.aside, signed.revocation.at, entry, kind="back")
        elif item.origin == Origin.CONSULTED and item.state == State.DECIDED:
            entry = self.tells("opinion", item.pk)
            yield Act(_("gave an opinion"), seat.at, entry, words=seat.comment)
        elif item.state == State.SUPERSEDED and not signed:
            yield self._moved_on(item)
        elif item.state == State.NOT_NEEDED:
            yield Act(_("not needed any more"), item.closed_at, self._unneeded(item))
        elif item.state == State.WAITING:
            yield Act(_("waits for their turn"))
        elif item.state == State.OPEN:
            waits = _("waits for %(name)s") % {"name": seat.name}
            yield Act(_("nobody holds the post") if seat.is_vacant and item.post else waits)

    def _ballot(self, seat: SeatView, signed: SignOff) -> Act:
        went_back = self.openings[seat.item.opening_id].outcome == Opening.Outcome.RETURNED
        text = sentences.did(signed.decision, seat.name, went_back=went_back)
        if signed.decision == SignOff.Decision.RETURN and went_back:
            stage = self.kept.stages.get(signed.target or 0)
            to = stage.name if stage else pgettext("return", "the submitter")
            text = _("%(done)s to %(target)s") % {"done": text, "target": to}
        kind = "back" if signed.decision == SignOff.Decision.RETURN else "key"
        entry = self.tells("sign_off", signed.pk)
        return Act(text, signed.at, entry, seat.evidence, seat.statement, seat.comment, kind)

    def _moved_on(self, item: WorkItem) -> Act:
        heir = self.heirs.get(item.pk)
        text = (
            sentences.handed_on(str(heir.person))
            if heir and item.pk not in self.reseated
            else _("the seat was given to somebody else")
        )
        entry = self.tells("turn", heir.pk) if heir else None
        return Act(text, item.closed_at, entry)

    def _beside(self, one: Opening) -> Iterator[Act]:
        """What happened to the opening as a whole: asked again, interventions."""
        if again := self.tells("asked", one.pk):
            yield Act(_("Somebody fits by now: they are asked"), again.at, again)
        after = [later for later in self.kept.openings if later.number == one.number + 1]
        until = after[0].opened_at if after else None
        for made in self.kept.interventions:
            if one.opened_at <= made.proposed_at and (not until or made.proposed_at < until):
                yield from self._intervened(made)

    def _intervened(self, made: Intervention) -> Iterator[Act]:
        reason = self.kept.texts.get(bytes(made.reason), "")
        why = sentences.erased() if reason is None else reason
        proposed = self.tells("intervention", made.pk, Intervention.State.PROPOSED)
        yield Act(intervention(made), made.proposed_at, proposed, words=why)
        if made.settled_by:
            entry = self.tells("intervention", made.pk, made.state)
            yield Act(settled(made), made.settled_at, entry)


def _conditions(found: Kept) -> Mapping[UUID, str]:
    """Of stages that were skipped: when they apply, in words, by the stage."""
    specs = {
        one.stage_id: StageSpec.of_row(one.stage)
        for one in found.openings
        if one.outcome == Opening.Outcome.SKIPPED and one.stage.condition
    }
    names = routing.names_in(specs.values(), found.approval.organisation_id) if specs else {}
    return {stage: wording.condition(spec, names) for stage, spec in specs.items()}


def intervention(made: Intervention) -> str:
    """What somebody proposed, as a sentence."""
    words = {"name": made.proposed_by.name, "person": made.person, "seat": ""}
    if made.kind == Intervention.Kind.SEND_BACK:
        return _("%(name)s proposed to send it back, to begin anew") % words
    item = made.work_item
    words["seat"] = (
        sentences.capacity(item.post.unit.name, item.post.title)
        if item and item.post
        else str(item.person if item else "")
    )
    return _("%(name)s proposed to give the seat of %(seat)s to %(person)s") % words


def sent_back(made: Intervention) -> str:
    """How an approval ended that two administrators sent back."""
    words = {"first": made.proposed_by.name, "second": made.settled_by}
    return _("sent back to begin anew: %(first)s proposed it, %(second)s confirmed it") % words


def settled(made: Intervention) -> str:
    done = (
        _("%(name)s confirmed the intervention")
        if made.state == Intervention.State.CONFIRMED
        else _("%(name)s declined the intervention")
    )
    return done % {"name": made.settled_by}


def _in_order(view: StageView) -> list[SeatView]:
    """Seats and asides by seat, the earlier turn of a seat first."""
    return sorted([*view.seats, *view.asides], key=lambda one: (one.item.position, one.item.pk))


def _sum(view: StageView) -> str:
    if view.opening is None:
        return ""
    rule, seats, ballots = electorate(view.opening.stage, [one.item for one in view.seats])
    return reckoned(rule, seats, ballots, _names(view.seats))


def _names(seats: list[SeatView]) -> Mapping[Hashable, str]:
    """A seat's name in a sum: its unit if no other seat is of that unit, else who sits there."""
    units = {one.item.pk: one.item.post.unit.name for one in seats if one.item.post}
    often = Counter(units.values())
    return {
        one.item.pk: units[one.item.pk] if often[units.get(one.item.pk, "")] == 1 else one.name
        for one in seats
    }
