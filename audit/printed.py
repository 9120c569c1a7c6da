"""What stands at the foot of a printed form: the way to its proof, and the last checkpoint."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from audit import codes, notes, qr, witnessing
from audit.models import Entry, Root
from audit.witnessing import Witnessing


@dataclass(frozen=True)
class Stamp:
    """The newest entry that a form rests on, as the ledger had it when the form was made."""

    entry: Entry
    code: str
    address: str
    where: str
    """The page on which the code can be typed."""
    picture: qr.Picture
    witnessing: Witnessing
    at: datetime

    @property
    def index(self) -> int | None:
        leaf = getattr(self.entry, "leaf", None)
        return leaf.leaf_index if leaf else None

    @property
    def origin(self) -> str:
        signed = self.witnessing.signed
        return signed.origin.name if signed else ""

    @property
    def root(self) -> str:
        """As the third line of the checkpoint has it, to be held against a kept one."""
        signed = self.witnessing.signed
        return notes.encoded(bytes(signed.root_hash)) if signed else ""


def stamp(entry: Entry, request: HttpRequest | None) -> Stamp:
    """For a form about what this entry says, and what stands before it in its chain."""
    at = timezone.now()
    code = codes.of(bytes(entry.body))
    address = _absolute(reverse("verify_code", args=[code]), request)
    where = _absolute(reverse("verify"), request)
    seen = witnessing.of(entry.organisation, at=at)
    return Stamp(entry, code, address, where, qr.picture(address), seen, at)


def newest(root: Root) -> Entry | None:
    """The entry at the head of a root's chain; None before the first."""
    organisation: UUID = root.organisation_id  # type: ignore[attr-defined]
    chain = Entry.objects.filter(organisation=organisation, subject=root.subject)
    return chain.select_related("leaf").order_by("-subject_seq").first()


def _absolute(path: str, request: HttpRequest | None) -> str:
    """On the address that people type; as this page was asked for where none is set."""
    if settings.ORIGIN or request is None:
        return f"{settings.ORIGIN}{path}"
    return request.build_absolute_uri(path)
