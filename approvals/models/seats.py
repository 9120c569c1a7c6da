"""Who is asked, what they decide, and what becomes of it."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from approvals.models.approvals import Approval, Opening
from audit.ids import uuid7
from directory.models import Organisation, Person, Post, ScopedQuerySet


class WorkItemQuerySet(ScopedQuerySet):
    def seats(self) -> Self:
        """The turns that count: those with a vote that nobody has replaced."""
        return self.exclude(state="superseded").exclude(origin="consulted")


class WorkItem(models.Model):
    """One seat's turn to decide: on a post, or on a person who was named.

    A seat is a position of an opening. Whoever hands it on, or revokes a decision, gives it another
    turn: the item is superseded, and `succeeds` links its successor to it. An item that was
    consulted is no seat: it has a say, and no vote.
    """

    class Origin(models.TextChoices):
        CONFIGURED = "configured", pgettext_lazy("seat", "asked by the route")
        CHOSEN = "chosen", pgettext_lazy("seat", "chosen by the submitter")
        FALLBACK = "fallback", pgettext_lazy("seat", "asked instead")
        ADDED = "added", pgettext_lazy("seat", "added by a signer")
        ESCALATED = "escalated", pgettext_lazy("seat", "asked because it is overdue")
        CONSULTED = "consulted", pgettext_lazy("seat", "asked for an opinion")

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("work item", "not yet their turn")
        OPEN = "open", pgettext_lazy("work item", "open")
        DECIDED = "decided", pgettext_lazy("work item", "decided")
        NOT_NEEDED = "not_needed", pgettext_lazy("work item", "not needed")
        SUPERSEDED = "superseded", pgettext_lazy("work item", "replaced")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # Nobody looks for items by these alone, and every decision would write to their indexes.
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    approval = models.ForeignKey(Approval, on_delete=models.PROTECT, related_name="work_items")
    opening = models.ForeignKey(Opening, on_delete=models.PROTECT, related_name="work_items")
    post = models.ForeignKey(Post, on_delete=models.PROTECT, null=True, related_name="work_items")
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, related_name="work_items", db_index=False
    )
    position = models.PositiveSmallIntegerField()
    weight = models.PositiveIntegerField(default=1)
    origin = models.CharField(max_length=20, choices=Origin, default=Origin.CONFIGURED)
    state = models.CharField(max_length=10, choices=State)
    waits_for = models.PositiveSmallIntegerField(null=True, blank=True)
    """The position whose decision gives this seat its turn."""
    succeeds = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="successor"
    )
    carried_from = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="carried_to", db_index=False
    )
    """The item of an earlier stage whose approval the same person gave, and counts here too."""
    asked_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    """Who added, consulted or handed on to this one; nobody where the route asks."""
    note = models.BinaryField(max_length=32, null=True)
    """Commitment to why, or to what was asked."""
    opinion = models.BinaryField(max_length=32, null=True)
    """Commitment to what somebody who was consulted said."""
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = WorkItemQuerySet.as_manager()

    class Meta:
        verbose_name = _("work item")
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["opening", "position"],
                condition=~Q(state="superseded"),
                name="seat_one_per_position",
            ),
            models.UniqueConstraint(
                fields=["opening", "post"],
                condition=Q(post__isnull=False) & ~Q(state="superseded") & ~Q(origin="consulted"),
                name="seat_one_per_post",
            ),
            models.CheckConstraint(
                condition=Q(post__isnull=False, person=None) | Q(post=None, person__isnull=False),
                name="seat_post_or_person",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "open"], closed_at=None)
                | Q(state__in=["decided", "not_needed", "superseded"], closed_at__isnull=False),
                name="work_item_closed_when_over",
            ),
        ]
        indexes = [
            models.Index(
                fields=["post", "opened_at", "id"], condition=Q(state="open"), name="inbox_by_post"
            ),
            models.Index(
                fields=["person", "opened_at", "id"],
                condition=Q(state="open", person__isnull=False),
                name="inbox_by_person",
            ),
            models.Index(
                fields=["person"], condition=Q(person__isnull=False), name="work_item_by_person"
            ),
            models.Index(
                fields=["asked_by"], condition=Q(asked_by__isnull=False), name="work_item_by_asker"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.opening_id} seat {self.position} {self.state}"

    @property
    def is_seat(self) -> bool:
        """Whether the turn counts: it has a vote, and nobody has replaced it."""
        return self.state != self.State.SUPERSEDED and self.origin != self.Origin.CONSULTED

    @property
    def is_given(self) -> bool:
        """Whether an intervention gave it to the person: who hands a turn on says why."""
        return bool(self.succeeds_id and self.asked_by_id) and self.note is None


class SignOffQuerySet(ScopedQuerySet):
    def personal(self) -> Self:
        """Those that the signer's own key signed; of all others only this server can tell."""
        return self.filter(evidence="passkey")


class SignOff(models.Model):
    """The recorded decision. Insert-only: what follows it adds rows, none changes this one.

    `statement` holds the canonical JSON that was signed; names and comment stand in it as
    commitments whose openings may be erased.
    """

    insert_only = True

    class Decision(models.TextChoices):
        APPROVE = "approve", pgettext_lazy("decision", "approve")
        RETURN = "return", pgettext_lazy("decision", "return")
        ABSTAIN = "abstain", pgettext_lazy("decision", "abstain")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # The indexes of these begin those below, or leave out the many rows that have no value.
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    approval = models.ForeignKey(Approval, on_delete=models.PROTECT, related_name="sign_offs")
    work_item = models.OneToOneField(WorkItem, on_delete=models.PROTECT, related_name="sign_off")
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="sign_offs", db_index=False
    )
    acting_for = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    capacity = models.CharField(max_length=200)
    decision = models.CharField(max_length=10, choices=Decision)
    target = models.PositiveSmallIntegerField(null=True, blank=True)
    """For a return: 0 is the submitter, else the position of a stage."""
    evidence = models.CharField(max_length=10, default="session")
    seen_digest = models.BinaryField(max_length=32)
    statement = models.BinaryField()
    comment = models.BinaryField(max_length=32, null=True)
    """Commitment whose opening is the comment."""
    idempotency_key = models.UUIDField()
    request_digest = models.BinaryField(max_length=32)
    at = models.DateTimeField()

    objects = SignOffQuerySet.as_manager()

    class Meta:
        verbose_name = _("sign-off")
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "person", "idempotency_key"], name="sign_off_once_per_key"
            ),
            models.CheckConstraint(
                condition=Q(decision="return", target__isnull=False)
                | Q(decision__in=["approve", "abstain"], target=None),
                name="sign_off_return_names_target",
            ),
            models.CheckConstraint(
                condition=Q(evidence__in=["session", "password", "passkey"]),
                name="sign_off_evidence_known",
            ),
        ]
        indexes = [
            models.Index(fields=["person", "-at"], name="sign_off_by_person"),
            models.Index(
                fields=["acting_for"],
                condition=Q(acting_for__isnull=False),
                name="sign_off_by_principal",
            ),
            models.Index(fields=["organisation", "at"], name="sign_off_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.work_item_id} {self.decision}"


class Revocation(models.Model):
    """A decision taken back by whoever took it, before anything followed. The sign-off stays."""

    insert_only = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    sign_off = models.OneToOneField(SignOff, on_delete=models.PROTECT, related_name="revocation")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    reason = models.BinaryField(max_length=32)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("revocation")

    def __str__(self) -> str:
        return f"{self.sign_off_id} revoked"


class Intervention(models.Model):
    """Moving a stuck approval: one administrator proposes it, another confirms it.

    It decides nothing: a seat is given to somebody who can, or the subject goes back.
    """

    class Kind(models.TextChoices):
        RESEAT = "reseat", pgettext_lazy("intervention", "give a seat to somebody else")
        SEND_BACK = "send_back", pgettext_lazy("intervention", "send it back to begin anew")

    class State(models.TextChoices):
        PROPOSED = "proposed", pgettext_lazy("intervention", "proposed")
        CONFIRMED = "confirmed", pgettext_lazy("intervention", "confirmed")
        DECLINED = "declined", pgettext_lazy("intervention", "declined")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    approval = models.ForeignKey(Approval, on_delete=models.PROTECT, related_name="interventions")
    kind = models.CharField(max_length=10, choices=Kind)
    state = models.CharField(max_length=10, choices=State, default=State.PROPOSED)
    work_item = models.ForeignKey(WorkItem, on_delete=models.PROTECT, null=True, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.BinaryField(max_length=32)
    proposed_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    settled_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    settled_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("intervention")
        ordering = ["-proposed_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["approval"],
                condition=Q(state="proposed"),
                name="intervention_one_proposed",
            ),
            models.CheckConstraint(
                condition=Q(kind="send_back", work_item=None, person=None)
                | Q(kind="reseat", work_item__isnull=False, person__isnull=False),
                name="intervention_complete",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"
