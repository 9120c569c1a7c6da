"""What the route editor's buttons do to a draft's stages. Pure but for the words it begins with."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import pgettext

from approvals.routes import specs
from approvals.routes.specs import Plain, StageSpec


@dataclass(frozen=True)
class Edited:
    """The stages after a button, which one stands open (0 none), and where the focus goes."""

    stages: list[Plain]
    open: int = 0
    focus: str = ""


def preset(name: str) -> StageSpec:
    """A stage to begin with, as most routes have them."""
    match name:
        case "deputy":
            label = pgettext("name of a stage", "Deputy in charge")
            return StageSpec(label, [{"select": "post_of_lead", "role": "deputy"}])
        case "principal":
            label = pgettext("name of a stage", "Principal")
            return StageSpec(label, [{"select": "post_of_lead", "role": "principal"}])
        case "cooperating":
            label = pgettext("name of a stage", "Cooperating units")
            asked = {"select": "post_of_each_cooperating", "role": "principal"}
            return StageSpec(label, [asked], rule="all")
        case "vote":
            label = pgettext("name of a stage", "Vote of the reviewers")
            return StageSpec(label, [], rule="quorum", quorum_number=2, refusal="vote")
        case "office":
            return StageSpec(pgettext("name of a stage", "Office"), [])
        case _:
            return StageSpec(pgettext("name of a stage", "New stage"), [])


PRESETS = ("deputy", "principal", "cooperating", "vote", "office", "empty")
COMPLETE = ("deputy", "principal", "cooperating")
"""Presets that ask somebody already, so that their card needn't be opened."""


def press(stages: Sequence[Plain], opened: int, button: str) -> Edited:
    """What follows from a button `verb-argument…`; anything else leaves the stages as they are."""
    verb, *arguments = button.split("-")
    act = BUTTONS.get(verb)
    if act is None:
        return Edited(list(stages), opened)
    return act(list(stages), opened, arguments)


def _add(stages: list[Plain], opened: int, arguments: list[str]) -> Edited:
    name = arguments[0] if arguments else ""
    if len(stages) >= specs.MOST_STAGES or name not in PRESETS:
        return Edited(stages, opened)
    stages.append(preset(name).plain)
    if name in COMPLETE:
        return Edited(stages, 0, f"add-{name}")
    return Edited(stages, len(stages), "stage-name" if name == "empty" else "where-approvers")


def _open(stages: list[Plain], opened: int, arguments: list[str]) -> Edited:
    place = _place(stages, arguments)
    return Edited(stages, place, "stage-name" if place else "")


def _close(stages: list[Plain], opened: int, arguments: list[str]) -> Edited:
    return Edited(stages, 0, f"open-{opened}")


def _shift(step: int) -> Callable[[list[Plain], int, list[str]], Edited]:
    def shift(stages: list[Plain], opened: int, arguments: list[str]) -> Edited:
        place = _place(stages, arguments)
        to = place + step
        if not place or not 1 <= to <= len(stages):
            return Edited(stages, opened)
        verb = "up" if step < 0 else "down"
        return Edited(specs.moved(stages, place, to), _follow(opened, place, to), f"{verb}-{to}")

    return shift


def _drop(stages: list[Plain], opened: int, arguments: list[str]) -> Edited:
    place, to = _place(stages, arguments[:1]), _place(stages, arguments[1:])
    if not place or not to:
        return Edited(stages, opened)
    return Edited(specs.moved(stages, place, to), _follow(opened, place, to), f"open-{to}")


def _remove(stages: list[Plain], opened: int, arguments: list[str]) -> Edited:
    place = _place(stages, arguments)
    if not place:
        return Edited(stages, opened)
    left = specs.without(stages, place)
    still = 0 if opened == place else opened - (opened > place)
    return Edited(left, still, f"open-{min(place, len(left))}" if left else "add-deputy")


def _unsign(stages: list[Plain], opened: int, arguments: list[str]) -> Edited:
    """Take a line of signers out of the open stage: `unsign-approvers-2`."""
    name, *place = arguments or [""]
    if opened and name in ("approvers", "fallback", "escalate_to"):
        lines = stages[opened - 1][name]
        number = _place(lines, place)
        kept = [one for n, one in enumerate(lines, 1) if n != number]
        stages[opened - 1] = stages[opened - 1] | {name: kept}
    return Edited(stages, opened, f"where-{name}")


def _raise(stages: list[Plain], opened: int, arguments: list[str]) -> Edited:
    """Ask a line of signers of the open stage before the one above it: `raise-approvers-2`."""
    name, *place = arguments or [""]
    if opened and name == "approvers":
        lines = list(stages[opened - 1][name])
        number = _place(lines, place)
        if number > 1:
            lines.insert(number - 2, lines.pop(number - 1))
            stages[opened - 1] = stages[opened - 1] | {name: lines}
            return Edited(stages, opened, f"raise-{name}-{number - 1}")
    return Edited(stages, opened)


def _sign(stages: list[Plain], opened: int, arguments: list[str]) -> Edited:
    """The lines were taken from the form already."""
    return Edited(stages, opened, f"where-{arguments[0]}" if arguments else "")


BUTTONS: Mapping[str, Callable[[list[Plain], int, list[str]], Edited]] = {
    "add": _add,
    "open": _open,
    "close": _close,
    "up": _shift(-1),
    "down": _shift(1),
    "drop": _drop,
    "remove": _remove,
    "sign": _sign,
    "unsign": _unsign,
    "raise": _raise,
}


def _place(found: Sequence[Any], arguments: Sequence[str]) -> int:
    """A position from 1 that exists, else 0."""
    number = arguments[0] if arguments else ""
    place = int(number) if number.isdecimal() and len(number) < 4 else 0
    return place if 1 <= place <= len(found) else 0


def _follow(opened: int, place: int, to: int) -> int:
    """Where the open stage is after the one at `place` went to `to`."""
    if opened == place:
        return to
    if place < opened <= to:
        return opened - 1
    if to <= opened < place:
        return opened + 1
    return opened


def with_lines(stage: Plain, name: str, lines: Iterable[Mapping[str, Any]]) -> Plain:
    """The stage with more lines of signers, none twice."""
    kept = list(stage[name])
    asked = [{key: one[key] for key in one if key != "weight"} for one in kept]
    for line in lines:
        if dict(line) not in asked:
            kept.append(dict(line))
            asked.append(dict(line))
    return stage | {name: kept}
