"""One entry after the other: body, chain, openings, and the triggers behind them."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from audit.actions import append, prepare
from audit.canonical import BodyTooLarge, commit, leaf_hash
from audit.ids import uuid7
from audit.models import NO_HASH, Entry, Opening
from audit.queries import read_openings
from directory.models import Organisation
from tests.factories import make_organisation

AT = datetime(2026, 11, 16, 1, 30, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def said(entry: Entry) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(bytes(entry.body))
    return body


def add(root: Organisation, **facts: Any) -> Entry:
    return append(root, kind="organisation.noted", actor="operator", at=AT, facts=facts)


def test_an_entry_says_who_did_what_when_and_follows_the_one_before_it() -> None:
    root = make_organisation()
    first = add(root, colour="green")
    second = add(root, colour="blue")

    body = said(second)
    assert body == {
        "v": 1,
        "organisation": str(root.pk),
        "subject": f"organisation:{root.pk}",
        "seq": first.subject_seq + 1,
        "prev": bytes(first.entry_hash).hex(),
        "action": str(second.action),
        "kind": "organisation.noted",
        "actor": "operator",
        "capacity": None,
        "acting_for": None,
        "at": "2026-11-16T01:30:00.000000Z",
        "facts": {"colour": "blue"},
    }
    assert second.entry_hash == leaf_hash(bytes(second.body))


def test_the_head_is_saved_with_the_changed_fields_in_one_statement(
    django_assert_num_queries: Any,
) -> None:
    root = make_organisation()
    root.name = "Renamed"
    with django_assert_num_queries(2) as queries:
        entry = append(
            root, kind="organisation.renamed", actor="operator", at=AT, facts={}, changed=["name"]
        )
    assert queries[0]["sql"].startswith('UPDATE "directory_organisation"')
    assert queries[1]["sql"].startswith('INSERT INTO "audit_entry"')
    kept = Organisation.objects.get(pk=root.pk)
    assert (kept.name, bytes(kept.chain_head)) == ("Renamed", entry.entry_hash)
    assert kept.chain_length == entry.subject_seq


def test_a_long_text_enters_as_a_commitment_that_can_be_opened() -> None:
    root = make_organisation()
    comment = commit("Figures for October are missing. 缺十月数字。")
    entry = add(root, comment=comment)
    assert said(entry)["facts"] == {"comment": {"commitment": comment.digest.hex()}}
    assert "missing" not in bytes(entry.body).decode()
    assert read_openings(root.pk, [comment.digest]) == {
        comment.digest: "Figures for October are missing. 缺十月数字。"
    }


def test_an_unknown_or_foreign_commitment_reads_as_erased() -> None:
    root, other = make_organisation(), make_organisation()
    comment = commit("Ours")
    add(root, comment=comment)
    assert read_openings(other.pk, [comment.digest, None]) == {comment.digest: None}


def test_two_commitments_to_one_text_differ() -> None:
    assert commit("Agreed").digest != commit("Agreed").digest


def test_a_body_over_the_limit_is_refused_before_anything_is_written() -> None:
    root = make_organisation()
    before = Entry.objects.count(), Opening.objects.count()
    with pytest.raises(BodyTooLarge):
        add(root, text="長" * 6000, comment=commit("Long"))
    assert (Entry.objects.count(), Opening.objects.count()) == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"prev_hash": b"\x01" * 32}, "does not follow its chain"),
        ({"subject_seq": 7}, "does not follow its chain"),
        ({"entry_hash": b"\x01" * 32}, "wrong hash"),
        ({"body": b"{}"}, "wrong hash"),
    ],
)
def test_the_database_refuses_an_entry_that_does_not_fit(
    change: dict[str, Any], message: str
) -> None:
    root = make_organisation()
    entry = prepare(root, kind="organisation.noted", actor="operator", at=AT, facts={}).entry
    for name, value in change.items():
        setattr(entry, name, value)
    with pytest.raises(DatabaseError, match=message), transaction.atomic():
        entry.save(force_insert=True)


def test_a_chain_begins_with_nothing_before_it() -> None:
    root = Organisation(name="Unsaved")
    entry = prepare(root, kind="organisation.noted", actor="operator", at=AT, facts={}).entry
    assert (entry.subject_seq, bytes(entry.prev_hash)) == (1, NO_HASH)


def test_the_transaction_of_an_entry_is_what_the_database_says_it_is() -> None:
    root = make_organisation()
    entry = prepare(root, kind="organisation.noted", actor="operator", at=AT, facts={}).entry
    entry.xid = "1"
    entry.save(force_insert=True)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT xid = pg_current_xact_id() FROM audit_entry WHERE id = %s", [entry.pk]
        )
        assert cursor.fetchone() == (True,)


def test_ids_sort_by_the_time_they_were_made() -> None:
    ids = [uuid7() for _ in range(3)]
    assert {one.version for one in ids} == {7}
    assert [one.int >> 80 for one in ids] == sorted(one.int >> 80 for one in ids)
