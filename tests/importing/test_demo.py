"""The demo plan, as text and as a Word file with automatic numbers."""

from pathlib import Path

from tests.importing.plans import named
from workflows.importing import DirectorySnapshot, Proposal, propose, read_document

DEMO = Path(__file__).resolve().parents[2] / "demo"


def proposed(name: str) -> Proposal:
    return propose(read_document((DEMO / name).read_bytes(), name), DirectorySnapshot())


def test_the_demo_plan_has_its_fifteen_measures() -> None:
    result = proposed("plan.txt")
    assert result.doc_number == "本高党政办发〔2021〕35号"
    assert [measure.number for measure in result.measures] == [f"{i}." for i in range(1, 16)]
    assert sum(len(measure.units) for measure in result.measures) == 38
    assert named(result.measures[11]) == [
        ("区直各部门", "responsible", "group"),
        ("各街道", "responsible", "group"),
    ]


def test_the_word_file_says_the_same_as_the_text() -> None:
    text, word = proposed("plan.txt"), proposed("plan.docx")
    assert word.to_score_json() == text.to_score_json()
    assert [m.body for m in word.measures] == [m.body for m in text.measures]
    assert {q.id for q in word.questions} == {q.id for q in text.questions}
