"""allauth's forms in our words. Sign-up makes user, address, workspace and membership together or not at all."""

from typing import Any

from allauth.account import forms as allauth_forms
from allauth.core import context as allauth_context
from allauth.socialaccount import forms as social_forms
from django import forms
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import MinimumLengthValidator, get_default_password_validators
from django.db import IntegrityError
from django.http import HttpRequest
from django.utils.translation import gettext as _

from apps.accounts import consent, services, sign_up
from apps.accounts.models import User
from apps.accounts.time_zones import UTC, time_zone_or_utc
from apps.core.db import system_scope


class PlainFieldsMixin:
    """Names each field once, in its label, and asks for a new password once: it can be shown before it is sent."""

    fields: dict[str, forms.Field]
    # A page with nothing but this form lets people type at once.
    is_alone = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("password2", None)
        labels = {
            "email": _("E-mail address"),
            "login": _("E-mail address"),
            "password": _("Password"),
            "oldpassword": _("Current password"),
            "password1": _("New password"),
        }
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = labels.get(name, field.label)
        for name in self.fields.keys() & {"password", "oldpassword"}:
            # Each page has its own link to the way out.
            self.fields[name].help_text = ""
        if "password1" in self.fields:
            _describe_new_password(self.fields["password1"])
        if self.is_alone:
            next(iter(self.fields.values())).widget.attrs["autofocus"] = True


class InvitedMixin:
    """Takes no other address than the invited one, where an account needs an invitation."""

    def clean_email(self) -> str:
        """Return the address. Raises ValidationError for one that is not invited: the answer says nothing about it."""
        email: str = super().clean_email()  # type: ignore[misc]
        if not sign_up.admits(allauth_context.request, email=email):
            raise forms.ValidationError(_("Your invitation is for another address. Use the one that it was sent to."))
        return email


class SignUpForm(InvitedMixin, PlainFieldsMixin, allauth_forms.SignupForm):  # type: ignore[misc]
    """allauth's form, in one transaction that also makes the personal workspace."""

    # Filled by the browser. Whatever it says, signing up does not fail over it: no validator, no error.
    time_zone = forms.Field(
        required=False, widget=forms.HiddenInput(attrs={"data-time-zone": "", "autocomplete": "off"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].label = _("Password")

    def clean_time_zone(self) -> str:
        """Return the zone that the browser is in, as far as we know it."""
        return time_zone_or_utc(self.cleaned_data["time_zone"] or UTC)

    def try_save(self, request: HttpRequest) -> tuple[User | None, Any]:
        """Save the user, or answer as if it had been saved when the address is taken (nobody learns who is here)."""
        try:
            user, response = super().try_save(request)
        except IntegrityError:
            # Two sign-ups with one address at once: the second lost, after the form had found the address free.
            self.account_already_exists = True
            user, response = super().try_save(request)
        else:
            if user is None:
                # As long as for a newcomer: the time of an answer tells nobody who is here.
                make_password(self.cleaned_data["password1"])
        return user, response

    def save(self, request: HttpRequest) -> User:
        """Save user, address, workspace and membership, all or none. Raises SignUpClosedError."""
        with system_scope():
            sign_up.require_admitted(request, email=self.cleaned_data["email"])
            user: User = super().save(request)
            services.create_personal_workspace(user=user)
            services.save_preferences(user=user, time_zone=self.cleaned_data["time_zone"])
            # The sentence beside the button says so (templates/account/signup.html).
            consent.give(user=user)
            sign_up.complete(request, user=user)
        return user


class LoginForm(PlainFieldsMixin, allauth_forms.LoginForm):  # type: ignore[misc]
    """E-mail address and password."""


class SocialSignUpForm(InvitedMixin, PlainFieldsMixin, social_forms.SignupForm):  # type: ignore[misc]
    """The address of somebody whose account elsewhere does not tell it."""


class RequestLoginCodeForm(PlainFieldsMixin, allauth_forms.RequestLoginCodeForm):  # type: ignore[misc]
    """Where to send a code to log in with."""


class ConfirmLoginCodeForm(PlainFieldsMixin, allauth_forms.ConfirmLoginCodeForm):  # type: ignore[misc]
    """That code."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        code = self.fields["code"]
        code.widget.attrs |= {"class": "code-input", "autocapitalize": "characters", "spellcheck": "false"}


class ResetPasswordForm(PlainFieldsMixin, allauth_forms.ResetPasswordForm):  # type: ignore[misc]
    """Where to send the link for a new password."""


class ResetPasswordKeyForm(PlainFieldsMixin, allauth_forms.ResetPasswordKeyForm):  # type: ignore[misc]
    """The new password of somebody who followed that link."""


class ChangePasswordForm(PlainFieldsMixin, allauth_forms.ChangePasswordForm):  # type: ignore[misc]
    """The password of today, and the next one."""

    is_alone = False


class SetPasswordForm(PlainFieldsMixin, allauth_forms.SetPasswordForm):  # type: ignore[misc]
    """The first password of somebody who came without one."""

    is_alone = False


class AddEmailForm(PlainFieldsMixin, allauth_forms.AddEmailForm):  # type: ignore[misc]
    """The address to change to."""

    is_alone = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("New e-mail address")


class ReauthenticateForm(PlainFieldsMixin, allauth_forms.ReauthenticateForm):  # type: ignore[misc]
    """The password once more."""


def _describe_new_password(field: forms.Field) -> None:
    lengths = [one.min_length for one in get_default_password_validators() if isinstance(one, MinimumLengthValidator)]
    length_min = max(lengths, default=1)
    field.help_text = _("At least %(length)d characters. A few random words are hard to guess and easy to keep.") % {
        "length": length_min
    }
    field.widget.attrs["data-length-min"] = str(length_min)
