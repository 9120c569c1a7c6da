"""Who may do what with a plan, and if not, why. Pure: facts in, verdict out; denied by default.

A page asks which buttons to show; the action asks again after the row lock.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from directory.models import Person, Post
from directory.policy import WORKS
from directory.queries import Holding
from workflows.policy import Verdict

UNDER_APPROVAL = ("countersign", "approve_issuing")
"""The steps at which a route of the approval engine has the plan."""

STEPS: Mapping[str, Collection[str]] = {
    "revise": ("draft", "revise"),
    "submit": ("draft", "revise"),
    "withdraw": UNDER_APPROVAL,
    "issue": ("issue",),
    "receive": ("receipts", "in_force"),
    "amend": ("receipts", "in_force"),
    "cancel": ("draft", *UNDER_APPROVAL, "revise", "issue", "receipts", "in_force"),
}
"""The steps of the process at which each may be done."""

COMPLETED, CANCELLED = "completed", "cancelled"
ENDS = (COMPLETED, CANCELLED)

ELSEWHERE: Mapping[str, str | Promise] = {
    "draft": _("The plan is still a draft."),
    "countersign": _("The plan is being countersigned; nothing can be changed meanwhile."),
    "approve_issuing": _("The plan is under approval; nothing can be changed meanwhile."),
    "revise": _("The plan came back to be revised."),
    "issue": _("The plan is approved and waits to be issued."),
    "receipts": _("The plan has been issued already."),
    "in_force": _("The plan has been issued already."),
    "completed": _("The plan is completed."),
    "cancelled": _("The plan was cancelled."),
}


@dataclass(frozen=True)
class Facts:
    """All that the policy knows. `waiting` are the addressees that have not received the plan yet.

    `submitter` put the plan forward; `decided` tells whether anybody has decided on it since.
    `unit` is the unit for which somebody asks, where several could be meant.
    """

    step: str
    holdings: Sequence[Holding]
    coordinator: UUID
    waiting: Collection[UUID] = ()
    submitter: UUID | None = None
    decided: bool = False
    unit: UUID | None = None


def can(person: Person, action: str, facts: Facts) -> Verdict:
    """May the person do this to the plan now? Rights first, then the plan's step."""
    if not person.is_active:
        return Verdict(False, _("This account is closed."))
    verdict = RULES[action](person, facts)
    if verdict and facts.step not in STEPS[action]:
        return Verdict(False, ELSEWHERE[facts.step], state=True)
    return verdict


def allowed(person: Person, facts: Facts) -> set[str]:
    """The actions that the person may take now: what a page shows buttons for."""
    return {action for action in RULES if can(person, action, facts)}


def may_import(holdings: Sequence[Holding], unit: UUID | None = None) -> Verdict:
    """Bring in documents and turn them into drafts, for `unit` or any unit that one coordinates."""
    for held in holdings:
        if held.role == Post.Role.COORDINATOR and unit in (None, held.unit.pk):
            return Verdict(True, holding=held)
    return Verdict(False, _("Only a coordinator imports plans."))


def may_read_comments(holdings: Sequence[Holding], coordinator: UUID, has_part: bool) -> bool:
    """Read what approvers wrote: those with a part in the approval, and who keeps or audits all.

    Everybody else sees who signed and when.
    """
    roles = {held.role for held in holdings}
    return (
        has_part
        or bool(roles & {Post.Role.ADMINISTRATOR, Post.Role.AUDITOR})
        or bool(may_import(holdings, coordinator))
    )


def _coordinator(person: Person, facts: Facts) -> Verdict:
    verdict = may_import(facts.holdings, facts.coordinator)
    if verdict:
        return verdict
    return Verdict(False, _("Only the plan's coordinator may do this."))


def _submitter(person: Person, facts: Facts) -> Verdict:
    if facts.submitter != person.pk:
        return Verdict(False, _("Only the person who put the plan forward may take it back."))
    verdict = _coordinator(person, facts)
    if verdict and facts.decided:
        reason = _("Somebody has decided on the plan already: it can't be taken back.")
        return Verdict(False, reason, state=True)
    return verdict


def _addressee(person: Person, facts: Facts) -> Verdict:
    for held in facts.holdings:
        mine = facts.unit in (None, held.unit.pk)
        if mine and held.unit.pk in facts.waiting and held.role in WORKS:
            return Verdict(True, holding=held)
    return Verdict(
        False, _("Only a handler, deputy or principal of a unit that has not received it yet may.")
    )


RULES: Mapping[str, Callable[[Person, Facts], Verdict]] = {
    "revise": _coordinator,
    "submit": _coordinator,
    "withdraw": _submitter,
    "issue": _coordinator,
    "receive": _addressee,
    "amend": _coordinator,
    "cancel": _coordinator,
}
