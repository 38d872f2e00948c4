"""Users, the workspaces they belong to, and how."""

from typing import ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts import permissions
from apps.accounts.permissions import Permission
from apps.accounts.privacy_models import DataExport, DataExportChunk, ProviderConsent
from apps.accounts.scopes import REQUESTS_PER_MINUTE_MAX, SCOPES
from apps.accounts.time_zones import NAME_LENGTH_MAX, NAME_PATTERN, UTC, validate_time_zone
from apps.core.ids import uuid7

__all__ = [
    "ApiKey",
    "DataExport",
    "DataExportChunk",
    "Invitation",
    "Membership",
    "ProviderConsent",
    "User",
    "Workspace",
]


class UserManager(BaseUserManager["User"]):
    """Makes users; the e-mail address is the login."""

    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        """Create a user with a hashed password. Raises ValueError without an address."""
        if not email:
            raise ValueError("A user needs an e-mail address.")
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> "User":
        """Create a user who may do everything in the admin."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person who can log in."""

    email = models.EmailField(_("e-mail address"), unique=True, error_messages={"unique": _("This address is taken.")})
    name = models.CharField(_("name"), max_length=150, blank=True)
    is_staff = models.BooleanField(_("staff"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    # Staff have closed the account for a while: it is not active meanwhile, so every way in is closed.
    suspended_at = models.DateTimeField(_("suspended at"), null=True, blank=True, editable=False)
    date_joined = models.DateTimeField(_("joined at"), default=timezone.now)
    # How times are shown to this person; the database and every "day" of usage and budgets stay UTC. The database
    # has the defaults too: a process of the release before inserts users without these columns.
    time_zone = models.CharField(
        _("time zone"), max_length=NAME_LENGTH_MAX, default=UTC, db_default=UTC, validators=[validate_time_zone]
    )
    wants_low_balance_mail = models.BooleanField(_("wants low balance mail"), default=True, db_default=True)
    wants_usage_summary_mail = models.BooleanField(_("wants usage summary mail"), default=True, db_default=True)
    # Which text about sending theirs to the AI provider the person agrees to now (consent.py); 0 for none.
    consent_version = models.PositiveSmallIntegerField(
        _("agreed to send text to the provider"), default=0, db_default=0, editable=False
    )
    # The person has asked to be deleted: nothing is open to them but the way back, until this moment (deletion.py).
    deletion_due_at = models.DateTimeField(_("to be deleted at"), null=True, blank=True, editable=False)
    erased_at = models.DateTimeField(_("erased at"), null=True, blank=True, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="user_email_lower_case"),
            models.CheckConstraint(
                condition=models.Q(time_zone__regex=NAME_PATTERN), name="user_time_zone_looks_like_a_name"
            ),
            models.CheckConstraint(
                condition=models.Q(suspended_at=None) | models.Q(is_active=False), name="user_suspended_is_inactive"
            ),
            models.CheckConstraint(
                condition=models.Q(erased_at=None)
                | models.Q(is_active=False, deletion_due_at=None, name="", consent_version=0),
                name="user_erased_is_nobody",
            ),
        ]
        indexes = [
            models.Index(
                fields=["deletion_due_at"], name="user_deletion_due", condition=models.Q(deletion_due_at__isnull=False)
            ),
        ]
        permissions = [
            ("impersonate_user", _("Can act as a user")),
            ("suspend_user", _("Can suspend a user")),
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def display_name(self) -> str:
        """What the person is called: by their name, else by their address."""
        return self.name or self.email

    @property
    def initials(self) -> str:
        """One or two letters for a person without a picture."""
        first, *others = self.name.split() or [self.email]
        return (first[0] + others[-1][0] if others else first[0]).upper()


class Workspace(models.Model):
    """The owner of everything a customer has: generations, credits, usage."""

    workspace_column = "id"

    class Kind(models.TextChoices):
        PERSONAL = "personal", _("Personal")
        TEAM = "team", _("Team")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=100)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind, default=Kind.PERSONAL)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, through="Membership", related_name="workspaces")
    # As whose own workspace it began, also if it is a team now; nobody's if it was made as a team.
    made_for = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    # Written by billing, from the plan. The database has the default too, for a process of the release before.
    seat_limit = models.PositiveIntegerField(_("seats"), null=True, blank=True, default=1, db_default=1)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    # Staff have stopped whatever costs; its pages can still be read.
    suspended_at = models.DateTimeField(_("suspended at"), null=True, blank=True, editable=False)
    deleted_at = models.DateTimeField(_("deleted at"), null=True, blank=True)
    # Nobody's any more: its texts, its name and its people are gone for good, its money rows stay.
    erased_at = models.DateTimeField(_("erased at"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("workspace")
        verbose_name_plural = _("workspaces")
        permissions = [("suspend_workspace", _("Can suspend a workspace"))]
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=["personal", "team"]), name="workspace_kind_known"),
            models.CheckConstraint(
                condition=models.Q(seat_limit__isnull=True) | models.Q(seat_limit__gte=1), name="workspace_has_a_seat"
            ),
            models.CheckConstraint(
                condition=models.Q(deleted_at__isnull=True) | models.Q(kind="team"), name="workspace_deleted_is_a_team"
            ),
        ]
        indexes = [
            models.Index(
                fields=["deleted_at"],
                name="workspace_erasure_due",
                condition=models.Q(deleted_at__isnull=False, erased_at=None),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_team(self) -> bool:
        """Whether people can be invited into it."""
        return self.kind == self.Kind.TEAM


class Membership(models.Model):
    """A user's role in a workspace."""

    Role = permissions.Role

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=7, choices=Role, default=Role.MEMBER)
    # What the person may use of the workspace's credits in a month (UTC).
    allowance_credits = models.PositiveBigIntegerField(_("monthly allowance (credits)"), null=True, blank=True)
    # The same in a day (UTC); both hold, where both are set.
    daily_allowance_credits = models.PositiveBigIntegerField(_("daily allowance (credits)"), null=True, blank=True)
    # When the person last switched to this workspace: where their next log-in begins.
    chosen_at = models.DateTimeField(_("chosen at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(fields=["workspace", "user"], name="membership_once_per_workspace"),
            models.CheckConstraint(
                condition=models.Q(role__in=["owner", "admin", "member", "billing"]), name="membership_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.workspace} ({self.role})"

    @property
    def sees_generations(self) -> bool:
        """Whether the pages of generations are for this role."""
        return self.may(Permission.SEE_GENERATIONS)

    def may(self, permission: Permission) -> bool:
        """Tell whether this role may do something."""
        return permissions.allows(self.role, permission)

    def require(self, permission: Permission) -> None:
        """Raise NotPermittedError unless this role may do something."""
        if not self.may(permission):
            raise permissions.NotPermittedError(permission)


class Invitation(models.Model):
    """One address asked into a workspace under a role: pending until it is accepted, revoked or too old.

    Of the link in the mail only a digest is kept.
    """

    app_role_privileges = "SELECT, INSERT, UPDATE"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="invitations")
    email = models.EmailField(_("e-mail address"))
    role = models.CharField(_("role"), max_length=7, choices=permissions.Role, default=permissions.Role.MEMBER)
    digest = models.CharField(_("digest of the link"), max_length=64, unique=True)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    mails_sent = models.PositiveSmallIntegerField(_("mails sent"), default=1)
    sent_at = models.DateTimeField(_("sent at"))
    expires_at = models.DateTimeField(_("expires at"))
    accepted_at = models.DateTimeField(_("accepted at"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "email"],
                condition=models.Q(accepted_at__isnull=True, revoked_at__isnull=True),
                name="invitation_open_once_per_address",
            ),
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="invitation_email_lower_case"),
            models.CheckConstraint(
                condition=models.Q(role__in=["owner", "admin", "member", "billing"]), name="invitation_role_known"
            ),
            models.CheckConstraint(condition=~models.Q(role="owner"), name="invitation_makes_no_owner"),
            models.CheckConstraint(
                condition=models.Q(accepted_at__isnull=True) | models.Q(revoked_at__isnull=True),
                name="invitation_ends_once",
            ),
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("sent_at")), name="invitation_expires_after_it_was_sent"
            ),
        ]
        indexes = [models.Index(fields=["email"], name="invitation_email")]

    def __str__(self) -> str:
        return f"{self.email} to {self.workspace_id} ({self.role})"


class WaitlistEntry(models.Model):
    """Somebody who would like an account, and the invitation to make one that staff have sent; see waitlist.py.

    Of the links in mails only digests are kept.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(_("e-mail address"), unique=True)
    digest = models.CharField(_("digest of the link"), max_length=64, unique=True)
    mailed_at = models.DateTimeField(_("last mail at"))
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True, blank=True)
    invitation_digest = models.CharField(
        _("digest of the invitation's link"), max_length=64, unique=True, null=True, blank=True
    )
    invited_at = models.DateTimeField(_("invited at"), null=True, blank=True)
    expires_at = models.DateTimeField(_("invitation expires at"), null=True, blank=True)
    signed_up_at = models.DateTimeField(_("signed up at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("waitlist entry")
        verbose_name_plural = _("waitlist")
        permissions = [("invite_waitlistentry", _("Can invite from the waitlist"))]
        constraints = [
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="waitlist_email_lower_case"),
            models.CheckConstraint(
                condition=models.Q(invited_at=None, expires_at=None)
                | models.Q(invited_at__isnull=False, expires_at__isnull=False, expires_at__gt=models.F("invited_at")),
                name="waitlist_invitation_expires",
            ),
            # A link works from the invitation until it is used.
            models.CheckConstraint(
                condition=models.Q(invitation_digest=None)
                | models.Q(invited_at__isnull=False, signed_up_at__isnull=True),
                name="waitlist_link_is_of_an_invitation",
            ),
            models.CheckConstraint(
                condition=models.Q(signed_up_at=None) | models.Q(invited_at__isnull=False, confirmed_at__isnull=False),
                name="waitlist_signed_up_by_invitation",
            ),
        ]
        indexes = [
            models.Index(
                fields=["confirmed_at", "id"],
                name="waitlist_next",
                condition=models.Q(confirmed_at__isnull=False, invited_at=None),
            ),
            models.Index(fields=["mailed_at"], name="waitlist_purge_due", condition=models.Q(confirmed_at=None)),
        ]

    def __str__(self) -> str:
        return self.email


class ApiKey(models.Model):
    """A program's way into a workspace, in the name of the person who made it; see api_keys.py."""

    # What a key may do and what it is never change; it can only be used and revoked.
    app_role_privileges = "SELECT, INSERT, UPDATE (last_used_at, revoked_at), DELETE"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="api_keys")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(_("name"), max_length=100)
    prefix = models.CharField(_("prefix"), max_length=24, unique=True)
    secret_hash = models.CharField(_("hash of the secret"), max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=32), verbose_name=_("scopes"))
    requests_per_minute = models.PositiveIntegerField(_("requests per minute"))
    # What its runs may use of the workspace's credits in a month (UTC).
    budget_credits = models.PositiveBigIntegerField(_("monthly budget (credits)"), null=True, blank=True)
    # False for a key that staff made: it works whatever the plan.
    needs_plan = models.BooleanField(_("only with a plan that has the API"), default=True)
    idempotency_key = models.CharField(_("idempotency key"), max_length=64)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used at"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        constraints = [
            models.UniqueConstraint(fields=["workspace", "idempotency_key"], name="api_key_once_per_form"),
            models.CheckConstraint(
                condition=models.Q(scopes__contained_by=list(SCOPES), scopes__len__gte=1), name="api_key_scopes_known"
            ),
            models.CheckConstraint(
                condition=models.Q(requests_per_minute__gte=1, requests_per_minute__lte=REQUESTS_PER_MINUTE_MAX),
                name="api_key_limit_in_bounds",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
