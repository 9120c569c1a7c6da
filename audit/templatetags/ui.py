"""The vocabulary every page speaks: marks, dates, codes, form fields, page furniture.

It knows no domain. It lives in the lowest room so that the templates of every room may load it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, TypeAlias

from django import template
from django.conf import settings
from django.core.paginator import Page
from django.forms import BoundField
from django.urls import NoReverseMatch, reverse
from django.utils import formats, timezone
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, ngettext, pgettext, pgettext_lazy

from audit.spacing import closed_up

register = template.Library()

Label: TypeAlias = str | Promise

STATES: Mapping[str, Label] = {
    "assigned": pgettext_lazy("task state", "Awaiting receipt"),
    "in_progress": pgettext_lazy("task state", "In progress"),
    "submitted": pgettext_lazy("task state", "Under approval"),
    "reviewed": pgettext_lazy("task state", "Awaiting closure"),
    "closed": pgettext_lazy("task state", "Closed"),
    "cancelled": pgettext_lazy("task state", "Cancelled"),
    "returned": pgettext_lazy("task state", "Returned"),
}
# Its word and its colour; the shape is drawn too, so that nothing is lost in black and white.
LIGHTS: Mapping[str, tuple[Label, str]] = {
    "on_track": (pgettext_lazy("light", "On track"), "green"),
    "due_soon": (pgettext_lazy("light", "Due soon"), "amber"),
    "overdue": (pgettext_lazy("light", "Overdue"), "red"),
    "not_started": (pgettext_lazy("light", "Not started"), "none"),
    "done": (pgettext_lazy("light", "Done"), "good"),
}
WEEKDAYS: tuple[Label, ...] = (
    pgettext_lazy("weekday", "Mon"),
    pgettext_lazy("weekday", "Tue"),
    pgettext_lazy("weekday", "Wed"),
    pgettext_lazy("weekday", "Thu"),
    pgettext_lazy("weekday", "Fri"),
    pgettext_lazy("weekday", "Sat"),
    pgettext_lazy("weekday", "Sun"),
)

THEMES = ("light", "dark")


# Marks


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """An icon of `includes/icons.svg`; the words stand beside it."""
    classes = f"i {css}".strip()
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="#i-{}"/></svg>', classes, name
    )


@register.simple_tag
def state(name: str, label: Label = "") -> SafeString:
    """Where a task (or, with its own label, anything else on its way) stands."""
    mark = icon(f"s-{name}")
    return format_html('<span class="badge {}">{}{}</span>', name, mark, label or STATES[name])


@register.simple_tag
def light(name: str, label: Label = "") -> SafeString:
    """Whether something is on time; `label` says it more exactly ("2 working days left")."""
    word, colour = LIGHTS[name]
    return format_html(
        '<span class="light {}">{}{}</span>', colour, icon(f"l-{name}"), label or word
    )


@register.filter
def light_word(name: str) -> Label:
    return LIGHTS[name][0]


@register.filter
def light_colour(name: str) -> str:
    return LIGHTS[name][1]


@register.filter
def state_word(name: str) -> Label:
    return STATES[name]


@register.simple_tag
def marked(parts: Iterable[tuple[str, bool]]) -> SafeString:
    """A text with what was searched for marked in it: pairs of text and whether it was."""
    form = {True: "<mark>{}</mark>", False: "{}"}
    return format_html_join("", "{}", ((format_html(form[hit], text),) for text, hit in parts))


# Dates


def _local(value: date | datetime) -> date | datetime:
    if isinstance(value, datetime) and timezone.is_aware(value):
        return timezone.localtime(value)
    return value


@register.filter
def day(value: date | datetime | None) -> str:
    """ "18 Nov", with the year unless it is this one."""
    if value is None:
        return ""
    value = _local(value)
    if value.year != timezone.localdate().year:
        return day_long(value)
    return formats.date_format(value, pgettext("date format", "j M"))


@register.filter
def weekday(value: date | datetime | None) -> str:
    """ "Thu 18 Nov": for what has to be done by then."""
    if value is None:
        return ""
    value = _local(value)
    name = WEEKDAYS[value.weekday()]
    return pgettext("weekday and day", "%(weekday)s %(day)s") % {"weekday": name, "day": day(value)}


@register.filter
def day_long(value: date | datetime | None) -> str:
    """ "18 Nov 2021": for records and paper."""
    if value is None:
        return ""
    return formats.date_format(_local(value), pgettext("date format", "j M Y"))


@register.filter
def moment(value: datetime | None) -> str:
    """ "today 09:12", "yesterday 17:30", "15 Nov 16:40": for what has happened."""
    if value is None:
        return ""
    local = timezone.localtime(value)
    clock = f"{local:%H:%M}"
    match (timezone.localdate() - local.date()).days:
        case 0:
            return gettext("today %(time)s") % {"time": clock}
        case 1:
            return gettext("yesterday %(time)s") % {"time": clock}
        case _:
            return f"{day(local)} {clock}"


@register.filter
def moment_long(value: datetime | None) -> str:
    """ "15 Nov 2021 16:40:12": for records and paper."""
    if value is None:
        return ""
    local = timezone.localtime(value)
    return f"{day_long(local)} {local:%H:%M:%S}"


@register.simple_tag
def when(value: date | datetime | None, css: str = "") -> SafeString | str:
    """A `time` element: a moment for what has happened, a day with its weekday for a due date."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        shown, full = moment(value), moment_long(value)
    else:
        shown, full = weekday(value), day_long(value)
    return format_html(
        '<time datetime="{}" title="{}"{}>{}</time>',
        _local(value).isoformat(),
        full,
        format_html(' class="{}"', css) if css else "",
        shown,
    )


@register.filter
def working_days(left: int | None) -> str:
    """What remains, in working days; below zero it is overdue."""
    if left is None:
        return gettext("No due date")
    if left == 0:
        return gettext("Due today")
    if left < 0:
        return ngettext("%(days)d working day overdue", "%(days)d working days overdue", -left) % {
            "days": -left
        }
    return ngettext("%(days)d working day left", "%(days)d working days left", left) % {
        "days": left
    }


@register.filter
def minutes(value: timedelta | None) -> int:
    """A span in whole minutes, rounded up."""
    return 0 if value is None else -(-value // timedelta(minutes=1))


@register.filter
def span(value: timedelta | None) -> str:
    """A length of time in its largest unit that fits: "3 hours", "2 days"; for ages and waits."""
    if value is None:
        return ""
    seconds = max(int(value.total_seconds()), 0)
    if seconds < 60:
        return gettext("less than a minute")
    if seconds < 3600:
        return ngettext("%(n)d minute", "%(n)d minutes", seconds // 60) % {"n": seconds // 60}
    if seconds < 2 * 86400:
        return ngettext("%(n)d hour", "%(n)d hours", seconds // 3600) % {"n": seconds // 3600}
    return ngettext("%(n)d day", "%(n)d days", seconds // 86400) % {"n": seconds // 86400}


@register.filter
def age(value: datetime | None) -> str:
    """How long ago something happened: "3 hours ago"."""
    if value is None:
        return ""
    return gettext("%(span)s ago") % {"span": span(timezone.now() - value)}


# Codes


def _hexadecimal(digest: str | bytes | memoryview | None) -> str:
    if digest is None:
        return ""
    if isinstance(digest, str):
        return digest.removeprefix("sha256:")
    return bytes(digest).hex()


@register.simple_block_tag
def sentences(content: str) -> SafeString:
    """Sentences one after the other: no space is left between Chinese ones."""
    return mark_safe(closed_up(content.strip()))  # noqa: S308 -- rendered, so escaped already


@register.filter
def short_code(digest: str | bytes | memoryview | None) -> str:
    """The eight characters people compare by eye, in two groups; always say of what."""
    code = _hexadecimal(digest)[:8].upper()
    return f"{code[:4]} {code[4:]}".strip()


@register.filter
def grouped(digest: str | bytes | memoryview | None) -> str:
    """A whole digest in groups of four."""
    code = _hexadecimal(digest)
    return " ".join(code[i : i + 4] for i in range(0, len(code), 4))


# Forms and furniture


@register.inclusion_tag("includes/field.html")
def field(bound: BoundField, css: str = "", one_of: bool = False) -> dict[str, Any]:
    """A form field: label above, help below the label, error above the control.

    `one_of` several is needed, so that none of them is called optional.
    """
    return {"field": bound, "css": css, "optional": not (bound.field.required or one_of)}


@register.simple_tag(takes_context=True)
def page_attributes(context: template.Context) -> SafeString:
    """Language and theme for the `html` element.

    The theme is a cookie, so that the server paints the first frame in it; there may be no request.
    """
    request = context.get("request")
    theme = request.COOKIES.get("theme") if request is not None else None
    language = format_html('lang="{}"', get_language() or settings.LANGUAGE_CODE)
    return format_html('{} data-theme="{}"', language, theme) if theme in THEMES else language


@register.inclusion_tag("includes/pages.html", takes_context=True)
def pages(context: template.Context, page: Page[Any]) -> dict[str, Any]:
    """Page numbers that keep the rest of the query string."""
    numbers: Iterator[int | str] = page.paginator.get_elided_page_range(
        page.number, on_each_side=2, on_ends=1
    )
    return {"request": context.get("request"), "page": page, "numbers": numbers}


@register.inclusion_tag("includes/side_link.html", takes_context=True)
def side_link(
    context: template.Context, url_name: str, mark: str, label: str, count: int | None = None
) -> dict[str, Any]:
    """A place in the side navigation; a place that this installation lacks is left out.

    The current one is the page's `section`, or else the one whose address the page lies under.
    """
    try:
        url = reverse(url_name)
    except NoReverseMatch:
        return {"url": ""}
    request = context.get("request")
    if section := context.get("section"):
        current = section == mark
    else:
        current = request is not None and request.path.startswith(url) and url != "/"
    return {"url": url, "mark": mark, "label": label, "count": count, "current": current}
