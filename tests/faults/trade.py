"""`python -m tests.faults.trade SEED NUMBER`, in a product's environment: customers who do so many things by chance.

The product's own processes hear of it by webhooks. Prints a dot for each thing done.
"""

import os
import random
import sys
from urllib.parse import urlsplit

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
django.setup()

from django.conf import settings  # noqa: E402
from django.db import OperationalError  # noqa: E402

from apps.billing import events  # noqa: E402
from apps.billing.models import WebhookEvent  # noqa: E402
from tests.billing_stripe.buyer import Buyer, make_buyer  # noqa: E402
from tests.billing_stripe.market import Market  # noqa: E402
from tests.scoping import see_everything  # noqa: E402
from tests.stripe import StandIn  # noqa: E402

BUYERS = 5


class OpenMarket(Market):
    """A market whose events are delivered by Stripe and processed by workers, as long as they live."""

    def deliver(self, buyer: Buyer) -> None:
        """Process some of what waits, while the workers do the same."""
        for event_id in events.list_due_event_ids(limit=self.chance.randint(1, 12)):
            events.process_event(event_id)

    def replay(self, buyer: Buyer) -> None:
        ids = [
            *WebhookEvent.objects.filter(status="processed").order_by("-received_at").values_list("pk", flat=True)[:50]
        ]
        if ids:
            events.replay(WebhookEvent.objects.get(pk=self.chance.choice(ids)), actor="test")


def main(seed: str, number: int) -> None:
    stripe = StandIn(port=urlsplit(settings.STRIPE_API_BASE).port, secret_key=settings.STRIPE_SECRET_KEY)
    chance = random.Random(seed)
    buyers = [make_buyer(stripe, f"trader-{number}") for number in range(BUYERS)]
    market = OpenMarket(stripe=stripe, buyers=buyers, chance=chance)
    for _number in range(number):
        try:
            market.act()
        except OperationalError:
            # A lock that the dead hold for some seconds more.
            market.done["failed"] += 1
        print(".", end="", flush=True)  # noqa: T201


if __name__ == "__main__":
    see_everything()
    main(sys.argv[1], int(sys.argv[2]))
