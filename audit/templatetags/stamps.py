"""The foot of printed forms and records."""

from typing import Any

from django import template

from audit import printed
from audit.models import Entry, Root

register = template.Library()


@register.inclusion_tag("audit/includes/stamp.html", takes_context=True)
def stamp(context: template.Context, of: Root | Entry, css: str = "print-only") -> dict[str, Any]:
    """QR code, code and last checkpoint of an entry, or of the newest one in a root's chain."""
    entry = of if isinstance(of, Entry) else printed.newest(of)
    if entry is None:
        return {"stamp": None}
    return {"stamp": printed.stamp(entry, getattr(context, "request", None)), "css": css}


@register.filter
def code_groups(code: str) -> str:
    """A form's code in groups of four, as people read it out."""
    code = code.upper()
    return " ".join(code[at : at + 4] for at in range(0, len(code), 4))
