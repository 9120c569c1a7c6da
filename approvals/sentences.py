"""The sentences that people sign and read. What stands in a statement is what the page showed."""

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from approvals.models import SignOff
from approvals.rules import Tally

Decision = SignOff.Decision


def meaning(
    decision: str, *, subject: str, stage: str, round: int, capacity: str, acting_for: str = ""
) -> str:
    """What the decision says, as shown before it is signed and kept in the statement."""
    words = {
        "subject": subject,
        "stage": stage,
        "round": round,
        "capacity": capacity,
        "principal": acting_for,
    }
    if acting_for:
        by_decision = {
            Decision.APPROVE: _(
                "For %(principal)s, %(capacity)s, I approve “%(subject)s” at the stage “%(stage)s”,"
                " round %(round)s."
            ),
            Decision.RETURN: _(
                "For %(principal)s, %(capacity)s, I return “%(subject)s” at the stage “%(stage)s”,"
                " round %(round)s, for the reason given."
            ),
            Decision.ABSTAIN: _(
                "For %(principal)s, %(capacity)s, I abstain on “%(subject)s” at the stage"
                " “%(stage)s”, round %(round)s."
            ),
        }
    else:
        by_decision = {
            Decision.APPROVE: _(
                "As %(capacity)s, I approve “%(subject)s” at the stage “%(stage)s”, round"
                " %(round)s."
            ),
            Decision.RETURN: _(
                "As %(capacity)s, I return “%(subject)s” at the stage “%(stage)s”, round"
                " %(round)s, for the reason given."
            ),
            Decision.ABSTAIN: _(
                "As %(capacity)s, I abstain on “%(subject)s” at the stage “%(stage)s”, round"
                " %(round)s."
            ),
        }
    return by_decision[Decision(decision)] % words


def did(decision: str, name: str) -> str:
    """Who decided what, as a clause of its own."""
    clauses = {
        Decision.APPROVE: _("%(name)s approved"),
        Decision.RETURN: _("%(name)s returned it"),
        Decision.ABSTAIN: _("%(name)s abstained"),
    }
    return clauses[Decision(decision)] % {"name": name}


def actor_for(name: str, principal: str) -> str:
    """B for A: how a decision under a delegation names the two."""
    if not principal:
        return name
    return pgettext("delegation", "%(name)s for %(principal)s") % {
        "name": name,
        "principal": principal,
    }


def count(tally: Tally) -> str:
    """How far a stage has come, in a few words."""
    if tally.result == "passed":
        return _("%(approved)s of %(needed)s: passed") % {
            "approved": tally.approved,
            "needed": tally.needed,
        }
    missing = max(tally.needed - tally.approved, 0)
    return ngettext(
        "%(approved)s approved, %(missing)s more needed",
        "%(approved)s approved, %(missing)s more needed",
        missing,
    ) % {"approved": tally.approved, "missing": missing}


def listed(names: Sequence[str]) -> str:
    """Names in a row."""
    return pgettext("between names", ", ").join(names)


def capacity(unit: str | None, title: str | None) -> str:
    """Unit and post in one; for somebody asked by name, just that."""
    if not title:
        return _("asked by name")
    return pgettext("unit and post", "%(unit)s, %(title)s") % {"unit": unit, "title": title}
