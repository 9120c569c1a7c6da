"""Delegation (AB角): somebody acts for somebody else, for a while, in the open."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.canonical import commit
from audit.errors import Refused
from directory import queries
from directory.actions.authority import (
    OPERATOR,
    Actor,
    NotAdministrator,
    NotYours,
    Warrant,
    administrator,
)
from directory.actions.people import lock_person, refuse_inactive
from directory.actions.posts import ElsewhereEmployed, WrongPeriod
from directory.models import Appointment, Delegation, Person, Post


class ToOneself(Refused):
    """A delegation to oneself."""

    status = 422
    sentence = _("You can't delegate to yourself. Choose a colleague.")


class NotHeld(Refused):
    """A post that isn't one's own to delegate: delegations make no chains."""

    status = 422
    sentence = _("You can delegate only posts of your own, not those delegated to you.")


class AlreadyOver(Refused):
    """A period that has passed."""

    status = 422
    sentence = _("That period is already over. Choose an end in the future.")


@transaction.atomic(durable=True)
def delegate(
    *,
    principal: Person,
    delegate: Person,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    actor: Actor,
    at: datetime,
    post: Post | None = None,
) -> Delegation:
    """Let `delegate` act for `principal` in one post, or in all. Only the principal may say so.

    Raises NotYours, ToOneself, WrongPeriod, AlreadyOver, NotHeld, Deactivated, ElsewhereEmployed.
    """
    if actor != OPERATOR and actor != principal:
        raise NotYours
    if principal.pk == delegate.pk:
        raise ToOneself
    if ends_at <= starts_at:
        raise WrongPeriod
    if ends_at <= at:
        raise AlreadyOver
    locked = _lock_both(principal, delegate)
    held = Appointment.objects.filter(queries.in_force(max(starts_at, at)), person=principal)
    if not (held.filter(post=post) if post else held).exists():
        raise NotHeld
    given: Delegation = Delegation.objects.create(
        organisation_id=locked.organisation_id,
        principal=locked,
        delegate=delegate,
        post=post,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason,
    )
    facts = {
        "delegation": given.pk,
        "delegate": delegate.pk,
        "post": post and post.pk,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "reason": commit(reason),
    }
    Warrant(actor, at).record(locked, "delegation.given", facts)
    return given


@transaction.atomic(durable=True)
def revoke(*, delegation_id: UUID, actor: Actor, at: datetime) -> Delegation:
    """End a delegation now: its giver, or an administrator. Raises NotYours."""
    principal_id = Delegation.objects.values_list("principal_id", flat=True).get(pk=delegation_id)
    principal = lock_person(principal_id)
    warrant = _giver_or_administrator(principal, actor, at)
    delegation: Delegation = Delegation.objects.get(pk=delegation_id)
    if delegation.revoked_at is None and delegation.ends_at > at:
        delegation.revoked_at = at
        delegation.save(update_fields=["revoked_at"])
        warrant.record(principal, "delegation.revoked", {"delegation": delegation.pk})
    return delegation


def _lock_both(principal: Person, delegate: Person) -> Person:
    """Both are locked, so that neither is deactivated meanwhile; the principal's row."""
    locked = {pk: lock_person(pk) for pk in sorted([principal.pk, delegate.pk])}
    for person in locked.values():
        refuse_inactive(person)
    if locked[delegate.pk].organisation_id != locked[principal.pk].organisation_id:
        raise ElsewhereEmployed(person=delegate.name)
    return locked[principal.pk]


def _giver_or_administrator(principal: Person, actor: Actor, at: datetime) -> Warrant:
    if isinstance(actor, Person) and actor.pk == principal.pk:
        return Warrant(actor, at)
    try:
        return administrator(actor, principal.organisation_id, at)
    except NotAdministrator:
        raise NotYours from None
