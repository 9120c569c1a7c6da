"""Who may do what, as far as posts decide it. Pure: roles in, decision out; denied by default."""

from collections.abc import Collection
from dataclasses import dataclass

from directory.models import Post

Role = Post.Role
# An auditor post shows everything and lets nobody write: not in that capacity.
READS_EVERYTHING = frozenset({Role.AUDITOR})
# The administrator keeps the directory and decides on nothing.
DECIDES = frozenset({Role.DEPUTY, Role.PRINCIPAL, Role.REVIEWER, Role.COORDINATOR})
WORKS = frozenset({Role.HANDLER, Role.DEPUTY, Role.PRINCIPAL})


@dataclass(frozen=True)
class Decision:
    """Whether something is allowed, and if not, the sentence that says why."""

    allowed: bool
    reason: str = ""

    def __bool__(self) -> bool:
        return self.allowed


def may_administer(roles: Collection[str]) -> Decision:
    """Keep units, posts, people, calendar and routes."""
    return Decision(Role.ADMINISTRATOR in roles, "Only an administrator keeps the directory.")


def may_read_everything(roles: Collection[str]) -> Decision:
    return Decision(not READS_EVERYTHING.isdisjoint(roles), "Only an auditor reads everything.")


def may_decide_in(role: str) -> Decision:
    """Sign off in the capacity of a post with this role."""
    return Decision(role in DECIDES, "This post signs nothing off.")


def may_work_in(role: str) -> Decision:
    """Accept, report and contribute in the capacity of a post with this role."""
    return Decision(role in WORKS, "This post carries out no tasks.")
