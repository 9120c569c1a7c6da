"""A sheet's changes and problems in the reader's words; the page and the command say the same."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from directory.differences import Change
from directory.models import Post, Unit
from directory.sheets import Problem, Unreadable

KINDS = dict(Unit.Kind.choices)
ROLES = dict(Post.Role.choices)


def problem(found: Problem | Unreadable) -> str:
    """The sentence of a problem, which the pure module only marked for translation."""
    sentence = _(found.sentence)
    return sentence % found.params if found.params else sentence


def change(planned: Change) -> str:
    """“New post 审核岗 in 党群工作部”."""
    values = {"name": planned.name, **planned.values}
    return CHANGES[planned.kind](planned, values)


def _unit_changed(planned: Change, values: Mapping[str, Any]) -> str:
    parts = []
    if "kind" in values:
        parts.append(_("kind: %(kind)s") % {"kind": KINDS[values["kind"]]})
    if "parent" in values:
        parts.append(_("superior unit: %(parent)s") % values)
    if "aliases" in values:
        parts.append(_("aliases: %(aliases)s") % {"aliases": _list(values["aliases"])})
    return _("Unit %(name)s: %(parts)s") % {"name": planned.name, "parts": "; ".join(parts)}


def _list(names: tuple[str, ...]) -> str:
    return "、".join(names)


CHANGES: Mapping[str, Callable[[Change, Mapping[str, Any]], str]] = {
    "unit.added": lambda planned, values: (
        _("New unit %(name)s (%(kind)s)") % {**values, "kind": KINDS[values["kind"]]}
    ),
    "unit.changed": _unit_changed,
    "group.added": lambda planned, values: (
        _("New group %(name)s: %(units)s") % {**values, "units": _list(values["units"])}
    ),
    "group.extended": lambda planned, values: (
        _("Group %(name)s gains %(units)s") % {**values, "units": _list(values["units"])}
    ),
    "post.added": lambda planned, values: (
        _("New post %(name)s in %(unit)s (%(role)s)") % {**values, "role": ROLES[values["role"]]}
    ),
    "person.added": lambda planned, values: _("New account %(account)s for %(name)s") % values,
    "person.renamed": lambda planned, values: (
        _("%(before)s (%(account)s) is now called %(name)s")
        % {**values, "before": planned.before["name"]}
    ),
    "person.readdressed": lambda planned, values: _("Mail address of %(name)s: %(email)s") % values,
    "appointment.made": lambda planned, values: _("%(name)s becomes %(post)s of %(unit)s") % values,
    "appointment.replaced": lambda planned, values: (
        _("%(name)s becomes %(post)s of %(unit)s after %(before)s")
        % {**values, "before": planned.before["name"]}
    ),
}
