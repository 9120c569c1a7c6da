"""Task tables in text, HTML and Word."""

import docx

from tests.importing.plans import DIRECTORY, codes, named, proposal, read_docx
from workflows.importing import Proposal, propose, read_document

TEXT_TABLE = (
    "附件\n任务分工表\n"
    "序号\t工作事项\t主要内容\t牵头单位\t配合单位\t完成时限\n"
    "1\t清理河道\t清除淤泥。\t市水务局\t市教育局、市民政局\t2023年6月底\n"
    "\t\t清除垃圾。\t市城管局、各区政府\t/\t持续推进\n"
    "2\t修整道路\t修补路面。\t市交通局\t—\t\n"
)


def html(table: str) -> Proposal:
    page = f"<!DOCTYPE html><html><body><h1>云岭市清洁方案</h1>{table}</body></html>"
    return propose(read_document(page.encode(), "plan.html"), DIRECTORY)


def test_rows_are_measures_and_blank_cells_carry_down() -> None:
    result = proposal(TEXT_TABLE)
    assert [(m.number, m.heading) for m in result.measures] == [
        ("1", "清理河道"),
        ("1", "清理河道"),
        ("2", "修整道路"),
    ]
    assert named(result.measures[1]) == [
        ("市城管局", "lead", "unit"),
        ("各区政府", "lead", "group"),
    ]
    assert [m.clauses[0].deadline for m in result.measures] == ["2023年6月底", "持续推进", None]
    assert "merged_or_empty_cell" in codes(result)


def test_a_blank_unit_cell_is_asked_about() -> None:
    result = proposal(TEXT_TABLE + "3\t绿化\t植树。\t\t\t\n")
    assert result.measures[-1].units == ()
    blocking = {q.code for q in result.blocking() if result.measures[-1].key in q.measure_keys}
    assert {"merged_or_empty_cell", "no_clause"} <= blocking


def test_trailing_blank_cells_do_not_end_a_text_table() -> None:
    result = proposal(TEXT_TABLE + "3\t绿化\t\t\t\t\n4\t督查\t督查。\t市教育局\t/\t\n")
    assert [m.number for m in result.measures] == ["1", "1", "2", "3", "4"]


def test_a_table_takes_the_place_of_a_narrative_without_clauses() -> None:
    result = proposal("一、任务\n（一）清理河道。\n（二）修整道路。\n" + TEXT_TABLE)
    assert len(result.measures) == 3
    assert [aside.reason for aside in result.asides] == ["narrative", "narrative"]


def test_spans_in_html_merge_rows() -> None:
    result = html(
        "<table><tr><td colspan=4>任务分工表</td></tr>"
        "<tr><th>序号<th>任务<th>内容<th>责任单位</tr>"
        "<tr><td rowspan=2>1</td><td rowspan=2>清理河道</td><td>清淤。</td>"
        "<td rowspan=2>市水务局</td></tr><tr><td>截污。</td></tr>"
        "<tr><td>2</td><td>修路</td><td>修补。</td><td>市交通局、各街道</td></tr></table>"
    )
    assert [m.heading for m in result.measures] == ["清理河道", "清理河道", "修路"]
    assert [named(m)[0][0] for m in result.measures] == ["市水务局", "市水务局", "市交通局"]
    assert "merged_or_empty_cell" not in codes(result)


def test_two_header_rows_are_read_together() -> None:
    result = html(
        "<table><tr><td rowspan=2>序号</td><td rowspan=2>任务</td><td colspan=2>责任分工</td></tr>"
        "<tr><td>牵头单位</td><td>配合单位</td></tr>"
        "<tr><td>1</td><td>清理河道</td><td>市水务局</td><td>市教育局</td></tr></table>"
    )
    assert named(result.measures[0]) == [
        ("市水务局", "lead", "unit"),
        ("市教育局", "cooperating", "unit"),
    ]


def test_section_rows_and_repeated_headers_are_no_tasks() -> None:
    header = "<tr><td>序号</td><td>任务</td><td>责任单位</td></tr>"
    result = html(
        f"<table>{header}<tr><td colspan=3>一、水</td></tr>"
        "<tr><td>1</td><td>清理河道</td><td>市水务局</td></tr>"
        f"{header}<tr><td>2</td><td>修路</td><td>市交通局</td></tr></table>"
    )
    assert [m.path for m in result.measures] == [("一、水", "1"), ("一、水", "2")]


def test_offices_inside_a_department_are_not_units_of_the_plan() -> None:
    result = html(
        "<table><tr><td>序号</td><td>任务</td><td>牵头单位</td><td>局内牵头处室</td></tr>"
        "<tr><td>1</td><td>清理河道</td><td>市水务局</td><td>河道处</td></tr></table>"
    )
    assert [name for name, _, _ in named(result.measures[0])] == ["市水务局"]


def test_layout_tables_are_read_as_text() -> None:
    result = html(
        "<table><tr><td><p>一、任务</p><p>1.清淤。（责任单位：市水务局）</p></td></tr></table>"
    )
    assert [m.heading for m in result.measures] == ["清淤"]


def test_a_table_of_figures_is_no_task_table() -> None:
    result = html(
        "<p>一、任务</p><p>1.清淤。（责任单位：市水务局）</p>"
        "<table><tr><td>年份</td><td>长度</td></tr><tr><td>2023</td><td>15公里</td></tr></table>"
    )
    assert len(result.measures) == 1


def test_word_tables_carry_vertical_merges_down() -> None:
    document = docx.Document()
    document.add_paragraph("云岭市清洁工作任务分工表")
    table = document.add_table(rows=4, cols=4)
    rows = [
        ("序号", "任务", "内容", "责任单位"),
        ("1", "清理河道", "清淤。", "市水务局"),
        ("", "", "截污。", ""),
        ("2", "修路", "修补。", "市交通局牵头，各街道配合"),
    ]
    for row, texts in zip(table.rows, rows, strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    for column in (0, 1, 3):
        table.cell(1, column).merge(table.cell(2, column))
    result = read_docx(document)
    assert [(m.number, m.heading) for m in result.measures] == [
        ("1", "清理河道"),
        ("1", "清理河道"),
        ("2", "修路"),
    ]
    assert named(result.measures[1]) == [("市水务局", "responsible", "unit")]
    assert named(result.measures[2]) == [
        ("市交通局", "lead", "unit"),
        ("各街道", "cooperating", "group"),
    ]
    assert "merged_or_empty_cell" not in codes(result)
