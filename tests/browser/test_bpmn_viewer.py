"""What is exported, in bpmn-js, the viewer that most BPMN tools are made of."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from approvals.routes import bpmn
from tests.approvals.test_exchange import STAGES, WORDS
from workflows import plan_chart

pytestmark = pytest.mark.browser


def viewer() -> Path:
    """The script of bpmn-js, as the package django-bpmn carries it."""
    found = find_spec("django_bpmn")
    assert found
    assert found.origin
    static = Path(found.origin).parent / "static" / "django_bpmn"
    return static / "js" / "bpmn-modeler.development.js"


ROUTE = {"start", "submitter", "stage_1", "if_2", "stage_3", "passed_3", "end"}
PLAN = {
    f"id_node_{name}" for name in ("start", "draft", "countersign", "approved", "revise", "end")
}


@pytest.mark.parametrize(
    ("export", "nodes"),
    [
        (lambda: bpmn.export(STAGES, WORDS).decode(), ROUTE),
        (lambda: plan_chart.bpmn("receipts"), PLAN),
    ],
    ids=["route", "plan"],
)
def test_a_bpmn_viewer_opens_what_is_exported(
    browser: Browser, export: Callable[[], str], nodes: set[str]
) -> None:
    page = browser.new_page()
    page.set_content('<div id="canvas" style="width: 1600px; height: 600px"></div>')
    page.add_script_tag(path=viewer())
    xml = export()
    found = page.evaluate(
        """async (xml) => {
            const viewer = new BpmnJS({ container: "#canvas" });
            const { warnings } = await viewer.importXML(xml);
            return {
                warnings: warnings.map(String),
                names: [...document.querySelectorAll(".djs-shape")].map(
                    (one) => one.dataset.elementId,
                ),
                flows: document.querySelectorAll(".djs-connection").length,
            };
        }""",
        xml,
    )
    assert found["warnings"] == []
    assert nodes <= set(found["names"])
    assert found["flows"] == xml.count("<bpmn:sequenceFlow")
    page.close()
