"""Who may do what with a task, and if not, why. Pure: facts in, verdict out; denied by default.

A page asks which buttons to show; the action asks again after the row lock. The order of states
isn't repeated here: the task's own transitions say what its state allows.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from directory.models import Person, Post
from directory.policy import WORKS
from directory.queries import Holding

IN_HAND = ("assigned", "in_progress")
NOT_OVER = (*IN_HAND, "submitted", "reviewed")
OVER = ("reviewed", "closed")
"""The states that a task is brought back from."""
EXTENSION, REOPENING = "task_extension", "task_reopening"
MAY_BE_NAMED = (*WORKS, Post.Role.REVIEWER, Post.Role.COORDINATOR)
"""Whom a unit may name for a task: those who then write for it."""

# What is no transition of the task's state, and the states in which it may be done.
STATES: Mapping[str, Sequence[str]] = {
    "insist": ("assigned",),
    "receive": NOT_OVER,
    "name_handlers": NOT_OVER,
    "report": ("in_progress",),
    "contribute": IN_HAND,
    "set_due_date": NOT_OVER,
    "ask_extension": ("in_progress", "submitted"),
    "withdraw_extension": NOT_OVER,
    "ask_reopening": OVER,
    "withdraw_reopening": OVER,
    "set_priority": NOT_OVER,
}


@dataclass(frozen=True)
class Part:
    """A unit's part in the task, and whom it named for it."""

    unit: UUID
    role: str
    named: frozenset[UUID] = frozenset()
    received: bool = False
    declined: bool = False


@dataclass(frozen=True)
class Pending:
    """A request whose approval has not ended: who asked, in whichever round.

    `asker` put it forward last; `returned`: it is with them; `decided`: somebody has decided since.
    """

    asker: UUID
    askers: frozenset[UUID]
    returned: bool = False
    decided: bool = False


@dataclass(frozen=True)
class Facts:
    """All that the policy knows. `available` are the transitions that the task's state allows.

    `submitter` and `authors` are those of the newest report; `decided` tells whether anybody has
    decided on it. `unit` is the unit for which somebody asks, where a task has many. `routed` are
    the kinds of requests for which a route is in force, `pending` those that have not ended.
    """

    state: str
    available: Collection[str]
    holdings: Sequence[Holding]
    parts: Sequence[Part]
    coordinator: UUID
    overseer: UUID | None = None
    submitter: UUID | None = None
    authors: frozenset[UUID] = frozenset()
    decided: bool = False
    unit: UUID | None = None
    routed: frozenset[str] = frozenset()
    pending: Mapping[str, Pending] = field(default_factory=dict)

    def units(self, *roles: str) -> set[UUID]:
        found = {part.unit for part in self.parts if part.role in roles}
        return found if self.unit is None else found & {self.unit}

    def of(self, unit: UUID) -> "Facts":
        """The same facts, asked for one unit's part."""
        return replace(self, unit=unit)

    @property
    def lead(self) -> UUID | None:
        return next((part.unit for part in self.parts if part.role == "lead"), None)

    @property
    def closing_unit(self) -> UUID | None:
        """Who reviews and closes: another office where the coordinating unit itself leads."""
        return self.overseer if self.lead == self.coordinator else self.coordinator


@dataclass(frozen=True)
class Verdict:
    """Whether it's allowed and in which capacity; if not, the sentence that says why.

    `state` tells that only the task's state is in the way: no matter of rights.
    """

    allowed: bool
    reason: str | Promise = ""
    holding: Holding | None = None
    state: bool = False

    def __bool__(self) -> bool:
        return self.allowed


DENIED = Verdict(False, _("Nobody may do this."))


def can(person: Person, action: str, facts: Facts) -> Verdict:
    """May the person do this to the task now? Rights first, then the task's state."""
    if not person.is_active:
        return Verdict(False, _("This account is closed."))
    verdict = RULES.get(action, _nobody)(person, facts)
    if not verdict:
        return verdict
    return verdict if _in_order(action, facts) else Verdict(False, _out_of_order(facts), state=True)


def allowed(person: Person, facts: Facts, actions: Iterable[str] | None = None) -> set[str]:
    """The actions that the person may take now: what a page shows buttons for."""
    return {action for action in actions or RULES if can(person, action, facts)}


def _in_order(action: str, facts: Facts) -> bool:
    if action in STATES:
        return facts.state in STATES[action]
    return action in facts.available


def _out_of_order(facts: Facts) -> str | Promise:
    return ELSEWHERE.get(facts.state, _("The task is at another step now."))


ELSEWHERE: Mapping[str, str | Promise] = {
    "assigned": _("The lead unit has not accepted the task yet."),
    "in_progress": _("The task is in progress."),
    "submitted": _("The report is under approval; nothing can be changed meanwhile."),
    "reviewed": _("The report has passed its approval; the task waits to be closed."),
    "closed": _("The task is closed already."),
    "cancelled": _("The task was cancelled."),
}

Rule = Callable[[Person, Facts], Verdict]


def _nobody(person: Person, facts: Facts) -> Verdict:
    return DENIED


def _member(*roles: str) -> Rule:
    """Somebody of a unit that has one of these parts: by post, or because the unit named them."""

    def rule(person: Person, facts: Facts) -> Verdict:
        units = facts.units(*roles)
        named = {part.unit for part in facts.parts if person.pk in part.named}
        for held in facts.holdings:
            if held.unit.pk in units and (held.role in WORKS or _named(held, named)):
                return Verdict(True, holding=held)
        return Verdict(False, _why_not(facts.holdings, lead=roles == ("lead",)))

    return rule


def _named(held: Holding, units: Collection[UUID]) -> bool:
    writes = held.role in {Post.Role.REVIEWER, Post.Role.COORDINATOR}
    return held.acting_for is None and writes and held.unit.pk in units


def _why_not(holdings: Sequence[Holding], *, lead: bool) -> str | Promise:
    if holdings and all(held.role == Post.Role.AUDITOR for held in holdings):
        return _("As an auditor you read everything and change nothing.")
    if lead:
        return _("Only the lead unit's handler, deputy or principal may do this.")
    return _("Only a handler, deputy or principal of a unit with a part in the task may do this.")


def _submitter(person: Person, facts: Facts) -> Verdict:
    if facts.submitter != person.pk:
        return Verdict(False, _("Only the person who submitted the report may take it back."))
    verdict = _member("lead")(person, facts)
    if verdict and facts.decided:
        reason = _("Somebody has decided on the report already: it can't be taken back.")
        return Verdict(False, reason, state=True)
    return verdict


def _coordinator(person: Person, facts: Facts) -> Verdict:
    for held in facts.holdings:
        if held.role == Post.Role.COORDINATOR and held.unit.pk == facts.coordinator:
            return Verdict(True, holding=held)
    return Verdict(False, _("Only the plan's coordinator may do this."))


def _closer(person: Person, facts: Facts) -> Verdict:
    """The same exclusions as for a sign-off: nobody judges what they wrote or sent."""
    if facts.closing_unit is None:
        return Verdict(
            False,
            _(
                "The coordinating unit leads this task itself, so another office must close it. "
                "The plan names none."
            ),
        )
    excluded = facts.authors | {facts.submitter}
    if person.pk in excluded:
        return Verdict(False, _("You wrote or sent this report; somebody else must judge it."))
    for held in facts.holdings:
        if held.role == Post.Role.COORDINATOR and held.unit.pk == facts.closing_unit:
            if held.acting_for and held.acting_for.pk in excluded:
                return Verdict(
                    False,
                    _("You act for somebody who wrote or sent this report; it needs another one."),
                )
            return Verdict(True, holding=held)
    return Verdict(False, pgettext_lazy("close", "Only the coordinator in charge may do this."))


def _reopener(person: Person, facts: Facts) -> Verdict:
    """Where a route says who decides on reopening, nobody does it alone."""
    if REOPENING in facts.routed:
        return Verdict(False, _("Reopening goes through its own approval here: ask for it."))
    return _closer(person, facts)


def _coordinating(person: Person, facts: Facts) -> Verdict:
    """The plan's coordinators, and those of the office that closes the task."""
    offices = {facts.coordinator, facts.closing_unit}
    for held in facts.holdings:
        if held.role == Post.Role.COORDINATOR and held.unit.pk in offices:
            return Verdict(True, holding=held)
    return Verdict(False, _("Only the lead unit, an assessor or the coordinator may do this."))


def _any(*rules: Rule) -> Rule:
    """The first rule that allows it; else what the last one says."""

    def rule(person: Person, facts: Facts) -> Verdict:
        verdicts = [one(person, facts) for one in rules]
        return next((one for one in verdicts if one), verdicts[-1])

    return rule


def _asks(kind: str, entitled: Rule) -> Rule:
    """For the first time, or again once it came back; nobody while it is under approval."""

    def rule(person: Person, facts: Facts) -> Verdict:
        verdict = entitled(person, facts)
        if verdict and kind not in facts.routed:
            return Verdict(False, UNROUTED[kind])
        pending = facts.pending.get(kind)
        if verdict and pending and not pending.returned:
            reason = _("This was asked for already and is under approval.")
            return Verdict(False, reason, state=True)
        return verdict

    return rule


def _takes_back(kind: str, entitled: Rule) -> Rule:
    """Who asked, until somebody decides; once it came back, whoever may ask again."""

    def rule(person: Person, facts: Facts) -> Verdict:
        pending, verdict = facts.pending.get(kind), entitled(person, facts)
        if not verdict or (pending and pending.returned):
            return verdict
        if pending is None:
            return Verdict(False, _("Nobody is asking for this now."), state=True)
        if pending.asker != person.pk:
            return Verdict(False, _("Only the person who asked for it may take the request back."))
        if pending.decided:
            reason = _("Somebody has decided on the request already: it can't be taken back.")
            return Verdict(False, reason, state=True)
        return verdict

    return rule


UNROUTED: Mapping[str, str | Promise] = {
    EXTENSION: _("No route for extensions is in force: the coordinator moves the due date."),
    REOPENING: _("No route for reopening is in force: the coordinator reopens the task."),
}
_extends = _member("lead")
_brings_back = _any(_member("lead", "assessor"), _coordinating)

RULES: Mapping[str, Rule] = {
    "accept": _member("lead"),
    "decline": _member("lead"),
    "report": _member("lead"),
    "submit": _member("lead"),
    "withdraw": _submitter,
    "receive": _member("cooperating", "assessor"),
    "contribute": _member("cooperating"),
    "name_handlers": _member("lead", "cooperating", "assessor"),
    "insist": _coordinator,
    "reassign": _coordinator,
    "set_due_date": _coordinator,
    "set_priority": _coordinator,
    "cancel": _coordinator,
    "close": _closer,
    "reopen": _reopener,
    "ask_extension": _asks(EXTENSION, _extends),
    "withdraw_extension": _takes_back(EXTENSION, _extends),
    "ask_reopening": _asks(REOPENING, _brings_back),
    "withdraw_reopening": _takes_back(REOPENING, _brings_back),
}
