"""Reading approvals: who is asked, who could act, how an approval stands."""

from approvals.queries.asking import (
    Candidate,
    Candidates,
    candidates,
    revocable,
    revocable_ids,
)
from approvals.queries.lists import (
    Blocked,
    blocked,
    open_items_for,
    overdue,
    resumption,
    routes,
    unanswered,
    version_of,
)
from approvals.queries.people import (
    approvals_before,
    barred,
    claimants,
    had,
    has_part,
    holders_of,
    seated,
    somebody_able,
    what_closed,
    why_not_yours,
)
from approvals.queries.progress import Progress, SeatView, StageView, current
from approvals.queries.reviewing import Choice, Question, Review, review, seen_digest
from approvals.queries.routing import stages_with_strangers

__all__ = [
    "Blocked",
    "Candidate",
    "Candidates",
    "Choice",
    "Progress",
    "Question",
    "Review",
    "SeatView",
    "StageView",
    "approvals_before",
    "barred",
    "blocked",
    "candidates",
    "claimants",
    "current",
    "had",
    "has_part",
    "holders_of",
    "open_items_for",
    "overdue",
    "resumption",
    "review",
    "revocable",
    "revocable_ids",
    "routes",
    "seated",
    "seen_digest",
    "somebody_able",
    "stages_with_strangers",
    "unanswered",
    "version_of",
    "what_closed",
    "why_not_yours",
]
