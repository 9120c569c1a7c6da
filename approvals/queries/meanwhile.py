"""What happened between a page and the form that it sends."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.utils.translation import gettext as _

from approvals import sentences, subjects
from approvals.models import Approval, Opening, SignOff, WorkItem
from approvals.subjects import Narrated, Subject
from audit.models import Entry, Root
from audit.templatetags.ui import moment_long
from directory.models import Person

if TYPE_CHECKING:
    from approvals.statements import Head

MOST = 20
OWN = "approval."
"""Decisions, opinions and reminders change nothing of what is reviewed."""


def happened_since(
    root: Root, subject: Subject, seen: Head | None, *, organisation_id: UUID
) -> list[str]:
    """What changed the subject after a page showed its chain up to `seen`, oldest first.

    Empty where the page didn't say, or nobody can tell.
    """
    if seen is None or not isinstance(subject, Narrated):
        return []
    later = Entry.objects.filter(
        organisation=organisation_id, subject=root.subject, subject_seq__gt=seen.seq
    ).exclude(kind__startswith=OWN)
    found = list(later.order_by("subject_seq")[:MOST])
    return subject.happened(root, found) if found else []


def told(approval: Approval, entry: Entry | None) -> str:
    """Who did what by this entry of the approval's chain; nothing where nobody can tell."""
    subject = subjects.get(approval.subject_kind)
    if entry is None or not isinstance(subject, Narrated):
        return ""
    return subject.happened(subjects.loaded(approval.subject_kind, approval.root), [entry])[0]


def what_you_did(sign_off_id: UUID) -> str:
    """One's own decision, as the end of a sentence."""
    signed = SignOff.objects.get(pk=sign_off_id)
    return sentences.you_did(signed.decision, moment_long(signed.at))


def what_closed(work_item_id: UUID, person: Person | None = None) -> str:
    """Who decided, and what: for `person`, who comes too late."""
    item = WorkItem.objects.select_related("opening", "approval").get(pk=work_item_id)
    opening = item.opening
    if item.state == WorkItem.State.SUPERSEDED:
        heir = item.successor
        if heir.asked_by is None:
            return _("the decision was taken back; the seat has a new turn.")
        names = {"name": heir.asked_by.name, "to": heir.person.name}
        if heir.is_given:
            return _("an intervention gave the seat to %(to)s.") % names
        return _("%(name)s handed it on to %(to)s.") % names
    if opening.outcome == Opening.Outcome.WITHDRAWN:
        return _("the submitter has withdrawn it.")
    if opening.outcome == Opening.Outcome.CANCELLED:
        entries = Entry.objects.filter(
            organisation=item.organisation_id, subject=item.approval.root, at=opening.closed_at
        )
        return told(item.approval, entries.order_by("subject_seq").last()) or _("it was cancelled.")
    ballots = SignOff.objects.filter(work_item__opening=opening)
    ballots = ballots.select_related("person", "acting_for").order_by("-at", "-id")
    own = next((one for one in ballots if one.work_item_id == item.pk), None)
    last = own or ballots.first()
    if last is None:
        return _("the stage is over and needs nothing more.")
    if own and own.person == person:
        return sentences.you_did(own.decision, moment_long(own.at))
    name = sentences.actor_for(last.person.name, last.acting_for.name if last.acting_for else "")
    went_back = opening.outcome == Opening.Outcome.RETURNED
    return _("%(clause)s on %(date)s, and the stage needs nothing more from this post.") % {
        "clause": sentences.did(last.decision, name, went_back=went_back),
        "date": moment_long(last.at),
    }
