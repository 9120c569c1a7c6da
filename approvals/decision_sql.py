"""The decision's own SQL: what it locks and reads in one trip, what it writes in another.

A root that is no task takes a trip more, and so does acting for somebody else. Nearly everything
else in the product goes through the ORM. A decision is what people wait for and what the benchmark
measures, and these statements are the difference between 3 and 8 times the bare floor. The root's
lock is a statement of its own before the reading: one that locks and reads would see the ballots
from before it waited.
"""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, models

from approvals import rules, subjects
from approvals.models import Opening, SignOff, Stage, WorkItem
from approvals.policy import Claim
from approvals.prepared import Statement, conclude, fetch_one
from approvals.rules import Ballot, Rule, Seat
from approvals.stages import stages_of
from approvals.statements import Head
from audit.actions import Prepared
from audit.canonical import id_of_text
from audit.models import Entry, Root, plain_columns

# Which root it is never changes, so the statement that locks it may look it up.
LOCK = """
SELECT 1 FROM {table} WHERE id = (
    SELECT split_part(a.root, ':', 2)::uuid
    FROM approvals_workitem i JOIN approvals_approval a ON a.id = i.approval_id
    WHERE i.id = %(item)s AND i.organisation_id = %(organisation)s
) FOR NO KEY UPDATE
"""

READ = """
WITH item AS MATERIALIZED (
    SELECT * FROM approvals_workitem WHERE id = %(item)s
), held AS MATERIALIZED (
    -- FOR SHARE: an appointment that is ended at this moment either ends before or waits for us.
    SELECT FROM directory_appointment p
    WHERE p.person_id = %(person)s AND p.post_id = (SELECT post_id FROM item)
        AND p.starts_at <= %(at)s AND (p.ends_at IS NULL OR p.ends_at > %(at)s)
    FOR SHARE OF p
)
SELECT i.id, i.position, i.origin, i.post_id, i.person_id, i.state,
    o.id, o.number, o.outcome, o.reason, o.resumes_at,
    a.id, a.state, a.version_id,
    r.id, r.number, r.document_id, r.digest, r.submitter_id, r.authors, r.context,
    o.stage_id, post.title, post.role, unit.id, unit.name,
    (SELECT is_active FROM directory_person WHERE id = %(person)s),
    EXISTS (TABLE held) AND post.abolished_at IS NULL,
    -- A seat has one turn at a time. One that carries an approval over shows that ballot.
    (SELECT json_agg(json_build_array(seat.id, seat.position, seat.post_id, seat.person_id,
            seat.weight, seat.origin, seat.state, seat.waits_for, ballot.decision, ballot.target,
            ballot.person_id, ballot.acting_for_id) ORDER BY seat.position)
     FROM approvals_workitem seat LEFT JOIN approvals_signoff ballot
        ON ballot.work_item_id = coalesce(seat.carried_from_id, seat.id)
     WHERE seat.opening_id = o.id AND seat.state <> 'superseded'),
    -- Where this ballot may end the stage: the posts that the next one may ask, so that opening it
    -- takes no trip of its own. Units that a context names several of are left to that.
    CASE WHEN s.rule <> 'all' OR NOT EXISTS (
        SELECT FROM approvals_workitem other
        WHERE other.opening_id = o.id AND other.id <> i.id AND other.state IN ('open', 'waiting')
    ) THEN (
        SELECT json_agg(json_build_array(asked.id, asked.unit_id, asked.role)
            ORDER BY asked.title, asked.id)
        FROM directory_post asked
        WHERE asked.abolished_at IS NULL AND asked.unit_id = ANY (ARRAY(
            SELECT unnest(ARRAY[selector->>'unit', r.context->>'lead', r.context->>'coordinating',
                r.context->>'reviewing'])::uuid
            FROM approvals_stage next, jsonb_array_elements(next.approvers) selector
            WHERE next.version_id = a.version_id
                AND next.position = coalesce(o.resumes_at, s.position + 1)
        ))
    ) END,
    (SELECT entry_hash FROM audit_entry
     WHERE organisation = i.organisation_id AND subject = a.root AND subject_seq = %(seen)s),
    same.id, same.request_digest,
    a.subject_kind, a.subject_id, a.root, {columns}
FROM item i
JOIN approvals_opening o ON o.id = i.opening_id
JOIN approvals_approval a ON a.id = i.approval_id
JOIN approvals_round r ON r.id = o.round_id
JOIN approvals_stage s ON s.id = o.stage_id
LEFT JOIN directory_post post ON post.id = i.post_id
LEFT JOIN directory_unit unit ON unit.id = post.unit_id
LEFT JOIN approvals_signoff same ON same.organisation_id = i.organisation_id
    AND same.person_id = %(person)s AND same.idempotency_key = %(key)s
LEFT JOIN {table} root ON root.id = split_part(a.root, ':', 2)::uuid
WHERE i.organisation_id = %(organisation)s
"""

# For whom the person may act on the item, and which posts of the opening they hold themselves.
RIGHTS = """
WITH seat AS MATERIALIZED (
    SELECT post_id, person_id, opening_id FROM approvals_workitem WHERE id = %(item)s
), lent AS MATERIALIZED (
    SELECT d.principal_id
    FROM directory_delegation d
    JOIN directory_person principal ON principal.id = d.principal_id
    JOIN directory_appointment p ON p.person_id = d.principal_id
    JOIN directory_post post ON post.id = p.post_id
    WHERE d.delegate_id = %(person)s AND principal.is_active AND post.abolished_at IS NULL
        AND p.post_id = (SELECT post_id FROM seat) AND (d.post_id IS NULL OR d.post_id = p.post_id)
        AND p.starts_at <= %(at)s AND (p.ends_at IS NULL OR p.ends_at > %(at)s)
        AND d.starts_at <= %(at)s AND d.ends_at > %(at)s
        AND (d.revoked_at IS NULL OR d.revoked_at > %(at)s)
    FOR SHARE OF d, p
), lent_by_name AS MATERIALIZED (
    SELECT d.principal_id
    FROM directory_delegation d JOIN directory_person principal ON principal.id = d.principal_id
    WHERE d.delegate_id = %(person)s AND principal.is_active
        AND d.principal_id = (SELECT person_id FROM seat) AND d.post_id IS NULL
        AND d.starts_at <= %(at)s AND d.ends_at > %(at)s
        AND (d.revoked_at IS NULL OR d.revoked_at > %(at)s)
    FOR SHARE OF d
), held AS MATERIALIZED (
    SELECT p.post_id
    FROM directory_appointment p JOIN directory_post post ON post.id = p.post_id
    WHERE p.person_id = %(person)s AND post.abolished_at IS NULL
        AND p.starts_at <= %(at)s AND (p.ends_at IS NULL OR p.ends_at > %(at)s)
        AND p.post_id = ANY (ARRAY(
            SELECT other.post_id FROM approvals_workitem other
            WHERE other.opening_id = (SELECT opening_id FROM seat)
        ))
    FOR SHARE OF p
)
SELECT (SELECT array_agg(DISTINCT principal_id)
        FROM (TABLE lent UNION ALL TABLE lent_by_name) AS principals),
    (SELECT array_agg(post_id) FROM held)
"""


class Place(NamedTuple):
    """One seat of the opening as it is now, with the ballot cast on it."""

    id: UUID
    position: int
    post: UUID | None
    person: UUID | None
    weight: int
    origin: str
    state: str
    waits_for: int | None
    decision: str | None
    target: int | None
    decided_by: UUID | None
    acting_for: UUID | None

    @property
    def has_vote(self) -> bool:
        """Not so those who were asked for their opinion."""
        return self.origin != WorkItem.Origin.CONSULTED

    @property
    def is_asked(self) -> bool:
        return self.state in (WorkItem.State.OPEN, WorkItem.State.WAITING)


class Reading(NamedTuple):
    """Everything a decision looks at, as of the moment the root was locked."""

    item: UUID
    seat: int
    origin: str
    post: UUID | None
    named: UUID | None
    item_state: str
    opening: UUID
    opening_number: int
    outcome: str
    reason: str
    resumes_at: int | None
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
    stage: Stage
    title: str | None
    role: str | None
    unit: UUID | None
    unit_name: str | None
    is_active: bool
    holds_post: bool
    asked: list[Place]
    posts: list[tuple[UUID, UUID, str]]
    seen_hash: bytes | None
    earlier: UUID | None
    earlier_request: bytes | None
    subject_kind: str
    subject_id: UUID

    @property
    def places(self) -> list[Place]:
        """The seats: all who are asked but those who have no vote."""
        return [place for place in self.asked if place.has_vote]

    @property
    def tallied(self) -> tuple[Rule, list[Seat], list[Ballot]]:
        """What `rules` wants to know."""
        stage = self.stage
        rule = Rule(
            stage.rule, stage.refusal, stage.quorum_number, stage.quorum_percent, stage.sequential
        )
        seats = [
            Seat(place.id, place.weight, rules.is_added(place.origin, stage.rule))
            for place in self.places
        ]
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

    def own(self, person: UUID) -> list[Claim]:
        """The right to the item's seat that is `person`'s own."""
        return [Claim(person)] if self.named == person or self.holds_post else []

    def has_other_seat(self, person: UUID, held: set[UUID]) -> bool:
        """Whether another seat of this opening waits for `person`, who holds the posts `held`."""
        return any(
            place.id != self.item
            and place.decision is None
            and (place.person == person or place.post in held)
            for place in self.places
        )


def read_decision(
    *,
    work_item_id: UUID,
    organisation_id: UUID,
    person_id: UUID,
    key: UUID,
    seen: Head | None,
    at: datetime,
) -> tuple[Root, Reading] | None:
    """Lock the item's root, then read; None if the organisation has no such item."""
    item = {"item": work_item_id, "organisation": organisation_id}
    asked = item | {"person": person_id, "at": at, "seen": seen.seq if seen else 0, "key": key}
    # Nearly always it is about a task; what it turns out to be else is locked and read once more.
    root, *others = subjects.roots()
    row = fetch_one(_lock(root, item), _read(root, asked))
    if row is None:
        return None
    if not _is_of(root, row[WIDTH]):
        root = next(one for one in others if _is_of(one, row[WIDTH]))
        row = fetch_one(_lock(root, item), _read(root, asked))
    found = Reading._make(row[:WIDTH])
    digest, seen_hash, request = found.document_digest, found.seen_hash, found.earlier_request
    names, _ = plain_columns(root)
    return root.from_db(connection.alias, names, row[WIDTH + 1 :]), found._replace(
        document_digest=bytes(digest),
        context=json.loads(found.context),  # type: ignore[arg-type]
        stage=next(one for one in stages_of(found.version) if one.pk == found.stage),
        asked=[_place(*place) for place in found.asked or ()],  # type: ignore[arg-type]
        posts=[
            (id_of_text(post), id_of_text(unit), role) for post, unit, role in found.posts or ()
        ],
        seen_hash=None if seen_hash is None else bytes(seen_hash),
        earlier_request=None if request is None else bytes(request),
    )


WIDTH = len(Reading._fields)


def read_rights(item: UUID, person: UUID, at: datetime) -> tuple[list[UUID], set[UUID]]:
    """For whom `person` may act on the item, and the posts of its opening that they hold."""
    asked = {"item": item, "person": person, "at": at}
    lent, held = fetch_one(Statement("read_rights", RIGHTS, asked))
    return lent or [], set(held or ())


def _lock(root: type[Root], item: Mapping[str, Any]) -> Statement:
    kind = root._meta
    return Statement(f"lock_{kind.model_name}", LOCK.format(table=kind.db_table), item)


def _read(root: type[Root], asked: Mapping[str, Any]) -> Statement:
    return Statement(f"read_decision_{root._meta.model_name}", _reading_of(root), asked)


@lru_cache(maxsize=8)
def _reading_of(root: type[Root]) -> str:
    """READ with the columns of one table of roots: NULLs, if the item's root is in another."""
    columns = ", ".join(f"root.{column}" for column in plain_columns(root)[1])
    return READ.format(table=root._meta.db_table, columns=columns)


def _is_of(root: type[Root], named: str) -> bool:
    """Whether `named`, as an approval names its root, is of that kind."""
    return named.startswith(f"{root._meta.model_name}:")


def _place(seat: str, position: int, *rest: Any) -> Place:
    post, person, weight, origin, state, waits_for, decision, target, decided_by, acting_for = rest
    return Place(
        UUID(seat),
        position,
        _id(post),
        _id(person),
        weight,
        origin,
        state,
        waits_for,
        decision,
        target,
        _id(decided_by),
        _id(acting_for),
    )


def _id(text: str | None) -> UUID | None:
    return id_of_text(text) if text else None


@dataclass(frozen=True)
class Write:
    """The rows of one decision.

    `closing` ends the opening with this outcome, `turns` are the items whose turn comes, `openings`
    and `items` are the stage that opens next, `approval_state` the new state.
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
    turns: Sequence[UUID] = ()
    openings: Sequence[Opening] = ()
    items: Sequence[WorkItem] = ()
    approval_state: str = ""


def write_decision(write: Write) -> None:
    """All of it in one trip, the ledger entry with the last statement, and the COMMIT."""
    conclude(list(_statements(write)))


def _statements(write: Write) -> Iterable[Statement]:
    at = write.at
    if write.prepared.openings:
        yield _insert(write.prepared.openings)
    if write.unneeded:
        yield Statement(
            "close_others",
            "UPDATE approvals_workitem SET state = 'not_needed', closed_at = %s WHERE id = ANY(%s)",
            [at, list(write.unneeded)],
        )
    if write.turns:
        yield Statement(
            "give_turn",
            "UPDATE approvals_workitem SET state = 'open', opened_at = %s WHERE id = ANY(%s)",
            [at, list(write.turns)],
        )
    if write.closing:
        yield Statement(
            "close_opening",
            "UPDATE approvals_opening SET outcome = %s, reason = %s, closed_at = %s WHERE id = %s",
            [write.closing, write.closing_reason, at, write.opening],
        )
    if write.openings:
        yield _insert(write.openings)
    if write.items:
        yield _insert(write.items)
    if write.approval_state:
        ended = at if write.approval_state == "passed" else None
        yield Statement(
            "move_approval",
            "UPDATE approvals_approval SET state = %s, ended_at = %s WHERE id = %s",
            [write.approval_state, ended, write.sign_off.approval_id],
        )
    yield _recorded(write)


# What every decision writes, the ledger's entry among it, as the last statement. Its four parts see
# one moment and have no order; they succeed together or not at all.
RECORD = """
WITH signed AS (
    INSERT INTO {sign_offs} ({signed}) VALUES ({sign_off})
), closed AS (
    UPDATE approvals_workitem SET state = 'decided', closed_at = %s WHERE id = %s
), head AS (
    UPDATE {roots} SET {changed} WHERE id = %s
)
INSERT INTO {entries} ({written}) VALUES ({entry})
"""


def _recorded(write: Write) -> Statement:
    root, row, entry = write.root, write.sign_off, write.prepared.entry
    name, sql, (signed, changed, written) = _recording(type(root), tuple(write.changed))
    closed = write.at, row.work_item_id
    values = [*signed(row), *closed, *changed(root), root.pk, *written(entry)]
    return Statement(name, sql, values)


@lru_cache(maxsize=64)
def _recording(
    model: type[Root], changed: Sequence[str]
) -> tuple[str, str, tuple["Values", "Values", "Values"]]:
    """RECORD for a kind of root and those of its fields that change, and the values it takes."""
    signed, entry = _written(SignOff), _written(Entry)
    root = _written(model, {*changed, "chain_head", "chain_length"})
    sql = RECORD.format(
        sign_offs=signed.table,
        signed=", ".join(signed.columns),
        sign_off=signed.places,
        roots=root.table,
        changed=", ".join(f"{column} = %s" for column in root.columns),
        entries=entry.table,
        written=", ".join(entry.columns),
        entry=entry.places,
    )
    return (
        f"record_{root.table}_{'_'.join(changed)}",
        sql,
        (signed.values, root.values, entry.values),
    )


Values = Callable[[models.Model], tuple[Any, ...]]
MANY = 12
"""Inserts of more rows than this are not kept as prepared statements: too many of a kind."""


def _insert(rows: Sequence[models.Model]) -> Statement:
    name, sql, values = _insertion(type(rows[0]), len(rows))
    return Statement(name, sql, [value for row in rows for value in values(row)])


@lru_cache(maxsize=64)
def _insertion(model: type[models.Model], count: int) -> tuple[str, str, Values]:
    table, columns, values, places = _written(model)
    return (
        f"insert_{table}_{count}" if count <= MANY else "",
        f"INSERT INTO {table} ({', '.join(columns)})"  # noqa: S608 - from models
        f" VALUES {', '.join([f'({places})'] * count)}",
        values,
    )


class Written(NamedTuple):
    """What a statement writes of a row, and where its values go."""

    table: str
    columns: Sequence[str]
    values: Values
    places: str


def _written(model: type[models.Model], names: Collection[str] = ()) -> Written:
    """All of the model's fields that the database doesn't fill, or those of the `names`.

    Their values go as they are, so the model has to be one that `plain_columns` takes.
    """
    plain_columns(model)
    meta = model._meta
    fields = [one for one in meta.concrete_fields if one.db_default is models.NOT_PROVIDED]
    if names:
        fields = [one for one in fields if one.name in names]
    columns = [str(one.column) for one in fields]
    values = attrgetter(*(one.attname for one in fields))
    return Written(meta.db_table, columns, values, ", ".join(["%s"] * len(fields)))
