"""Routes, and approvals on their way along them.

A route's version is immutable once published; an approval pins the version it began with. An
opening freezes its electorate as work items; a sign-off is the insert-only record of one decision.
"""

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from audit.ids import uuid7
from audit.models import Root
from directory.models import Organisation, Person, Post, ScopedQuerySet


class Route(Root):
    """A named way to approve one kind of subject."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="routes")
    name = models.CharField(_("name"), max_length=100)
    subject_kind = models.CharField(max_length=40)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("route")
        ordering = ["subject_kind", "name"]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "name"], name="route_one_per_name"),
        ]

    def __str__(self) -> str:
        return self.name


class RouteVersion(models.Model):
    """The route as published at one time, never changed after; the newest one is in force."""

    insert_only = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    route = models.ForeignKey(Route, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    objects = ScopedQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "route", "number"], name="route_version_number"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.route_id} v{self.number}"


class Stage(models.Model):
    """One step of a route version: who is asked, and what makes it pass.

    `approvers` is a list of selectors, each a JSON object whose `select` is one of `post`,
    `post_of_lead`, `post_of_each_cooperating`, `post_of_coordinating`, `post_of_reviewing`,
    `post_of_superior`, `person`, `chosen_by_submitter` (see `approvals.selectors`).
    """

    insert_only = True

    class Rule(models.TextChoices):
        ANY = "any", pgettext_lazy("stage rule", "any one")
        ALL = "all", pgettext_lazy("stage rule", "all")
        QUORUM = "quorum", pgettext_lazy("stage rule", "vote")

    class Refusal(models.TextChoices):
        VETO = "veto", pgettext_lazy("refusal", "one return ends the stage")
        VOTE = "vote", pgettext_lazy("refusal", "returns count as votes")
        ADVICE = "advice", pgettext_lazy("refusal", "opinions only")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey(RouteVersion, on_delete=models.PROTECT, related_name="stages")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(_("name"), max_length=60)
    approvers = models.JSONField()
    rule = models.CharField(max_length=10, choices=Rule)
    quorum_number = models.PositiveIntegerField(null=True, blank=True)
    quorum_percent = models.PositiveSmallIntegerField(null=True, blank=True)
    refusal = models.CharField(max_length=10, choices=Refusal, default=Refusal.VETO)
    sequential = models.BooleanField(default=False)
    returns_to = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)
    """Positions a return may name besides the submitter, who may always be named."""
    after_return = models.CharField(
        max_length=10,
        choices=[("restart", _("restart")), ("resume", _("resume"))],
        default="restart",
    )
    repeat_signer = models.CharField(
        max_length=10, choices=[("ask", _("ask again")), ("carry", _("carry over"))], default="ask"
    )
    due_in = models.PositiveSmallIntegerField(null=True, blank=True)
    escalate_to = models.JSONField(default=list, blank=True)
    fallback = models.JSONField(default=list, blank=True)
    evidence = models.CharField(
        max_length=10,
        choices=[
            ("session", _("signed in")),
            ("password", _("password")),
            ("passkey", _("passkey")),
        ],
        default="session",
    )
    may = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    condition = models.JSONField(null=True, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["version", "position"], name="stage_one_per_position"),
            models.CheckConstraint(
                condition=(
                    Q(rule__in=["any", "all"], quorum_number=None, quorum_percent=None)
                    | Q(rule="quorum", quorum_number__gte=1, quorum_percent=None)
                    | Q(rule="quorum", quorum_number=None, quorum_percent__range=(1, 100))
                ),
                name="stage_rule_complete",
            ),
            models.CheckConstraint(
                condition=Q(refusal__in=["veto", "vote", "advice"]), name="stage_refusal_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.position} {self.name}"


class RouteDraft(models.Model):
    """The next version of a route while it is written, as `approvals.specs` has its stages.

    Saved often, lost never. It is no record: what is put forward is frozen as a RouteProposal.
    """

    class State(models.TextChoices):
        WRITING = "writing", pgettext_lazy("route draft", "being written")
        SUBMITTED = "submitted", pgettext_lazy("route draft", "under approval")
        PUBLISHED = "published", pgettext_lazy("route draft", "published")
        ABANDONED = "abandoned", pgettext_lazy("route draft", "abandoned")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    route = models.ForeignKey(Route, on_delete=models.PROTECT, related_name="drafts")
    state = models.CharField(max_length=10, choices=State, default=State.WRITING)
    stages = models.JSONField(default=list)
    revision = models.PositiveIntegerField(default=1)
    authors = ArrayField(models.UUIDField(), default=list)
    """Whoever wrote in it: they don't decide on it."""
    updated_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField()

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("route draft")
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "route"],
                condition=Q(state__in=["writing", "submitted"]),
                name="route_draft_one_open",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["writing", "submitted", "published", "abandoned"]),
                name="route_draft_state_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.route_id} draft {self.state}"


class RouteProposal(models.Model):
    """A draft as it was put forward: exactly what is approved, and published if it passes."""

    insert_only = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    draft = models.ForeignKey(RouteDraft, on_delete=models.PROTECT, related_name="proposals")
    number = models.PositiveIntegerField()
    stages = models.JSONField()
    replaces = models.ForeignKey(
        RouteVersion, on_delete=models.PROTECT, null=True, related_name="+"
    )
    """The version in force then, with which it was compared."""
    digest = models.BinaryField(max_length=32)
    submitted_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField()

    objects = ScopedQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "draft", "number"], name="route_proposal_number"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.draft_id} proposal {self.number}"


class Approval(models.Model):
    """A route version applied to one subject, over as many rounds as it takes.

    `(subject_kind, subject_id)` is the one typed reference that points up; `root` names the row
    whose lock guards everything here and whose chain records it (`task:…`, `plan:…`).
    """

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("approval", "open")
        WITH_SUBMITTER = "with_submitter", pgettext_lazy("approval", "with the submitter")
        PASSED = "passed", pgettext_lazy("approval", "passed")
        WITHDRAWN = "withdrawn", pgettext_lazy("approval", "withdrawn")
        CANCELLED = "cancelled", pgettext_lazy("approval", "cancelled")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey(RouteVersion, on_delete=models.PROTECT, related_name="approvals")
    subject_kind = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    root = models.CharField(max_length=80)
    state = models.CharField(max_length=20, choices=State, default=State.OPEN)
    opened_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("approval")
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "subject_kind", "subject_id"],
                condition=Q(state__in=["open", "with_submitter"]),
                name="approval_one_open_per_subject",
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=["open", "with_submitter", "passed", "withdrawn", "cancelled"]
                ),
                name="approval_state_known",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["open", "with_submitter"], ended_at=None)
                | Q(state__in=["passed", "withdrawn", "cancelled"], ended_at__isnull=False),
                name="approval_ended_when_over",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organisation", "subject_kind", "subject_id"], name="approval_by_subject"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject_kind} {self.subject_id} {self.state}"


class Round(models.Model):
    """One document version under review: who wrote it may not decide on it."""

    insert_only = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    approval = models.ForeignKey(Approval, on_delete=models.PROTECT, related_name="rounds")
    number = models.PositiveIntegerField()
    document_id = models.UUIDField()
    digest = models.BinaryField(max_length=32)
    submitter = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    authors = ArrayField(models.UUIDField(), default=list)
    context = models.JSONField()
    """What the selectors resolve against, frozen: lead unit, cooperating units, named people."""
    opened_at = models.DateTimeField()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["approval", "number"], name="round_one_per_number"),
        ]

    def __str__(self) -> str:
        return f"{self.approval_id} round {self.number}"


class Opening(models.Model):
    """A stage opened in a round, with its electorate; superseded when a later one exists."""

    class Outcome(models.TextChoices):
        PASSED = "passed", pgettext_lazy("stage", "passed")
        RETURNED = "returned", pgettext_lazy("stage", "returned")
        SKIPPED = "skipped", pgettext_lazy("stage", "skipped")
        WITHDRAWN = "withdrawn", pgettext_lazy("stage", "withdrawn")
        CANCELLED = "cancelled", pgettext_lazy("stage", "cancelled")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    approval = models.ForeignKey(Approval, on_delete=models.PROTECT, related_name="openings")
    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="openings")
    stage = models.ForeignKey(Stage, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()
    opened_at = models.DateTimeField()
    due_date = models.DateField(null=True, blank=True)
    resumes_at = models.PositiveSmallIntegerField(null=True, blank=True)
    """The stage that comes after this one has passed, where it isn't the next."""
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True, default="")
    reason = models.CharField(max_length=200, blank=True, default="")
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["approval", "number"], name="opening_one_per_number"),
            models.UniqueConstraint(
                fields=["approval"], condition=Q(outcome=""), name="opening_one_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(outcome="", closed_at=None)
                | (~Q(outcome="") & Q(closed_at__isnull=False)),
                name="opening_closed_with_outcome",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.approval_id} opening {self.number}"


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
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    approval = models.ForeignKey(Approval, on_delete=models.PROTECT, related_name="work_items")
    opening = models.ForeignKey(Opening, on_delete=models.PROTECT, related_name="work_items")
    post = models.ForeignKey(Post, on_delete=models.PROTECT, null=True, related_name="work_items")
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, related_name="work_items"
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
        "self", on_delete=models.PROTECT, null=True, related_name="carried_to"
    )
    """The item of an earlier stage whose approval the same person gave, and counts here too."""
    asked_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
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
        ]

    def __str__(self) -> str:
        return f"{self.opening_id} seat {self.position} {self.state}"

    @property
    def is_seat(self) -> bool:
        """Whether the turn counts: it has a vote, and nobody has replaced it."""
        return self.state != self.State.SUPERSEDED and self.origin != self.Origin.CONSULTED


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
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    approval = models.ForeignKey(Approval, on_delete=models.PROTECT, related_name="sign_offs")
    work_item = models.OneToOneField(WorkItem, on_delete=models.PROTECT, related_name="sign_off")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="sign_offs")
    acting_for = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
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

    objects = ScopedQuerySet.as_manager()

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
        ]
        indexes = [models.Index(fields=["person", "-at"], name="sign_off_by_person")]

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
