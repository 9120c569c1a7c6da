"""What the approval engine may ask of requests for a task: another deadline, another round."""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import replace
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from approvals.subjects import Applied, Context, Description, Outcome
from audit import canonical
from audit.models import Root
from audit.queries import read_openings
from audit.templatetags.ui import day_long
from workflows.models import Task, TaskRequest
from workflows.policy import Pending
from workflows.subjects import PASSED, TaskSubject, parties, task_of

Kind = TaskRequest.Kind


def request_digest(request: TaskRequest) -> bytes:
    """SHA-256 over exactly what is asked; its reason stands there as a commitment."""
    content = {
        "task": request.task_id,
        "kind": request.kind,
        "number": request.number,
        "previous_due_date": request.previous_due_date,
        "due_date": request.due_date,
        "reason": request.reason,
    }
    return hashlib.sha256(canonical.encode(content)).digest()


def newest(task: Task, kind: str) -> TaskRequest:
    """The request that an approval under way is about: nobody asks for a second one meanwhile."""
    found: TaskRequest = TaskRequest.objects.filter(task=task, kind=kind).latest("number")
    return found


def participants(task: Task, submitter: UUID, earlier: Pending | None) -> Context:
    """Whom a route may ask about a request. Whoever asked in an earlier round wrote it, too."""
    askers = (earlier.askers if earlier else frozenset()) | {submitter}
    return replace(parties(task), submitter=submitter, authors=askers)


class RequestSubject(TaskSubject):
    """A request is approved, not the task itself: whatever names it says so."""

    words: Promise

    def title(self, root: Root) -> str:
        return str(self.words) % {"title": root}

    def describe(self, ids: Iterable[UUID]) -> dict[UUID, Description]:
        return {
            pk: replace(one, title=str(self.words) % {"title": one.title})
            for pk, one in super().describe(ids).items()
        }

    def particulars(self, document_ids: Collection[UUID]) -> dict[UUID, list[tuple[str, str]]]:
        """The deadlines, where it is an extension, and the reason. Two queries."""
        found = list(TaskRequest.objects.filter(pk__in=document_ids))
        texts = read_openings(found[0].organisation_id, [one.reason for one in found])
        said: dict[UUID, list[tuple[str, str]]] = {}
        for one in found:
            dates = [
                (_("Due date before"), day_long(one.previous_due_date)),
                (_("New due date"), day_long(one.due_date)),
            ]
            reason = texts.get(bytes(one.reason)) or gettext("(erased)")
            said[one.pk] = [
                *[(str(label), day) for label, day in dates if day],
                (gettext("Reason"), reason),
            ]
        return said


class TaskExtension(RequestSubject):
    """延期: the deadline moves when the route ends, not before."""

    kind = str(Kind.EXTENSION)
    words = _("Extension: %(title)s")

    def digest(self, root: Root) -> bytes:
        """Over title and present deadline; the request's own digest has the date that is asked."""
        task = task_of(root)
        content = {"title": task.title, "due_date": task.due_date}
        return hashlib.sha256(canonical.encode(content)).digest()

    def apply(self, root: Root, outcome: Outcome) -> Applied:
        task = task_of(root)
        if outcome.result != PASSED:
            return Applied()
        before, task.due_date = task.due_date, newest(task, self.kind).due_date
        return Applied(("due_date",), {"due_date": {"from": before, "to": task.due_date}})


class TaskReopening(RequestSubject):
    """重启: a reviewed or closed task goes back to work when the route ends."""

    kind = str(Kind.REOPENING)
    words = _("Reopening: %(title)s")

    def digest(self, root: Root) -> bytes:
        """Over title, state and outcome: a task that is closed meanwhile is looked at again."""
        task = task_of(root)
        content = {"title": task.title, "state": task.state, "outcome": task.outcome}
        return hashlib.sha256(canonical.encode(content)).digest()

    def apply(self, root: Root, outcome: Outcome) -> Applied:
        task = task_of(root)
        if outcome.result != PASSED:
            return Applied()
        before, ended_as = task.state, task.outcome
        task.reopen()
        task.outcome, task.closed_at = "", None
        facts = {"state": {"from": before, "to": task.state}, "outcome": ended_as or None}
        return Applied(("state", "outcome", "closed_at"), facts)
