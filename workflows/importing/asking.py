"""What a person must confirm before a proposal becomes tasks. Raised here, worded elsewhere."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from . import deadlines, units
from .blocks import Document
from .folding import squeeze
from .head import Head
from .proposal import Aside, ProposedMeasure, ProposedUnit
from .questions import Asker
from .resolve import DirectorySnapshot, Resolver, spelling

if TYPE_CHECKING:
    from .proposing import Draft

_DUTY = re.compile(r"(?:牵头|负责|会同|督办|抓好|主管)")
_BY = re.compile(r"由([^,。;:由(]{2,20}?)(?:牵头|负责|组织|具体|统筹|会同)")
_STOP = "。;,!?\n"
MAX_BODY = 20_000


def about_document(
    asker: Asker,
    document: Document,
    head: Head,
    asides: Sequence[Aside],
    first_leads: re.Match[str] | None,
) -> None:
    """Doubts that concern the document as a whole."""
    if document.resplit:
        asker.ask("resplit_text", default={"accept": True})
    if first_leads is not None:
        start = max(0, first_leads.start())
        quoted = document.text[start : first_leads.end()]
        asker.ask("first_is_lead_rule", default={"accept": True}, text=quoted, start=start)
    if not head.title:
        asker.ask("missing_title")
    if not head.doc_number:
        asker.ask("missing_doc_number")
    if asides:
        asker.ask("not_imported", default={"accept": True}, count=len(asides))


def about_numbers(asker: Asker, drafts: Sequence[Draft]) -> None:
    """Gaps and fresh starts in running numbers, level by level."""
    last: dict[tuple[object, ...], tuple[int, object]] = {}
    for draft in drafts:
        if draft.item is not None:
            value, parent = draft.item.label.value, draft.item.parent
            place: tuple[object, ...] = (draft.item.scope, draft.item.label.style)
        elif draft.row is not None and draft.number.isdigit() and len(draft.number) < 6:
            value, parent = int(draft.number), None
            place = ("table", draft.row.table)
        else:
            continue
        if draft.item is not None and draft.item.label.style == "lead_in":
            continue
        before, above = last.get(place, (0, None))
        last[place] = (value, parent)
        merged = draft.row is not None and value == before
        if before == 0 or value == before + 1 or merged or (value == 1 and above is not parent):
            continue
        if value <= before:
            asker.ask("number_restart", draft.key, found=draft.number, before=before)
        else:
            asker.ask(
                "number_gap",
                draft.key,
                default={"accept": True},
                expected=before + 1,
                found=draft.number,
            )


def about_measure(
    asker: Asker,
    draft: Draft,
    measure: ProposedMeasure,
    resolver: Resolver,
    directory: DirectorySnapshot,
    year: int | None,
    folded: str,
) -> None:
    """Everything doubtful about one measure."""
    for unit in measure.units:
        _about_unit(asker, measure.key, unit, directory)
    _about_clauses(asker, measure)
    _about_deadline(asker, draft, measure, year, folded)
    _about_body(asker, measure, resolver, folded)
    if draft.row is not None and draft.row.carried:
        asker.ask(
            "merged_or_empty_cell",
            measure.key,
            subject=f"carried {draft.row.table}",
            severity="advice",
            default={"merged": True},
            columns="、".join(draft.row.carried),
        )
    if draft.row is not None and draft.row.blank:
        asker.ask("merged_or_empty_cell", measure.key, columns="、".join(draft.row.blank))


def _about_unit(asker: Asker, key: str, unit: ProposedUnit, directory: DirectorySnapshot) -> None:
    name = spelling(unit.text)
    if unit.kind == "group":
        members = next((g.members for g in directory.groups if g.id == unit.resolved), ())
        asker.ask(
            "group",
            key,
            subject=name,
            default={"group": unit.resolved, "mode": "each"} if unit.resolved else None,
            text=unit.text,
            group=unit.resolved,
            members=list(members),
            suggestions=list(unit.suggestions),
        )
    elif unit.how == "prefix":
        asker.ask(
            "inferred_prefix",
            key,
            subject=f"{name} {unit.resolved}",
            default={"unit": unit.resolved},
            text=unit.text,
            unit=unit.resolved,
        )
    elif unit.resolved is None and _ambiguous(unit, directory):
        asker.ask(
            "ambiguous_alias",
            key,
            subject=name,
            text=unit.text,
            count=len(unit.suggestions),
            suggestions=list(unit.suggestions),
        )
    elif unit.resolved is None:
        asker.ask(
            "unknown_unit", key, subject=name, text=unit.text, suggestions=list(unit.suggestions)
        )


def _ambiguous(unit: ProposedUnit, directory: DirectorySnapshot) -> bool:
    """Several units share the printed name, as name or alias, possibly behind a prefix."""
    name = spelling(unit.text)
    fitting = [
        known
        for known in directory.units
        if known.id in unit.suggestions
        and any(
            name == other or name.endswith(other) or other.endswith(name)
            for other in map(spelling, (known.name, *known.aliases))
        )
    ]
    return len(fitting) > 1


def _about_clauses(asker: Asker, measure: ProposedMeasure) -> None:
    if not measure.units:
        asker.ask("no_clause", measure.key)
        return
    if len(measure.clauses) > 1:
        asker.ask(
            "several_clauses",
            measure.key,
            default={"tasks": 1},
            count=len(measure.clauses),
            spans=[[clause.start, clause.end] for clause in measure.clauses],
        )
    if any(clause.open_ended for clause in measure.clauses):
        asker.ask("open_ended", measure.key, default={"add": []})
    roles = {unit.role for unit in measure.units}
    if roles == {"assessor"}:
        asker.ask("assessor_only", measure.key)
    elif "lead" not in roles and len(measure.units) > 1 and measure.lead is not None:
        asker.ask(
            "no_lead_among_several",
            measure.key,
            default={"lead": measure.lead},
            count=len(measure.units),
            text=measure.units[measure.lead].text,
        )


def _about_deadline(
    asker: Asker, draft: Draft, measure: ProposedMeasure, year: int | None, folded: str
) -> None:
    printed = any(clause.deadline for clause in measure.clauses)
    deadline = measure.deadline
    if not printed:
        spans = deadlines.in_body(folded, draft.start, min(draft.end, draft.start + MAX_BODY))
        texts = list(dict.fromkeys(squeeze(folded[a:b]) for a, b in spans))
        if texts:
            asker.ask("body_deadline", measure.key, text="、".join(texts), texts=texts)
        else:
            asker.ask("missing_deadline", measure.key)
    elif deadline is not None and deadline.kind != "date":
        asker.ask(
            "soft_deadline",
            measure.key,
            default={"date": deadline.date},
            text=deadline.text,
            kind=deadline.kind,
            date=deadline.date,
        )
    if deadline is not None and deadline.year_inferred:
        asker.ask(
            "missing_year",
            measure.key,
            subject="year",
            default={"year": year},
            text=deadline.text,
            year=year,
        )
    elif deadline and deadline.kind == "soft" and deadlines.lacks_year(deadline.text):
        asker.ask("missing_year", measure.key, text=deadline.text, year=None)


def _about_body(asker: Asker, measure: ProposedMeasure, resolver: Resolver, folded: str) -> None:
    """The text itself gives a duty to a body that no clause names."""
    named = {unit.resolved for unit in measure.units if unit.resolved}
    printed = {spelling(unit.text) for unit in measure.units}
    end = min(measure.end, measure.start + MAX_BODY)
    spans = [(clause.start, clause.end) for clause in measure.clauses]
    for match in _DUTY.finditer(folded, measure.start, end):
        if any(a <= match.start() < b for a, b in spans):
            continue
        begin = _phrase_start(folded, measure.start, match.start())
        phrase = folded[begin : match.end()]
        for text, unit in _bodies(phrase, resolver):
            known = any(text == p or text.endswith(p) or p.endswith(text) for p in printed)
            if unit in named or known:
                continue
            asker.ask(
                "body_names_other_unit",
                measure.key,
                subject=f"{measure.key} {unit or text}",
                default={"add": False},
                text=text,
                unit=unit,
            )


def _phrase_start(folded: str, start: int, position: int) -> int:
    floor = max(start, position - 60)
    return max(floor, *(folded.rfind(stop, floor, position) + 1 for stop in _STOP))


def _bodies(phrase: str, resolver: Resolver) -> list[tuple[str, str | None]]:
    """(printed text, directory id) of bodies with a duty: 由…负责, or a directory name."""
    found: list[tuple[str, str | None]] = []
    by = _BY.search(phrase)
    if by is not None:
        for name in units.split(phrase, by.start(1), by.end(1)).names:
            text = spelling(phrase[name.start : name.end])
            if name.kind == "unit" and units.plausible(phrase, name):
                found.append((text, resolver.unit(text).resolved))
        return found
    return [(resolver.name_of(unit), unit) for unit in resolver.named_in(phrase)]
