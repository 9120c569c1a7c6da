"""Why a stage passed or was returned, as a sum that anybody can do again from the seats shown.

The numbers are those of `approvals.rules`; here they only get names.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from approvals import rules
from approvals.rules import Ballot, Rule, Seat

Names = Mapping[Any, str]


def reckoned(rule: Rule, seats: Sequence[Seat], ballots: Sequence[Ballot], names: Names) -> str:
    """The sum of one opening: who counted for it, what was needed, who stood in its way.

    `names` gives each seat's own name. Empty where nobody was asked.
    """
    if not seats:
        return ""
    if rule.refusal == "advice":
        spoken = {ballot.seat for ballot in ballots}
        return _("%(spoken)s of %(seats)s have spoken; opinions only, nothing is counted") % {
            "spoken": sum(seat.id in spoken for seat in seats),
            "seats": len(seats),
        }
    parts = [_approved(rule, seats, ballots, names), _needed(rule, seats, ballots)]
    parts += _against(rule, seats, ballots, names)
    return pgettext("between clauses", "; ").join(parts)


def _approved(rule: Rule, seats: Sequence[Seat], ballots: Sequence[Ballot], names: Names) -> str:
    """ "3 of 5 by weight: Finance 2 + Works 1"."""
    voters = rules.voters(rule, seats)
    decided = {ballot.seat: ballot.decision for ballot in ballots}
    weighed = rule.kind == "quorum" and any(seat.weight != 1 for seat in voters)
    terms = [
        pgettext("term of a sum", "%(name)s %(weight)s")
        % {"name": names[seat.id], "weight": seat.weight}
        if weighed
        else names[seat.id]
        for seat in voters
        if decided.get(seat.id) == "approve"
    ]
    words = {
        "approved": rules.tally(rule, seats, ballots).approved,
        "all": sum(seat.weight for seat in voters) if rule.kind == "quorum" else len(voters),
        "terms": " + ".join(terms),
    }
    if not terms:
        return _("nobody of %(all)s approved") % words
    if weighed:
        return _("%(approved)s of %(all)s by weight: %(terms)s") % words
    return _("%(approved)s of %(all)s: %(terms)s") % words


def _needed(rule: Rule, seats: Sequence[Seat], ballots: Sequence[Ballot]) -> str:
    """How many approvals it took, with the sum that gives it."""
    counted = rules.tally(rule, seats, ballots)
    voters = rules.voters(rule, seats)
    words = {
        "needed": counted.needed,
        "percent": rule.percent,
        "weight": sum(seat.weight for seat in voters),
        "seats": len(voters),
    }
    if rule.kind == "quorum" and rule.percent is not None:
        return _("needed ceil(%(percent)s %% × %(weight)s) = %(needed)s") % words
    if rule.kind == "all":
        decided = {ballot.seat: ballot.decision for ballot in ballots}
        words["abstained"] = sum(decided.get(seat.id) == "abstain" for seat in voters)
        if words["abstained"]:
            return _("needed %(seats)s − %(abstained)s abstained = %(needed)s") % words
    return _("needed %(needed)s") % words


def _against(
    rule: Rule, seats: Sequence[Seat], ballots: Sequence[Ballot], names: Names
) -> list[str]:
    """Returns, what they did, and added signers who have yet to speak."""
    found = []
    joined = pgettext("between names", ", ").join
    returned = [names[ballot.seat] for ballot in ballots if ballot.decision == "return"]
    counted = rules.tally(rule, seats, ballots)
    if returned:
        found.append(_("returned by %(names)s") % {"names": joined(returned)})
    if counted.result == "returned":
        if returned and rules.ends_it(rule, seats, ballots):
            found.append(_("this return ends the stage"))
        else:
            words = {"approved": counted.approved, "pending": counted.pending}
            words["needed"] = counted.needed
            found.append(
                _("%(approved)s + %(pending)s undecided can't reach %(needed)s any more") % words
            )
    spoken = {ballot.seat for ballot in ballots}
    if waiting := [names[seat.id] for seat in seats if seat.added and seat.id not in spoken]:
        found.append(_("waits for %(names)s, who were added") % {"names": joined(waiting)})
    return found
