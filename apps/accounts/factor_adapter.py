"""Where allauth's second factors meet our house: what they are told about us, and how their secrets are stored."""

from typing import Any

from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from apps.accounts.devices import read_device
from apps.accounts.models import User
from apps.core.sealing import seal, unseal

PASSKEY_NAME_LENGTH_MAX = 60


class FactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Names passkeys by the browser that makes them, and the product by its name instead of by its host."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _("That code is not right, or was used already. Try the next one."),
        "incorrect_passkey": _("That passkey could not be checked. Please try again."),
        "cannot_generate_recovery_codes": _("Set up an authenticator app or a passkey first."),
    }

    def encrypt(self, text: str) -> str:
        """Return the secret of a factor as it is stored."""
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Return the secret of a factor. Raises SealBrokenError."""
        return unseal(encrypted_text)

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:
        """Return a name for a new passkey: a person knows it by where it was made."""
        return read_device(context.request.META.get("HTTP_USER_AGENT", "")).name[:PASSKEY_NAME_LENGTH_MAX]

    def get_public_key_credential_rp_entity(self) -> dict[str, Any]:
        """Return whom a passkey is for: the host that was asked for, under the product's name."""
        entity: dict[str, Any] = super().get_public_key_credential_rp_entity()
        return entity | {"name": settings.SITE_NAME}
