"""Reading and comparing plain text."""

from time import process_time

import pytest
from django.template import Context, Template
from hypothesis import given
from hypothesis import strategies as st

from approvals import prose
from audit.spacing import apart, in_a_row

LINES = st.lists(st.text(st.sampled_from("一二、，。共办 3期参训12ab"), max_size=30), max_size=8)


@pytest.mark.parametrize(
    ("line", "heading"),
    [
        ("一、完成情况", True),
        ("（二）各单位分工", True),
        ("2. Who did what", True),
        ("一、完成情况良好，共办培训 4 期。", False),
        ("1.5 亿元", False),
        ("共办培训 4 期", False),
    ],
)
def test_a_short_numbered_line_is_a_heading(line: str, heading: bool) -> None:
    assert prose.is_heading(line) is heading


@given(LINES, LINES)
def test_both_versions_can_be_read_from_their_comparison(old: list[str], new: list[str]) -> None:
    passages = prose.compare("\n".join(old), "\n".join(new))

    def version(leave_out: str) -> list[str]:
        lines: list[str] = []
        for passage in passages:
            if passage.kind == "same":
                lines += [run.text for run in passage.runs]
            else:
                lines.append("".join(run.text for run in passage.runs if run.kind != leave_out))
        return [line for line in lines if line]

    assert version("ins") == prose.paragraphs("\n".join(old))
    assert version("del") == prose.paragraphs("\n".join(new))


def test_a_changed_number_is_marked_alone() -> None:
    (passage,) = prose.compare("共办培训 3 期，参训 126 人次。", "共办培训 4 期，参训 126 人次。")
    assert [(run.kind, run.text) for run in passage.runs] == [
        ("same", "共办培训 "),
        ("del", "3"),
        ("ins", "4"),
        ("same", " 期，参训 126 人次。"),
    ]


def test_an_inserted_paragraph_does_not_disturb_the_one_after_it() -> None:
    passages = prose.compare("参训人员逐人登记学时", "另有跟班两批\n参训人员全部登记学时")
    assert [run.kind for run in passages[0].runs] == ["ins"]
    assert [run.kind for run in passages[1].runs] == ["same", "del", "ins", "same"]


def test_paragraphs_without_likeness_are_shown_whole() -> None:
    passages = prose.compare("台账正在整理", "企业实训推迟")
    assert [[run.kind for run in passage.runs] for passage in passages] == [["del"], ["ins"]]


def test_long_texts_are_compared_in_reasonable_time() -> None:
    old = "\n".join(f"第{n}段" + "培训人员登记学时" * 30 for n in range(200))
    begun = process_time()
    prose.compare(old, old.replace("登记", "核对"))
    assert process_time() - begun < 5


def test_the_page_escapes_what_people_wrote() -> None:
    source = "{% load prose %}{% diff old new %}{{ new|prose }}"
    shown = Template(source).render(Context({"old": "<b>旧稿件", "new": "<b>新稿件"}))
    assert "<b>" not in shown
    assert "&lt;b&gt;" in shown


def test_a_space_parts_english_sentences_and_none_parts_chinese_ones() -> None:
    assert in_a_row(["One is enough.", "", "A return ends it."]) == (
        "One is enough. A return ends it."
    )
    assert in_a_row(["一人同意即可。", "一人退回，本环节即结束。"]) == (
        "一人同意即可。一人退回，本环节即结束。"
    )
    page = Template(
        "{% load ui %}{% sentences %}{{ a }} {% if a %} <b>{{ a }}</b>{% endif %}{% endsentences %}"
    )
    assert page.render(Context({"a": "同意<1。"})) == "同意&lt;1。<b>同意&lt;1。</b>"


def test_a_number_keeps_its_distance_from_a_chinese_character() -> None:
    told = [apart("用时9 个工作日"), apart("用时不到 1 小时"), apart("took 9 hours")]
    assert told == ["用时 9 个工作日", "用时不到 1 小时", "took 9 hours"]
