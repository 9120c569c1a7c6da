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
    """One thing one person is told, because of a ledger entry or of a deadline.

    `cause` makes it come once: `leaf:17`, or `overdue:2026-11-30`. `mail_at` is when the mail is to
    be tried next; none: there is nothing to send, or nothing more.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="notices")
    kind = models.CharField(max_length=60)
    subject = models.CharField(max_length=80)
    cause = models.CharField(max_length=40)
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)
    mail_at = models.DateTimeField(null=True, blank=True)
    mail_tries = models.PositiveSmallIntegerField(default=0)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("notice")
        ordering = ["-at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "person", "subject", "cause"], name="notice_once_per_cause"
            ),
        ]
        indexes = [
            models.Index(
                fields=["person", "-at"], condition=models.Q(read_at=None), name="notice_unread"
            ),
            models.Index(
                fields=["mail_at"],
                condition=models.Q(mail_at__isnull=False),
                name="notice_mail_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.kind}"


class DailyChoice(models.Model):
    """Whether somebody wants the daily mail; without a row, auditors do and nobody else."""

    person = models.OneToOneField(
        Person, on_delete=models.PROTECT, primary_key=True, related_name="+"
    )
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    wants = models.BooleanField()
    chosen_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.person_id} {'wants it' if self.wants else 'declines it'}"


class DailyMail(models.Model):
    """One person's mail of one day: `mail_at` is when to try next, `size` what it told of."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    size = models.PositiveBigIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    mail_at = models.DateTimeField(null=True, blank=True)
    mail_tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "person", "day"], name="daily_mail_once_a_day"
            ),
        ]
        indexes = [
            models.Index(
                fields=["mail_at"],
                condition=models.Q(mail_at__isnull=False),
                name="daily_mail_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.day}"
