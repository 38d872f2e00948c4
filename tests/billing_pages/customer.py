"""A customer in front of the shop: presses its buttons, does what Stripe's pages ask, comes back."""

import re
import secrets
from dataclasses import dataclass, field
from typing import Any

from django.test import Client

from apps.accounts.models import User, Workspace
from apps.billing import events, selectors, stripe_client
from apps.billing.models import CheckoutSession, Subscription
from tests.stripe import StandIn

CHECKOUTS, PORTAL = "/billing/checkout-sessions/", "/billing/portal-sessions/"


@dataclass
class Customer:
    """One person with one workspace and one browser; whether events arrive is up to the test."""

    user: User
    workspace: Workspace
    stripe: StandIn
    browser: Client = field(default_factory=Client)

    def __post_init__(self) -> None:
        self.browser.force_login(self.user)

    @property
    def available(self) -> int:
        """The credits that a run may hold."""
        return selectors.get_balance(self.workspace.pk).available

    @property
    def subscription(self) -> Subscription:
        """The only subscription there is."""
        return Subscription.objects.get(workspace=self.workspace)

    def press_buy(self, offer: str, *, key: str = "", **more: Any) -> Any:
        """Press a Buy button; each form has a key of its own."""
        form = {"offer": offer, "key": key or secrets.token_urlsafe(16), **more}
        return self.browser.post(CHECKOUTS, form)

    def start(self, offer: str, **more: Any) -> CheckoutSession:
        """Press a Buy button and return the session that it has started."""
        answer = self.press_buy(offer, **more)
        assert answer.status_code == 303, (answer.status_code, answer.text)
        return CheckoutSession.objects.get(workspace=self.workspace, url=answer["Location"])

    def pay(self, offer: str, *, outcome: str = "success", **more: Any) -> CheckoutSession:
        """Buy on Stripe's page, without coming back."""
        session = self.start(offer, **more)
        self.stripe.complete_checkout(session.url, outcome=outcome)
        return session

    def buy(self, offer: str, **more: Any) -> str:
        """Buy and come back; return the page that this leads to."""
        return self.come_back(self.pay(offer, **more))

    def come_back(self, session: CheckoutSession) -> str:
        """Open the page that Stripe leads back to."""
        return self.open(page_of(session))

    def open(self, path: str) -> str:
        """Return a page, which must be there, without its line breaks and doubled spaces."""
        answer = self.browser.get(path)
        assert answer.status_code == 200, answer.status_code
        return plain(answer.text)

    def hear_everything(self) -> None:
        """Have every event of Stripe's delivered and processed, once more if it was before."""
        for told in self.stripe.events():
            events.process_event(events.record_event(stripe_client.event_of(told)).event_id)


def page_of(session: CheckoutSession) -> str:
    """Return the address that Stripe leads back to."""
    return f"{CHECKOUTS}{session.pk}/"


def plain(text: str) -> str:
    """Return a page on one line."""
    return re.sub(r"\s+", " ", text)
