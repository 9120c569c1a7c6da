"""Where responsibility clauses stand in a text.

Forms are those of real documents: labelled in brackets （责任单位：A、B）, with verbs
（A牵头，B配合）, bare lists （A、B）, and labelled without brackets. What merely stands in brackets
is not a clause.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from . import units
from .duties import LABEL, TIME, VERB, Clause, Mention, read
from .units import Name

MAX_BRACKET = 800
_INLINE = re.compile(rf"{LABEL.pattern}|{TIME.pattern}")
_NOT_A_CLAUSE = re.compile(r"\s*(?:含|包括|包含|如|以下|详见|见|不含|其中|注|即|例如|简称|或|除)")
_SENTENCE_EDGE = set('。!?;”"’》)],、')
_INLINE_END = re.compile(r"[。\n]")
_BRACKET = re.compile(r"[()\[\]]")


def find(text: str, folded: str, start: int, end: int) -> list[Clause]:
    """All clauses in a stretch of text, in order, none inside another."""
    found: list[Clause] = []
    position = start
    for a, b in _brackets(folded, start, end):
        if a < position:
            continue
        clause = _bracketed(text, folded, a, b, end)
        if clause is not None:
            found += _inline(text, folded, position, a)
            found.append(clause)
            position = b
    found += _inline(text, folded, position, end)
    return _merged(text, folded, found)


def _brackets(folded: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Matched brackets of bearable length, outer before inner."""
    stack: list[int] = []
    pairs = []
    for match in _BRACKET.finditer(folded, start, end):
        char, position = match[0], match.start()
        if char in "([":
            stack.append(position)
        elif stack:
            opened = stack.pop()
            if position - opened <= MAX_BRACKET:
                pairs.append((opened, position + 1))
    yield from sorted(pairs)


def _bracketed(text: str, folded: str, start: int, end: int, limit: int) -> Clause | None:
    a, b = start + 1, end - 1
    if b - a < 2:
        return None
    clause = read(text, folded, a, b, (start, end))
    if clause.labelled:
        return clause if clause.mentions or clause.deadline else None
    names = [_name(mention) for mention in clause.mentions]
    if _NOT_A_CLAUSE.match(folded, a, b) or not _at_sentence_edge(folded, start, end, limit):
        return None
    if not names:
        return clause if clause.deadline and _is_time_note(folded, start, end) else None
    verb = VERB.search(folded, max(a, b - 40), b) is not None or clause.first_leads
    good = sum((units.plausible if verb else units.unmistakable)(folded, name) for name in names)
    needed = len(names) * 0.6 if verb else len(names)
    return clause if good >= needed and (verb or _ends_passage(folded, end, limit)) else None


def _is_time_note(folded: str, start: int, end: int) -> bool:
    """（完成时限：…）, or a deadline in brackets right beside another bracket."""
    if TIME.match(folded, start + 1, end):
        return True
    beside = folded[end : end + 1] in ("(", "[") or folded[max(0, start - 1) : start] in (")", "]")
    return beside and re.search("前|底|完成|持续|长期|常态", folded[start:end]) is not None


def _name(mention: Mention) -> Name:
    return Name(mention.start, mention.end, mention.kind)


def _at_sentence_edge(folded: str, start: int, end: int, limit: int) -> bool:
    before = folded[max(0, start - 3) : start].rstrip(" ")[-1:]
    return before in _SENTENCE_EDGE or before in ("", "\n") or _ends_passage(folded, end, limit)


def _ends_passage(folded: str, end: int, limit: int) -> bool:
    rest = folded[end : min(limit, end + 4)].lstrip(" ")
    return not rest or rest[0] in "\n。;([" or end >= limit


def _inline(text: str, folded: str, start: int, end: int) -> Iterator[Clause]:
    """责任单位：A、B。 without brackets, at the beginning of a sentence or a line."""
    position = start
    while match := _INLINE.search(folded, position, end):
        before = folded[max(start, match.start() - 2) : match.start()].rstrip(" —-")[-1:]
        stop = _INLINE_END.search(folded, match.end(), end)
        close = stop.start() if stop else end
        position = max(close, match.end())
        if before not in (("", "\n", "。", ";", ")", "]") if match["words"] else ("", "\n")):
            continue
        clause = read(text, folded, match.start(), close, (match.start(), close))
        if clause.mentions or (clause.deadline and not match["words"]):
            yield clause


def _merged(text: str, folded: str, found: list[Clause]) -> list[Clause]:
    """牵头单位：A / 配合单位：B on lines of their own are one clause."""
    merged: list[Clause] = []
    for clause in found:
        if merged and _continues(merged[-1], clause, folded):
            last = merged[-1]
            merged[-1] = replace(
                last,
                raw=text[last.start : clause.end],
                end=clause.end,
                mentions=last.mentions + clause.mentions,
                deadline=last.deadline or clause.deadline,
                open_ended=last.open_ended or clause.open_ended,
                first_leads=last.first_leads or clause.first_leads,
            )
        else:
            merged.append(clause)
    return merged


def _continues(last: Clause, clause: Clause, folded: str) -> bool:
    if folded[last.end : clause.start].strip(" 。;\n"):
        return False
    if not (last.mentions and clause.mentions):
        return not (last.deadline and clause.deadline)
    if not (last.labelled and clause.labelled):
        return False
    return not ({m.role for m in last.mentions} & {m.role for m in clause.mentions})
