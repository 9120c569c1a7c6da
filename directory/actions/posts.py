"""Posts, and who is appointed to them. Both belong to the unit's chain."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.errors import Refused
from directory import queries
from directory.actions.authority import Actor, Warrant, administrator, translated
from directory.actions.people import lock_person, refuse_inactive
from directory.actions.units import Abolished, NameTaken, end_appointments, lock_unit
from directory.models import Appointment, Person, Post, Unit


class PostTaken(Refused):
    """A post that has a holder at that time."""

    sentence = _("%(holder)s holds the post “%(post)s” at that time. End that appointment first.")


class SelfAppointed(Refused):
    """An administrator who appoints themselves."""

    status = 403
    sentence = _("Nobody appoints themselves. Ask another administrator.")


class NotAppointed(Refused):
    """An appointment that somebody ended meanwhile."""

    sentence = _("This appointment has ended already, or was withdrawn.")


class WrongPeriod(Refused):
    """A period that ends before it begins."""

    status = 422
    sentence = _("The end lies before the beginning.")


class ElsewhereEmployed(Refused):
    """A person of another organisation."""

    status = 403
    sentence = _("%(person)s belongs to another organisation.")


@transaction.atomic(durable=True)
def create_post(*, unit: Unit, role: str, title: str, actor: Actor, at: datetime) -> Post:
    """Raises NotAdministrator, Abolished, NameTaken."""
    locked = lock_unit(unit.pk)
    warrant = administrator(actor, locked.organisation_id, at)
    return add_post(warrant, locked, role=role, title=title)


def add_post(warrant: Warrant, unit: Unit, *, role: str, title: str) -> Post:
    """`create_post` within another action, which has locked the unit."""
    post = Post(organisation_id=unit.organisation_id, unit=unit, role=role, title=title)
    with translated({"post_one_per_title": NameTaken(name=title)}):
        post.save(force_insert=True)
    warrant.record(unit, "post.created", {"post": post.pk, "role": role, "title": title})
    return post


@transaction.atomic(durable=True)
def abolish_post(*, post_id: UUID, actor: Actor, at: datetime) -> Post:
    """End a post and its appointment. Raises NotAdministrator, Abolished."""
    unit = lock_unit(_unit_of(post_id))
    warrant = administrator(actor, unit.organisation_id, at)
    post = _standing(post_id)
    ended = end_appointments(Appointment.objects.filter(post=post), at)
    post.abolished_at = at
    post.save(update_fields=["abolished_at"])
    warrant.record(unit, "post.abolished", {"post": post.pk, "appointments": ended})
    return post


@transaction.atomic(durable=True)
def appoint(
    *,
    post: Post,
    person: Person,
    actor: Actor,
    at: datetime,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    replace: bool = False,
) -> Appointment:
    """Give a post to a person, from now on unless `starts_at` says otherwise.

    `replace` ends the present holder's appointment at that moment. Raises NotAdministrator,
    SelfAppointed, Abolished, Deactivated, ElsewhereEmployed, WrongPeriod, PostTaken.
    """
    unit = lock_unit(_unit_of(post.pk))
    warrant = administrator(actor, unit.organisation_id, at)
    return place(
        warrant,
        unit,
        post_id=post.pk,
        person_id=person.pk,
        starts_at=starts_at or at,
        ends_at=ends_at,
        replace=replace,
    )


def place(
    warrant: Warrant,
    unit: Unit,
    *,
    post_id: UUID,
    person_id: UUID,
    starts_at: datetime,
    ends_at: datetime | None = None,
    replace: bool = False,
) -> Appointment:
    """`appoint` within another action, which has locked the unit."""
    person = lock_person(person_id)
    refuse_inactive(person)
    if warrant.actor == person:
        raise SelfAppointed
    if person.organisation_id != unit.organisation_id:
        raise ElsewhereEmployed(person=person.name)
    if ends_at and ends_at <= starts_at:
        raise WrongPeriod
    post = _standing(post_id)
    held = Appointment.objects.filter(queries.in_force(starts_at), post=post)
    for former in held.filter(starts_at__lt=starts_at) if replace else ():
        _end(warrant, unit, former, starts_at)
    appointment = Appointment(
        organisation_id=unit.organisation_id,
        post=post,
        person=person,
        starts_at=starts_at,
        ends_at=ends_at,
    )
    with translated({"post_one_holder_at_a_time": _taken(post, starts_at, ends_at)}):
        appointment.save(force_insert=True)
    facts = {
        "appointment": appointment.pk,
        "post": post.pk,
        "person": person.pk,
        "starts_at": starts_at,
        "ends_at": ends_at,
    }
    warrant.record(unit, "appointment.made", facts)
    return appointment


@transaction.atomic(durable=True)
def dismiss(*, appointment_id: UUID, actor: Actor, at: datetime) -> None:
    """End an appointment now; one that has not begun is withdrawn.

    Raises NotAdministrator, NotAppointed.
    """
    post = Appointment.objects.filter(pk=appointment_id).values_list("post_id", flat=True).first()
    if post is None:
        raise NotAppointed
    unit = lock_unit(_unit_of(post))
    warrant = administrator(actor, unit.organisation_id, at)
    appointment = Appointment.objects.filter(pk=appointment_id).first()
    if appointment is None or (appointment.ends_at and appointment.ends_at <= at):
        raise NotAppointed
    _end(warrant, unit, appointment, at)


# Within other actions


def _end(warrant: Warrant, unit: Unit, appointment: Appointment, at: datetime) -> None:
    facts = {"appointments": [appointment.pk], "person": appointment.person_id, "ends_at": at}
    end_appointments(Appointment.objects.filter(pk=appointment.pk), at)
    warrant.record(unit, "appointment.ended", facts)


def _unit_of(post_id: UUID) -> UUID:
    return Post.objects.values_list("unit_id", flat=True).get(pk=post_id)


def _standing(post_id: UUID) -> Post:
    post: Post = Post.objects.get(pk=post_id)
    if post.abolished_at:
        raise Abolished(name=post.title)
    return post


def _taken(post: Post, starts_at: datetime, ends_at: datetime | None) -> PostTaken:
    """The refusal that names who holds the post in that period, if anybody does."""
    overlapping = Appointment.objects.filter(post=post).exclude(ends_at__lte=starts_at)
    if ends_at:
        overlapping = overlapping.exclude(starts_at__gte=ends_at)
    found = overlapping.select_related("person").first()
    return PostTaken(holder=found.person.name if found else "", post=post.title)
