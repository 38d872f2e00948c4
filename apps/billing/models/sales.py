"""What is sold for money: Stripe's customers, sessions, subscriptions, invoices and payments, as far as we need them.

Rows that mirror an object of Stripe's carry the ticket of the fetch they were written from: a later ticket was fetched
later, so an older answer never overwrites a newer one, in whatever order answers arrive (see stripe_client.py).
Money is integer minor units of `currency`; credits are whole.
"""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Workspace
from apps.billing.models.credits import KEY_LENGTH_MAX, LedgerEntry
from apps.core.ids import uuid7

MIRRORED = "SELECT, INSERT, UPDATE"
CURRENCY_PATTERN = "^[a-z]{3}$"


class Customer(models.Model):
    """A workspace as Stripe knows it, made at the first checkout."""

    app_role_privileges = "SELECT, INSERT, UPDATE (erased_at)"

    workspace = models.OneToOneField(
        Workspace, on_delete=models.PROTECT, primary_key=True, related_name="stripe_customer"
    )
    stripe_id = models.CharField(_("Stripe's id"), max_length=255, unique=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    # Deleted at Stripe, too: what its late events say is erased as it comes.
    erased_at = models.DateTimeField(_("erased at"), null=True, blank=True)

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        constraints = [models.CheckConstraint(condition=~Q(stripe_id=""), name="customer_id_given")]

    def __str__(self) -> str:
        return self.stripe_id


class CheckoutSession(models.Model):
    """One intent to buy: what was offered for how much, and Stripe's page for it. What it promises never changes."""

    app_role_privileges = MIRRORED

    class Kind(models.TextChoices):
        PACK = "pack", _("Pack")
        PLAN = "plan", _("Plan")

    class Status(models.TextChoices):
        OPEN = "open", _("Open")
        COMPLETE = "complete", _("Complete")
        EXPIRED = "expired", _("Expired")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="checkout_sessions", db_index=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    idempotency_key = models.CharField(_("idempotency key"), max_length=KEY_LENGTH_MAX)
    kind = models.CharField(_("kind"), max_length=4, choices=Kind)
    # The pack's slug, or the plan's and its interval, for example "pro:month".
    offer = models.CharField(_("offer"), max_length=64)
    price_amount = models.BigIntegerField(_("price"))
    currency = models.CharField(_("currency"), max_length=3)
    credits = models.BigIntegerField(_("credits"))
    return_path = models.CharField(_("return path"), max_length=500, blank=True)
    # Empty until Stripe has answered: whoever comes with the same key asks it again, with the same key.
    stripe_id = models.CharField(_("Stripe's id"), max_length=255, null=True, blank=True, unique=True)
    url = models.TextField(_("address"), blank=True)
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.OPEN)
    is_paid = models.BooleanField(_("paid"), default=False)
    # A debit or a transfer that did not come: complete, and nothing will follow.
    has_failed = models.BooleanField(_("failed"), default=False, db_default=False)
    fetch_ticket = models.BigIntegerField(_("ticket of the fetch"), default=0)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("checkout session")
        verbose_name_plural = _("checkout sessions")
        constraints = [
            models.UniqueConstraint(fields=["workspace", "idempotency_key"], name="checkout_session_key_once"),
            # Two open ones could both be paid, and would make two subscriptions.
            models.UniqueConstraint(
                fields=["workspace"], name="checkout_session_one_open_plan", condition=Q(kind="plan", status="open")
            ),
            models.CheckConstraint(condition=Q(kind__in=["pack", "plan"]), name="checkout_session_kind_known"),
            models.CheckConstraint(
                condition=Q(status__in=["open", "complete", "expired"]), name="checkout_session_status_known"
            ),
            models.CheckConstraint(
                condition=Q(price_amount__gte=0, credits__gte=0), name="checkout_session_amounts_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(currency__regex=CURRENCY_PATTERN), name="checkout_session_currency_lower_case"
            ),
            models.CheckConstraint(condition=~Q(idempotency_key=""), name="checkout_session_key_given"),
            models.CheckConstraint(
                condition=Q(is_paid=False) | Q(status="complete"), name="checkout_session_paid_once_complete"
            ),
            models.CheckConstraint(
                condition=Q(has_failed=False) | Q(status="complete", is_paid=False),
                name="checkout_session_failed_once_complete",
            ),
        ]
        indexes = [models.Index(fields=["workspace", "-created_at"], name="checkout_session_of_workspace")]

    def __str__(self) -> str:
        return f"{self.offer} {self.stripe_id or ''}".strip()


class Subscription(models.Model):
    """A subscription with Stripe's own statuses; what it allows is entitlements.py's to say."""

    app_role_privileges = MIRRORED

    class Status(models.TextChoices):
        INCOMPLETE = "incomplete", _("Incomplete")
        INCOMPLETE_EXPIRED = "incomplete_expired", _("Never paid")
        TRIALING = "trialing", _("On trial")
        ACTIVE = "active", _("Active")
        PAST_DUE = "past_due", _("Payment overdue")
        UNPAID = "unpaid", _("Unpaid")
        PAUSED = "paused", _("Paused")
        CANCELED = "canceled", _("Canceled")

    # Those that are paid for, or will be in a moment: a workspace has at most one of them.
    SERVED: ClassVar[list[str]] = [Status.TRIALING, Status.ACTIVE, Status.PAST_DUE]
    # Those that may still ask for money.
    LIVE: ClassVar[list[str]] = [
        Status.INCOMPLETE,
        Status.TRIALING,
        Status.ACTIVE,
        Status.PAST_DUE,
        Status.UNPAID,
        Status.PAUSED,
    ]

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="subscriptions", db_index=False)
    stripe_id = models.CharField(_("Stripe's id"), max_length=255, unique=True)
    status = models.CharField(_("status"), max_length=18, choices=Status)
    plan = models.CharField(_("plan"), max_length=40)
    interval = models.CharField(_("interval"), max_length=5)
    stripe_item_id = models.CharField(_("Stripe's id of the item"), max_length=255, blank=True)
    started_at = models.DateTimeField(_("started at"))
    current_period_start = models.DateTimeField(_("period start"))
    current_period_end = models.DateTimeField(_("period end"))
    trial_end = models.DateTimeField(_("trial end"), null=True, blank=True)
    # When it ends by itself: at the end of the period, or on a day that was agreed.
    cancel_at = models.DateTimeField(_("cancels at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    # Since when the newest invoice waits for its money: grace counts from here.
    past_due_since = models.DateTimeField(_("overdue since"), null=True, blank=True)
    # We told Stripe to let it end, as everybody in the workspace is leaving: taken back if somebody stays.
    ends_with_workspace = models.BooleanField(_("ends with the workspace"), default=False, db_default=False)
    fetch_ticket = models.BigIntegerField(_("ticket of the fetch"))
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    status__in=[
                        "incomplete",
                        "incomplete_expired",
                        "trialing",
                        "active",
                        "past_due",
                        "unpaid",
                        "paused",
                        "canceled",
                    ]
                ),
                name="subscription_status_known",
            ),
            models.CheckConstraint(condition=~Q(stripe_id=""), name="subscription_id_given"),
            models.CheckConstraint(condition=~Q(plan=""), name="subscription_plan_given"),
            models.CheckConstraint(
                condition=Q(current_period_start__lte=F("current_period_end")), name="subscription_period_in_order"
            ),
            models.CheckConstraint(
                condition=~Q(status="past_due") | Q(past_due_since__isnull=False), name="subscription_past_due_dated"
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "-started_at"], name="subscription_of_workspace"),
            models.Index(fields=["past_due_since"], name="subscription_past_due", condition=Q(status="past_due")),
        ]

    def __str__(self) -> str:
        return f"{self.plan} ({self.status})"


class Invoice(models.Model):
    """An invoice, to be shown and to be compared; credits come from its lines (payments)."""

    app_role_privileges = MIRRORED

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        OPEN = "open", _("Open")
        PAID = "paid", _("Paid")
        UNCOLLECTIBLE = "uncollectible", _("Uncollectible")
        VOID = "void", _("Void")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="invoices", db_index=False)
    stripe_id = models.CharField(_("Stripe's id"), max_length=255, unique=True)
    stripe_subscription_id = models.CharField(_("Stripe's id of the subscription"), max_length=255, blank=True)
    number = models.CharField(_("number"), max_length=100, blank=True)
    status = models.CharField(_("status"), max_length=13, choices=Status)
    total = models.BigIntegerField(_("total"))
    amount_paid = models.BigIntegerField(_("amount paid"), default=0)
    currency = models.CharField(_("currency"), max_length=3)
    attempt_count = models.PositiveIntegerField(_("attempts to collect"), default=0)
    next_payment_attempt_at = models.DateTimeField(_("next attempt to collect"), null=True, blank=True)
    hosted_url = models.TextField(_("address of the page"), blank=True)
    pdf_url = models.TextField(_("address of the PDF"), blank=True)
    issued_at = models.DateTimeField(_("issued at"))
    paid_at = models.DateTimeField(_("paid at"), null=True, blank=True)
    fetch_ticket = models.BigIntegerField(_("ticket of the fetch"))

    class Meta:
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["draft", "open", "paid", "uncollectible", "void"]), name="invoice_status_known"
            ),
            models.CheckConstraint(condition=~Q(stripe_id=""), name="invoice_id_given"),
            models.CheckConstraint(condition=Q(amount_paid__gte=0), name="invoice_paid_not_negative"),
            models.CheckConstraint(condition=Q(currency__regex=CURRENCY_PATTERN), name="invoice_currency_lower_case"),
        ]
        indexes = [models.Index(fields=["workspace", "-issued_at"], name="invoice_of_workspace")]

    def __str__(self) -> str:
        return self.number or self.stripe_id


class Payment(models.Model):
    """Money that came in, the credits it brought, and what refunds and disputes took back of both.

    `source_key` names the business object that was paid (a checkout session, an invoice, a top-up) and is the
    idempotency key of the grant: whatever events tell of it, in whatever order and however often, it grants once.
    """

    app_role_privileges = MIRRORED

    class Kind(models.TextChoices):
        PACK = "pack", _("Pack")
        PLAN = "plan", _("Plan")
        TOP_UP = "top_up", _("Auto top-up")

    class DisputeStatus(models.TextChoices):
        NONE = "none", _("None")
        OPEN = "open", _("Open")
        WON = "won", _("Won")
        LOST = "lost", _("Lost")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="payments", db_index=False)
    kind = models.CharField(_("kind"), max_length=6, choices=Kind)
    source_key = models.CharField(_("what was paid"), max_length=KEY_LENGTH_MAX, unique=True)
    stripe_subscription_id = models.CharField(_("Stripe's id of the subscription"), max_length=255, blank=True)
    # Empty where no money moved: an invoice of zero, or one that a credit covered.
    stripe_payment_intent_id = models.CharField(
        _("Stripe's id of the payment"), max_length=255, null=True, blank=True, unique=True
    )
    amount = models.BigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    amount_refunded = models.BigIntegerField(_("refunded"), default=0)
    amount_disputed = models.BigIntegerField(_("disputed"), default=0)
    dispute_status = models.CharField(_("dispute"), max_length=4, choices=DisputeStatus, default=DisputeStatus.NONE)
    # What it granted. Negative: a change to a cheaper plan, whose unused credits were taken back.
    credits = models.BigIntegerField(_("credits"))
    credits_taken_back = models.BigIntegerField(_("credits taken back"), default=0)
    grant_entry = models.OneToOneField(
        LedgerEntry, on_delete=models.PROTECT, null=True, blank=True, related_name="payment"
    )
    receipt_url = models.TextField(_("address of the receipt"), blank=True)
    paid_at = models.DateTimeField(_("paid at"))
    # Counts the corrections: part of the idempotency key of each.
    correction_count = models.PositiveIntegerField(_("corrections"), default=0)
    fetch_ticket = models.BigIntegerField(_("ticket of the fetch"), default=0)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        permissions = [("refund_payment", _("Can refund a payment"))]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["pack", "plan", "top_up"]), name="payment_kind_known"),
            models.CheckConstraint(
                condition=Q(dispute_status__in=["none", "open", "won", "lost"]), name="payment_dispute_status_known"
            ),
            models.CheckConstraint(condition=~Q(source_key=""), name="payment_source_given"),
            models.CheckConstraint(
                condition=Q(amount__gte=0, amount_refunded__gte=0, amount_disputed__gte=0),
                name="payment_amounts_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(amount_refunded__lte=F("amount")), name="payment_refunded_within_amount"
            ),
            models.CheckConstraint(
                condition=Q(credits_taken_back=0) | Q(credits_taken_back__gt=0, credits_taken_back__lte=F("credits")),
                name="payment_taken_back_within_credits",
            ),
            models.CheckConstraint(condition=Q(currency__regex=CURRENCY_PATTERN), name="payment_currency_lower_case"),
            models.CheckConstraint(
                condition=Q(credits__lte=0) | Q(grant_entry__isnull=False), name="payment_credits_granted"
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "-paid_at"], name="payment_of_workspace"),
            models.Index(
                fields=["stripe_subscription_id", "-paid_at"],
                name="payment_of_subscription",
                condition=~Q(stripe_subscription_id=""),
            ),
        ]

    def __str__(self) -> str:
        return self.source_key
