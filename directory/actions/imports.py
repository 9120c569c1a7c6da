"""A directory sheet, applied: all of it or nothing."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.errors import Refused
from directory import queries
from directory.actions.authority import Actor, Warrant, administrator
from directory.actions.people import add_person, give_email, give_name, lock_person
from directory.actions.posts import add_post, place
from directory.actions.units import (
    add_group,
    add_unit,
    alter_group,
    alter_unit,
    lock_organisation,
    lock_unit,
)
from directory.differences import Change, Difference
from directory.models import Organisation, Person, Post, Unit, UnitGroup
from directory.sheets import Row


class RowsWithProblems(Refused):
    """A sheet in which something is wrong."""

    status = 422
    sentence = _("Some rows can't be imported, so nothing was. Correct them and try again.")


class OutOfDate(Refused):
    """The directory changed between preview and import."""

    sentence = _(
        "The directory has changed since this preview was made, so nothing was imported. "
        "Look at the preview anew."
    )


@transaction.atomic(durable=True)
def import_rows(
    *,
    organisation_id: UUID,
    rows: Sequence[Row],
    previewed: str,
    actor: Actor,
    at: datetime,
    password_hash: str | None = None,
) -> Difference:
    """Do what the rows say, if that still is what the preview's fingerprint stands for.

    New people have no password, unless `password_hash` is theirs. Raises NotAdministrator,
    RowsWithProblems, OutOfDate and what the single actions raise.
    """
    organisation = lock_organisation(organisation_id)
    warrant = administrator(actor, organisation_id, at)
    difference = queries.preview(organisation_id, rows, at)
    if difference.problems:
        raise RowsWithProblems
    if difference.fingerprint != previewed:
        raise OutOfDate
    _Import(warrant, organisation, password_hash or make_password(None)).apply(difference.changes)
    return difference


class _Import:
    """The changes of one sheet, each by the action that it stands for."""

    def __init__(self, warrant: Warrant, organisation: Organisation, password_hash: str) -> None:
        self.warrant = warrant
        self.organisation = organisation
        self.password_hash = password_hash
        self.units: dict[str, Unit] = {}
        self.people: dict[str, Person] = {}
        self.posts: dict[tuple[str, str], Post] = {}

    def apply(self, changes: Sequence[Change]) -> None:
        self._lock(changes)
        for change in changes:
            getattr(self, "_" + change.kind.replace(".", "_"))(change)
        kinds = [change.kind for change in changes]
        facts = {"changes": {kind: kinds.count(kind) for kind in sorted(set(kinds))}}
        self.warrant.record(self.organisation, "directory.imported", facts)

    def _lock(self, changes: Sequence[Change]) -> None:
        """Units, then people, by id within a kind: the order that every action keeps."""
        touched = {change.values["unit"] for change in changes if "unit" in change.values}
        touched |= {change.name for change in changes if change.kind.startswith("unit.")}
        units = Unit.objects.filter(organisation=self.organisation)
        for unit in units.order_by("pk"):
            self.units[unit.name] = lock_unit(unit.pk) if unit.name in touched else unit
        accounts = {change.values["account"] for change in changes if "account" in change.values}
        people = Person.objects.filter(organisation=self.organisation, username__in=accounts)
        for person in people.order_by("pk"):
            self.people[person.username] = lock_person(person.pk)
        names = {unit.pk: unit.name for unit in self.units.values()}
        for post in Post.objects.filter(organisation=self.organisation, abolished_at=None):
            self.posts[names[post.unit_id], post.title] = post

    def _unit_added(self, change: Change) -> None:
        self.units[change.name] = add_unit(
            self.warrant,
            self.organisation.pk,
            name=change.name,
            kind=change.values["kind"],
            parent=self.units.get(change.values["parent"]),
            aliases=change.values["aliases"],
        )

    def _unit_changed(self, change: Change) -> None:
        changes = dict(change.values)
        if "parent" in changes:
            changes["parent"] = self.units[changes["parent"]]
        alter_unit(self.warrant, self.units[change.name], **changes)

    def _group_added(self, change: Change) -> None:
        units = [self.units[name] for name in change.values["units"]]
        add_group(self.warrant, self.organisation, name=change.name, units=units)

    def _group_extended(self, change: Change) -> None:
        group = UnitGroup.objects.get(organisation=self.organisation, name=change.name)
        alter_group(
            self.warrant,
            self.organisation,
            group.pk,
            name=group.name,
            aliases=group.aliases,
            units=[*group.units.all(), *(self.units[name] for name in change.values["units"])],
        )

    def _post_added(self, change: Change) -> None:
        unit = self.units[change.values["unit"]]
        post = add_post(self.warrant, unit, role=change.values["role"], title=change.name)
        self.posts[unit.name, post.title] = post

    def _person_added(self, change: Change) -> None:
        self.people[change.values["account"]] = add_person(
            self.warrant,
            self.organisation.pk,
            username=change.values["account"],
            name=change.name,
            email=change.values["email"],
            password_hash=self.password_hash,
        )

    def _person_renamed(self, change: Change) -> None:
        give_name(self.warrant, self.people[change.values["account"]], change.name)

    def _person_readdressed(self, change: Change) -> None:
        person = self.people[change.values["account"]]
        give_email(self.warrant, person, change.values["email"])

    def _appointment_made(self, change: Change) -> None:
        unit = self.units[change.values["unit"]]
        place(
            self.warrant,
            unit,
            post_id=self.posts[unit.name, change.values["post"]].pk,
            person_id=self.people[change.values["account"]].pk,
            starts_at=self.warrant.at,
            replace=change.kind == "appointment.replaced",
        )

    _appointment_replaced = _appointment_made
