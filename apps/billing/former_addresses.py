"""No second welcome for one person, under another spelling or in another account: only keyed hashes are kept."""

from collections.abc import Iterable

from django.utils import timezone
from django.utils.crypto import salted_hmac

from apps.accounts.mailboxes import mailbox_of
from apps.billing.models import FormerAddress

SALT = "keel.billing.former_addresses"


def claim(address: str) -> bool:
    """Note that the mailbox of an address gets its welcome; return False if it had it before. Within a scope.

    Of two accounts that ask at the same time one waits here for the other.
    """
    _noted, is_first = FormerAddress.objects.get_or_create(digest=_digest(mailbox_of(address)))
    return is_first


def remember(addresses: Iterable[str]) -> None:
    """Note that these addresses had their welcome, in an account that is erased. Within a scope."""
    today = timezone.now().date()
    rows = [FormerAddress(digest=_digest(mailbox_of(address)), erased_on=today) for address in addresses]
    FormerAddress.objects.bulk_create(rows, ignore_conflicts=True)


def is_known(address: str) -> bool:
    """Tell whether an address had its welcome."""
    # Earlier versions noted addresses as they were written.
    spellings = {mailbox_of(address), address.strip().lower()}
    return FormerAddress.objects.filter(digest__in=[_digest(spelling) for spelling in spellings]).exists()


def _digest(address: str) -> str:
    return salted_hmac(SALT, address, algorithm="sha256").hexdigest()
