"""The inside of one clause: who leads, who helps, who assesses, and by when."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from . import deadlines, units
from .folding import squeeze
from .units import Name, UnitKind

Role = Literal["lead", "cooperating", "responsible", "assessor"]

_ROLE_WORD = (
    "牵头|责任|主办|承办|主责|配合|协办|协助|协同|协作|参与|参加|落实|实施|考核|考评|评价|评估|监督|督导"
    "|督办|督查|验收|主管|负责|支持|完成|指导|会办|共建|总|主要|第一|具体|联合|组织|主体|行业"
)
LABEL = re.compile(
    rf"(?P<words>(?:{_ROLE_WORD}){{1,4}}(?:单位|部门|处室|科室|股室|机构|主体|地区|区县|县区|委办局|分工)"
    r"(?:(?:及|和|与|或|、|/)[^:,。;()\[\]]{1,8})?\s?(?:\([^()]{1,8}\))?\s?(?::|为:?(?!牵头|主))"
    r"|(?:牵头|责任|主办|配合|协办|参与)\s?:)"
)
_PERSON = re.compile(
    r"(?:(?:牵头|负责|责任|分管|包保|主要|市级|区级|县级|挂帅|联系|具体)*(?:领导|责任人|负责人|联系人)"
    r"|责任处长|联系电话)\s?:"
)
TIME = re.compile(
    r"(?:(?:完成|办结|办理|整改|推进|实施|工作|落实)?(?:时限|时间|期限|进度|节点)(?:要求|安排|节点)?"
    r"|时间节点|完成日期|截止日期|截止时间)\s?(?::|为)"
)
_DIVIDER = re.compile(rf"{LABEL.pattern}|{_PERSON.pattern}|{TIME.pattern}")
_FIRST_LEADS = re.compile(
    r"(?:(?:排|列)(?:名)?(?:在)?|名列|位列)?(?:第一|首)(?:位|个|名)?(?:的|者)?(?:责任)?(?:单位|部门)?"
    r"(?:的)?(?:为|是|作为|系)(?:该项工作|本项工作|该项任务)?(?:的)?(?:总)?(?:牵头|主责|主办)"
)
_ADVERB = (
    r"(?:(?:按照?|根据|依据|依)(?:各自|有关|相关)?(?:部门)?(?:的)?)?(?:职责|职能|任务)?(?:分工)?"
    r"(?:分别|分头|共同|具体|联合|协同|统筹|总体|全面|各自|一起|主要|积极|密切|同时)*"
)
VERB = re.compile(
    rf"{_ADVERB}(?P<verb>牵头(?:负责|抓总|落实|组织实施|推进|实施|组织|抓|办理|会同)?"
    r"|(?:做好)?配合(?:做好|实施|落实|推进|负责)?|参与(?:配合|实施)?|参加|协助(?:配合|落实)?|(?<!政)协办|协同|支持"
    r"|主办|承办|承担|负责(?:落实|实施|推进|督促落实|督促指导|指导|组织实施|牵头)?|分工负责"
    r"|抓好落实|组织实施|组织落实|督促落实|督促指导|指导|落实|实施|推进|办理|考核|督办"
    r"|为(?:总)?(?:牵头|主办|责任|配合|协办)(?:单位|部门))(?:落实|实施)?[。.]?$"
)
_TOGETHER = re.compile(r"会同|会商|协同(?!负责)")
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


def read_list(text: str, folded: str, start: int, end: int, role: Role) -> Clause:
    """A table cell or the rest after a label: names with a role given by the header."""
    return _Reader(text, folded, role).read(start, end, (start, end))


def read(text: str, folded: str, start: int, end: int, span: tuple[int, int]) -> Clause:
    """The clause printed at `span`, whose words stand between `start` and `end`."""
    return _Reader(text, folded, "responsible").read(start, end, span)


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
        verb = VERB.search(self.folded, tail, end)
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
