"""Personal signatures: the statement that waits for one, and what a passkey answered."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from approvals.models.seats import SignOff, WorkItem
from audit.ids import uuid7
from directory.models import Organisation, Passkey, Person


class PreparedSignature(models.Model):
    """A statement whole to the byte, for one person at one work item; signed once, soon, or never.

    Nothing of it is decided. There is one for each person and item: preparing again replaces it,
    and it goes when it is used. `comment` stays for whoever comes back to the page, for a day.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    work_item = models.ForeignKey(WorkItem, on_delete=models.PROTECT, related_name="+")
    statement = models.BinaryField()
    salt = models.BinaryField(max_length=32, null=True)
    """Of the comment's commitment in the statement; null where there is no comment."""
    comment = models.TextField(blank=True, default="")
    expires_at = models.DateTimeField()

    class Meta:
        verbose_name = _("prepared signature")
        constraints = [
            models.UniqueConstraint(
                fields=["person", "work_item"], name="prepared_signature_one_per_item"
            ),
            models.CheckConstraint(
                condition=Q(comment="", salt=None) | (~Q(comment="") & Q(salt__isnull=False)),
                name="prepared_signature_salts_comment",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.work_item_id} until {self.expires_at}"


class Assertion(models.Model):
    """What the signer's authenticator answered; its challenge is the SHA-256 of the statement.

    With the passkey's public key from its enrolment anybody can check the sign-off, without us.
    """

    insert_only = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    sign_off = models.OneToOneField(SignOff, on_delete=models.PROTECT, related_name="assertion")
    passkey = models.ForeignKey(Passkey, on_delete=models.PROTECT, related_name="+")
    authenticator_data = models.BinaryField()
    client_data = models.BinaryField()
    signature = models.BinaryField()

    class Meta:
        verbose_name = _("assertion")

    def __str__(self) -> str:
        return f"{self.sign_off_id} signed"
