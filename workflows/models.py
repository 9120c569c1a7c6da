"""Plans and their measures; tasks, who has which part in them, and what was reported.

A plan's place in its process belongs to viewflow (`Plan.process`), a task's to its FSM field, a
submission's to the approval engine. None of them is repeated in another table.
"""

from collections.abc import Sequence
from typing import Self
from uuid import UUID, uuid5

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_fsm import FSMField, FSMModelMixin, transition
from viewflow.workflow.models import Process

from approvals.models import WorkItem
from audit.ids import uuid7
from audit.models import Root
from directory.models import Organisation, Person, Post, ScopedQuerySet, Unit
from directory.policy import WORKS
from directory.queries import Holding, holdings


class StoredFile(models.Model):
    """Bytes kept under their own SHA-256; the same bytes are stored once."""

    insert_only = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    sha256 = models.BinaryField(max_length=32)
    size = models.PositiveBigIntegerField()
    media_type = models.CharField(max_length=100)
    stored_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "sha256"], name="file_one_per_hash"),
        ]

    def __str__(self) -> str:
        return bytes(self.sha256).hex()


class PlanQuerySet(ScopedQuerySet):
    def for_user(self, user: Person, held: Sequence[Holding] | None = None) -> Self:
        """Issued plans; a draft is seen by its coordinators, by whoever decides on it, by auditors.

        Nobody else hears of a plan before it is issued. `held`: the user's holdings, where known.
        """
        held = holdings(user, timezone.now()) if held is None else held
        mine = super().for_user(user)
        if any(one.role == Post.Role.AUDITOR for one in held):
            return mine
        coordinating = {one.unit.id for one in held if one.role == Post.Role.COORDINATOR}
        seats = WorkItem.objects.filter(
            Q(post__in={one.post.id for one in held}) | Q(person=user),
            approval__organisation=OuterRef("organisation"),
            approval__subject_kind="plan_issue",
            approval__subject_id=OuterRef("pk"),
        )
        return mine.filter(
            Q(issued_at__isnull=False) | Q(coordinator__in=coordinating) | Exists(seats)
        )


class Plan(Root):
    """An implementation plan, from draft to completion."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="plans")
    number = models.CharField(_("document number"), max_length=100)
    title = models.CharField(_("title"), max_length=300)
    coordinator = models.ForeignKey(
        Unit, on_delete=models.PROTECT, related_name="coordinated_plans"
    )
    overseer = models.ForeignKey(Unit, on_delete=models.PROTECT, null=True, related_name="+")
    """The office that reviews and closes the tasks which the coordinating unit itself leads."""
    basis = models.TextField(_("basis"), blank=True, default="")
    budget_note = models.TextField(_("budget note"), blank=True, default="")
    revision = models.PositiveIntegerField(default=1)
    """Grows with every change of a draft; a form that shows an older one is refused."""
    authors = ArrayField(models.UUIDField(), default=list)
    """Everyone who wrote in the plan: none of them may decide on its being issued."""
    text = models.TextField(default="")
    """The imported document's plain text, which every measure's span points into."""
    source = models.ForeignKey(StoredFile, on_delete=models.PROTECT, null=True, related_name="+")
    source_name = models.CharField(max_length=255, blank=True, default="")
    process = models.OneToOneField(Process, on_delete=models.PROTECT, null=True, related_name="+")
    created_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    issued_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)

    objects = PlanQuerySet.as_manager()

    class Meta:
        verbose_name = _("plan")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "number"],
                condition=Q(cancelled_at=None) & ~Q(number=""),
                name="plan_one_per_number",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def document_id(self) -> UUID:
        """Names the present revision: what an approval of its issuing is about."""
        return uuid5(self.pk, str(self.revision))


class PlanVersion(models.Model):
    """The plan as it was put forward for approval: frozen, `id` is the plan's `document_id`."""

    insert_only = True

    id = models.UUIDField(primary_key=True, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    content = models.BinaryField()
    """Canonical JSON (`workflows.queries.plans.content`); `digest` is its SHA-256."""
    digest = models.BinaryField(max_length=32)
    submitter = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "number"], name="plan_version_number"),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id} v{self.number}"


class Addressee(models.Model):
    """A unit that the plan is sent to, and its receipt 签收."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="addressees")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    received_at = models.DateTimeField(null=True, blank=True)
    received_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["plan", "unit"], name="addressee_once"),
        ]
        indexes = [
            models.Index(
                fields=["unit"], condition=Q(received_at=None), name="addressee_not_received"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id} {self.unit_id}"


class ImportQuerySet(ScopedQuerySet):
    def for_user(self, user: Person, held: Sequence[Holding] | None = None) -> Self:
        """The imports of the units that the user coordinates: nobody else sees a draft's draft.

        `held`: the user's holdings, where known.
        """
        held = holdings(user, timezone.now()) if held is None else held
        units = {str(one.unit.id) for one in held if one.role == Post.Role.COORDINATOR}
        return super().for_user(user).filter(answers__document__coordinator__in=units)


class PlanImport(models.Model):
    """A document on the review screen: the importer's proposal and the answers so far."""

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("import", "being checked")
        CONFIRMED = "confirmed", pgettext_lazy("import", "confirmed")
        DISCARDED = "discarded", pgettext_lazy("import", "discarded")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    source = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    source_name = models.CharField(max_length=255)
    proposal = models.JSONField()
    answers = models.JSONField(default=dict)
    revision = models.PositiveIntegerField(default=1)
    """Grows with every saved answer; a form that shows an older one is refused."""
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    plan = models.OneToOneField(Plan, on_delete=models.PROTECT, null=True, related_name="origin")
    created_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    objects = ImportQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["organisation", "state"], name="import_by_state")]

    def __str__(self) -> str:
        return self.source_name


class Measure(models.Model):
    """A numbered item of a plan, with the place in the text that it comes from."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="measures")
    position = models.PositiveIntegerField()
    number = models.CharField(max_length=20)
    path = ArrayField(models.CharField(max_length=60), default=list)
    heading = models.CharField(max_length=300)
    text = models.TextField()
    clause = models.TextField(blank=True, default="")
    span_start = models.PositiveIntegerField()
    span_end = models.PositiveIntegerField()
    due_date = models.DateField(null=True, blank=True)
    parties = models.JSONField(default=list)
    """What issuing will make of it: a list of tasks, each with a lead and cooperating unit ids."""

    class Meta:
        verbose_name = _("measure")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "position"], name="measure_one_per_position"),
            models.CheckConstraint(
                condition=Q(span_end__gte=models.F("span_start")), name="measure_span_ordered"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.heading}"


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
            approval__subject_kind__in=("task_completion", *TaskRequest.Kind.values),
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


class Draft(models.Model):
    """What a unit is writing: the lead its report, a cooperating unit its contribution."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="drafts")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(blank=True, default="")
    percent = models.PositiveSmallIntegerField(default=0)
    answer = models.TextField(blank=True, default="")
    """What the submitter answers to the last return."""
    authors = ArrayField(models.UUIDField(), default=list)
    """Everyone who wrote in it or put a file with it: none of them may decide on what is sent."""
    revision = models.PositiveIntegerField(default=1)
    """Grows with every change; whoever edits an older one is told instead of overwriting it."""
    updated_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["task", "unit"], name="draft_one_per_unit"),
            models.CheckConstraint(condition=Q(percent__lte=100), name="draft_percent"),
        ]

    def __str__(self) -> str:
        return f"{self.task_id} {self.unit_id}"


class DraftFile(models.Model):
    """A file put with a draft; becomes evidence when the draft is sent."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="files")
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=255)
    uploaded_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField()

    class Meta:
        ordering = ["uploaded_at"]
        constraints = [
            models.UniqueConstraint(fields=["draft", "file", "name"], name="draft_file_once"),
        ]

    def __str__(self) -> str:
        return self.name


class Contribution(models.Model):
    """What a cooperating unit sent for the report: a frozen version of its part.

    `text` is a commitment whose opening holds the words.
    """

    insert_only = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="contributions")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    version = models.PositiveIntegerField()
    text = models.BinaryField(max_length=32)
    author = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    authors = ArrayField(models.UUIDField())
    """The sender and everyone who wrote in the draft."""
    at = models.DateTimeField()

    class Meta:
        ordering = ["version"]
        constraints = [
            models.UniqueConstraint(
                fields=["task", "unit", "version"], name="contribution_version"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task_id} {self.unit_id} v{self.version}"


class Submission(models.Model):
    """办理情况报告: one frozen version of a completion report."""

    insert_only = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="submissions")
    version = models.PositiveIntegerField()
    text = models.BinaryField(max_length=32)
    percent = models.PositiveSmallIntegerField()
    answer = models.BinaryField(max_length=32, null=True)
    without_units_reason = models.BinaryField(max_length=32, null=True)
    """Why it was sent although a cooperating unit had not contributed."""
    contributions = models.ManyToManyField(Contribution, through="IncludedContribution")
    submitter = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    authors = ArrayField(models.UUIDField())
    digest = models.BinaryField(max_length=32)
    at = models.DateTimeField()

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("completion report")
        ordering = ["version"]
        constraints = [
            models.UniqueConstraint(fields=["task", "version"], name="submission_version"),
            models.CheckConstraint(condition=Q(percent__lte=100), name="submission_percent"),
        ]

    def __str__(self) -> str:
        return f"{self.task_id} v{self.version}"


class IncludedContribution(models.Model):
    insert_only = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="included")
    contribution = models.ForeignKey(Contribution, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["submission", "contribution"], name="included_once"),
        ]

    def __str__(self) -> str:
        return f"{self.submission_id} {self.contribution_id}"


class TaskRequest(models.Model):
    """延期、重新办理: what somebody asks for a task, frozen as it was put forward for approval.

    `reason` is a commitment whose opening holds the words. Where the request is, its approval says.
    """

    class Kind(models.TextChoices):
        """As the approval engine calls them."""

        EXTENSION = "task_extension", pgettext_lazy("request", "extension")
        REOPENING = "task_reopening", pgettext_lazy("request", "reopening")

    insert_only = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="requests")
    kind = models.CharField(max_length=20, choices=Kind)
    number = models.PositiveIntegerField()
    """Counts the task's requests of its kind, those that were put forward again among them."""
    previous_due_date = models.DateField(null=True)
    due_date = models.DateField(null=True)
    """The deadline that is asked for instead of the previous one."""
    reason = models.BinaryField(max_length=32)
    asked_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    digest = models.BinaryField(max_length=32)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("request")
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["task", "kind", "number"], name="request_number"),
            models.CheckConstraint(
                condition=Q(
                    kind="task_extension",
                    previous_due_date__isnull=False,
                    due_date__isnull=False,
                    due_date__gt=models.F("previous_due_date"),
                )
                | Q(kind="task_reopening", due_date=None, previous_due_date=None),
                name="request_complete",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task_id} {self.kind} {self.number}"


class Evidence(models.Model):
    """佐证材料: a file that a submission or a contribution stands on. `name` is a commitment."""

    insert_only = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    submission = models.ForeignKey(
        Submission, on_delete=models.PROTECT, null=True, related_name="evidence"
    )
    contribution = models.ForeignKey(
        Contribution, on_delete=models.PROTECT, null=True, related_name="evidence"
    )
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    name = models.BinaryField(max_length=32)
    uploaded_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField()

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("evidence")
        ordering = ["uploaded_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(submission__isnull=False, contribution=None)
                | Q(submission=None, contribution__isnull=False),
                name="evidence_of_one_document",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
