"""Responsibility clauses: where they stand, and who does what by when.

Forms are those of real documents: labelled in brackets （责任单位：A、B）, with verbs
（A牵头，B配合）, bare lists （A、B）, and labelled without brackets. What merely stands in brackets
is not a clause.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from . import deadlines, units
from .folding import squeeze
from .units import Name, UnitKind

Role = Literal["lead", "cooperating", "responsible", "assessor"]

MAX_BRACKET = 800
_ROLE_WORD = (
    "牵头|责任|主办|承办|主责|配合|协办|协助|协同|协作|参与|参加|落实|实施|考核|考评|评价|评估|监督|督导"
    "|督办|督查|验收|主管|负责|支持|完成|指导|会办|共建|总|主要|第一|具体|联合|组织|主体|行业"
)
_LABEL = re.compile(
    rf"(?P<words>(?:{_ROLE_WORD}){{1,4}}(?:单位|部门|处室|科室|股室|机构|主体|地区|区县|县区|委办局|分工)"
    r"(?:(?:及|和|与|或|、|/)[^:,。;()\[\]]{1,8})?\s?(?:\([^()]{1,8}\))?\s?(?::|为:?(?!牵头|主))"
    r"|(?:牵头|责任|主办|配合|协办|参与)\s?:)"
)
_PERSON = re.compile(
    r"(?:(?:牵头|负责|责任|分管|包保|主要|市级|区级|县级|挂帅|联系|具体)*(?:领导|责任人|负责人|联系人)"
    r"|责任处长|联系电话)\s?:"
)
_TIME = re.compile(
    r"(?:(?:完成|办结|办理|整改|推进|实施|工作|落实)?(?:时限|时间|期限|进度|节点)(?:要求|安排|节点)?"
    r"|时间节点|完成日期|截止日期|截止时间)\s?(?::|为)"
)
_DIVIDER = re.compile(rf"{_LABEL.pattern}|{_PERSON.pattern}|{_TIME.pattern}")
_INLINE = re.compile(rf"{_LABEL.pattern}|{_TIME.pattern}")
_FIRST_LEADS = re.compile(
    r"(?:(?:排|列)(?:名)?(?:在)?|名列|位列)?(?:第一|首)(?:位|个|名)?(?:的)?(?:责任)?(?:单位|部门)?"
    r"(?:的)?(?:为|是|作为|系)(?:该项工作|本项工作|该项任务)?(?:的)?(?:总)?(?:牵头|主责|主办)"
)
_ADVERB = (
    r"(?:(?:按照?|根据|依据|依)(?:各自|有关|相关)?(?:部门)?(?:的)?)?(?:职责|职能|任务)?(?:分工)?"
    r"(?:分别|分头|共同|具体|联合|协同|统筹|总体|全面|各自|一起|主要|积极|密切|同时)*"
)
_VERB = re.compile(
    rf"{_ADVERB}(?P<verb>牵头(?:负责|抓总|落实|组织实施|推进|实施|组织|抓|办理|会同)?"
    r"|(?:做好)?配合(?:做好|实施|落实|推进|负责)?|参与(?:配合|实施)?|参加|协助(?:配合|落实)?|协办|协同|支持"
    r"|主办|承办|承担|负责(?:落实|实施|推进|督促落实|督促指导|指导|组织实施|牵头)?|分工负责"
    r"|抓好落实|组织实施|组织落实|督促落实|督促指导|指导|落实|实施|推进|办理|考核|督办"
    r"|为(?:总)?(?:牵头|主办|责任|配合|协办)(?:单位|部门))(?:落实|实施)?[。.]?$"
)
_TOGETHER = re.compile(r"会同|会商|协同(?!负责)")
_SAME_BELOW = re.compile(r"下同|以下同|下略")
_NOT_A_CLAUSE = re.compile(r"\s*(?:含|包括|包含|如|以下|详见|见|不含|其中|注|即|例如|简称|或|除)")
_SENTENCE_EDGE = set('。!?;”"’》)],、')
_INLINE_END = re.compile(r"[。\n]")
_LIST_NOTE = re.compile(r"\((牵头|主办|主责|配合|协办|参与)(?:单位|部门)?\)$")
_NOTE_ROLE: dict[str, Role] = {
    "牵头": "lead",
    "主办": "lead",
    "主责": "lead",
    "配合": "cooperating",
    "协办": "cooperating",
    "参与": "cooperating",
}


@dataclass(frozen=True, slots=True)
class Mention:
    """One body named in a clause, as printed."""

    text: str
    role: Role
    kind: UnitKind
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Clause:
    """One responsibility clause with its span; `deadline` as printed inside it."""

    raw: str
    start: int
    end: int
    mentions: tuple[Mention, ...]
    deadline: str | None = None
    open_ended: bool = False
    first_leads: bool = False
    labelled: bool = True


def first_leads(folded: str) -> re.Match[str] | None:
    """Where the document says that the unit named first leads."""
    return _FIRST_LEADS.search(folded)


def role_of(words: str) -> Role:
    """The role a label or column header stands for."""
    if re.search("考核|考评|评价|评估|验收|督查|督办|督导|监督", words):
        return "assessor"
    if re.search("牵头.*[及和与、/].*责任", words):
        return "responsible"
    if re.search("牵头|主办|主责|第一|总|主要", words):
        return "lead"
    if re.search("配合|协办|协助|协同|协作|参与|参加|会办|支持|指导|共建|联合", words):
        return "cooperating"
    return "responsible"


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


def read_list(text: str, folded: str, start: int, end: int, role: Role) -> Clause:
    """A table cell or the rest after a label: names with a role given by the header."""
    return _Reader(text, folded, role).read(start, end, (start, end))


def _brackets(folded: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Matched brackets of bearable length, outer before inner."""
    stack: list[tuple[str, int]] = []
    pairs = []
    for match in re.compile(r"[()\[\]]").finditer(folded, start, end):
        char, position = match[0], match.start()
        if char in "([":
            stack.append((char, position))
        elif stack:
            _, opened = stack.pop()
            if position - opened <= MAX_BRACKET:
                pairs.append((opened, position + 1))
    yield from sorted(pairs)


def _bracketed(text: str, folded: str, start: int, end: int, limit: int) -> Clause | None:
    a, b = start + 1, end - 1
    if b - a < 2:
        return None
    clause = _Reader(text, folded, "responsible").read(a, b, (start, end))
    if clause.labelled:
        return clause if clause.mentions or clause.deadline else None
    names = [_name(mention) for mention in clause.mentions]
    if _NOT_A_CLAUSE.match(folded, a, b) or not _at_sentence_edge(folded, start, end, limit):
        return None
    if not names:
        return clause if clause.deadline and _is_time_note(folded, start, end) else None
    verb = _VERB.search(folded, max(a, b - 40), b) is not None or clause.first_leads
    good = sum((units.plausible if verb else units.unmistakable)(folded, name) for name in names)
    needed = len(names) * 0.6 if verb else len(names)
    return clause if good >= needed and (verb or _ends_passage(folded, end, limit)) else None


def _is_time_note(folded: str, start: int, end: int) -> bool:
    """（完成时限：…）, or a deadline in brackets right beside another bracket."""
    if _TIME.match(folded, start + 1, end):
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
        clause = _Reader(text, folded, "responsible").read(
            match.start(), close, (match.start(), close)
        )
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


class _Reader:
    """Reads the inside of one clause, segment by segment, carrying the role along."""

    def __init__(self, text: str, folded: str, role: Role) -> None:
        self.text = text
        self.folded = folded
        self.role = role
        self.mentions: list[Mention] = []
        self.waiting: list[Name] = []
        self.deadline: str | None = None
        self.open_ended = False
        self.first_leads = False
        self.labelled = False
        self.people = False

    def read(self, start: int, end: int, span: tuple[int, int]) -> Clause:
        for kind, a, b in self._parts(start, end):
            if kind == "segment":
                for segment in _segments(self.folded, a, b):
                    self._segment(*segment)
            else:
                self._heading(kind, a, b)
        self._settle(self.role)
        return Clause(
            raw=self.text[span[0] : span[1]],
            start=span[0],
            end=span[1],
            mentions=tuple(self.mentions),
            deadline=self.deadline,
            open_ended=self.open_ended,
            first_leads=self.first_leads,
            labelled=self.labelled,
        )

    def _parts(self, start: int, end: int) -> Iterator[tuple[str, int, int]]:
        position = start
        for match in _DIVIDER.finditer(self.folded, start, end):
            yield "segment", position, match.start()
            kind = "label" if match["words"] else "other"
            yield kind, match.start(), match.end()
            position = match.end()
        yield "segment", position, end

    def _heading(self, kind: str, start: int, end: int) -> None:
        self._settle(self.role)
        words = self.folded[start:end]
        self.people = kind == "other" and _PERSON.match(words) is not None
        if kind == "label":
            self.role = role_of(words)
            self.labelled = True

    def _segment(self, start: int, end: int) -> None:
        words = self.folded[start:end]
        if self.people or not words.strip(" 。"):
            return
        if _FIRST_LEADS.search(words):
            self.first_leads = True
            return
        if words.strip(" 。") in ("下同", "以下同", "余同"):
            return
        if deadlines.looks_like(words) and not _named(self.folded, start, end):
            self.deadline = self.deadline or squeeze(self.text[start:end]).strip("。.")
            return
        self._names(start, end)

    def _names(self, start: int, end: int) -> None:
        tail = max(start, end - 40)
        verb = _VERB.search(self.folded, tail, end)
        role = None
        if verb is not None:
            end = verb.start()
            role = _verb_role(verb["verb"])
        together = _TOGETHER.search(self.folded, start, end)
        if together is not None and together.start() > start and role != "cooperating":
            self._take(start, together.start())
            self._settle("lead")
            self._take(together.end(), end)
            self._settle("cooperating")
            return
        self._take(start, end)
        if role is not None:
            self._settle(role)
        elif self.labelled:
            self._settle(self.role)

    def _take(self, start: int, end: int) -> None:
        found = units.split(self.folded, start, end)
        self.open_ended = self.open_ended or found.open_ended
        self.waiting += found.names

    def _settle(self, role: Role) -> None:
        for name in self.waiting:
            start, end = name.start, name.end
            note = _LIST_NOTE.search(self.folded[start:end])
            own = role
            if note is not None:
                own = _NOTE_ROLE[note[1]]
                end = start + note.start()
            printed = squeeze(self.text[start:end])
            if printed:
                self.mentions.append(Mention(printed, own, name.kind, start, end))
        self.waiting = []


def _segments(folded: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    depth, begin = 0, start
    for position in range(start, end):
        char = folded[position]
        if char in "([":
            depth += 1
        elif char in ")]":
            depth = max(0, depth - 1)
        elif depth == 0 and char in ",;。":
            yield begin, position
            begin = position + 1
    yield begin, end


def _named(folded: str, start: int, end: int) -> bool:
    """A segment with time words may still be a list of names: 市年鉴办、…经常…局."""
    if "底" in folded[start:end] or "月" in folded[start:end]:
        return False
    names = units.split(folded, start, end).names
    return bool(names) and all(units.unmistakable(folded, name) for name in names)


def _verb_role(verb: str) -> Role:
    if re.match("牵头|主办|为总?(?:牵头|主办)", verb):
        return "lead"
    if re.search("配合|参与|参加|协助|协办|协同|支持|指导", verb) and "负责" not in verb:
        return "cooperating"
    if verb in ("考核", "督办"):
        return "assessor"
    return "responsible"
