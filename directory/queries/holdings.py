"""Who may act in which post, and when."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from directory.models import Appointment, Delegation, Person, Post, Unit


@dataclass(frozen=True)
class Holding:
    """A post that a person may act in: their own, or by `delegation` that of `acting_for`."""

    post: Post
    acting_for: Person | None = None
    delegation: Delegation | None = None

    @property
    def unit(self) -> Unit:
        return self.post.unit

    @property
    def role(self) -> str:
        return self.post.role

    @property
    def capacity(self) -> dict[str, Any]:
        """How a ledger entry names the post."""
        return {
            "post": self.post.pk,
            "title": self.post.title,
            "unit": self.post.unit_id,
            "unit_name": self.post.unit.name,
        }


def in_force(at: datetime, prefix: str = "") -> Q:
    """The condition that an appointment's or a delegation's period holds `at`."""
    return Q(**{f"{prefix}starts_at__lte": at}) & (
        Q(**{f"{prefix}ends_at__isnull": True}) | Q(**{f"{prefix}ends_at__gt": at})
    )


def holdings(person: Person, at: datetime) -> list[Holding]:
    """The posts a person may act in at a time, own ones first; delegations make no chains.

    Two queries, three where something was delegated.
    """
    if not person.is_active:
        return []
    own = appointments(at).filter(person=person)
    given = delegations_to(person, at)
    lent: dict[UUID, list[Post]] = {one.principal_id: [] for one in given}
    for appointment in appointments(at).filter(person__in=lent) if lent else ():
        lent[appointment.person_id].append(appointment.post)
    return [Holding(appointment.post) for appointment in own] + [
        Holding(post, acting_for=one.principal, delegation=one)
        for one in given
        for post in lent[one.principal_id]
        if one.post_id in (None, post.pk)
    ]


def roles_of(person: Person, at: datetime) -> frozenset[str]:
    """The roles among a person's holdings: what `policy` asks for."""
    return frozenset(holding.role for holding in holdings(person, at))


def units_of(person: Person, at: datetime) -> list[Unit]:
    """The units in which a person may act, each once."""
    return list({holding.unit.pk: holding.unit for holding in holdings(person, at)}.values())


def holder(post: Post, at: datetime) -> Person | None:
    return holders([post], at).get(post.pk)


def holders(posts: Iterable[Post | UUID], at: datetime) -> dict[UUID, Person]:
    """The active holder of each post by the post's id; a vacant post is missing. One query."""
    wanted = [post.pk if isinstance(post, Post) else post for post in posts]
    found = appointments(at).filter(post__in=wanted)
    return {appointment.post_id: appointment.person for appointment in found}


def delegations_to(person: Person, at: datetime) -> list[Delegation]:
    """The delegations under which a person may act for somebody who is still active."""
    return list(
        Delegation.objects.filter(in_force(at), delegate=person, principal__is_active=True)
        .exclude(revoked_at__lte=at)
        .select_related("principal", "post")
    )


def appointments(at: datetime) -> QuerySet[Appointment]:
    return (
        Appointment.objects.filter(
            in_force(at), post__abolished_at__isnull=True, person__is_active=True
        )
        .select_related("post__unit", "person")
        .order_by("post__unit__pinyin", "post__title")
    )
