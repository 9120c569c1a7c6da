"""What ledger entries say of approvals. Pure."""

from collections.abc import Mapping
from typing import Any


def each(facts: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """An entry's facts, and those of further approvals that it moved (`also`).

    One approval of a subject may begin as another passes, and both may end with their subject.
    """
    return [facts, *facts.get("also", ())]
