"""Who has which part in a measure, and the tasks that follow from it. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Part:
    """One task of a measure: unit ids by role; `made_for` and `group` where each member has one."""

    lead: str
    cooperating: tuple[str, ...] = ()
    assessors: tuple[str, ...] = ()
    made_for: str | None = None
    group: str = ""

    def to_dict(self) -> dict[str, Any]:
        return {
            "lead": self.lead,
            "cooperating": list(self.cooperating),
            "assessors": list(self.assessors),
            "made_for": self.made_for,
            "group": self.group,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Part":
        return cls(
            data["lead"],
            tuple(data["cooperating"]),
            tuple(data["assessors"]),
            data["made_for"],
            data["group"],
        )


@dataclass(slots=True)
class Parties:
    """Who has which part in a measure, before tasks are made of it.

    `each` maps a printed group name to the members that get a task of their own.
    """

    lead: str | None = None
    cooperating: list[str] = field(default_factory=list)
    assessors: list[str] = field(default_factory=list)
    each: dict[str, list[str]] = field(default_factory=dict)
    no_task: bool = False

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Parties":
        return cls(
            data.get("lead"),
            list(data.get("cooperating", ())),
            list(data.get("assessors", ())),
            {group: list(units) for group, units in data.get("each", {}).items()},
            bool(data.get("no_task")),
        )

    @classmethod
    def of(cls, parts: Sequence[Part]) -> "Parties":
        """Back from the tasks that `parts` made."""
        each: dict[str, list[str]] = {}
        for part in parts:
            if part.made_for:
                each.setdefault(part.group, []).append(part.made_for)
        joint = next((part for part in parts if part.made_for is None), None)
        assessors = parts[0].assessors if parts else ()
        if joint is None:
            return cls(None, [], list(assessors), each, not parts)
        return cls(joint.lead, list(joint.cooperating), list(assessors), each)

    def join(self, other: "Parties") -> None:
        """Take in another measure's parties; its lead cooperates."""
        if self.lead is None:
            self.lead = other.lead
        self.cooperating += [*([other.lead] if other.lead else []), *other.cooperating]
        self.assessors += other.assessors
        for group, members in other.each.items():
            self.each.setdefault(group, []).extend(members)
        self.no_task = self.no_task and other.no_task

    def tasks(self) -> tuple[Part, ...]:
        """One task led by `lead`, and one for each member who has no part in it yet."""
        found: list[Part] = []
        taken: dict[str, None] = {}
        if self.lead:
            cooperating = _without(self.cooperating, [self.lead])
            assessors = _without(self.assessors, [self.lead, *cooperating])
            found.append(Part(self.lead, cooperating, assessors))
            taken = dict.fromkeys([self.lead, *cooperating])
        for group, members in self.each.items():
            for member in _without(members, taken):
                assessors = _without(self.assessors, [member])
                found.append(Part(member, (), assessors, made_for=member, group=group))
                taken[member] = None
        return tuple(found)

    @property
    def units(self) -> list[str]:
        members = [unit for units in self.each.values() for unit in units]
        lead = [self.lead] if self.lead else []
        return list(dict.fromkeys([*lead, *self.cooperating, *self.assessors, *members]))

    @property
    def lacks_lead(self) -> bool:
        """Somebody cooperates with nobody, or nobody does anything."""
        return not self.no_task and self.lead is None and (bool(self.cooperating) or not self.each)


def _without(units: Iterable[str], taken: Iterable[str]) -> tuple[str, ...]:
    gone = set(taken)
    return tuple(dict.fromkeys(unit for unit in units if unit not in gone))
