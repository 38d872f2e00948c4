"""Forms of the counting house's staff."""

import uuid

from django import forms
from django.utils.translation import gettext_lazy as _

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
