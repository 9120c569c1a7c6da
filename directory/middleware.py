"""What the person who is signed in brings to each request."""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth import SESSION_KEY, logout
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.translation import gettext as _


class PersonMiddleware:
    """Speaks the language that the person chose, and ends the session of a deactivated one.

    Stands after authentication and messages.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            if chosen := request.user.language:
                translation.activate(chosen)
                request.LANGUAGE_CODE = chosen
        elif SESSION_KEY in request.session:
            # Django empties the session after a change of password, but not for a closed account.
            logout(request)
            messages.error(
                request,
                _("Your account has been deactivated. Ask your administrator why."),
            )
        return self.get_response(request)
