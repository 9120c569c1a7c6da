"""A bundle: which entries somebody takes away, and the entry that records it.

`bundle_files` makes the file.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, F, Max, Min, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from audit import proofs, roots, witnesses
from audit.actions import append
from audit.errors import Refused
from audit.models import Checkpoint, Entry, Origin, Root


class NothingSigned(Refused):
    """There is no checkpoint yet."""

    status = 409
    sentence = _("Nothing of this log has been signed yet. Try again in a few seconds.")


class NothingToExport(Refused):
    """The scope has no entry."""

    status = 404
    sentence = _("There is no signed entry in what you chose.")


@dataclass(frozen=True)
class Scope:
    """Which entries: those of all subjects or some, of a time or of all times.

    `name` says it for people. `subjects` None means all of them.
    """

    name: str
    subjects: frozenset[str] | None = None
    actor: str = ""
    first: datetime | None = None
    before: datetime | None = None

    @property
    def is_all(self) -> bool:
        return self == Scope(self.name)

    @property
    def condition(self) -> Q:
        found = Q()
        if self.subjects is not None:
            found &= Q(subject__in=self.subjects)
        if self.actor:
            found &= Q(actor=self.actor)
        if self.first:
            found &= Q(at__gte=self.first)
        if self.before:
            found &= Q(at__lt=self.before)
        return found

    @property
    def facts(self) -> dict[str, Any]:
        """What the ledger keeps of an export."""
        return {
            "subjects": None if self.subjects is None else sorted(self.subjects),
            "actor": self.actor or None,
            "first": self.first,
            "before": self.before,
        }


@dataclass(frozen=True)
class Bundle:
    """A scope of an organisation's log up to its newest checkpoint."""

    organisation: UUID
    scope: Scope
    note: str
    policy: str
    size: int
    entries: int
    unbroken: bool
    """Whether no entry was left out between two of the same subject."""
    with_files: bool = True

    def rows(self) -> QuerySet[Entry]:
        return _entries(self.organisation, self.scope, self.size)


@transaction.atomic(durable=True)
def export(
    *,
    organisation: UUID,
    scope: Scope,
    actor: Root | str,
    at: datetime,
    with_files: bool = True,
) -> Bundle:
    """Record that somebody takes the scope away; `bundle_files.write` then makes the file.

    The entry belongs to the person, or to the organisation where the operator exports. Raises
    NothingSigned, NothingToExport.
    """
    root = roots.tenant(organisation) if isinstance(actor, str) else roots.relocked(actor)
    bundle = prepare(organisation, scope, with_files=with_files)
    facts = {
        "scope": scope.facts,
        "entries": bundle.entries,
        "size": bundle.size,
        "files": with_files,
    }
    append(root, kind="ledger.exported", actor=actor, at=at, facts=facts)
    return bundle


def prepare(organisation: UUID, scope: Scope, *, with_files: bool = True) -> Bundle:
    """Count what would be in it. Raises NothingSigned, NothingToExport."""
    checkpoint = proofs.newest(organisation)
    if checkpoint is None:
        raise NothingSigned
    found = _entries(organisation, scope, checkpoint.size)
    count = found.count()
    if not count:
        raise NothingToExport
    chains = found.order_by().values("subject").annotate(here=Count("pk"))
    spans = chains.annotate(span=Max("subject_seq") - Min("subject_seq") + 1)
    return Bundle(
        organisation,
        scope,
        checkpoint.cosigned,
        _policy(checkpoint),
        checkpoint.size,
        count,
        unbroken=scope.is_all or not spans.exclude(here=F("span")).exists(),
        with_files=with_files,
    )


def _entries(organisation: UUID, scope: Scope, size: int) -> QuerySet[Entry]:
    """In the log's order, as far as it is signed."""
    covered = Entry.objects.filter(organisation=organisation, leaf__leaf_index__lt=size)
    return covered.filter(scope.condition).order_by("leaf__leaf_index").select_related("leaf")


def _policy(checkpoint: Checkpoint) -> str:
    """The log's key and the witnesses whose quorum we promise, as far as it is met.

    Keys under which the log was signed before follow, for checkpoints that somebody kept.
    """
    cosigned = set(checkpoint.cosignatures.values_list("witness", flat=True))
    policy = witnesses.published().for_bundle(checkpoint.origin.vkey, cosigned)
    origins = Origin.objects.filter(organisation=checkpoint.organisation).order_by("-number")
    before = origins.filter(number__lt=checkpoint.origin.number).values_list("vkey", flat=True)
    return policy + "".join(f"log {vkey}\n" for vkey in before)
