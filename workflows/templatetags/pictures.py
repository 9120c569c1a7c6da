"""Pictures drawn by the server: coloured by classes, so that they follow the theme and print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import template

from workflows import pictures

register = template.Library()


@register.inclusion_tag("includes/process.html")
def process(
    label: str,
    steps: Sequence[pictures.Step],
    back_from: int | None = None,
    back_to: int | None = None,
    back_label: str = "",
) -> dict[str, Any]:
    """A process with its present step; a chain downwards where there is no room for a picture."""
    return {
        "label": label,
        "steps": steps,
        "picture": pictures.process(steps, back_from, back_to),
        "back_label": back_label,
    }
