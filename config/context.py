"""What the frame around every page shows: how much waits, in which posts one stands here."""

from functools import cached_property
from typing import cast

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.policy import may_read_everything
from directory.queries import Holding
from directory.requests import PersonRequest, held
from notices.queries import unread_count
from workflows.plan_policy import may_import
from workflows.queries.inbox import inbox_count


class Frame:
    """Reads nothing before a template asks for it; without a person there is nothing to read."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = cast(PersonRequest, request)

    @cached_property
    def held(self) -> list[Holding]:
        user = getattr(self.request, "user", None)
        return held(self.request) if user and user.is_authenticated else []

    @cached_property
    def inbox_count(self) -> int:
        if not self.held:
            return 0
        if hasattr(self.request, "waiting"):
            return self.request.waiting
        return inbox_count(self.request.user, timezone.now(), self.held)

    @cached_property
    def unread_count(self) -> int:
        user = getattr(self.request, "user", None)
        return unread_count(self.request.user) if user and user.is_authenticated else 0

    @property
    def capacity(self) -> str:
        """The unit beside the person's name."""
        return self.held[0].unit.name if self.held else ""

    @property
    def capacities(self) -> list[str]:
        return [capacity(one) for one in self.held]

    @property
    def may_audit(self) -> bool:
        return bool(may_read_everything({one.role for one in self.held}))

    @property
    def may_import(self) -> bool:
        return bool(may_import(self.held))


def capacity(one: Holding) -> str:
    """The post in words, and for whom it is held."""
    words = {"unit": one.unit.name, "post": one.post.title}
    if one.acting_for is None:
        return _("%(unit)s, %(post)s") % words
    return _("%(unit)s, %(post)s, for %(name)s") % {**words, "name": one.acting_for.name}


def frame(request: HttpRequest) -> dict[str, Frame]:
    return {"frame": Frame(request)}
