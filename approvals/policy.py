"""Who may decide on a seat. Pure, and no by default; asked again under the lock."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

EVIDENCE = ("session", "password", "passkey")
"""How a person proved to be themselves, from weak to strong."""
PERSONAL = "passkey"
"""What the person's own key signed; of all else only this server can tell."""
Bar = Literal["not_yours", "own_work", "one_seat", "own_seat_first"]


@dataclass(frozen=True)
class Claim:
    """A right to act on the seat: as its holder, or for the holder by delegation."""

    person: UUID
    acting_for: UUID | None = None

    @property
    def people(self) -> set[UUID]:
        return {self.person} | ({self.acting_for} if self.acting_for else set())


@dataclass(frozen=True)
class Verdict:
    """The claim under which the person may decide, or what bars them."""

    claim: Claim | None
    bar: Bar | None = None

    def __bool__(self) -> bool:
        return self.claim is not None


def may_decide(
    claims: Sequence[Claim],
    *,
    barred: Collection[UUID],
    used: Collection[UUID],
    has_own_seat: bool = False,
) -> Verdict:
    """Whether one of a person's claims to a seat lets them decide; their own goes first.

    `barred` are the submitter and the authors: neither they nor anybody for them decides, whatever
    posts they hold. `used` are the people who fill a seat of this opening already, in person or
    through a delegate. `has_own_seat`: another open seat of this opening is theirs; deciding for
    somebody else first would leave that one to nobody.
    """
    if not claims:
        return Verdict(None, "not_yours")
    bar: Bar = "own_work"
    for claim in sorted(claims, key=lambda claim: claim.acting_for is not None):
        if claim.people & set(barred):
            continue
        if claim.people & set(used):
            bar = "one_seat"
        elif claim.acting_for and has_own_seat:
            bar = "own_seat_first"
        else:
            return Verdict(claim)
    return Verdict(None, bar)
