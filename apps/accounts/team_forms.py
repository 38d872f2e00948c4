"""The forms of a team: who is invited as what, what somebody may use, and what becomes of the workspace."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Membership, Workspace
from apps.accounts.permissions import DESCRIPTIONS, Permission, Role

CREDITS_MAX = 10**12
INVITABLE = [Role.MEMBER, Role.ADMIN, Role.BILLING]


class InvitationForm(forms.Form):
    """Whom to invite, and as what."""

    email = forms.EmailField(
        label=_("E-mail address"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    role = forms.ChoiceField(label=_("Role"), choices=[(role.value, role.label) for role in INVITABLE])


class RoleForm(forms.Form):
    """What a member is from now on; only an owner makes owners."""

    role = forms.ChoiceField(label=_("Role"))

    def __init__(self, data: Any = None, *, actor: Membership, member: Membership | None = None) -> None:
        roles = list(Role) if actor.may(Permission.TRANSFER) else INVITABLE
        super().__init__(data, initial={"role": member.role} if member else {}, prefix=None)
        self.fields["role"] = forms.ChoiceField(label=_("Role"), choices=[(role.value, role.label) for role in roles])
        if member is not None:
            self.fields["role"].widget.attrs["id"] = f"id_role_{member.pk}"


class AllowanceForm(forms.Form):
    """What a member may use in a month, and in a day."""

    credits = forms.IntegerField(
        label=_("Monthly allowance, in credits"),
        help_text=_("Leave it empty for no limit. It starts anew on the first of each month (UTC)."),
        required=False,
        min_value=0,
        max_value=CREDITS_MAX,
    )

    daily_credits = forms.IntegerField(
        label=_("Daily allowance, in credits"),
        help_text=_("Leave it empty for no limit. It starts anew at midnight (UTC)."),
        required=False,
        min_value=0,
        max_value=CREDITS_MAX,
    )

    def __init__(self, data: Any = None, *, member: Membership | None = None) -> None:
        set_now = (
            {"credits": member.allowance_credits, "daily_credits": member.daily_allowance_credits} if member else {}
        )
        super().__init__(data, initial=set_now)
        if member is not None:
            for name, field in self.fields.items():
                field.widget.attrs["id"] = f"id_{name}_{member.pk}"


class TeamForm(forms.Form):
    """What a new team is called."""

    name = forms.CharField(
        label=_("Team name"),
        max_length=Workspace._meta.get_field("name").max_length,
        help_text=_("Credits, plan and generations of its own. You can invite people once its plan has seats."),
        widget=forms.TextInput(attrs={"autocomplete": "organization", "id": "id_team_name"}),
    )


class HandOverForm(forms.Form):
    """Who owns the workspace from now on."""

    member = forms.TypedChoiceField(label=_("New owner"), coerce=int)

    def __init__(self, data: Any = None, *, others: list[Membership]) -> None:
        super().__init__(data)
        choices = [(other.pk, _named(other)) for other in others]
        self.fields["member"] = forms.TypedChoiceField(label=_("New owner"), coerce=int, choices=choices)


class DeletionForm(forms.Form):
    """The name of the workspace, typed to be sure."""

    name = forms.CharField(
        label=_("Type the name of the workspace"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "id": "id_typed_name"}),
    )


def describe_roles() -> list[tuple[str, str]]:
    """Return each role's name and what it means."""
    return [(str(role.label), str(DESCRIPTIONS[role])) for role in Role]


def _named(membership: Membership) -> str:
    person = membership.user
    return f"{person.name} ({person.email})" if person.name else person.email
