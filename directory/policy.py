"""Who may do what, as far as posts decide it. Pure: roles in, decision out; denied by default."""

from collections.abc import Collection
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from directory.models import Post

Role = Post.Role
# The administrator keeps the directory and decides on nothing.
DECIDES = frozenset({Role.DEPUTY, Role.PRINCIPAL, Role.REVIEWER, Role.COORDINATOR})
WORKS = frozenset({Role.HANDLER, Role.DEPUTY, Role.PRINCIPAL})


@dataclass(frozen=True)
class Decision:
    """Whether something is allowed, and if not, the sentence that says why."""

    allowed: bool
    reason: str | Promise = ""

    def __bool__(self) -> bool:
        return self.allowed


def may_administer(roles: Collection[str]) -> Decision:
    """Keep units, posts, people, calendar and routes."""
    return Decision(
        Role.ADMINISTRATOR in roles,
        _("Only an administrator of your organisation can change this."),
    )


def may_read_everything(roles: Collection[str]) -> Decision:
    """See all of the organisation; an auditor's post lets nobody write in that capacity."""
    return Decision(Role.AUDITOR in roles)
