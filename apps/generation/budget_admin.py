"""Budgets in the admin: what providers may charge, in dollars, and how much of it is used now."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts.models import User
from apps.billing.money import format_money
from apps.core.admin import ModelAdmin
from apps.generation import budget_slices, budget_use
from apps.generation.models import Budget
from apps.generation.quota_words import USD_MICROS_PER_CENT
from apps.generation.settling import FEATURE

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Budget]
else:
    ModelForm = forms.ModelForm

USD_MICROS = 1_000_000
AMOUNT_MAX = 10_000_000


class BudgetForm(ModelForm):
    """A budget as staff write it: dollars, and a person by their address."""

    amount = forms.DecimalField(
        label=gettext_lazy("amount in dollars"), min_value=0, max_value=AMOUNT_MAX, max_digits=10, decimal_places=2
    )

    class Meta:
        model = Budget
        fields = ["scope", "subject", "period"]
        help_texts = {
            "subject": gettext_lazy(
                "The address of a person; without one, each person who has no budget of their own. The name of the"
                " feature. Empty for everybody together."
            ),
            "period": gettext_lazy("Everybody together and features have budgets of a day."),
        }

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        if self.instance.pk:
            self.initial["amount"] = Decimal(self.instance.amount_usd_micros) / USD_MICROS

    def clean(self) -> dict[str, Any] | None:
        """Bring the subject into the form in which it is kept, and refuse what the table cannot hold."""
        given = super().clean() or self.cleaned_data
        scope = given.get("scope")
        if scope and "subject" in given:
            given["subject"] = self._subject(scope, given["subject"].strip())
        if scope != Budget.Scope.USER and given.get("period") == Budget.Period.MONTH:
            self.add_error("period", _("Only a person has a budget of a month."))
        if "amount" in given:
            self.instance.amount_usd_micros = int(given["amount"] * USD_MICROS)
        return given

    def _subject(self, scope: str, named: str) -> str:
        if scope == Budget.Scope.ALL:
            return ""
        if scope == Budget.Scope.FEATURE:
            if named != FEATURE:
                self.add_error("subject", _("The only feature so far is “%(name)s”.") % {"name": FEATURE})
            return named
        if not named or named.isdecimal():
            return named
        person = User.objects.filter(email__iexact=named).values_list("pk", flat=True).first()
        if person is None:
            self.add_error("subject", _("Nobody has this address."))
        return str(person or named)


@admin.register(Budget)
class BudgetAdmin(ModelAdmin):
    """What providers may charge in a day or a month; a change holds from the next start on."""

    form = BudgetForm
    list_display = ["shown_scope", "shown_subject", "period", "amount", "used"]
    list_filter = ["scope", "period"]
    ordering = ["scope", "subject", "period"]
    fields = ["scope", "subject", "period", "amount"]

    def save_model(self, request: HttpRequest, obj: Budget, form: Any, change: bool) -> None:
        """Keep the budget, and take back what was leased of it, so that another amount holds at once."""
        super().save_model(request, obj, form, change)
        budget_slices.shrink(obj)

    @admin.display(description=gettext_lazy("of"), ordering="scope")
    def shown_scope(self, budget: Budget) -> str:
        """Return whose budget it is."""
        return budget.get_scope_display()

    @admin.display(description=gettext_lazy("which one"), ordering="subject")
    def shown_subject(self, budget: Budget) -> str:
        """Return the feature, or the person by the number under which the log knows them."""
        if budget.scope != Budget.Scope.USER:
            return budget.subject or "-"
        return f"user:{budget.subject}" if budget.subject else _("each person")

    @admin.display(description=gettext_lazy("amount"), ordering="amount_usd_micros")
    def amount(self, budget: Budget) -> str:
        """Return the amount as money."""
        return _dollars(budget.amount_usd_micros)

    @admin.display(description=gettext_lazy("used now"))
    def used(self, budget: Budget) -> str:
        """Return what is used of it, with what runs have reserved."""
        now = timezone.now()
        if budget.scope != Budget.Scope.USER:
            return _dollars(budget_use.of_shared(budget, day=budget_use.day_of(now)).used)
        if not budget.subject:
            return "-"
        return _dollars(budget_use.of_person(int(budget.subject), period=budget.period, at=now))


def _dollars(usd_micros: int) -> str:
    return format_money(-(-usd_micros // USD_MICROS_PER_CENT), "usd")
