"""An approval, its rounds, and its openings of stages."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from approvals.models.routes import RouteVersion, Stage
from audit.ids import uuid7
from directory.models import Organisation, Person, ScopedQuerySet


class Approval(models.Model):
    """A route version applied to one subject, over as many rounds as it takes.

    `(subject_kind, subject_id)` is the one typed reference that points up; `root` names the row
    whose lock guards everything here and whose chain records it (`task:…`, `plan:…`).
    """

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("approval", "open")
        WITH_SUBMITTER = "with_submitter", pgettext_lazy("approval", "with the submitter")
        PASSED = "passed", pgettext_lazy("approval", "passed")
        WITHDRAWN = "withdrawn", pgettext_lazy("approval", "withdrawn")
        CANCELLED = "cancelled", pgettext_lazy("approval", "cancelled")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey(RouteVersion, on_delete=models.PROTECT, related_name="approvals")
    subject_kind = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    root = models.CharField(max_length=80)
    state = models.CharField(max_length=20, choices=State, default=State.OPEN)
    opened_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("approval")
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "subject_kind", "subject_id"],
                condition=Q(state__in=["open", "with_submitter"]),
                name="approval_one_open_per_subject",
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=["open", "with_submitter", "passed", "withdrawn", "cancelled"]
                ),
                name="approval_state_known",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["open", "with_submitter"], ended_at=None)
                | Q(state__in=["passed", "withdrawn", "cancelled"], ended_at__isnull=False),
                name="approval_ended_when_over",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organisation", "subject_kind", "subject_id"], name="approval_by_subject"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject_kind} {self.subject_id} {self.state}"


class Round(models.Model):
    """One document version under review: who wrote it may not decide on it."""

    insert_only = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    approval = models.ForeignKey(Approval, on_delete=models.PROTECT, related_name="rounds")
    number = models.PositiveIntegerField()
    document_id = models.UUIDField()
    digest = models.BinaryField(max_length=32)
    submitter = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    authors = ArrayField(models.UUIDField(), default=list)
    context = models.JSONField()
    """What the selectors resolve against, frozen: lead unit, cooperating units, named people."""
    opened_at = models.DateTimeField()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["approval", "number"], name="round_one_per_number"),
        ]

    def __str__(self) -> str:
        return f"{self.approval_id} round {self.number}"


class Opening(models.Model):
    """A stage opened in a round, with its electorate; superseded when a later one exists."""

    class Outcome(models.TextChoices):
        PASSED = "passed", pgettext_lazy("stage", "passed")
        RETURNED = "returned", pgettext_lazy("stage", "returned")
        SKIPPED = "skipped", pgettext_lazy("stage", "skipped")
        WITHDRAWN = "withdrawn", pgettext_lazy("stage", "withdrawn")
        CANCELLED = "cancelled", pgettext_lazy("stage", "cancelled")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    approval = models.ForeignKey(Approval, on_delete=models.PROTECT, related_name="openings")
    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="openings")
    stage = models.ForeignKey(Stage, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()
    opened_at = models.DateTimeField()
    due_date = models.DateField(null=True, blank=True)
    resumes_at = models.PositiveSmallIntegerField(null=True, blank=True)
    """The stage that comes after this one has passed, where it isn't the next."""
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True, default="")
    reason = models.CharField(max_length=200, blank=True, default="")
    """Why it is over, where no ballots say it."""
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["approval", "number"], name="opening_one_per_number"),
            models.UniqueConstraint(
                fields=["approval"], condition=Q(outcome=""), name="opening_one_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(outcome="", closed_at=None)
                | (~Q(outcome="") & Q(closed_at__isnull=False)),
                name="opening_closed_with_outcome",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.approval_id} opening {self.number}"
