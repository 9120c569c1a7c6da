"""Routes as files: moved between organisations, refused by place, opened by BPMN tools."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from approvals import actions
from approvals.actions import StageSpec
from approvals.models import RouteDraft, RouteVersion
from approvals.routes import bpmn, exchange
from approvals.routes.schema import misfits
from audit.models import Entry
from audit.verification import verify
from tests.approvals.routing import LEAD, Office, stage
from tests.factories import NOW, make_unit

OFFICE = {"select": "post", "unit": "Office", "role": "principal"}


def file(*stages: dict[str, Any], **more: Any) -> dict[str, Any]:
    given = stages or ({"name": "First", "approvers": [LEAD]},)
    return {
        "format": "duban-route/1",
        "name": "Moved",
        "subject_kind": "task_completion",
        "stages": list(given),
        **more,
    }


def encoded(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()


def test_what_is_written_is_read_again() -> None:
    stages = [
        StageSpec("First", [LEAD], returns_to=[]),
        StageSpec(
            "Vote",
            [
                {"select": "post", "unit": "u1", "role": "reviewer", "weight": 2},
                {"select": "chosen_by_submitter", "from": {"select": "person", "person": "p1"}},
            ],
            rule="quorum",
            quorum_percent=60,
            refusal="vote",
            returns_to=[1],
            due_in=3,
            fallback=[{"select": "person", "person": "p1"}],
            condition={"unit_kinds": ["street"]},
        ),
    ]
    data = exchange.write("Moved", "task_completion", stages, {"u1": "甲办"}, {"p1": "ana"})
    assert not list(misfits(json.loads(data), exchange.schema()))
    portable = exchange.read(data)
    back = exchange.settled(portable, {"甲办": "u2"}.get, {"ana": "p2"}.get)
    assert back[1]["approvers"][0]["unit"] == "u2"
    assert back[1]["approvers"][1]["from"] == {"select": "person", "person": "p2"}
    assert back[1]["fallback"] == [{"select": "person", "person": "p2"}]
    assert back[0] == stages[0].plain


FAULTY: dict[str, Any] = {
    "stages[0].rule: expected one of any, all, quorum": file(
        {"name": "A", "approvers": [LEAD], "rule": "some"}
    ),
    "stages[1].approvers is missing": file({"name": "A", "approvers": [LEAD]}, {"name": "B"}),
    "stages[0].approvers[0].role: expected one of": file(
        {"name": "A", "approvers": [{"select": "post_of_lead", "role": "auditor"}]}
    ),
    "stages[0].colour is not known here": file({"name": "A", "approvers": [LEAD], "colour": 1}),
    "stages[0].due_in: at least 1": file({"name": "A", "approvers": [LEAD], "due_in": 0}),
    "stages[0].sequential: expected boolean": file(
        {"name": "A", "approvers": [LEAD], "sequential": 1}
    ),
    "name is empty": file(name=""),
    "format: expected one of duban-route/1": file(format="duban-route/9"),
    "{}: expected object": [],
    "stage 1 “A”: a vote needs": file({"name": "A", "approvers": [LEAD], "rule": "quorum"}),
    "earlier one": file({"name": "A", "approvers": [LEAD], "returns_to": [1]}),
}


@pytest.mark.parametrize("sentence", FAULTY)
def test_a_file_that_does_not_fit_is_refused_by_place(sentence: str) -> None:
    with pytest.raises(exchange.Unfitting) as refused:
        exchange.read(encoded(FAULTY[sentence]))
    assert sentence in refused.value.message


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"{", b"[" * 100_000, b" " * 200_001], ids=len)
def test_what_is_no_json_is_no_route(data: bytes) -> None:
    with pytest.raises(exchange.Unreadable):
        exchange.read(data)


def test_the_schema_has_every_field_of_a_stage_and_every_choice() -> None:
    from approvals.routes import specs

    stage = exchange.schema()["$defs"]["stage"]["properties"]
    assert set(stage) == set(specs.FIELDS)
    for name, values in specs.CHOICES.items():
        assert stage[name]["enum"] == list(values)
    assert stage["may"]["items"]["enum"] == list(specs.MAY)
    assert set(stage["condition"]["properties"]) == set(specs.CONDITIONS)
    select = exchange.schema()["$defs"]["selector"]["properties"]["select"]["enum"]
    assert select == list(specs.SELECTS)


def send(office: Office, content: Any) -> Any:
    client = Client()
    client.force_login(office.writer)
    sent = SimpleUploadedFile("route.json", encoded(content), "application/json")
    return client.post(reverse("route_import"), {"file": sent})


@pytest.mark.usefixtures("committed_db")
def test_a_route_moves_to_another_organisation_by_names() -> None:
    here, there = Office(), Office()
    unit = make_unit(here.organisation, "Office")
    other = make_unit(there.organisation, "Office of the district", aliases=["Office"])
    asks = [OFFICE | {"unit": str(unit.pk)}]
    route = here.publish(StageSpec("First", asks, due_in=2), name="Moved", kind="task_completion")
    client = Client()
    client.force_login(here.member)
    answer = client.get(reverse("route_json", args=[route.pk]))
    assert "Moved-v1.json" in answer["Content-Disposition"]
    assert send(there, json.loads(answer.content)).status_code == 302
    draft = RouteDraft.objects.get(organisation=there.organisation)
    assert draft.stages[0]["approvers"] == [OFFICE | {"unit": str(other.pk)}]
    assert draft.stages[0]["due_in"] == 2
    assert send(here, json.loads(answer.content)).status_code == 302
    assert RouteDraft.objects.get(organisation=here.organisation).route == route


@pytest.mark.usefixtures("committed_db")
def test_names_that_nobody_has_here_are_named_by_place() -> None:
    office = Office()
    nobody = {"select": "person", "person": "nobody"}
    answer = send(office, file({"name": "A", "approvers": [OFFICE, nobody]}))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "stages[0].approvers[0].unit" in page
    assert "nobody here has the account “nobody”" in page
    assert not RouteDraft.objects.filter(organisation=office.organisation).exists()


@pytest.mark.usefixtures("committed_db")
def test_the_operator_publishes_a_file(tmp_path: Path) -> None:
    office = Office()
    place = tmp_path / "route.json"
    place.write_bytes(encoded(file()))
    name = office.organisation.name
    call_command("publish_route", place, organisation=name, stdout=StringIO())
    assert RouteVersion.objects.get(organisation=office.organisation).stages.count() == 1
    place.write_bytes(encoded(file({"name": "A", "approvers": [OFFICE]})))
    with pytest.raises(CommandError, match="approvers"):
        call_command("publish_route", place, organisation=name, stdout=StringIO())
    with pytest.raises(CommandError, match="--organisation"):
        call_command("publish_route", place, organisation="Nowhere", stdout=StringIO())


@pytest.mark.usefixtures("committed_db")
@pytest.mark.parametrize(("goes_on", "state"), [(False, "published"), (True, "writing")])
def test_a_draft_that_the_operator_publishes_as_it_is_is_done_with(
    tmp_path: Path, goes_on: bool, state: str
) -> None:
    office = Office()
    vote = {"select": "post", "unit": str(office.committee.pk), "role": "reviewer", "weight": 2}
    draft = actions.begin_route(
        organisation=office.organisation,
        name="First",
        subject_kind="route_publication",
        stages=[stage("Vote", approvers=[vote], rule="quorum", quorum_number=2, due_in=3)],
        actor=office.writer,
        at=NOW,
    )
    client = Client()
    client.force_login(office.writer)
    place = tmp_path / "route.json"
    exported = client.get(f"{reverse('route_json', args=[draft.route_id])}?draft")
    place.write_bytes(exported.content)
    if goes_on:
        office.save(draft, *draft.stages, stage("Second"))
    call_command("publish_route", place, organisation=office.organisation.name, stdout=StringIO())
    draft.refresh_from_db()
    assert draft.state == state
    entry = Entry.objects.filter(subject=f"route:{draft.route_id}").latest("subject_seq")
    told = json.loads(bytes(entry.body))["facts"]
    assert ("draft" in told) is not goes_on
    assert verify(office.organisation.pk).first_bad is None


WORDS = bpmn.Words(
    "Route <1>",
    "ready",
    "submit",
    "done",
    "passed",
    "returned",
    "skipped",
    ["A", "B", "C"],
    [""] * 3,
)
STAGES = [
    StageSpec("A", [LEAD]),
    StageSpec("B", [LEAD], returns_to=[1], condition={"unit_kinds": ["street"]}),
    StageSpec("C", [LEAD], rule="all", sequential=True),
]


def test_a_route_as_bpmn_has_a_shape_for_every_node_and_a_line_for_every_flow() -> None:
    root = fromstring(bpmn.export(STAGES, WORDS))
    model, di = f"{{{bpmn.BPMN}}}", f"{{{bpmn.BPMNDI}}}"
    process, plane = root[0], root[1][0]
    nodes = {one.get("id") for one in process if one.tag != f"{model}sequenceFlow"}
    flows = process.findall(f"{model}sequenceFlow")
    assert {one.get("bpmnElement") for one in plane.findall(f"{di}BPMNShape")} == nodes
    drawn = {one.get("bpmnElement") for one in plane.findall(f"{di}BPMNEdge")}
    assert drawn == {one.get("id") for one in flows}
    assert len(drawn) == len(flows)
    ends = {(one.get("sourceRef"), one.get("targetRef")) for one in flows}
    assert {node for pair in ends for node in pair} == nodes
    assert {("passed_1", "if_2"), ("if_2", "stage_3"), ("passed_2", "stage_1")} <= ends
    assert ("passed_3", "end") in ends
    tasks = process.findall(f"{model}userTask/{model}multiInstanceLoopCharacteristics")
    assert [one.get("isSequential") for one in tasks] == ["false", "false", "true"]
