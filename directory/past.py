"""Who held a post at a moment, from the entries of the posts' units. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from audit.replay import Record


@dataclass(frozen=True)
class Held:
    """An appointment as entries tell it: `by` is the entry (subject, seq) that made it."""

    post: str
    person: str
    starts_at: str
    ends_at: str | None
    by: tuple[str, int]

    def is_in_force(self, at: str) -> bool:
        return self.starts_at <= at and (self.ends_at is None or at < self.ends_at)


def holders(records: Iterable[Record], at: str) -> dict[str, Held]:
    """The holder of each post `at` a moment (as `canonical.instant` writes it), by the post's id.

    Of entries that were made by then: what was known of the posts at that time.
    """
    appointments: dict[str, Held] = {}
    for record in records:
        facts = record.facts
        if record.at > at:
            continue
        if record.kind == "appointment.made":
            appointments[facts["appointment"]] = Held(
                facts["post"],
                facts["person"],
                facts["starts_at"],
                facts["ends_at"],
                (record.subject, record.seq),
            )
            continue
        for one in facts.get("appointments", ()):
            if held := appointments.get(one):
                end = facts.get("ends_at") or record.at
                appointments[one] = Held(held.post, held.person, held.starts_at, end, held.by)
    return {one.post: one for one in appointments.values() if one.is_in_force(at)}
