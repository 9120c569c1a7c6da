"""The ledger's tables. Nothing here points at another room: subjects and actors are text."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Self, TypeVar
from uuid import UUID

from django.db import connection, models
from django.db.models.expressions import Func
from django.db.models.functions import Substr

from audit.ids import uuid7
from audit.search import models as search  # noqa: F401 - its tables are this room's, too

NO_HASH = bytes(32)


class TransactionId(models.Field):  # type: ignore[type-arg]
    """PostgreSQL's `xid8`: the 64-bit id of a transaction, which never wraps around."""

    def db_type(self, connection: object) -> str:
        return "xid8"


class CurrentTransactionId(Func):
    function = "pg_current_xact_id"
    output_field = TransactionId()
    arity = 0


class Root(models.Model):
    """A row that owns a chain of ledger entries; actions lock it before they touch anything of its.

    `chain_head` is the hash of the newest entry (32 bytes), `chain_length` the number of entries.
    """

    chain_head = models.BinaryField(max_length=32, default=NO_HASH)
    chain_length = models.PositiveBigIntegerField(default=0)

    class Meta:
        abstract = True

    @property
    def subject(self) -> str:
        """How the ledger names this root: `task:0198…`."""
        return f"{self._meta.model_name}:{self.pk}"

    @classmethod
    def locked(cls, pk: UUID) -> Self:
        """The row, locked alone until the transaction ends; waits for it. Raises DoesNotExist.

        In plain SQL: the ORM takes longer to write this statement than the database to run it.
        """
        names, columns = plain_columns(cls)
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {', '.join(columns)} FROM {cls._meta.db_table}"  # noqa: S608 - from the model
                " WHERE id = %s FOR NO KEY UPDATE",
                [pk],
            )
            row = cursor.fetchone()
        if row is None:
            raise cls.DoesNotExist
        return cls.from_db(connection.alias, names, row)


@lru_cache
def plain_columns(model: type[models.Model]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Field and column names of a model that can be read in plain SQL: no value needs converting.

    Raises TypeError for any other.
    """
    fields = model._meta.concrete_fields
    if any(hasattr(field, "from_db_value") for field in fields):
        raise TypeError(f"{model.__name__} has a field whose value the database's is not")
    return tuple(field.attname for field in fields), tuple(str(field.column) for field in fields)


Made = TypeVar("Made", bound=models.Model)


def made(model: type[Made], **values: Any) -> Made:
    """`model(**values)` by the names of the columns, in a fourth of the time.

    Django tries each foreign key's keyword under two names and asks field after field for its
    default; a decision makes half a dozen rows. Raises TypeError for a name that is no column's.
    """
    names, constants, makers = _blank(model)
    given = {**constants, **values}
    for name, maker in makers:
        if name not in given:
            given[name] = maker()
    if len(given) > len(names):
        raise TypeError(f"{model.__name__} has no {', '.join(given.keys() - {*names})}")
    return model(*[given[name] for name in names])


@lru_cache
def _blank(
    model: type[models.Model],
) -> tuple[Sequence[str], Mapping[str, Any], Sequence[tuple[str, Callable[[], Any]]]]:
    """The attributes of a model's fields, and what they get if nobody says: always, or anew."""
    fields = model._meta.concrete_fields
    makers = [(field.attname, field.get_default) for field in fields if callable(field.default)]
    constants = {one.attname: one.get_default() for one in fields if not callable(one.default)}
    return [field.attname for field in fields], constants, makers


class Entry(models.Model):
    """One fact, in its canonical bytes. Insert-only: triggers and rights refuse all else."""

    insert_only = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.UUIDField()
    subject = models.CharField(max_length=80)
    subject_seq = models.PositiveBigIntegerField()
    action = models.UUIDField()
    kind = models.CharField(max_length=60)
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()
    xid = TransactionId(db_default=CurrentTransactionId(), editable=False)
    body = models.BinaryField()
    prev_hash = models.BinaryField(max_length=32)
    entry_hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "subject", "subject_seq"], name="entry_one_per_seq"
            ),
        ]
        indexes = [
            models.Index(fields=["organisation", "at"], name="entry_by_time"),
            models.Index(fields=["organisation", "actor", "at"], name="entry_by_actor"),
            models.Index(fields=["organisation", "action"], name="entry_by_action"),
            models.Index(fields=["xid"], name="entry_by_transaction"),
            models.Index(Substr("entry_hash", 1, 4), name="entry_by_short_code"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} #{self.subject_seq} {self.kind}"


class Opening(models.Model):
    """What a salted commitment in a body stands for; only the worker may erase it."""

    insert_only = True
    worker_deletes = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.UUIDField()
    commitment = models.BinaryField(max_length=32)
    salt = models.BinaryField(max_length=32)
    content = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "commitment"], name="opening_one_per_commitment"
            ),
        ]

    def __str__(self) -> str:
        return bytes(self.commitment).hex()


class Erasure(models.Model):
    """Somebody asked for a text to be erased; it is done when the opening is gone.

    `commitment` is the text's, `reason` that of the reason; `subject` whose chain tells of it.
    """

    insert_only = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.UUIDField()
    subject = models.CharField(max_length=80)
    commitment = models.BinaryField(max_length=32)
    reason = models.BinaryField(max_length=32)
    requested_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["organisation", "commitment"], name="erasure_by_text")]

    def __str__(self) -> str:
        return bytes(self.commitment).hex()


class Leaf(models.Model):
    """The entry's gap-free place in its organisation's log, given by the sequencer."""

    insert_only = True
    worker_inserts = True

    entry = models.OneToOneField(
        Entry, on_delete=models.PROTECT, primary_key=True, related_name="leaf"
    )
    organisation = models.UUIDField()
    leaf_index = models.PositiveBigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "leaf_index"], name="leaf_one_per_index"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation} {self.leaf_index}"


class LogHead(models.Model):
    """How many leaves an organisation's log has: followers read up to here."""

    worker_only = True

    organisation = models.UUIDField(primary_key=True)
    size = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.organisation} {self.size}"


class Tile(models.Model):
    """A full strip of 256 hashes of the log's tree (`audit.tiles`), once it can't change any more.

    What isn't full follows from the leaves and from the roots of the tiles below.
    """

    insert_only = True
    worker_inserts = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.UUIDField()
    level = models.PositiveSmallIntegerField()
    tile_index = models.PositiveBigIntegerField()
    hashes = models.BinaryField(max_length=8192)
    root = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "level", "tile_index"], name="tile_one_per_place"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation} {self.level}/{self.tile_index}"


class Origin(models.Model):
    """A name under which an organisation's log is signed; the newest one is in use.

    A new one is opened where the log can't go on from its last checkpoint, as after a backup was
    restored: the ledger then says why, and holds the checkpoint that was left behind.
    """

    insert_only = True
    worker_inserts = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.UUIDField()
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=200, unique=True)
    vkey = models.CharField(max_length=300)
    opened_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "number"], name="origin_numbered"),
        ]

    def __str__(self) -> str:
        return self.name


class Checkpoint(models.Model):
    """The signed root of an origin's tree at one size: `note` is what is handed out."""

    insert_only = True
    worker_inserts = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.UUIDField()
    origin = models.ForeignKey(Origin, on_delete=models.PROTECT, related_name="checkpoints")
    size = models.PositiveBigIntegerField()
    root_hash = models.BinaryField(max_length=32)
    note = models.TextField()
    at = models.DateTimeField()

    lines: list[str] | None = None
    """The witnesses' lines by their names, where they were read with the row."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["origin", "size"], name="checkpoint_one_per_size"),
        ]
        indexes = [models.Index(fields=["organisation", "-at"], name="checkpoint_latest")]

    def __str__(self) -> str:
        return f"{self.origin_id} {self.size}"

    @property
    def cosigned(self) -> str:
        """The note with every witness's line; a query, unless the lines came with the row."""
        lines: Iterable[str] | None = self.lines
        if lines is None:
            lines = self.cosignatures.order_by("witness").values_list("line", flat=True)
        return self.note + "".join(lines)


class Cosignature(models.Model):
    """A witness's signature line under a checkpoint, and when it says that it saw it."""

    insert_only = True
    worker_inserts = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.UUIDField()
    checkpoint = models.ForeignKey(
        Checkpoint, on_delete=models.PROTECT, related_name="cosignatures"
    )
    witness = models.CharField(max_length=200)
    line = models.CharField(max_length=400)
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["checkpoint", "witness"], name="cosignature_one_per_witness"
            ),
        ]
        indexes = [
            models.Index(fields=["organisation", "-seen_at"], name="cosignature_latest"),
            models.Index(
                fields=["organisation", "witness", "-seen_at"], name="cosignature_by_witness"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.witness} {self.seen_at:%F %T}"


class Verification(models.Model):
    """What one run of the verifier found."""

    insert_only = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.UUIDField()
    at = models.DateTimeField()
    entries = models.PositiveBigIntegerField()
    first_bad = models.JSONField(null=True)
    """The first thing that is wrong, as `audit.verification.Finding` has it; null: all is well."""

    class Meta:
        indexes = [models.Index(fields=["organisation", "-at"], name="verification_latest")]

    def __str__(self) -> str:
        return f"{self.organisation} {self.at:%F} {'whole' if self.first_bad is None else 'broken'}"


class Turnstile(models.Model):
    """How often somebody without an account asked for something since `began_at`.

    Belongs to no organisation; `key` is a keyed hash of the address and of what was asked.
    """

    key = models.CharField(primary_key=True, max_length=64)
    began_at = models.DateTimeField()
    passed = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.key[:8]} {self.passed}"
