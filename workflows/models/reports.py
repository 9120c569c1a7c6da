"""What is written and handed in on a task."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from audit.ids import uuid7
from directory.models import Organisation, Person, ScopedQuerySet, Unit
from workflows.models.files import StoredFile
from workflows.models.tasks import Task


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
    without_units_reason = models.TextField(blank=True, default="")
    """Why it is sent although a cooperating unit has sent no part."""
    chosen = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    """Whom the submitter asks to sign, each as `approvals.choosing` writes it."""
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
