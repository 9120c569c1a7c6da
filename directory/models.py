"""Who there is: organisations, units, people, posts, and who holds which post when."""

from typing import Any, Self
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import Func
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from audit.ids import uuid7
from audit.models import Root


class TstzRange(Func):
    """`tstzrange(starts_at, ends_at)`: half-open, an empty end is open-ended."""

    function = "tstzrange"


class ScopedQuerySet(models.QuerySet[Any]):
    def for_user(self, user: "Person") -> Self:
        """Rows of the user's organisation: the only way a view reaches one."""
        return self.filter(organisation_id=user.organisation_id)


class Organisation(Root):
    """The tenant. Everything an organisation has carries its id and stays inside it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=200, unique=True)
    passkeys_need_approval = models.BooleanField(default=False)
    """Whether an administrator has to approve each passkey that is set up from now on."""

    class Meta:
        verbose_name = _("organisation")

    def __str__(self) -> str:
        return self.name

    @property
    def organisation_id(self) -> UUID:
        """An organisation's own entries belong to itself."""
        return self.id


class Unit(Root):
    class Kind(models.TextChoices):
        PARTY = "party", _("party organ")
        GOVERNMENT = "government", _("government organ")
        SUPERVISION = "supervision", _("supervision office")
        STREET = "street", _("street office")
        BRANCH = "branch", _("branch of a higher organ")
        OTHER = "other", _("other unit")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="units")
    name = models.CharField(_("name"), max_length=100)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind, default=Kind.OTHER)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children"
    )
    aliases = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    pinyin = models.CharField(max_length=400, editable=False, default="")
    abolished_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("unit")
        ordering = ["pinyin", "id"]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "name"], name="unit_one_per_name"),
            models.CheckConstraint(condition=~Q(parent=F("id")), name="unit_not_its_own_parent"),
        ]

    def __str__(self) -> str:
        return self.name


class UnitGroup(models.Model):
    """A collective name that documents use (各街道): never a unit itself."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="groups")
    name = models.CharField(_("name"), max_length=100)
    aliases = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    units = models.ManyToManyField(Unit, through="GroupMember", related_name="groups")

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("unit group")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "name"], name="group_one_per_name"),
        ]

    def __str__(self) -> str:
        return self.name


class GroupMember(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    group = models.ForeignKey(UnitGroup, on_delete=models.CASCADE, related_name="members")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "group", "unit"], name="member_once"),
        ]

    def __str__(self) -> str:
        return f"{self.group_id} {self.unit_id}"


class PersonManager(BaseUserManager["Person"]):
    def for_user(self, user: "Person") -> models.QuerySet["Person"]:
        return self.get_queryset().filter(organisation_id=user.organisation_id)


class Person(AbstractBaseUser, Root):
    """Somebody who signs in. Deactivated when they leave, never deleted."""

    LANGUAGES = [("zh-hans", "中文"), ("en", "English")]

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="people")
    username = models.CharField(_("account"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=60)
    pinyin = models.CharField(max_length=240, editable=False, default="")
    email = models.EmailField(_("mail address"), blank=True)
    language = models.CharField(
        _("language"),
        max_length=10,
        choices=LANGUAGES,
        blank=True,
        default="",
    )
    """What they chose to read; empty as long as they chose nothing: then their browser says it."""
    name_commitment = models.BinaryField(max_length=32, null=True, editable=False)
    """The commitment under which the ledger knows this name; its opening may be erased."""
    is_active = models.BooleanField(_("active"), default=True)

    objects = PersonManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = _("person")
        ordering = ["pinyin", "id"]

    def __str__(self) -> str:
        return self.name

    def get_full_name(self) -> str:
        return self.name


class Post(models.Model):
    """A seat in a unit; work belongs to posts, posts to people."""

    class Role(models.TextChoices):
        HANDLER = "handler", _("handler")
        DEPUTY = "deputy", _("deputy in charge")
        PRINCIPAL = "principal", _("principal")
        REVIEWER = "reviewer", _("reviewer")
        COORDINATOR = "coordinator", _("coordinator")
        AUDITOR = "auditor", _("auditor")
        ADMINISTRATOR = "administrator", _("administrator")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="posts")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="posts")
    role = models.CharField(_("role"), max_length=20, choices=Role)
    title = models.CharField(pgettext_lazy("of a post", "title"), max_length=60)
    abolished_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("post")
        ordering = ["unit", "role", "title"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "unit", "title"], name="post_one_per_title"
            ),
            models.CheckConstraint(
                condition=Q(
                    role__in=[
                        "handler",
                        "deputy",
                        "principal",
                        "reviewer",
                        "coordinator",
                        "auditor",
                        "administrator",
                    ]
                ),
                name="post_role_known",
            ),
        ]
        indexes = [models.Index(fields=["organisation", "unit", "role"], name="post_by_role")]

    def __str__(self) -> str:
        return self.title


class Appointment(models.Model):
    """Who holds a post from when to when; at most one holder at a time."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="appointments")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="appointments")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("appointment")
        ordering = ["-starts_at"]
        constraints = [
            ExclusionConstraint(
                name="post_one_holder_at_a_time",
                expressions=[
                    ("post", RangeOperators.EQUAL),
                    (TstzRange("starts_at", "ends_at"), RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
                name="appointment_ends_after_start",
            ),
        ]
        indexes = [models.Index(fields=["person", "starts_at"], name="appointment_by_person")]

    def __str__(self) -> str:
        return f"{self.person_id} {self.post_id}"


class Delegation(models.Model):
    """AB角: `delegate` may act for `principal` in one post, or in all of them, for a period."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    principal = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="delegations_given"
    )
    delegate = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="delegations_received"
    )
    post = models.ForeignKey(
        Post, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=200)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("delegation")
        ordering = ["-starts_at"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(principal=F("delegate")), name="delegation_to_another"
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="delegation_ends_after_start"
            ),
        ]
        indexes = [models.Index(fields=["delegate", "ends_at"], name="delegation_by_delegate")]

    def __str__(self) -> str:
        return f"{self.principal_id} → {self.delegate_id}"


class CalendarDay(models.Model):
    """An exception from Monday to Friday: a holiday, or a weekend day that is worked."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    date = models.DateField()
    is_working = models.BooleanField()
    name = models.CharField(max_length=60, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("calendar day")
        ordering = ["date"]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "date"], name="calendar_one_per_day"),
        ]

    def __str__(self) -> str:
        return f"{self.date} {self.name}"


class Passkey(models.Model):
    """A key that a person's device keeps for this house: it signs in, and signs decisions.

    The private half never leaves the device. `origins` are the addresses it was set up for,
    `needs_approval` is what the organisation asked for at that time.
    """

    class Algorithm(models.IntegerChoices):
        ES256 = -7, "ES256"
        EDDSA = -8, "EdDSA"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="passkeys")
    name = models.CharField(_("name"), max_length=60)
    name_commitment = models.BinaryField(max_length=32, editable=False)
    """The commitment under which the ledger knows this name."""
    credential_id = models.BinaryField(max_length=1023, editable=False)
    public_key = models.BinaryField(editable=False)
    """In COSE form, as the authenticator gave it."""
    algorithm = models.SmallIntegerField(choices=Algorithm)
    aaguid = models.UUIDField(editable=False)
    """Which make of authenticator it says it is; all zeros where it doesn't say."""
    backup_eligible = models.BooleanField()
    backed_up = models.BooleanField()
    rp_id = models.CharField(max_length=253)
    origins = ArrayField(models.CharField(max_length=300))
    sign_count = models.PositiveBigIntegerField(default=0)
    """What the authenticator said last; synced keys don't count, so it need not grow."""
    needs_approval = models.BooleanField()
    enrolled_from = models.CharField(max_length=200, blank=True)
    """The browser and network address it was set up from, in words."""
    enrolled_at = models.DateTimeField()
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("passkey")
        ordering = ["-enrolled_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "credential_id"], name="passkey_one_per_credential"
            ),
            models.CheckConstraint(
                condition=Q(algorithm__in=[-7, -8]), name="passkey_algorithm_known"
            ),
            models.CheckConstraint(
                condition=Q(backup_eligible=True) | Q(backed_up=False),
                name="passkey_backed_up_if_eligible",
            ),
            models.CheckConstraint(
                condition=Q(approved_at=None) | Q(needs_approval=True),
                name="passkey_approved_if_needed",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("person")),
                name="passkey_approved_by_another",
            ),
        ]
        indexes = [
            models.Index(fields=["person", "enrolled_at"], name="passkey_by_person"),
            models.Index(
                fields=["organisation"],
                condition=Q(needs_approval=True, approved_at=None, revoked_at=None),
                name="passkey_waiting",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Challenge(models.Model):
    """A question that an authenticator answers once, soon, for one purpose."""

    class Purpose(models.TextChoices):
        ENROL = "enrol"
        SIGN_IN = "sign_in"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, null=True, related_name="+"
    )
    person = models.ForeignKey(Person, on_delete=models.CASCADE, null=True, related_name="+")
    """Whose answer it has to be; nobody's where somebody is only about to sign in."""
    purpose = models.CharField(max_length=10, choices=Purpose)
    value = models.BinaryField(max_length=32, unique=True)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(purpose="sign_in", person=None)
                | Q(purpose="enrol", person__isnull=False),
                name="challenge_of_a_person_if_enrolling",
            ),
        ]
        indexes = [models.Index(fields=["expires_at"], name="challenge_by_expiry")]

    def __str__(self) -> str:
        return f"{self.purpose} {self.expires_at}"
