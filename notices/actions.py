"""Telling people: what the worker makes of the log and of the clock, and what they have read."""

import json
import logging
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from approvals.models import Opening
from audit.models import Entry, Leaf, LogHead, Verification
from directory.models import Organisation, Person
from directory.queries import working_days_between
from notices import rules
from notices.models import Cursor, Notice
from workflows.lights import DUE_SOON
from workflows.models import Task

logger = logging.getLogger(__name__)

FOLLOWER = "notices"
BATCH = 200
LONGEST = 14
"""Days ahead in which `DUE_SOON` working days surely lie, holidays included."""


def follow(*, at: datetime) -> int:
    """A step of the worker: make the notices of new entries, organisation by organisation."""
    known = Organisation.objects.values_list("pk", flat=True)
    heads = LogHead.objects.filter(size__gt=0, pk__in=known)
    read = dict(
        Cursor.objects.filter(follower=FOLLOWER).values_list("organisation_id", "next_index")
    )
    return sum(
        _follow(head.organisation, at)
        for head in heads
        if head.size > read.get(head.organisation, 0)
    )


@transaction.atomic(durable=True)
def _follow(organisation: UUID, at: datetime) -> int:
    """The next batch; notices and cursor move together, so nothing is lost or told twice."""
    Cursor.objects.get_or_create(organisation_id=organisation, follower=FOLLOWER)
    cursor = Cursor.objects.select_for_update().get(organisation=organisation, follower=FOLLOWER)
    leaves = (
        Leaf.objects.filter(organisation=organisation, leaf_index__gte=cursor.next_index)
        .select_related("entry")
        .order_by("leaf_index")[:BATCH]
    )
    found = list(leaves)
    for leaf in found:
        _tell_of(leaf.entry, f"leaf:{leaf.leaf_index}", at)
    if found:
        cursor.next_index = found[-1].leaf_index + 1
        cursor.save(update_fields=["next_index"])
    return len(found)


def _tell_of(entry: Entry, cause: str, at: datetime) -> None:
    try:
        facts = json.loads(bytes(entry.body))["facts"]
    except (ValueError, TypeError, KeyError):
        # Somebody tampered with it: the verifier names it, and all others are told on.
        logger.error("Entry %s can't be read, so nobody is told of it", entry.pk)
        return
    news = rules.News(entry.organisation, entry.subject, entry.kind, facts, at)
    for kind, people in rules.told(news):
        told_too = kind in rules.TOLD_THEMSELVES
        others = [person for person in people if told_too or person.subject != entry.actor]
        _tell(others, kind, entry.organisation, entry.subject, cause, entry.at, mail_at=at)


def _tell(
    people: Iterable[Person],
    kind: str,
    organisation: UUID,
    subject: str,
    cause: str,
    at: datetime,
    *,
    mail_at: datetime,
) -> int:
    """A person is told once of one cause, whichever rule comes first."""
    made = [
        Notice(
            organisation_id=organisation,
            person=person,
            kind=kind,
            subject=subject,
            cause=cause,
            at=at,
            mail_at=mail_at if person.email and settings.NOTICES_BY_MAIL else None,
        )
        for person in people
    ]
    Notice.objects.bulk_create(made, ignore_conflicts=True)
    return len(made)


def warn(*, at: datetime) -> int:
    """A step of the worker: tell auditors and administrators of a ledger that was found broken.

    It follows what the verifier kept, not the ledger: whoever broke that may have made it refuse
    the entry which would tell.
    """
    return sum(_warn(one, at) for one in Organisation.objects.values_list("pk", flat=True))


@transaction.atomic(durable=True)
def _warn(organisation: UUID, at: datetime) -> int:
    runs = Verification.objects.filter(organisation=organisation)
    newest = runs.order_by("-at").first()
    if newest is None or newest.first_bad is None:
        return 0
    subject, cause = f"organisation:{organisation}", f"broken:{newest.pk.hex}"
    told = Notice.objects.filter(organisation=organisation, subject=subject, cause=cause)
    if told.exists():
        return 0
    return sum(
        _tell(people, kind, organisation, subject, cause, newest.at, mail_at=at)
        for kind, people in rules.of_broken_ledger(organisation, at)
    )


def remind(*, at: datetime) -> int:
    """Tell of each deadline once when it is near and once when it is over.

    Lead units hear of their tasks, those who are asked in a stage of their decisions.
    """
    today = timezone.localdate(at)
    open_ = Task.objects.filter(
        state__in=[Task.State.ASSIGNED, Task.State.IN_PROGRESS],
        due_date__lte=today + timedelta(days=LONGEST),
    )
    told = sum(_remind(task, task.due_date, today, at) for task in open_ if task.due_date)
    stages = Opening.objects.filter(
        outcome="", due_date__lte=today + timedelta(days=LONGEST)
    ).select_related("approval")
    return told + sum(
        _remind_signers(one, one.due_date, today, at) for one in stages if one.due_date
    )


@transaction.atomic(durable=True)
def _remind(task: Task, due: date, today: date, at: datetime) -> int:
    left = working_days_between(task.organisation_id, today, due)
    if left > DUE_SOON:
        return 0
    kind = "task.overdue" if today > due else "task.due_soon"
    cause = f"{kind.partition('.')[2]}:{due}"
    if Notice.objects.filter(subject=task.subject, cause=cause).exists():
        return 0
    people = rules.lead_of(task, at)
    return _tell(people, kind, task.organisation_id, task.subject, cause, at, mail_at=at)


@transaction.atomic(durable=True)
def _remind_signers(opening: Opening, due: date, today: date, at: datetime) -> int:
    left = working_days_between(opening.organisation_id, today, due)
    if left > DUE_SOON:
        return 0
    kind, when = ("work.overdue", "late") if today > due else ("work.due_soon", "soon")
    cause = f"{when}:{opening.pk.hex}"
    subject = opening.approval.root
    if Notice.objects.filter(subject=subject, cause=cause).exists():
        return 0
    people = rules.asked(opening.pk, at)
    return _tell(people, kind, opening.organisation_id, subject, cause, at, mail_at=at)


@transaction.atomic(durable=True)
def read_all(*, person: Person, up_to: UUID, at: datetime) -> int:
    """The person has seen their notices up to this one; newer ones stay unread."""
    unread = Notice.objects.filter(person=person, read_at=None, id__lte=up_to)
    return unread.update(read_at=at)
