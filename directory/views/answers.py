"""Answers to a page's script: JSON, with a sentence where something is refused."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.forms import Form
from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _

from audit.errors import Refused
from directory.passkeys import NoPasskeysHere, RelyingParty, relying_party


class NotUnderstood(Refused):
    """A form whose fields are wrong; `error` is the sentence of the first one that is."""

    status = 422
    sentence = "%(error)s"

    @classmethod
    def of(cls, form: Form) -> "NotUnderstood":
        field, errors = next(iter(form.errors.items()))
        label = form.fields[field].label if field in form.fields else ""
        return cls(error=_("%(field)s: %(error)s") % {"field": label, "error": errors[0]})


def in_json(view: Callable[..., dict[str, Any]]) -> Callable[..., JsonResponse]:
    """What the view returns, or the sentence of its refusal as `error`; never kept by anybody."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> JsonResponse:
        try:
            response = JsonResponse(view(request, *args, **kwargs))
        except Refused as refusal:
            response = JsonResponse({"error": refusal.message}, status=refusal.status)
        response["Cache-Control"] = "no-store"
        return response

    return answered


def party_of(request: HttpRequest) -> RelyingParty:
    """This house, for a page that this request shows. Raises NoPasskeysHere."""
    return relying_party(settings.ORIGIN, f"{request.scheme}://{request.get_host()}")


def nowhere(request: HttpRequest) -> NoPasskeysHere | None:
    """Why no browser could keep a passkey for this page's address, if none could."""
    try:
        party_of(request)
    except NoPasskeysHere as refusal:
        return refusal
    return None
