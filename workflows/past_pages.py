"""A task or a plan as of a moment, in words, with the entry behind each fact."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from approvals.pages.past import ApprovalThen, described
from approvals.queries.past import as_of
from audit.models import Entry
from audit.replay import Said
from audit.templatetags.ui import STATES, day_long
from workflows import past
from workflows.models import Amendment, Assignment, Plan, Priority, Task
from workflows.queries.events import Event, told
from workflows.queries.past import (
    Chain,
    Names,
    Text,
    chain,
    evidence,
    measure_text,
    names,
    plan_text,
    records,
)
from workflows.wording import STEPS

ENDED = (Task.State.CLOSED, Task.State.CANCELLED)


@dataclass(frozen=True)
class Line:
    """A fact: what it was, and the entry that says so."""

    key: str
    label: str
    text: str
    entry: Entry | None
    note: str = ""
    mark: str = ""


@dataclass(frozen=True)
class UnitThen:
    """A unit's part as it stood."""

    key: str
    role: str
    name: str
    entry: Entry | None
    received_at: datetime | None = None
    received_by: str = ""
    receipt: Entry | None = None
    handler: str = ""
    deputy: str = ""
    declined: Entry | None = None


@dataclass(frozen=True)
class FileThen:
    """A file of a report; `name` None where it was erased, `url` where it can be opened."""

    name: str | None
    sha256: str
    url: str
    change: str = ""


@dataclass(frozen=True)
class DocumentThen:
    """A report, or a unit's part of it; `text` None where it was erased."""

    title: str
    version: int
    percent: int
    by: str
    at: datetime
    entry: Entry | None
    text: str | None
    files: Sequence[FileThen]
    parts: "Sequence[DocumentThen]" = ()

    @property
    def whole(self) -> str:
        """All its words, to compare versions by."""
        return "\n".join(
            [self.text or "", *(f"{one.title}\n{one.text or ''}" for one in self.parts)]
        )

    @property
    def all_files(self) -> list[FileThen]:
        return [*self.files, *(one for part in self.parts for one in part.files)]


@dataclass(frozen=True)
class Then:
    """A task or a plan as it stood after its `seq`-th entry, at `at`."""

    root: Task | Plan
    subject: str
    at: datetime
    seq: int
    last: int
    entry: Entry
    title: str
    lines: list[Line]
    units: list[UnitThen]
    text: Text | None
    report: DocumentThen | None
    approvals: list[ApprovalThen]
    events: list[Event] = field(default_factory=list)

    @property
    def is_task(self) -> bool:
        return isinstance(self.root, Task)

    @property
    def is_last(self) -> bool:
        return self.seq == self.last


def then(root: Task | Plan, seq: int, at: datetime | None, *, all_of: Chain | None = None) -> Then:
    """As it stood after its `seq`-th entry, and who held which seat at `at`, or as that was made.

    The same number of queries however long the chain is.
    """
    found = all_of or chain(root)
    entries = found.upto(seq)
    moment = at or entries[-1].at
    by_seq = {entry.subject_seq: entry for entry in entries}
    heard = records(entries)
    read = _Task(root, past.task(heard), by_seq, moment) if isinstance(root, Task) else None
    told_of = read or _Plan(root, past.plan(heard), by_seq)
    return Then(
        root=root,
        subject=root.subject,
        at=moment,
        seq=seq,
        last=len(found.entries),
        entry=entries[-1],
        title=told_of.title(),
        lines=told_of.lines(),
        units=told_of.units(),
        text=told_of.text(),
        report=read.report() if read else None,
        approvals=described(
            root.organisation_id, as_of(root.organisation_id, heard), by_seq, moment
        ),
        events=told(root, reversed(entries)),
    )


class _Task:
    """A task in words."""

    def __init__(
        self, task: Task, found: past.Task, entries: Mapping[int, Entry], at: datetime
    ) -> None:
        self.task, self.found, self.entries, self.at = task, found, entries, at
        report = found.report
        self.documents = [
            *([report] if report else []),
            *(found.contributions[one] for one in (report.contributions if report else ())),
        ]
        parts = found.parts.values()
        self.names: Names = names(
            task.organisation_id,
            [
                *(who for part in parts for who in (part.received_by, part.handler, part.deputy)),
                *(one.by for one in self.documents),
            ],
            [*found.parts, *(one.unit for one in self.documents if one.unit)],
            [
                *(one.text for one in self.documents),
                *(name for one in self.documents for name, _sha in one.evidence),
            ],
        )

    def said(self, name: str) -> Said | None:
        return self.found.facts.get(name)

    def entry(self, said: Said | None) -> Entry | None:
        return self.entries.get(said.seq) if said else None

    def title(self) -> str:
        said = self.said("title")
        return said.value if said else str(self.task)

    def lines(self) -> list[Line]:
        state, due, priority = map(self.said, ("state", "due_date", "priority"))
        found = [
            Line(
                "state",
                _("State"),
                str(STATES[state.value]) if state else _not_told(),
                self.entry(state),
                mark=state.value if state else "",
            )
        ]
        if (outcome := self.said("outcome")) and outcome.value:
            label = str(Task.Outcome(outcome.value).label)
            found.append(Line("outcome", _("Outcome"), label, self.entry(outcome)))
        found += [
            Line("title", _("Title"), self.title(), self.entry(self.said("title"))),
            Line("due_date", _("Due date"), _due(due), self.entry(due), self._late(due, state)),
            Line(
                "priority",
                _("Priority"),
                str(Priority(priority.value).label) if priority else _not_told(),
                self.entry(priority),
            ),
        ]
        return found

    def _late(self, due: Said | None, state: Said | None) -> str:
        if not due or not due.value or (state and state.value in ENDED):
            return ""
        left = date.fromisoformat(due.value) - timezone.localdate(self.at)
        return _("past by then") if left.days < 0 else ""

    def units(self) -> list[UnitThen]:
        return [
            UnitThen(
                key=part.unit,
                role=str(Assignment.Role(part.role).label),
                name=self.names.unit(part.unit),
                entry=self.entries.get(part.seq),
                received_at=_moment(part.received_at),
                received_by=self.names.person(part.received_by),
                receipt=self.entries.get(part.received or 0),
                handler=self.names.person(part.handler),
                deputy=self.names.person(part.deputy),
                declined=self.entries.get(part.declined or 0),
            )
            for part in self.found.parts.values()
        ]

    def text(self) -> Text | None:
        revision = self.said("measure_revision")
        return measure_text(self.task, revision.value if revision else 1, self.at)

    def report(self) -> DocumentThen | None:
        if not self.documents:
            return None
        urls = evidence(self.task, [name for one in self.documents for name, _sha in one.evidence])
        report, *parts = (self._document(one, urls) for one in self.documents)
        return DocumentThen(**{**vars(report), "parts": parts})

    def _document(self, one: past.Document, urls: Mapping[str, UUID]) -> DocumentThen:
        return DocumentThen(
            title=self.names.unit(one.unit) if one.unit else "",
            version=one.version,
            percent=one.percent,
            by=self.names.person(one.by),
            at=datetime.fromisoformat(one.at),
            entry=self.entries.get(one.seq),
            text=self.names.said(one.text),
            files=[
                FileThen(
                    self.names.said(name),
                    sha,
                    reverse("evidence", args=[urls[name]]) if name in urls else "",
                )
                for name, sha in one.evidence
            ],
        )


class _Plan:
    """A plan in words."""

    def __init__(self, plan: Plan, found: past.Plan, entries: Mapping[int, Entry]) -> None:
        self.plan, self.found, self.entries = plan, found, entries
        people = [who for who, _at, _seq in found.received.values()]
        self.names = names(plan.organisation_id, people, found.received, ())
        document = found.document
        self.version = (
            plan_text(plan, document.value, found.digest, entries.get(document.seq))
            if document
            else None
        )

    def title(self) -> str:
        return self.version.heading if self.version else str(self.plan)

    def lines(self) -> list[Line]:
        step = self.found.step
        found = [
            Line(
                "step",
                _("Step"),
                str(STEPS[step.value]) if step else str(STEPS["draft"]),
                self.entries.get(step.seq if step else 1),
            ),
            Line(
                "title",
                _("Title"),
                self.title() if self.version else _not_told(),
                self.version.entry if self.version else None,
            ),
        ]
        for told_of, seq in self.found.amendments.values():
            state = Amendment.State(told_of["state"]).label
            label = _("Amendment %(number)s") % {"number": told_of["number"]}
            text = f"{told_of['title']}: {state}"
            found.append(Line(f"amendment:{told_of['id']}", label, text, self.entries.get(seq)))
        return found

    def units(self) -> list[UnitThen]:
        return [
            UnitThen(
                key=unit,
                role=_("Addressee"),
                name=self.names.unit(unit),
                entry=None,
                received_at=_moment(at),
                received_by=self.names.person(who),
                receipt=self.entries.get(seq),
            )
            for unit, (who, at, seq) in self.found.received.items()
        ]

    def text(self) -> Text | None:
        return self.version


def _not_told() -> str:
    return _("not told by the record")


def _due(due: Said | None) -> str:
    if due is None:
        return _not_told()
    return day_long(date.fromisoformat(due.value)) if due.value else _("No due date")


def _moment(at: str | None) -> datetime | None:
    return datetime.fromisoformat(at) if at else None
