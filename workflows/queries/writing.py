"""What somebody needs in front of them to write a report or a unit's part of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from django.urls import reverse

from approvals.choosing import Choice, choices
from directory.models import Person, Unit
from workflows.models import Assignment, Contribution, Draft, DraftFile, Submission, Task
from workflows.queries.reports import File, Part, Return, icon_of, last_return, read_contributions
from workflows.queries.resubmission import Way, newest_parts, way
from workflows.subjects import COMPLETION, parties


@dataclass(frozen=True)
class DraftFileRow:
    """A file with the draft, and the id under which it can be taken away."""

    id: UUID
    file: File


@dataclass(frozen=True)
class Desk:
    """A unit's draft with everything that belongs beside it. `version` is the one it will be."""

    unit: Unit
    leads: bool
    draft: Draft | None
    version: int
    files: list[DraftFileRow] = field(default_factory=list)
    came_back: Return | None = None
    parts: list[Part] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    way: Way | None = None
    choices: Sequence[Choice] = ()

    @property
    def revision(self) -> int:
        return self.draft.revision if self.draft else 0


def desk(task: Task, unit_id: UUID | None, writer: Person, at: datetime) -> Desk:
    """The desk of a unit that has a part in the task, as `writer` would send from it.

    Raises Assignment.DoesNotExist.
    """
    part = Assignment.objects.select_related("unit").get(
        task=task, unit=unit_id, ended_at=None, role__in=("lead", "cooperating")
    )
    draft = Draft.objects.filter(task=task, unit=part.unit).select_related("updated_by").first()
    files = [_row(one) for one in _files(draft)] if draft else []
    if part.role != Assignment.Role.LEAD:
        sent = Contribution.objects.filter(task=task, unit=part.unit).count()
        return Desk(part.unit, False, draft, sent + 1, files)
    parts = read_contributions(task)
    contributed = {one.unit for one in parts}
    asked = Assignment.objects.filter(task=task, role="cooperating", ended_at=None)
    units = [one.unit.name for one in asked.select_related("unit")]
    return Desk(
        unit=part.unit,
        leads=True,
        draft=draft,
        version=Submission.objects.filter(task=task).count() + 1,
        files=files,
        came_back=last_return(task),
        way=way(draft) if draft else None,
        parts=[one for one in parts if one.unit in units],
        silent=[unit for unit in units if unit not in contributed],
        choices=_choices(task, draft, writer, at),
    )


def _choices(task: Task, draft: Draft | None, writer: Person, at: datetime) -> Sequence[Choice]:
    """Among whom the writer may choose signers: nobody who wrote what is sent."""
    wrote = {one for part in newest_parts(task) for one in part.authors}
    authors = frozenset(wrote.union(draft.authors if draft else ()))
    context = replace(parties(task), submitter=writer.pk, authors=authors)
    return choices(COMPLETION, task.pk, task.organisation_id, context, at)


def _files(draft: Draft) -> list[DraftFile]:
    return list(draft.files.select_related("file", "uploaded_by"))


def _row(one: DraftFile) -> DraftFileRow:
    file = File(
        name=one.name,
        url=reverse("draft_file", args=[one.pk]),
        size=one.file.size,
        uploader=one.uploaded_by.name,
        at=one.uploaded_at,
        digest=bytes(one.file.sha256),
        icon=icon_of(one.file.media_type),
    )
    return DraftFileRow(one.pk, file)
