"""An exported route in bpmn-js, the viewer that most BPMN tools are made of."""

from importlib.util import find_spec
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from approvals.routes import bpmn
from tests.approvals.test_exchange import STAGES, WORDS

pytestmark = pytest.mark.browser


def viewer() -> Path:
    """The script of bpmn-js, as the package django-bpmn carries it."""
    found = find_spec("django_bpmn")
    assert found
    assert found.origin
    static = Path(found.origin).parent / "static" / "django_bpmn"
    return static / "js" / "bpmn-modeler.development.js"


def test_a_bpmn_viewer_opens_an_exported_route(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content('<div id="canvas" style="width: 1600px; height: 600px"></div>')
    page.add_script_tag(path=viewer())
    xml = bpmn.export(STAGES, WORDS).decode()
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
    assert {"start", "submitter", "stage_1", "if_2", "stage_3", "passed_3", "end"} <= set(
        found["names"]
    )
    assert found["flows"] == xml.count("<bpmn:sequenceFlow")
    page.close()
