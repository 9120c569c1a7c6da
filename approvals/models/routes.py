"""Routes: what is published, and what is being written."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from audit.ids import uuid7
from audit.models import Root
from directory.models import Organisation, Person, ScopedQuerySet


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
    """The next version of a route while it is written, as `approvals.routes.specs` has its stages.

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
    chosen = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    """Who is to sign, each as `approvals.choosing` writes it, where the route for routes asks."""
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
