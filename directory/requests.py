"""What views know of a request after `login_required`."""

from django.http import HttpRequest

from directory.models import Person


class PersonRequest(HttpRequest):
    """A request of somebody who is signed in. A type only: Django still makes plain ones."""

    user: Person
