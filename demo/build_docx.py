"""Writes plan.docx from plan.txt, its numbers made automatic: `python -m demo.build_docx`.

Section numbers come from styles, measure numbers from the paragraphs themselves and run on.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import docx
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn

HERE = Path(__file__).resolve().parent
LIST = "90"
LEVELS = (
    (re.compile(r"^[一二三四五六七八九十]+、"), "chineseCounting", "%1、", "Heading 1"),
    (re.compile(r"^（[一二三四五六七八九十]+）"), "chineseCounting", "（%2）", "Heading 2"),
    (re.compile(r"^\d+\."), "decimal", "%3.", None),
)


def main() -> None:
    document = docx.Document()
    _define_list(document)
    body = False
    for line in (HERE / "plan.txt").read_text(encoding="utf-8").splitlines():
        text = line.strip()
        body = body or text.startswith("为把")
        if text:
            _add(document, text, numbered=body)
    properties = document.core_properties
    properties.author = properties.comments = ""
    properties.title = "民族团结进步创建工作实施方案"
    document.save(str(HERE / "plan.docx"))


def _define_list(document: Any) -> None:
    levels = ""
    for index, (_, number_format, text, style) in enumerate(LEVELS):
        # Measures are numbered through the document: a new section doesn't restart them.
        restart = "" if style else '<w:lvlRestart w:val="0"/>'
        linked = f'<w:pStyle w:val="{style.replace(" ", "")}"/>' if style else ""
        levels += (
            f'<w:lvl w:ilvl="{index}"><w:start w:val="1"/><w:numFmt w:val="{number_format}"/>'
            f'{restart}{linked}<w:suff w:val="nothing"/><w:lvlText w:val="{text}"/></w:lvl>'
        )
    root = document.part.numbering_part.element
    abstract = f'<w:abstractNum {nsdecls("w")} w:abstractNumId="{LIST}">{levels}</w:abstractNum>'
    root.insert(0, parse_xml(abstract))
    root.append(
        parse_xml(
            f'<w:num {nsdecls("w")} w:numId="{LIST}"><w:abstractNumId w:val="{LIST}"/></w:num>'
        )
    )
    for _, _, _, style in LEVELS:
        if style:
            element = document.styles[style].element
            element.get_or_add_pPr().append(_num_pr(None))


def _add(document: Any, text: str, *, numbered: bool) -> None:
    for index, (pattern, _, _, style) in enumerate(LEVELS):
        match = pattern.match(text) if numbered else None
        if match:
            paragraph = document.add_paragraph(text[match.end() :], style=style)
            if style is None:
                paragraph._p.get_or_add_pPr().append(_num_pr(index))
            return
    document.add_paragraph(text)


def _num_pr(level: int | None) -> Any:
    node = parse_xml(f'<w:numPr {nsdecls("w")}><w:numId w:val="{LIST}"/></w:numPr>')
    if level is not None:
        node.insert(0, node.makeelement(qn("w:ilvl"), {qn("w:val"): str(level)}))
    return node


if __name__ == "__main__":
    main()
