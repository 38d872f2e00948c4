"""Secrets at rest: sealed by a key made from SECRET_KEY, so a copy of the database alone opens nothing."""

from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from apps.core.errors import DomainError


class SealBrokenError(DomainError):
    """A secret was sealed by a key that is in neither SECRET_KEY nor SECRET_KEY_FALLBACKS, or was changed since."""

    code = "seal_broken"
    status = 503
    sentence = _("This cannot be checked at the moment. Please use another way to log in, or write to us.")


def seal(secret: str) -> str:
    """Return a secret as it may be stored: each time another text."""
    return _keys().encrypt(secret.encode()).decode()


def unseal(sealed: str) -> str:
    """Return a sealed secret. Raises SealBrokenError."""
    try:
        return _keys().decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise SealBrokenError from error


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(_key(secret)) for secret in [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]])


def _key(secret: str) -> bytes:
    return urlsafe_b64encode(salted_hmac(__name__, "", secret=secret, algorithm="sha256").digest())
