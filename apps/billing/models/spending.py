"""What customers allow: how much may be spent, what is bought by itself, what may be paid afterwards."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Workspace
from apps.billing.models.credits import LedgerEntry
from apps.billing.models.sales import CURRENCY_PATTERN
from apps.core.ids import uuid7


class SpendingRules(models.Model):
    """The rules of one workspace, set by those who run it. Without a row nothing is bought and nothing is capped.

    Its row is the lock under which overage and top-ups are counted; it is taken before the credit account.
    """

    app_role_privileges = "SELECT, INSERT, UPDATE"

    workspace = models.OneToOneField(
        Workspace, on_delete=models.PROTECT, primary_key=True, related_name="spending_rules"
    )
    # Credits that may be spent in a calendar month (UTC), whatever the balance is.
    monthly_cap_credits = models.BigIntegerField(_("monthly spend cap"), null=True, blank=True)
    # Credits beyond the balance that may be used in a billing period, if the plan sells overage; 0 is none.
    overage_cap_credits = models.BigIntegerField(_("overage cap"), default=0)
    # The subscription and plan that Stripe meters overage for, for example "sub_1:pro"; empty until Stripe does.
    overage_metered_for = models.CharField(_("overage is metered for"), max_length=300, blank=True, db_default="")
    tops_up = models.BooleanField(_("auto top-up"), default=False)
    top_up_pack = models.CharField(_("pack to buy"), max_length=40, blank=True)
    top_up_threshold_credits = models.BigIntegerField(_("top up below"), default=0)
    # Money in minor units that top-ups may cost in a calendar month (UTC).
    top_up_monthly_cap_amount = models.BigIntegerField(_("monthly cap of top-ups"), default=0)
    # Why top-ups stand still, as a code; empty while they work.
    top_up_paused_reason = models.CharField(_("paused because"), max_length=40, blank=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        verbose_name = _("spending rules")
        verbose_name_plural = _("spending rules")
        constraints = [
            models.CheckConstraint(
                condition=Q(monthly_cap_credits__isnull=True) | Q(monthly_cap_credits__gte=0),
                name="spending_cap_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(
                    overage_cap_credits__gte=0, top_up_threshold_credits__gte=0, top_up_monthly_cap_amount__gte=0
                ),
                name="spending_amounts_not_negative",
            ),
            models.CheckConstraint(condition=Q(tops_up=False) | ~Q(top_up_pack=""), name="spending_top_up_has_pack"),
        ]

    def __str__(self) -> str:
        return str(self.workspace_id)


class TopUp(models.Model):
    """One purchase that was made because the balance ran low. At most one is under way in a workspace."""

    app_role_privileges = "SELECT, INSERT, UPDATE"

    class Status(models.TextChoices):
        PENDING = "pending", _("Pending")
        SUCCEEDED = "succeeded", _("Succeeded")
        FAILED = "failed", _("Failed")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="top_ups", db_index=False)
    pack = models.CharField(_("pack"), max_length=40)
    price_amount = models.BigIntegerField(_("price"))
    currency = models.CharField(_("currency"), max_length=3)
    credits = models.BigIntegerField(_("credits"))
    status = models.CharField(_("status"), max_length=9, choices=Status, default=Status.PENDING)
    # The card, chosen once: a request that is repeated under its key has to be the same.
    payment_method = models.CharField(_("Stripe's id of the card"), max_length=255, blank=True, db_default="")
    stripe_payment_intent_id = models.CharField(
        _("Stripe's id of the payment"), max_length=255, null=True, blank=True, unique=True
    )
    error = models.CharField(_("why it failed"), max_length=250, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("top-up")
        verbose_name_plural = _("top-ups")
        constraints = [
            models.UniqueConstraint(fields=["workspace"], name="top_up_one_pending", condition=Q(status="pending")),
            models.CheckConstraint(
                condition=Q(status__in=["pending", "succeeded", "failed"]), name="top_up_status_known"
            ),
            models.CheckConstraint(condition=Q(price_amount__gt=0, credits__gt=0), name="top_up_amounts_positive"),
            models.CheckConstraint(condition=Q(currency__regex=CURRENCY_PATTERN), name="top_up_currency_lower_case"),
            models.CheckConstraint(
                condition=Q(status="pending", ended_at__isnull=True)
                | (~Q(status="pending") & Q(ended_at__isnull=False)),
                name="top_up_ended_unless_pending",
            ),
        ]
        indexes = [models.Index(fields=["workspace", "created_at"], name="top_up_of_workspace")]

    def __str__(self) -> str:
        return f"{self.pack} ({self.status})"


class OverageReport(models.Model):
    """Credits used beyond the balance: granted at once, told to Stripe's meter once, invoiced at the period's end.

    The ledger entry of the grant names the report to Stripe, so a repeated report is the same one.
    """

    app_role_privileges = "SELECT, INSERT, UPDATE"

    entry = models.OneToOneField(LedgerEntry, on_delete=models.PROTECT, primary_key=True, related_name="overage_report")
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="overage_reports", db_index=False)
    stripe_subscription_id = models.CharField(_("Stripe's id of the subscription"), max_length=255)
    # The billing period that it counts in, by its start, whatever clock the entry was made by.
    period_start = models.DateTimeField(_("period start"))
    credits = models.BigIntegerField(_("credits"))
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    reported_at = models.DateTimeField(_("reported at"), null=True, blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    error = models.CharField(_("last error"), max_length=250, blank=True)

    class Meta:
        verbose_name = _("overage report")
        verbose_name_plural = _("overage reports")
        constraints = [
            models.CheckConstraint(condition=Q(credits__gt=0), name="overage_credits_positive"),
            models.CheckConstraint(
                condition=Q(reported_at__isnull=True) | Q(reported_at__gte=F("created_at")),
                name="overage_reported_later",
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "created_at"], name="overage_of_workspace"),
            models.Index(fields=["created_at"], name="overage_unreported", condition=Q(reported_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.credits} ({self.entry_id})"
