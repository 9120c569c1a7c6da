"""A route as BPMN 2.0 XML with its picture, so that any BPMN viewer opens it. Pure.

A stage is a user task, several instances of it where several sign: at once or one after the other.
A gateway after it leads on or back; where a stage has a condition, one before it leads around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

from approvals.routes.specs import StageSpec

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMNDI = "http://www.omg.org/spec/BPMN/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"
DI = "http://www.omg.org/spec/DD/20100524/DI"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
TARGET = "urn:duban:route"

for prefix, uri in (("bpmn", BPMN), ("bpmndi", BPMNDI), ("dc", DC), ("di", DI), ("xsi", XSI)):
    register_namespace(prefix, uri)

MIDDLE, TASK_WIDTH, TASK_HEIGHT = 200, 130, 80
EVENT, GATEWAY, GAP = 36, 50, 50


@dataclass(frozen=True)
class Words:
    """What the drawing says, in the reader's language."""

    name: str
    start: str
    submits: str
    """The submitter's own task, to which most returns lead."""
    end: str
    passed: str
    returned: str
    skipped: str
    stages: Sequence[str]
    """The name of each stage."""
    notes: Sequence[str]
    """All that a stage says: who signs, what makes it pass."""


@dataclass
class _Drawing:
    """The elements as they are placed from left to right."""

    process: Element
    plane: Element
    x: int = 60
    flows: list[tuple[str, str, str, str, Sequence[tuple[int, int]]]] = field(default_factory=list)
    places: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    """By id: the left edge, width and height; all stand on one line."""

    def add(self, kind: str, id: str, name: str, width: int, height: int) -> Element:
        element = SubElement(self.process, _q(BPMN, kind), id=id, name=name)
        shape = SubElement(self.plane, _q(BPMNDI, "BPMNShape"), id=f"{id}_shape", bpmnElement=id)
        if kind == "exclusiveGateway":
            shape.set("isMarkerVisible", "true")
        _bounds(shape, self.x, MIDDLE - height // 2, width, height)
        self.places[id] = (self.x, width, height)
        self.x += width + GAP
        return element

    def right(self, id: str) -> tuple[int, int]:
        x, width, _height = self.places[id]
        return x + width, MIDDLE

    def left(self, id: str) -> tuple[int, int]:
        return self.places[id][0], MIDDLE

    def straight(self, source: str, target: str, name: str = "") -> None:
        points = [self.right(source), self.left(target)]
        self.flows.append((f"{source}_to_{target}", source, target, name, points))

    def around(self, source: str, target: str, name: str, height: int) -> None:
        """Above or below everything that stands between, by `height`."""
        (x1, w1, h1), (x2, w2, h2) = self.places[source], self.places[target]
        side = -1 if height < 0 else 1
        start, end = x1 + w1 // 2, x2 + w2 // 2
        points = [
            (start, MIDDLE + side * h1 // 2),
            (start, MIDDLE + height),
            (end, MIDDLE + height),
            (end, MIDDLE + side * h2 // 2),
        ]
        self.flows.append((f"{source}_around_to_{target}", source, target, name, points))


def export(stages: Sequence[StageSpec], words: Words) -> bytes:
    """The whole document, UTF-8 with its declaration."""
    root = Element(_q(BPMN, "definitions"), id="route", targetNamespace=TARGET, exporter="Duban")
    process = SubElement(
        root, _q(BPMN, "process"), id="process", name=words.name, isExecutable="false"
    )
    diagram = SubElement(root, _q(BPMNDI, "BPMNDiagram"), id="diagram")
    plane = SubElement(diagram, _q(BPMNDI, "BPMNPlane"), id="plane", bpmnElement="process")
    drawing = _Drawing(process, plane)
    _nodes(drawing, stages, words)
    _flows(drawing, stages, words)
    for id, source, target, name, points in drawing.flows:
        flow = SubElement(
            process, _q(BPMN, "sequenceFlow"), id=id, sourceRef=source, targetRef=target
        )
        if name:
            flow.set("name", name)
        edge = SubElement(plane, _q(BPMNDI, "BPMNEdge"), id=f"{id}_edge", bpmnElement=id)
        for x, y in points:
            SubElement(edge, _q(DI, "waypoint"), x=str(x), y=str(y))
    return bytes(tostring(root, encoding="UTF-8", xml_declaration=True))


def _nodes(drawing: _Drawing, stages: Sequence[StageSpec], words: Words) -> None:
    drawing.add("startEvent", "start", words.start, EVENT, EVENT)
    drawing.add("userTask", "submitter", words.submits, TASK_WIDTH, TASK_HEIGHT)
    for number, (spec, name, note) in enumerate(
        zip(stages, words.stages, words.notes, strict=True), 1
    ):
        if spec.condition:
            drawing.add("exclusiveGateway", f"if_{number}", "", GATEWAY, GATEWAY)
        task = drawing.add("userTask", f"stage_{number}", name, TASK_WIDTH, TASK_HEIGHT)
        SubElement(task, _q(BPMN, "documentation")).text = note
        if _several(spec):
            SubElement(
                task,
                _q(BPMN, "multiInstanceLoopCharacteristics"),
                isSequential="true" if spec.sequential else "false",
            )
        if spec.refusal != "advice":
            drawing.add("exclusiveGateway", f"passed_{number}", "", GATEWAY, GATEWAY)
    drawing.add("endEvent", "end", words.end, EVENT, EVENT)


def _flows(drawing: _Drawing, stages: Sequence[StageSpec], words: Words) -> None:
    drawing.straight("start", "submitter")
    before, skips, depth = "submitter", "", 0
    for number, spec in enumerate(stages, 1):
        stage, decision = f"stage_{number}", f"passed_{number}"
        entry = f"if_{number}" if spec.condition else stage
        drawing.straight(before, entry, words.passed if before.startswith("passed") else "")
        if skips:
            drawing.around(skips, entry, words.skipped, 90)
            skips = ""
        if spec.condition:
            drawing.straight(entry, stage)
            skips = entry
        before = stage
        if spec.refusal != "advice":
            drawing.straight(stage, decision)
            for target in ("submitter", *(_entry(stages, one) for one in spec.returns_to)):
                depth += 1
                drawing.around(decision, target, words.returned, -60 - 24 * (depth % 6))
            before = decision
    drawing.straight(before, "end", words.passed if before.startswith("passed") else "")
    if skips:
        drawing.around(skips, "end", words.skipped, 90)


def _entry(stages: Sequence[StageSpec], position: int) -> str:
    return f"if_{position}" if stages[position - 1].condition else f"stage_{position}"


def _several(spec: StageSpec) -> bool:
    """Whether more than one may be asked: a lone person never is several."""
    return len(spec.approvers) != 1 or spec.approvers[0].get("select") != "person"


def _bounds(shape: Element, x: int, y: int, width: int, height: int) -> None:
    SubElement(shape, _q(DC, "Bounds"), x=str(x), y=str(y), width=str(width), height=str(height))


def _q(namespace: str, name: str) -> str:
    return f"{{{namespace}}}{name}"
