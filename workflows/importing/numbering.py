"""Word's automatic numbers: they are not in the paragraph, only in numbering.xml and the styles."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from docx.oxml.ns import qn

_DIGITS = "零一二三四五六七八九"
_CHINESE = {
    "chineseCounting",
    "chineseCountingThousand",
    "chineseLegalSimplified",
    "taiwaneseCounting",
    "taiwaneseCountingThousand",
    "ideographTraditional",
    "japaneseCounting",
    "koreanCounting",
}


@dataclass(slots=True)
class _Level:
    start: int = 1
    format: str = "decimal"
    text: str = ""
    restart: int | None = None
    style: str | None = None


@dataclass(slots=True)
class _List:
    """One `w:num`: an abstract list with its overrides."""

    abstract: str
    starts: dict[int, int] = field(default_factory=dict)
    levels: dict[int, _Level] = field(default_factory=dict)


class Numbering:
    """Resolves each paragraph's label; call `label` once for every paragraph, in document order."""

    def __init__(self, numbering: Any, styles: Any) -> None:
        self._styles = {s.get(qn("w:styleId")): s for s in _all(styles, "w:style")}
        self._abstracts: dict[str, dict[int, _Level]] = {}
        self._links: dict[str, str] = {}
        self._lists: dict[str, _List] = {}
        self._counters: dict[str, dict[int, int]] = {}
        self._started: set[tuple[str, int]] = set()
        if numbering is not None:
            self._read(numbering)

    def _read(self, root: Any) -> None:
        for abstract in _all(root, "w:abstractNum"):
            key = abstract.get(qn("w:abstractNumId"), "")
            self._abstracts[key] = dict(_level(node) for node in _all(abstract, "w:lvl"))
            if link := _value(abstract, "w:numStyleLink"):
                self._links[key] = link
        for num in _all(root, "w:num"):
            entry = _List(_value(num, "w:abstractNumId") or "")
            for override in _all(num, "w:lvlOverride"):
                index = _number(override.get(qn("w:ilvl")), 0)
                if (start := _value(override, "w:startOverride")) is not None:
                    entry.starts[index] = _number(start, 1)
                for node in _all(override, "w:lvl"):
                    entry.levels[index] = _level(node)[1]
            self._lists[num.get(qn("w:numId"), "")] = entry

    def label(self, paragraph: Any) -> str | None:
        """The label Word prints before this paragraph; None without one (list 0 is no list)."""
        found = self._place(paragraph)
        if found is None:
            return None
        number, index = found
        entry = self._lists.get(number)
        if entry is None:
            return None
        levels = self._levels(entry)
        if index not in levels:
            return None
        values = self._count(number, entry, levels, index)
        return _print(levels, index, values)

    def _place(self, paragraph: Any) -> tuple[str, int] | None:
        """(numId, level) from the paragraph itself, else from its style and the styles below it."""
        properties = paragraph.find(qn("w:pPr"))
        number, index = _num_pr(properties)
        style = _value(properties, "w:pStyle") if properties is not None else None
        seen: set[str] = set()
        chain: list[str] = []
        while style and style not in seen and style in self._styles:
            seen.add(style)
            chain.append(style)
            node = self._styles[style]
            from_style, style_index = _num_pr(node.find(qn("w:pPr")))
            number = from_style if number is None else number
            index = style_index if index is None else index
            style = _value(node, "w:basedOn")
        if number is None:
            return None
        if index is None:
            index = self._level_of_style(number, chain)
        return number, index

    def _level_of_style(self, number: str, chain: Iterable[str]) -> int:
        entry = self._lists.get(number)
        levels = self._levels(entry) if entry else {}
        for style in chain:
            for index, level in levels.items():
                if level.style == style:
                    return index
        return 0

    def _levels(self, entry: _List) -> dict[int, _Level]:
        key = self._root(entry.abstract)
        return self._abstracts.get(key, {}) | entry.levels

    def _root(self, abstract: str) -> str:
        """Follow numStyleLink: list → style → numId → the list that holds the levels."""
        for _ in range(8):
            style = self._styles.get(self._links.get(abstract, ""))
            if style is None:
                break
            number, _index = _num_pr(style.find(qn("w:pPr")))
            target = self._lists.get(number or "")
            if target is None or target.abstract == abstract:
                break
            abstract = target.abstract
        return abstract

    def _count(
        self, number: str, entry: _List, levels: dict[int, _Level], index: int
    ) -> dict[int, int]:
        """Lists on one abstract share their counters, until an override starts a list afresh."""
        values = self._counters.setdefault(self._root(entry.abstract), {})
        if index in entry.starts and (number, index) not in self._started:
            self._started.add((number, index))
            values[index] = entry.starts[index]
        elif index in values:
            values[index] += 1
        else:
            values[index] = levels[index].start
        for deeper in [i for i in values if i > index]:
            restart = levels[deeper].restart if deeper in levels else None
            if restart is None or (restart and index < restart):
                del values[deeper]
        return values


def _print(levels: dict[int, _Level], index: int, values: dict[int, int]) -> str | None:
    level = levels[index]
    if level.format in ("bullet", "none") or not level.text:
        return None
    text = level.text
    for other in range(index + 1):
        shown = levels.get(other, _Level())
        value = values.get(other, shown.start)
        text = text.replace(f"%{other + 1}", spell(value, shown.format))
    return text


def spell(value: int, format: str) -> str:
    """A number in one of Word's number formats; unknown formats fall back to digits."""
    if format in _CHINESE:
        return chinese(value)
    if format in ("decimalEnclosedCircle", "decimalEnclosedCircleChinese") and 1 <= value <= 20:
        return chr(0x245F + value)
    if format == "decimalEnclosedParen" and 1 <= value <= 20:
        return chr(0x2473 + value)
    if format == "decimalZero":
        return f"{value:02d}"
    if format in ("lowerLetter", "upperLetter") and value >= 1:
        letter = chr(97 + (value - 1) % 26) * ((value - 1) // 26 + 1)
        return letter if format == "lowerLetter" else letter.upper()
    if format in ("lowerRoman", "upperRoman") and 0 < value < 4000:
        roman = _roman(value)
        return roman if format == "upperRoman" else roman.lower()
    return str(value)


def chinese(value: int) -> str:
    """1 → 一, 10 → 十, 21 → 二十一, 105 → 一百零五; digits beyond 9,999."""
    if not 0 < value < 10_000:
        return str(value)
    text, gap = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = value // unit % 10
        if digit:
            text += ("零" if gap and text else "") + _DIGITS[digit] + name
            gap = False
        else:
            gap = True
    return text.removeprefix("一") if text.startswith("一十") else text


def _roman(value: int) -> str:
    steps = zip(
        (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1),
        ["M", "CM", "D", "CD", "C", "XC", "L", "XL", "X", "IX", "V", "IV", "I"],
        strict=True,
    )
    text = ""
    for unit, letters in steps:
        text += letters * (value // unit)
        value %= unit
    return text


def _all(node: Any, tag: str) -> list[Any]:
    return [] if node is None else list(node.findall(qn(tag)))


def _value(node: Any, tag: str) -> str | None:
    child = node.find(qn(tag))
    value = child.get(qn("w:val")) if child is not None else None
    return None if value is None else str(value)


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isdigit() and len(text) < 7 else default


def _num_pr(properties: Any) -> tuple[str | None, int | None]:
    node = properties.find(qn("w:numPr")) if properties is not None else None
    if node is None:
        return None, None
    index = _value(node, "w:ilvl")
    return _value(node, "w:numId"), None if index is None else _number(index, 0)


def _level(node: Any) -> tuple[int, _Level]:
    restart = _value(node, "w:lvlRestart")
    level = _Level(
        start=_number(_value(node, "w:start"), 1),
        format="decimal" if node.find(qn("w:isLgl")) is not None else _format(node),
        text=_value(node, "w:lvlText") or "",
        restart=None if restart is None else _number(restart, 0),
        style=_value(node, "w:pStyle"),
    )
    return _number(node.get(qn("w:ilvl")), 0), level


def _format(node: Any) -> str:
    return _value(node, "w:numFmt") or "decimal"
