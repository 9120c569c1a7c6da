"""Reading the ledger."""

from collections.abc import Iterable
from uuid import UUID

from audit.models import Opening


def read_openings(
    organisation_id: UUID, digests: Iterable[bytes | memoryview | None]
) -> dict[bytes, str | None]:
    """The texts behind commitments, by digest, in one query. None: erased, or never ours."""
    wanted = {bytes(digest) for digest in digests if digest is not None}
    texts: dict[bytes, str | None] = dict.fromkeys(wanted)
    found = Opening.objects.filter(organisation=organisation_id, commitment__in=wanted)
    for digest, content in found.values_list("commitment", "content"):
        texts[bytes(digest)] = bytes(content).decode()
    return texts
