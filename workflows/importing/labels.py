"""Numbers that begin a line: 一、 （一） 1. （1） ① 第一条, in the glyph variants in use."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

#: Level by style, after GB/T 9704-2012: a smaller rank encloses a larger one.
RANKS = {
    "part": 0,
    "chapter": 0,
    "section": 1,
    "article": 2,
    "cn": 2,
    "cn_paren": 3,
    "num": 4,
    "lead_in": 4,
    "task": 4,
    "multi": 5,
    "num_paren": 6,
    "circle": 7,
}
#: Words that stand where a number could: 具体措施：…
LEAD_IN = re.compile(r"(?:具体|主要|工作|重点|保障|推进)?(?:措施|举措|任务|做法|安排)\s*:(?=\s*\S)")

_CN = "[一二三四五六七八九十百零〇]{1,5}"
_LABEL = re.compile(
    rf"""
      第(?P<part>{_CN})(?:部分|编)
    | 第(?P<chapter>{_CN}|\d{{1,2}})章
    | 第(?P<section>{_CN}|\d{{1,2}})节
    | 第(?P<article>{_CN}|\d{{1,3}})条(?!第)
    | (?P<cn>{_CN})\s?[、.]
    | (?P<cn_dot>[㈠-㈩])
    | \(\s?(?P<cn_paren>{_CN})\s?\)[、.]?
    | (?P<multi>\d{{1,2}}(?:\.\d{{1,2}}){{1,3}})(?=[、\s]|[^\d.%\s万亿元倍公平亩个名家项米吨])[、.]?
    | (?P<num>\d{{1,3}})\s?[.、](?:(?!\d)|(?=(?:19|20)\d\d年))
    | (?P<num_dot>[⒈-⒛])
    | \(\s?(?P<num_paren>\d{{1,3}})\s?\)
    | (?P<num_half>\d{{1,2}})\)
    | (?P<num_ring>[⑴-⒇])
    | (?P<circle>[①-⑳])
    | (?:重点)?(?:任务|措施|举措|行动|工程|项目)(?P<task>{_CN}|\d{{1,3}})\s?[.、:](?!\d)
    """,
    re.VERBOSE,
)
_STYLE = {"cn_dot": "cn_paren", "num_dot": "num", "num_half": "num_paren", "num_ring": "num_paren"}
_VALUES = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0}


@dataclass(frozen=True, slots=True)
class Label:
    """A printed number: its style (level), value, and where it ends in the text."""

    style: str
    value: int
    start: int
    end: int

    @property
    def rank(self) -> int:
        return RANKS[self.style]


def at(folded: str, position: int, end: int) -> Label | None:
    """The label that begins exactly at `position`, if any."""
    match = _LABEL.match(folded, position, end)
    return None if match is None else _label(match)


def inside(folded: str, start: int, end: int) -> list[Label]:
    """Everything in a stretch that could be a label, for text that lost its line ends."""
    return [_label(match) for match in _LABEL.finditer(folded, start, end)]


def _label(match: re.Match[str]) -> Label:
    name = str(match.lastgroup)
    text = match[name]
    if name == "multi":
        value = int(text.rsplit(".", 1)[1])
    elif text.isdigit() and text.isascii():
        value = int(text)
    elif len(text) == 1 and text not in _VALUES and text not in "十百":
        value = int(unicodedata.numeric(text))
    else:
        value = number(text)
    return Label(_STYLE.get(name, name), value, match.start(), match.end())


def number(text: str) -> int:
    """一百零五 → 105, 二十一 → 21, 十 → 10, 二〇二一 → 2021."""
    if not set(text) & set("十百"):
        return int("".join(str(_VALUES[c]) for c in text))
    total, digit = 0, 0
    for char in text:
        if char in "十百":
            total += (digit or 1) * (10 if char == "十" else 100)
            digit = 0
        else:
            digit = _VALUES[char]
    return total + digit
