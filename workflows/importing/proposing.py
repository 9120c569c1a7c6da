"""The pipeline: document → items and table rows → measures → proposal with questions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from . import asking, choosing, clauses, deadlines, duties, head, outline, tables
from .blocks import Document
from .choosing import Reason
from .deadlines import Deadline
from .duties import Clause
from .folding import fold
from .outline import Item
from .proposal import (
    Aside,
    NotAPlan,
    Proposal,
    ProposedClause,
    ProposedMeasure,
    ProposedUnit,
)
from .questions import Asker
from .resolve import DirectorySnapshot, Resolver
from .resplit import resplit
from .tables import Row

#: So many articles without any clause make a regulation.
MANY_ARTICLES = 5
_LEAD_IN_LINE = re.compile(
    r"\s*(?:具体|主要|工作|重点|保障|推进)?(?:措施|举措|任务|做法|安排)[:：]\s*$"
)
_SIGNED = re.compile(r"20\d\d年\d{1,2}月\d{1,2}日\s*$|\(此件|附\s?件\s?:|抄送\s?:|联系人")


@dataclass(frozen=True, slots=True)
class Draft:
    """A measure before its names are looked up."""

    key: str
    number: str
    path: tuple[str, ...]
    heading: str
    body: str
    start: int
    end: int
    clauses: tuple[Clause, ...]
    item: Item | None = None
    row: Row | None = None


def propose(document: Document, directory: DirectorySnapshot) -> Proposal:
    """Read a plan out of a document. Never raises for odd text: doubts become questions."""
    folded = fold(document.text)
    document = resplit(document, folded)
    rows, task_tables = tables.task_rows(document, folded)
    items = outline.items_of(document, folded, task_tables)
    for item in items:
        item.clauses = clauses.find(document.text, folded, item.label.end, item.end)
    front = head.read(list(_head_lines(document, items, rows)))
    reason = _not_a_plan(items, rows)
    if reason is not None:
        return _proposal(document, front, (), Asker(), (), reason)
    choice = choosing.choose(
        document.text, folded, items, table_holds_tasks=any(row.clause for row in rows)
    )
    drafts = _with_first_leading(folded, _drafts(document, folded, choice.measures, rows))
    asker = Asker()
    resolver = Resolver(directory)
    measures = tuple(_measure(draft, resolver, front.year, folded) for draft in drafts)
    asides = tuple(_aside(document.text, folded, item, why) for item, why in choice.asides)
    asking.about_document(asker, document, front, asides, duties.first_leads(folded))
    asking.about_numbers(asker, drafts)
    for draft, measure in zip(drafts, measures, strict=True):
        asking.about_measure(asker, draft, measure, resolver, directory, front.year, folded)
    if not measures:
        reason = NotAPlan("no_numbered_items", {})
    return _proposal(document, front, measures, asker, asides, reason)


def _proposal(
    document: Document,
    front: head.Head,
    measures: tuple[ProposedMeasure, ...],
    asker: Asker,
    asides: tuple[Aside, ...],
    reason: NotAPlan | None,
) -> Proposal:
    return Proposal(
        title=front.title,
        doc_number=front.doc_number,
        year=front.year,
        issued_on=front.issued_on,
        addressees=front.addressees,
        measures=measures,
        questions=() if reason else asker.questions(),
        asides=asides,
        not_a_plan=reason,
        source=document.text,
        filename=document.filename,
    )


def _head_lines(document: Document, items: Sequence[Item], rows: Sequence[Row]) -> Iterator[str]:
    first = min([item.start for item in items[:1]] + [row.start for row in rows[:1]], default=None)
    for line in outline.lines_of(document.blocks):
        if first is not None and line.start >= first:
            return
        yield document.text[line.start : line.end]


def _not_a_plan(items: Sequence[Item], rows: Sequence[Row]) -> NotAPlan | None:
    if rows or any(item.clauses for item in items):
        return None
    articles = sum(item.label.style == "article" for item in items)
    if articles >= MANY_ARTICLES:
        return NotAPlan("regulation", {"articles": articles})
    return None if items else NotAPlan("no_numbered_items", {})


def _drafts(
    document: Document, folded: str, measures: Sequence[Item], rows: Sequence[Row]
) -> list[Draft]:
    chosen = set(measures)
    drafts = [_item_draft(document.text, folded, item, chosen) for item in measures]
    drafts += [_row_draft(row) for row in rows]
    drafts.sort(key=lambda draft: draft.start)
    seen: Counter[str] = Counter()
    unique = []
    for draft in drafts:
        seen[draft.key] += 1
        again = seen[draft.key]
        unique.append(replace(draft, key=f"{draft.key}~{again}") if again > 1 else draft)
    return unique


def _item_draft(text: str, folded: str, item: Item, chosen: set[Item]) -> Draft:
    end = _end_of(folded, item, chosen)
    body_start = item.label.end
    while body_start < end and text[body_start].isspace():
        body_start += 1
    body = "\n".join(
        line.strip()
        for line in text[body_start:end].split("\n")
        if line.strip() and not _LEAD_IN_LINE.match(line)
    )
    values = [ancestor.label.value for ancestor in item.ancestors()][::-1]
    return Draft(
        key=".".join(str(value) for value in (*values, item.label.value)),
        number=item.number,
        path=item.path,
        heading=outline.heading_of(text, folded, item.label.end, item.end),
        body=body,
        start=item.start,
        end=end,
        clauses=tuple(item.clauses),
        item=item,
    )


def _end_of(folded: str, item: Item, chosen: set[Item]) -> int:
    """Points below without a task of their own belong to it; a signature doesn't."""
    last = item
    while last.children and not any(child in chosen for child in last.children):
        last = last.children[-1]
    end = last.end
    after = max((clause.end for clause in item.clauses), default=item.label.end)
    signed = None
    position = folded.find("\n", after, end)
    while position != -1:
        line_end = folded.find("\n", position + 1, end)
        line = folded[position + 1 : line_end if line_end != -1 else end].strip()
        if _SIGNED.search(line) and len(line) < 40:
            signed = position
            break
        position = line_end
    if signed is None:
        return end
    before = folded.rfind("\n", after, signed)
    organ = folded[before + 1 : signed].strip() if before != -1 else ""
    cut = before if organ and len(organ) < 30 and organ[-1] not in "。;" else signed
    return outline.trimmed(folded, after, cut)


def _row_draft(row: Row) -> Draft:
    return Draft(
        key=f"t{row.table}.{row.row}",
        number=row.number,
        path=tuple(part for part in row.path if part),
        heading=row.heading,
        body=row.body,
        start=row.start,
        end=row.end,
        clauses=(row.clause,) if row.clause else (),
        row=row,
    )


def _with_first_leading(folded: str, drafts: list[Draft]) -> list[Draft]:
    """排在第一位的部门为牵头部门: said in a clause it holds from there on, else everywhere."""
    rule = duties.first_leads(folded)
    if rule is None:
        return drafts
    inside = any(clause.first_leads for draft in drafts for clause in draft.clauses)
    start = rule.start() if inside else 0
    return [
        replace(
            draft,
            clauses=tuple(
                _first_leading(clause) if clause.end >= start else clause
                for clause in draft.clauses
            ),
        )
        for draft in drafts
    ]


def _first_leading(clause: Clause) -> Clause:
    if not clause.mentions or any(m.role != "responsible" for m in clause.mentions):
        return clause
    first, *others = clause.mentions
    return replace(clause, mentions=(replace(first, role="lead"), *others))


def _measure(draft: Draft, resolver: Resolver, year: int | None, folded: str) -> ProposedMeasure:
    proposed = tuple(_clause(clause, resolver) for clause in draft.clauses)
    named = [unit for clause in proposed for unit in clause.units]
    return ProposedMeasure(
        key=draft.key,
        number=draft.number,
        path=draft.path,
        heading=draft.heading,
        body=draft.body,
        start=draft.start,
        end=draft.end,
        clauses=proposed,
        deadline=_deadline(draft, year, folded),
        lead=_lead(named),
    )


def _clause(clause: Clause, resolver: Resolver) -> ProposedClause:
    units = []
    before = ""
    for mention in clause.mentions:
        found = (
            resolver.group(mention.text)
            if mention.kind == "group"
            else resolver.unit(mention.text, before)
        )
        units.append(
            ProposedUnit(
                mention.text,
                mention.role,
                mention.kind,
                mention.start,
                mention.end,
                found.resolved,
                found.how,
                found.suggestions,
            )
        )
        before = mention.text if mention.kind == "unit" else before
    return ProposedClause(
        clause.raw, clause.start, clause.end, tuple(units), clause.deadline, clause.open_ended
    )


def _lead(units: Sequence[ProposedUnit]) -> int | None:
    """The first printed lead that is a unit, else the first unit that does the work."""
    for role in ("lead", "responsible"):
        for index, unit in enumerate(units):
            if unit.role == role and unit.kind == "unit":
                return index
    return None


def _deadline(draft: Draft, year: int | None, folded: str) -> Deadline | None:
    """From the clauses; a single limit in the text itself is proposed where they have none."""
    printed = [clause.deadline for clause in draft.clauses if clause.deadline]
    if printed:
        return deadlines.read(printed[0], year)
    spans = deadlines.in_body(folded, draft.start, min(draft.end, draft.start + 4000))
    texts = {folded[a:b] for a, b in spans}
    return deadlines.read(texts.pop(), year) if len(texts) == 1 else None


def _aside(text: str, folded: str, item: Item, why: Reason) -> Aside:
    heading = outline.heading_of(text, folded, item.label.end, item.end)
    return Aside(item.number, heading, item.start, item.end, why)
