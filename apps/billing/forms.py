"""Forms of the counting house's staff."""

import uuid
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.billing import money
from apps.billing.ledger import AMOUNT_CREDITS_MAX


class AdjustmentForm(forms.Form):
    """A correction of a balance. The hidden key makes a form that is sent twice count once."""

    amount = forms.IntegerField(
        label=_("Credits"),
        help_text=_("Positive adds, negative takes."),
        min_value=-AMOUNT_CREDITS_MAX,
        max_value=AMOUNT_CREDITS_MAX,
    )
    reason = forms.CharField(label=_("Reason"), max_length=500, help_text=_("The customer reads this, too."))
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    def clean_amount(self) -> int:
        """Refuse zero: it would say nothing."""
        amount: int = self.cleaned_data["amount"]
        if amount == 0:
            raise forms.ValidationError(_("Enter a number other than zero."))
        return amount


class RefundForm(forms.Form):
    """How much of a payment is returned, in its currency, and why; `cleaned_data` has it in minor units, too."""

    amount = forms.DecimalField(label=_("Amount"), widget=forms.TextInput(attrs={"inputmode": "decimal"}))
    reason = forms.CharField(label=_("Reason"), max_length=500, help_text=_("For the audit log, and for Stripe."))
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    def __init__(self, data: Any = None, *, currency: str, rest: int) -> None:
        places = money.decimals(currency)
        super().__init__(data, initial={"amount": f"{Decimal(rest).scaleb(-places):f}"})
        self._rest, self._currency, self._places = rest, currency, places
        self.fields["amount"].help_text = _("In %(currency)s, at most %(rest)s.") % {
            "currency": currency.upper(),
            "rest": money.format_money(rest, currency),
        }

    def clean_amount(self) -> Decimal:
        """Refuse what is no amount of the currency, or more than is left."""
        amount: Decimal = self.cleaned_data["amount"]
        minor_units = amount.scaleb(self._places)
        if minor_units != minor_units.to_integral_value() or minor_units <= 0:
            raise forms.ValidationError(_("Enter an amount of this currency, for example 5."))
        if minor_units > self._rest:
            raise forms.ValidationError(
                _("At most %(rest)s is left."), params={"rest": money.format_money(self._rest, self._currency)}
            )
        self.cleaned_data["minor_units"] = int(minor_units)
        return amount
