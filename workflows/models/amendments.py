"""Amendments 补充方案, 调整通知: what a later document adds to a plan in force, changes or ends."""

from collections.abc import Sequence
from typing import Any, Self
from uuid import UUID, uuid5

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from approvals.models import WorkItem
from audit.ids import uuid7
from directory.models import Organisation, Person, Post, ScopedQuerySet
from directory.queries import Holding, holdings
from workflows.models.plans import Measure, Plan, PlanImport, Priority

AMENDMENT = "plan_amendment"
"""The kind of subject that is approved."""


class AmendmentQuerySet(ScopedQuerySet):
    def for_user(self, user: Person, held: Sequence[Holding] | None = None) -> Self:
        """Those in force; the others are seen as a plan that isn't issued yet.

        By the plan's coordinators, by whoever decides on them, by auditors. `held`: the user's
        holdings, where known.
        """
        held = holdings(user, timezone.now()) if held is None else held
        mine = super().for_user(user)
        if any(one.role == Post.Role.AUDITOR for one in held):
            return mine
        coordinating = {one.unit.id for one in held if one.role == Post.Role.COORDINATOR}
        seats = WorkItem.objects.filter(
            Q(post__in={one.post.id for one in held}) | Q(person=user),
            approval__organisation=OuterRef("organisation"),
            approval__subject_kind=AMENDMENT,
            approval__subject_id=OuterRef("pk"),
        )
        return mine.filter(
            Q(state=Amendment.State.APPLIED) | Q(plan__coordinator__in=coordinating) | Exists(seats)
        )


class Amendment(models.Model):
    """A document that amends a plan in force. It belongs to its plan, which is its root."""

    class State(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("amendment", "draft")
        SUBMITTED = "submitted", pgettext_lazy("amendment", "under approval")
        APPLIED = "applied", pgettext_lazy("amendment", "in force")
        ABANDONED = "abandoned", pgettext_lazy("amendment", "abandoned")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="amendments")
    number = models.PositiveIntegerField()
    title = models.CharField(_("title"), max_length=300)
    document_number = models.CharField(max_length=100, blank=True, default="")
    reason = models.TextField(blank=True, default="")
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    revision = models.PositiveIntegerField(default=1)
    """Grows with every change of the draft; a form that shows an older one is refused."""
    authors = ArrayField(models.UUIDField(), default=list)
    """Everyone who wrote in it: none of them may decide on it."""
    chosen = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    """Who is to sign, where the route lets choose."""
    origin = models.OneToOneField(
        PlanImport, on_delete=models.PROTECT, null=True, related_name="amendment"
    )
    """The import that it was made of, with the document."""
    created_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True, blank=True)

    objects = AmendmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("amendment")
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "number"], name="amendment_number"),
            models.UniqueConstraint(
                fields=["plan"], condition=Q(state="submitted"), name="amendment_one_under_approval"
            ),
            models.CheckConstraint(
                condition=Q(state="applied", applied_at__isnull=False)
                | Q(state__in=["draft", "submitted", "abandoned"], applied_at=None),
                name="amendment_state_known",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def document_id(self) -> UUID:
        """Names the present revision: what an approval of it is about."""
        return uuid5(self.pk, str(self.revision))

    def told(self) -> dict[str, Any]:
        """What ledger entries say of it."""
        return {
            "id": self.pk,
            "number": self.number,
            "title": self.title,
            "state": self.state,
            "revision": self.revision,
        }


class AmendmentItem(models.Model):
    """One thing that an amendment does: a measure added, changed or ended.

    Its text, deadline, priority and parties are those of the measure from then on.
    """

    class Kind(models.TextChoices):
        ADD = "add", pgettext_lazy("amendment", "adds a measure")
        CHANGE = "change", pgettext_lazy("amendment", "changes a measure")
        END = "end", pgettext_lazy("amendment", "ends a measure")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    amendment = models.ForeignKey(Amendment, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=6, choices=Kind)
    measure = models.ForeignKey(Measure, on_delete=models.PROTECT, null=True, related_name="+")
    """The measure that is changed or ended; the new one once it has been added."""
    of_revision = models.PositiveIntegerField(null=True)
    """The measure's revision that was before the writer's eyes."""
    number = models.CharField(max_length=20, blank=True, default="")
    heading = models.CharField(max_length=300, blank=True, default="")
    text = models.TextField(blank=True, default="")
    clause = models.TextField(blank=True, default="")
    due_date = models.DateField(null=True, blank=True)
    priority = models.CharField(max_length=6, choices=Priority, default=Priority.NORMAL)
    parties = models.JSONField(default=list)
    reason = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["amendment", "measure"], name="amendment_measure_once"),
            models.CheckConstraint(
                condition=Q(kind="add") | Q(kind__in=["change", "end"], measure__isnull=False),
                name="amendment_item_kind_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.number} {self.heading}"


class AmendmentVersion(models.Model):
    """The amendment as it was put forward: frozen, `id` is the amendment's `document_id`."""

    insert_only = True

    id = models.UUIDField(primary_key=True, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    amendment = models.ForeignKey(Amendment, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    content = models.BinaryField()
    """Canonical JSON (`workflows.queries.amendments.content`); `digest` is its SHA-256."""
    digest = models.BinaryField(max_length=32)
    submitter = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["amendment", "number"], name="amendment_version_number"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amendment_id} v{self.number}"


class MeasureRevision(models.Model):
    """A measure as it was until an amendment changed or ended it."""

    insert_only = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    measure = models.ForeignKey(Measure, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    amendment = models.ForeignKey(Amendment, on_delete=models.PROTECT, related_name="+")
    heading = models.CharField(max_length=300)
    text = models.TextField()
    due_date = models.DateField(null=True)
    priority = models.CharField(max_length=6)
    parties = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["measure", "number"], name="measure_revision_number"),
        ]

    def __str__(self) -> str:
        return f"{self.measure_id} r{self.number}"
