"""What holds for any text whatever."""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.importing.plans import DIRECTORY
from workflows.importing import Document, Proposal, propose, read_text
from workflows.importing.html import read as read_html
from workflows.importing.refusals import Refused

UNITS = [
    "市教育局",
    "市民政局",
    "市水务局",
    "各街道",
    "区直各部门",
    "工业和信息化局",
    "市交通委（市道运局）",
]
FORMS = [
    "（责任单位：{}）",
    "（{}负责）",
    "（牵头单位：{}）",
    "（{}牵头，各区配合）",
    "责任单位：{}。",
    "",
]
SCRAPS = (
    "一、",
    "（一）",
    "1.",
    "（1）",
    "①",
    "第一条",
    "具体措施：",
    "附件",
    "（",
    "）",
    "〔",
    "〕",
    "。",
    "；",
    "、",
    "等",
    "及",
    "牵头",
    "负责",
    "责任单位：",
    "完成时限：",
    "6月底前",
    "持续推进",
    "清淤",
    "市教育局",
    "各街道",
    "2023年",
    "排在第一位的为牵头单位，下同",
    "〔2023〕7号",
    "序号",
    "任务",
    "\n",
    "\t",
    " ",
)
TAGS = (
    "<table>",
    "<tr>",
    "<td>",
    "<td rowspan=9>",
    "</td>",
    "</table>",
    "<p>",
    "<ol>",
    "<li>",
    "序号",
    "责任单位",
    "任务",
    "</script>",
)

anything = st.one_of(
    st.text(max_size=300),
    st.lists(st.sampled_from(SCRAPS), max_size=120).map("".join),
)
quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def plans(draw: st.DrawFn) -> list[str]:
    """Lines of an orderly plan with up to twelve measures."""
    lines = ["一、任务"]
    for index in range(1, draw(st.integers(1, 12)) + 1):
        names = draw(st.lists(st.sampled_from(UNITS), min_size=1, max_size=4, unique=True))
        clause = draw(st.sampled_from(FORMS)).format("、".join(names))
        lines.append(f"{index}.做好第{index}件事。把事情做好。{clause}")
    return lines


def read(text: str) -> Document | None:
    try:
        return read_text(text)
    except Refused:
        return None


@given(anything)
@quick
def test_no_text_makes_the_importer_fail_and_spans_stay_inside(text: str) -> None:
    document = read(text)
    if document is None:
        return
    result = propose(document, DIRECTORY)
    for measure in result.measures:
        assert 0 <= measure.start <= measure.end <= len(result.source)
        for clause in measure.clauses:
            assert result.source[clause.start : clause.end] == clause.raw
            for unit in clause.units:
                printed = "".join(result.source[unit.start : unit.end].split())
                assert printed == unit.text


@given(anything)
@quick
def test_any_proposal_survives_json(text: str) -> None:
    document = read(text)
    if document is not None:
        result = propose(document, DIRECTORY)
        assert Proposal.from_dict(json.loads(json.dumps(result.to_dict()))) == result


@given(plans())
@quick
def test_every_numbered_measure_is_accounted_for(lines: list[str]) -> None:
    result = propose(read_text("\n".join(lines)), DIRECTORY)
    assert [m.number for m in result.measures] == [f"{i}." for i in range(1, len(lines))]
    flagged = {k for q in result.questions if q.code == "no_clause" for k in q.measure_keys}
    assert flagged == {m.key for m in result.measures if not m.units}


@given(plans(), st.lists(st.sampled_from(["\n", "\n\n", "\n    ", "\r\n", "\n　　"]), min_size=1))
@quick
def test_blank_lines_and_indents_change_no_unit(lines: list[str], gaps: list[str]) -> None:
    plain = propose(read_text("\n".join(lines)), DIRECTORY)
    loose = lines[0] + "".join(
        gaps[index % len(gaps)] + line for index, line in enumerate(lines[1:])
    )
    again = propose(read_text(loose), DIRECTORY)
    assert again.to_score_json()["measures"] == plain.to_score_json()["measures"]


@given(st.lists(st.sampled_from(TAGS), max_size=60))
@quick
def test_no_page_makes_the_reader_fail(parts: list[str]) -> None:
    try:
        document = read_html("".join(parts).encode(), filename="x.html")
    except Refused:
        return
    for block in document.blocks:
        assert document.text[block.start : block.end] == block.text
    propose(document, DIRECTORY)
