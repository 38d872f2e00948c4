"""The form of the waitlist, and the one with which staff invite from it."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.accounts.waitlist import INVITED_AT_ONCE_MAX


class WaitlistForm(forms.Form):
    """An address. People never see `website`."""

    email = forms.EmailField(
        label=_("E-mail address"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
    website = forms.CharField(label=_("Leave this empty"), required=False)

    @property
    def is_from_a_machine(self) -> bool:
        """Whether the field was filled in that no person can see."""
        return bool(self.cleaned_data["website"])


class InvitingForm(forms.Form):
    """Whom to invite: so many of those who have waited longest, or one address. The hidden field makes it once."""

    count = forms.IntegerField(
        label=_("The next"),
        min_value=1,
        max_value=INVITED_AT_ONCE_MAX,
        required=False,
        help_text=_("Of those who have confirmed their address, who has waited longest comes first."),
    )
    email = forms.EmailField(
        label=_("Or this address"),
        max_length=254,
        required=False,
        help_text=_("It need not be on the list."),
        widget=forms.EmailInput(attrs={"size": 40, "autocomplete": "off"}),
    )
    invited_before = forms.IntegerField(widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """Return what was asked for. Raises ValidationError unless it is exactly one of the two."""
        given: dict[str, Any] = super().clean() or {}
        if not self.errors and bool(given.get("count")) == bool(given.get("email")):
            raise forms.ValidationError(_("Give a number or an address."))
        return given
