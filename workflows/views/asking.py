"""What views do first: find the task among those that the person may see, read what was sent."""

from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils import timezone

from directory.models import Person
from directory.requests import PersonRequest, held
from workflows import policy
from workflows.actions.authority import refuse
from workflows.models import Task
from workflows.policy import Facts
from workflows.queries.standing import standing


def visible_task(request: PersonRequest, task_id: UUID) -> Task:
    """The task with its plan and measure. Raises Http404 where it concerns somebody else."""
    tasks = Task.objects.for_user(request.user, held(request)).select_related(
        "plan__coordinator", "plan__overseer", "measure"
    )
    found: Task = get_object_or_404(tasks, pk=task_id)
    return found


def may(person: Person, task: Task, action: str, unit_id: UUID | None = None) -> Facts:
    """The facts, if the person may take the action now. Raises NotAllowed, WrongState."""
    facts = standing(task, person, timezone.now(), unit_id)
    verdict = policy.can(person, action, facts)
    if not verdict:
        refuse(verdict)
    return facts


def revision_of(request: PersonRequest) -> int:
    """The revision that the form showed; 0, which nothing has, where it isn't one."""
    given = request.POST.get("revision", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 9 else 0
