"""Reading the directory: who holds what, who stands in for whom, which days are worked."""

from directory.queries.days import working_days, working_days_between
from directory.queries.holdings import (
    Holding,
    delegations_to,
    holder,
    holders,
    holdings,
    in_force,
    roles_of,
    units_of,
)
from directory.queries.pages import Branch, Seat, tree
from directory.queries.snapshots import preview, snapshot

__all__ = [
    "Branch",
    "Holding",
    "Seat",
    "delegations_to",
    "holder",
    "holders",
    "holdings",
    "in_force",
    "preview",
    "roles_of",
    "snapshot",
    "tree",
    "units_of",
    "working_days",
    "working_days_between",
]
