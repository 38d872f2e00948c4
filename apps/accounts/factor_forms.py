"""allauth's forms of the second factor in our words; a code of an app counts once, a passkey always proves a person."""

import struct
from collections.abc import Callable
from typing import Any

from allauth.mfa import app_settings
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as base_forms
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import forms as app_forms
from allauth.mfa.webauthn import forms as passkey_forms
from django import forms
from django.core.cache import cache
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from apps.accounts.factor_adapter import PASSKEY_NAME_LENGTH_MAX

# How long a code may still be accepted after it was used, with the tolerance on both sides.
CODE_LIFETIME_SECONDS = app_settings.TOTP_PERIOD * (2 * app_settings.TOTP_TOLERANCE + 1)

# What parsing the answer of a device raises over one that no device would give.
BROKEN_ANSWERS = (AttributeError, LookupError, TypeError, ValueError, struct.error)


class CodeFieldMixin:
    """One short code, typed or pasted, that a phone offers by itself."""

    fields: dict[str, forms.Field]
    code_label: Any = _("Code")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        code = self.fields["code"]
        code.label = self.code_label
        code.widget.attrs.pop("placeholder", None)
        code.widget.attrs |= {
            "autofocus": True,
            "autocapitalize": "off",
            "spellcheck": "false",
            "maxlength": "40",
            "class": "code-input",
        }


class CountsOnceMixin:
    """Refuses a code of an authenticator app that was accepted before: allauth remembers it for one period only."""

    user: Any
    authenticator: Authenticator

    def clean_code(self) -> str:
        """Return the code. Raises ValidationError for a wrong one, and for one that was used."""
        code: str = super().clean_code()  # type: ignore[misc]
        if self.authenticator.type == Authenticator.Type.TOTP:
            digest = salted_hmac(
                "accounts.used_code", f"{self.user.pk}:{''.join(filter(str.isdigit, code))}"
            ).hexdigest()
            if not cache.add(f"used-code:{digest}", 1, timeout=CODE_LIFETIME_SECONDS):
                raise get_adapter().validation_error("incorrect_code")
        return code


class AuthenticateForm(CodeFieldMixin, CountsOnceMixin, base_forms.AuthenticateForm):  # type: ignore[misc]
    """The second factor of a log-in: a code of the app, or a recovery code."""


class ReauthenticateForm(CodeFieldMixin, CountsOnceMixin, base_forms.ReauthenticateForm):  # type: ignore[misc]
    """The same once more, before an act that needs it."""


class ActivateAppForm(CodeFieldMixin, app_forms.ActivateTOTPForm):  # type: ignore[misc]
    """The first code of a new authenticator app: it proves that the app has the secret."""

    code_label = _("Code that the app shows")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs |= {"inputmode": "numeric", "autofocus": False}


class AnswerOfADeviceMixin:
    """Refuses what no device has answered in our words: the libraries below break over some of it in many ways."""

    def checked(self, check: Callable[[], Any]) -> Any:
        """Return what a check of an answer returns. Raises ValidationError."""
        try:
            return check()
        except BROKEN_ANSWERS as error:
            raise get_adapter().validation_error("incorrect_passkey") from error
        except forms.ValidationError as error:
            if error.code == "incorrect_code":
                raise get_adapter().validation_error("incorrect_passkey") from error
            raise


class AuthenticatePasskeyForm(AnswerOfADeviceMixin, passkey_forms.AuthenticateWebAuthnForm):  # type: ignore[misc]
    """A passkey as the second step."""

    def clean_credential(self) -> Authenticator:
        """Return the passkey that answered."""
        return self.checked(super().clean_credential)


class ReauthenticatePasskeyForm(AnswerOfADeviceMixin, passkey_forms.ReauthenticateWebAuthnForm):  # type: ignore[misc]
    """A passkey once more, before an act that needs it."""

    def clean_credential(self) -> Authenticator:
        """Return the passkey that answered."""
        return self.checked(super().clean_credential)


class LoginPasskeyForm(AnswerOfADeviceMixin, passkey_forms.LoginWebAuthnForm):  # type: ignore[misc]
    """A passkey alone."""

    def clean_credential(self) -> Authenticator:
        """Return the passkey that answered."""
        return self.checked(super().clean_credential)


class AddPasskeyForm(AnswerOfADeviceMixin, passkey_forms.AddWebAuthnForm):  # type: ignore[misc]
    """A new passkey. Each can log in on its own, so each must have checked who holds it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("passwordless")
        name = self.fields["name"]
        name.label, name.required = _("Name"), False
        name.help_text = _("So that you recognize it later.")
        name.max_length = PASSKEY_NAME_LENGTH_MAX
        name.widget.attrs |= {"maxlength": str(PASSKEY_NAME_LENGTH_MAX), "autocomplete": "off"}

    def clean_name(self) -> str:
        """Return the name, cut: a passkey that a device has made already is not refused over its name."""
        return str(super().clean_name())[:PASSKEY_NAME_LENGTH_MAX]

    def clean(self) -> dict[str, Any]:
        """Check the passkey as one that logs in without a password: the device has checked who holds it."""
        self.cleaned_data["passwordless"] = True
        cleaned: dict[str, Any] = self.checked(super().clean)
        return cleaned


class RenamePasskeyForm(passkey_forms.EditWebAuthnForm):  # type: ignore[misc]
    """Another name for a passkey."""

    name = forms.CharField(
        label=_("Name"),
        max_length=PASSKEY_NAME_LENGTH_MAX,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
    )
