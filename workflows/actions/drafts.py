"""What a unit is writing, before anybody else reads it: saved often, lost never."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.errors import Refused
from directory.models import Person
from workflows.actions.authority import Warrant, warrant
from workflows.files import Stored
from workflows.models import Assignment, Draft, DraftFile, StoredFile

MOST_FILES = 50


class DraftChanged(Refused):
    """Somebody saved the draft since the page was shown; nothing is overwritten."""

    sentence = _(
        "%(person)s changed this draft since you opened it. Your text is kept below: put the two "
        "together and save again."
    )


class PercentWrong(Refused):
    """A percentage that is none."""

    status = 422
    sentence = _("Give a percentage from 0 to 100.")


class TooManyFiles(Refused):
    """More files than anybody reviews."""

    status = 422
    sentence = _("A report holds at most %(most)d files. Put some together in a zip archive.")


class NoSuchFile(Refused):
    """A file that somebody took away meanwhile."""

    sentence = _("This file is no longer with the draft.")


@transaction.atomic(durable=True)
def save_draft(
    *,
    task_id: UUID,
    unit_id: UUID,
    revision: int,
    text: str,
    percent: int = 0,
    answer: str = "",
    without_units_reason: str = "",
    chosen: Sequence[str] = (),
    actor: Person,
    at: datetime,
) -> Draft:
    """Keep what a unit is writing. `revision` is the one that was shown, 0 for a first draft.

    `chosen` are those who are to sign, where the route lets choose.

    Saving the same words twice changes nothing. A draft is no record: no ledger entry.
    Raises NotAllowed, WrongState, PercentWrong, DraftChanged.
    """
    allowed = writing(task_id, unit_id, actor, at)
    if not 0 <= percent <= 100:
        raise PercentWrong
    draft = draft_of(allowed)
    words = {
        "text": text,
        "percent": percent,
        "answer": answer,
        "without_units_reason": without_units_reason,
        "chosen": list(chosen),
    }
    if draft.revision and all(getattr(draft, name) == said for name, said in words.items()):
        return draft
    refuse_outdated(draft, revision)
    for name, said in words.items():
        setattr(draft, name, said)
    return _keep(draft, allowed)


@transaction.atomic(durable=True)
def attach_file(
    *, task_id: UUID, unit_id: UUID, stored: Stored, name: str, actor: Person, at: datetime
) -> DraftFile:
    """Put a file, stored by `files.store` before, with the unit's draft. Twice is once.

    Raises NotAllowed, WrongState, TooManyFiles.
    """
    allowed = writing(task_id, unit_id, actor, at)
    draft = draft_of(allowed)
    if not draft.revision:
        _keep(draft, allowed)
    if draft.files.count() >= MOST_FILES:
        raise TooManyFiles(most=MOST_FILES)
    file = record_file(allowed.task.organisation_id, stored, at)
    kept, new = DraftFile.objects.get_or_create(
        draft=draft,
        file=file,
        name=name,
        defaults={
            "organisation_id": draft.organisation_id,
            "uploaded_by": actor,
            "uploaded_at": at,
        },
    )
    if new and actor.pk not in draft.authors:
        draft.authors.append(actor.pk)
        draft.save(update_fields=["authors"])
    return kept


@transaction.atomic(durable=True)
def remove_draft_file(
    *, task_id: UUID, unit_id: UUID, file_id: UUID, actor: Person, at: datetime
) -> None:
    """Take a file away from the draft; reports that were sent keep it.

    Raises NotAllowed, WrongState, NoSuchFile.
    """
    allowed = writing(task_id, unit_id, actor, at)
    gone, _each = DraftFile.objects.filter(draft=draft_of(allowed), pk=file_id).delete()
    if not gone:
        raise NoSuchFile


def record_file(organisation_id: UUID, stored: Stored, at: datetime) -> StoredFile:
    """The row of bytes that lie in the store; one for each content."""
    file, _new = StoredFile.objects.get_or_create(
        organisation_id=organisation_id,
        sha256=stored.sha256,
        defaults={"size": stored.size, "media_type": stored.media_type, "stored_at": at},
    )
    return file


def writing(task_id: UUID, unit_id: UUID, actor: Person, at: datetime) -> Warrant:
    """The lead unit writes the report, a cooperating one its contribution."""
    leads = Assignment.objects.filter(
        task=task_id, unit=unit_id, role=Assignment.Role.LEAD, ended_at=None
    ).exists()
    action = "report" if leads else "contribute"
    return warrant(action, task_id=task_id, actor=actor, at=at, unit_id=unit_id)


def draft_of(allowed: Warrant) -> Draft:
    """The unit's draft, or one not saved yet (revision 0). The task's lock guards it."""
    unit = allowed.holding.unit
    return Draft.objects.filter(task=allowed.task, unit=unit).first() or Draft(
        organisation_id=allowed.task.organisation_id,
        task=allowed.task,
        unit=unit,
        revision=0,
        updated_by=allowed.actor,
    )


def refuse_outdated(draft: Draft, revision: int) -> None:
    if draft.revision != revision:
        raise DraftChanged(person=draft.updated_by.name)


def _keep(draft: Draft, allowed: Warrant) -> Draft:
    draft.revision += 1
    draft.updated_by, draft.updated_at = allowed.actor, allowed.at
    if allowed.actor.pk not in draft.authors:
        draft.authors.append(allowed.actor.pk)
    draft.save()
    return draft
