"""What the pages of the inbox show."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from approvals.sentences import listed, signed_as
from directory.models import Person
from directory.queries import Holding, working_days
from workflows import errand_wording as wording
from workflows.errand_wording import Row
from workflows.models import Plan, Task, TaskRequest
from workflows.queries import errands, inbox, records
from workflows.queries.inbox import Counts
from workflows.queries.records import Record, Records

KINDS = {
    "report": pgettext_lazy("done", "Submitted"),
    "request": pgettext_lazy("done", "Asked"),
    "contribution": pgettext_lazy("done", "Contributed"),
    "receipt": pgettext_lazy("done", "Received"),
    "plan_receipt": pgettext_lazy("done", "Received"),
    "approve": pgettext_lazy("done", "Approved"),
    "return": pgettext_lazy("done", "Returned"),
    "abstain": pgettext_lazy("done", "Abstained"),
}
"""What was done, by kind of record, or by decision."""


@dataclass(frozen=True)
class Group:
    name: str
    label: str | Promise
    count: int
    rows: Sequence[Row]


@dataclass(frozen=True)
class InboxPage:
    groups: Sequence[Group]
    counts: Counts
    after: inbox.Bookmark | None
    choice: str
    choices: Sequence[tuple[str, str | Promise]]

    @property
    def decisions(self) -> int:
        """How many of the rows ask for a decision: several may be approved together."""
        return sum(bool(row.decides) for group in self.groups for row in group.rows)


@dataclass(frozen=True)
class PastRow:
    """A row about something that was done; `state` is the task's, if it is about one."""

    verb: str | Promise
    title: str
    url: str
    at: datetime
    number: str = ""
    why: Sequence[str] = ()
    state: str = ""
    days: int = 0
    """Working days since."""
    take_back: str = ""
    """Where a decision from which nothing has followed yet may be taken back."""


@dataclass(frozen=True)
class PastPage:
    rows: Sequence[PastRow]
    after: records.Bookmark | None


def for_me(
    person: Person, held: Sequence[Holding], at: datetime, choice: str = "", after: str = ""
) -> InboxPage:
    """What waits for the person. At most six queries."""
    kinds = wording.kinds_of(choice)
    found = inbox.inbox(person, held, at, inbox.Bookmark.read(after), kinds)
    known = errands.known(found.errands)
    today, days = timezone.localdate(at), working_days(person.organisation_id)
    groups = []
    for name, part in groupby(found.errands, lambda one: inbox.group(one.due_date, today)):
        rows = [
            wording.row(
                errand,
                known,
                errands.acting_for(errand, held, person.pk),
                None if errand.due_date is None else days.between(today, errand.due_date),
            )
            for errand in part
        ]
        groups.append(Group(name, wording.GROUPS[name], getattr(found.counts, name), rows))
    return InboxPage(
        groups=groups,
        counts=found.counts,
        after=found.after,
        choice=choice if kinds else "",
        choices=[(value, label) for value, label, _kinds in wording.CHOICES],
    )


def waiting(person: Person, at: datetime, after: str = "") -> PastPage:
    """What the person put forward and others have now. At most eight queries."""
    found = records.waiting(person, at, records.Bookmark.read(after))
    days, today = working_days(person.organisation_id), timezone.localdate(at)
    rows = []
    for one in found.records:
        since = days.between(timezone.localdate(one.at), today)
        seats = found.seats.get(one.item) or found.seats.get(one.subject, [])
        who = listed(seats) or _("nobody: the stage is blocked")
        why = [*_asked_for(one, found), _("Now with %(who)s") % {"who": who}]
        rows.append(_row(one, found, KINDS.get(one.kind, KINDS["report"]), why, since))
    return PastPage(rows, found.after)


def done(person: Person, after: str = "") -> PastPage:
    """What the person has done. At most seven queries."""
    found = records.done(person, records.Bookmark.read(after))
    rows = []
    for one in found.records:
        verb, why = KINDS.get(one.kind, ""), _asked_for(one, found)
        if signed := found.sign_offs.get(one.item):
            capacity = signed_as(signed, signed.work_item.post)
            verb, why = KINDS[signed.decision], [*_asked_for(one, found), capacity]
            if signed.acting_for:
                why.append(_("For %(name)s") % {"name": signed.acting_for.name})
            if hasattr(signed, "revocation"):
                why.append(_("taken back"))
        row = _row(one, found, verb, why)
        if one.item in found.revocable:
            row = replace(row, take_back=reverse("revoke", args=[one.item]))
        rows.append(row)
    return PastPage(rows, found.after)


def _asked_for(one: Record, found: Records) -> list[str]:
    """What was asked or decided on, where that wasn't the task's completion."""
    if request := found.requests.get(one.item):
        return [wording.asked_for(request.kind, request.due_date)]
    signed = found.sign_offs.get(one.item)
    if signed and signed.approval.subject_kind in TaskRequest.Kind.values:
        return [wording.asked_for(signed.approval.subject_kind)]
    return []


def _row(
    one: Record, found: Records, verb: str | Promise, why: Sequence[str], days: int = 0
) -> PastRow:
    task: Task | None = found.tasks.get(one.subject)
    if other := found.others.get(one.subject):
        return PastRow(verb, other.title, other.url, one.at, "", why)
    if task is None:
        plan: Plan = found.plans[one.subject]
        return PastRow(verb, plan.title, reverse("plan", args=[plan.pk]), one.at, "", why)
    return PastRow(
        verb=verb,
        title=task.title,
        url=reverse("task", args=[task.pk]),
        at=one.at,
        number=wording.numbered(task),
        why=why,
        state=task.state,
        days=days,
    )
