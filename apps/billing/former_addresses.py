"""No second welcome for who deletes their account and comes back: of the address only a keyed hash is kept."""

from collections.abc import Iterable

from django.utils import timezone
from django.utils.crypto import salted_hmac

from apps.billing.models import FormerAddress

SALT = "keel.billing.former_addresses"


def remember(addresses: Iterable[str]) -> None:
    """Note that these addresses had their welcome. Within a scope."""
    today = timezone.now().date()
    rows = [FormerAddress(digest=_digest(address), erased_on=today) for address in addresses]
    FormerAddress.objects.bulk_create(rows, ignore_conflicts=True)


def is_known(address: str) -> bool:
    """Tell whether an address had its welcome, in an account that was erased."""
    return FormerAddress.objects.filter(digest=_digest(address)).exists()


def _digest(address: str) -> str:
    return salted_hmac(SALT, address.strip().lower(), algorithm="sha256").hexdigest()
