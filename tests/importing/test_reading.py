"""Encodings, pages, and the promise that offsets point at the text."""

import pytest

from tests.importing.plans import DIRECTORY, HEAD
from workflows.importing import propose, read_document, read_text

PLAN = HEAD + "一、任务\r\n1.清淤。（责任单位：市水务局）\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gb18030"])
def test_every_usual_encoding_is_read(encoding: str) -> None:
    document = read_document(PLAN.encode(encoding), "plan.txt")
    assert propose(document, DIRECTORY).measures[0].heading == "清淤"


def test_blocks_point_at_the_plain_text() -> None:
    document = read_document(PLAN.encode(), "plan.txt")
    assert document.blocks
    for block in document.blocks:
        assert document.text[block.start : block.end] == block.text


def test_a_page_is_read_without_its_scripts_and_with_its_lists() -> None:
    page = (
        "<!DOCTYPE html><html><head><title>x</title><style>p{}</style></head><body>"
        "<script>var a='一、假的';</script><h2>一、任务</h2>"
        "<ol><li>清淤。（责任单位：市水&nbsp;务局）<li>修路。（市交通局负责）</ol></body></html>"
    )
    found = propose(read_document(page.encode("gb18030"), "plan.html"), DIRECTORY).measures
    assert [(m.number, m.heading) for m in found] == [("1.", "清淤"), ("2.", "修路")]


def test_a_page_in_a_declared_chinese_encoding_is_read() -> None:
    page = '<meta charset="gb2312"><p>一、任务</p><p>1.清淤。（市水务局负责）</p>'
    document = read_document(page.encode("gb18030"), "plan.htm")
    assert "清淤" in document.text


def test_pasted_text_is_read_like_a_file() -> None:
    assert read_text(PLAN).text == read_document(PLAN.encode(), "").text
