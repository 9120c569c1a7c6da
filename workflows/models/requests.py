"""What is asked for a task besides its completion."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from audit.ids import uuid7
from directory.models import Organisation, Person
from workflows.models.tasks import Task


class TaskRequest(models.Model):
    """延期、重启: what somebody asks for a task, frozen as it was put forward for approval.

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
