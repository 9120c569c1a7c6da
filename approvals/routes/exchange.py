"""A route as a file that moves between organisations: units by name, people by account.

`route.schema.json` beside this module is the published format.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from approvals.routes import specs, wording
from approvals.routes.schema import Misfit, misfits
from approvals.routes.specs import Plain, Selector, StageSpec
from audit.errors import Refused

FORMAT = "duban-route/1"
SCHEMA = Path(__file__).with_name("route.schema.json")
MOST_BYTES = 200_000
MOST_SAID = 10
LISTS = ("approvers", "escalate_to", "fallback")

EXPECTED: Mapping[str, str | Promise] = {
    "type": _("%(place)s: expected %(value)s"),
    "enum": _("%(place)s: expected one of %(value)s"),
    "required": _("%(place)s is missing"),
    "unknown": _("%(place)s is not known here"),
    "minItems": _("%(place)s: at least %(value)s"),
    "maxItems": _("%(place)s: at most %(value)s"),
    "minLength": _("%(place)s is empty"),
    "maxLength": _("%(place)s has more than %(value)s characters"),
    "minimum": _("%(place)s: at least %(value)s"),
    "maximum": _("%(place)s: at most %(value)s"),
    "unit": _("%(place)s: no unit here, or more than one, is called “%(value)s”"),
    "person": _("%(place)s: nobody here has the account “%(value)s”"),
}


class Unreadable(Refused):
    """A file that is no route."""

    status = 422
    sentence = _("This file is no route: it isn't JSON, or it is larger than 200 kB.")


class Unfitting(Refused):
    """A route that can't be taken over; every place that doesn't fit is named."""

    status = 422
    sentence = _("This route can't be taken over. %(places)s.")


@dataclass(frozen=True)
class Portable:
    """What a file says: names as they stand in it."""

    name: str
    subject_kind: str
    stages: Sequence[Plain]


@cache
def schema() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(SCHEMA.read_text())
    return found


def write(
    name: str,
    subject_kind: str,
    stages: Iterable[StageSpec],
    units: Mapping[str, str],
    accounts: Mapping[str, str],
) -> bytes:
    """The file of a route; `units` and `accounts` name units and people by id.

    Fields that have their usual value are left out.
    """
    usual = StageSpec("", []).plain

    def rename(line: Selector) -> Plain:
        named = dict(line)
        for key, names in (("unit", units), ("person", accounts)):
            if key in named:
                named[key] = names.get(str(named[key]), "?")
        return named | ({"from": rename(line["from"])} if "from" in line else {})

    written = [
        {key: value for key, value in _renamed(one.plain, rename).items() if value != usual[key]}
        for one in stages
    ]
    content = {
        "$schema": schema()["$id"],
        "format": FORMAT,
        "name": name,
        "subject_kind": subject_kind,
        "stages": written,
    }
    return (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()


def read(data: bytes) -> Portable:
    """What a file says. Raises Unreadable, Unfitting."""
    if len(data) > MOST_BYTES:
        raise Unreadable
    try:
        content = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise Unreadable from None
    _refuse(list(misfits(content, schema())))
    stages = [StageSpec.of(one).plain for one in content["stages"]]
    wrong = specs.problems([StageSpec.of(one) for one in stages])
    if wrong:
        raise Unfitting(places=wording.problem(wrong[0], [StageSpec.of(o) for o in stages]))
    return Portable(content["name"], content["subject_kind"], stages)


def settled(
    portable: Portable,
    unit: Callable[[str], str | None],
    person: Callable[[str], str | None],
) -> list[Plain]:
    """The stages with ids of this organisation in place of names. Raises Unfitting."""
    wrong: list[Misfit] = []

    def settle(line: Selector, place: str) -> Plain:
        kept = dict(line)
        for key, find in (("unit", unit), ("person", person)):
            if key in kept:
                known = find(kept[key])
                if known is None:
                    wrong.append(Misfit(f"{place}.{key}", key, kept[key]))
                kept[key] = known
        return kept | ({"from": settle(line["from"], f"{place}.from")} if "from" in line else {})

    stages = [
        stage
        | {
            name: [
                settle(line, f"stages[{number}].{name}[{place}]")
                for place, line in enumerate(stage[name])
            ]
            for name in LISTS
        }
        for number, stage in enumerate(portable.stages)
    ]
    _refuse(wrong)
    return stages


def _renamed(stage: Plain, rename: Callable[[Selector], Plain]) -> Plain:
    return stage | {name: [rename(line) for line in stage[name]] for name in LISTS}


def _refuse(wrong: Sequence[Misfit]) -> None:
    if wrong:
        said = [
            str(EXPECTED[one.code]) % {"place": one.place or "{}", "value": one.value}
            for one in wrong[:MOST_SAID]
        ]
        raise Unfitting(places="; ".join(said))
