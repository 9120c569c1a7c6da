"""What a report that came back changes of what was read before, and where it goes then."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from approvals.choosing import by_stage
from approvals.models import Approval, Round, Stage
from approvals.queries import resumption
from approvals.subjects import Context
from audit.queries import read_openings
from workflows.models import Assignment, Contribution, Draft, Submission, Task
from workflows.subjects import COMPLETION


def adds_only(draft: Draft, included: Iterable[Contribution]) -> bool:
    """True if the draft keeps text, percentage, evidence, parts and signers of the newest version.

    It may then add an answer and evidence. Erased text counts as changed. Five queries.
    """
    before: Submission | None = (
        Submission.objects.filter(task=draft.task_id).order_by("-version").first()
    )
    if before is None or before.percent != draft.percent:
        return False
    kept = read_openings(before.organisation_id, [before.text])[bytes(before.text)]
    if kept != draft.text.strip():
        return False
    if by_stage(draft.chosen) != _chosen(before):
        return False
    parts = set(before.included.values_list("contribution", flat=True))
    if parts != {one.pk for one in included}:
        return False
    return _files(before.evidence.values_list("file", flat=True)) <= _files(
        draft.files.values_list("file", flat=True)
    )


@dataclass(frozen=True)
class Way:
    """Which way a report goes that came back: `stage` asks first if it is sent as it stands.

    `straight` is the stage that would have it back directly, if any.
    """

    stage: str
    first: str
    straight: str = ""

    @property
    def is_straight(self) -> bool:
        return bool(self.straight) and self.stage == self.straight


def way(draft: Draft) -> Way | None:
    """Where the draft would go if it were sent now; None if no stage has returned the report."""
    approval = Approval.objects.filter(
        organisation=draft.organisation_id,
        subject_kind=COMPLETION,
        subject_id=draft.task_id,
        state=Approval.State.WITH_SUBMITTER,
    ).first()
    if approval is None:
        return None
    names = dict(Stage.objects.filter(version=approval.version_id).values_list("position", "name"))
    first, back = names[min(names)], resumption(approval)
    if back == 1:
        return Way(first, first)
    unchanged = adds_only(draft, newest_parts(draft.task))
    return Way(names[back] if unchanged else first, first, names[back])


def newest_parts(task: Task) -> Iterable[Contribution]:
    """What each unit that cooperates now has sent last."""
    asked = Assignment.objects.filter(task=task, role=Assignment.Role.COOPERATING, ended_at=None)
    sent = Contribution.objects.filter(task=task, unit__in=asked.values("unit"))
    return sent.order_by("unit_id", "-version").distinct("unit_id")


def _chosen(submission: Submission) -> Mapping[int, Sequence[UUID]]:
    """Whom its submitter chose to sign."""
    kept = Round.objects.filter(document_id=submission.pk).values_list("context", flat=True)
    return Context.thawed(kept[0]).chosen if kept else {}


def _files(found: Iterable[UUID]) -> Counter[UUID]:
    return Counter(found)
