"""Whether a report that came back changes anything that was read before."""

from collections import Counter
from collections.abc import Iterable
from uuid import UUID

from audit.queries import read_openings
from workflows.models import Contribution, Draft, Submission


def adds_only(draft: Draft, included: Iterable[Contribution]) -> bool:
    """True if the draft keeps text, percentage, evidence and parts of the newest version.

    It may then add an answer and evidence. Erased text counts as changed. Four queries.
    """
    before: Submission | None = (
        Submission.objects.filter(task=draft.task_id).order_by("-version").first()
    )
    if before is None or before.percent != draft.percent:
        return False
    kept = read_openings(before.organisation_id, [before.text])[bytes(before.text)]
    if kept != draft.text.strip():
        return False
    parts = set(before.included.values_list("contribution", flat=True))
    if parts != {one.pk for one in included}:
        return False
    return _files(before.evidence.values_list("file", flat=True)) <= _files(
        draft.files.values_list("file", flat=True)
    )


def _files(found: Iterable[UUID]) -> Counter[UUID]:
    return Counter(found)
