"""What a person sent and others have now, and what the person has done: both newest first.

Every kind of record is cut to one page before they are merged, so a long history costs no more
than a short one.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet, TextField, Value
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware

from approvals import sentences
from approvals import subjects as approved
from approvals.models import Approval, SignOff, WorkItem
from approvals.queries import revocable_ids
from approvals.subjects import Description
from directory.models import Person, Post
from directory.queries import holders
from workflows.models import (
    Addressee,
    AmendmentVersion,
    Assignment,
    Contribution,
    Plan,
    PlanVersion,
    Submission,
    Task,
    TaskRequest,
)
from workflows.models.amendments import AMENDMENT
from workflows.plan_subject import KINDS as ISSUING
from workflows.queries.errands import OF_TASKS, with_lead
from workflows.queries.inbox import PAGE

State = Task.State


@dataclass(frozen=True)
class Record:
    """Something that was done at a time: `item` is its own row, `subject` the task or plan."""

    kind: str
    item: UUID
    subject: UUID
    at: datetime


@dataclass(frozen=True)
class Bookmark:
    """The place after a record; later ones don't move it."""

    at: datetime
    item: UUID

    @classmethod
    def read(cls, text: str) -> Self | None:
        """From an address; None for anything that isn't one."""
        at, _, item = text.partition("_")
        try:
            moment = parse_datetime(at)
            return cls(moment, UUID(item)) if moment and is_aware(moment) else None
        except ValueError:
            return None

    def __str__(self) -> str:
        return f"{self.at.isoformat()}_{self.item}"


@dataclass(frozen=True)
class Records:
    records: list[Record]
    after: Bookmark | None
    """Where the next page begins; None at the end."""
    tasks: dict[UUID, Task] = field(default_factory=dict)
    plans: dict[UUID, Plan] = field(default_factory=dict)
    sign_offs: dict[UUID, SignOff] = field(default_factory=dict)
    requests: dict[UUID, TaskRequest] = field(default_factory=dict)
    others: dict[UUID, Description] = field(default_factory=dict)
    """Whatever else was approved, as it describes itself."""
    revocable: set[UUID] = field(default_factory=set)
    """The sign-offs among them that may still be taken back."""
    seats: dict[UUID, list[str]] = field(default_factory=dict)
    """By document or subject, who is asked now: names, or the post where nobody holds it."""


def waiting(person: Person, at: datetime, after: Bookmark | None = None) -> Records:
    """What the person put forward and somebody else has now. At most seven queries."""
    newer = Submission.objects.filter(task=OuterRef("task"), version__gt=OuterRef("version"))
    reports = Submission.objects.filter(
        ~Exists(newer), submitter=person, task__state__in=(State.SUBMITTED, State.REVIEWED)
    )
    open_issue = Approval.objects.filter(
        organisation=OuterRef("organisation"),
        subject_kind__in=ISSUING.values(),
        subject_id=OuterRef("plan"),
        state=Approval.State.OPEN,
        rounds__document_id=OuterRef("pk"),
    )
    plans = PlanVersion.objects.filter(Exists(open_issue), submitter=person)
    open_request = Approval.objects.filter(
        organisation=OuterRef("organisation"),
        subject_kind=OuterRef("kind"),
        subject_id=OuterRef("task"),
        state=Approval.State.OPEN,
        rounds__document_id=OuterRef("pk"),
    )
    asked_again = TaskRequest.objects.filter(
        task=OuterRef("task"), kind=OuterRef("kind"), number__gt=OuterRef("number")
    )
    asked = TaskRequest.objects.filter(~Exists(asked_again), Exists(open_request), asked_by=person)
    open_amendment = Approval.objects.filter(
        organisation=OuterRef("organisation"),
        subject_kind=AMENDMENT,
        subject_id=OuterRef("amendment"),
        state=Approval.State.OPEN,
        rounds__document_id=OuterRef("pk"),
    )
    amendments = AmendmentVersion.objects.filter(Exists(open_amendment), submitter=person)
    found = _page(
        [
            ("report", reports, "task", "at"),
            ("plan", plans, "plan", "at"),
            ("request", asked, "task", "at"),
            ("amendment", amendments, "amendment", "at"),
        ],
        after,
    )
    described = _described(found)
    sent = {one.subject for one in found[0] if one.kind == "amendment"}
    return Records(
        *found,
        *described,
        requests=_requests(found[0]),
        others=approved.get(AMENDMENT).describe(sent) if sent else {},
        seats=_asked(person, described, sent, at),
    )


def _requests(found: Iterable[Record]) -> dict[UUID, TaskRequest]:
    ids = [one.item for one in found if one.kind == "request"]
    return TaskRequest.objects.in_bulk(ids) if ids else {}


def done(person: Person, after: Bookmark | None = None) -> Records:
    """What the person signed, received and sent. At most six queries."""
    found = _page(
        [
            ("sign_off", SignOff.objects.filter(person=person), "approval__subject_id", "at"),
            ("report", Submission.objects.filter(submitter=person), "task", "at"),
            ("request", TaskRequest.objects.filter(asked_by=person), "task", "at"),
            ("contribution", Contribution.objects.filter(author=person), "task", "at"),
            ("receipt", Assignment.objects.filter(received_by=person), "task", "received_at"),
            ("plan_receipt", Addressee.objects.filter(received_by=person), "plan", "received_at"),
        ],
        after,
    )
    signed = [one.item for one in found[0] if one.kind == "sign_off"]
    sign_offs = SignOff.objects.filter(pk__in=signed).select_related(
        "acting_for", "approval", "revocation", "work_item__post__unit"
    )
    by_id = {one.pk: one for one in sign_offs.defer("statement")} if signed else {}
    return Records(
        *found,
        *_described(found),
        requests=_requests(found[0]),
        sign_offs=by_id,
        others=_others(by_id.values()),
        revocable=revocable_ids(signed),
    )


def _others(signed: Iterable[SignOff]) -> dict[UUID, Description]:
    """What was decided on besides tasks and plans. One query a kind."""
    wanted: dict[str, set[UUID]] = {}
    for one in signed:
        wanted.setdefault(one.approval.subject_kind, set()).add(one.approval.subject_id)
    return {
        subject: described
        for kind, ids in wanted.items()
        if kind not in (*OF_TASKS, *ISSUING.values())
        for subject, described in approved.get(kind).describe(ids).items()
    }


def _page(
    branches: Sequence[tuple[str, QuerySet[Any], str, str]], after: Bookmark | None
) -> tuple[list[Record], Bookmark | None]:
    cut = []
    for kind, rows, subject, moment in branches:
        if after:
            earlier = Q(**{f"{moment}__lt": after.at})
            rows = rows.filter(earlier | Q(**{moment: after.at, "pk__lt": after.item}))
        newest = rows.order_by(f"-{moment}", "-pk").annotate(
            kind_of=Value(kind, output_field=TextField()),
            row=F("pk"),
            about=F(subject),
            moment=F(moment),
        )
        cut.append(newest.values_list("kind_of", "row", "about", "moment")[: PAGE + 1])
    merged = cut[0].union(*cut[1:], all=True).order_by("-moment", "-row")[: PAGE + 1]
    found = [Record(*row) for row in merged]
    page = found[:PAGE]
    more = Bookmark(page[-1].at, page[-1].item) if len(found) > PAGE else None
    return page, more


def _described(
    found: tuple[list[Record], Bookmark | None],
) -> tuple[dict[UUID, Task], dict[UUID, Plan]]:
    subjects = {one.subject for one in found[0]}
    if not subjects:
        return {}, {}
    tasks = {task.pk: task for task in with_lead(Task.objects.filter(pk__in=subjects))}
    others = subjects - tasks.keys()
    plans = Plan.objects.filter(pk__in=others).only("number", "title") if others else ()
    return tasks, {plan.pk: plan for plan in plans}


def _asked(
    person: Person,
    described: tuple[dict[UUID, Task], dict[UUID, Plan]],
    amendments: Collection[UUID],
    at: datetime,
) -> dict[UUID, list[str]]:
    """Who is asked about each document now, and who closes each task."""
    tasks, plans = described
    items = WorkItem.objects.filter(
        organisation=person.organisation_id,
        state=WorkItem.State.OPEN,
        opening__outcome="",
        approval__state=Approval.State.OPEN,
        approval__subject_kind__in=(*OF_TASKS, *ISSUING.values(), AMENDMENT),
        approval__subject_id__in=[*tasks, *plans, *amendments],
    )
    seats = [
        (item.opening.round.document_id, item.post, item.person)
        for item in items.select_related("opening__round", "post__unit", "person")
    ]
    seats += [(task, post, None) for task, post in _closers(tasks.values())]
    held = holders([post for _subject, post, _person in seats if post], at) if seats else {}
    asked: dict[UUID, list[str]] = {}
    for subject, post, named in seats:
        holder = named or held.get(post.pk)
        place = sentences.capacity(post.unit.name, post.title) if post else ""
        name = holder.name if holder else sentences.vacant(place)
        asked.setdefault(subject, []).append(name)
    return asked


def _closers(tasks: Iterable[Task]) -> list[tuple[UUID, Post]]:
    """The coordinators who close the reviewed ones among the tasks."""
    offices: dict[UUID, list[UUID]] = {}
    for task in tasks:
        if task.state == State.REVIEWED:
            plan = task.plan
            office = plan.overseer_id if task.lead_unit == plan.coordinator_id else None
            offices.setdefault(office or plan.coordinator_id, []).append(task.pk)
    if not offices:
        return []
    posts = Post.objects.filter(
        unit__in=offices, role=Post.Role.COORDINATOR, abolished_at=None
    ).select_related("unit")
    return [(task, post) for post in posts for task in offices[post.unit_id]]
