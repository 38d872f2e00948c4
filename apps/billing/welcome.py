"""Whether somebody gets the welcome credits: once per person, not for throw-away addresses, so many per network."""

from datetime import datetime

from django.conf import settings
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.accounts.mailboxes import is_disposable
from apps.billing import former_addresses
from apps.core import alerts, windows
from apps.core.http import network_of
from apps.core.windows import Window

SALT = "keel.billing.welcome"
DAY_SECONDS, HOUR_SECONDS = 86_400, 3_600
# So large a part of a day's grants within one hour is no coincidence.
BURST_PART = 2

HAD_BEFORE = _("Your account is ready. The welcome credits of this mailbox were given before.")
DISPOSABLE = _("Your account is ready. Addresses of this mail provider get no welcome credits.")
TOO_MANY = _(
    "Your account is ready. Many accounts were made from your network today, so it comes without the welcome credits."
    " Write to us if that is wrong: we are glad to add them."
)


def find_obstacle(address: str, *, caller: str, at: datetime) -> str | Promise | None:
    """Return why a confirmed address gets no welcome credits, in words for its owner; None if it gets them.

    Then the mailbox has had its welcome from now on, and the network of the `caller` (an internet address, or "") one
    more. Within a scope. Raises RedisError: what is not counted is not given.
    """
    if former_addresses.is_known(address):
        return HAD_BEFORE
    if is_disposable(address):
        return DISPOSABLE
    if caller and settings.SIGN_UP_GRANTS_PER_NETWORK and not _count_grant(network_of(caller), at=at):
        return TOO_MANY
    return None if former_addresses.claim(address) else HAD_BEFORE


def _count_grant(network: str, *, at: datetime) -> bool:
    """Count one grant of a network; return False where it has had all of a day. Staff hear of many at once.

    Redis keeps a keyed hash of the network, for a day.
    """
    digest = salted_hmac(SALT, network, algorithm="sha256").hexdigest()
    a_day = settings.SIGN_UP_GRANTS_PER_NETWORK
    if not windows.count(Window("grants_of_day", digest, a_day, DAY_SECONDS)):
        _tell(f"A network had all {a_day} welcome grants of a day: further accounts from it get none.", digest, at=at)
        return False
    if not windows.count(Window("grants_of_hour", digest, max(1, a_day // BURST_PART), HOUR_SECONDS)):
        _tell("Many accounts were made from one network within an hour, each with welcome credits.", digest, at=at)
    return True


def _tell(sentence: str, digest: str, *, at: datetime) -> None:
    alerts.send(
        kind="sign_ups_of_one_network",
        window=f"sign_ups:{digest[:12]}:{timezone.localtime(at):%Y-%m-%d}",
        sentence=sentence,
        network=digest[:12],
    )
