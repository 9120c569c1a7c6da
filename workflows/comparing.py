"""What became of a task or a plan between two moments."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from audit.models import Entry
from workflows.past_pages import FileThen, Line, Then, UnitThen
from workflows.queries.events import Event


@dataclass(frozen=True)
class Change:
    """A fact before and after; empty where it wasn't there."""

    label: str
    before: str
    after: str
    before_entry: Entry | None = None
    after_entry: Entry | None = None


@dataclass(frozen=True)
class Comparison:
    """Two moments of one root, the earlier first; only what differs."""

    before: Then
    after: Then
    facts: list[Change]
    units: list[Change]
    seats: list[Change]
    approvals: list[Change]
    files: list[FileThen]
    text_changed: bool
    report_changed: bool
    between: Sequence[Event]

    @property
    def is_same(self) -> bool:
        return not (
            self.facts
            or self.units
            or self.seats
            or self.approvals
            or self.files
            or self.text_changed
            or self.report_changed
        )


def compared(before: Then, after: Then) -> Comparison:
    """What differs; `before` is the earlier one."""
    number = after.seq - before.seq
    texts = [one.text.text if one.text else "" for one in (before, after)]
    reports = [one.report.whole if one.report else "" for one in (before, after)]
    return Comparison(
        before,
        after,
        facts=list(_facts(before.lines, after.lines)),
        units=list(_units(before.units, after.units)),
        seats=list(_changes(_seats(before), _seats(after))),
        approvals=list(_changes(_approvals(before), _approvals(after))),
        files=_files(before, after),
        text_changed=texts[0] != texts[1],
        report_changed=reports[0] != reports[1],
        between=after.events[:number],
    )


Told = dict[str, tuple[str, str, Entry | None]]
"""By key: what it is called, what it was, the entry that says so."""


def _changes(before: Told, after: Told) -> Iterable[Change]:
    for key in [*before, *(key for key in after if key not in before)]:
        label, old, old_entry = before.get(key, ("", "", None))
        name, new, new_entry = after.get(key, ("", "", None))
        if old != new:
            yield Change(name or label, old, new, old_entry, new_entry)


def _facts(before: Sequence[Line], after: Sequence[Line]) -> Iterable[Change]:
    old, new = (
        {one.key: (one.label, one.text, one.entry) for one in lines} for lines in (before, after)
    )
    return _changes(old, new)


def _units(before: Sequence[UnitThen], after: Sequence[UnitThen]) -> Iterable[Change]:
    old, new = (
        {one.key: (one.name, _part(one), _last(one)) for one in units} for units in (before, after)
    )
    return _changes(old, new)


def _part(one: UnitThen) -> str:
    """Role, receipt and people, so that a change of any shows."""
    people = [name for name in (one.received_by, one.handler, one.deputy) if name]
    return " · ".join(dict.fromkeys([one.role, *people]))


def _last(one: UnitThen) -> Entry | None:
    return one.declined or one.receipt or one.entry


def _seats(then: Then) -> Told:
    found: Told = {}
    for approval in then.approvals:
        for stage in approval.stages:
            for seat in stage.seats:
                key = f"{approval.id}:{stage.number}:{seat.number}"
                label = f"{stage.name} · {seat.who}"
                waits = (part for part in (seat.holder, seat.state) if part)
                text = seat.ballot or " · ".join(waits)
                found[key] = label, text, seat.entry
    return found


def _approvals(then: Then) -> Told:
    found: Told = {}
    for one in then.approvals:
        now = one.now
        text = " · ".join(part for part in (one.state, now.name if now else "") if part)
        found[str(one.id)] = one.kind, text, now.opened if now else one.moved or one.sent
    return found


def _files(before: Then, after: Then) -> list[FileThen]:
    """The later report's files with what became of each, then those that are gone."""
    old = before.report.all_files if before.report else []
    new = after.report.all_files if after.report else []
    had = {one.sha256 for one in old}
    has = {one.sha256 for one in new}
    names = {one.name for one in old}
    found = [
        replace(one, change="replaced" if one.name in names else "new")
        for one in new
        if one.sha256 not in had
    ]
    gone = [
        replace(one, change="gone")
        for one in old
        if one.sha256 not in has and one.name not in {other.name for other in found}
    ]
    return [*found, *gone]
