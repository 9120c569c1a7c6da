"""Whether something is on time. Pure: a light says nothing about where a task stands."""

DUE_SOON = 3
"""So many working days before the deadline something counts as due soon."""


def light(left: int | None, *, started: bool = True, over: bool = False) -> str:
    """The light for what has `left` working days; `over` is what is closed or cancelled."""
    if over:
        return "done"
    if left is not None and left < 0:
        return "overdue"
    if left is not None and left <= DUE_SOON:
        return "due_soon"
    return "on_track" if started else "not_started"
