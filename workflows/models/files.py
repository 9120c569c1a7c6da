"""Stored files."""

from django.db import models

from audit.ids import uuid7
from directory.models import Organisation


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
