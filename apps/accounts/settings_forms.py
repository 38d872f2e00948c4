"""The forms of the settings: each changes one thing and keeps what was typed when it is refused."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User, Workspace
from apps.accounts.time_zones import list_time_zones

if TYPE_CHECKING:
    UserForm = forms.ModelForm[User]
    WorkspaceModelForm = forms.ModelForm[Workspace]
else:
    UserForm = WorkspaceModelForm = forms.ModelForm


class ProfileForm(UserForm):
    """What the person is called."""

    class Meta:
        model = User
        fields = ["name"]
        labels = {"name": _("Your name")}
        help_texts = {"name": _("Shown to you, and to others when you share a workspace.")}
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "name"})}


class WorkspaceForm(WorkspaceModelForm):
    """What the workspace is called."""

    class Meta:
        model = Workspace
        fields = ["name"]
        labels = {"name": _("Workspace name")}
        help_texts = {"name": _("Your generations, credits and usage belong to this workspace.")}
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "organization"})}


class TimeZoneForm(UserForm):
    """In which zone the person reads times."""

    class Meta:
        model = User
        fields = ["time_zone"]
        help_texts = {"time_zone": _("Every time you see is shown in this zone. Daily usage is counted in UTC.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = list_time_zones()
        # A browser may have named a zone by one of its older names.
        current = () if self.instance.time_zone in names else (self.instance.time_zone,)
        widget = forms.Select(choices=[(name, name.replace("_", " ")) for name in (*current, *names)])
        self.fields["time_zone"].widget = widget


class AccountDeletionForm(forms.Form):
    """The person's own address, typed to be sure."""

    address = forms.CharField(
        label=_("Type your e-mail address"),
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "off", "id": "id_typed_address", "inputmode": "email"}),
    )


class NotificationsForm(UserForm):
    """Which mails the person wants."""

    class Meta:
        model = User
        fields = ["wants_low_balance_mail", "wants_usage_summary_mail"]
        labels = {
            "wants_low_balance_mail": _("Tell me when my credits run low"),
            "wants_usage_summary_mail": _("Tell me each month what was used"),
        }
        help_texts = {
            "wants_low_balance_mail": _("One mail when few credits are left, and none again until there were more."),
            "wants_usage_summary_mail": _("One mail after a month with usage, for each workspace that you run."),
        }
