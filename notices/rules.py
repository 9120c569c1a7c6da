"""Who is told what: from an entry's facts to people."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from approvals.facts import each
from approvals.models import Approval, Round, WorkItem
from approvals.queries import claimants
from directory.models import Person, Post
from directory.queries import holders
from workflows.models import Addressee, Assignment, Plan, Task, TaskRequest

Told = Iterator[tuple[str, Iterable[Person]]]
Role = Post.Role
WORKERS = (Role.HANDLER, Role.PRINCIPAL)


@dataclass(frozen=True)
class News:
    """An entry as the follower reads it; `at` is now, because those who hold posts now are told."""

    organisation: UUID
    subject: str
    kind: str
    facts: Mapping[str, Any]
    at: datetime

    @property
    def id(self) -> UUID:
        return UUID(self.subject.partition(":")[2])


def told(news: News) -> Told:
    """Kinds of notices, each with the people who get it."""
    if rule := RULES.get(news.kind):
        yield news.kind, rule(news)
    for facts in each(news.facts):
        if opened := facts.get("opened"):
            yield from _of_seats(_open_seats(UUID(opened["id"])), news.at)
    if turns := news.facts.get("turns"):
        yield from _turns([UUID(one["id"]) for one in turns], news.at)
    if opinion := news.facts.get("opinion"):
        item = WorkItem.objects.select_related("asked_by").get(pk=opinion["id"])
        yield "approval.opinion", [item.asked_by] if item.asked_by else []
    if (moved := news.facts.get("intervention")) and moved["state"] == "proposed":
        yield "approval.intervention", administrators(news.organisation, news.at)
    if (news.facts.get("amendment") or {}).get("state") == "applied":
        yield "plan.amended", _addressees(news)
    if news.kind.startswith("passkey."):
        yield from _of_passkey(news)
    if approval := news.facts.get("approval"):
        yield from _of_approval(news, UUID(approval["id"]), approval["state"])


TOLD_THEMSELVES = frozenset({"passkey.enrolled", "passkey.revoked"})
"""What even the one who did it is told of: it may have been somebody else at their desk."""


def _of_passkey(news: News) -> Told:
    """Its owner, and the administrators where it waits for one of them."""
    owner = list(Person.objects.filter(pk=news.id))
    if news.kind == "passkey.renamed":
        return
    yield "passkey.declined" if news.facts.get("declined") else news.kind, owner
    if news.kind == "passkey.enrolled" and news.facts["passkey"]["needs_approval"]:
        yield "passkey.waiting", administrators(news.organisation, news.at)


REQUESTS: Mapping[str, str] = {
    TaskRequest.Kind.EXTENSION: "extension",
    TaskRequest.Kind.REOPENING: "reopening",
}


def _of_approval(news: News, approval: UUID, state: str) -> Told:
    """Whoever asked hears how it went, and those whom the outcome concerns."""
    if state not in ("with_submitter", "passed", "cancelled"):
        return
    kind = Approval.objects.values_list("subject_kind", flat=True).get(pk=approval)
    name = REQUESTS.get(kind)
    if state == "with_submitter":
        yield f"{name or 'approval'}.returned", submitters(approval)
    elif state == "passed" and name == "extension":
        yield "extension.passed", [*_units(news), *submitters(approval), *_coordinators(news)]
    elif state == "passed" and name == "reopening":
        yield "task.reopened", [*_lead(news), *submitters(approval), *_coordinators(news)]
    elif state == "passed" and not news.facts.get("also"):
        yield "approval.passed", [*submitters(approval), *_coordinators(news)]
    elif name:
        yield f"{name}.ended", submitters(approval)


def people_of(units: Iterable[UUID], roles: Iterable[str], at: datetime) -> list[Person]:
    """Who holds posts with these roles in these units now."""
    posts = Post.objects.filter(unit__in=list(units), role__in=list(roles), abolished_at=None)
    return list(holders(list(posts), at).values())


def asked(opening: UUID, at: datetime) -> list[Person]:
    """Who holds an open seat of the stage, by name or by post."""
    return _people(_open_seats(opening), at)


def _open_seats(opening: UUID) -> QuerySet[WorkItem]:
    return WorkItem.objects.seats().filter(opening=opening, state=WorkItem.State.OPEN)


def _of_seats(items: QuerySet[WorkItem], at: datetime) -> Told:
    """Those whose turn it is, and whoever may take it for them."""
    yield "work.opened", _people(items, at)
    if lent := stand_ins(items, at):
        yield "work.lent", lent


def stand_ins(items: QuerySet[WorkItem], at: datetime) -> list[Person]:
    """Who may decide on one of these seats for somebody else."""
    claims = claimants(items.values_list("post", "person"), at)
    lent = {one.person for found in claims.values() for one in found if one.acting_for}
    return list(Person.objects.filter(pk__in=lent)) if lent else []


def _turns(ids: Iterable[UUID], at: datetime) -> Told:
    """Those who were asked beside the route, as far as it is their turn."""
    items = WorkItem.objects.filter(pk__in=list(ids), state=WorkItem.State.OPEN)
    consulted = Q(origin=WorkItem.Origin.CONSULTED)
    yield (
        "work.advise",
        [one.person for one in items.filter(consulted).select_related("person") if one.person],
    )
    yield from _of_seats(items.exclude(consulted), at)


def _people(items: QuerySet[WorkItem], at: datetime) -> list[Person]:
    found = list(items.select_related("person"))
    named = [item.person for item in found if item.person is not None]
    return named + list(holders([item.post_id for item in found if item.post_id], at).values())


def administrators(organisation: UUID, at: datetime) -> list[Person]:
    return holding(organisation, Role.ADMINISTRATOR, at)


def of_broken_ledger(organisation: UUID, at: datetime) -> Told:
    """Auditors read what was found; administrators have it looked into."""
    yield "ledger.broken", holding(organisation, Role.AUDITOR, at)
    yield "ledger.broken_here", administrators(organisation, at)


def holding(organisation: UUID, role: str, at: datetime) -> list[Person]:
    posts = Post.objects.filter(unit__organisation=organisation, role=role, abolished_at=None)
    return list(holders(list(posts), at).values())


def submitters(approval: UUID) -> list[Person]:
    latest = Round.objects.filter(approval=approval).select_related("submitter").latest("number")
    return [latest.submitter]


def _addressees(news: News) -> list[Person]:
    units = Addressee.objects.filter(plan=news.id).values_list("unit_id", flat=True)
    return people_of(units, WORKERS, news.at)


def _parts(news: News, *roles: str) -> list[UUID]:
    parts = Assignment.objects.filter(task=news.id, ended_at=None, role__in=roles)
    return list(parts.values_list("unit_id", flat=True))


def _units(news: News) -> list[Person]:
    """Those who work on the task, in the lead and the cooperating units."""
    units = _parts(news, Assignment.Role.LEAD, Assignment.Role.COOPERATING)
    return people_of(units, WORKERS, news.at)


def _lead(news: News) -> list[Person]:
    return people_of(_parts(news, Assignment.Role.LEAD), WORKERS, news.at)


def _coordinators(news: News) -> list[Person]:
    """The coordinators of the plan that the subject is or belongs to."""
    kind = news.subject.partition(":")[0]
    plans = Plan.objects.filter(**{"pk" if kind == "plan" else "tasks": news.id})
    units = plans.values_list("coordinator_id", flat=True)
    return people_of(units, [Role.COORDINATOR], news.at) if kind in {"plan", "task"} else []


RULES: Mapping[str, Callable[[News], list[Person]]] = {
    "plan.issued": _addressees,
    "task.created": _units,
    "task.reassigned": _units,
    "task.declined": _coordinators,
    "task.insisted": _lead,
    "task.closed": _units,
    "task.reopened": _lead,
    "task.cancelled": _units,
    "task.amended": _units,
    "task.due_date_set": _units,
    "task.priority_set": _units,
    "contribution.sent": _lead,
}


def lead_of(task: Task, at: datetime) -> list[Person]:
    """Who is reminded of a task's deadline."""
    return _lead(News(task.organisation_id, task.subject, "", {}, at))
