"""Erasing what somebody wrote, or what is known of them: asked for here, done by the worker."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit import erasing
from audit.errors import Refused
from directory.actions.authority import Actor, administrator
from directory.actions.people import lock_person
from directory.models import Person

MOST = 300
"""Texts of one person that are looked at; older ones are reached by erasing in steps."""


class NothingChosen(Refused):
    """No text was named."""

    status = 422
    sentence = _("Choose what is to be erased.")


class NotTheirs(Refused):
    """A text that isn't this person's, or is gone already."""

    status = 409
    sentence = _("What you chose is not there any more. Look at the list again.")


class NameInUse(Refused):
    """The account is open."""

    status = 409
    sentence = _(
        "%(person)s has an open account, so the name is still needed. Deactivate the account "
        "first, or change the name."
    )


@transaction.atomic(durable=True)
def request_erasure(
    *, person_id: UUID, digests: Collection[bytes], reason: str, actor: Actor, at: datetime
) -> None:
    """Have texts erased that a person wrote or that are about them; the entry says who asked.

    Raises NotAdministrator, NothingChosen, NotTheirs, NameInUse.
    """
    person = lock_person(person_id)
    warrant = administrator(actor, person.organisation_id, at)
    if not digests:
        raise NothingChosen
    theirs = erasing.texts_of(person.subject, person.organisation_id, limit=MOST)
    if not {one.digest for one in theirs}.issuperset(digests):
        raise NotTheirs
    if person.is_active and bytes(person.name_commitment or b"") in digests:
        raise NameInUse(person=person.name)
    erasing.request(
        person,
        person.organisation_id,
        digests,
        reason=reason,
        actor=actor,
        at=at,
        action=warrant.action,
        capacity=warrant.capacity,
        acting_for=warrant.acting_for,
    )


def forget(organisation: UUID, digests: frozenset[bytes]) -> None:
    """With a name goes what the directory knows of whom it named: account, address, sort key."""
    for person in Person.objects.filter(organisation=organisation, name_commitment__in=digests):
        Person.objects.filter(pk=person.pk).update(
            name="—", pinyin="", email="", username=f"erased-{person.pk}"
        )
