"""On whose authority the directory is changed."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _

from audit.actions import append
from audit.errors import Refused
from audit.ids import uuid7
from audit.models import Root
from directory import policy, queries
from directory.models import Person

OPERATOR = "operator"
"""The actor of commands run on the server itself."""
Actor = Person | str


class NotAdministrator(Refused):
    """Only an administrator keeps the directory."""

    status = 403
    sentence = _("Only an administrator of your organisation can change this.")


class NotYours(Refused):
    """Somebody else's account, delegation or password."""

    status = 403
    sentence = _("This belongs to somebody else, so you can't change it.")


@dataclass(frozen=True)
class Warrant:
    """Who acts, in which capacity and when: what all entries of one action share."""

    actor: Actor
    at: datetime
    capacity: Mapping[str, Any] | None = None
    acting_for: Person | None = None
    action: UUID = field(default_factory=uuid7)

    def record(
        self, root: Root, kind: str, facts: Mapping[str, Any], changed: Iterable[str] = ()
    ) -> None:
        """Write one entry on a locked root, together with its `changed` fields."""
        append(
            root,
            kind=kind,
            actor=self.actor,
            at=self.at,
            facts=facts,
            action=self.action,
            capacity=self.capacity,
            acting_for=self.acting_for,
            changed=changed,
        )


def administrator(actor: Actor, organisation_id: UUID, at: datetime) -> Warrant:
    """A warrant to keep this organisation's directory. Raises NotAdministrator."""
    if isinstance(actor, str):
        if actor != OPERATOR:
            raise NotAdministrator
        return Warrant(actor, at)
    if actor.organisation_id == organisation_id:
        for holding in queries.holdings(actor, at):
            if policy.may_administer([holding.role]):
                return Warrant(actor, at, holding.capacity, holding.acting_for)
    raise NotAdministrator


@contextmanager
def translated(refusals: Mapping[str, Refused]) -> Iterator[None]:
    """Turn the violation of a named database constraint into the refusal that says it."""
    try:
        yield
    except IntegrityError as error:
        diagnosis = getattr(error.__cause__, "diag", None)
        if refusal := refusals.get(getattr(diagnosis, "constraint_name", "")):
            raise refusal from error
        raise
