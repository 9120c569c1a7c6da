"""Searches under a name. They are an auditor's own notes, so the ledger says nothing of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from audit.errors import Refused
from audit.models import Root
from audit.search.models import SavedFilter

MOST = 100
"""Searches that one person keeps."""


class NameTaken(Refused):
    """Two searches of one person under one name."""

    sentence = _("You have a saved search with this name already. Choose another name.")


class TooManySaved(Refused):
    """Nobody finds anything among that many."""

    sentence = _("You have saved %(most)d searches already. Delete one that you don't need.")


@dataclass(frozen=True)
class Saved:
    """A saved search as the page offers it."""

    id: UUID
    name: str
    query: str
    is_shared: bool
    is_own: bool


def known(person: Root, organisation: UUID) -> list[Saved]:
    """The person's own searches by name, then those that others share."""
    rows = SavedFilter.objects.filter(organisation=organisation).order_by("name", "saved_at")
    found = [
        Saved(row.pk, row.name, urlencode(row.asked), row.is_shared, row.owner == person.subject)
        for row in rows
        if row.is_shared or row.owner == person.subject
    ]
    return sorted(found, key=lambda one: not one.is_own)


@transaction.atomic(durable=True)
def save_search(
    *,
    organisation: UUID,
    name: str,
    asked: Mapping[str, str],
    is_shared: bool,
    actor: Root,
    at: datetime,
) -> SavedFilter:
    """Keep what was asked for under a name. Raises NameTaken, TooManySaved."""
    actor.locked(actor.pk)  # or two windows would both see the last free place
    own = SavedFilter.objects.filter(organisation=organisation, owner=actor.subject)
    if own.count() >= MOST:
        raise TooManySaved(most=MOST)
    row = SavedFilter(
        organisation=organisation,
        owner=actor.subject,
        name=name,
        asked=dict(asked),
        is_shared=is_shared,
        saved_at=at,
    )
    return _kept(row)


@transaction.atomic(durable=True)
def rename_search(
    *, search_id: UUID, name: str, is_shared: bool, actor: Root, at: datetime
) -> SavedFilter:
    """Another name, for oneself or for all. Raises SavedFilter.DoesNotExist, NameTaken."""
    row = SavedFilter.objects.select_for_update().get(pk=search_id, owner=actor.subject)
    row.name, row.is_shared = name, is_shared
    return _kept(row)


@transaction.atomic(durable=True)
def delete_search(*, search_id: UUID, actor: Root, at: datetime) -> None:
    """Raises SavedFilter.DoesNotExist: it is gone, or somebody else's."""
    SavedFilter.objects.select_for_update().get(pk=search_id, owner=actor.subject).delete()


def _kept(row: SavedFilter) -> SavedFilter:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise NameTaken from None
    return row
