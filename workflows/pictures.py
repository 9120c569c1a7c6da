"""Geometry of the pictures that the server draws: numbers that a template puts into SVG. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

BOX, GAP, EDGE = 108, 30, 8
TOP, HEIGHT = 58, 36


class Step(Protocol):
    """One step of a process: done, now or ahead."""

    name: str
    note: str
    status: str


@dataclass(frozen=True)
class Box:
    """A step with its place; `wire` is where the arrow to the next one begins, if any."""

    step: Step
    x: int
    wire: int | None

    @property
    def middle(self) -> float:
        return self.x + BOX / 2


@dataclass(frozen=True)
class Process:
    boxes: tuple[Box, ...]
    width: int
    back_from: float | None = None
    back_to: float | None = None

    @property
    def back_middle(self) -> float:
        return ((self.back_from or 0) + (self.back_to or 0)) / 2


def process(
    steps: Sequence[Step], back_from: int | None = None, back_to: int | None = None
) -> Process:
    """Boxes in a row with arrows between; an arc above leads from one step back to an earlier one.

    Steps of the arc are counted from 1.
    """
    boxes = tuple(
        Box(
            step,
            x=EDGE + place * (BOX + GAP),
            wire=EDGE + place * (BOX + GAP) + BOX if place < len(steps) - 1 else None,
        )
        for place, step in enumerate(steps)
    )
    width = 2 * EDGE + len(steps) * (BOX + GAP) - GAP
    if back_from is None or back_to is None:
        return Process(boxes, width)
    return Process(boxes, width, boxes[back_from - 1].middle, boxes[back_to - 1].middle)
