"""The directory as a rehearsal reads it: a fixed number of statements, however many units."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from approvals.routes.rehearsal import Directory, Office, Seat
from directory.models import Appointment, Delegation, Passkey, Person, Post, Unit
from directory.queries import in_force
from directory.queries.passkeys import counts_at


def whole_directory(organisation_id: UUID, at: datetime) -> Directory:
    """Units, posts with who holds them and who stands in, active people, who has a passkey.

    Six statements.
    """
    units = Unit.objects.filter(organisation=organisation_id, abolished_at=None)
    offices = {
        pk: Office(pk, name, kind, parent)
        for pk, name, kind, parent in units.values_list("pk", "name", "kind", "parent")
    }
    people: dict[UUID, str] = dict(
        Person.objects.filter(organisation=organisation_id, is_active=True)
        .order_by()
        .values_list("pk", "name")
    )
    held = dict(
        Appointment.objects.filter(in_force(at), organisation=organisation_id)
        .order_by()
        .values_list("post", "person")
    )
    lent = _stand_ins(organisation_id, at, people)
    posts = Post.objects.filter(organisation=organisation_id, abolished_at=None)
    seats: dict[tuple[UUID, str], list[Seat]] = {}
    rows = posts.order_by("title", "pk").values_list("pk", "unit", "role", "title")
    for post, unit, role, title in rows:
        holder = held.get(post)
        holder = holder if holder in people else None
        able = frozenset(
            delegate
            for only, delegate in (lent.get(holder, ()) if holder else ())
            if only in (None, post)
        )
        place = f"{offices[unit].name} {title}" if unit in offices else title
        seat = Seat(post, place, holder, people.get(holder, "") if holder else "", able)
        seats.setdefault((unit, role), []).append(seat)
    armed = Passkey.objects.filter(counts_at(at), organisation=organisation_id)
    signers = frozenset(armed.order_by().values_list("person", flat=True))
    return Directory(offices, seats, people, signers)


def _stand_ins(
    organisation_id: UUID, at: datetime, people: Iterable[UUID]
) -> dict[UUID, list[tuple[UUID | None, UUID]]]:
    """By principal: the post that was delegated (None for all) and to whom."""
    active = set(people)
    found = Delegation.objects.filter(in_force(at), organisation=organisation_id)
    rows = found.exclude(revoked_at__lte=at).values_list("principal", "post", "delegate")
    lent: dict[UUID, list[tuple[UUID | None, UUID]]] = {}
    for principal, post, delegate in rows.order_by():
        if delegate in active:
            lent.setdefault(principal, []).append((post, delegate))
    return lent
