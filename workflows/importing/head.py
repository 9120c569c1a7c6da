"""What stands above the first item: document number, title, addressees, date of issue."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from . import units
from .folding import fold, squeeze

HEAD_LINES = 60
MAX_TITLE = 120
_KINDS = (
    "通知|意见|方案|办法|决定|决议|规划|计划|细则|纲要|分工|通报|函|措施|要点|清单|安排|制度|规则|规定|条例"
    "|任务|台账|分工表|分解表|责任表|一览表|指标|行动|工程|批复|公告|通告"
)
_NUMBER = re.compile(
    r"[一-龥]{1,16}(?:\([一-龥]{1,6}\))?\s?[\[(]\s?(?P<year>(?:19|20)\d\d)\s?[\])]\s?第?\s?\d{1,5}\s?号"
)
_NUMBER_TAG = re.compile(r"(?:发文字号|文\s?号|文件编号|字\s?号)\s?:\s?")
_KIND_END = re.compile(rf"(?:{_KINDS})(?:\([^()]*\))?[》”\"]?$")
_ISSUED = re.compile(r"(?:印发|转发|发布)(?:《(?P<quoted>.+)》|(?P<plain>.+?))的(?:通知|函|公告)$")
_META = re.compile(
    r"^(?:发布日期|发布时间|来源|浏览|索引号|主题|发文机关|成文日期|有效性|字号|文号|分类)"
)
_DATE = re.compile(r"^(?P<y>20\d\d)年(?P<m>1[0-2]|0?[1-9])月(?P<d>3[01]|[12]\d|0?[1-9])日$")
_YEAR = re.compile(r"(20\d\d)年")
_SENTENCE = re.compile(r"[。;!?]")


@dataclass(frozen=True, slots=True)
class Head:
    title: str
    doc_number: str | None
    addressees: tuple[str, ...]
    issued_on: str | None
    #: The plan's year, for deadlines printed without one.
    year: int | None


def read(lines: Sequence[str]) -> Head:
    """Read the head from the lines before the first item."""
    shown = [line for line in lines[:HEAD_LINES] if len(line) <= 400]
    doc_number = _doc_number(shown)
    title = _title(shown)
    issued = next((date for line in shown if (date := _iso(line))), None)
    return Head(title, doc_number, _addressees(shown), issued, _year(title, doc_number, issued))


def _doc_number(lines: Sequence[str]) -> str | None:
    """A line of its own first; then a tagged one; never a citation inside a sentence."""
    for line in lines:
        folded = fold(line)
        match = _NUMBER.search(folded)
        if match is None:
            continue
        before, after = folded[: match.start()], folded[match.end() :]
        tagged = _NUMBER_TAG.search(before) is not None
        alone = not _SENTENCE.search(folded) and (not after.strip() or after[0] in " 《")
        if tagged or (alone and len(line) < MAX_TITLE):
            return squeeze(line[match.start() : match.end()])
    return None


def _title(lines: Sequence[str]) -> str:
    cover = _cover(lines)
    if cover:
        issued = _ISSUED.search(cover)
        inner = (issued["quoted"] or issued["plain"]) if issued else None
        return inner or _bare(cover)
    for line in lines:
        text = squeeze(line)
        if 6 <= len(text) <= MAX_TITLE and _is_title_line(line) and _KIND_END.search(fold(text)):
            return _bare(text)
    return ""


def _bare(title: str) -> str:
    return re.sub(r"^附件\d*[:：]?", "", title).strip("《》")


def _cover(lines: Sequence[str]) -> str | None:
    """The first lines joined until they name a kind of document."""
    joined = ""
    for line in lines[:12]:
        if not joined and (_META.match(fold(line)) or _NUMBER.fullmatch(fold(line).strip())):
            continue
        if joined and _NUMBER.fullmatch(fold(line).strip()):
            continue
        if not _is_title_line(line) or len(joined) > MAX_TITLE:
            return None
        joined += squeeze(line)
        if _KIND_END.search(fold(joined)) and joined.count("《") <= joined.count("》"):
            return joined
    return None


def _is_title_line(line: str) -> bool:
    folded = fold(line).rstrip()
    return len(line) <= MAX_TITLE and not _SENTENCE.search(folded) and not folded.endswith(":")


def _addressees(lines: Sequence[str]) -> tuple[str, ...]:
    """The line that ends in a colon; commas divide it, 、 stays inside a phrase."""
    for line in lines:
        folded = fold(line).strip()
        if folded.endswith(":") and not _SENTENCE.search(folded) and len(folded) > 3:
            parts = tuple(squeeze(part) for part in re.split("[,，:：]", line) if part.strip())
            first = units.split(folded, 0, len(folded) - 1).names[:1]
            if first and units.plausible(folded, first[0]):
                return parts
    return ()


def _iso(line: str) -> str | None:
    match = _DATE.match(squeeze(fold(line)))
    return f"{match['y']}-{int(match['m']):02d}-{int(match['d']):02d}" if match else None


def _year(title: str, doc_number: str | None, issued: str | None) -> int | None:
    if match := _YEAR.search(fold(title)):
        return int(match[1])
    if doc_number and (match := _NUMBER.search(fold(doc_number))):
        return int(match["year"])
    return int(issued[:4]) if issued else None
