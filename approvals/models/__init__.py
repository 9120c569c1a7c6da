"""Routes, and approvals on their way along them.

A route's version is immutable once published; an approval pins the version it began with. An
opening freezes its electorate as work items; a sign-off is the insert-only record of one decision.
"""

from approvals.models.approvals import Approval, Opening, Round
from approvals.models.routes import Route, RouteDraft, RouteProposal, RouteVersion, Stage
from approvals.models.seats import Intervention, Revocation, SignOff, WorkItem
from approvals.models.signatures import Assertion, PreparedSignature

__all__ = [
    "Approval",
    "Assertion",
    "Intervention",
    "Opening",
    "PreparedSignature",
    "Revocation",
    "Round",
    "Route",
    "RouteDraft",
    "RouteProposal",
    "RouteVersion",
    "SignOff",
    "Stage",
    "WorkItem",
]
