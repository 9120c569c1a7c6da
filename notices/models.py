"""Who was told what. Notices follow the ledger: a cursor says how far."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.ids import uuid7
from directory.models import Organisation, Person, ScopedQuerySet


class Cursor(models.Model):
    """How far a follower has read an organisation's log: the next leaf index it wants."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    follower = models.CharField(max_length=40)
    next_index = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "follower"], name="cursor_one_per_follower"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.follower} {self.next_index}"


class Notice(models.Model):
    """One thing one person is told, made from one ledger entry."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="notices")
    kind = models.CharField(max_length=60)
    subject = models.CharField(max_length=80)
    facts = models.JSONField(default=dict)
    leaf_index = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("notice")
        ordering = ["-at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "leaf_index", "person"], name="notice_once_per_entry"
            ),
        ]
        indexes = [
            models.Index(
                fields=["person", "-at"], condition=models.Q(read_at=None), name="notice_unread"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.kind}"
