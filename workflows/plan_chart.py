"""The plan's process as viewflow lays it out: a chart for the page, BPMN for any viewer."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from viewflow.workflow import chart

from workflows import flows, plan_policy

MARGIN = 24
"""Room around the chart for the names under gateways and events."""


@dataclass(frozen=True)
class Box:
    """A node of the process: `shape` is task, gateway or event."""

    shape: str
    name: str
    now: bool
    x: int
    y: int
    width: int
    height: int

    @property
    def middle(self) -> tuple[int, int]:
        return self.x + self.width // 2, self.y + self.height // 2

    @property
    def baseline(self) -> int:
        """Where its name stands: inside a task, under anything else."""
        return self.middle[1] + 5 if self.shape == "task" else self.y + self.height + 16

    @property
    def radius(self) -> int:
        return self.width // 2

    @property
    def points(self) -> str:
        (x, y), half = self.middle, self.width // 2
        return f"{x},{y - half} {x + half},{y} {x},{y + half} {x - half},{y}"


@dataclass(frozen=True)
class Wire:
    """An arrow along its points, `tip` the triangle at its end, with a word beside its middle."""

    points: str
    tip: str
    word: str
    place: tuple[int, int]


@dataclass(frozen=True)
class Chart:
    boxes: Sequence[Box]
    wires: Sequence[Wire]
    width: int
    height: int

    @property
    def now(self) -> str:
        return next((box.name for box in self.boxes if box.now), "")


SHAPES = {"exclusiveGateway": "gateway", "startEvent": "event", "endEvent": "event"}


def drawn(step: str) -> Chart:
    """The whole process with the present step marked."""
    grid = chart.calc_layout_data(flows.PlanFlow)
    boxes = [
        Box(
            SHAPES.get(cell.node.bpmn_element, "task"),
            str(cell.node.task_title),
            cell.node.name == _node(step),
            ceil(cell.shape.x) + MARGIN,
            ceil(cell.shape.y) + MARGIN,
            ceil(cell.shape.width),
            ceil(cell.shape.height),
        )
        for cell in grid.cells
    ]
    return Chart(
        boxes,
        [_wire(edge) for edge in grid.edges],
        max(box.x + box.width for box in boxes) + MARGIN,
        max(box.y + box.height for box in boxes) + MARGIN,
    )


def _node(step: str) -> str:
    return "end" if step == plan_policy.COMPLETED else step


def _wire(edge: chart.Edge) -> Wire:
    points = [(ceil(x) + MARGIN, ceil(y) + MARGIN) for x, y in edge.segments]
    (x0, y0), (x, y) = points[-2:]
    across = (x > x0) - (x < x0), (y > y0) - (y < y0)
    back, side = (-8 * across[0], -8 * across[1]), (-4 * across[1], 4 * across[0])
    tip = [
        (x, y),
        (x + back[0] + side[0], y + back[1] + side[1]),
        (x + back[0] - side[0], y + back[1] - side[1]),
    ]
    left, top = edge.label_pos or (0, 0)
    place = ceil(left) + MARGIN, ceil(top) + MARGIN
    return Wire(_joined(points), _joined(tip), _word(edge), place)


def _word(edge: chart.Edge) -> str:
    """Which way out of a gateway it is."""
    return {"yes": pgettext("branch", "yes"), "no": pgettext("branch", "no")}.get(edge.label, "")


def _joined(points: Sequence[tuple[int, int]]) -> str:
    return " ".join(f"{x},{y}" for x, y in points)


def bpmn(step: str) -> str:
    """The process as BPMN 2.0 XML, with the present step named as such."""
    grid = chart.calc_layout_data(flows.PlanFlow)
    for edge in grid.edges:
        edge.label = _word(edge)
    for cell in grid.cells:
        cell.status = _("the plan is here") if cell.node.name == _node(step) else None
    found: str = chart.grid_to_bpmn(grid)
    return found
