"""Tasks, and the units that have a part in them."""

from collections.abc import Sequence
from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_fsm import FSMField, FSMModelMixin, transition

from approvals.models import WorkItem
from audit.ids import uuid7
from audit.models import Root
from directory.models import Organisation, Person, Post, ScopedQuerySet, Unit
from directory.policy import WORKS
from directory.queries import Holding, holdings
from workflows.models.plans import Measure, Plan, Priority


class TaskQuerySet(ScopedQuerySet):
    def for_user(self, user: Person, held: Sequence[Holding] | None = None) -> Self:
        """The tasks that the user's posts have to do with now.

        Auditors see all of them, coordinators those of their plans, members of a unit those in
        which it has a part, and anybody those that their posts were asked to decide on.
        `held`: the user's holdings, where known.
        """
        held = holdings(user, timezone.now()) if held is None else held
        mine = super().for_user(user)
        if any(one.role == Post.Role.AUDITOR for one in held):
            return mine
        coordinating = {one.unit.id for one in held if one.role == Post.Role.COORDINATOR}
        units = {one.unit.id for one in held if one.role in WORKS}
        parts = Assignment.objects.filter(task=OuterRef("pk"), unit__in=units, ended_at=None)
        seats = WorkItem.objects.filter(
            Q(post__in={one.post.id for one in held}) | Q(person=user),
            approval__organisation=OuterRef("organisation"),
            approval__subject_kind__in=("task_completion", "task_extension", "task_reopening"),
            approval__subject_id=OuterRef("pk"),
        )
        return mine.filter(
            Q(plan__coordinator__in=coordinating)
            | Q(plan__overseer__in=coordinating)
            | Exists(parts)
            | Exists(seats)
        )


class Task(FSMModelMixin, Root):
    """A measure being carried out. Only `actions` call the transitions, under the row's lock."""

    class State(models.TextChoices):
        ASSIGNED = "assigned", pgettext_lazy("task", "assigned")
        IN_PROGRESS = "in_progress", pgettext_lazy("task", "in progress")
        SUBMITTED = "submitted", pgettext_lazy("task", "under approval")
        REVIEWED = "reviewed", pgettext_lazy("task", "reviewed")
        CLOSED = "closed", pgettext_lazy("task", "closed")
        CANCELLED = "cancelled", pgettext_lazy("task", "cancelled")

    class Outcome(models.TextChoices):
        VERIFIED = "verified", pgettext_lazy("outcome", "verified")
        NOT_ACHIEVED = "not_achieved", pgettext_lazy("outcome", "not achieved")
        SUPERSEDED = "superseded", pgettext_lazy("outcome", "superseded")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="tasks")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="tasks")
    measure = models.ForeignKey(Measure, on_delete=models.PROTECT, related_name="tasks")
    made_for = models.ForeignKey(Unit, on_delete=models.PROTECT, null=True, related_name="+")
    """The member of a group that this task was made for, where each member has its own."""
    occurrence = models.PositiveIntegerField(default=1)
    title = models.CharField(_("title"), max_length=300)
    due_date = models.DateField(null=True, blank=True)
    priority = models.CharField(max_length=6, choices=Priority, default=Priority.NORMAL)
    measure_revision = models.PositiveIntegerField(default=1)
    """The revision of the measure's text that is being carried out."""
    state = FSMField(choices=State, default=State.ASSIGNED, protected=True)
    outcome = models.CharField(max_length=20, choices=Outcome, blank=True, default="")
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = TaskQuerySet.as_manager()

    class Meta:
        verbose_name = _("task")
        ordering = ["measure__position", "made_for__pinyin", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    state__in=[
                        "assigned",
                        "in_progress",
                        "submitted",
                        "reviewed",
                        "closed",
                        "cancelled",
                    ]
                ),
                name="task_state_known",
            ),
            models.CheckConstraint(
                condition=Q(priority__in=["high", "normal", "low"]), name="task_priority_known"
            ),
            models.CheckConstraint(
                condition=(Q(state="closed") & ~Q(outcome="") & Q(closed_at__isnull=False))
                | (~Q(state="closed") & Q(outcome="", closed_at=None)),
                name="task_outcome_when_closed",
            ),
            models.UniqueConstraint(
                fields=["measure", "made_for", "occurrence"],
                nulls_distinct=False,
                name="task_one_per_measure_unit_occurrence",
            ),
        ]
        indexes = [
            models.Index(fields=["organisation", "state", "due_date"], name="task_by_state_due"),
        ]

    def __str__(self) -> str:
        return self.title

    @transition(field=state, source="assigned", target="in_progress")
    def accept(self) -> None:
        """签收: the lead unit takes the task on."""

    @transition(field=state, source="assigned", target="assigned")
    def decline(self) -> None:
        """The lead unit says, with a reason, that the task isn't theirs."""

    @transition(field=state, source="in_progress", target="submitted")
    def submit(self) -> None:
        """A report goes into approval."""

    @transition(field=state, source="submitted", target="in_progress")
    def withdraw(self) -> None:
        """撤回: the submitter takes it back before anybody decided."""

    @transition(field=state, source="submitted", target="in_progress")
    def send_back(self) -> None:
        """退回: the approval was returned to the submitter."""

    @transition(field=state, source="submitted", target="reviewed")
    def pass_review(self) -> None:
        """The route is through."""

    @transition(field=state, source="reviewed", target="closed")
    def close(self) -> None:
        """办结: the coordinator ends the task with an outcome."""

    @transition(field=state, source=["reviewed", "closed"], target="in_progress")
    def reopen(self) -> None:
        """A new round; nothing of the old one is erased."""

    @transition(field=state, source=["assigned", "in_progress"], target="assigned")
    def reassign(self) -> None:
        """The coordinator gives the task to other units."""

    @transition(
        field=state,
        source=["assigned", "in_progress", "submitted", "reviewed"],
        target="cancelled",
    )
    def cancel(self) -> None:
        """The coordinator ends the task without a result, with a reason."""


class Assignment(models.Model):
    """A unit's part in a task, from when to when, and its receipt."""

    class Role(models.TextChoices):
        LEAD = "lead", pgettext_lazy("assignment", "lead")
        COOPERATING = "cooperating", pgettext_lazy("assignment", "cooperating")
        ASSESSOR = "assessor", pgettext_lazy("assignment", "assessor")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="assignments")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="assignments")
    role = models.CharField(max_length=12, choices=Role)
    handler = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    deputy = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    assigned_at = models.DateTimeField()
    received_at = models.DateTimeField(null=True, blank=True)
    received_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    declined_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("assignment")
        ordering = ["-role", "unit__pinyin"]
        constraints = [
            models.UniqueConstraint(
                fields=["task"], condition=Q(role="lead", ended_at=None), name="task_one_lead"
            ),
            models.UniqueConstraint(
                fields=["task", "unit"], condition=Q(ended_at=None), name="task_unit_one_part"
            ),
            models.CheckConstraint(
                condition=Q(role__in=["lead", "cooperating", "assessor"]),
                name="assignment_role_known",
            ),
        ]
        indexes = [
            models.Index(
                fields=["unit", "task"], condition=Q(ended_at=None), name="assignment_by_unit"
            ),
            models.Index(
                fields=["unit", "task"],
                condition=Q(ended_at=None, received_at=None),
                name="assignment_not_received",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task_id} {self.role} {self.unit_id}"
