"""Lists of responsible bodies → single names. Works on folded text and returns spans."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from .folding import fold, squeeze

UnitKind = Literal["unit", "group"]

MAX_NAME = 40
_SUFFIX = (
    "部|局|委|办|厅|署|院|会|府|行|室|中心|街道|镇|乡|区|县|市|旗|州|盟|苏木|集团|公司|单位|部门|地区"
    "|组|处|科|股|队|所|站|校|社|团|联|协|馆|台|庭|企业|大学|机构|海关|关|厂|场|园|基地|港|总工会"
    "|军|警备区|人武部|办事处|指挥部|专班|委员会|工委|移动|联通|电信|电网|供电|铁塔|邮政|消防"
)
_ENDS_AS_UNIT = re.compile(rf"(?:{_SUFFIX})(?:\([^()]*\))?$")
_STRICT = re.compile(
    r"(?:部|局|委|办|厅|署|院|会|府|室|中心|街道|镇|乡|集团|公司|办事处|工商联|妇联|残联|文联|科协"
    r"|部门|单位|地区|各区|各县|各市|专班|总队|支队|大队|法院|海关)(?:\([^()]*\))?$"
)
_GEO = r"(?:县级市|[市县区旗州盟乡镇村]|街道|苏木|社区|园区|开发区|功能区)"
_ORGAN = r"(?:人民政府|政府|管委会|管理委员会|党委|党工委|办事处|街道办|党组)"
#: 各区、县级市 is one phrase: a bare kind of place after 各… belongs to it.
_OPEN_GROUP = re.compile(rf"各(?:级|有关|相关)?(?:{_GEO}、?)+(?:\(.*\))?$")
_OPEN_TAIL = re.compile(
    rf"(?:县级市|[市县区旗州盟乡镇村]|街道|苏木|社区)+(?:\(.*\))?{_ORGAN}?$|{_ORGAN}$"
)
#: 各街道党工委、办事处: one kind of place, two of its organs.
_ORGAN_GROUP = re.compile(rf"各.*{_ORGAN}$")
_ORGAN_TAIL = re.compile(rf"(?:街道)?{_ORGAN}$")
_GROUP = re.compile(rf"各(?:级|有关|相关)?(?:{_GEO}、?)+(?:\(.*\))?(?:{_ORGAN})?$")
_GROUP_TAIL = re.compile(rf"(?:{_GEO}+(?:\(.*\))?{_ORGAN}?|{_ORGAN})$")
_GROUP = re.compile(
    r"^(?:各|有关|相关|其他|其它|全体|所有|全市|全区|全县|全州|全省)|各(?!界)|有关|相关"
    r"|成员单位|直属(?:各)?(?:部门|单位)$|直(?:部门|单位|机关)$|级?以上(?:地方)?(?:人民)?政府"
    r"|^(?:市县|省市|县区|县乡|区县|旗县|镇街|镇村|乡镇|县市区)"
)
_MANY_PLACES = re.compile(
    rf"^(?:{_GEO}(?:级)?[、/]?){{2,}}(?:\(.*\))?{_ORGAN}?$|^(?:乡|镇|街道|村|社区)(?:\(.*\))?{_ORGAN}?$"
    rf"|^{_GEO}+\([^()]*\)(?:级)?{_ORGAN}?$"
)
#: 等 inside a name is no "and so on".
_AND_SO_ON = re.compile(r"(?<![高中平同初均优劣])等(?!级|候|教|学)")
_JOINING = re.compile(r"以及|[及和与]")
_BARE_REST = re.compile(
    r"^(?:\d+个?|多个?|几个?|若干)?(?:部门|单位|机构|处室|科室|方面|部委|委办局|地区)?"
    r"(?:(?:和|及|、)(?:部门|单位|地区))?$"
)
_LEADING = re.compile(r"^(?:由|请|以及|及|和|与|会同|[:、])+")
_TRAILING = re.compile(r"(?:[。:、]|为主|下同)+$")
_NOTHING = {"", "/", "\\", "-", "—", "——", "--", "无", "暂无", "空"}


@dataclass(frozen=True, slots=True)
class Name:
    """One printed name: its span, and whether it names a single unit or a group of them."""

    start: int
    end: int
    kind: UnitKind


@dataclass(frozen=True, slots=True)
class NameList:
    """Names of one list; `open_ended` when it ends in 等."""

    names: tuple[Name, ...]
    open_ended: bool


def split(folded: str, start: int, end: int) -> NameList:
    """Split `folded[start:end]` on 、，； spaces and 及, protecting brackets and group phrases."""
    names: list[Name] = []
    open_ended = False
    for a, b in _rejoined(folded, _cut_at_marks(folded, start, end)):
        so_on = _AND_SO_ON.search(folded, a, b)
        stretches = [(a, b)]
        if so_on is not None and not _within_brackets(folded, a, so_on.start()):
            open_ended = True
            stretches = [(a, so_on.start())]
            if not _BARE_REST.match(squeeze(folded[so_on.end() : b])):
                stretches.append((so_on.end(), b))
        for stretch in stretches:
            names += _names(folded, *stretch)
    return NameList(tuple(names), open_ended)


def kind_of(name: str) -> UnitKind:
    """Group when the name covers several bodies: 各街道, 区直各部门, 县（市、区）人民政府."""
    text = squeeze(fold(name))
    return "group" if _GROUP.search(text) or _MANY_PLACES.match(text) else "unit"


def plausible(folded: str, name: Name) -> bool:
    """Whether a name looks like one of a public body; used where no label says so."""
    text = squeeze(folded[name.start : name.end])
    if name.kind == "group":
        return len(text) <= MAX_NAME and bool(_ENDS_AS_UNIT.search(text) or text.startswith("各"))
    return 2 <= len(text) <= 24 and _ENDS_AS_UNIT.search(text) is not None and "由" not in text


def unmistakable(folded: str, name: Name) -> bool:
    """Stricter: for a bare list in brackets with neither label nor verb."""
    text = squeeze(folded[name.start : name.end])
    return plausible(folded, name) and len(text) >= 3 and _STRICT.search(text) is not None


def _names(folded: str, start: int, end: int) -> list[Name]:
    names = []
    for a, b in _cut_at_joins(folded, start, end):
        a, b = _tidied(folded, a, b)
        text = squeeze(folded[a:b])
        if text not in _NOTHING and not text.isdigit():
            names.append(Name(a, b, kind_of(text)))
    return names


def _cut_at_marks(folded: str, start: int, end: int) -> list[tuple[int, int]]:
    pieces, depth, begin = [], 0, start
    for position in range(start, end):
        char = folded[position]
        if char in "([":
            depth += 1
        elif char in ")]":
            depth = max(0, depth - 1)
        elif depth == 0 and (
            char in "、,;/" or (char in " \n" and _space_divides(folded, begin, position, end))
        ):
            pieces.append((begin, position))
            begin = position + 1
    pieces.append((begin, end))
    return [_stripped(folded, a, b) for a, b in pieces]


def _space_divides(folded: str, begin: int, position: int, end: int) -> bool:
    """A space ends a name only between two names; inside one it is a broken line."""
    before = folded[begin:position].strip()
    rest = folded[position + 1 : min(end, position + MAX_NAME)].strip()
    after = re.split(r"[、,;/\s]", rest, maxsplit=1)[0]
    return bool(_ENDS_AS_UNIT.search(before)) and len(after) >= 2 and len(before) >= 2


def _rejoined(folded: str, pieces: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in pieces:
        text = squeeze(folded[start:end])
        if joined and text:
            before = squeeze(folded[joined[-1][0] : joined[-1][1]])
            places = _OPEN_GROUP.match(before) and _OPEN_TAIL.match(text)
            organs = _ORGAN_GROUP.match(before) and _ORGAN_TAIL.match(text)
            if places or organs:
                joined[-1] = (joined[-1][0], end)
                continue
        joined.append((start, end))
    return joined


def _cut_at_joins(folded: str, start: int, end: int) -> list[tuple[int, int]]:
    """及 和 与 divide only between two complete names: 工业和信息化部 stays whole."""
    pieces, begin = [], start
    for match in _JOINING.finditer(folded, start, end):
        if match.start() < begin or _within_brackets(folded, begin, match.start()):
            continue
        left = squeeze(folded[begin : match.start()])
        right = squeeze(folded[match.end() : end])
        if _divides(left, match[0], right):
            pieces.append((begin, match.start()))
            begin = match.end()
    pieces.append((begin, end))
    return pieces


def _divides(left: str, word: str, right: str) -> bool:
    if not left:
        return True
    if not right or (left.startswith("各级") and not right.startswith("各")):
        return not right
    if kind_of(right) == "group" and (kind_of(left) == "group" or _ENDS_AS_UNIT.search(left)):
        return not (left in ("有关", "相关", "各") or left.endswith("有关"))
    if len(left) < 3 or left.endswith("干部") or _ENDS_AS_UNIT.search(left) is None:
        return False
    return len(right) >= 3 and _ENDS_AS_UNIT.search(right) is not None


def _within_brackets(folded: str, start: int, position: int) -> bool:
    before = folded[start:position]
    return before.count("(") > before.count(")")


def _tidied(folded: str, start: int, end: int) -> tuple[int, int]:
    start, end = _stripped(folded, start, end)
    if match := _LEADING.match(folded[start:end]):
        start += match.end()
    if match := _TRAILING.search(folded[start:end]):
        end = start + match.start()
    return _stripped(folded, start, end)


def _stripped(folded: str, start: int, end: int) -> tuple[int, int]:
    while start < end and folded[start].isspace():
        start += 1
    while end > start and folded[end - 1].isspace():
        end -= 1
    return start, end
