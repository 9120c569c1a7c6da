"""Organisations, units, and the groups that documents call them by."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.errors import Refused
from directory.actions.authority import (
    OPERATOR,
    Actor,
    NotAdministrator,
    Warrant,
    administrator,
    translated,
)
from directory.models import Appointment, GroupMember, Organisation, Post, Unit, UnitGroup
from directory.pinyin import sort_key


class NameTaken(Refused):
    """A name that another one has."""

    sentence = _("There is already something called “%(name)s” here. Choose another name.")


class GoesInCircle(Refused):
    """A unit below itself."""

    status = 422
    sentence = _("“%(parent)s” lies below “%(unit)s” itself, so it can't be its superior.")


class StillHasUnits(Refused):
    """A unit that others are subordinate to."""

    sentence = _("“%(unit)s” still has units below it. Move or abolish those first.")


class Abolished(Refused):
    """Something that no longer exists."""

    sentence = _("“%(name)s” has been abolished, so nothing can be changed in it.")


@transaction.atomic(durable=True)
def create_organisation(*, name: str, actor: Actor, at: datetime) -> Organisation:
    """Make a tenant; only from the command line. Raises NotAdministrator, NameTaken."""
    if actor != OPERATOR:
        raise NotAdministrator
    organisation = Organisation(name=name)
    with translated({"directory_organisation_name_key": NameTaken(name=name)}):
        organisation.save(force_insert=True)
    Warrant(actor, at).record(organisation, "organisation.created", {"name": name})
    return organisation


@transaction.atomic(durable=True)
def rename_organisation(
    *, organisation_id: UUID, name: str, actor: Actor, at: datetime
) -> Organisation:
    """Raises NotAdministrator, NameTaken."""
    organisation = lock_organisation(organisation_id)
    warrant = administrator(actor, organisation.pk, at)
    facts = {"name": {"from": organisation.name, "to": name}}
    organisation.name = name
    with translated({"directory_organisation_name_key": NameTaken(name=name)}):
        warrant.record(organisation, "organisation.renamed", facts, ["name"])
    return organisation


@transaction.atomic(durable=True)
def create_unit(
    *,
    organisation: Organisation,
    name: str,
    actor: Actor,
    at: datetime,
    kind: str = Unit.Kind.OTHER,
    parent: Unit | None = None,
    aliases: Iterable[str] = (),
) -> Unit:
    """Raises NotAdministrator, NameTaken."""
    warrant = administrator(actor, organisation.pk, at)
    return add_unit(warrant, organisation.pk, name=name, kind=kind, parent=parent, aliases=aliases)


def add_unit(
    warrant: Warrant,
    organisation_id: UUID,
    *,
    name: str,
    kind: str = Unit.Kind.OTHER,
    parent: Unit | None = None,
    aliases: Iterable[str] = (),
) -> Unit:
    unit = Unit(
        organisation_id=organisation_id,
        name=name,
        kind=kind,
        parent=parent,
        aliases=distinct(aliases, name),
        pinyin=sort_key(name, 400),
    )
    with translated({"unit_one_per_name": NameTaken(name=name)}):
        unit.save(force_insert=True)
    facts = {"name": name, "kind": kind, "parent": unit.parent_id, "aliases": unit.aliases}
    warrant.record(unit, "unit.created", facts)
    return unit


@transaction.atomic(durable=True)
def change_unit(*, unit_id: UUID, actor: Actor, at: datetime, **changes: Any) -> Unit:
    """Give a unit another `name`, `kind`, `parent` or `aliases`; what isn't named stays.

    Raises NotAdministrator, Abolished, NameTaken, GoesInCircle.
    """
    organisation_id = Unit.objects.values_list("organisation_id", flat=True).get(pk=unit_id)
    # The organisation's lock keeps two moves from closing a circle between them.
    lock_organisation(organisation_id)
    warrant = administrator(actor, organisation_id, at)
    return alter_unit(warrant, lock_unit(unit_id), **changes)


def alter_unit(warrant: Warrant, unit: Unit, **changes: Any) -> Unit:
    """`change_unit` within another action, which has locked organisation and unit."""
    if "aliases" in changes:
        changes["aliases"] = distinct(changes["aliases"], changes.get("name", unit.name))
    before = {field: getattr(unit, field) for field in changes}
    changes = {field: value for field, value in changes.items() if value != before[field]}
    if not changes:
        return unit
    if "parent" in changes:
        _refuse_circle(unit, changes["parent"])
    for field, value in changes.items():
        setattr(unit, field, value)
    unit.pinyin = sort_key(unit.name, 400)
    facts = {
        field: {"from": _plain(before[field]), "to": _plain(value)}
        for field, value in changes.items()
    }
    with translated({"unit_one_per_name": NameTaken(name=unit.name)}):
        warrant.record(unit, "unit.changed", facts, [*changes, "pinyin"])
    return unit


@transaction.atomic(durable=True)
def abolish_unit(*, unit_id: UUID, actor: Actor, at: datetime) -> Unit:
    """End a unit with its posts and appointments; its history and its name stay.

    Raises NotAdministrator, Abolished, StillHasUnits.
    """
    organisation_id = Unit.objects.values_list("organisation_id", flat=True).get(pk=unit_id)
    lock_organisation(organisation_id)
    warrant = administrator(actor, organisation_id, at)
    unit = lock_unit(unit_id)
    if unit.children.filter(abolished_at=None).exists():
        raise StillHasUnits(unit=unit.name)
    posts = Post.objects.filter(unit=unit, abolished_at=None)
    ended = end_appointments(Appointment.objects.filter(post__unit=unit), at)
    facts = {"posts": sorted(map(str, posts.values_list("pk", flat=True))), "appointments": ended}
    posts.update(abolished_at=at)
    unit.abolished_at = at
    warrant.record(unit, "unit.abolished", facts, ["abolished_at"])
    return unit


@transaction.atomic(durable=True)
def create_group(
    *,
    organisation: Organisation,
    name: str,
    units: Iterable[Unit],
    actor: Actor,
    at: datetime,
    aliases: Iterable[str] = (),
) -> UnitGroup:
    """Raises NotAdministrator, NameTaken."""
    locked = lock_organisation(organisation.pk)
    warrant = administrator(actor, locked.pk, at)
    return add_group(warrant, locked, name=name, units=units, aliases=aliases)


def add_group(
    warrant: Warrant,
    organisation: Organisation,
    *,
    name: str,
    units: Iterable[Unit],
    aliases: Iterable[str] = (),
) -> UnitGroup:
    """`create_group` within another action, which has locked the organisation."""
    group = UnitGroup(organisation=organisation, name=name, aliases=distinct(aliases, name))
    with translated({"group_one_per_name": NameTaken(name=name)}):
        group.save(force_insert=True)
    members = _set_members(group, units)
    facts = {"group": group.pk, "name": name, "aliases": group.aliases, "units": members}
    warrant.record(organisation, "group.created", facts)
    return group


@transaction.atomic(durable=True)
def change_group(
    *,
    group_id: UUID,
    name: str,
    units: Iterable[Unit],
    aliases: Iterable[str],
    actor: Actor,
    at: datetime,
) -> UnitGroup:
    """Give a group its name, aliases and members anew. Raises NotAdministrator, NameTaken."""
    organisation_id = UnitGroup.objects.values_list("organisation_id", flat=True).get(pk=group_id)
    organisation = lock_organisation(organisation_id)
    warrant = administrator(actor, organisation_id, at)
    return alter_group(warrant, organisation, group_id, name=name, units=units, aliases=aliases)


def alter_group(
    warrant: Warrant,
    organisation: Organisation,
    group_id: UUID,
    *,
    name: str,
    units: Iterable[Unit],
    aliases: Iterable[str],
) -> UnitGroup:
    """`change_group` within another action, which has locked the organisation."""
    group = UnitGroup.objects.get(pk=group_id)
    group.name, group.aliases = name, distinct(aliases, name)
    with translated({"group_one_per_name": NameTaken(name=name)}):
        group.save(update_fields=["name", "aliases"])
    members = _set_members(group, units)
    facts = {"group": group.pk, "name": name, "aliases": group.aliases, "units": members}
    warrant.record(organisation, "group.changed", facts)
    return group


# Within other actions


def lock_organisation(organisation_id: UUID) -> Organisation:
    return Organisation.objects.select_for_update(no_key=True).get(pk=organisation_id)


def lock_unit(unit_id: UUID) -> Unit:
    """Raises Abolished."""
    unit: Unit = Unit.objects.select_for_update(no_key=True).get(pk=unit_id)
    if unit.abolished_at:
        raise Abolished(name=unit.name)
    return unit


def end_appointments(appointments: Any, at: datetime) -> list[str]:
    """End those that run at `at`, drop those that have not begun; their ids."""
    running = appointments.filter(starts_at__lt=at).exclude(ends_at__lte=at)
    coming = appointments.filter(starts_at__gte=at)
    ended = sorted(
        str(pk) for found in (running, coming) for pk in found.values_list("pk", flat=True)
    )
    running.update(ends_at=at)
    coming.delete()
    return ended


def distinct(aliases: Iterable[str], name: str) -> list[str]:
    """Aliases stripped, each once, in their order, without the name itself."""
    wanted = dict.fromkeys(alias.strip() for alias in aliases)
    return [alias for alias in wanted if alias and alias != name]


def _set_members(group: UnitGroup, units: Iterable[Unit]) -> list[str]:
    wanted = {unit.pk for unit in units}
    present = set(group.members.values_list("unit_id", flat=True))
    group.members.filter(unit__in=present - wanted).delete()
    GroupMember.objects.bulk_create(
        GroupMember(organisation_id=group.organisation_id, group=group, unit_id=unit_id)
        for unit_id in wanted - present
    )
    return sorted(map(str, wanted))


def _refuse_circle(unit: Unit, parent: Unit | None) -> None:
    """Walk up from the new superior, reading each step under the organisation's lock."""
    above = parent.pk if parent else None
    while above:
        if above == unit.pk:
            raise GoesInCircle(parent=parent, unit=unit)
        above = Unit.objects.values_list("parent", flat=True).get(pk=above)


def _plain(value: Any) -> Any:
    return value.pk if isinstance(value, Unit) else value
