"""Everything that changes an approval or a route, one verb each.

`begin`, `withdraw` and `cancel` are steps of a subject's own action, called under its root's lock;
`decide` and `publish_route` are whole actions.
"""

from approvals.actions.course import (
    AlreadyDecided,
    AlreadyUnderApproval,
    Begun,
    NobodyAsked,
    NoRoute,
    NotTheSubmitter,
    NotUnderApproval,
    begin,
    cancel,
    withdraw,
)
from approvals.actions.decision import COMMENT_LIMIT, Decided, decide
from approvals.actions.recovery import ask_again, ask_unanswered
from approvals.actions.routes import InvalidRoute, StageSpec, publish_route
from approvals.refusals import (
    CommentTooLong,
    ContentChanged,
    DeactivatedPerson,
    KeyReused,
    LeavesNobody,
    NotYourItem,
    NotYourTurn,
    OneSeat,
    OutOfReach,
    OwnSeatFirst,
    OwnWork,
    ReasonRequired,
    StageClosed,
    StrongerProof,
    UnknownDecision,
)

__all__ = [
    "COMMENT_LIMIT",
    "AlreadyDecided",
    "AlreadyUnderApproval",
    "Begun",
    "CommentTooLong",
    "ContentChanged",
    "DeactivatedPerson",
    "Decided",
    "InvalidRoute",
    "KeyReused",
    "LeavesNobody",
    "NoRoute",
    "NobodyAsked",
    "NotTheSubmitter",
    "NotUnderApproval",
    "NotYourItem",
    "NotYourTurn",
    "OneSeat",
    "OutOfReach",
    "OwnSeatFirst",
    "OwnWork",
    "ReasonRequired",
    "StageClosed",
    "StageSpec",
    "StrongerProof",
    "UnknownDecision",
    "ask_again",
    "ask_unanswered",
    "begin",
    "cancel",
    "decide",
    "publish_route",
    "withdraw",
]
