"""Auditors read everything and change nothing: every address that takes something is tried."""

import pytest
from django.db import connection

from tests.access.table import EXPECTED, Row
from tests.access.visitors import Visitors, undone

OWN = {
    "audit_list": "what was taken away is recorded",
    "audit_search_save": "saved searches are their own",
    "audit_search_change": "saved searches are their own",
    "password_change": "their own account",
    "delegation_new": "their own post while they are away",
    "delegation_revoke": "their own post while they are away",
    "notices_read": "their own notices",
    "sign_in": "their own session",
    "sign_out": "their own session",
    "set_language": "their own language",
}
"""Where something changes when an auditor sends it, and why that is well."""
NO_MATTER = ("django_session", "axes_")
"""Tables in which the door itself writes down who comes in."""
SENT = [
    row
    for row in EXPECTED
    if row.post is not None
    and not row.own_transaction
    and row.name not in OWN
    and "passkey" not in row.name
]


def touched() -> set[str]:
    """Tables that the transaction under way has written to, what was undone in it included."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_stat_xact_user_tables"
            " WHERE n_tup_ins + n_tup_upd + n_tup_del > 0"
        )
        return {name for (name,) in cursor.fetchall() if not name.startswith(NO_MATTER)}


@pytest.mark.parametrize("row", SENT, ids=str)
def test_nothing_that_an_auditor_sends_changes_anything(visitors: Visitors, row: Row) -> None:
    with undone():
        answer = visitors.go(visitors.here.people["own.auditor"], "post", row)
        assert touched() == set(), answer.outcome


def test_what_an_auditor_may_change_would_be_noticed(visitors: Visitors) -> None:
    [row] = [row for row in EXPECTED if row.name == "audit_search_save"]
    with undone():
        visitors.go(visitors.here.people["own.auditor"], "post", row)
        assert touched() == {"audit_savedfilter"}


def test_an_export_writes_nothing_but_its_own_entry(visitors: Visitors) -> None:
    row = next(row for row in EXPECTED if row.name == "audit_list")
    with undone():
        visitors.go(visitors.here.people["own.auditor"], "post", row)
        assert touched() == {"audit_entry", "audit_opening", "directory_person"}
