"""Which numbered items are measures, which are sections, which are background.

An item with a clause is a measure, at whatever level. An item without one is a measure where its
kind elsewhere has clauses, or where nothing has; principles and aims are background, listed but not
proposed as tasks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from .outline import Item, heading_of

Reason = Literal["background", "narrative"]

#: Deeper numbers without clauses are part of the measure above them.
DEEPEST = 5
_BACKGROUND = re.compile(
    r"(?:指导思想|总体(?:要求|思路|目标|部署)|基本(?:原则|思路|要求|情况)|工作(?:原则|目标|思路)|主要(?:目标|原则|指标)"
    r"|发展(?:目标|思路|现状)|目标(?:要求|$)|重要(?:性|意义)|重大意义|充分认识|背景|现状|形势|意义|考[核评]对象"
    r"|适用范围|编制依据|总则|附则|名词解释|有关要求|总的要求|组织机构$|领导小组$|战略定位)"
)


@dataclass(frozen=True, slots=True)
class Choice:
    """Measures in order, and the numbered leaves that were left out with the reason why."""

    measures: tuple[Item, ...]
    asides: tuple[tuple[Item, Reason], ...]


def choose(text: str, folded: str, items: Sequence[Item], *, table_holds_tasks: bool) -> Choice:
    """Choose the measures among all items; every leaf ends up in exactly one of the two lists."""
    _lift_clauses(folded, items)
    background = _background(text, folded, items)
    any_clause = table_holds_tasks or any(item.clauses for item in items)
    measures: list[Item] = []
    asides: list[tuple[Item, Reason]] = []
    for _, group in groupby(items, key=lambda item: item.scope):
        scope = list(group)
        chosen = _in_scope(scope, background, any_clause)
        measures += [item for item in scope if item in chosen]
        asides += _left_out(scope, chosen, background)
    return Choice(tuple(measures), tuple(asides))


def _lift_clauses(folded: str, items: Sequence[Item]) -> None:
    """A clause after the last sub-point speaks for the whole item, if no other point has one."""
    habit = _only_last_point_has_clause(items)
    for item in reversed(items):
        children = item.children
        if not children or item.clauses or not children[-1].clauses:
            continue
        if any(child.clauses for child in children[:-1]):
            continue
        last = children[-1]
        minor = len(children) > 1 and (habit or last.label.rank > DEEPEST)
        if last.label.style == "lead_in" or minor or _own_line(folded, last, len(children)):
            item.clauses, last.clauses = last.clauses, []


def _only_last_point_has_clause(items: Sequence[Item]) -> bool:
    """The document's habit: in each of several groups, the clause follows the last point."""
    groups = [
        [bool(child.clauses) for child in item.children]
        for item in items
        if len(item.children) > 1 and any(child.clauses for child in item.children)
    ]
    return len(groups) > 1 and all(group[-1] and not any(group[:-1]) for group in groups)


def _own_line(folded: str, item: Item, count: int) -> bool:
    """The clause stands on a line of its own after two or more points."""
    clause = item.clauses[0]
    line_start = folded.rfind("\n", 0, clause.start) + 1
    return count > 1 and line_start > item.start and not folded[line_start : clause.start].strip()


def _background(text: str, folded: str, items: Sequence[Item]) -> set[Item]:
    found: set[Item] = set()
    for item in items:
        heading = heading_of(text, folded, item.label.end, item.end)
        own = item.label.rank <= 3 and len(heading) <= 20 and _BACKGROUND.search(heading)
        if own or item.parent in found:
            found.add(item)
    return found


def _in_scope(scope: Sequence[Item], background: set[Item], any_clause: bool) -> set[Item]:
    with_clause = {item for item in scope if item.clauses}
    if any_clause and not with_clause:
        return set()
    holders = {above for item in with_clause for above in item.ancestors()}
    styles = {item.label.style for item in with_clause}
    leaves = {item for item in scope if _is_leaf(item)}
    deep = any(item.parent for item in leaves - background)
    chosen: set[Item] = set(with_clause)
    for item in scope:
        if item in chosen or item in background or item in holders:
            continue
        if _covered(item, chosen, with_clause):
            continue
        lone = item in leaves and (item.parent is not None or not (deep or with_clause))
        if item.label.style in styles or lone:
            chosen.add(item)
    return chosen


def _is_leaf(item: Item) -> bool:
    return item.label.rank <= DEEPEST and not any(
        child.label.rank <= DEEPEST and child.label.style != "lead_in" for child in item.children
    )


def _covered(item: Item, chosen: set[Item], with_clause: set[Item]) -> bool:
    """Part of a measure above; but beside a sibling with its own clause it stands for itself."""
    above = next((a for a in item.ancestors() if a in chosen), None)
    if above is None:
        return False
    siblings = item.parent.children if item.parent else []
    return above not in with_clause or not any(other.clauses for other in siblings)


def _left_out(
    scope: Sequence[Item], chosen: set[Item], background: set[Item]
) -> list[tuple[Item, Reason]]:
    covering = {above for item in chosen for above in item.ancestors()}
    return [
        (item, "background" if item in background else "narrative")
        for item in scope
        if item not in chosen
        and item not in covering
        and not item.children
        and not any(above in chosen for above in item.ancestors())
    ]
