"""What views know of a request after `login_required`."""

from django.http import HttpRequest
from django.utils import timezone

from directory.models import Person
from directory.queries import Holding, holdings


class PersonRequest(HttpRequest):
    """A request of somebody who is signed in. A type only: Django still makes plain ones."""

    user: Person
    held: list[Holding]
    """Kept by `held`, below."""
    waiting: int
    """How many errands wait for the person, where the view has counted them already."""


def held(request: PersonRequest) -> list[Holding]:
    """The posts that the person may act in now, read once for the whole request."""
    if not hasattr(request, "held"):
        request.held = holdings(request.user, timezone.now())
    return request.held
