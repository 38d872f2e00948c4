"""What customers cost and bring: rollups of usage, credits and payments, written by a job alone (rolling_up.py).

Costs and revenue are micros of US dollars. Days and months are UTC; a month is named by its first day. What each
figure means is said in figures.py.
"""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Workspace
from apps.generation.models import PromptTemplateVersion

MODEL_LENGTH_MAX = 128
# Added up from usage records.
USAGE_COLUMNS = (
    "records",
    "input_tokens",
    "output_tokens",
    "charged_credits",
    "cost_usd_micros",
    "failed_records",
    "failed_cost_usd_micros",
)
# Added up from what the ledger says of the credits that paid for them.
FREE_COLUMNS = ("free_credits", "free_cost_usd_micros")
COLUMNS = (*USAGE_COLUMNS, *FREE_COLUMNS)
# By which a table of a month is sorted: each has its index.
SORTED = (
    "tokens",
    "cost_usd_micros",
    "revenue_usd_micros",
    "margin_usd_micros",
    "failed_cost_usd_micros",
    "free_cost_usd_micros",
)


class Costs(models.Model):
    """What every rollup here adds up."""

    records = models.BigIntegerField(_("calls"), default=0, db_default=0)
    input_tokens = models.BigIntegerField(_("input tokens"), default=0, db_default=0)
    output_tokens = models.BigIntegerField(_("output tokens"), default=0, db_default=0)
    charged_credits = models.BigIntegerField(_("charged credits"), default=0, db_default=0)
    cost_usd_micros = models.BigIntegerField(_("cost in USD micros"), default=0, db_default=0)
    failed_records = models.BigIntegerField(_("failed calls"), default=0, db_default=0)
    failed_cost_usd_micros = models.BigIntegerField(_("failed: cost in USD micros"), default=0, db_default=0)
    free_credits = models.BigIntegerField(_("free credits"), default=0, db_default=0)
    free_cost_usd_micros = models.BigIntegerField(_("free: cost in USD micros"), default=0, db_default=0)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(**{f"{column}__gte": 0 for column in COLUMNS}), name="%(class)s_costs_not_negative"
            ),
        ]


class DailyCost(Costs):
    """What one workspace's usage cost on a day, by who ran it, which version of a template, and the model asked.

    User and version are the generation's; usage of something else has neither.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)
    day = models.DateField(_("day"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    version = models.ForeignKey(
        PromptTemplateVersion, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    model = models.CharField(_("model"), max_length=MODEL_LENGTH_MAX)

    class Meta(Costs.Meta):
        verbose_name = _("daily cost")
        verbose_name_plural = _("daily costs")
        constraints = [
            *Costs.Meta.constraints,
            models.UniqueConstraint(
                fields=["workspace", "day", "user", "version", "model"], name="daily_cost_once", nulls_distinct=False
            ),
        ]
        indexes = [
            models.Index(fields=["day"], name="daily_cost_day"),
            models.Index(fields=["user", "day"], name="daily_cost_of_user"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.model}: {self.cost_usd_micros}"


class VersionCost(Costs):
    """What a version of a template and a model cost on a day, over all customers."""

    day = models.DateField(_("day"))
    version = models.ForeignKey(
        PromptTemplateVersion, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    model = models.CharField(_("model"), max_length=MODEL_LENGTH_MAX)

    class Meta(Costs.Meta):
        verbose_name = _("cost of a template version")
        verbose_name_plural = _("costs of template versions")
        constraints = [
            *Costs.Meta.constraints,
            models.UniqueConstraint(fields=["day", "version", "model"], name="version_cost_once", nulls_distinct=False),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.model}: {self.cost_usd_micros}"


class MonthlyCosts(Costs):
    """What a table of a month is sorted by."""

    month = models.DateField(_("month"))
    revenue_usd_micros = models.BigIntegerField(_("revenue in USD micros"), default=0, db_default=0)
    tokens = models.GeneratedField(
        expression=F("input_tokens") + F("output_tokens"), output_field=models.BigIntegerField(), db_persist=True
    )
    margin_usd_micros = models.GeneratedField(
        expression=F("revenue_usd_micros") - F("cost_usd_micros"),
        output_field=models.BigIntegerField(),
        db_persist=True,
    )

    class Meta(Costs.Meta):
        abstract = True


def _indexes(prefix: str) -> list[Any]:
    of_columns = [
        models.Index(fields=["month", column, "id"], name=f"{prefix}_by_{column.removesuffix('_usd_micros')}")
        for column in SORTED
    ]
    paid = models.Index(fields=["month"], name=f"{prefix}_paid", condition=~Q(revenue_usd_micros=0))
    return [*of_columns, paid]


class WorkspaceMonth(MonthlyCosts):
    """What a workspace cost and brought in a month."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta(MonthlyCosts.Meta):
        abstract = False
        verbose_name = _("costs of a workspace")
        verbose_name_plural = _("costs of workspaces")
        constraints = [
            *MonthlyCosts.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "month"], name="workspace_month_once"),
        ]
        indexes = _indexes("workspace_month")

    def __str__(self) -> str:
        return f"{self.month}: {self.margin_usd_micros}"


class UserMonth(MonthlyCosts):
    """What a person's own usage cost in a month, and what the workspaces brought that they own."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)

    class Meta(MonthlyCosts.Meta):
        abstract = False
        verbose_name = _("costs of a user")
        verbose_name_plural = _("costs of users")
        constraints = [
            *MonthlyCosts.Meta.constraints,
            models.UniqueConstraint(fields=["user", "month"], name="user_month_once"),
        ]
        indexes = _indexes("user_month")

    def __str__(self) -> str:
        return f"{self.month}: {self.margin_usd_micros}"


class MonthRevenue(models.Model):
    """What all workspaces together brought in a month: its sum, so that no page adds them up."""

    month = models.DateField(_("month"), primary_key=True)
    revenue_usd_micros = models.BigIntegerField(_("revenue in USD micros"))

    class Meta:
        verbose_name = _("revenue of a month")
        verbose_name_plural = _("revenue of months")

    def __str__(self) -> str:
        return f"{self.month}: {self.revenue_usd_micros}"


class CreditReading(models.Model):
    """How far the ledger of a workspace was read, and what was left of each grant at that entry.

    `grants` holds those with credits left, in the order in which they are spent: id, expiry or null, whether somebody
    paid for them, and what is left.
    """

    workspace = models.OneToOneField(Workspace, on_delete=models.PROTECT, primary_key=True, related_name="+")
    position = models.BigIntegerField(_("position"))
    balance = models.BigIntegerField(_("balance"))
    grants = models.JSONField(_("grants"), default=list)

    class Meta:
        verbose_name = _("credit reading")
        verbose_name_plural = _("credit readings")

    def __str__(self) -> str:
        return f"{self.workspace_id}: {self.position}"


class CostProgress(models.Model):
    """Up to when usage and ledger are rolled up: one row, whose lock is held by whoever rolls up."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    read_until = models.DateTimeField(_("read until"), null=True)

    class Meta:
        verbose_name = _("progress of costs")
        verbose_name_plural = _("progress of costs")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="cost_progress_one_row")]

    def __str__(self) -> str:
        return f"{self.read_until}"
