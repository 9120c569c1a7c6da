"""What a page says when something went wrong: a sentence, never a bare status."""

import sys
from collections.abc import Callable
from http import HTTPStatus

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from audit.errors import Refused

TITLES: dict[HTTPStatus, Callable[[], str]] = {
    HTTPStatus.FORBIDDEN: lambda: _("You can't do this"),
    HTTPStatus.CONFLICT: lambda: _("Something changed meanwhile"),
    HTTPStatus.UNPROCESSABLE_ENTITY: lambda: _("This can't be sent like that"),
}


class RefusedMiddleware:
    """Turns a refusal that no view caught into its sentence, with what the person wrote kept."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, Refused):
            return refused(request, error)
        return None


def refused(request: HttpRequest, error: Refused) -> HttpResponse:
    """The page of a refusal: what happened, what the person wrote, the way back."""
    title = TITLES.get(HTTPStatus(error.status), lambda: _("This can't be done now"))
    context = {
        "title": title(),
        "text": error.message,
        "changes": getattr(error, "changes", ()),
        "stands": getattr(error, "stands", False),
        "comment": request.POST.get("comment", ""),
        "back_url": request.headers.get("Referer", "/"),
    }
    return render(request, "409.html", context, status=error.status)


def server_error(request: HttpRequest) -> HttpResponse:
    """500, or 503 where it is the database that can't be reached. Neither page reads anything."""
    lost = isinstance(sys.exc_info()[1], OperationalError | InterfaceError)
    template, status = ("503.html", 503) if lost else ("500.html", 500)
    return HttpResponse(render_to_string(template), status=status)
