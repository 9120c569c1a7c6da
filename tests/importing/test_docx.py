"""Word documents: automatic numbers, styles, and text in odd places."""

from typing import Any

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from tests.importing.plans import named, number, number_style, numbered_docx, read_docx
from workflows.importing.numbering import chinese, spell


def add(document: Any, text: str, level: int | None = None, style: str | None = None) -> Any:
    paragraph = document.add_paragraph(text, style=style)
    if level is not None:
        number(paragraph, level)
    return paragraph


def test_automatic_numbers_are_read_like_printed_ones() -> None:
    document = numbered_docx()
    add(document, "任务", 0)
    add(document, "治水", 1)
    add(document, "清淤。（责任单位：市水务局）", 2)
    add(document, "截污。（责任单位：市住建局）", 2)
    add(document, "修路", 1)
    add(document, "补路面。（责任单位：市交通局）", 2)
    found = read_docx(document).measures
    assert [measure.path for measure in found] == [
        ("一、", "（一）", "1."),
        ("一、", "（一）", "2."),
        ("一、", "（二）", "1."),
    ]
    assert found[0].heading == "清淤"


def test_numbers_that_come_from_a_style_are_resolved() -> None:
    document = numbered_docx()
    number_style(document, "Heading 1")
    number_style(document, "Heading 2")
    add(document, "任务", style="Heading 1")
    add(document, "清淤。（市水务局负责）", style="Heading 2")
    add(document, "修路。（市交通局负责）", style="Heading 2")
    add(document, "保障", style="Heading 1")
    add(document, "督查。（市教育局负责）", style="Heading 2")
    assert [measure.path for measure in read_docx(document).measures] == [
        ("一、", "（一）"),
        ("一、", "（二）"),
        ("二、", "（一）"),
    ]


def test_a_number_switched_off_stays_off() -> None:
    document = numbered_docx()
    number_style(document, "Heading 1")
    number(document.add_paragraph("附则", style="Heading 1"), 0, list_id=0)
    add(document, "任务", style="Heading 1")
    add(document, "清淤。（市水务局负责）", 1)
    assert read_docx(document).measures[0].path == ("一、", "（一）")


def test_a_restarted_list_begins_again() -> None:
    document = numbered_docx()
    document.part.numbering_part.element.append(
        parse_xml(
            f'<w:num {nsdecls("w")} w:numId="78"><w:abstractNumId w:val="77"/>'
            '<w:lvlOverride w:ilvl="2"><w:startOverride w:val="5"/></w:lvlOverride></w:num>'
        )
    )
    add(document, "任务", 0)
    add(document, "清淤。（市水务局负责）", 2)
    number(document.add_paragraph("截污。（市住建局负责）"), 2, list_id=78)
    number(document.add_paragraph("修路。（市交通局负责）"), 2, list_id=78)
    assert [m.number for m in read_docx(document).measures] == ["1.", "5.", "6."]


def test_typed_numbers_and_line_breaks_work_as_in_text() -> None:
    document = docx.Document()
    document.add_paragraph("一、任务\n1.清淤。\n（责任单位：市水务局）")
    assert named(read_docx(document).measures[0]) == [("市水务局", "responsible", "unit")]


def test_inserted_text_counts_and_deleted_text_does_not() -> None:
    document = docx.Document()
    document.add_paragraph("一、任务")
    paragraph = document.add_paragraph("1.清淤。（责任单位：市")
    for tag, text in (("ins", "水务局）"), ("del", "教育局）")):
        inner = "delText" if tag == "del" else "t"
        paragraph._p.append(
            parse_xml(
                f'<w:{tag} {nsdecls("w")} w:id="9" w:author="x"><w:r><w:{inner}>{text}</w:{inner}>'
                f"</w:r></w:{tag}>"
            )
        )
    assert named(read_docx(document).measures[0]) == [("市水务局", "responsible", "unit")]


def test_text_inside_content_controls_is_read() -> None:
    document = docx.Document()
    document.element.body.insert(
        0,
        parse_xml(
            f"<w:sdt {nsdecls('w')}><w:sdtContent><w:p><w:r>"
            "<w:t>1.清淤。（市水务局负责）</w:t></w:r></w:p></w:sdtContent></w:sdt>"
        ),
    )
    assert len(read_docx(document).measures) == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "一"),
        (10, "十"),
        (11, "十一"),
        (20, "二十"),
        (21, "二十一"),
        (105, "一百零五"),
        (110, "一百一十"),
    ],
)
def test_numbers_are_spelled_in_chinese(value: int, text: str) -> None:
    assert chinese(value) == text


@pytest.mark.parametrize(
    ("format", "text"),
    [("decimal", "4"), ("decimalEnclosedCircle", "④"), ("lowerRoman", "iv"), ("upperLetter", "D")],
)
def test_numbers_are_printed_in_the_formats_of_word(format: str, text: str) -> None:
    assert spell(4, format) == text
