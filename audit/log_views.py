"""The log for everybody: checkpoint and tiles, as transparency-log clients ask for them.

None of it shows more than hashes.
"""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from audit import proofs, tiles

FOR_EVER = "public, max-age=31536000, immutable"


@require_safe
def checkpoint(request: HttpRequest, organisation: UUID) -> HttpResponse:
    """The newest one, as a signed note."""
    found = proofs.newest(organisation)
    if found is None:
        raise Http404
    response = HttpResponse(found.cosigned, content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = "no-store"
    return response


@require_safe
def tile(request: HttpRequest, organisation: UUID, level: int, place: str) -> HttpResponse:
    """A strip of hashes, at the address that tlog-tiles gives it."""
    try:
        index, width = tiles.parse(place)
    except ValueError:
        raise Http404 from None
    strip = proofs.strip(organisation, level, index, width) if level < 64 // tiles.HEIGHT else None
    if strip is None:
        raise Http404
    response = HttpResponse(strip, content_type="application/octet-stream")
    response["Cache-Control"] = FOR_EVER
    return response
