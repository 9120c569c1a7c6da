"""Which passages are measures, what they are called, where they stand."""

from tests.importing.plans import HEAD, codes, measures, named, proposal


def test_numbers_run_on_through_sections_and_keep_their_path() -> None:
    found = measures(
        "一、总体要求\n坚持统筹。\n二、任务\n（一）水\n1.清淤。清理河道。（责任单位：市水务局）\n"
        "（二）路\n2.修路。修好道路。（责任单位：市交通局）\n三、保障\n3.督查。抓好督查。"
        "（责任单位：市教育局）"
    )
    assert [measure.path for measure in found] == [
        ("二、", "（一）", "1."),
        ("二、", "（二）", "2."),
        ("三、", "3."),
    ]
    assert [measure.heading for measure in found] == ["清淤", "修路", "督查"]
    assert [measure.key for measure in found] == ["2.1.1", "2.2.2", "3.3"]


def test_glyph_variants_of_numbers_are_one_level() -> None:
    found = measures(
        "一．任务\n(一)甲\n1．清淤。（市水务局负责）\n2﹒修路。（市交通局负责）\n３、绿化。（市林草局负责）\n"
        "⒋督查。（市教育局负责）"
    )
    assert [measure.heading for measure in found] == ["清淤", "修路", "绿化", "督查"]
    assert {len(measure.path) for measure in found} == {3}


def test_both_levels_of_an_outline_may_have_their_own_clause() -> None:
    found = measures(
        "一、任务\n（一）治水。全面治水。（市水务局牵头，各区负责）\n具体措施：\n"
        "1.清淤。（市水务局负责）\n2.截污。（市住建局负责）"
    )
    assert [measure.number for measure in found] == ["（一）", "1.", "2."]
    assert "具体措施" not in found[0].body


def test_measures_without_a_number_are_kept_under_their_words() -> None:
    found = measures(
        "一、任务\n（一）治水。全面治水。（市水务局负责）\n具体措施：开展巡河。（各街道负责）"
    )
    assert [measure.number for measure in found] == ["（一）", "具体措施："]


def test_a_plan_without_clauses_loses_no_measure() -> None:
    result = proposal(
        "一、水\n（一）清淤。\n清理河道。\n（二）截污。\n完善管网。\n二、路\n（三）修路。"
    )
    assert [measure.heading for measure in result.measures] == ["清淤", "截污", "修路"]
    flagged = {k for q in result.questions if q.code == "no_clause" for k in q.measure_keys}
    assert flagged == {measure.key for measure in result.measures}


def test_one_measure_without_clause_among_others_is_kept_and_flagged() -> None:
    result = proposal("一、任务\n1.清淤。（市水务局负责）\n2.修路。\n3.绿化。（市林草局负责）")
    assert [measure.number for measure in result.measures] == ["1.", "2.", "3."]
    (question,) = [q for q in result.questions if q.code == "no_clause"]
    assert question.severity == "blocking"
    assert question.measure_keys == ("1.2",)


def test_principles_are_listed_as_background_and_not_as_tasks() -> None:
    result = proposal(
        "一、基本原则\n（一）坚持统筹。\n（二）坚持创新。\n二、任务\n（一）清淤。（市水务局负责）"
    )
    assert [measure.heading for measure in result.measures] == ["清淤"]
    assert [aside.reason for aside in result.asides] == ["background", "background"]
    assert "not_imported" in codes(result)


def test_points_below_a_measure_belong_to_it() -> None:
    (measure,) = measures(
        "一、任务\n（一）清淤。分两步：\n（1）排查；\n（2）清理。（责任单位：市水务局、市教育局）"
    )
    assert measure.number == "（一）"
    assert "排查" in measure.body
    assert len(named(measure)) == 2


def test_an_attachment_begins_a_new_outline() -> None:
    found = measures(
        "一、对象\n全市。\n二、方式\n（一）打分。\n附件\n任务清单\n一、水\n1.清淤。（市水务局负责）"
    )
    assert [measure.path for measure in found] == [("一、", "1.")]


def test_text_that_lost_its_line_ends_is_split_again() -> None:
    filler = "把各项工作抓实抓细，" * 30 + "务求实效。（九）号楼也要改造。"
    body = (
        f"{filler}一、放出活力（一）清淤。{filler}（市水务局负责）（二）截污。{filler}（市住建局牵头，"
        f"各区负责）二、管出质量（三）巡查。{filler}（市教育局负责）（四）执法。{filler}（市民政局负责）"
    )
    flat = proposal(body, head="")
    assert [measure.number for measure in flat.measures] == ["（一）", "（二）", "（三）", "（四）"]
    assert "resplit_text" in codes(flat)
    for measure in flat.measures:
        assert flat.source[measure.start : measure.end].startswith(measure.number)


def test_gaps_and_restarts_of_numbers_are_asked_about() -> None:
    result = proposal(
        "一、任务\n1.清淤。（市水务局负责）\n3.修路。（市交通局负责）\n3.绿化。（市林草局负责）"
    )
    assert {"number_gap", "number_restart"} <= codes(result)
    assert len({measure.key for measure in result.measures}) == 3


def test_numbers_that_begin_again_below_the_next_heading_are_normal() -> None:
    result = proposal(
        "一、任务\n（一）水\n1.清淤。（市水务局负责）\n（二）路\n1.修路。（市交通局负责）"
    )
    assert not {"number_gap", "number_restart"} & codes(result)
    assert len({measure.key for measure in result.measures}) == 2


def test_a_signature_is_no_part_of_the_last_measure() -> None:
    found = measures("一、任务\n（一）清淤。（市水务局负责）\n云岭市人民政府\n2023年4月5日")
    assert found[0].body.endswith("（市水务局负责）")


def test_head_gives_title_number_addressees_and_year() -> None:
    result = proposal(
        "各区人民政府，市直各部门：\n云岭市人民政府办公室\n2023年4月5日\n一、任务\n（一）清淤。",
        head=HEAD,
    )
    assert result.title == "云岭市2023年河湖清洁行动方案"
    assert result.doc_number == "云政办发〔2023〕7号"
    assert result.addressees == ("各区人民政府", "市直各部门")
    assert result.issued_on == "2023-04-05"
    assert result.year == 2023


def test_a_title_over_several_lines_is_joined() -> None:
    result = proposal(
        "一、任务\n（一）清淤。",
        head="云岭区综合办公室印发《关于全面清洁\n\n河湖环境的实施方案》的通知\n云办发〔2021〕5号\n",
    )
    assert result.title == "关于全面清洁河湖环境的实施方案"


def test_a_cited_number_is_not_the_documents_own() -> None:
    result = proposal(
        "根据《通知》（云办发〔2020〕4号）精神，制定本方案。\n一、任务\n（一）清淤。", head=""
    )
    assert result.doc_number is None
    assert {"missing_doc_number", "missing_title"} <= codes(result)


def test_a_number_inside_a_heading_is_not_the_documents_own() -> None:
    assert proposal("落实云政发〔2022〕3号要求\n一、任务\n（一）清淤。", head="").doc_number is None


def test_a_tagged_number_is_found_among_page_metadata() -> None:
    head = "发文字号：云政办发〔2023〕7号　发布日期：2023年4月6日。\n"
    assert proposal("一、任务\n（一）清淤。", head=head).doc_number == "云政办发〔2023〕7号"


def test_a_regulation_is_no_plan() -> None:
    articles = "\n".join(f"第{n}条　各单位应当遵守本办法。" for n in "一二三四五六七八")
    result = proposal(f"第一章　总则\n{articles}")
    assert result.not_a_plan is not None
    assert result.not_a_plan.reason == "regulation"
    assert result.measures == ()
    assert result.doc_number == "云政办发〔2023〕7号"


def test_a_letter_without_numbers_is_no_plan() -> None:
    result = proposal("请各单位按时参加会议。")
    assert result.not_a_plan is not None
    assert result.not_a_plan.reason == "no_numbered_items"


def test_a_clause_that_always_follows_the_last_point_speaks_for_the_item() -> None:
    found = measures(
        "一、任务\n（一）治水\n1.清淤。\n2.截污。（责任单位：市水务局）\n"
        "（二）修路\n1.补坑。\n2.划线。（责任单位：市交通局）"
    )
    assert [measure.number for measure in found] == ["（一）", "（二）"]


def test_a_letter_with_numbers_before_the_plan_is_not_part_of_it() -> None:
    result = proposal(
        "现通知如下：\n一、高度重视。\n二、加强督查。\n云岭市人民政府办公室\n2023年4月5日\n清洁方案\n"
        "1.清淤。（责任单位：市水务局）"
    )
    assert [measure.path for measure in result.measures] == [("1.",)]
    assert [aside.number for aside in result.asides] == ["一、", "二、"]
