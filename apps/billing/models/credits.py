"""Credit accounts, the grants that fill them, the holds that reserve from them, and the ledger of every movement.

The app role only reads these tables: they are written by the functions in sql/, called through ledger.py.
"""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Workspace
from apps.core.ids import uuid7

KEY_LENGTH_MAX = 200


class CreditAccount(models.Model):
    """The purse of one workspace. Balances are credits; `balance` includes what is held."""

    app_role_privileges = "SELECT"

    workspace = models.OneToOneField(
        Workspace, on_delete=models.PROTECT, primary_key=True, related_name="credit_account"
    )
    balance = models.BigIntegerField(_("balance"), default=0)
    held = models.BigIntegerField(_("held"), default=0)
    debt = models.BigIntegerField(_("debt"), default=0)
    entry_count = models.BigIntegerField(_("number of entries"), default=0)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("credit account")
        verbose_name_plural = _("credit accounts")
        permissions = [("adjust_credits", _("Can adjust credits"))]
        constraints = [
            models.CheckConstraint(condition=Q(balance__gte=0), name="account_balance_not_negative"),
            models.CheckConstraint(condition=Q(held__gte=0), name="account_held_not_negative"),
            models.CheckConstraint(condition=Q(debt__gte=0), name="account_debt_not_negative"),
            models.CheckConstraint(condition=Q(entry_count__gte=0), name="account_entry_count_not_negative"),
            models.CheckConstraint(condition=Q(held__lte=F("balance")), name="account_held_within_balance"),
            models.CheckConstraint(condition=Q(debt=0) | Q(held=F("balance")), name="account_debt_paid_first"),
        ]
        triggers = [pgtrigger.Protect(name="account_kept", operation=pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.workspace_id}: {self.balance}"

    @property
    def available(self) -> int:
        """Credits that a new hold may reserve."""
        return self.balance - self.held


class CreditGrant(models.Model):
    """Credits that came in together; the soonest to expire is spent first."""

    app_role_privileges = "SELECT"
    workspace_column = "account_id"

    class Source(models.TextChoices):
        SIGN_UP = "sign_up", _("Sign-up")
        PLAN = "plan", _("Plan")
        PURCHASE = "purchase", _("Purchase")
        PROMOTION = "promotion", _("Promotion")
        STAFF = "staff", _("Staff")
        RETURNED = "returned", _("Returned")
        OVERAGE = "overage", _("Overage")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="grants", db_index=False)
    source = models.CharField(_("source"), max_length=9, choices=Source)
    amount = models.BigIntegerField(_("amount"))
    remaining = models.BigIntegerField(_("remaining"))
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    idempotency_key = models.CharField(_("idempotency key"), max_length=KEY_LENGTH_MAX)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("credit grant")
        verbose_name_plural = _("credit grants")
        constraints = [
            models.UniqueConstraint(fields=["account", "idempotency_key"], name="grant_key_once"),
            models.CheckConstraint(
                condition=Q(source__in=["sign_up", "plan", "purchase", "promotion", "staff", "returned", "overage"]),
                name="grant_source_known",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="grant_amount_positive"),
            models.CheckConstraint(
                condition=Q(remaining__gte=0, remaining__lte=F("amount")), name="grant_remaining_within_amount"
            ),
            models.CheckConstraint(condition=~Q(idempotency_key=""), name="grant_key_given"),
        ]
        indexes = [
            # The order in which grants are spent: PostgreSQL puts NULL (never expires) last.
            models.Index(fields=["account", "expires_at", "id"], name="grant_spendable", condition=Q(remaining__gt=0)),
            models.Index(fields=["expires_at"], name="grant_expiring", condition=Q(remaining__gt=0)),
        ]
        triggers = [pgtrigger.Protect(name="grant_kept", operation=pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.source}: {self.remaining} of {self.amount}"


class Hold(models.Model):
    """Credits reserved for work in progress. It leaves `open` once."""

    app_role_privileges = "SELECT"
    workspace_column = "account_id"

    class Status(models.TextChoices):
        OPEN = "open", _("Open")
        CAPTURED = "captured", _("Captured")
        RELEASED = "released", _("Released")
        EXPIRED = "expired", _("Expired")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="holds", db_index=False)
    amount = models.BigIntegerField(_("amount"))
    captured_amount = models.BigIntegerField(_("captured amount"), default=0)
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.OPEN)
    idempotency_key = models.CharField(_("idempotency key"), max_length=KEY_LENGTH_MAX)
    fingerprint = models.CharField(_("fingerprint"), max_length=64)
    end_idempotency_key = models.CharField(
        _("idempotency key of the end"), max_length=KEY_LENGTH_MAX, blank=True, default=""
    )
    end_fingerprint = models.CharField(_("fingerprint of the end"), max_length=64, blank=True, default="")
    placed_at = models.DateTimeField(_("placed at"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires at"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        constraints = [
            models.UniqueConstraint(fields=["account", "idempotency_key"], name="hold_key_once"),
            models.UniqueConstraint(
                fields=["account", "end_idempotency_key"],
                name="hold_end_key_once",
                condition=~Q(end_idempotency_key=""),
            ),
            models.CheckConstraint(
                condition=Q(status__in=["open", "captured", "released", "expired"]), name="hold_status_known"
            ),
            # A model whose rate is zero by configuration holds zero credits.
            models.CheckConstraint(condition=Q(amount__gte=0), name="hold_amount_not_negative"),
            models.CheckConstraint(
                condition=Q(status="captured", captured_amount__gt=0, captured_amount__lte=F("amount"))
                | (~Q(status="captured") & Q(captured_amount=0)),
                name="hold_captured_within_amount",
            ),
            models.CheckConstraint(
                condition=Q(status="open", ended_at__isnull=True) | (~Q(status="open") & Q(ended_at__isnull=False)),
                name="hold_ended_unless_open",
            ),
            models.CheckConstraint(
                condition=(Q(status__in=["captured", "released"]) & ~Q(end_idempotency_key=""))
                | Q(status__in=["open", "expired"], end_idempotency_key=""),
                name="hold_end_key_given",
            ),
            models.CheckConstraint(condition=~Q(idempotency_key=""), name="hold_key_given"),
            models.CheckConstraint(condition=Q(expires_at__gt=F("placed_at")), name="hold_expires_after_placed"),
        ]
        indexes = [
            models.Index(fields=["expires_at"], name="hold_open_expiring", condition=Q(status="open")),
            models.Index(fields=["account", "placed_at"], name="hold_open_of_account", condition=Q(status="open")),
        ]
        triggers = [
            pgtrigger.Protect(name="hold_kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="hold_ends_once", operation=pgtrigger.Update, condition=pgtrigger.Q(old__status__df="open")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.status}: {self.amount}"


class LedgerEntry(models.Model):
    """One signed movement of credits. Never changed, never deleted; `position` counts the entries of its account."""

    app_role_privileges = "SELECT"
    workspace_column = "account_id"

    class Kind(models.TextChoices):
        GRANT = "grant", _("Grant")
        PURCHASE = "purchase", _("Purchase")
        CAPTURE = "capture", _("Capture")
        REFUND = "refund", _("Refund")
        EXPIRY = "expiry", _("Expiry")
        REVERSAL = "reversal", _("Reversal")
        ADJUSTMENT = "adjustment", _("Adjustment")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="entries", db_index=False)
    position = models.BigIntegerField(_("position"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    amount = models.BigIntegerField(_("amount"))
    balance_after = models.BigIntegerField(_("balance after"))
    debt_after = models.BigIntegerField(_("debt after"))
    idempotency_key = models.CharField(_("idempotency key"), max_length=KEY_LENGTH_MAX)
    fingerprint = models.CharField(_("fingerprint"), max_length=64)
    hold = models.OneToOneField(Hold, on_delete=models.PROTECT, null=True, blank=True, related_name="capture_entry")
    grant = models.ForeignKey(
        CreditGrant, on_delete=models.PROTECT, null=True, blank=True, related_name="entries", db_index=False
    )
    reverses = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="reversals", db_index=False
    )
    actor = models.CharField(_("actor"), max_length=254, blank=True)
    note = models.TextField(_("note"), blank=True)
    request_id = models.CharField(_("request id"), max_length=64, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger entries")
        constraints = [
            # Also the index of a workspace's entries, newest first.
            models.UniqueConstraint(fields=["account", "position"], name="entry_position_once"),
            models.UniqueConstraint(fields=["account", "idempotency_key"], name="entry_key_once"),
            models.UniqueConstraint(
                fields=["reverses"], name="entry_reversed_once", condition=Q(reverses__isnull=False)
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["grant", "purchase", "capture", "refund", "expiry", "reversal", "adjustment"]),
                name="entry_kind_known",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["grant", "purchase"], amount__gt=0)
                | Q(kind__in=["capture", "refund", "expiry"], amount__lt=0)
                | (Q(kind__in=["reversal", "adjustment"]) & ~Q(amount=0)),
                name="entry_sign_of_kind",
            ),
            models.CheckConstraint(
                condition=Q(balance_after__gte=0, debt_after__gte=0, position__gt=0), name="entry_after_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(kind="capture", hold__isnull=False) | (~Q(kind="capture") & Q(hold__isnull=True)),
                name="entry_hold_of_capture",
            ),
            # Credits that come in have a grant, and so has what is taken back from one.
            models.CheckConstraint(
                condition=Q(kind__in=["grant", "purchase", "refund", "expiry"], grant__isnull=False)
                | Q(kind__in=["reversal", "adjustment"], amount__gt=0, grant__isnull=False)
                | Q(kind__in=["capture", "adjustment"], amount__lt=0, grant__isnull=True)
                | Q(kind="reversal", amount__lt=0),
                name="entry_grant_of_kind",
            ),
            models.CheckConstraint(
                condition=Q(kind="reversal", reverses__isnull=False) | (~Q(kind="reversal") & Q(reverses__isnull=True)),
                name="entry_reverses_of_reversal",
            ),
            models.CheckConstraint(condition=~Q(idempotency_key=""), name="entry_key_given"),
        ]
        indexes = [
            models.Index(fields=["grant"], name="entry_of_grant", condition=Q(grant__isnull=False)),
            # What a workspace has used in a month, from the index alone.
            models.Index(
                fields=["account", "created_at"], name="entry_captured", include=["amount"], condition=Q(kind="capture")
            ),
            models.Index(fields=["request_id"], name="entry_request_id", condition=~Q(request_id="")),
        ]
        triggers = [pgtrigger.Protect(name="entry_append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount:+d}"
