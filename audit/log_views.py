"""The log for everybody: checkpoint and tiles as transparency-log clients ask for them, and a page
that checks a proof. None of it shows more than hashes, or than the proof that was brought.
"""

from dataclasses import dataclass
from uuid import UUID

from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from audit import canonical, merkle, notes, proofs, tiles
from audit.errors import Refused
from audit.forms import ProofForm
from audit.notes import BadNote

PER_MINUTE = 30
"""Proofs that one address may have checked."""
FOR_EVER = "public, max-age=31536000, immutable"


class TooOften(Refused):
    """One address asks all the time."""

    status = 429
    sentence = _("Too many proofs were checked from here. Try again in a minute.")


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


@dataclass(frozen=True)
class Answer:
    """What a proof shows: `what` is wrong with it, or the entry that it proves."""

    problem: str = ""
    origin: str = ""
    size: int = 0
    index: int = 0
    body: str = ""

    @property
    def holds(self) -> bool:
        return not self.problem


@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    """Check a proof that somebody brings, without an account. Raises TooOften."""
    form = ProofForm(request.POST or None, request.FILES or None)
    answer = None
    if request.method == "POST":
        _count(request)
        if form.is_valid():
            answer = check(form.cleaned_data["text"])
    context = {"form": form, "answer": answer}
    return render(request, "audit/verify.html", context, status=400 if form.errors else 200)


def check(text: str) -> Answer:
    """Signature, path and bytes, one after the other."""
    try:
        proof = notes.Proof.parse(text.replace("\r\n", "\n"))
        told = notes.Checkpoint.parse(proof.checkpoint.text)
    except BadNote:
        return Answer(str(_("This is no proof: it should be a .tlog-proof file.")))
    origin = proofs.origin_named(told.origin)
    if origin is None:
        return Answer(str(_("It comes from a log that is not kept here: %s.")) % told.origin)
    if proof.checkpoint.signature_of(notes.Key.parse(origin.vkey)) is None:
        return Answer(str(_("Its checkpoint was not signed by this log.")))
    if not proof.extra:
        return Answer(str(_("The entry itself is missing from the file.")))
    leaf = canonical.leaf_hash(proof.extra)
    if not merkle.included(leaf, proof.index, told.size, proof.path, told.root):
        return Answer(str(_("The entry in the file is not the one that was signed.")))
    body = proof.extra.decode(errors="replace")
    return Answer("", told.origin, told.size, proof.index, body)


def _count(request: HttpRequest) -> None:
    key = f"verify:{request.META.get('REMOTE_ADDR')}:{timezone.now():%Y%m%d%H%M}"
    cache.add(key, 0, 120)
    if cache.incr(key) > PER_MINUTE:
        raise TooOften
