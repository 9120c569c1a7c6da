"""The plan's process as a picture, drawn from the process itself."""

import pytest
from defusedxml.ElementTree import fromstring
from django.urls import reverse
from django.utils import translation

from tests.workflows.planning import District, make_issued
from tests.workflows.test_plan_pages import signed_in
from workflows import flows
from workflows.flows import PlanFlow
from workflows.plan_chart import bpmn, drawn

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_chart_has_every_node_and_marks_the_present_step_alone(language: str) -> None:
    with translation.override(language):
        chart = drawn("approve_issuing")

        assert len(chart.boxes) == len(list(PlanFlow.instance.nodes()))
        assert chart.now == str(flows.NAMES["approve_issuing"])
        assert sum(box.now for box in chart.boxes) == 1


def test_a_completed_plan_stands_at_the_end_and_a_cancelled_one_nowhere() -> None:
    assert drawn("completed").now == "Completed"
    assert drawn("cancelled").now == ""


def test_no_two_boxes_of_the_chart_overlap() -> None:
    boxes = drawn("draft").boxes
    for one in boxes:
        for other in boxes:
            apart = (
                one is other
                or one.x + one.width <= other.x
                or other.x + other.width <= one.x
                or one.y + one.height <= other.y
                or other.y + other.height <= one.y
            )
            assert apart, (one.name, other.name)


def test_the_export_names_the_step_at_which_the_plan_is() -> None:
    root = fromstring(bpmn("draft"))

    names = [node.get("name", "") for node in root.iter(f"{BPMN}receiveTask")]
    assert [name for name in names if "here" in name] == ["Draft (the plan is here)"]


@pytest.mark.django_db
def test_the_plan_page_shows_the_chart_without_styles_and_leads_to_the_export(
    district: District,
) -> None:
    plan = make_issued(district)
    client = signed_in(district.handler)

    page = client.get(reverse("plan", args=[plan.pk])).content.decode()
    export = client.get(reverse("plan_bpmn", args=[plan.pk]))

    assert "chart-title" in page
    assert "style=" not in page
    assert reverse("plan_bpmn", args=[plan.pk]) in page
    assert export["Content-Disposition"].startswith("attachment")
