"""Who outside has seen the log, and since when nobody has."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from audit import proofs, witnesses
from audit.models import Checkpoint, Cosignature

A_WHILE = timedelta(minutes=15)
"""How long witnesses may be behind; one that failed is asked again after a minute."""


@dataclass(frozen=True)
class Seen:
    """A witness that is asked, and the newest cosignature it gave under the origin in use."""

    name: str
    last: Cosignature | None


@dataclass(frozen=True)
class Witnessing:
    """How far the log is witnessed: as many as the policy asks for have seen its first entries.

    `size` is how many of them; `since` when the first checkpoint was signed that has more, None if
    there is none. A witness that saw more has seen those as well: it cosigns only what continues.
    """

    signed: Checkpoint | None
    policy: witnesses.Policy
    witnesses: list[Seen]
    size: int
    since: datetime | None
    at: datetime

    @property
    def names(self) -> list[str]:
        """Who has seen as far as is said."""
        return [
            one.name
            for one in self.witnesses
            if one.last and self.size and one.last.checkpoint.size >= self.size
        ]

    @property
    def left(self) -> int:
        """Signed entries that too few have seen."""
        return self.signed.size - self.size if self.signed else 0

    @property
    def is_lacking(self) -> bool:
        """Whether it has to be said: too few have seen something that is older than a while."""
        return self.since is not None and (not self.size or self.at - self.since > A_WHILE)

    @property
    def is_met(self) -> bool:
        """Whether the newest checkpoint has been seen by as many as the policy asks for."""
        return bool(self.size) and self.since is None


def of(organisation: UUID, *, at: datetime) -> Witnessing:
    """As it is now: three queries, and one for each witness."""
    signed = proofs.newest(organisation)
    policy = witnesses.published()
    seen = [Seen(one.key.name, _last(signed, one.key.name)) for one in policy.witnesses]
    size = _covered(policy, seen)
    since = None
    if signed and size < signed.size:
        later = Checkpoint.objects.filter(origin=signed.origin_id, size__gt=size).order_by("size")
        since = later.values_list("at", flat=True).first()
    return Witnessing(signed, policy, seen, size, since, at)


def _last(signed: Checkpoint | None, witness: str) -> Cosignature | None:
    if signed is None:
        return None
    mine = Cosignature.objects.filter(
        organisation=signed.organisation, witness=witness, checkpoint__origin=signed.origin_id
    )
    return mine.select_related("checkpoint").order_by("-seen_at").first()


def _covered(policy: witnesses.Policy, seen: list[Seen]) -> int:
    """The largest size that as many as needed have seen, each at its own checkpoint."""
    sizes = {one.name: one.last.checkpoint.size for one in seen if one.last}
    for size in sorted(set(sizes.values()), reverse=True):
        if policy.is_met_by({name for name, own in sizes.items() if own >= size}):
            return size
    return 0
