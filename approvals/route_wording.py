"""Routes in plain sentences: what a stage asks, what is wrong with it, what a version changes."""

from collections.abc import Sequence

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from approvals.specs import MOST_DAYS, MOST_SELECTORS, MOST_STAGES, Problem, StageSpec

PROBLEMS: dict[str, str | Promise] = {
    "no_stage": gettext_lazy("it has no stage."),
    "too_many_stages": gettext_lazy("it has more than %(stages)d stages."),
    "nobody_decides": gettext_lazy(
        "all stages ask for opinions only, so it would pass whatever they say."
    ),
    "all_conditional": gettext_lazy(
        "every stage has a condition, so there are cases in which nobody would be asked."
    ),
    "too_long": gettext_lazy("it names too many people and units for one record."),
    "stranger": gettext_lazy("it names a unit or a person that this organisation doesn't have."),
    "no_name": gettext_lazy("give it a name of at most 60 characters."),
    "unknown_rule": gettext_lazy("it has an unknown rule."),
    "unknown_refusal": gettext_lazy("it has an unknown rule for returns."),
    "unknown_after_return": gettext_lazy("it doesn't say what follows a return."),
    "unknown_repeat_signer": gettext_lazy("it doesn't say whether somebody is asked again."),
    "unknown_evidence": gettext_lazy("it asks for an unknown proof."),
    "unknown_may": gettext_lazy("it gives its signers an unknown right."),
    "unknown_condition": gettext_lazy("its condition is incomplete."),
    "no_quorum": gettext_lazy("a vote needs either a number or a percentage."),
    "quorum_without_vote": gettext_lazy("only a vote has a number or a percentage."),
    "due_in": gettext_lazy("a deadline is a number of working days from 1 to %(days)d."),
    "escalates_never": gettext_lazy(
        "somebody is asked when it is overdue, but it has no deadline."
    ),
    "passes_by_itself": gettext_lazy(
        "opinions with a deadline can't be the last stage: it would pass by itself."
    ),
    "returns_forward": gettext_lazy("a stage can only be returned to an earlier one."),
    "asks_nobody": gettext_lazy("say who signs."),
    "too_many_selectors": gettext_lazy("it has more than %(selectors)d lines of signers."),
    "unknown_select": gettext_lazy("it selects its signers in an unknown way."),
    "role_without_say": gettext_lazy("it asks posts that sign nothing off."),
    "selects_nobody": gettext_lazy("it doesn't say whom it asks."),
    "weight": gettext_lazy("a weight is a whole number from 1 to 1000."),
    "levels": gettext_lazy("a unit is 1 to 9 levels above another."),
}


def problem(found: Problem, stages: Sequence[StageSpec]) -> str:
    """What keeps the route from being published, and at which stage."""
    words = str(PROBLEMS[found.code]) % {
        "days": MOST_DAYS,
        "selectors": MOST_SELECTORS,
        "stages": MOST_STAGES,
    }
    if not found.position:
        return words
    return pgettext("a stage and what is wrong with it", "%(stage)s: %(problem)s") % {
        "stage": stage_name(found.position, stages[found.position - 1].name),
        "problem": words,
    }


def stage_name(position: int, name: str) -> str:
    if not name.strip():
        return _("stage %(position)d") % {"position": position}
    return _("stage %(position)d “%(name)s”") % {"position": position, "name": name}
