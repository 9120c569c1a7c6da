"""Who does what: the clause forms of real documents, in sentences of our own."""

import pytest

from tests.importing.plans import measures, named, proposal, roles


def test_a_labelled_list_names_responsible_units() -> None:
    assert roles("（责任单位：市教育局、市民政局，各县人民政府）") == [
        ("市教育局", "responsible"),
        ("市民政局", "responsible"),
        ("各县人民政府", "responsible"),
    ]


def test_labels_give_lead_and_cooperating_units_their_roles() -> None:
    assert roles("（牵头单位：市教育局；配合单位：市民政局、市水务局）") == [
        ("市教育局", "lead"),
        ("市民政局", "cooperating"),
        ("市水务局", "cooperating"),
    ]


def test_short_labels_do_as_well() -> None:
    assert roles("（牵头：市教育局；配合：市民政局）") == [
        ("市教育局", "lead"),
        ("市民政局", "cooperating"),
    ]


def test_labels_may_be_divided_by_spaces_alone() -> None:
    assert roles("（牵头单位：市教育局　配合单位：市民政局 市水务局）") == [
        ("市教育局", "lead"),
        ("市民政局", "cooperating"),
        ("市水务局", "cooperating"),
    ]


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        ("（市教育局牵头，市民政局配合）", ["lead", "cooperating"]),
        (
            "（市教育局牵头，市民政局、市水务局按职责分工负责）",
            ["lead", "responsible", "responsible"],
        ),
        ("（市教育局、市民政局负责）", ["responsible", "responsible"]),
        ("（由市教育局牵头，市民政局参与）", ["lead", "cooperating"]),
        ("（市教育局会同有关部门负责）", ["lead", "cooperating"]),
        ("（市教育局牵头组织实施，各区具体落实）", ["lead", "responsible"]),
        ("（市教育局、市民政局分别牵头，各区密切配合）", ["lead", "lead", "cooperating"]),
    ],
)
def test_verbs_give_roles(clause: str, expected: list[str]) -> None:
    assert [role for _, role in roles(clause)] == expected


def test_an_assessing_unit_is_no_doer() -> None:
    assert roles("（6月底完成，牵头考核单位：市教育局）") == [("市教育局", "assessor")]


def test_a_role_may_stand_behind_the_name() -> None:
    assert roles("（责任单位：市教育局（牵头）、市民政局）") == [
        ("市教育局", "lead"),
        ("市民政局", "responsible"),
    ]


def test_a_clause_without_brackets_ends_with_its_sentence() -> None:
    assert roles("责任单位：市教育局、市民政局。") == [
        ("市教育局", "responsible"),
        ("市民政局", "responsible"),
    ]


def test_clause_lines_below_the_text_are_one_clause() -> None:
    (measure,) = measures(
        "一、任务\n（一）清理河道\n全面清理。\n牵头单位：市水务局\n配合单位：市教育局\n"
        "完成时限：2023年6月底前"
    )
    assert len(measure.clauses) == 1
    assert named(measure) == [("市水务局", "lead", "unit"), ("市教育局", "cooperating", "unit")]
    assert measure.clauses[0].deadline == "2023年6月底前"


def test_lines_that_end_in_a_stop_are_clause_lines_too() -> None:
    (measure,) = measures(
        "一、任务\n1.清淤。\n牵头负责领导：林远。\n牵头责任单位：市水务局。\n"
        "协同责任单位：市教育局、高新区管委会等，各县、市、区政府。"
    )
    assert named(measure) == [
        ("市水务局", "lead", "unit"),
        ("市教育局", "cooperating", "unit"),
        ("高新区管委会", "cooperating", "unit"),
        ("各县、市、区政府", "cooperating", "group"),
    ]
    assert len(measure.clauses) == 1


def test_brackets_that_explain_are_no_clause() -> None:
    (measure,) = measures(
        "一、任务\n（一）清理河道（含支流）得（0.5分）。经费（市财政局负责）列支。"
        "（责任单位：市水务局）清理院落（含市教育局、市民政局）"
    )
    assert [clause.raw for clause in measure.clauses] == ["（责任单位：市水务局）"]


def test_each_clause_in_a_paragraph_keeps_its_own_place() -> None:
    (measure,) = measures(
        "一、任务\n（一）清理河道。先清淤。（市水务局负责）再绿化。（市林草局、市教育局负责）"
    )
    assert [len(clause.units) for clause in measure.clauses] == [1, 2]


def test_a_name_that_ends_like_a_verb_stays_a_name() -> None:
    assert roles("（责任单位：市教育局、市政协办）") == [
        ("市教育局", "responsible"),
        ("市政协办", "responsible"),
    ]


def test_and_so_on_leaves_the_list_open() -> None:
    (measure,) = measures("一、任务\n（一）清理。（市水务局、市教育局等有关部门负责）")
    assert measure.clauses[0].open_ended
    assert named(measure)[-1] == ("有关部门", "responsible", "group")


def test_a_bare_and_so_on_names_nobody() -> None:
    assert [name for name, _ in roles("（责任单位：市水务局、市教育局等部门）")] == [
        "市水务局",
        "市教育局",
    ]


def test_a_rule_said_once_makes_the_first_unit_lead_from_there_on() -> None:
    found = measures(
        "一、任务\n1.修路。（市教育局、市民政局负责）\n"
        "2.清淤。（市水务局、市教育局负责，排在第一位的部门为牵头部门，下同）\n"
        "3.绿化。（市林草局、市教育局负责）"
    )
    assert [[unit.role for unit in measure.units] for measure in found] == [
        ["responsible", "responsible"],
        ["lead", "responsible"],
        ["lead", "responsible"],
    ]


def test_a_rule_in_the_preamble_holds_for_the_whole_document() -> None:
    found = measures(
        "各项任务排名第一的单位为牵头单位。\n一、任务\n1.修路。（市教育局、市民政局负责）"
    )
    assert [unit.role for unit in found[0].units] == ["lead", "responsible"]


def test_a_list_in_brackets_is_a_clause_only_where_all_names_are_units() -> None:
    assert [name for name, _ in roles("（市教育局、市民政局）")] == ["市教育局", "市民政局"]
    assert roles("（清淤、绿化、修路）") == []


def test_persons_are_not_units() -> None:
    assert roles("（责任领导：林远；责任单位：市水务局；责任人：周禾）") == [
        ("市水务局", "responsible")
    ]


def test_a_name_broken_over_two_lines_is_whole_again() -> None:
    assert roles("（责任单位：市教\n育局、市民政局）") == [
        ("市教育局", "responsible"),
        ("市民政局", "responsible"),
    ]


def test_an_unclosed_bracket_hides_no_later_clause() -> None:
    found = measures(
        "一、任务\n1.修路（一期。（责任单位：市教育局）\n2.清淤。（责任单位：市水务局）"
    )
    assert [named(measure)[0][0] for measure in found] == ["市教育局", "市水务局"]


def test_spans_point_at_the_printed_clause() -> None:
    result = proposal("一、任务\n1.修路。（责任单位：市交通委（市道运局）、各区、县级市）")
    (measure,) = result.measures
    (clause,) = measure.clauses
    assert result.source[clause.start : clause.end] == clause.raw
    assert [result.source[u.start : u.end] for u in clause.units] == [
        "市交通委（市道运局）",
        "各区、县级市",
    ]
