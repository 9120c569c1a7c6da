"""How approvals, rounds, electorates, sign-offs and routes follow from ledger entries."""

from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter
from uuid import UUID

from django.db.models import Q

from approvals.facts import each
from approvals.models import RouteProposal, WorkItem
from approvals.routes.specs import FIELDS
from approvals.routes.specs import digest as digest_of_route
from approvals.stages import electorate_digest
from audit import canonical
from audit.replay import Record, Sha256, Table, Values, columns, digest, joined

Told = Iterator[tuple[str, Values]]


def approval(record: Record) -> Told:
    for facts in each(record.facts):
        if moved := facts.get("approval"):
            yield moved["id"], {"state": moved["state"], "root": record.subject}


def round_(record: Record) -> Told:
    """A round begins in the entry that names its document."""
    for facts in each(record.facts):
        if "approval" in facts and (document := facts.get("document")):
            yield (
                f"{facts['approval']['id']}:{facts['approval']['round']}",
                {"document": document["id"], "digest": document["digest"], "opened_at": record.at},
            )


def electorate(record: Record) -> Told:
    for facts in each(record.facts):
        opened = facts.get("opened")
        for one in [*facts.get("passed_over", ()), *([opened] if opened else [])]:
            if one["seats"]:
                told = {"seats": one["seats"], "electorate": one["electorate"]}
                due = {"due_date": one["due_date"]} if "due_date" in one else {}
                yield one["id"], told | due


TURN = ["opening", "position", "post", "person", "weight", "origin", "succeeds"]


def turn(record: Record) -> Told:
    """Turns that the route alone doesn't give: added, handed on, taken back, carried over."""
    for one in record.facts.get("turns", ()):
        yield one["id"], {name: one[name] for name in TURN} | {"note": digest(one["note"])}
    for facts in each(record.facts):
        for one in facts.get("carried", ()):
            yield one["id"], {"carried_from": one["from"]}
    if said := record.facts.get("opinion"):
        yield said["id"], {"opinion": digest(said["opinion"])}


def revocation(record: Record) -> Told:
    if taken_back := record.facts.get("revocation"):
        yield (
            taken_back["id"],
            {
                "sign_off": taken_back["sign_off"],
                "person": record.actor_id,
                "reason": digest(taken_back["reason"]),
                "at": record.at,
            },
        )


def intervention(record: Record) -> Told:
    if said := record.facts.get("intervention"):
        known = {name: said[name] for name in ("kind", "state", "approval", "work_item", "person")}
        if said["reason"]:
            known["reason"] = digest(said["reason"])
        yield said["id"], {**known, "proposed_by": said["proposed_by"]}


BESIDE_THE_ROUTE = (
    Q(succeeds__isnull=False)
    | Q(carried_from__isnull=False)
    | Q(origin__in=["added", "escalated", "consulted"])
)


def sign_off(record: Record) -> Told:
    if said := record.facts.get("sign_off"):
        yield (
            said["id"],
            {
                "person": record.actor_id,
                "acting_for": record.acting_for and record.acting_for.partition(":")[2],
                "decision": said["decision"],
                "target": said["target"],
                "work_item": said["work_item"],
                "comment": digest(said["comment"]),
                "statement": said["statement"],
                "at": record.at,
            }
            # Entries of earlier versions didn't say how somebody proved to be themselves.
            | ({"evidence": said["evidence"]} if "evidence" in said else {}),
        )


def assertion(record: Record) -> Told:
    """What a passkey answered stands in the entry of the decision that it signed."""
    if (said := record.facts.get("sign_off")) and "passkey" in said:
        yield said["id"], said["passkey"]


STAGE = ["position", *FIELDS]


def stage(record: Record) -> Told:
    """A route is published by the operator, or by the decision that ended its approval."""
    if record.subject.startswith("route:"):
        for published in record.facts.get("stages", ()):
            yield published["id"], {name: published[name] for name in STAGE if name in published}


def version(record: Record) -> Told:
    published = record.facts.get("version")
    if published and record.subject.startswith("route:"):
        yield (
            published["id"],
            {"route": record.subject_id, "number": published["number"], "published_at": record.at},
        )


def proposal(record: Record) -> Told:
    if record.kind == "route.draft_submitted":
        document = record.facts["document"]
        yield document["id"], {"digest": document["digest"]}


class Proposals(Table):
    """What was put forward for publication, hashed again."""

    def rows(self, organisation: UUID) -> Iterator[tuple[str, Values]]:
        found = RouteProposal.objects.filter(organisation=organisation)
        for one in found.select_related("draft__route"):
            route = one.draft.route
            hashed = digest_of_route(route.name, route.subject_kind, one.stages)
            yield str(one.pk), {"digest": hashed.hex()}


class Electorates(Table):
    """The seats of each opening, as one digest."""

    def rows(self, organisation: UUID) -> Iterator[tuple[str, Values]]:
        seats = WorkItem.objects.filter(
            organisation=organisation,
            succeeds=None,
            origin__in=["configured", "chosen", "fallback"],
        ).order_by("opening_id", "position")
        seats = seats.select_related("opening")
        for opening, items in groupby(seats.iterator(), attrgetter("opening_id")):
            found = list(items)
            yield (
                str(opening),
                {
                    "seats": len(found),
                    "electorate": electorate_digest(found).hex(),
                    "due_date": canonical.plain(found[0].opening.due_date),
                },
            )


TABLES = [
    Table("approvals.approval", approval, columns("state", "root")),
    Table(
        "approvals.round",
        round_,
        {"document": "document_id", "digest": "digest", "opened_at": "opened_at"},
        key=joined("approval", "number"),
    ),
    Electorates("approvals.opening", electorate),
    Table(
        "approvals.workitem",
        turn,
        columns(*TURN, "note", "opinion", "carried_from"),
        where=BESIDE_THE_ROUTE,
    ),
    Table(
        "approvals.intervention",
        intervention,
        columns("kind", "state", "approval", "work_item", "person", "reason", "proposed_by"),
    ),
    Table("approvals.revocation", revocation, columns("sign_off", "person", "reason", "at")),
    Table(
        "approvals.signoff",
        sign_off,
        columns(
            "person", "acting_for", "decision", "target", "work_item", "comment", "evidence", "at"
        )
        | {"statement": Sha256("statement")},
    ),
    Table(
        "approvals.assertion",
        assertion,
        columns("authenticator_data", "client_data", "signature")
        | {"credential": "passkey__credential_id"},
        key="sign_off",
    ),
    Table("approvals.routeversion", version, columns("route", "number", "published_at")),
    Table("approvals.stage", stage, columns(*STAGE)),
    Proposals("approvals.routeproposal", proposal),
]
