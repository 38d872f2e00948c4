"""The form of a new API key."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.scopes import (
    BILLING_READ,
    GENERATIONS_READ,
    GENERATIONS_WRITE,
    REQUESTS_PER_MINUTE_DEFAULT,
    REQUESTS_PER_MINUTE_MAX,
    SCOPES,
)
from apps.core.ids import uuid7

NEVER = "never"
# Far above any balance, and within what the database can hold.
BUDGET_CREDITS_MAX = 10**12
LIFETIMES_DAYS = [("30", _("30 days")), ("90", _("90 days")), ("365", _("1 year")), (NEVER, _("Never"))]


class ApiKeyForm(forms.Form):
    """Name, scopes, lifetime, limit and budget. The hidden key makes of a form that is sent twice one API key."""

    name = forms.CharField(
        label=_("Name"), max_length=100, help_text=_("What the key is for, so that you know it again: “Our website”.")
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"),
        choices=list(SCOPES.items()),
        initial=[GENERATIONS_READ, GENERATIONS_WRITE, BILLING_READ],
        widget=forms.CheckboxSelectMultiple,
    )
    lifetime = forms.ChoiceField(label=_("Expires after"), choices=LIFETIMES_DAYS, initial="90")
    requests_per_minute = forms.IntegerField(
        label=_("Requests per minute"),
        min_value=1,
        max_value=REQUESTS_PER_MINUTE_MAX,
        initial=REQUESTS_PER_MINUTE_DEFAULT,
        help_text=_("More are refused until the minute is over. Your plan's limits hold beside it."),
    )
    budget_credits = forms.IntegerField(
        label=_("Credits per month"),
        min_value=1,
        max_value=BUDGET_CREDITS_MAX,
        required=False,
        help_text=_("What its runs may use in a month (UTC) at most. Leave it empty for as much as there is."),
    )
    idempotency_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid7)

    def wanted(self) -> dict[str, Any]:
        """Return what a valid form asks for, as `api_keys.create_key` takes it."""
        given = self.cleaned_data
        return {
            "name": given["name"],
            "scopes": given["scopes"],
            "requests_per_minute": given["requests_per_minute"],
            "budget_credits": given["budget_credits"],
            "idempotency_key": str(given["idempotency_key"]),
            "expires_at": _expiry(given["lifetime"]),
        }


def _expiry(lifetime: str) -> datetime | None:
    return None if lifetime == NEVER else timezone.now() + timedelta(days=int(lifetime))
