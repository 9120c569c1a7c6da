"""A file that was erased goes from the disk too, unless another report stands on the same bytes."""

from uuid import UUID

from django.db.models import Exists, OuterRef

from audit.models import Opening
from workflows.files import path_of
from workflows.models import DraftFile, Evidence, Plan, PlanImport, StoredFile


def forget(organisation: UUID, digests: frozenset[bytes]) -> None:
    """Delete the bytes behind these names; drafts let go of them."""
    named = Evidence.objects.filter(organisation=organisation, name__in=digests)
    for file in StoredFile.objects.filter(pk__in=named.values("file")):
        if not _is_needed(file, digests):
            DraftFile.objects.filter(file=file).delete()
            path_of(organisation, bytes(file.sha256)).unlink(missing_ok=True)


def _is_needed(file: StoredFile, digests: frozenset[bytes]) -> bool:
    opening = Opening.objects.filter(
        organisation=OuterRef("organisation"), commitment=OuterRef("name")
    )
    others = Evidence.objects.filter(Exists(opening), file=file).exclude(name__in=digests)
    return any(
        rows.exists()
        for rows in (
            others,
            Plan.objects.filter(source=file),
            PlanImport.objects.filter(source=file),
        )
    )
