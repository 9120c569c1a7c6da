"""The decision's own SQL: what it reads in one statement, what it writes in one.

Everything else in the product goes through the ORM. A decision is what people wait for and what
the benchmark measures, and these two statements are the difference between 3 and 8 times the bare
floor. They run under the root's lock: the lock is taken alone, in a statement before, because one
that locks and reads would see the ballots from before it waited.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from django.db import connection, models

from approvals.models import Opening, SignOff, WorkItem
from approvals.policy import Claim
from approvals.rules import Ballot, Rule, Seat
from approvals.statements import Head
from audit.actions import Prepared
from audit.models import Root

FIND = """
SELECT a.subject_kind, a.subject_id, a.root
FROM approvals_workitem i JOIN approvals_approval a ON a.id = i.approval_id
WHERE i.id = %(item)s AND i.organisation_id = %(organisation)s
"""

READ = """
WITH item AS MATERIALIZED (
    SELECT * FROM approvals_workitem WHERE id = %(item)s
), held AS MATERIALIZED (
    -- FOR SHARE: an appointment that is ended at this moment either ends before or waits for us.
    SELECT p.post_id
    FROM directory_appointment p JOIN directory_post post ON post.id = p.post_id
    WHERE p.person_id = %(person)s AND post.abolished_at IS NULL
        AND p.starts_at <= %(at)s AND (p.ends_at IS NULL OR p.ends_at > %(at)s)
        AND p.post_id IN (
            SELECT seat.post_id FROM approvals_workitem seat
            WHERE seat.opening_id = (SELECT opening_id FROM item)
        )
    FOR SHARE OF p
), lent AS MATERIALIZED (
    SELECT d.principal_id
    FROM directory_delegation d
    JOIN directory_person principal ON principal.id = d.principal_id
    JOIN directory_appointment p ON p.person_id = d.principal_id
    JOIN directory_post post ON post.id = p.post_id
    WHERE d.delegate_id = %(person)s AND principal.is_active AND post.abolished_at IS NULL
        AND p.post_id = (SELECT post_id FROM item) AND (d.post_id IS NULL OR d.post_id = p.post_id)
        AND p.starts_at <= %(at)s AND (p.ends_at IS NULL OR p.ends_at > %(at)s)
        AND d.starts_at <= %(at)s AND d.ends_at > %(at)s
        AND (d.revoked_at IS NULL OR d.revoked_at > %(at)s)
    FOR SHARE OF d, p
), lent_by_name AS MATERIALIZED (
    SELECT d.principal_id
    FROM directory_delegation d JOIN directory_person principal ON principal.id = d.principal_id
    WHERE d.delegate_id = %(person)s AND principal.is_active
        AND d.principal_id = (SELECT person_id FROM item) AND d.post_id IS NULL
        AND d.starts_at <= %(at)s AND d.ends_at > %(at)s
        AND (d.revoked_at IS NULL OR d.revoked_at > %(at)s)
    FOR SHARE OF d
)
SELECT i.id, i.post_id, i.person_id, i.state,
    o.id, o.number, o.outcome, o.reason,
    a.id, a.state, a.version_id,
    r.id, r.number, r.document_id, r.digest, r.submitter_id, r.authors, r.context,
    s.position, s.name, s.rule, s.refusal, s.quorum_number, s.quorum_percent, s.sequential,
    s.returns_to, s.evidence,
    post.title, post.role, unit.id, unit.name,
    (SELECT is_active FROM directory_person WHERE id = %(person)s),
    (SELECT array_agg(post_id) FROM held),
    (SELECT array_agg(DISTINCT principal_id)
     FROM (TABLE lent UNION ALL TABLE lent_by_name) AS principals),
    (SELECT json_agg(json_build_array(seat.id, seat.post_id, seat.person_id, seat.weight,
            seat.origin, seat.state, ballot.decision, ballot.target, ballot.person_id,
            ballot.acting_for_id) ORDER BY seat.position)
     FROM approvals_workitem seat
     LEFT JOIN approvals_signoff ballot ON ballot.work_item_id = seat.id
     WHERE seat.opening_id = o.id),
    (SELECT entry_hash FROM audit_entry
     WHERE organisation = i.organisation_id AND subject = a.root AND subject_seq = %(seen)s),
    same.id, same.request_digest
FROM item i
JOIN approvals_opening o ON o.id = i.opening_id
JOIN approvals_approval a ON a.id = i.approval_id
JOIN approvals_round r ON r.id = o.round_id
JOIN approvals_stage s ON s.id = o.stage_id
LEFT JOIN directory_post post ON post.id = i.post_id
LEFT JOIN directory_unit unit ON unit.id = post.unit_id
LEFT JOIN approvals_signoff same ON same.organisation_id = i.organisation_id
    AND same.person_id = %(person)s AND same.idempotency_key = %(key)s
"""


@dataclass(frozen=True)
class Place:
    """One seat of the opening as it is now, with the ballot cast on it."""

    id: UUID
    post: UUID | None
    person: UUID | None
    weight: int
    origin: str
    state: str
    decision: str | None
    target: int | None
    decided_by: UUID | None
    acting_for: UUID | None


@dataclass(frozen=True)
class Reading:
    """Everything a decision looks at, as of the moment the root was locked."""

    item: UUID
    post: UUID | None
    named: UUID | None
    item_state: str
    opening: UUID
    opening_number: int
    outcome: str
    reason: str
    approval: UUID
    approval_state: str
    version: UUID
    round: UUID
    round_number: int
    document: UUID
    document_digest: bytes
    submitter: UUID
    authors: list[UUID]
    context: Mapping[str, Any]
    position: int
    stage: str
    rule: str
    refusal: str
    quorum_number: int | None
    quorum_percent: int | None
    sequential: bool
    returns_to: list[int]
    evidence: str
    title: str | None
    role: str | None
    unit: UUID | None
    unit_name: str | None
    is_active: bool
    held: list[UUID]
    lent: list[UUID]
    places: list[Place]
    seen_hash: bytes | None
    earlier: UUID | None
    earlier_request: bytes | None

    @property
    def tallied(self) -> tuple[Rule, list[Seat], list[Ballot]]:
        """What `rules` wants to know."""
        rule = Rule(
            self.rule, self.refusal, self.quorum_number, self.quorum_percent, self.sequential
        )
        seats = [Seat(place.id, place.weight, place.origin == "added") for place in self.places]
        ballots = [
            Ballot(place.id, place.decision, place.target)
            for place in self.places
            if place.decision
        ]
        return rule, seats, ballots

    @property
    def used(self) -> set[UUID]:
        """Those who fill a seat of this opening already."""
        people = {one for place in self.places for one in (place.decided_by, place.acting_for)}
        return people - {None}  # type: ignore[return-value]

    def claims(self, person: UUID) -> list[Claim]:
        """The rights under which `person` may act on the item's seat."""
        own = self.named == person or (self.post is not None and self.post in self.held)
        lent = [Claim(person, acting_for=principal) for principal in self.lent]
        return ([Claim(person)] if own else []) + lent

    def has_other_seat(self, person: UUID) -> bool:
        """Whether another seat of this opening waits for `person` in their own right."""
        return any(
            place.id != self.item
            and place.decision is None
            and (place.person == person or place.post in self.held)
            for place in self.places
        )


COLUMNS = tuple(column.name for column in fields(Reading))


def find_subject(work_item_id: UUID, organisation_id: UUID) -> tuple[str, UUID, str] | None:
    """Whose lock guards the item: the subject's kind and id and its root; they never change."""
    found: tuple[str, UUID, str] | None = _fetch(
        "find_decision", FIND, {"item": work_item_id, "organisation": organisation_id}
    )
    return found


def read_decision(
    *, work_item_id: UUID, person_id: UUID, key: UUID, seen: Head | None, at: datetime
) -> Reading:
    """One statement; the root is locked."""
    wanted = {
        "item": work_item_id,
        "person": person_id,
        "at": at,
        "seen": seen.seq if seen else 0,
        "key": key,
    }
    reading = dict(zip(COLUMNS, _fetch("read_decision", READ, wanted), strict=True))
    for name in ("held", "lent", "places"):
        reading[name] = reading[name] or []
    for name in ("document_digest", "seen_hash", "earlier_request"):
        reading[name] = None if reading[name] is None else bytes(reading[name])
    reading["context"] = json.loads(reading["context"])
    reading["places"] = [_place(*place) for place in reading["places"]]
    return Reading(**reading)


TYPES = {UUID: "uuid", datetime: "timestamptz", int: "bigint"}
_prepared: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()


def _fetch(name: str, sql: str, values: Mapping[str, Any]) -> Any:
    """The statement's one row, planned once for each connection: planning costs more than reading.

    Behind a pooler that shares connections between transactions (Django's setting for it is
    DISABLE_SERVER_SIDE_CURSORS) it is planned each time.
    """
    with connection.cursor() as cursor:
        if connection.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS"):
            cursor.execute(sql, values)
            return cursor.fetchone()
        known = _prepared.setdefault(connection.connection, set())
        if name not in known:
            types = ", ".join(TYPES[type(value)] for value in values.values())
            numbers = {value: f"${number}" for number, value in enumerate(values, 1)}
            cursor.execute(f"PREPARE {name} ({types}) AS {sql % numbers}")
            known.add(name)
        places = ", ".join(["%s"] * len(values))
        cursor.execute(f"EXECUTE {name} ({places})", list(values.values()))
        return cursor.fetchone()


def _place(
    seat: str,
    post: str | None,
    person: str | None,
    weight: int,
    origin: str,
    state: str,
    decision: str | None,
    target: int | None,
    decided_by: str | None,
    acting_for: str | None,
) -> Place:
    ids = [UUID(one) if one else None for one in (post, person, decided_by, acting_for)]
    return Place(
        UUID(seat), ids[0], ids[1], weight, origin, state, decision, target, ids[2], ids[3]
    )


@dataclass(frozen=True)
class Write:
    """The rows of one decision.

    `closing` ends the opening with this outcome, `next_item` is whose turn comes in a sequential
    stage, `openings` and `items` are the stage that opens next, `approval_state` the new state.
    """

    root: Root
    changed: Sequence[str]
    sign_off: SignOff
    prepared: Prepared
    opening: UUID
    at: datetime
    closing: str = ""
    closing_reason: str = ""
    unneeded: Sequence[UUID] = ()
    next_item: UUID | None = None
    openings: Sequence[Opening] = ()
    items: Sequence[WorkItem] = ()
    approval_state: str = ""


def write_decision(write: Write) -> None:
    """One statement that inserts and updates it all, the ledger entry last."""
    parts = list(_parts(write))
    head, entry = parts[:-1], parts[-1]
    statement = f"WITH {', '.join(f'{name} AS ({sql})' for name, sql, _ in head)} {entry[1]}"
    with connection.cursor() as cursor:
        cursor.execute(statement, [value for _, _, values in parts for value in values])


Part = tuple[str, str, list[Any]]


def _parts(write: Write) -> Iterable[Part]:
    sign_off, at = write.sign_off, write.at
    if write.prepared.openings:
        yield _insert("commitments", write.prepared.openings)
    yield _insert("sign_off", [sign_off])
    yield (
        "decided",
        "UPDATE approvals_workitem SET state = 'decided', closed_at = %s WHERE id = %s",
        [at, sign_off.work_item_id],
    )
    if write.unneeded:
        yield (
            "unneeded",
            "UPDATE approvals_workitem SET state = 'not_needed', closed_at = %s WHERE id = ANY(%s)",
            [at, list(write.unneeded)],
        )
    if write.next_item:
        yield (
            "turn",
            "UPDATE approvals_workitem SET state = 'open', opened_at = %s WHERE id = %s",
            [at, write.next_item],
        )
    if write.closing:
        yield (
            "closed",
            "UPDATE approvals_opening SET outcome = %s, reason = %s, closed_at = %s"
            " WHERE id = %s RETURNING number",
            [write.closing, write.closing_reason, at, write.opening],
        )
    if write.openings:
        # Numbered from the closed one, so that the old opening is closed before a new one is open.
        number = "(SELECT number FROM closed) + %s"
        first = write.openings[0].number - 1
        yield _insert("opened", write.openings, {"number": (number, -first)})
    if write.items:
        yield _insert("asked", write.items)
    if write.approval_state:
        ended = at if write.approval_state == "passed" else None
        yield (
            "approval",
            "UPDATE approvals_approval SET state = %s, ended_at = %s WHERE id = %s",
            [write.approval_state, ended, sign_off.approval_id],
        )
    yield _head(write.root, write.changed)
    yield _insert("entry", [write.prepared.entry])


def _insert(
    name: str,
    rows: Sequence[models.Model],
    expressions: Mapping[str, tuple[str, int]] | None = None,
) -> Part:
    """`expressions` replace a column's value by SQL over the value plus an offset."""
    expressions = expressions or {}
    meta = rows[0]._meta
    written = [field for field in meta.concrete_fields if field.db_default is models.NOT_PROVIDED]
    places = ", ".join(
        expressions[field.name][0] if field.name in expressions else "%s" for field in written
    )
    values = [
        getattr(row, field.attname) + expressions[field.name][1]
        if field.name in expressions
        else field.get_db_prep_save(getattr(row, field.attname), connection)
        for row in rows
        for field in written
    ]
    columns = ", ".join(str(field.column) for field in written)
    lines = ", ".join([f"({places})"] * len(rows))
    sql = f"INSERT INTO {meta.db_table} ({columns}) VALUES {lines}"  # noqa: S608 - from models
    return name, sql, values


def _head(root: Root, changed: Sequence[str]) -> Part:
    names = [*changed, "chain_head", "chain_length"]
    written = [root._meta.get_field(name) for name in names]
    sets = ", ".join(f"{field.column} = %s" for field in written)  # type: ignore[union-attr]
    values = [
        field.get_db_prep_save(getattr(root, field.attname), connection)  # type: ignore[union-attr]
        for field in written
    ]
    return (
        "root",
        f"UPDATE {root._meta.db_table} SET {sets} WHERE id = %s",  # noqa: S608 - from models
        [*values, root.pk],
    )
