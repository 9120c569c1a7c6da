"""Plans, from the imported document to the measures that tasks are made of."""

from collections.abc import Sequence
from typing import Self
from uuid import UUID, uuid5

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from viewflow.workflow.models import Process

from approvals.models import WorkItem
from audit.ids import uuid7
from audit.models import Root
from directory.models import Organisation, Person, Post, ScopedQuerySet, Unit
from directory.queries import Holding, holdings
from workflows.models.files import StoredFile


class Priority(models.TextChoices):
    """How urgent a task is; conditions of stages ask for it."""

    HIGH = "high", pgettext_lazy("priority", "high")
    NORMAL = "normal", pgettext_lazy("priority", "normal")
    LOW = "low", pgettext_lazy("priority", "low")


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
            approval__subject_kind__in=("plan_countersign", "plan_issue"),
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
    chosen = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    """Whom its submitter asks to sign for the issuing, each as `approvals.choosing` writes it."""
    countersigners = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    """Whom its submitter asks to countersign, where the route for that lets choose."""
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
    amends = models.ForeignKey(Plan, on_delete=models.PROTECT, null=True, related_name="+")
    """The plan in force that the document amends; it becomes a draft amendment then."""
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
    priority = models.CharField(max_length=6, choices=Priority, default=Priority.NORMAL)
    parties = models.JSONField(default=list)
    """What issuing will make of it: a list of tasks, each with a lead and cooperating unit ids."""
    revision = models.PositiveIntegerField(default=1)
    """Grows with every amendment of an issued measure."""
    added_by = models.ForeignKey(
        "workflows.Amendment", on_delete=models.PROTECT, null=True, related_name="+"
    )
    ended_by = models.ForeignKey(
        "workflows.Amendment", on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        verbose_name = _("measure")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "position"], name="measure_one_per_position"),
            models.CheckConstraint(
                condition=Q(span_end__gte=models.F("span_start")), name="measure_span_ordered"
            ),
            models.CheckConstraint(
                condition=Q(priority__in=["high", "normal", "low"]), name="measure_priority_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.heading}"
