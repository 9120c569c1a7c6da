"""Approvals as they stood after an entry: what entries tell, with the seats that they vouch for."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID

from approvals import past
from approvals.facts import each
from approvals.models import RouteVersion, Stage, WorkItem
from approvals.past import Approval, Electorate, Seat
from approvals.stages import electorate_digest
from audit.models import Entry
from audit.replay import Record


def as_of(organisation_id: UUID, records: Sequence[Record]) -> list[Approval]:
    """The approvals of a root after these of its entries, oldest first. Two queries."""
    told = [facts for record in records for facts in each(record.facts)]
    return past.approvals(
        records,
        _electorates(organisation_id, {one["id"] for facts in told for one in _opened(facts)}),
        _sequential({facts["route_version"] for facts in told if "route_version" in facts}),
    )


def _opened(facts: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from facts.get("passed_over", ())
    if "opened" in facts:
        yield facts["opened"]


def _electorates(organisation_id: UUID, openings: Iterable[str]) -> dict[str, Electorate]:
    """The seats that were frozen as each opening opened, with the digest that they give."""
    items = WorkItem.objects.filter(
        organisation=organisation_id,
        opening__in=[UUID(one) for one in openings],
        succeeds=None,
        origin__in=["configured", "chosen", "fallback"],
    ).order_by("opening_id", "position")
    found = {}
    for opening, rows in groupby(items, attrgetter("opening_id")):
        seats = list(rows)
        found[str(opening)] = Electorate(
            [_seat(one) for one in seats], electorate_digest(seats).hex()
        )
    return found


def _seat(item: WorkItem) -> Seat:
    return Seat(
        str(item.pk),
        item.position,
        str(item.post_id) if item.post_id else None,
        str(item.person_id) if item.person_id else None,
        item.weight,
        item.origin,
    )


def _sequential(versions: Iterable[str]) -> dict[tuple[str, int], bool]:
    stages = Stage.objects.filter(version__in=[UUID(one) for one in versions])
    return {
        (str(version), position): sequential
        for version, position, sequential in stages.values_list(
            "version_id", "position", "sequential"
        )
    }


def published(organisation_id: UUID, versions: Collection[RouteVersion]) -> dict[UUID, Entry]:
    """The entry that published each version of a route, by the version's id. One query."""
    wanted = {str(one.pk): one.pk for one in versions}
    routes = {f"route:{one.route_id}" for one in versions}
    found = {}
    for entry in Entry.objects.filter(organisation=organisation_id, subject__in=routes):
        version = json.loads(bytes(entry.body))["facts"].get("version")
        if version and version["id"] in wanted:
            found[wanted[version["id"]]] = entry
    return found
