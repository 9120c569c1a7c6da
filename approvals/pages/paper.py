"""The approval form: the newest round of an approval on one sheet of paper."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from approvals.models import Approval, Opening
from approvals.pages.record import Act, OpeningRecord, RecordPage, RoundRecord
from approvals.queries import units_of
from approvals.queries.progress import SeatView
from approvals.sentences import listed
from audit.models import Entry
from audit.spacing import in_a_row

COMPLETION = "task_completion"


@dataclass(frozen=True)
class Signer:
    """A line of the form; without `at` it is left empty, to be signed by hand."""

    opinion: str
    name: str
    post: str
    evidence: str = ""
    statement: bytes = b""
    at: datetime | None = None


@dataclass(frozen=True)
class Box:
    """A stage on the form."""

    name: str
    signers: list[Signer]
    sum: str
    note: str = ""


@dataclass(frozen=True)
class Fact:
    label: str
    value: str
    label2: str = ""
    value2: str = ""


@dataclass(frozen=True)
class Reference:
    """A line of the ledger: what it says, and where it stands."""

    text: str
    entry: Entry


@dataclass(frozen=True)
class Paper:
    title: str
    number: str
    facts: list[Fact]
    digest: bytes
    stages: list[Box]
    returns: list[str]
    result: str
    ended_at: datetime | None
    root: str
    references: list[Reference]
    printed_at: datetime

    @property
    def rests_on(self) -> Entry | None:
        """The newest entry of those the form shows: its proof covers all before it in the chain."""
        entries = [one.entry for one in self.references]
        return max(entries, key=lambda entry: entry.subject_seq, default=None)


def paper(page: RecordPage, at: datetime) -> Paper:
    """What the form says of a record. One query: the unit's name."""
    approval, newest = page.approval, page.rounds[-1]
    unit = units_of([newest.round]).get(newest.round.pk, "")
    standing = [one for one in _all(page) if not one.is_superseded]
    completes = approval.subject_kind == COMPLETION
    return Paper(
        _("Completion approval form") if completes else _("Approval form"),
        str(approval.pk),
        [
            Fact(_("Subject"), page.about.title),
            *(Fact(label, words) for label, words in newest.says),
            Fact(_("Unit"), unit, _("Submitter"), newest.round.submitter.name),
            Fact(_("Route"), _route(approval), _("Round"), str(newest.round.number)),
        ],
        bytes(newest.round.digest),
        [_box(one, newest) for one in sorted(standing, key=lambda one: one.view.position)],
        [sentence for one in _all(page) for sentence in _returns(one)],
        page.end.text if page.end else _("not ended yet"),
        approval.ended_at,
        approval.root,
        list(_references(page)),
        at,
    )


def _route(approval: Approval) -> str:
    words = {"route": approval.version.route.name, "n": approval.version.number}
    return _("%(route)s, version %(n)s") % words


def _all(page: RecordPage) -> list[OpeningRecord]:
    return [one for round_ in page.rounds for one in round_.openings]


def _box(one: OpeningRecord, newest: RoundRecord) -> Box:
    if one.opening.outcome == Opening.Outcome.SKIPPED:
        return Box(one.view.name, [], "", one.why)
    signers = [_signer(seat) for seat in one.view.seats if seat.status != "not_needed"]
    left = [seat.post for seat in one.view.seats if seat.status == "not_needed"]
    not_needed = _("Not needed any more: %(posts)s") % {"posts": listed(left)} if left else ""
    number, before = one.opening.round.number, ""
    if number != newest.round.number:
        before = _("Of round %(n)s; it stands, as nothing that was read then has changed.")
        before %= {"n": number}
    return Box(one.view.name, signers, one.sum, in_a_row([before, one.why, not_needed]))


def _signer(seat: SeatView) -> Signer:
    signed = seat.sign_off
    if signed is None:
        is_there = seat.status == "open" and not seat.is_vacant
        return Signer("", seat.name if is_there else "", _capacity(seat))
    opinion = {
        "approve": pgettext("on the printed form", "Approved"),
        "return": pgettext("on the printed form", "Returned"),
        "abstain": pgettext("on the printed form", "Abstained"),
    }[signed.decision]
    said = seat.comment or (seat.aside if seat.item.carried_from_id else "")
    if said:
        opinion = _("%(decision)s: %(comment)s") % {"decision": opinion, "comment": said}
    return Signer(opinion, seat.name, _capacity(seat), seat.evidence, seat.statement, signed.at)


def _capacity(seat: SeatView) -> str:
    """The post, and how somebody came to the seat whom the route didn't ask."""
    return " · ".join(filter(None, [seat.post, seat.came]))


def _returns(one: OpeningRecord) -> Iterator[str]:
    """Every return of the approval, those of earlier rounds as well."""
    for turn in one.turns:
        for act in turn.acts:
            if act.kind == "back" and act.evidence:
                words = {"round": one.opening.round.number, "done": act.text}
                said = _("Round %(round)s: %(done)s") % words
                yield (
                    _("%(sentence)s: %(reason)s")
                    % {
                        "sentence": said,
                        "reason": act.words,
                    }
                    if act.words
                    else said
                )


def _references(page: RecordPage) -> Iterator[Reference]:
    """The entries of what the form shows, in their order: submission, ballots, the end."""
    newest = page.rounds[-1]
    acts: list[Act] = [newest.sent]
    for one in _all(page):
        if one.is_superseded:
            continue
        if one.opening.outcome == Opening.Outcome.SKIPPED:
            acts.append(one.opened)
        acts += [act for turn in one.turns if turn.counts for act in turn.acts if act.evidence]
    acts += [page.end] if page.end else []
    first: dict[UUID, Reference] = {}
    for act in acts:
        if act.entry:
            first.setdefault(act.entry.pk, Reference(act.text, act.entry))
    yield from sorted(first.values(), key=lambda one: one.entry.subject_seq)
