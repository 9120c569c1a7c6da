"""Which stages of a route apply to a subject."""

from collections.abc import Mapping, Sequence

from approvals import selectors
from approvals.models import Stage
from approvals.subjects import Context

NO_COOPERATING_UNIT = "no_cooperating_unit"
"""Why a stage was skipped: only cooperating units are asked, and there are none."""
CONDITION = "condition"
"""Why a stage was skipped: it applies to other subjects only."""


def why_skipped(stage: Stage, context: Context) -> str:
    """Why the stage doesn't apply to such a subject; nothing where it does."""
    if stage.condition and not applies(stage.condition, context):
        return CONDITION
    if not context.cooperating_units and selectors.asks_cooperating_units_only(stage.approvers):
        return NO_COOPERATING_UNIT
    return ""


def applies(condition: Mapping[str, Sequence[str]], context: Context) -> bool:
    """Whether a stage's condition includes the subject: each thing it asks about has to fit."""
    facts = {
        "plans": str(context.plan),
        "unit_kinds": context.unit_kind,
        "priorities": context.priority,
    }
    return all(facts[asked] in wanted for asked, wanted in condition.items())
