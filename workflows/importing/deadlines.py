"""Deadlines as printed and, where the words allow it, as a date. No clock: the year is given."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from typing import Literal

from .folding import fold, squeeze
from .labels import number

Kind = Literal["date", "recurring", "soft"]

_CN_YEAR = "[二一][〇零○0九][〇零○一二三四五六七八九]{2}"
_YEAR = rf"(?:(?P<year>20\d\d|{_CN_YEAR})年(?:度)?|(?P<this>今年|本年|当年)|(?P<next>明年|次年))"
_MONTH = r"(?P<month>1[0-2]|0?[1-9])月份?"
_DAY = r"(?P<day>3[01]|[12]\d|0?[1-9])[日号]"
_PART = r"(?P<part>上半年|下半年|[第]?[一二三四1-4]季度|年底|年末|年内|底|末|上旬|中旬|下旬|初)"
_POINT = re.compile(rf"(?:{_YEAR}\s?)?(?:{_MONTH}\s?(?:{_DAY})?\s?)?{_PART}?(?:以?[前内]|之前)?")
_ISO = re.compile(r"(20\d\d)[-./](1[0-2]|0?[1-9])(?:[-./](3[01]|[12]\d|0?[1-9]))?(?!\d)")
_ANCHOR = re.compile(
    rf"20\d\d年|{_CN_YEAR}年|今年|本年|当年|明年|次年|1[0-2]月|0?[1-9]月|[上下]半年|"
    r"[第][一二三四1-4]季度|[一二三四1-4]季度|年[底末内]"
)
_RECURRING = re.compile(
    r"持续|长期|常态|常年|全年|每年|每季|每月|每周|每半年|定期|经常|年度|始终|不断|坚持|贯穿|日常"
)
_EVERY = re.compile(r"每(?:年|季|月|周|半年|学期|两年)")
_SOFT = re.compile(
    r"按进度|按时限|按计划|适时|尽快|立即|即刻|近期|阶段性|明显成效|分年度|力争|优化"
)
_RELATIVE = re.compile(r"\d+个?(?:工作日|日|天|周|月|年)(?:以|之)?内")
_DEADLINE_WORDS = re.compile(
    rf"(?:{_ANCHOR.pattern}|{_RECURRING.pattern}|{_SOFT.pattern}|{_RELATIVE.pattern}"
    r"|20\d\d[-./]\d)"
)
#: In running text only an explicit limit counts: …底前, …日前, …年内.
_IN_BODY = re.compile(
    rf"(?:(?:20\d\d|{_CN_YEAR})年(?:度)?|今年|本年|明年|(?<!\d)(?:1[0-2]|[1-9])月(?!\d))"
    r"(?:(?:1[0-2]|0?[1-9])月份?)?(?:(?:3[01]|[12]\d|0?[1-9])[日号])?"
    r"(?:[上下]半年|[上中下]旬|底|末|年底|年末)?(?:以?前|之前|前|年内)"
    r"|年底(?:以?前|之前)"
)
_QUARTERS = {"一": 3, "1": 3, "二": 6, "2": 6, "三": 9, "3": 9, "四": 12, "4": 12}


@dataclass(frozen=True, slots=True)
class Deadline:
    """`text` as printed; `date` (ISO) is the last day it allows, None if no date can be read."""

    text: str
    kind: Kind
    date: str | None = None
    year_inferred: bool = False


def looks_like(segment: str) -> bool:
    """Whether a folded clause segment speaks of time."""
    return len(segment) <= 60 and _DEADLINE_WORDS.search(segment) is not None


def read(text: str, year: int | None) -> Deadline:
    """Normalise a printed deadline; `year` (the plan's) fills in one that isn't printed."""
    printed = squeeze(text)
    folded = fold(printed)
    dates = _dates(folded, year)
    if not dates:
        return Deadline(printed, "recurring" if _RECURRING.search(folded) else "soft")
    date, inferred = dates[-1]
    if inferred and _EVERY.search(folded):
        return Deadline(printed, "recurring")
    soft = _SOFT.search(folded) or _RECURRING.search(folded)
    return Deadline(printed, "soft" if soft else "date", date, inferred)


def lacks_year(text: str) -> bool:
    """A month or a year's end is named, its year isn't."""
    folded = fold(squeeze(text))
    return bool(_ANCHOR.search(folded)) and not _dates(folded, None)


def in_body(folded: str, start: int, end: int) -> list[tuple[int, int]]:
    """Where running text sets a limit."""
    return [match.span() for match in _IN_BODY.finditer(folded, start, end)]


def _dates(folded: str, year: int | None) -> list[tuple[str, bool]]:
    found: list[tuple[str, bool]] = []
    for iso in _ISO.finditer(folded):
        found += _date(int(iso[1]), int(iso[2]), int(iso[3]) if iso[3] else None, False)
    known, position = None, 0
    while match := _ANCHOR.search(folded, position):
        point = _POINT.match(folded, match.start())
        if point is None or point.end() == match.start():
            position = match.end()
            continue
        position = max(point.end(), match.end())
        printed = _year(point["year"]) or known
        known = printed
        base = printed or (year + 1 if point["next"] and year else year)
        if base is not None and (point["month"] or point["part"] or point["year"] or point["this"]):
            found += _date(base, _month(point), _day(point), printed is None)
    return found


def _year(text: str | None) -> int | None:
    if not text:
        return None
    return int(text) if text.isdigit() else number(text.replace("○", "〇").replace("0", "〇"))


def _month(point: re.Match[str]) -> int:
    if point["month"]:
        return int(point["month"])
    part = point["part"] or ""
    if part == "上半年":
        return 6
    if part.endswith("季度"):
        return _QUARTERS[part.removeprefix("第")[0]]
    return 12


def _day(point: re.Match[str]) -> int | None:
    if point["day"]:
        return int(point["day"])
    return {"上旬": 10, "初": 10, "中旬": 20}.get(point["part"] or "") if point["month"] else None


def _date(year: int, month: int, day: int | None, inferred: bool) -> list[tuple[str, bool]]:
    last = calendar.monthrange(year, month)[1]
    if day is not None and day > last:
        return []
    return [(f"{year:04d}-{month:02d}-{day or last:02d}", inferred)]
