"""The form of a workspace's retention policy."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from apps.generation.models import RetentionPolicy


class RetentionForm(forms.Form):
    """What becomes of texts, after how many days; what erases them is confirmed."""

    action = forms.ChoiceField(
        label=_("What becomes of older texts"), choices=RetentionPolicy.Action.choices, widget=forms.RadioSelect
    )
    days = forms.IntegerField(
        label=_("After how many days"),
        min_value=RetentionPolicy.DAYS_MIN,
        max_value=RetentionPolicy.DAYS_MAX,
        help_text=_("Counted from the day on which a text was asked for. Kept texts need no number of days."),
    )
    is_confirmed = forms.BooleanField(label=_("I understand that these texts cannot be brought back."), required=False)

    def clean(self) -> dict[str, Any]:
        """Ask for the confirmation of what erases."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        erases = cleaned.get("action") in {RetentionPolicy.Action.HASH, RetentionPolicy.Action.DELETE}
        if erases and not cleaned.get("is_confirmed"):
            self.add_error("is_confirmed", ValidationError(_("Confirm this to go on."), code="required"))
        return cleaned
