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
from directory.queries.pages import (
    Branch,
    Seat,
    calendar_days,
    delegations_page,
    groups,
    people,
    person_page,
    posts_of,
    tree,
    unit_page,
)
from directory.queries.passkeys import (
    account_of,
    passkey_of,
    passkeys_awaiting,
    passkeys_in_force,
    passkeys_of,
)
from directory.queries.snapshots import as_sheet, preview, snapshot

__all__ = [
    "Branch",
    "Holding",
    "Seat",
    "account_of",
    "as_sheet",
    "calendar_days",
    "delegations_page",
    "delegations_to",
    "groups",
    "holder",
    "holders",
    "holdings",
    "in_force",
    "passkey_of",
    "passkeys_awaiting",
    "passkeys_in_force",
    "passkeys_of",
    "people",
    "person_page",
    "posts_of",
    "preview",
    "roles_of",
    "snapshot",
    "tree",
    "unit_page",
    "units_of",
    "working_days",
    "working_days_between",
]
