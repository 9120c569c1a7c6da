"""What is asked before anything is issued."""

import json

from tests.importing.plans import codes, proposal
from workflows.importing import CODES, Proposal


def test_several_units_without_lead_propose_the_first_named() -> None:
    result = proposal("一、任务\n1.清淤。（责任单位：各街道、市教育局、市民政局）")
    (question,) = [q for q in result.questions if q.code == "no_lead_among_several"]
    assert question.default == {"lead": 1}
    assert question.params["text"] == "市教育局"


def test_an_assessor_alone_needs_a_doer() -> None:
    result = proposal("一、任务\n1.清淤。（牵头考核单位：市教育局）")
    assert "assessor_only" in codes(result)
    assert result.measures[0].lead is None


def test_the_text_may_name_a_unit_that_its_clause_forgets() -> None:
    result = proposal("一、任务\n1.清淤。此项工作由市民政局负责。（责任单位：各街道）")
    (question,) = [q for q in result.questions if q.code == "body_names_other_unit"]
    assert question.params == {"text": "市民政局", "unit": "u-civil"}


def test_a_unit_named_in_text_and_clause_is_no_conflict() -> None:
    result = proposal("一、任务\n1.清淤。由市民政局负责清理。（责任单位：市民政局）")
    assert "body_names_other_unit" not in codes(result)


def test_several_clauses_open_lists_and_the_first_leads_rule_are_asked_about() -> None:
    result = proposal(
        "一、任务\n1.清淤。先清。（市教育局等部门负责，列第一位的为牵头单位）后管。（市民政局负责）"
    )
    assert {"several_clauses", "open_ended", "first_is_lead_rule"} <= codes(result)


def test_questions_are_numbered_and_their_ids_do_not_change() -> None:
    body = "一、任务\n1.清淤。（市水务局等部门负责）\n2.修路。\n"
    first, again = proposal(body), proposal(body + "3.绿化。（市林草局负责）")
    assert [q.number for q in first.questions] == list(range(1, len(first.questions) + 1))
    assert len({q.id for q in first.questions}) == len(first.questions)
    assert {q.id for q in first.questions} <= {q.id for q in again.questions}


def test_every_question_has_a_sentence_for_its_parameters() -> None:
    result = proposal(
        "一、原则\n（一）坚持。\n二、任务\n1.清淤。由市民政局负责。先清。（6月底前，责任单位：审批服务局、"
        "各街道等）后管。（市教育局、发改局负责）\n3.修路。（牵头考核单位：市桥梁所）\n3.绿化。"
    )
    assert len(codes(result)) > 10
    assert all(question.message for question in result.questions)
    assert codes(result) <= set(CODES)


def test_a_proposal_survives_json_unchanged() -> None:
    result = proposal("一、任务\n1.清淤。（6月底前，责任单位：市教育局、各街道等）\n2.修路。")
    assert Proposal.from_dict(json.loads(json.dumps(result.to_dict()))) == result


def test_the_exchange_format_names_numbers_paths_and_roles() -> None:
    data = proposal("一、任务\n1.清淤。（6月底前完成，责任单位：市教育局）").to_score_json()
    assert data["doc_number"] == "云政办发〔2023〕7号"
    assert data["measures"] == [
        {
            "number": "1.",
            "path": ["一、", "1."],
            "heading": "清淤",
            "clauses": [
                {
                    "raw": "（6月底前完成，责任单位：市教育局）",
                    "deadline": "6月底前完成",
                    "open_ended": False,
                    "units": [{"text": "市教育局", "role": "responsible", "kind": "unit"}],
                }
            ],
        }
    ]


def test_the_caller_adds_what_only_it_can_know() -> None:
    plain = proposal("一、任务\n1.清淤。（责任单位：市教育局）")
    asked = plain.asking("duplicate_document", doc_number=plain.doc_number)
    assert asked.questions[:-1] == plain.questions
    assert asked.questions[-1].number == len(asked.questions)
    assert "云政办发〔2023〕7号" in asked.questions[-1].message
    assert asked.questions[-1] in asked.blocking()
