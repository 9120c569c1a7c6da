"""Texts and files written for these tests: an invented city, invented units."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import docx
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from workflows.importing import (
    DirectoryGroup,
    DirectorySnapshot,
    DirectoryUnit,
    Proposal,
    ProposedMeasure,
    propose,
    read_document,
    read_text,
)

DIRECTORY = DirectorySnapshot(
    units=(
        DirectoryUnit("u-edu", "云岭市教育局", ("市教育局", "教育局"), "市"),
        DirectoryUnit("u-civil", "云岭市民政局", ("市民政局",), "市"),
        DirectoryUnit("u-approve", "市审批服务局", (), "市"),
        DirectoryUnit("u-reform", "市发展和改革委员会", ("市发展改革委", "发改局"), "市"),
        DirectoryUnit("u-energy", "市能源发展中心", ("发改局",), "市"),
        DirectoryUnit("u-press", "市委宣传部", (), "市委"),
        DirectoryUnit("u-staff", "市委组织部", (), "市委"),
        DirectoryUnit("u-police", "公安分局", (), "区"),
    ),
    groups=(DirectoryGroup("g-street", "各街道", ("各街道办事处",), ("s-1", "s-2")),),
    prefixes=("市", "云岭市"),
)

HEAD = "云岭市人民政府办公室关于印发《云岭市2023年河湖清洁行动方案》的通知\n云政办发〔2023〕7号\n"


def measures(body: str, *, head: str = HEAD) -> tuple[ProposedMeasure, ...]:
    return proposal(body, head=head).measures


def proposal(body: str, *, head: str = HEAD, directory: DirectorySnapshot = DIRECTORY) -> Proposal:
    return propose(read_text(head + body), directory)


def named(measure: ProposedMeasure) -> list[tuple[str, str, str]]:
    return [(unit.text, unit.role, unit.kind) for unit in measure.units]


def roles(clause: str) -> list[tuple[str, str]]:
    """(name, role) of one clause in a measure of its own."""
    (measure,) = measures(f"一、重点任务\n（一）清理河道。组织清理河道。{clause}")
    return [(unit.text, unit.role) for unit in measure.units]


def codes(result: Proposal) -> set[str]:
    return {question.code for question in result.questions}


def read_docx(document: Any) -> Proposal:
    return propose(read_document(docx_bytes(document), "plan.docx"), DIRECTORY)


def docx_bytes(document: Any) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def numbered_docx() -> Any:
    """A Word file whose numbers 一、 （一） 1. are automatic: levels of list 77."""
    document = docx.Document()
    levels = "".join(
        f'<w:lvl w:ilvl="{index}"><w:start w:val="1"/><w:numFmt w:val="{format}"/>'
        f'{style}<w:lvlText w:val="{text}"/></w:lvl>'
        for index, (format, text, style) in enumerate(
            [
                ("chineseCounting", "%1、", '<w:pStyle w:val="Heading1"/>'),
                ("chineseCountingThousand", "（%2）", '<w:pStyle w:val="Heading2"/>'),
                ("decimal", "%3.", ""),
            ]
        )
    )
    numbering = document.part.numbering_part.element
    numbering.insert(
        0, parse_xml(f'<w:abstractNum {nsdecls("w")} w:abstractNumId="77">{levels}</w:abstractNum>')
    )
    numbering.append(
        parse_xml(f'<w:num {nsdecls("w")} w:numId="77"><w:abstractNumId w:val="77"/></w:num>')
    )
    return document


def number(paragraph: Any, level: int, list_id: int = 77) -> None:
    """Give a paragraph an automatic number."""
    paragraph._p.get_or_add_pPr().append(
        parse_xml(
            f'<w:numPr {nsdecls("w")}><w:ilvl w:val="{level}"/>'
            f'<w:numId w:val="{list_id}"/></w:numPr>'
        )
    )


def number_style(document: Any, name: str, list_id: int = 77) -> None:
    """Number every paragraph of a style; the list says which level is the style's."""
    document.styles[name].element.get_or_add_pPr().append(
        parse_xml(f'<w:numPr {nsdecls("w")}><w:numId w:val="{list_id}"/></w:numPr>')
    )


def archive(members: dict[str, bytes]) -> bytes:
    """A zip file that looks like a Word document from outside."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return buffer.getvalue()
