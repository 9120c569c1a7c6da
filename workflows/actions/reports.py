"""Sending a cooperating unit's part; submitting and withdrawing completion reports."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from approvals import actions as approvals
from approvals.choosing import by_stage
from approvals.sentences import listed
from audit.canonical import Commitment, commit
from audit.errors import Refused
from directory.models import Person
from workflows.actions.authority import Warrant, moved, warrant
from workflows.actions.drafts import draft_of, refuse_outdated
from workflows.models import (
    Assignment,
    Contribution,
    Draft,
    Evidence,
    IncludedContribution,
    Submission,
    Task,
)
from workflows.queries.resubmission import adds_only
from workflows.subjects import COMPLETION, context, report_digest


class ReportEmpty(Refused):
    """A report without words."""

    status = 422
    sentence = _("Write the report first: an empty one can't be sent.")


class UnitsSilent(Refused):
    """A report without a cooperating unit's part, and no reason why."""

    status = 422
    sentence = _("%(units)s did not send a part yet. Wait for it, or say why you send without it.")


@transaction.atomic(durable=True)
def send_contribution(
    *, task_id: UUID, unit_id: UUID, revision: int, actor: Person, at: datetime
) -> Contribution:
    """Freeze a cooperating unit's draft as the next version of its part.

    Raises NotAllowed, WrongState, DraftChanged, ReportEmpty.
    """
    allowed = warrant("contribute", task_id=task_id, actor=actor, at=at, unit_id=unit_id)
    draft = _finished(allowed, revision)
    earlier = Contribution.objects.filter(task=allowed.task, unit=draft.unit).count()
    text = commit(draft.text.strip())
    contribution = Contribution.objects.create(
        organisation_id=draft.organisation_id,
        task=allowed.task,
        unit=draft.unit,
        version=earlier + 1,
        text=text.digest,
        author=actor,
        authors=_authors([draft], actor),
        at=at,
    )
    evidence, opened = _evidence(draft, contribution=contribution)
    Evidence.objects.bulk_create(evidence)
    allowed.record(
        "contribution.sent",
        {
            "contribution": contribution.pk,
            "unit": draft.unit_id,
            "version": contribution.version,
            "text": text,
            "evidence": opened,
        },
    )
    return contribution


@transaction.atomic(durable=True)
def submit(
    *, task_id: UUID, revision: int, without_units_reason: str = "", actor: Person, at: datetime
) -> Submission:
    """Freeze the lead unit's draft as the next version of the report and open its approval.

    The newest contribution of each cooperating unit goes with it; without a silent unit's only
    for a reason. Raises NotAllowed, WrongState, DraftChanged, ReportEmpty, UnitsSilent, NoRoute,
    ChooseSigners, NotOffered.
    """
    allowed = warrant("submit", task_id=task_id, actor=actor, at=at)
    task, draft = allowed.task, _finished(allowed, revision)
    included = _contributions(task, without_units_reason.strip())
    unchanged = adds_only(draft, included)
    said = {
        "text": commit(draft.text.strip()),
        "answer": _optional(draft.answer),
        "without_units_reason": _optional(without_units_reason),
    }
    submission = Submission(
        organisation_id=task.organisation_id,
        task=task,
        version=Submission.objects.filter(task=task).count() + 1,
        percent=draft.percent,
        submitter=actor,
        authors=_authors([draft, *included], actor),
        digest=b"",
        at=at,
        **{name: words.digest if words else None for name, words in said.items()},
    )
    evidence, opened = _evidence(draft, submission=submission)
    submission.digest = report_digest(submission, evidence, included, _of(included))
    submission.save(force_insert=True)
    IncludedContribution.objects.bulk_create(
        IncludedContribution(
            organisation_id=task.organisation_id, submission=submission, contribution=one
        )
        for one in included
    )
    Evidence.objects.bulk_create(evidence)
    begun = _begin(submission, draft.chosen, actor, at, adds_only=unchanged)
    allowed.record(
        "task.submitted",
        {
            **begun,
            **said,
            "state": moved(task, task.submit),
            "submission": submission.pk,
            "version": submission.version,
            "percent": submission.percent,
            "digest": submission.digest,
            "contributions": [one.pk for one in included],
            "evidence": opened,
        },
        "state",
    )
    return submission


@transaction.atomic(durable=True)
def withdraw(*, task_id: UUID, actor: Person, at: datetime) -> Task:
    """撤回: the submitter takes the report back before anybody decided on it.

    Raises NotAllowed, WrongState, AlreadyDecided.
    """
    allowed = warrant("withdraw", task_id=task_id, actor=actor, at=at)
    task = allowed.task
    ended = approvals.withdraw(kind=COMPLETION, subject_id=task.pk, actor=actor, at=at)
    allowed.record("task.withdrawn", ended | {"state": moved(task, task.withdraw)}, "state")
    return task


def _finished(allowed: Warrant, revision: int) -> Draft:
    """The draft as it was shown, with something in it."""
    draft = draft_of(allowed)
    if not draft.text.strip():
        raise ReportEmpty
    refuse_outdated(draft, revision)
    return draft


def _optional(text: str) -> Commitment | None:
    return commit(text.strip()) if text.strip() else None


def _authors(written: Iterable[Draft | Contribution], sender: Person) -> list[UUID]:
    return sorted({sender.pk}.union(*(one.authors for one in written)))


def _contributions(task: Task, reason: str) -> list[Contribution]:
    """The newest part of each unit that cooperates now. Raises UnitsSilent."""
    parts = Assignment.objects.filter(
        task=task, role=Assignment.Role.COOPERATING, ended_at=None
    ).select_related("unit")
    units = {part.unit_id: part.unit for part in parts}
    newest = (
        Contribution.objects.filter(task=task, unit__in=units)
        .order_by("unit_id", "-version")
        .distinct("unit_id")
    )
    found = {one.unit_id: one for one in newest}
    silent = [unit.name for unit in units.values() if unit.pk not in found]
    if silent and not reason:
        raise UnitsSilent(units=listed(silent))
    return list(found.values())


def _evidence(
    draft: Draft, **document: Submission | Contribution
) -> tuple[list[Evidence], list[dict[str, Any]]]:
    """The draft's files as evidence of the document, not saved yet, and what the ledger keeps."""
    evidence, kept = [], []
    for one in draft.files.select_related("file") if draft.revision else ():
        name = commit(one.name)
        evidence.append(
            Evidence(
                organisation_id=draft.organisation_id,
                file=one.file,
                name=name.digest,
                uploaded_by_id=one.uploaded_by_id,
                uploaded_at=one.uploaded_at,
                **document,
            )
        )
        kept.append({"name": name, "sha256": bytes(one.file.sha256)})
    return evidence, kept


def _of(contributions: Sequence[Contribution]) -> list[Evidence]:
    """The evidence that the contributions brought."""
    found = Evidence.objects.filter(contribution__in=contributions)
    return list(found.select_related("file"))


def _begin(
    submission: Submission,
    chosen: Sequence[str],
    actor: Person,
    at: datetime,
    *,
    adds_only: bool,
) -> dict[str, Any]:
    """Open the approval, or its next round; what the ledger says of it."""
    task = submission.task
    begun = approvals.begin(
        kind=COMPLETION,
        root=task,
        subject_id=task.pk,
        document_id=submission.pk,
        digest=bytes(submission.digest),
        context=replace(context(task, submission), chosen=by_stage(chosen)),
        actor=actor,
        at=at,
        adds_only=adds_only,
    )
    return dict(begun.facts)
