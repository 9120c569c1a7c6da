"""The tables of the search. All of them follow from the ledger and can be made anew from it."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from audit.ids import uuid7


class Searched(models.Model):
    """The words by which an entry is found.

    `text`: folded (`audit.search.grams`), a line for each text. `tags`: by what it is filtered.
    `openings`: digests of the commitments whose words are in `text`; when one of these is erased, a
    trigger takes the row away in the same transaction, and the worker makes it anew.
    """

    worker_only = True

    entry = models.OneToOneField(
        "audit.Entry", on_delete=models.PROTECT, primary_key=True, related_name="searched"
    )
    organisation = models.UUIDField()
    leaf_index = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    text = models.TextField()
    tags = ArrayField(models.TextField())
    openings = ArrayField(models.BinaryField(max_length=32))

    class Meta:
        indexes = [GinIndex(fields=["openings"], name="searched_by_opening")]

    def __str__(self) -> str:
        return f"{self.organisation} {self.leaf_index}"


class SearchBlock(models.Model):
    """A strip of the log that is searched by itself, and between which times its entries lie."""

    worker_only = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.UUIDField()
    number = models.PositiveBigIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "number"], name="search_block_once"),
        ]

    def __str__(self) -> str:
        return f"{self.organisation} {self.number}"


class SearchCursor(models.Model):
    """How far the search has read an organisation's log: the next leaf index it wants."""

    worker_only = True

    organisation = models.UUIDField(primary_key=True)
    next_index = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.organisation} {self.next_index}"


class SearchAgain(models.Model):
    """An entry whose words are to be read once more, because some of them were erased."""

    worker_only = True

    entry_id = models.UUIDField(primary_key=True)
    organisation = models.UUIDField()

    def __str__(self) -> str:
        return str(self.entry_id)


class SavedFilter(models.Model):
    """A search under a name: its owner's, or for all auditors of the organisation."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.UUIDField()
    owner = models.CharField(max_length=80)
    name = models.CharField(max_length=60)
    asked = models.JSONField()
    """What was typed and chosen, by the names of the form's fields."""
    is_shared = models.BooleanField(default=False)
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "owner", "name"], name="saved_filter_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name
