"""Reports and other plain text on a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from approvals import prose as reading
from approvals import sentences

register = template.Library()


@register.filter
def prose(text: str, level: int = 3) -> SafeString:
    """Paragraphs and headings of a plain text, in a `.prose` box under a heading of `level` - 1."""
    heading, paragraph = f"<h{int(level)}>{{}}</h{int(level)}>", "<p>{}</p>"
    lines = reading.paragraphs(text)
    return mark_safe(  # noqa: S308  (each piece is escaped by format_html)
        "".join(format_html(heading if reading.is_heading(s) else paragraph, s) for s in lines)
    )


@register.filter
def listed(names: Sequence[str]) -> str:
    """Names in a row."""
    return sentences.listed(names)


@register.inclusion_tag("includes/diff.html")
def diff(old: str, new: str) -> dict[str, Any]:
    """What changed from the last version its reader saw; what stayed is folded away."""
    passages = reading.compare(old, new)
    return {
        "passages": passages,
        "changed": sum(passage.kind == "changed" for passage in passages),
        "same": sum(len(passage.runs) for passage in passages if passage.kind == "same"),
    }


@register.filter
def marked(passage: reading.Passage) -> SafeString:
    """A changed paragraph with `ins` and `del`."""
    tags = {"same": "{}", "ins": "<ins>{}</ins>", "del": "<del>{}</del>"}
    return format_html_join(
        "", "{}", ((format_html(tags[run.kind], run.text),) for run in passage.runs)
    )
