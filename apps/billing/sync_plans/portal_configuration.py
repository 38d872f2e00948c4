"""What customers may do on Stripe's portal page: change between the sold plans, cancel at the end of the period, pay.

`manage.py sync_plans` keeps one configuration there and knows it again by its metadata.
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.urls import reverse

from apps.billing import stripe_client

MARK = {"keel": "portal"}

Found = dict[str, Any]
Sold = list[dict[str, Any]]
Call = Callable[[Any], Any]


def fetch() -> Found | None:
    """Return our configuration as Stripe has it; the oldest, if two were made at once."""
    configurations = stripe_client.walk(
        lambda v1: v1.billing_portal.configurations.list({"active": True, "limit": 100})
    )
    ours = [found for found in configurations if (found["metadata"] or {}).items() >= MARK.items()]
    return min(ours, key=lambda found: (found["created"], found["id"]), default=None)


def creation(sold: Sold) -> Call:
    """Return the call that makes the configuration."""
    return lambda v1: v1.billing_portal.configurations.create({**_wanted(sold), "metadata": MARK})


def change(found: Found, *, sold: Sold) -> Call:
    """Return the call that changes the configuration."""
    return lambda v1: v1.billing_portal.configurations.update(found["id"], _wanted(sold))


def differs(found: Found, *, sold: Sold) -> bool:
    """Tell whether a configuration is another one than it should be, in what we set."""
    return not _covers(found, _wanted(sold))


def _wanted(sold: Sold) -> dict[str, Any]:
    return {
        "default_return_url": f"{settings.SITE_URL}{reverse('billing:overview')}",
        "features": {
            "customer_update": {"enabled": True, "allowed_updates": ["address", "email", "name", "tax_id"]},
            "invoice_history": {"enabled": True},
            "payment_method_update": {"enabled": True},
            "subscription_cancel": {"enabled": True, "mode": "at_period_end"},
            "subscription_update": {
                "enabled": True,
                "default_allowed_updates": ["price"],
                # The difference is paid, or credited, at once: credits come and go with the money.
                "proration_behavior": "always_invoice",
                "products": sold,
            },
        },
    }


def _covers(found: Any, wanted: Any) -> bool:
    """Tell whether everything that is wanted is found; lists have no order."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(_covers(found.get(name), value) for name, value in wanted.items())
    if isinstance(wanted, list):
        have = found if isinstance(found, list) else []
        return len(have) == len(wanted) and all(any(_covers(each, value) for each in have) for value in wanted)
    return bool(found == wanted)
