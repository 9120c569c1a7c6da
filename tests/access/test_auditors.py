"""Auditors read everything and change nothing: every address that takes something is tried."""

from collections import Counter

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
NO_MATTER = ("django_session", "axes_", "audit_turnstile")
"""Tables in which the doors themselves write down who comes in, and how often."""
SENT = [
    row
    for row in EXPECTED
    if row.post is not None
    and not row.own_transaction
    and row.name not in OWN
    and "passkey" not in row.name
]


def written() -> Counter[str]:
    """Rows that this session has written, table by table, what was undone again included."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables"
        )
        return Counter({name: n for name, n in cursor.fetchall() if not name.startswith(NO_MATTER)})


def sent(visitors: Visitors, row: Row) -> tuple[str, set[str]]:
    """What an auditor was answered, and the tables to which something was written meanwhile."""
    with undone():
        before = written()
        answer = visitors.go(visitors.here.people["own.auditor"], "post", row)
        return answer.outcome, set(written() - before)


@pytest.mark.parametrize("row", SENT, ids=str)
def test_nothing_that_an_auditor_sends_changes_anything(visitors: Visitors, row: Row) -> None:
    outcome, changed = sent(visitors, row)
    assert changed == set(), outcome


def first(name: str) -> Row:
    return next(row for row in EXPECTED if row.name == name)


def test_what_an_auditor_may_change_would_be_noticed(visitors: Visitors) -> None:
    assert sent(visitors, first("audit_search_save")) == ("may", {"audit_savedfilter"})


def test_an_export_writes_nothing_but_its_own_entry(visitors: Visitors) -> None:
    changed = {"audit_entry", "audit_opening", "directory_person"}
    assert sent(visitors, first("audit_list")) == ("may", changed)
