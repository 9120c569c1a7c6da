"""Who held posts at a moment of the past, as the ledger tells it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from audit import canonical
from audit.models import Entry
from audit.replay import Record, record_of
from directory import past
from directory.models import Person, Post

KINDS = (
    "appointment.made",
    "appointment.ended",
    "post.abolished",
    "unit.abolished",
)


@dataclass(frozen=True)
class Holder:
    """Who held a post, and the entry that tells it."""

    person: UUID
    name: str
    entry: Entry


def holders_then(
    organisation_id: UUID, posts: Iterable[Post], at: datetime
) -> Mapping[UUID, Holder]:
    """The holder of each post `at` a moment, by the post's id. Two queries.

    A post is missing where no entry tells of a holder at that time.
    """
    wanted = list(posts)
    found = list(
        Entry.objects.filter(
            organisation=organisation_id,
            subject__in={f"unit:{one.unit_id}" for one in wanted},
            kind__in=KINDS,
            at__lte=at,
        ).order_by("subject", "subject_seq")
    )
    entries = {(one.subject, one.subject_seq): one for one in found}
    records: list[Record] = [record_of(json.loads(bytes(one.body))) for one in found]
    held = past.holders(records, canonical.instant(at))
    people = Person.objects.filter(pk__in={one.person for one in held.values()})
    names = {str(pk): name for pk, name in people.values_list("pk", "name")}
    return {
        one.pk: Holder(UUID(mine.person), names.get(mine.person, ""), entries[mine.by])
        for one in wanted
        if (mine := held.get(str(one.pk)))
    }
