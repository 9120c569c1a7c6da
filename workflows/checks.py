"""System checks of the plan process."""

from typing import Any

from django.core.checks import CheckMessage, Error, register
from viewflow.workflow.checks import check_join_nodes_require_a_real_lock


@register()
def unsafe_joins_are_errors(**_: Any) -> list[CheckMessage]:
    """viewflow only warns (W001) of a join without a lock, whose process would never end."""
    return [
        Error(found.msg, hint=found.hint, obj=found.obj, id="workflows.E001")
        for found in check_join_nodes_require_a_real_lock(None)
    ]
