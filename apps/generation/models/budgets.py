"""What the deployment itself allows providers to charge: budgets, and the slices of them that workspaces lease."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Workspace

SUBJECT_LENGTH_MAX = 64


class Budget(models.Model):
    """How many dollars of provider cost a day or a month (UTC) has room for: of all, of a feature, or of a person.

    `subject` names the feature, or the person by their id; a person's budget without one is that of each person who
    has none of their own. No row, no budget. Staff write them in the admin.
    """

    class Scope(models.TextChoices):
        ALL = "all", _("Everybody together")
        FEATURE = "feature", _("One feature")
        USER = "user", _("One person")

    class Period(models.TextChoices):
        DAY = "day", _("Day (UTC)")
        MONTH = "month", _("Month (UTC)")

    scope = models.CharField(_("of"), max_length=7, choices=Scope)
    subject = models.CharField(_("which one"), max_length=SUBJECT_LENGTH_MAX, blank=True)
    period = models.CharField(_("for each"), max_length=5, choices=Period, default=Period.DAY)
    amount_usd_micros = models.PositiveBigIntegerField(_("amount in USD micros"))
    updated_at = models.DateTimeField(_("changed at"), auto_now=True)

    class Meta:
        verbose_name = _("budget")
        verbose_name_plural = _("budgets")
        constraints = [
            models.UniqueConstraint(fields=["scope", "subject", "period"], name="budget_once"),
            models.CheckConstraint(condition=Q(scope__in=["all", "feature", "user"]), name="budget_scope_known"),
            models.CheckConstraint(condition=Q(period__in=["day", "month"]), name="budget_period_known"),
            models.CheckConstraint(condition=Q(scope="user") | Q(period="day"), name="budget_of_a_month_is_a_persons"),
            models.CheckConstraint(
                condition=Q(scope="all", subject="") | Q(scope="user") | (Q(scope="feature") & ~Q(subject="")),
                name="budget_subject_fits_scope",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.subject} {self.period}".replace("  ", " ")


class BudgetSlice(models.Model):
    """What a workspace may use of a budget that all customers share, in one period.

    The slices of a budget and period are never more than the budget, and no workspace starts beyond its own. So a start
    locks a row of its workspace alone, and the shared row of the budget is locked only while a slice is leased.
    """

    budget = models.ForeignKey(Budget, on_delete=models.CASCADE, related_name="slices", db_index=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+")
    period_start = models.DateField(_("first day"))
    leased_usd_micros = models.PositiveBigIntegerField(_("leased, in USD micros"))

    class Meta:
        verbose_name = _("slice of a budget")
        verbose_name_plural = _("slices of budgets")
        constraints = [
            models.UniqueConstraint(fields=["budget", "period_start", "workspace"], name="budget_slice_once"),
        ]

    def __str__(self) -> str:
        return f"{self.workspace_id} {self.period_start}: {self.leased_usd_micros}"
