"""How an approval stands: its stages with electorate and ballots, and who is awaited."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise
from uuid import UUID

from django.db.models import Prefetch
from django.utils.timezone import localdate

from approvals import rules, sentences
from approvals.models import Approval, Opening, Round, SignOff, Stage, WorkItem
from approvals.queries.lists import why_blocked
from approvals.queries.people import claimants, names_of
from approvals.rules import Ballot, Rule, Seat, Tally
from approvals.statements import challenge
from approvals.subjects import Context
from audit.queries import read_openings
from directory.models import Person, Unit
from directory.queries import working_days

BALLOT = {"approve": "approved", "return": "returned", "abstain": "abstained"}


@dataclass(frozen=True)
class SeatView:
    """A seat as `includes/ballots.html` shows it, and what an auditor asks about it."""

    name: str
    post: str
    status: str
    is_you: bool
    item: WorkItem
    at: datetime | None = None
    comment: str = ""
    evidence: str = ""
    """How whoever signed proved to be themselves, and below what they signed: its SHA-256."""
    statement: bytes = b""
    sign_off: SignOff | None = None
    aside: str = ""
    """How somebody whom the route didn't ask came to this seat."""
    took: str = ""
    """How long the person took, or has been asked so far."""
    is_vacant: bool = False
    """Whether nobody could act on it now: its post is held by nobody, or the account is closed."""
    is_lent: bool = False
    """Whether `is_you` holds because the seat's holder delegated it."""
    weight: int = 1
    """How many votes it counts in a vote."""
    asker: str = ""
    note: str = ""
    """Who asked somebody beside the route, and with which words."""

    @property
    def came(self) -> str:
        """How somebody whom the route didn't ask came to this seat, without anybody's words."""
        item = self.item
        if item.carried_from_id or item.asked_by is None or item.is_given:
            return "" if item.carried_from_id else self.aside
        moved = bool(item.succeeds_id)
        return sentences.asked_by(item.origin, item.asked_by.name, "", moved=moved)


@dataclass(frozen=True)
class StageView:
    """A stage as `includes/chain.html` shows it; `count` is where its tally stands.

    `asides` are turns that don't count: handed on, taken back, asked for an opinion.
    """

    position: int
    name: str
    status: str
    lines: list[str]
    rule: str
    opening: Opening | None = None
    seats: list[SeatView] = field(default_factory=list)
    count: str = ""
    tally: Tally | None = None
    asides: list[SeatView] = field(default_factory=list)
    took: str = ""
    """How long it took, or has taken so far."""
    sent_back: Sequence[SeatView] = ()
    """Those who returned it from a later stage to this one, as it was opened now."""
    left: int | None = None
    """Of an open stage with a deadline: the working days that remain, below zero when overdue."""

    @property
    def light(self) -> str:
        """Whether an open stage with a deadline is on time."""
        return "overdue" if (self.left or 0) < 0 else "on_track" if self.left else "due_soon"

    @property
    def awaited(self) -> list[str]:
        """Who is asked now and there to answer."""
        return [seat.name for seat in self.seats if seat.status == "open" and not seat.is_vacant]

    @property
    def vacant(self) -> list[str]:
        """The posts that are asked now and held by nobody."""
        return [seat.post for seat in self.seats if seat.status == "open" and seat.is_vacant]


@dataclass(frozen=True)
class Progress:
    """An approval in its newest round; `past` holds superseded openings, newest first."""

    approval: Approval
    round: Round
    stages: list[StageView]
    awaited: list[str]
    blocked: str = ""
    """Why nobody can decide now, as a sentence without its stop."""
    past: list[StageView] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        return self.approval.state == Approval.State.OPEN

    @property
    def now(self) -> StageView | None:
        """The stage that is open."""
        return next((stage for stage in self.stages if stage.status == "now"), None)


def current(
    kind: str, subject_id: UUID, *, at: datetime, person: Person | None = None
) -> Progress | None:
    """The subject's newest approval, or None if it never had one. About ten queries.

    `person` sees their own seat marked. The caller has checked that they may see the subject.
    """
    found = (
        Approval.objects.filter(subject_kind=kind, subject_id=subject_id)
        .select_related("version__route")
        .order_by("-opened_at", "-id")
        .first()
    )
    return progress(found, at=at, person=person) if found else None


BESIDE_THE_ROUTE = (
    WorkItem.Origin.CHOSEN,
    WorkItem.Origin.FALLBACK,
    WorkItem.Origin.ESCALATED,
)
"""Ways of coming to a seat that the stage alone doesn't explain."""

ITEMS = WorkItem.objects.select_related(
    "post__unit",
    "person",
    "asked_by",
    "sign_off__person",
    "sign_off__acting_for",
    "sign_off__revocation",
    "carried_from__sign_off__person",
    "carried_from__opening__stage",
    "carried_from__post__unit",
)
"""Work items with all that names them and says what became of them."""


def progress(approval: Approval, *, at: datetime, person: Person | None = None) -> Progress:
    """How this approval stands."""
    openings = list(
        approval.openings.select_related("stage", "round").prefetch_related(
            Prefetch("work_items", queryset=ITEMS.all())
        )
    )
    stages = list(Stage.objects.filter(version=approval.version_id))
    latest = max((opening.round for opening in openings), key=lambda one: one.number)
    shown = standing(openings)
    seats = Seating(approval, openings, person, at)
    views = [seats.stage(stage, shown.get(stage.pk), latest) for stage in stages]
    past = [
        seats.stage(opening.stage, opening, latest)
        for opening in reversed(openings)
        if shown.get(opening.stage_id) != opening
    ]
    now = next((view for view in views if view.status == "now"), None)
    stuck = seats.stuck(now) if now else ""
    awaited = now.awaited if now and not stuck else []
    return Progress(approval, latest, views, awaited, stuck, past)


def standing(openings: Sequence[Opening]) -> dict[UUID, Opening]:
    """The opening of each stage that counts now, by the stage's id.

    A later opening takes the place of an earlier one. A round that began further on, because
    nothing that was read had changed, leaves what the stages before it decided.
    """
    gone = _overtaken(openings)
    found: dict[UUID, Opening] = {}
    round_ = None
    for one in sorted(openings, key=lambda one: one.number):
        if one.round_id != round_:
            begun, round_ = one.stage.position, one.round_id
            found = {pk: old for pk, old in found.items() if old.stage.position < begun}
        if one.pk not in gone:
            found[one.stage_id] = one
    return found


def _overtaken(openings: Sequence[Opening]) -> set[UUID]:
    """The openings that don't stand any more because of a return to an earlier stage.

    All from that stage on are asked again; if the stage that returned it has it back directly
    afterwards, those between the two stand.
    """
    gone: set[UUID] = set()
    for before, after in pairwise(sorted(openings, key=lambda one: one.number)):
        if not _is_return(before, after):
            continue
        first, last = after.stage.position, before.stage.position
        gone |= {
            one.pk
            for one in openings
            if one.number < after.number
            if one.stage.position in (first, last)
            or (one.stage.position > first and not after.resumes_at)
        }
    return gone


def _is_return(before: Opening, after: Opening) -> bool:
    """Whether the later of two openings in a row is what the earlier one was returned to."""
    return before.outcome == Opening.Outcome.RETURNED and before.round_id == after.round_id


class Seating:
    """Names for seats: holders of now for open ones, who signed for the others.

    Without `words` nobody's comments, notes and opinions are read.
    """

    def __init__(
        self,
        approval: Approval,
        openings: Sequence[Opening],
        person: Person | None,
        at: datetime,
        *,
        words: bool = True,
    ) -> None:
        self.person, self.at = person, at
        self.days = working_days(approval.organisation_id)
        self.words = words
        items = [item for opening in openings for item in opening.work_items.all()]
        waiting = {(i.post_id, i.person_id) for i in items if not hasattr(i, "sign_off")}
        in_order = pairwise(sorted(openings, key=lambda one: one.number))
        self.returned = {
            after.pk: before for before, after in in_order if _is_return(before, after)
        }
        self.heirs = {item.succeeds_id: item for item in items if item.succeeds_id}
        self.claims = claimants(waiting, at)
        holders = {claims[0].person for claims in self.claims.values() if claims}
        self.people = Person.objects.in_bulk(holders)
        said = [i.sign_off.comment for i in items if hasattr(i, "sign_off")]
        said += [one for i in items for one in (i.note, i.opinion, _taken_back(i))]
        kept = [one for one in said if one and words]
        self.texts = read_openings(approval.organisation_id, kept) if kept else {}
        self.chosen = _chosen(openings)
        self.names = names_of([one for ids in self.chosen.values() for one in ids], at)
        self.units = unit_names(Stage.objects.filter(version=approval.version_id))

    def stage(self, stage: Stage, opening: Opening | None, latest: Round) -> StageView:
        asked = self._asked(stage)
        rule = sentences.rule(stage)
        if opening is None:
            return StageView(stage.position, stage.name, "ahead", asked, rule)
        items = list(opening.work_items.all())
        live = [item for item in items if item.is_seat]
        seats = [self.seat(item) for item in live]
        if stage.rule == Stage.Rule.QUORUM:
            seats = [replace(seat, weight=seat.item.weight) for seat in seats]
        tally = tallied(stage, live)
        lines = [seat.name for seat in seats[:3]]
        if len(seats) > 3:
            lines.append(sentences.more(len(seats) - 3))
        return StageView(
            stage.position,
            stage.name,
            _status(opening),
            lines if opening.outcome != Opening.Outcome.SKIPPED else asked,
            rule,
            opening,
            seats,
            _count(stage, live, tally, opening.outcome),
            tally,
            [self.aside(item) for item in items if not item.is_seat],
            self._took(opening.opened_at, opening.closed_at)
            if opening.outcome != Opening.Outcome.SKIPPED
            else "",
            self._sent_back(opening),
            None
            if opening.outcome or opening.due_date is None
            else self.days.between(localdate(self.at), opening.due_date),
        )

    def _sent_back(self, opening: Opening) -> list[SeatView]:
        before = self.returned.get(opening.pk)
        if before is None:
            return []
        seats = [self.seat(item) for item in before.work_items.all() if item.is_seat]
        here = opening.stage.position
        return [one for one in seats if one.sign_off and one.sign_off.target == here]

    def stuck(self, now: StageView) -> str:
        """Why nobody can decide at a stage that is open; empty where somebody can."""
        if now.opening is None:
            return ""
        items = [seat.item for seat in now.seats]
        used = {one for seat in now.seats if seat.sign_off for one in _signers(seat.sign_off)}
        reason = why_blocked(now.opening, items, self.claims, used)
        return sentences.stuck(now.name, reason, now.vacant) if reason else ""

    def _asked(self, stage: Stage) -> list[str]:
        """Whom the stage asks, before it opens."""
        chosen = [self.names[one].name for one in self.chosen.get(stage.position, ())]
        return chosen + [
            sentences.selector(one, self.units)
            for one in stage.approvers
            if not (chosen and "from" in one)
        ]

    def seat(self, item: WorkItem) -> SeatView:
        post = (
            sentences.capacity(item.post.unit.name, item.post.title)
            if item.post
            else sentences.capacity(None, None)
        )
        source = item.carried_from
        if source or hasattr(item, "sign_off"):
            return self._signed(item, source or item)
        claims = self.claims[item.post_id, item.person_id]
        holder = self.people.get(claims[0].person) if claims else None
        mine = [one for one in claims if self.person and one.person == self.person.pk]
        status = {"not_needed": "not_needed", "waiting": "waiting"}.get(item.state, "open")
        name = holder.name if holder else _nobody(item, post)
        return SeatView(
            name,
            post,
            status,
            bool(mine) and status == "open",
            item,
            aside=self._why(item),
            is_vacant=not claims,
            is_lent=bool(mine) and all(one.acting_for for one in mine),
            took=self._took(item.opened_at) if status == "open" else "",
        )

    def aside(self, item: WorkItem) -> SeatView:
        """A turn that doesn't count."""
        post = sentences.capacity(
            item.post.unit.name if item.post else None, item.post.title if item.post else None
        )
        if item.origin == WorkItem.Origin.CONSULTED:
            status = "advised" if item.state == WorkItem.State.DECIDED else item.state
            words = self._text(item.opinion)
            name, at = str(item.person), item.closed_at if item.opinion else None
            return SeatView(
                name,
                post,
                status,
                False,
                item,
                at,
                words,
                aside=self._why(item),
                asker=str(item.asked_by),
                note=self._text(item.note),
            )
        if hasattr(item, "sign_off"):
            view = self._signed(item, item)
            taken_back = item.sign_off.revocation
            why = sentences.taken_back(self._text(taken_back.reason))
            return replace(view, status="revoked", is_you=False, at=taken_back.at, aside=why)
        return self._moved(item, post)

    def _moved(self, item: WorkItem, post: str) -> SeatView:
        """A turn that somebody handed on, or that an intervention gave to somebody else."""
        heir = self.heirs.get(item.pk)
        if heir is None or heir.asked_by is None or heir.is_given:
            name = str(item.person) if item.person else post
            return SeatView(name, post, "reseated", False, item, item.closed_at)
        to = sentences.handed_on(str(heir.person))
        aside = " · ".join([post, to] if item.post else [to])
        who = heir.asked_by.name
        return SeatView(who, post, "transferred", False, item, item.closed_at, aside=aside)

    def _took(self, start: datetime, end: datetime | None = None) -> str:
        return sentences.took(start, end, self.at, self.days)

    def _why(self, item: WorkItem) -> str:
        if item.asked_by is None:
            is_told = item.origin in BESIDE_THE_ROUTE
            return str(item.get_origin_display()) if is_told else ""
        if item.is_given:
            return sentences.given(item.asked_by.name)
        return sentences.asked_by(
            item.origin, item.asked_by.name, self._text(item.note), moved=bool(item.succeeds_id)
        )

    def _text(self, words: bytes | memoryview | None) -> str:
        text = self.texts.get(bytes(words)) if words and self.words else ""
        return sentences.erased() if text is None else text

    def _signed(self, item: WorkItem, source: WorkItem) -> SeatView:
        """A seat with the ballot cast on it, or carried over from `source`."""
        row = source.sign_off
        name = sentences.actor_for(row.person.name, row.acting_for.name if row.acting_for else "")
        carried = source.opening.stage.name if source != item else ""
        return SeatView(
            name,
            sentences.signed_as(row, source.post),
            BALLOT[row.decision],
            self.person == row.person,
            item,
            row.at,
            "" if carried else self._text(row.comment),
            row.evidence,
            challenge(bytes(row.statement)),
            row,
            sentences.carried(carried) if carried else self._why(item),
            "" if carried else self._took(item.opened_at, row.at),
        )


def _signers(signed: SignOff) -> set[UUID]:
    return {one for one in (signed.person_id, signed.acting_for_id) if one}


def _nobody(item: WorkItem, post: str) -> str:
    """A seat on which nobody could act."""
    if item.post:
        return sentences.vacant(post)
    return sentences.closed_account(str(item.person))


def _chosen(openings: Sequence[Opening]) -> Mapping[int, Sequence[UUID]]:
    """Whom the submitter of the newest round chose, by position of the stage."""
    latest = max((one.round for one in openings), key=lambda one: one.number, default=None)
    return Context.thawed(latest.context).chosen if latest else {}


def _taken_back(item: WorkItem) -> bytes | memoryview | None:
    sign_off = getattr(item, "sign_off", None)
    revocation = getattr(sign_off, "revocation", None)
    return revocation.reason if revocation else None


def _count(stage: Stage, items: Sequence[WorkItem], tally: Tally, outcome: str) -> str:
    if stage.refusal != Stage.Refusal.ADVICE:
        return sentences.count(tally, outcome)
    _rule, seats, ballots = electorate(stage, items)
    return sentences.heard(len(ballots), len(seats))


def tallied(stage: Stage, items: Iterable[WorkItem]) -> Tally:
    """The tally of an opening, from its frozen electorate and its ballots."""
    return rules.tally(*electorate(stage, items))


def electorate(stage: Stage, items: Iterable[WorkItem]) -> tuple[Rule, list[Seat], list[Ballot]]:
    rule = Rule(
        stage.rule, stage.refusal, stage.quorum_number, stage.quorum_percent, stage.sequential
    )
    listed = [item for item in items if item.is_seat]
    return (
        rule,
        [Seat(item.pk, item.weight, rules.is_added(item.origin, stage.rule)) for item in listed],
        [
            Ballot(item.pk, "approve")
            if item.carried_from_id
            else Ballot(item.pk, item.sign_off.decision, item.sign_off.target)
            for item in listed
            if item.carried_from_id or hasattr(item, "sign_off")
        ],
    )


def unit_names(stages: Iterable[Stage]) -> Mapping[str, str]:
    """Names of the units that selectors of these stages name, by id as text. One query."""
    wanted = {
        selector["unit"]
        for stage in stages
        for one in [*stage.approvers, *stage.fallback]
        if (selector := one.get("from", one))["select"] == "post"
    }
    units = Unit.objects.filter(pk__in=wanted) if wanted else Unit.objects.none()
    return {str(pk): name for pk, name in units.values_list("pk", "name")}


def _status(opening: Opening) -> str:
    return {
        "": "now",
        Opening.Outcome.PASSED: "done",
        Opening.Outcome.RETURNED: "returned",
        Opening.Outcome.SKIPPED: "skipped",
    }.get(opening.outcome, "ended")
