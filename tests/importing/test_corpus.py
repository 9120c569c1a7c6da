"""The importer against real plans with hand-checked expectations, where they are at hand."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from workflows.importing import DirectorySnapshot, propose, read_document

SHARED = Path(__file__).resolve().parents[3] / "shared"
CORPUS = SHARED / "corpus"
pytestmark = pytest.mark.skipif(
    not CORPUS.is_dir(), reason="the corpus of real plans is not here (../shared/corpus)"
)
FILES = sorted([*CORPUS.glob("*.txt"), *CORPUS.glob("*.html")]) if CORPUS.is_dir() else []
#: Files that hold a part of the document only, without its number.
WITHOUT_NUMBER = {"06b-guoban-43-flat.txt", "14-guangzhou-jiating-yisheng-table.html"}


def scorer() -> Any:
    spec = importlib.util.spec_from_file_location("score", SHARED / "tools" / "score_import.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", FILES, ids=[path.name for path in FILES])
def test_units_roles_kinds_and_deadlines_match_the_checked_reading(path: Path) -> None:
    expected = json.loads(path.with_name(path.stem + ".expected.json").read_text())
    result = propose(read_document(path.read_bytes(), path.name), DirectorySnapshot())
    figures = scorer().score(expected, result.to_score_json())
    for name in ("measures", "units", "units+role+kind", "deadlines"):
        hits, want, got = figures[name]
        assert hits == want == got, (name, figures[name])
    assert figures["doc_number"] or path.name in WITHOUT_NUMBER


def test_a_plan_without_clauses_has_every_measure_flagged() -> None:
    data = (CORPUS / "17-guofa-4-zhijiao-no-clause.txt").read_bytes()
    result = propose(read_document(data, "17.txt"), DirectorySnapshot())
    flagged = {k for q in result.questions if q.code == "no_clause" for k in q.measure_keys}
    assert len(flagged) == len(result.measures) == 20


def test_the_regulation_is_named_as_such() -> None:
    data = (CORPUS / "18-aba-zhengwu-shuju-banfa-negative.txt").read_bytes()
    result = propose(read_document(data, "18.txt"), DirectorySnapshot())
    assert result.not_a_plan is not None
    assert result.not_a_plan.reason == "regulation"
